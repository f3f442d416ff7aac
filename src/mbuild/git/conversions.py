"""Which blobs are other content once they are checked out: what git would do to them (gitattributes(5), ``convert.c``).

What is on disk is converted already. Content that comes from objects, of a commit or of what a sparse checkout leaves
out, is not: whoever sends that sends something else than a checkout has.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.tree import SUBMODULE, SYMLINK, encode

if TYPE_CHECKING:
    from mbuild.git.repository import Repository
    from mbuild.tree import Entry

_ASKED = ("text", "crlf", "eol", "ident", "filter", "working-tree-encoding")
_NONE = ("unspecified", "unset", "set", "")
_TRUE = ("true", "yes", "on", "1")
_BARE_NEWLINE = re.compile(rb"(?<!\r)\n")


class Conversions:
    """What git does to the files of a tree when it checks them out."""

    def __init__(self, repository: Repository, attributes: Sequence[Entry]) -> None:
        """Take the tree's attributes files."""
        self._repository = repository
        self._attributes_files = _index_lines(attributes)

    @property
    def by_settings(self) -> bool:
        """Whether git's configuration alone makes it convert line ends."""
        return self._newlines_become("auto", "")

    def __bool__(self) -> bool:
        """Whether any file may be converted at all."""
        return bool(self._attributes_files) or self.by_settings

    def of(self, entries: Sequence[Entry]) -> Iterator[tuple[Entry, str]]:
        """Yield the files that would be other content than their blobs, each with what does that."""
        listed = [each for each in entries if each.mode not in (SYMLINK, SUBMODULE)]
        for entry, said in zip(listed, self._attributes(listed) if listed else (), strict=True):
            why = self._why(entry, said)
            if why:
                yield entry, why

    def check_out(self, entries: Sequence[Entry], folder: Path) -> None:
        """Write files below an empty folder, by their paths, as a checkout of the tree has them. Raises GitError."""
        paths = b"".join(encode(each.path) + b"\0" for each in entries)
        with self._indexed(_index_lines(entries)) as index, tempfile.TemporaryDirectory(prefix="mbuild-") as nothing:
            # A work tree with nothing in it: attributes files of another tree do not count.
            argv = (f"--work-tree={nothing}", "checkout-index", f"--prefix={folder}/", "-z", "--stdin")
            self._repository.git.run_with_index(index, *argv, stdin=paths)

    def _why(self, entry: Entry, said: Mapping[str, str]) -> str:
        if said["filter"] not in _NONE and said["filter"] in self._filters:
            return f"filter={said['filter']}"
        encoding = said["working-tree-encoding"]
        if encoding not in _NONE and encoding.upper() not in ("UTF-8", "UTF8"):
            return f"working-tree-encoding={encoding}"
        if said["ident"] == "set" and b"$Id" in self._content(entry):
            return "ident"
        text = said["text"] if said["text"] != "unspecified" else said["crlf"]
        if self._newlines_become(text, said["eol"]) and self._has_newlines(entry, text, said["eol"]):
            return "eol=crlf" if said["eol"] == "crlf" else "core.autocrlf or core.eol"
        return ""

    def _newlines_become(self, text: str, eol: str) -> bool:
        """Tell whether line ends are made CRLF (``convert.c``, convert_attrs and output_eol)."""
        if text in ("unset", "input") or eol == "lf":
            return False
        if eol == "crlf":
            return True
        automatic = self._setting("core.autocrlf")
        if automatic == "input" or (text not in ("set", "auto") and automatic not in _TRUE):
            return False
        return automatic in _TRUE or self._setting("core.eol") == "crlf"

    def _has_newlines(self, entry: Entry, text: str, eol: str) -> bool:
        """Tell whether there is a line end to be made another. What git may take for binary it leaves alone."""
        content = self._content(entry)
        is_sure = text == "set" or (eol == "crlf" and text != "auto")
        return _BARE_NEWLINE.search(content) is not None and (is_sure or b"\0" not in content)

    def _content(self, entry: Entry) -> bytes:
        return self._repository.objects.read(entry.oid, entry.path)

    def _attributes(self, entries: Sequence[Entry]) -> list[dict[str, str]]:
        paths = b"".join(encode(each.path) + b"\0" for each in entries)
        with self._indexed() as index:
            argv = ("check-attr", "--cached", "-z", "--stdin", *_ASKED)
            told = self._repository.git.run_with_index(index, *argv, stdin=paths)
        words = [each.decode("utf-8", "surrogateescape") for each in told.split(b"\0")[:-1]]
        triples = zip(words[0::3], words[1::3], words[2::3], strict=True)
        return [{name: value for _, name, value in islice(triples, len(_ASKED))} for _ in entries]

    @contextlib.contextmanager
    def _indexed(self, more: bytes = b"") -> Iterator[Path]:
        """Yield an index of the attributes files and of further lines, as ``git update-index`` takes them."""
        with tempfile.TemporaryDirectory(prefix="mbuild-") as folder:
            index = Path(folder) / "index"
            lines = more + self._attributes_files
            self._repository.git.run_with_index(index, "update-index", "-z", "--index-info", stdin=lines)
            yield index

    @cached_property
    def _filters(self) -> frozenset[str]:
        found = self._repository.git.run("config", "--null", "--name-only", "--get-regexp", "^filter\\.", check=False)
        names = (each.decode("utf-8", "surrogateescape") for each in found.split(b"\0"))
        parts = (each.removeprefix("filter.").rpartition(".") for each in names if each)
        return frozenset(name for name, _, key in parts if key in ("smudge", "process"))

    def _setting(self, name: str) -> str:
        return self._settings.get(name, "")

    @cached_property
    def _settings(self) -> Mapping[str, str]:
        found = self._repository.git.run("config", "--null", "--get-regexp", "^core\\.(autocrlf|eol)$", check=False)
        pairs = (each.decode("utf-8", "surrogateescape").partition("\n") for each in found.split(b"\0") if each)
        return {name: value.lower() if split else "true" for name, split, value in pairs}


def _index_lines(entries: Sequence[Entry]) -> bytes:
    return b"".join(b"%o %s\t%s\0" % (each.mode, each.oid.encode(), encode(each.path)) for each in entries)
