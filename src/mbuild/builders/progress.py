"""Reads BuildKit's machine-readable progress (``--progress=rawjson``) and turns it into events.

buildx 0.13 writes indented JSON objects one after the other, newer ones one object a line; after them comes the error
as plain text. Both are accepted. The schema is BuildKit's ``client/graph.go``.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mbuild.builders.bases import told
from mbuild.events import Emit, LogLine, Sent, Step, StepDone
from mbuild.values import dataclass, field

_PLACE = re.compile(r"^\S*?[^\s:]+:(\d+)$")
LOG_LINES = 20

START_SECONDS = 0.5
"""How long BuildKit may take to start a container. A cancellation that comes meanwhile is lost, and the container runs
for ever: of 12 that came at once 11, of 24 that came 0.05 to 0.15 s later 3, of 24 after 0.3 s and more none."""

_SURROUNDINGS = ("error reading from server: EOF", "Cannot connect to the Docker daemon", "no space left on device")
"""Signs in an error that something else than the build has failed."""
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
"""What an error quotes of the Dockerfile, such as a step's command, as Go's ``%q`` does."""


def objects(lines: Iterable[bytes], text: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a stream, appending every line that is not JSON to ``text``."""
    block: list[bytes] = []
    for raw in lines:
        line = raw.rstrip(b"\r\n")
        if block or line == b"{":
            block.append(line)
            if line != b"}":
                continue
            line, block = b"\n".join(block), []
        if line.startswith(b"{") and (found := _loads(line)) is not None:
            yield found
        elif line.strip():
            text.append(line.decode("utf-8", "replace"))
    text.extend(line.decode("utf-8", "replace") for line in block)


def _loads(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@dataclass(slots=True)
class Progress:
    """What a build's stream has told so far."""

    image: str
    emit: Emit
    text: list[str] = field(default_factory=list)
    failed_step: str = ""
    _names: dict[str, str] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)
    _ended: dict[str, bool] = field(default_factory=dict)
    _running: dict[str, float] = field(default_factory=dict)
    _sent: dict[str, int] = field(default_factory=dict)
    _log: dict[str, deque[str]] = field(default_factory=dict)
    _resolved: set[str] = field(default_factory=set)

    def read(self, lines: Iterable[bytes]) -> None:
        """Consume a stream to its end."""
        for found in objects(lines, self.text):
            self.take(found)

    def take(self, found: dict[str, Any]) -> None:
        """Consume one update. A log's data is base64 text, or the bytes themselves."""
        for vertex in found.get("vertexes") or ():
            self._vertex(vertex)
        for status in found.get("statuses") or ():
            self._status(status)
        for log in found.get("logs") or ():
            self._logged(log)

    def settle(self) -> None:
        """Wait, before a build is cancelled, until the containers that are starting run. Bounded."""
        until = time.monotonic() + 2 * START_SECONDS
        while (left := min(self._started() + START_SECONDS, until) - time.monotonic()) > 0:
            time.sleep(left)

    def _started(self) -> float:
        """Return when the youngest RUN that has not ended began, 0 where there is none."""
        return max(list(self._running.values()), default=0.0)

    @property
    def sent(self) -> int:
        """Bytes of context sent."""
        return sum(self._sent.values())

    @property
    def cached(self) -> bool:
        """Whether every step of the Dockerfile came from the cache (False when there was none)."""
        steps = [cached for digest, cached in self._ended.items() if _is_step(self._names.get(digest, ""))]
        return bool(steps) and all(steps)

    @property
    def bases(self) -> dict[str, str]:
        """The builds of external images that BuildKit says it uses, by ``bases.key``."""
        return told(self._names.values(), self._resolved)

    @property
    def log(self) -> tuple[str, ...]:
        """The last lines that the failed step wrote."""
        return tuple(self._log.get(self.failed_step, ()))

    @property
    def line(self) -> int:
        """The Dockerfile line that the closing error names, or 0."""
        for text in self.text:
            found = _PLACE.match(text)
            if found:
                return int(found[1])
            found = re.search(r"dockerfile parse error on line (\d+)", text)
            if found:
                return int(found[1])
        return 0

    @property
    def error(self) -> str:
        """The closing error as one line, BuildKit's own prefixes removed."""
        last = re.sub(r"^(ERROR|error): ", "", self._last)
        last = re.sub(r"^(?:failed to build: )?failed to solve: (?:failed to compute cache key: )?", "", last)
        return re.sub(r"failed to calculate checksum of ref \S+: ", "", last)

    @property
    def is_of_surroundings(self) -> bool:
        """Whether something else than the build has failed, by what was told besides its steps."""
        said = _QUOTED.sub('""', self._last)
        return any(sign in said for sign in _SURROUNDINGS)

    @property
    def _last(self) -> str:
        """The line with the closing error. Others are of the Dockerfile, too."""
        found = [text for text in self.text if text.startswith(("ERROR: ", "error: "))]
        return found[-1] if found else (self.text[-1] if self.text else "no message")

    def _vertex(self, vertex: dict[str, Any]) -> None:
        digest, name = str(vertex.get("digest", "")), str(vertex.get("name", ""))
        self._names.setdefault(digest, name)
        # BuildKit tells of every step of the Dockerfile long before it begins.
        if (vertex.get("started") or vertex.get("completed")) and digest not in self._begun:
            self._begun.add(digest)
            if "] RUN " in name and not vertex.get("completed"):
                self._running[digest] = time.monotonic()
            self.emit(Step(self.image, digest, name))
        if vertex.get("error"):
            self.failed_step = digest
        if vertex.get("completed") and digest not in self._ended:
            self._ended[digest] = bool(vertex.get("cached"))
            self._running.pop(digest, None)
            self.emit(StepDone(self.image, digest, bool(vertex.get("cached")), str(vertex.get("error") or "")))

    def _status(self, status: dict[str, Any]) -> None:
        if str(status.get("id", "")).startswith("resolve "):
            self._resolved.add(str(status["id"]))
        if "transferring" in str(status.get("id", "")) and "dockerfile" not in str(status.get("id", "")):
            vertex = str(status.get("vertex", ""))
            self._sent[vertex] = max(self._sent.get(vertex, 0), int(status.get("current") or 0))
            self.emit(Sent(self.image, self.sent))

    def _logged(self, log: dict[str, Any]) -> None:
        vertex = str(log.get("vertex", ""))
        text = _decoded(log.get("data") or "")
        kept = self._log.setdefault(vertex, deque(maxlen=LOG_LINES))
        for line in text.splitlines():
            kept.append(line)
            self.emit(LogLine(self.image, vertex, line))


def identity(answer: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the image id and the manifest's digest of what an exporter says.

    A graph driver has no manifests, and gives the configuration's digest for both.
    """
    digest = answer.get("containerimage.digest")
    image_id = answer.get("containerimage.config.digest") or digest
    return image_id, None if digest == image_id else digest


def _decoded(data: str | bytes) -> str:
    try:
        raw = data if isinstance(data, bytes) else base64.b64decode(data)
    except binascii.Error:
        return str(data)
    return raw.decode("utf-8", "replace")


def _is_step(name: str) -> bool:
    """Whether a vertex is an instruction: ``[2/5] COPY …`` or ``[build 2/5] RUN …``, not ``[internal] …``."""
    return re.match(r"^\[(?:\S+ )?\d+/\d+\] ", name) is not None
