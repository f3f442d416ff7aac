"""A tree in memory: one of the seams at which the design allows a fake."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import BinaryIO

from mbuild.tree import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Entry, encode, is_scattered


class MemoryTree:
    """Files by path. A value ``("link", target)``, ``("exec", text)`` or ``("submodule", id)`` is another kind."""

    def __init__(self, files: Mapping[str, str | tuple[str, str]]) -> None:
        self._blobs: dict[str, bytes] = {}
        self._entries = {path: self._entry(path, value) for path, value in sorted(files.items())}

    def _entry(self, path: str, value: str | tuple[str, str]) -> Entry:
        kind, text = ("file", value) if isinstance(value, str) else value
        if kind == "submodule":
            return Entry(path, SUBMODULE, text)
        data = encode(text)
        oid = hashlib.sha1(b"blob %d\0%b" % (len(data), data)).hexdigest()
        self._blobs[oid] = data
        return Entry(path, {"file": FILE, "exec": EXECUTABLE, "link": SYMLINK}[kind], oid)

    def entry(self, path: str) -> Entry | None:
        return self._entries.get(path)

    def expect(self, paths: Collection[str]) -> None:
        pass

    def expect_below(self, folders: Collection[str]) -> None:
        pass

    def below(self, folder: str, levels: int | None = None) -> Sequence[Entry]:
        prefix = f"{folder}/" if folder else ""
        found = [each for path, each in self._entries.items() if path.startswith(prefix)]
        return [each for each in found if levels is None or len(each.path[len(prefix) :].split("/")) <= levels]

    def folder(self, path: str) -> bool:
        return bool(self.below(path))

    def scattered(self) -> Sequence[Entry]:
        return [each for each in self._entries.values() if is_scattered(each)]

    def read(self, entry: Entry) -> bytes:
        return self._blobs[entry.oid]

    def open(self, entry: Entry) -> BinaryIO:
        return io.BytesIO(self.read(entry))

    def sizes(self, entries: Iterable[Entry]) -> Sequence[int]:
        return [len(self._blobs.get(each.oid, b"")) for each in entries]
