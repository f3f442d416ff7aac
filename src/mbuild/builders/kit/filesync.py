"""Sends a folder by BuildKit's directory sync (``moby.filesync.v1.FileSync/DiffCopy``; tonistiigi/fsutil ``send.go``).

The other side is told of every entry and asks for the content of those that it does not have. It compares path, mode,
size, time and link target, never content: so a time is made of the epoch and the content's id, as in ``context.stage``,
and of what says how that is checked out.
What a Dockerfile reads is selected already; the filters that come with a request are of no use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mbuild.builders.kit.channel import Stream
from mbuild.builders.kit.wire import fields, integer, message, text
from mbuild.context.source import ContextSource, items
from mbuild.context.stage import nanoseconds
from mbuild.context.verify import Reading
from mbuild.tree import EXECUTABLE, Entry
from mbuild.values import dataclass, field

_REQ, _DATA, _FIN, _ERR = 1, 2, 3, 4
_DIRECTORY, _SYMLINK = 1 << 31, 1 << 27  # Go's io/fs.FileMode
_SECOND = 1_000_000_000
_PIECE = 1 << 15
_TOLD = _PIECE
"""After so many bytes it is told how many were sent, so that nobody takes a slow transfer for a stall."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What is sent: a context, or files that are in memory (name, content). epoch: seconds since 1970."""

    epoch: int
    source: ContextSource | None = None
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Sending:
    """One transfer. told: called with the bytes sent so far."""

    folder: Folder
    stream: Stream
    told: Callable[[int], None]
    _sent: int = 0
    _said: int = 0
    _entries: dict[int, Entry | bytes] = field(default_factory=dict)
    _reading: Reading | None = None
    _buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(_PIECE)))

    def run(self) -> None:
        """Do all of it. Raises Gone, and what reading a context raises: the other side then gets an error as well."""
        try:
            self._send(self._stats())
            while packets := [dict(fields(each)) for each in self.stream.receive_all()]:
                wanted = [int(each.get(3, 0)) for each in packets if each.get(1) == _REQ]
                self._send(packet for number in wanted for packet in self._content(number))
                kinds = {each.get(1) for each in packets}
                if _FIN in kinds:
                    self.stream.send([integer(1, _FIN)])
                if kinds & {_FIN, _ERR}:
                    break
        except Exception as error:
            self.stream.send([integer(1, _ERR) + text(4, str(error))])
            raise

    def _send(self, packets: Iterable[bytes]) -> None:
        """Send packets together: a frame for each small file would cost more than its content."""
        self.stream.send(packets)
        self._tell()

    def _stats(self) -> Iterator[bytes]:
        for packet in self._walk():
            self._count(packet)
            yield packet
        yield b""  # a packet without an entry ends the list

    def _walk(self) -> Iterator[bytes]:
        number = 0
        for path, content in self.folder.files:
            self._entries[number] = content
            yield self._stat(path.encode(), 0o644, len(content), self._time(_hash(content)))
            number += 1
        source = self.folder.source
        if source is None:
            return
        reading = self._reading = Reading(source)
        sizes = source.sizes()
        for name, entry in sorted(items(source.ordered()), key=lambda item: item[0].split(b"/")):
            if entry is None:
                yield self._stat(name, _DIRECTORY | 0o755, 0, self._time(""))
            elif entry.is_link:
                target = reading.target(entry)
                yield self._stat(name, _SYMLINK | 0o777, len(target), self._time(entry.oid), target)
            else:
                self._entries[number] = entry
                mode = 0o755 if entry.mode == EXECUTABLE else 0o644
                yield self._stat(name, mode, sizes[entry.path], self._time(entry.oid))
            number += 1

    def _time(self, oid: str) -> int:
        return self.folder.epoch * _SECOND + (nanoseconds(self._content_id(oid)) if oid else 0)

    def _content_id(self, oid: str) -> str:
        conversions = self.folder.source.conversions if self.folder.source else ()
        return _hash("\0".join((oid, *conversions)).encode()) if conversions else oid

    def _stat(self, name: bytes, mode: int, size: int, time: int, target: bytes = b"") -> bytes:
        stat = text(1, name) + integer(2, mode) + integer(5, size) + integer(6, time) + text(7, target)
        return message(2, stat)

    def _content(self, number: int) -> Iterator[bytes]:
        entry = self._entries.pop(number)
        head = integer(1, _DATA) + integer(3, number)
        for piece in [entry] if isinstance(entry, bytes) else self._pieces(entry):
            if piece:
                packet = head + message(4, piece)
                self._count(packet)
                yield packet
        yield head

    def _pieces(self, entry: Entry) -> Iterator[bytes]:
        """Read a file; its last piece comes only when the whole is what the entry says."""
        assert self._reading is not None
        handle, size = self._reading.open(entry)
        with handle:
            if size < _PIECE:
                view = self._buffer[: size + 1]
                self._reading.whole(entry, handle, view)
                self._reading.check(entry, view[:size])
                yield bytes(view[:size])
                return
            for count in self._reading.pieces(entry, handle, size, lambda: self._buffer):
                yield bytes(self._buffer[:count])

    def _count(self, packet: bytes) -> None:
        self._sent += len(packet)
        if self._sent - self._said >= _TOLD:
            self._tell()

    def _tell(self) -> None:
        if self._sent > self._said:
            self._said = self._sent
            self.told(self._sent)


def _hash(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()
