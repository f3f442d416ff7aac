"""One container of an engine: made, looked into, run once, and removed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mbuild.builders.testing import Seen
from mbuild.values import dataclass, field

LABEL = "dev.mbuild.test"
LIMIT_LABEL = "dev.mbuild.test.seconds"
LOG = {"Type": "json-file", "Config": {"max-size": "8m", "max-file": "2"}}
LATE_SECONDS = 3600
"""After its time limit, nobody waits for a container any more, whose ever it is and however clocks differ."""

STOP_SECONDS = 60


@dataclass(slots=True)
class Container:
    """A container that was made and is not started. client: a ``docker.APIClient``."""

    client: Any
    id: str
    _is_gone: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, path: str) -> Seen | None:
        """Return what is at a path, links on the way followed as in the container. Raises docker's errors.

        The stream is closed at once: the engine holds the container's lock for as long as it is read.
        """
        import tarfile

        from docker.errors import NotFound

        client = self.client
        url, plain = client._url("/containers/{0}/archive", self.id), {"Accept-Encoding": "identity"}
        response = client._get(url, params={"path": path}, headers=plain, stream=True)
        try:
            client._raise_for_status(response)
            with tarfile.open(fileobj=response.raw, mode="r|") as archive:
                found = archive.next()
        except NotFound as error:
            if "No such container" in str(error.explanation):
                raise
            return None
        finally:
            response.close()
        return _seen(found) if found else None

    def run(self, write: Callable[[bytes, int], None], started: Callable[[], None]) -> int:
        """Run its command to the end and return the exit code. write: gets what it writes, piece by piece, each
        with the number of its stream. started: is called when it runs.

        Raises docker's APIError when it cannot be started, ValueError when the engine does not know how it ended.
        """
        with _closing(self._waited()) as waited:
            self.client.start(self.id)
            started()
            with _closing(self._logged()) as logged:
                for stream, piece in _frames(logged.raw):
                    write(piece, stream)
            told = waited.json()
        if told.get("Error"):
            raise ValueError(told["Error"].get("Message"))
        return int(told["StatusCode"])

    def remove(self) -> None:
        """Remove it, whether it runs or not, with its anonymous volumes; afterwards it is gone. Nothing is raised."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        with self._lock, contextlib.suppress(DockerException, RequestException):
            if not self._is_gone:
                self._is_gone = True
                url = self.client._url("/containers/{0}", self.id)
                self.client._delete(url, params={"v": True, "force": True}, timeout=STOP_SECONDS)

    def _logged(self) -> Any:
        """Follow what it writes, from its first byte to its end.

        The engine's log has all that the engine took over; a stream that is attached may be cut off before that on a
        busy machine (moby ``daemon/monitor.go``, ``container/stream/attach.go``).
        """
        url, plain = self.client._url("/containers/{0}/logs", self.id), {"Accept-Encoding": "identity"}
        response = self.client._get(
            url, params={"follow": 1, "stdout": 1, "stderr": 1}, headers=plain, stream=True, timeout=None
        )
        self.client._raise_for_status(response)
        return response

    def _waited(self) -> Any:
        """Ask how it ends: the answer's head comes at once, its body when the command has ended."""
        url = self.client._url("/containers/{0}/wait", self.id)
        response = self.client._post(url, params={"condition": "next-exit"}, stream=True, timeout=None)
        self.client._raise_for_status(response)
        return response


def make(client: Any, image: str, argv: Sequence[str], owner: str, seconds: float) -> Container:
    """Make a container that runs a command in the place of the image's own. Raises docker's APIError.

    It has what ``docker run`` gives, but no network, and a log that cannot fill a disk.
    """
    host = client.create_host_config(network_mode="none", log_config=LOG)
    found = client.create_container(
        image,
        entrypoint=list(argv),
        command=[],
        labels={LABEL: owner, LIMIT_LABEL: f"{seconds:.0f}"},
        healthcheck={"test": ["NONE"]},
        host_config=host,
    )
    return Container(client, found["Id"])


def sweep(client: Any, owner: str) -> None:
    """Remove the containers of runs that were killed: one's own, and those of others long after their time.

    Raises docker's errors.
    """
    now = time.time()
    for each in client.containers(all=True, filters={"label": LABEL}):
        labels = each.get("Labels") or {}
        limit = labels.get(LIMIT_LABEL, "")
        is_over = limit.isdecimal() and each["Created"] + int(limit) + LATE_SECONDS < now
        if labels.get(LABEL) == owner or is_over:
            Container(client, each["Id"]).remove()


def _frames(stream: Any) -> Iterator[tuple[int, bytes]]:
    """Yield the pieces of a log with the number of the stream each was written to (Engine API: attach, format)."""
    known = b""
    for chunk in stream.stream(1 << 16):
        known, at = known + chunk, 0
        while len(known) - at >= 8 and (end := at + 8 + int.from_bytes(known[at + 4 : at + 8], "big")) <= len(known):
            yield known[at], known[at + 8 : end]
            at = end
        known = known[at:]


def _seen(entry: Any) -> Seen:
    kind = "file" if entry.isreg() else "directory" if entry.isdir() else "symlink" if entry.issym() else "other"
    return Seen(kind, entry.mode & 0o7777, entry.uid, entry.gid)


@contextlib.contextmanager
def _closing(response: Any) -> Iterator[Any]:
    """Close a response whose stream may still be open."""
    try:
        yield response
    finally:
        response.close()
