"""What an image takes from its context root and from named folders, under the ignore files in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.oracle.soundness.folders import Folder, Taken, UnbuildableError
from tests.oracle.soundness.values import Blob, Image, Monorepo, Tree


@dataclass
class Folders:
    """The context roots of a monorepo, each looked at once."""

    repo: Monorepo
    tree: Tree
    _known: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Folder] = field(default_factory=dict)

    def folder(self, root: str, patterns: tuple[str, ...], include: tuple[str, ...] = ()) -> Folder:
        """Return a context root under the patterns of its ignore file, narrowed to others. Raises UnbuildableError."""
        key = (root, patterns, include)
        if key not in self._known:
            skip = len(root) + 1 if root else 0
            inside = {path[skip:]: blob for path, blob in self.tree.items() if not root or path.startswith(f"{root}/")}
            if not inside:
                raise UnbuildableError(f"nothing in {root}")
            self._known[key] = Folder(inside, patterns).narrowed(include) if include else Folder(inside, patterns)
        return self._known[key]


@dataclass
class Takes:
    """What one image takes. all: named context ("" for the context root) and what a source took."""

    folders: Folders
    image: Image
    contexts: Mapping[str, str]
    all: list[tuple[str, Taken]] = field(default_factory=list)

    def check_root(self) -> None:
        """Refuse a context root that is not there, also where nothing is taken from it: a build needs the folder."""
        self.folders.folder(self.image.root, ())

    def take(self, context: str, source: str, excludes: tuple[str, ...] = ()) -> None:
        """Take what a source takes."""
        path = self._ignore_path(context)
        patterns = self.folders.repo.ignores[path].patterns if path else ()
        if not context:
            patterns += self.image.exclude
        root = self.contexts[context] if context else self.image.root
        include = () if context else self.image.include
        self.all.append((context, self.folders.folder(root, patterns, include).take(source, excludes)))

    def files(self) -> dict[tuple[str, str], Blob]:
        """Return all files by context and path."""
        return {(context, path): blob for context, taken in self.all for path, blob in taken.files.items()}

    def sent(self) -> set[tuple[str, str]]:
        """Return what there is in the contexts then: files, folders that are taken as such, and the folders above."""
        found = {(context, "") for context, _ in self.all}
        for context, taken in self.all:
            for path in (*taken.files, *taken.folders):
                parts = path.split("/")
                found.update((context, "/".join(parts[:length])) for length in range(1, len(parts) + 1))
        return found

    def failing(self) -> bool:
        """Tell whether a source is not there, or a wildcard looks in a folder of which nothing is sent."""
        sent = self.sent()
        wildcards = any((context, each) not in sent for context, taken in self.all for each in taken.searched)
        return wildcards or not all(taken.found or taken.searched for _, taken in self.all)

    def ignores(self) -> Iterator[str]:
        """Yield the paths of the ignore files in force."""
        for context in {context for context, _ in self.all}:
            if path := self._ignore_path(context):
                yield path

    def path(self, context: str, path: str) -> str:
        """Return a path from the git root."""
        root = self.contexts[context] if context else self.image.root
        return f"{root}/{path}" if root else path

    def _ignore_path(self, context: str) -> str:
        own = f"{self.image.dockerfile}.dockerignore"
        if not context and own in self.folders.repo.ignores:
            return own
        path = self.path(context, ".dockerignore")
        return path if path in self.folders.repo.ignores else ""
