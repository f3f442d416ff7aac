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
_NOT_COPIED = re.compile(
    r"(Docker|Container)file|.*\.(docker|container)ignore|readme(\..*)?|license(\..*)?", re.IGNORECASE
)
"""What nobody copies a folder for; so are variants of Dockerfiles."""


def is_all(source: str) -> bool:
    """Return whether a source of COPY is all that is in the context root."""
    return not source.strip("./*")


def named_below(recipe: Recipe) -> tuple[str, ...]:
    """Return the paths that a Dockerfile uses below where it copies its whole context to, as they are there."""
    walk = _Walk(recipe)
    for number in range(len(recipe.stages)):
        walk.stage(number)
    found = dict.fromkeys(
        path.removeprefix(f"{folder}/")
        for path in walk.paths
        for folder in walk.copies
        if path.startswith(f"{folder}/")
    )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes through stages. copies: where the context is copied to. paths: that are used. folders: each stage's last."""

    recipe: Recipe
    copies: set[str] = field(default_factory=set)
    paths: dict[str, None] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    def stage(self, number: int) -> None:
        """Note what a stage says; the stages before it are through."""
        stage = self.recipe.stages[number]
        folder = self.folders[stage.base] if isinstance(stage.base, int) else _UNKNOWN
        for operation, sources in zip(stage.operations, stage.sources, strict=True):
            if operation.keyword == "WORKDIR":
                folder = _joined(folder, operation.args[0])
                self.paths[folder] = None
            elif operation.keyword in ("ADD", "COPY"):
                self._copy(operation, folder, of_context=not sources)
            elif operation.keyword in _RUN:
                texts = (*operation.args, *(each.content for each in operation.heredocs))
                self.paths.update((_joined(folder, word), None) for text in texts for word in _WORD.findall(text))
        self.folders.append(folder)

    def _copy(self, operation: Operation, folder: str, *, of_context: bool) -> None:
        if not of_context:
            self.paths.update((_joined("/", source), None) for source in operation.args[:-1])
        elif any(map(is_all, operation.args[:-1])):
            self.copies.add(_joined(folder, operation.args[-1]))


def _joined(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


def root_above(folder: str, named: Sequence[str], there: Collection[str]) -> tuple[str, str]:
    """Return the root that makes a path below it the folder of the Dockerfile, with that path; "" twice for none.

    named: as ``named_below`` returns them. there: the paths of the tree. One part alone may be what is built, such as
    ``/app/api`` from the folder ``api``: something that is in the folder has to follow.
    """
    if not named:
        return "", ""
    for root in reversed(ancestors(folder)[1:]):
        inner = folder.removeprefix(f"{root}/") if root else folder
        if f"{folder}/{inner}" not in there and any(_is_inside(each, inner, folder, there) for each in named):
            return root, inner
    return "", ""


def _is_inside(path: str, inner: str, folder: str, there: Collection[str]) -> bool:
    if not f"{path}/".startswith(f"{inner}/"):
        return False
    first = path.removeprefix(inner).strip("/").partition("/")[0]
    return "/" in inner or (bool(first) and f"{folder}/{first}" in there)


def has_nothing(files: Iterable[str]) -> bool:
    """Return whether there is nothing to copy. files: all below a folder."""
    return all(_NOT_COPIED.fullmatch(base(each)) or variant_of(base(each)) for each in files)
