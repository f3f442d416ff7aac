"""A file of a context as a stream that ends only if all of it was what the entry says."""

from __future__ import annotations

import io
from typing import BinaryIO, cast

from mbuild.context.source import ContextSource
from mbuild.context.verify import CHUNK, Reading
from mbuild.tree import Entry


class _Verified(io.RawIOBase):
    def __init__(self, source: ContextSource, entry: Entry) -> None:
        reading = Reading(source)
        self._handle, size = reading.open(entry)
        self._room = memoryview(b"")
        self._pieces = reading.pieces(entry, self._handle, size, lambda: self._room)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._room = memoryview(buffer).cast("B")
        try:
            return next(self._pieces, 0) if self._room else 0
        finally:
            self._room = memoryview(b"")

    def close(self) -> None:
        self._handle.close()
        super().close()


def verified(source: ContextSource, entry: Entry) -> BinaryIO:
    """Open a file of a context as a stream; its last bytes come only if the whole is the entry's content.

    Raises ChangedWhileRead, here or while it is read.
    """
    return cast("BinaryIO", io.BufferedReader(_Verified(source, entry), CHUNK))
