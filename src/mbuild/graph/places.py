"""Where the contexts of an image lie, and which ignore files hold there."""

from __future__ import annotations

from collections.abc import Iterable

from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher, parse_ignore
from mbuild.errors import DockerfileError
from mbuild.graph.outline import Place
from mbuild.images import ImageDef
from mbuild.tree import Entry, Tree, follow_folder, follow_inside
from mbuild.values import dataclass, field

RuledBy = tuple[str, str, tuple[str, ...]]
"""What says which paths are kept out of a context: the ignore file, its blob id, and ``exclude``."""


def ruled_by(definition: ImageDef, place: Place) -> RuledBy:
    """Return what rules in a context. Where it is the same, so are the lines."""
    return place.ignore, place.lines.oid if place.lines else "", () if place.context else definition.exclude


@dataclass(slots=True)
class Places:
    """Finds context roots and ignore files at one tree; each is looked for once."""

    tree: Tree
    _folders: dict[str, str | None] = field(default_factory=dict)
    _files: dict[str, tuple[str, Entry | None]] = field(default_factory=dict)
    _lines: dict[tuple[str, str], tuple[IgnoreLine, ...]] = field(default_factory=dict)
    _matchers: dict[RuledBy, IgnoreMatcher | None] = field(default_factory=dict)

    def of(self, definition: ImageDef, contexts: Iterable[str]) -> tuple[Place, ...]:
        """Return the places of an image's contexts, by name: "" is the main one.

        Raises DockerfileError where a folder is not there or an ignore file is one that BuildKit refuses.
        """
        return tuple(self._place(definition, each) for each in sorted({"", *contexts}))

    def _place(self, definition: ImageDef, context: str) -> Place:
        named = next((each for each in definition.contexts if context and each.name == context), None)
        root = self._folder(definition, context, named.value if named else definition.context_root)
        place = self._ruled(context, root, None if named else definition.dockerfile)
        self.matcher(definition, place)  # for its errors: an image is sound or it is not, whatever it is asked
        return place

    def _folder(self, definition: ImageDef, context: str, path: str) -> str:
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

    def file(self, path: str) -> Entry | None:
        """Return the file that BuildKit finds at the path of a Dockerfile or an ignore file."""
        return self._end(path)[1]

    def _end(self, path: str) -> tuple[str, Entry | None]:
        if path not in self._files:
            self._files[path] = follow_inside(self.tree, path)
        return self._files[path]

    def _ruled(self, context: str, root: str, dockerfile: str | None) -> Place:
        """Return a place and its ignore file: the Dockerfile's own first (BuildKit ``dockerui/config.go``)."""
        candidates = [f"{dockerfile}.dockerignore"] if dockerfile else []
        candidates.append(f"{root}/.dockerignore" if root else ".dockerignore")
        sought: tuple[str, ...] = ()
        for path in candidates:
            end, found = self._end(path)
            if found is not None:
                return Place(context, root, path, found, sought)
            if end != path:
                sought = (*sought, end)
        return Place(context, root, sought=sought)

    def lines(self, place: Place) -> tuple[IgnoreLine, ...]:
        """Return the patterns of the ignore file in force. Raises DockerfileError for one that BuildKit refuses."""
        if place.lines is None:
            return ()
        key = (place.ignore, place.lines.oid)
        if key not in self._lines:
            self._lines[key] = parse_ignore(self.tree.read(place.lines), place.ignore)
        return self._lines[key]

    def rules(self, definition: ImageDef, place: Place) -> tuple[IgnoreLine, ...]:
        """Return the patterns of the ignore file in force and, in the main context, those of ``exclude``."""
        lines = self.lines(place)
        return lines if place.context else lines + tuple(IgnoreLine(pattern, 0) for pattern in definition.exclude)

    def matcher(self, definition: ImageDef, place: Place) -> IgnoreMatcher | None:
        """Return what keeps paths out of a context: the ignore file, then ``exclude`` of build.yaml.

        Raises DockerfileError with a problem for each pattern that BuildKit refuses.
        """
        key = ruled_by(definition, place)
        if key not in self._matchers:
            lines = self.rules(definition, place)
            self._matchers[key] = IgnoreMatcher(lines, place.ignore or "exclude") if lines else None
        return self._matchers[key]


def ignore_lines(tree: Tree, path: str) -> tuple[IgnoreLine, ...]:
    """Return the patterns of an ignore file at a tree; none for "". Raises DockerfileError for one that is refused."""
    entry = follow_inside(tree, path)[1] if path else None
    return () if entry is None else parse_ignore(tree.read(entry), path)
