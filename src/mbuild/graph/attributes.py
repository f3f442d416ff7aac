"""What ``.gitattributes`` says of how files are checked out (gitattributes(5)). Pure.

Between a blob and the file that a builder is sent stand git's conversions: line ends, ``ident``, encodings, filters
like LFS. Where the lines that decide on them differ, the same blob may be another file, so they count for every image
with a context there. Which files a line is for is not looked at: such lines are few, and seldom change.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

NAME = ".gitattributes"

# What these say is of no matter when a file is checked out; any other name may be one of a macro that matters.
_HARMLESS = frozenset(
    b"conflict-marker-size delta diff encoding export-ignore export-subst merge whitespace".split()
)  # fmt: skip
_OF_HOSTS = (b"linguist-", b"gitlab-")

_MACRO = b"[attr]"

# A pattern may be in quotes, as C has them; "[attr]name" defines a macro.
_LINE = re.compile(rb'[ \t\r]*+(?:"(?:[^"\\]|\\.)*+"|[^ \t\r"]\S*+)(.*)', re.DOTALL)


@lru_cache(maxsize=4096)
def attribute_files(root: str) -> tuple[str, ...]:
    """Return the paths of the files that hold for all of a folder; "" is the git root."""
    found = [NAME]
    while root:
        found.append(f"{root}/{NAME}")
        root = root.rpartition("/")[0]
    return tuple(sorted(found))


def misnamed(content: bytes) -> bool:
    """Tell whether the git root's file defines a macro by a name that elsewhere is harmless: then no name is."""
    macros = (line.removeprefix(_MACRO).split()[:1] for line in _lines(content) if line.startswith(_MACRO))
    return any(_is_harmless(name) for names in macros for name in names)


def converting(content: bytes, *, strict: bool = False) -> str:
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
