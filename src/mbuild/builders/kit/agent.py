"""Lends ssh agents to the RUN instructions of a build (moby/buildkit ``session/sshforward``).

As buildx does it, a build may list an agent's keys and have things signed; it can neither change nor lock the agent
(``sshprovider/agentprovider.go``, readOnlyAgent). Messages are those of draft-ietf-sshm-ssh-agent.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mbuild.builders.kit.channel import UNKNOWN, Stream
from mbuild.builders.kit.services import Services
from mbuild.builders.kit.wire import last, message
from mbuild.images import Ssh

_CHECK, _FORWARD = "/moby.sshforward.v1.SSH/CheckAgent", "/moby.sshforward.v1.SSH/ForwardAgent"
_DEFAULT, _NAMED = "default", "buildkit.ssh.id"
_ALLOWED = frozenset((11, 13))  # SSH_AGENTC_REQUEST_IDENTITIES, SSH_AGENTC_SIGN_REQUEST
_FAILURE = b"\0\0\0\1\5"
_LONGEST = 256 * 1024
_SECONDS = 2
_HEAD = 4


def agents(asked: Iterable[Ssh], environ: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return the sockets of agents by name; None: not all are agents, keys in files are for buildx."""
    found = {}
    for each in asked:
        paths = each.paths or (environ.get("SSH_AUTH_SOCK", ""),)
        if len(paths) > 1 or not _is_socket(paths[0]):
            return None
        found[each.id] = paths[0]
    return found


def lending(sockets: Mapping[str, str]) -> Services:
    """Return what lends agents to a build, by the paths of their sockets; nothing where there are none."""

    def check(stream: Stream) -> None:
        asked = last(stream.receive() or b"", 1).decode("utf-8", "replace")
        if (asked or _DEFAULT) in sockets:
            stream.answer(b"")
        else:
            stream.finish(UNKNOWN, "no such ssh agent is given to the build")

    def forward(stream: Stream) -> None:
        path = sockets.get((stream.headers.get(_NAMED) or [_DEFAULT])[0], "")
        try:
            with socket.socket(socket.AF_UNIX) as agent:
                agent.settimeout(_SECONDS)
                agent.connect(path)
                agent.settimeout(None)  # a person may have to confirm the use of a key
                for request in _frames(stream):
                    stream.send([message(1, _reply(agent, request))])
            stream.finish()
        except (OSError, ValueError) as error:
            stream.finish(UNKNOWN, f"the ssh agent does not answer: {error}")

    return {_CHECK: check, _FORWARD: forward} if sockets else {}


def _is_socket(path: str) -> bool:
    try:
        return Path(path).is_socket()
    except OSError:
        return False


def _frames(stream: Stream) -> Iterator[bytes]:
    """Yield whole messages to an agent, each with its length in front. Raises ValueError for what is none."""
    data = bytearray()
    while (piece := stream.receive()) is not None:
        data += last(piece, 1)
        while len(data) >= _HEAD:
            end = _HEAD + _length(data)
            if len(data) < end:
                break
            yield bytes(data[:end])
            del data[:end]


def _reply(agent: socket.socket, request: bytes) -> bytes:
    """Have an agent answer what a build may ask, and refuse the rest as an agent does."""
    if request[_HEAD] not in _ALLOWED:
        return _FAILURE
    agent.sendall(request)
    head = _exactly(agent, _HEAD)
    return head + _exactly(agent, _length(head))


def _length(data: bytes | bytearray) -> int:
    length = int.from_bytes(data[:_HEAD], "big")
    if not 0 < length <= _LONGEST:
        raise ValueError("not a message of an ssh agent")
    return length


def _exactly(agent: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        piece = agent.recv(size - len(found))
        if not piece:
            raise OSError("it closed the connection")
        found += piece
    return bytes(found)
