"""What ``.gitattributes`` says of how files are checked out (gitattributes(5)).

Between a blob and the file that a builder is sent stand git's conversions: line ends, ``ident``, encodings, filters
like LFS. Where the lines that decide on them differ, the same blob may be another file, so they count for every image
that takes something beside or below them, or has its Dockerfile there. Which files a line is for is not looked at: such
lines are few, and seldom change.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from mbuild.graph.paths import inside, joined, lies_in
from mbuild.tree import ATTRIBUTES, EXECUTABLE, FILE, Entry, Tree

if TYPE_CHECKING:
    from mbuild.graph.pieces import Piece

# What these say is of no matter when a file is checked out; any other name may be one of a macro that matters.
_HARMLESS = frozenset(
    b"conflict-marker-size delta diff encoding export-ignore export-subst merge whitespace".split()
)  # fmt: skip
_OF_HOSTS = (b"linguist-", b"gitlab-")

_MACRO = b"[attr]"

MOST_BYTES = 1 << 20
"""The size up to which a file is read. Git reads 100 MB at most (``attr.h``, ``ATTR_MAX_FILE_SIZE``)."""

# A pattern may be in quotes, as C has them; "[attr]name" defines a macro.
_LINE = re.compile(rb'[ \t\r]*+(?:"(?:[^"\\]|\\.)*+"|[^ \t\r"]\S*+)(.*)', re.DOTALL)


class Attributes:
    """The attributes files of one tree, and what they say. Each is read once, where it holds for something."""

    def __init__(self, tree: Tree, scattered: Callable[[], Sequence[Entry]]) -> None:
        """Take a tree, and what gives its ``Tree.scattered``."""
        self._tree = tree
        self._scattered = scattered
        self._known: dict[str, str] = {}
        self._of_roots: dict[str, tuple[list[str], frozenset[str]]] = {}

    @cached_property
    def files(self) -> Sequence[Entry]:
        """All of them: git follows no link to one."""
        return [each for each in self._scattered() if not each.is_link]

    @cached_property
    def _folders(self) -> Sequence[str]:
        return [each.path.rpartition("/")[0] for each in self.files]

    def holding(self, root: str, pieces: Sequence[Piece], files: Iterable[str] = ()) -> Sequence[str]:
        """Return the paths of the files that hold for something that is taken from a context root, sorted.

        files: that are sent beside it, with their paths from the git root.
        """
        if not self._folders:
            return ()
        above, below = self._around(root)
        found = {joined(root, folder) for piece in pieces for folder in below.intersection(piece.folders)}
        found.update(above if pieces else ())
        found.update(each for file in files for each in self._folders if lies_in(each, file.rpartition("/")[0]))
        return sorted(joined(folder, ATTRIBUTES) for folder in found)

    def _around(self, root: str) -> tuple[list[str], frozenset[str]]:
        """Return the folders with such a file: at and above a root, and, relative to it, those in it."""
        if root not in self._of_roots:
            above = [each for each in self._folders if lies_in(each, root)]
            below = frozenset(inside(root, each) for each in self._folders if lies_in(root, each) and each != root)
            self._of_roots[root] = above, below
        return self._of_roots[root]

    def converting(self, root: str, pieces: Sequence[Piece], files: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
        """Return, of ``holding``, the files that may decide on conversions, each with what it has ``said`` of them."""
        return tuple((path, said) for path in self.holding(root, pieces, files) if (said := self.said(path)))

    def said(self, path: str) -> str:
        """Return what the file at a path says of conversions: ``conversions`` of what it holds."""
        if path not in self._known:
            self._known[path] = conversions(self._content(path), strict=self._is_strict)
        return self._known[path]

    @cached_property
    def _is_strict(self) -> bool:
        return misnamed(self._content(ATTRIBUTES))

    def _content(self, path: str) -> bytes:
        """Return the content of a file, nothing where there is none: git follows no link to attributes.

        One that is too big to be meant as one counts whole: then a line of macro and blob id stands for all of it.
        """
        entry = self._tree.entry(path)
        if entry is None or entry.mode not in (FILE, EXECUTABLE):
            return b""
        if self._tree.sizes([entry])[0] > MOST_BYTES:
            return _MACRO + b"diff " + entry.oid.encode()
        return self._tree.read(entry)


def misnamed(content: bytes) -> bool:
    """Tell whether the git root's file defines a macro by a name that elsewhere is harmless: then no name is."""
    macros = (line.removeprefix(_MACRO).split()[:1] for line in _lines(content) if line.startswith(_MACRO))
    return any(_is_harmless(name) for names in macros for name in names)


def conversions(content: bytes, *, strict: bool = False) -> str:
    """Return the digest of the lines that may decide how a file is checked out, "" where there are none.

    strict: any line may, as macros are ``misnamed``.
    """
    found = [line for line in _lines(content) if strict or _converts(line)]
    return hashlib.sha256(b"\n".join(found)).hexdigest() if found else ""


def _lines(content: bytes) -> list[bytes]:
    lines = [line.strip() for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    return [line for line in lines if line and not line.startswith(b"#")]


def _converts(line: bytes) -> bool:
    parsed = _LINE.fullmatch(line)
    names = [each.lstrip(b"-!").partition(b"=")[0] for each in parsed[1].split()] if parsed else [line]
    return not all(map(_is_harmless, names))


def _is_harmless(name: bytes) -> bool:
    return name in _HARMLESS or name.startswith(_OF_HOSTS)
