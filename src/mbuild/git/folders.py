"""Tree objects read folder by folder, those of one question together: of a big tree only what is asked for is read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from mbuild.errors import GitError
from mbuild.git.objects import Objects
from mbuild.tree import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Entry, decode, encode

MOST_FOLDERS = 2000
"""How many folders are kept as git gave them (some 400 bytes each), and how many are asked for at once."""

MOST_NAMES = 20_000
"""How many names are kept looked up (some 250 bytes each): paths have most folders on their way in common."""

_KIND, _REGULAR, _DIRECTORY = 0o170000, 0o100000, 0o40000

Record = tuple[bytes, bytes, bytes]
"""Mode, name and object id of one line of a tree object, as git writes them today."""

_FOLDER = b"40000"
_PATH = attrgetter("path")


def file_mode(mode: int) -> int:
    """Return what git takes a mode for: one of the four of an entry, or that of a folder (git ``canon_mode``).

    Old trees hold others (100664), and nothing keeps a tree made by hand from any: git goes by the kind alone.
    """
    kind = mode & _KIND
    if kind == _REGULAR:
        return EXECUTABLE if mode & 0o100 else FILE
    return kind if kind in (SYMLINK, _DIRECTORY) else SUBMODULE


class Folders:
    """The folders of one tree. Not for several threads at once."""

    def __init__(self, objects: Objects, root: str, *, id_bytes: int) -> None:
        """Take anything that names the root's tree object; ``id_bytes`` is 20 for sha1, 32 for sha256."""
        self._objects = objects
        self._root = root
        self._parse = _parser(id_bytes)
        self._raw: dict[str, bytes] = {}
        self._expected: dict[str, str] = {}
        self._names: dict[str, dict[bytes, Record]] = {}
        self._kept = 0

    def entry(self, path: str) -> Entry | None:
        """Return the entry at exactly this path, None for a folder."""
        return self.entries([path]).get(path)

    def entries(self, paths: Collection[str]) -> dict[str, Entry]:
        """Return the entries at those of the paths where there is one."""
        found = self._records(path for path in paths if path)
        return {path: _entry(path, record) for path, record in found.items() if record[0] != _FOLDER}

    def is_folder(self, path: str) -> bool:
        """Tell whether something is below a folder. Trees without anything in them can be made, if only by hand."""
        return any(record[0] != _FOLDER for _, records in self._below(path) for record in records)

    def tree_id(self, folder: str) -> str | None:
        """Return the id of the tree object of a folder below the root; None where there is none."""
        return self._trees([folder]).get(folder) if folder else None

    def below(self, folder: str, levels: int | None = None) -> tuple[Entry, ...]:
        """Return every entry below a folder, sorted by path as ``str`` compares. levels: only so many down."""
        found = [
            Entry(prefix + name.decode("utf-8", "surrogateescape"), _MODES[mode], oid.hex())
            for prefix, records in self._below(folder, levels)
            for mode, name, oid in records
            if mode != _FOLDER
        ]
        return _sorted(found)

    def expect(self, folders: Collection[str]) -> None:
        """Read what is below folders together, for the questions that follow; what was read before is forgotten."""
        self._raw = {}
        self._expected = self._trees(folders)
        level = list(self._expected.values())
        while level and len(self._raw) + len(level) <= MOST_FOLDERS:
            raw = self._read(level)
            # Most folders have none in them, and are not taken apart.
            upper = [each for oid in dict.fromkeys(level) if b"40000 " in (each := raw[oid])]
            inside = (record for each in upper for record in self._parse(each))
            level = [oid.hex() for mode, _, oid in inside if mode == _FOLDER]

    def _trees(self, folders: Iterable[str]) -> dict[str, str]:
        """Return the tree objects of those of the folders that are there; ``""`` is the root."""
        folders = list(folders)
        found = {
            path: oid.hex() for path, (mode, _, oid) in self._records(filter(None, folders)).items() if mode == _FOLDER
        }
        return found | {path: self._root for path in folders if not path}

    def _below(self, folder: str, levels: int | None = None) -> Iterator[tuple[str, Sequence[Record]]]:
        """Yield every folder at and below a path: what its names begin with, and the lines of its tree object.

        levels: only so many levels of folders, the first one included.
        """
        known = self._expected.get(folder)
        found = [known] if known else self._trees([folder]).values()
        level = [(f"{folder}/" if folder else "", oid) for oid in found]
        while level and levels != 0:
            levels = None if levels is None else levels - 1
            deeper: list[tuple[str, str]] = []
            for start in range(0, len(level), MOST_FOLDERS):
                part = level[start : start + MOST_FOLDERS]
                raw = self._read([oid for _, oid in part])
                for prefix, oid in part:
                    records = self._parse(raw[oid])
                    yield prefix, records
                    inside = [(name, deep) for mode, name, deep in records if mode == _FOLDER]
                    deeper += [(f"{prefix}{decode(name)}/", deep.hex()) for name, deep in inside]
            level = deeper

    def _records(self, paths: Iterable[str]) -> dict[str, Record]:
        """Return the lines for those of the paths that are there, ``""`` aside: one question per level."""
        asked: dict[bytes, list[tuple[bytes, str]]] = {}
        for path in paths:
            folder, slash, name = encode(path).rpartition(b"/")
            if folder or not slash:
                asked.setdefault(folder, []).append((name, path))
        names = self._names_of(asked)
        lines = ((path, names[folder].get(name)) for folder in asked if folder in names for name, path in asked[folder])
        return {path: line for path, line in lines if line is not None}

    def _names_of(self, folders: Iterable[bytes]) -> Mapping[bytes, Mapping[bytes, Record]]:
        """Return what is in those of the folders that are there, and in those above them."""
        levels: dict[int, set[bytes]] = {}
        for folder in folders:
            while folder and folder not in (level := levels.setdefault(folder.count(b"/"), set())):
                level.add(folder)
                folder = folder.rpartition(b"/")[0]  # noqa: PLW2901 - up to the root
        found = {b"": self._names_in([self._root])[self._root]}
        for depth in sorted(levels):
            there: dict[bytes, str] = {}
            for folder in levels[depth]:
                above, slash, name = folder.rpartition(b"/")
                line = found[above].get(name) if above in found and (above or not slash) else None
                if line is not None and line[0] == _FOLDER:
                    there[folder] = line[2].hex()
            names = self._names_in(set(there.values()))
            found |= {folder: names[oid] for folder, oid in there.items()}
        return found

    def _names_in(self, oids: Collection[str]) -> Mapping[str, Mapping[bytes, Record]]:
        if self._kept > MOST_NAMES:
            self._names, self._kept = {}, 0
        new = [oid for oid in oids if oid not in self._names]
        raw = self._read(new)
        for oid in new:
            self._names[oid] = names = {record[1]: record for record in self._parse(raw[oid])}
            self._kept += len(names)
        return self._names

    def _read(self, oids: Collection[str]) -> Mapping[str, bytes]:
        if len(self._raw) + len(oids) > MOST_FOLDERS:
            self._raw = {oid: self._raw[oid] for oid in oids if oid in self._raw}
        new = [oid for oid in dict.fromkeys(oids) if oid not in self._raw]
        if new:
            self._raw |= zip(new, self._objects.read_many(new), strict=True)
        return self._raw


