"""What is remembered of the graphs of commits.

It is keyed by everything a graph is made of: the commit, where build.yaml is, the platforms, the code.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from mbuild.git.trees import CommitTree
from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.store.cache import Cache
    from mbuild.tree import Tree

MOST_ANCHORS = 8
"""How many commits are kept to start from."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Graphs of commits, and what was found between two of them, as bytes.

    settings: all that graphs depend on besides the tree; None: nothing is remembered.
    """

    cache: Cache
    settings: str | None

    def graph(self, tree: CommitTree) -> memoryview | None:
        """Return the graph of a commit."""
        return self.cache.view("graph", self._key(tree.commit)) if self.settings else None

    def put_graph(self, tree: CommitTree, raw: bytes) -> None:
        """Remember it, as one to start from, too."""
        if self.cache.folder is None:
            return
        self.cache.put("graph", self._key(tree.commit), raw)
        anchors = [tree.commit, *(each for each in self.anchors(tree) if each != tree.commit)][:MOST_ANCHORS]
        self.cache.put("anchors", self._place(tree), json.dumps(anchors).encode())

    def anchors(self, tree: CommitTree) -> list[str]:
        """Return the commits to start from, the latest first."""
        raw = self.cache.get("anchors", self._place(tree)) if self.settings else None
        return json.loads(raw) if raw else []

    def keeps(self, base: Tree, tree: Tree) -> bool:
        """Tell whether what is found between two trees can be remembered: they have to be commits."""
        return bool(self.settings) and isinstance(base, CommitTree) and isinstance(tree, CommitTree)

    def verdict(self, base: Tree, tree: Tree) -> bytes | None:
        """Return what was found between two trees."""
        return self.cache.get("verdict", self._pair(base, tree)) if self.keeps(base, tree) else None

    def put_verdict(self, base: Tree, tree: Tree, raw: bytes) -> None:
        """Remember it. Both have to be commits."""
        self.cache.put("verdict", self._pair(base, tree), raw)

    def _key(self, commit: str) -> str:
        return f"{self.settings}\n{commit}"

    def _pair(self, base: Tree, tree: Tree) -> str:
        assert isinstance(base, CommitTree)
        assert isinstance(tree, CommitTree)
        return f"{self._key(base.commit)}\n{tree.commit}"

    def _place(self, tree: CommitTree) -> str:
        return f"{self.settings}\n{tree.repository.git.git_dir}"


def settings(*parts: object) -> str:
    """Return one text for all that graphs depend on besides the tree."""
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()
