"""What a source of COPY or of a bind mount takes from a folder, by going through it as a file system does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.oracle.soundness.patterns import clean, fits, ignored, is_wild
from tests.oracle.soundness.values import LINK, SUBMODULE, Blob

_MOST_LINKS = 40


class UnbuildableError(ValueError):
    """The monorepo means nothing to a builder: a circle, a stage that is not there, an empty context root."""


@dataclass
class Folder:
    """A context root. files: by path relative to it; patterns: of the ignore file in force."""

    files: Mapping[str, Blob]
    patterns: Sequence[str]
    children: dict[str, set[str]] = field(init=False)
    _ignored: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.children = {"": set()}
        for path in self.files:
            parts = path.split("/")
            for length, name in enumerate(parts):
                self.children.setdefault("/".join(parts[:length]), set()).add(name)

    def ignored(self, path: str) -> bool:
        """Tell whether the ignore file keeps a path out."""
        if path not in self._ignored:
            self._ignored[path] = ignored(self.patterns, path)
        return self._ignored[path]

    def narrowed(self, include: Sequence[str]) -> Folder:
        """Return it with the files alone that are not kept out and fit a pattern, and the folders that they are in."""
        files = {path: blob for path, blob in self.files.items() if not self.ignored(path) and ignored(include, path)}
        return Folder(files, ())

    def take(self, source: str, excludes: Sequence[str] = ()) -> Taken:
        """Return what one source takes."""
        taken = Taken()
        components = clean(source)
        for end in self._ways("", components, taken, 0):
            taken.found |= self._add(end, excludes, taken)
        wild = next((at for at, each in enumerate(components) if is_wild(each)), None)
        if wild is not None:
            taken.searched = tuple(self._ways("", components[:wild], Taken(), 0))
        return taken

    def _ways(
        self, at: str, rest: list[str], taken: Taken, links: int, *, searched: bool = False, deep: bool = False
    ) -> Iterator[str]:
        """Yield where a path leads; links on the way are taken, and followed inside the folder.

        searched: a wildcard stands for a folder above. There an engine's client follows no links (fsutil's
        ``FollowLinks`` looks for the last component only), so that what they lead to is not sent and the build fails.
        deep: behind ``**``, which only --parents knows. What fits is copied as it is found (`dispatchCopy` makes an
        include pattern of the source): a link as a link.
        """
        if not rest:
            yield at
            return
        if rest[0] == "**":
            yield from self._ways(at, rest[1:], taken, links, deep=True)
            for name in sorted(self.children.get(at, ())):
                if _join(at, name) in self.children:
                    yield from self._ways(_join(at, name), rest, taken, links, deep=True)
                elif len(rest) == 1:
                    yield from self._ways(at, [name], taken, links)
            return
        names = self.children.get(at, set())
        wild = is_wild(rest[0])
        for name in sorted(each for each in names if fits(rest[0], each)) if wild else [rest[0]]:
            if deep and self._is_link(_join(at, name)):
                if len(rest) == 1:
                    yield _join(at, name)
                continue
            if searched and self._is_link(_join(at, name)):
                raise UnbuildableError(f"no client follows {_join(at, name)}")
            yield from self._step(at, name, rest[1:], taken, links, searched=searched or wild, deep=deep)

    def _is_link(self, path: str) -> bool:
        return path in self.files and self.files[path].mode == LINK and not self.ignored(path)

    def _step(
        self, at: str, name: str, rest: list[str], taken: Taken, links: int, *, searched: bool, deep: bool
    ) -> Iterator[str]:
        path = _join(at, name)
        blob = self.files.get(path)
        if blob is None:
            if path in self.children:
                yield from self._ways(path, rest, taken, links, searched=searched, deep=deep)
        elif blob.mode == LINK:
            if not self.ignored(path) and links < _MOST_LINKS:
                taken.files[path] = blob
                yield from self._ways("", [*_target(at, blob), *rest], taken, links + 1)
        elif not rest or blob.mode == SUBMODULE:
            yield path

    def _add(self, path: str, excludes: Sequence[str], taken: Taken) -> bool:
        """Take a file, or a folder and all that is in it; tell whether there was anything to take."""
        blob = self.files.get(path)
        if blob is not None:
            if not self.ignored(path):
                taken.files[path] = blob
            return not self.ignored(path)
        before = len(taken.files)
        self._add_below(path, path, excludes, taken)
        kept = not path or not self.ignored(path)
        if kept:
            taken.folders.add(path)
        return kept or len(taken.files) > before

    def _add_below(self, top: str, path: str, excludes: Sequence[str], taken: Taken) -> None:
        for name in self.children.get(path, ()):
            below = _join(path, name)
            out = self.ignored(below) or (bool(excludes) and ignored(excludes, below[len(top) :].lstrip("/")))
            if below not in self.files:
                if not out:
                    taken.folders.add(below)
                self._add_below(top, below, excludes, taken)
            elif not out:
                taken.files[below] = self.files[below]


@dataclass
class Taken:
    """What a source takes.

    found: there is something. folders: those copied as such. searched: where a wildcard looks.
    """

    files: dict[str, Blob] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    found: bool = False
    searched: tuple[str, ...] = ()


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _target(folder: str, link: Blob) -> list[str]:
    """Return where a link leads, from the root of the context, out of which no path leads."""
    text = link.data.decode("utf-8", "surrogateescape")
    return clean(text if text.startswith("/") else f"{folder}/{text}")