class _parser:  # noqa: N801 - used as a function
    """Reads tree objects: ``MODE SP NAME NUL ID`` again and again, the id in ``id_bytes`` bytes."""

    def __init__(self, id_bytes: int) -> None:
        self._line = re.compile(rb"([0-7]+) ([^\0]+)\0(.{%d})" % id_bytes, re.DOTALL)
        # Possessive: of a folder with 100,000 names the other would keep every place that it could go back to.
        modes = b"|".join([*_MODES, _FOLDER])
        self._usual = re.compile(rb"(?:(?:%b) (?!\.\.?\0)[^\0/]++\0.{%d})*+" % (modes, id_bytes), re.DOTALL)
        self._whole = rb"(?s:[0-7]++ [^\0]++\0.{%d})*+" % id_bytes

    def __call__(self, raw: bytes) -> Sequence[Record]:
        found: list[Record] = self._line.findall(raw)
        if len({name for _, name, _ in found}) != len(found):
            # Which of the two git takes depends on the command.
            raise GitError("a tree holds a name twice", "git fsck finds out which")
        return found if self._usual.fullmatch(raw) is not None else self._unusual(found, raw)

    def _unusual(self, found: Sequence[Record], raw: bytes) -> Sequence[Record]:
        """Return the lines of a tree that no git writes today. Raises GitError: it is damaged, or misleads."""
        for _, name, _ in found:
            if name in (b".", b".."):
                raise leads_away(decode(name))
            if b"/" in name:
                # Git checks that out below a folder, and finds nothing there in the tree.
                raise GitError("a tree holds a name with a '/'", "git fsck finds out which")
        if re.fullmatch(self._whole, raw) is None:
            raise GitError("a tree object is damaged", "git fsck finds out which")
        return [(b"%o" % file_mode(int(mode, 8)), name, oid) for mode, name, oid in found]


def leads_away(name: str) -> GitError:
    """Return the error for a tree that git itself would not check out."""
    return GitError(f"the tree holds a path with '{name}', which git itself refuses to check out")


def _entry(path: str, record: Record) -> Entry:
    return Entry(path, _MODES[record[0]], record[2].hex())


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return entries sorted as ``str`` compares. Git sorts by bytes: escaped bytes make a difference."""
    return tuple(sorted(entries, key=_PATH))


_MODES = {b"100644": FILE, b"100755": EXECUTABLE, b"120000": SYMLINK, b"160000": SUBMODULE}
