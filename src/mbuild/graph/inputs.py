"""What an image reads: its reads applied to the tree, under the ignore file in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mbuild.context.select import Selection, select
from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher, parse_ignore
from mbuild.dockerfile.model import Read
from mbuild.errors import DockerfileError
from mbuild.graph.model import ContextUse, Missing
from mbuild.images import ImageDef
from mbuild.tree import Entry, Tree, decode, follow, follow_folder


@dataclass(slots=True)
class Inputs:
    """Selects the inputs of images at one tree; listings and ignore files are read once."""

    tree: Tree
    _folders: dict[str, str | None] = field(default_factory=dict)
    _listings: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    _ignores: dict[tuple[str, str], tuple[IgnoreLine, ...]] = field(default_factory=dict)

    def folder(self, definition: ImageDef, context: str, path: str) -> str:
        """Return the folder that a context root leads to; ``docker build`` follows links on the way to it.

        Raises DockerfileError when nothing is there: an empty context would make every change invisible.
        """
        if path not in self._folders:
            self._folders[path] = follow_folder(self.tree, path)
        found = self._folders[path]
        if found is None:
            what, key = (
                (f"the named context '{context}'", f"contexts.{context}") if context else ("the context", "context")
            )
            message = f"image '{definition.name}': {what} is {path}, and there is no such folder"
            raise DockerfileError(message, "what git ignores is not part of a context", where=definition.place(key))
        return found

    def listing(self, root: str) -> tuple[Entry, ...]:
        """Return the entries below a folder, sorted, with paths relative to it."""
        if root not in self._listings:
            found = self.tree.below(root)
            skip = len(root) + 1
            self._listings[root] = tuple(
                found if not root else (Entry(each.path[skip:], each.mode, each.oid, each.size) for each in found)
            )
        return self._listings[root]

    def link_target(self, root: str, entry: Entry) -> str:
        """Return where a link points."""
        path = f"{root}/{entry.path}" if root else entry.path
        return decode(self.tree.read(Entry(path, entry.mode, entry.oid)))

    def ignore_path(self, root: str, dockerfile: str | None) -> str:
        """Return the ignore file in force or "": the Dockerfile's own first (BuildKit ``dockerui/config.go``)."""
        candidates = [f"{dockerfile}.dockerignore"] if dockerfile else []
        candidates.append(f"{root}/.dockerignore" if root else ".dockerignore")
        return next((path for path in candidates if follow(self.tree, path) is not None), "")

    def ignore_lines(self, path: str) -> tuple[IgnoreLine, ...]:
        """Return the patterns of an ignore file. Raises DockerfileError for one that BuildKit would refuse."""
        entry = follow(self.tree, path) if path else None
        if entry is None:
            return ()
        key = (path, entry.oid)
        if key not in self._ignores:
            self._ignores[key] = parse_ignore(self.tree.read(entry), path)
        return self._ignores[key]

    def use(
        self, definition: ImageDef, context: str, reads: Sequence[Read], inexact: bool
    ) -> tuple[ContextUse, Selection]:
        """Return what the reads take from one context of an image: "" is the main one."""
        named = next((each for each in definition.contexts if context and each.name == context), None)
        root = self.folder(definition, context, named.value if named else definition.context_root)
        ignore = self.ignore_path(root, None if named else definition.dockerfile)
        lines = self.ignore_lines(ignore)
        if not named:
            lines += tuple(IgnoreLine(pattern, 0) for pattern in definition.exclude)
        matcher = IgnoreMatcher(lines, ignore or "exclude") if lines else None
        found = select(
            self.listing(root), _everything(reads) if inexact else reads, matcher, lambda e: self.link_target(root, e)
        )
        entries, folders = found.entries, found.folders
        if definition.include and not named:
            entries, folders = _narrowed(entries, definition.include), ()
        return ContextUse(context, root, entries, folders, ignore, found.whole), found


def _everything(reads: Sequence[Read]) -> tuple[Read, ...]:
    """Return reads that take the whole context root: what counts when a Dockerfile cannot be read exactly."""
    return tuple(replace(each, sources=("/",), excludes=(), parents=False) for each in reads[:1])


def _narrowed(entries: Iterable[Entry], patterns: Sequence[str]) -> tuple[Entry, ...]:
    matcher = IgnoreMatcher(tuple(IgnoreLine(pattern, 0) for pattern in patterns))
    return tuple(each for each in entries if matcher.ignored(each.path))


def missing_of(found: Selection, context: str) -> tuple[Missing, ...]:
    """Return the sources that match nothing."""
    return tuple(Missing(source, context, read.where) for read, source in found.missing)
