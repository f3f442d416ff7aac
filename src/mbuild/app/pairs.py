"""A base and head of an audit: what is said of an image, and what changed around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass  # noqa: TID251 - with room for what is worked out once: slots have none
from functools import cached_property
from typing import TYPE_CHECKING

from mbuild.app.sides import Side
from mbuild.audit.changes import changed_paths
from mbuild.audit.judge import MISS, UNDECIDED, Verdict, worst
from mbuild.tree import SUBMODULE, follow_folder

if TYPE_CHECKING:
    from mbuild.graph.node import Graph, Node


@dataclass(frozen=True)
class Pair:
    """A base and head."""

    base: Side
    head: Side

    @cached_property
    def changed(self) -> Mapping[str, str]:
        """All paths that differ."""
        return changed_paths(self.base.stages.tree.below(""), self.head.stages.tree.below(""))

    def verdict(self, name: str) -> Verdict:
        """Judge one image."""
        beside = self._unbuilt(name)
        if beside is not None:
            return beside
        platforms = self.head.graph.nodes[name].definition.platforms
        return worst([self.head.verdict(self.base, (name, each)) for each in platforms or ("",)])

    def _unbuilt(self, name: str) -> Verdict | None:
        """Return what can be said without a build, None where nothing can."""
        for side in (self.base, self.head):
            if name not in side.graph.nodes:
                why = next((str(each) for each in side.problems), "")
                words = {"base": "at the base", "head": "at head"}[side.name]
                return Verdict(
                    UNDECIDED if why else MISS, f"there is no such image {words}" + (f": {why}" if why else "")
                )
        old, new = (side.graph.nodes[name].definition for side in (self.base, self.head))
        if old.platforms != new.platforms:
            return Verdict(MISS, f"its platforms were {_words(old.platforms)} and are {_words(new.platforms)}")
        moved = [path for path, _ in self.around(name) if self._is_module(path)]
        if moved:
            return Verdict(UNDECIDED, f"the submodule {moved[0]} changed, and its files are in another repository")
        return None

    def _is_module(self, path: str) -> bool:
        entries = (side.stages.tree.entry(path) for side in (self.base, self.head))
        return any(each is not None and each.mode == SUBMODULE for each in entries)

    def around(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield what changed in the context roots of an image and of all that it uses, and of what defines it."""
        roots: set[str | None] = set()
        files: set[str] = set()
        for side in (self.base, self.head):
            for node in used(side.graph, name):
                definition = node.definition
                folders = [each.value for each in definition.contexts if each.kind == "folder"]
                roots |= {follow_folder(side.stages.tree, each) for each in (definition.context_root, *folders)}
                files |= {definition.dockerfile, f"{definition.dockerfile}.dockerignore"}
        for path, kind in self.changed.items():
            if path in files or any(root is not None and _lies_in(root, path) for root in roots):
                yield path, kind


def used(graph: Graph, name: str) -> tuple[Node, ...]:
    """Return an image and all that it uses; () where there is no such image."""
    return tuple(graph.nodes[each] for each in graph.with_parents({name: ()})) if name in graph.nodes else ()


def _lies_in(root: str, path: str) -> bool:
    return not root or path.startswith(f"{root}/")


def _words(platforms: tuple[str, ...]) -> str:
    return ", ".join(platforms) or "this machine's"
