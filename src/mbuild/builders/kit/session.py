"""What an engine may ask of us while it builds one image: the folders that go into it (moby/buildkit ``session/``)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Mapping
from urllib.parse import unquote_plus

from mbuild.builders.kit.channel import ABORTED, NOT_FOUND, UNIMPLEMENTED, UNKNOWN, Channel, Gone, Stream
from mbuild.builders.kit.filesync import Folder, Sending
from mbuild.builders.kit.hijack import Address, take_over
from mbuild.builders.kit.services import Service, Services
from mbuild.builders.kit.wire import integer
from mbuild.errors import EnvironmentFault
from mbuild.values import dataclass, field

CONTEXT, DOCKERFILE = "context", "dockerfile"
"""The names under which the engine asks for the build's own context, and for its Dockerfile (``frontend/dockerui``)."""

_SYNC = "/moby.filesync.v1.FileSync/DiffCopy"
_HEALTH = "/grpc.health.v1.Health/Check"
_HEADER = "X-Docker-Expose-Session"
_IGNORE_FILE = [".dockerignore"]
_SERVING = 1


@dataclass(slots=True)
class Session:
    """One session. folders: by the name under which the engine asks; told: is called with the bytes sent so far.

    slot: where the engine keeps what it has of the folders: the same for every build of an image.
    beyond: returns of the paths that are asked for of a folder (none: all of it) those that must not be.
    services: what is offered besides folders.
    bare: the folders of which the build reads the ignore file and nothing else. That is asked for once, for both.
    error: what kept a folder from being sent as it should be. refused: what was asked for and must not be.
    """

    folders: Mapping[str, Folder]
    slot: str
    told: Callable[[int], None]
    beyond: Callable[[str, Collection[str]], Collection[str]] = lambda *_: ()
    bare: Collection[str] = ()
    services: Services = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    error: BaseException | None = None
    refused: Collection[str] = ()
    _sent: dict[str, int] = field(default_factory=dict)
    _channel: Channel | None = None

    def open(self, address: Address) -> None:
        """Offer the session to an engine. Raises OSError."""
        shared = hashlib.sha256(self.slot.encode("utf-8", "surrogateescape")).hexdigest()
        headers = [(f"{_HEADER}-Uuid", self.id), (f"{_HEADER}-Name", "mbuild"), (f"{_HEADER}-Sharedkey", shared)]
        headers += [(f"{_HEADER}-Grpc-Method", each) for each in (_SYNC, _HEALTH, *self.services)]
        self._channel = Channel(take_over(address, "/session", headers), client=False, serve=self._serve)

    def close(self) -> None:
        """Take the offer back."""
        if self._channel is not None:
            self._channel.close()

    @property
    def sent(self) -> int:
        """Bytes of folders sent, the Dockerfile's left out."""
        return sum(self._sent.values())

    def _serve(self, stream: Stream) -> None:
        if stream.path == _HEALTH:
            stream.answer(integer(1, _SERVING))
        elif stream.path == _SYNC:
            self._sync(stream, "".join(stream.headers.get("dir-name", [])[:1]))
        elif service := self.services.get(stream.path):
            self._attempt(stream, service)
        else:
            stream.finish(UNIMPLEMENTED)

    def _attempt(self, stream: Stream, service: Service) -> None:
        try:
            service(stream)
        except EnvironmentFault as error:
            self.error = error
            stream.finish(UNKNOWN, "the answer cannot be found out")

    def _sync(self, stream: Stream, name: str) -> None:
        folder = self.folders.get(name)
        if folder is None:
            stream.finish(NOT_FOUND, "no such folder")
            return
        asked = _followed(stream)
        if asked == _IGNORE_FILE and name not in (CONTEXT, *self.bare):
            # A named context is selected already: an ignore file in it is mere content, and not to be applied. What to
            # leave out of the image's own is said by the file beside the Dockerfile, and never asked for here.
            folder = Folder(folder.epoch)
        elif refused := self.beyond(name, asked):
            self.refused = refused
            stream.finish(ABORTED, "not all of that may be read")
            return
        try:
            Sending(folder, stream, lambda sent: self._count(name, sent)).run()
            stream.finish()
        except Gone:
            raise
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for the build
            self.error = error
            stream.finish(ABORTED, "the context could not be read")

    def _count(self, name: str, sent: int) -> None:
        if self.folders[name].source is not None:
            self._sent[name] = sent
            self.told(self.sent)


def _followed(stream: Stream) -> list[str]:
    """Return the paths that are asked for of a folder (``session/filesync/filesync.go``, decodeOpts)."""
    paths = stream.headers.get("followpaths", [])
    encoded = stream.headers.get("followpaths-encoded", ["0"])[0] not in ("0", "false")
    return [unquote_plus(each, errors="surrogateescape") for each in paths] if encoded else paths
