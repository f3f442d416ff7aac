"""``discover``: from patterns to the Dockerfiles they match, each with the name of the image it stands for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from glob import escape

from mbuild.config.findings import Findings
from mbuild.config.globs import Below, below, matches, matching
from mbuild.config.paths import from_root, parent
from mbuild.errors import Where
from mbuild.names import image_name
from mbuild.references import NameProblem, quoted
from mbuild.values import dataclass, field

TreePaths = Callable[[Below], Iterable[str]]
"""Gives every path that lies there; others, too, where that takes less."""
Pattern = tuple[str, Where]


@dataclass(frozen=True, slots=True)
class Found:
    """A Dockerfile (path from the git root) that a pattern at ``where`` matched."""

    name: str
    dockerfile: str
    where: Where


def discover(
    patterns: Sequence[Pattern],
    folder: str,
    tree_paths: TreePaths | None,
    project: str,
    defined: Collection[str],
    findings: Findings,
) -> dict[str, Found]:
    """Return the images found, by name.

    patterns: as written, with their places. folder: of build.yaml. project: names an image at the git root.
    defined:  the Dockerfiles that build.yaml itself names below ``images``.
    """
    rooted = rooted_patterns(patterns, folder, findings)
    if not rooted:
        return {}
    if tree_paths is None:
        findings.add("discover: there is no git tree to look in", rooted[0][1])
        return {}
    search = _Search(project, defined, findings)
    paths = _Paths(tree_paths)
    without = [pattern[1:] for pattern, _ in rooted if pattern.startswith("!")]
    for pattern, where in rooted:
        if pattern.startswith("!"):
            continue
        found = sorted(matching(pattern, paths.for_pattern(pattern)))
        if not found:
            hints = ("{…} stands for itself here: write a pattern for each",) if "{" in pattern else ()
            findings.warn(f"discover: no file matches {quoted(pattern)}", where, *hints)
        for path in found:
            if not path.endswith(".dockerignore") and not any(matches(each, path) for each in without):
                search.add(path, where)
    return search.found


def rooted_patterns(patterns: Sequence[Pattern], folder: str, findings: Findings) -> list[Pattern]:
    """Return the patterns from the git root; a ``!`` stays in front."""
    rooted = []
    for written, where in patterns:
        mark = "!" if written.startswith("!") else ""
        try:
            rooted.append((mark + from_root(escape(folder), written.removeprefix("!")), where))
        except NameProblem as error:
            findings.add(f"discover: {error.problems[0].message}", where, *error.problems[0].hints)
    return rooted


@dataclass(frozen=True, slots=True)
class _Paths:
    """Lists the folders that patterns look into, each once."""

    paths: TreePaths
    _known: dict[Below, list[str]] = field(default_factory=dict)

    def for_pattern(self, pattern: str) -> list[str]:
        there = below(pattern)
        if there not in self._known:
            self._known[there] = list(self.paths(there))
        return self._known[there]


@dataclass(frozen=True, slots=True)
class _Search:
    project: str
    defined: Collection[str]
    findings: Findings
    found: dict[str, Found] = field(default_factory=dict)

    def add(self, path: str, where: Where) -> None:
        """Note a Dockerfile; of two that stand for one name, one that build.yaml defines by itself gives way."""
        name = parent(path).rpartition("/")[2] or self.project
        if not self._is_name(name, path, where):
            return
        first = self.found.get(name)
        if first is None or (first.dockerfile != path and first.dockerfile in self.defined):
            self.found[name] = Found(name, path, where)
        elif first.dockerfile != path and path not in self.defined:
            message = f"discover: {quoted(first.dockerfile)} and {quoted(path)} would both be the image {quoted(name)}"
            self.findings.add(message, where, "define one of them below 'images', or take one away with a '!' pattern")

    def _is_name(self, name: str, path: str, where: Where) -> bool:
        try:
            image_name(name)
        except NameProblem:
            if path not in self.defined:
                hint = f"define it below 'images', with dockerfile: {quoted(path)}"
                self.findings.add(f"discover: the folder of {quoted(path)} gives no image name", where, hint)
            return False
        return True
