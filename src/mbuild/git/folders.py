"""Tree objects read one folder at a time, for callers that ask about a few paths of a big tree."""

from __future__ import annotations

from mbuild.errors import GitError
from mbuild.git.listing import file_mode, in_order
from mbuild.git.objects import Objects
from mbuild.tree import Entry, decode, encode

FOLDER = 0o40000

Node = tuple[int, str]
"""Mode and object id."""


class TooManyFolders(Exception):  # noqa: N818 - a signal between two readers of trees, never an error
    """Listing the whole tree is cheaper from here on."""


class WideFolder(Exception):  # noqa: N818 - a signal, as above
    """Listing all below this folder is cheaper than reading the folders in it."""

    def __init__(self, oid: str) -> None:
        """Take the folder's tree object."""
        super().__init__(oid)
        self.oid = oid


_WIDE = 50


class Folders:
    """The folders of a tree, read as needed; ``limit`` is the number after which TooManyFolders is raised."""

    def __init__(self, objects: Objects, root: str, *, id_bytes: int, limit: int) -> None:
        """Take anything that names the root's tree object; ``id_bytes`` is 20 for sha1, 32 for sha256."""
        self._objects = objects
        self._id_bytes = id_bytes
        self._root = root
        self._left = limit
        self._known: dict[str, dict[bytes, Node]] = {}

    def node(self, path: str) -> Node | None:
        """Return mode and id at a path; ``""`` is the root."""
        mode, oid = FOLDER, self._root
        for name in encode(path).split(b"/") if path else ():
            if mode != FOLDER:
                return None
            found = self._read([oid])[0].get(name)
            if found is None:
                return None
            mode, oid = found
        return mode, oid

    def entry(self, path: str) -> Entry | None:
        """Return the entry at exactly this path, None for a folder."""
        node = self.node(path)
        return None if node is None or node[0] == FOLDER else Entry(path, file_mode(node[0]), node[1])

    def is_folder(self, path: str) -> bool:
        """Tell whether something is below a folder. Trees without anything in them can be made, if only by hand."""
        node = self.node(path)
        waiting = [node] if node is not None else []
        while waiting:
            mode, oid = waiting.pop()
            if mode == FOLDER:
                inside = self._read([oid])[0].values()
                if any(each[0] != FOLDER for each in inside):
                    return True
                waiting += inside
        return False

    def below(self, folder: str) -> tuple[Entry, ...]:
        """Return every entry below a folder: one batch of questions per level. Raises WideFolder."""
        node = self.node(folder)
        if node is None or node[0] != FOLDER:
            return ()
        entries: list[Entry] = []
        level = [(f"{folder}/" if folder else "", node[1])]
        while level:
            deeper = []
            for (prefix, _), names in zip(level, self._read([oid for _, oid in level]), strict=True):
                for name, (mode, oid) in names.items():
                    path = prefix + decode(name)
                    if mode == FOLDER:
                        deeper.append((path + "/", oid))
                    else:
                        entries.append(Entry(path, file_mode(mode), oid))
            level = deeper
            if len(level) > _WIDE:
                self._spend(_WIDE)
                raise WideFolder(node[1])
        return in_order(entries)

    def _read(self, oids: list[str]) -> list[dict[bytes, Node]]:
        new = list(dict.fromkeys(oid for oid in oids if oid not in self._known))
        self._spend(len(new))
        for oid, raw in zip(new, self._objects.read_many(new) if new else (), strict=True):
            self._known[oid] = _parse(raw, self._id_bytes)
        return [self._known[oid] for oid in oids]

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise TooManyFolders


def _parse(raw: bytes, id_bytes: int) -> dict[bytes, Node]:
    """Parse a tree object: ``MODE SP NAME NUL ID`` again and again, the id in ``id_bytes`` bytes."""
    names: dict[bytes, Node] = {}
    at = 0
    while at < len(raw):
        end = raw.index(b"\0", at)
        mode, _, name = raw[at:end].partition(b" ")
        if name == b"..":
            raise GitError("the tree holds a path with '..', which git itself refuses to check out")
        at = end + 1 + id_bytes
        names[name] = (int(mode, 8), raw[end + 1 : at].hex())
    return names
