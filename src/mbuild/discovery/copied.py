"""The context root of a Dockerfile that copies all of it, by what it does with the copy. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Sequence

from mbuild.discovery.paths import ancestors, base, variant_of
from mbuild.dockerfile.model import Operation, Recipe
from mbuild.values import dataclass, field

_UNKNOWN = "?"
"""The working directory that a base image may set."""
_WORD = re.compile(r"""[^\s"'`=,;|&()<>{}\[\]]+""")
_RUN = frozenset(("CMD", "ENTRYPOINT", "HEALTHCHECK", "RUN"))
_NEEDED = {"make": ("Makefile", "makefile", "GNUmakefile"), "go": ("go.mod",), "cargo": ("Cargo.toml",)}
_TOOL = re.compile(
    r"(?:set -\w+\s*(?:&&|;)\s*)?(make|go(?= (?:build|generate|mod|test|vet)\b)|cargo(?= (?:build|test)\b))\b"
)
"""What cannot run where a file is missing that no command before it can have made."""
_NOT_COPIED = re.compile(
    r"(Docker|Container)file|.*\.(docker|container)ignore|readme(\..*)?|license(\..*)?", re.IGNORECASE
)
"""What nobody copies a folder for; so are variants of Dockerfiles."""


def is_all(source: str) -> bool:
    """Return whether a source of COPY is all that is in the context root."""
    return not source.strip("./*")


@dataclass(frozen=True, slots=True)
class Use:
    """What a Dockerfile does with a copy of its whole context.

    paths: that it uses below where that is copied to, as they are there. files: names of files of which one has to be
    at the top of it, for what runs there first.
    """

    paths: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def use_of(recipe: Recipe) -> Use:
    """Return what is done with the whole context."""
    walk = _Walk(recipe)
    for number in range(len(recipe.stages)):
        walk.stage(number)
    found = dict.fromkeys(
        path.removeprefix(f"{folder}/")
        for path in walk.paths
        for folder in walk.copies
        if path.startswith(f"{folder}/")
    )
    return Use(tuple(found), tuple(walk.files))


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes through stages. copies: where the context is copied to. paths: that are used. folders: each stage's last.

    files: as of ``Use``; those of the first command that needs any.
    """

    recipe: Recipe
    copies: set[str] = field(default_factory=set)
    paths: dict[str, None] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def stage(self, number: int) -> None:
        """Note what a stage says; the stages before it are through."""
        stage = self.recipe.stages[number]
        folder = self.folders[stage.base] if isinstance(stage.base, int) else _UNKNOWN
        copied = ""
        for operation, sources in zip(stage.operations, stage.sources, strict=True):
            if operation.keyword == "WORKDIR":
                folder = _joined(folder, operation.args[0])
                self.paths[folder] = None
            elif operation.keyword in ("ADD", "COPY"):
                copied = self._copy(operation, folder, of_context=not sources) or copied
            elif operation.keyword in _RUN:
                self._run(operation, folder, is_first=folder == copied)
                copied = ""
        self.folders.append(folder)

    def _copy(self, operation: Operation, folder: str, *, of_context: bool) -> str:
        """Note a copy; return where the whole context is copied to, "" where it is not."""
        *sources, target = operation.args
        if not of_context:
            self.paths.update((_joined("/", source), None) for source in sources)
        if not of_context or not any(map(is_all, sources)):
            return ""
        self.copies.add(_joined(folder, target))
        return _joined(folder, target)

    def _run(self, operation: Operation, folder: str, *, is_first: bool) -> None:
        texts = (*operation.args, *(each.content for each in operation.heredocs))
        self.paths.update((_joined(folder, word), None) for text in texts for word in _WORD.findall(text))
        if is_first and not self.files and (match := _TOOL.match(" ".join(operation.args))):
            self.files.extend(_NEEDED[match[1]])


def _joined(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


def root_above(folder: str, named: Sequence[str], there: Collection[str]) -> tuple[str, str]:
    """Return the root that makes a path below it the folder of the Dockerfile, with that path; "" twice for none.

    named: as in ``Use.paths``. there: the paths of the tree. One part alone may be what is built, such as
    ``/app/api`` from the folder ``api``: something that is in the folder has to follow.
    """
    if not named:
        return "", ""
    for root in reversed(ancestors(folder)[1:]):
        inner = folder.removeprefix(f"{root}/") if root else folder
        if f"{folder}/{inner}" not in there and any(_is_inside(each, inner, folder, there) for each in named):
            return root, inner
    return "", ""


def root_with(folder: str, files: Sequence[str], there: Collection[str]) -> tuple[str, str]:
    """Return the nearest folder that has one of some files, where that is above the Dockerfile's, with that file."""
    for root in ancestors(folder) if files else ():
        found = next((each for each in files if (f"{root}/{each}" if root else each) in there), "")
        if found:
            return root, found if root != folder else ""
    return "", ""


def _is_inside(path: str, inner: str, folder: str, there: Collection[str]) -> bool:
    if not f"{path}/".startswith(f"{inner}/"):
        return False
    first = path.removeprefix(inner).strip("/").partition("/")[0]
    return "/" in inner or (bool(first) and f"{folder}/{first}" in there)


def has_nothing(files: Iterable[str]) -> bool:
    """Return whether there is nothing to copy. files: all below a folder."""
    return all(_NOT_COPIED.fullmatch(base(each)) or variant_of(base(each)) for each in files)
