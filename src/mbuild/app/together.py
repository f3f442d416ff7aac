"""In a clone that leaves blobs out, what is needed of them is asked for together, not one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mbuild.git.trees import CommitTree, EmptyTree
from mbuild.tree import SUBMODULE, Entry, Tree

if TYPE_CHECKING:
    from mbuild.app.graphs import Made
    from mbuild.app.workspace import AnyTree, Snapshot


def expected(tree: Tree, made: Made | None) -> Made | None:
    """Return a graph; where one of its Dockerfiles is missed later, the others and the ignore files come with it.

    A graph that was remembered reads them as it needs them, which may be none or all.
    """
    if made is not None and isinstance(tree, CommitTree) and tree.repository.is_partial:
        tree.repository.likely.append(lambda: _definitions(tree, made))
    return made


def _definitions(tree: CommitTree, made: Made) -> Iterator[str]:
    from mbuild.graph.build import looked_for

    paths = {path for node in made.graph.nodes.values() for path in looked_for(node.definition)}
    return (each.oid for each in tree.find(paths).values() if each.mode != SUBMODULE)


def ask_together(snapshot: Snapshot, images: Iterable[str]) -> None:
    """See to it that what some images are sent is there. Raises GitError, for all of them at once."""
    tree = snapshot.tree
    if isinstance(tree, EmptyTree) or not tree.repository.is_partial:
        return
    uses = [use for image in images for use in snapshot.graph.nodes[image].contexts]
    entries = {use.path(each): each for use in uses for each in use.entries}
    ask_for(tree, (Entry(path, each.mode, each.oid) for path, each in entries.items()))


def ask_for(tree: AnyTree, entries: Iterable[Entry]) -> None:
    """See to it that the content of entries is there. Raises GitError, for all of them at once."""
    if not isinstance(tree, EmptyTree) and tree.repository.is_partial:
        tree.sizes(entries)
