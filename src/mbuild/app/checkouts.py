"""What would be sent as it lies in git's objects, although a checkout has other content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mbuild.errors import Problem, printable
from mbuild.git.conversions import Conversions
from mbuild.git.trees import CommitTree, EmptyTree
from mbuild.values import replace

if TYPE_CHECKING:
    from mbuild.app.workspace import AnyTree, Snapshot
    from mbuild.git.worktree import WorkTree
    from mbuild.graph.node import Node
    from mbuild.tree import Entry


def unconverted(snapshot: Snapshot, nodes: Iterable[Node]) -> Iterator[Problem]:
    """Yield a problem for each image of which a file would be sent that a checkout has otherwise."""
    tree = snapshot.tree
    if isinstance(tree, EmptyTree):
        return
    conversions = Conversions(tree.repository, snapshot.graph.workshop.attributes.files)
    everything = conversions.by_settings
    sent = {node.name: (node, _sent(node, everything=everything)) for node in nodes}
    once = tuple({entry.path: entry for _, entries in sent.values() for entry in entries}.values())
    others = {entry.path: why for entry, why in conversions.of(from_objects(tree, once))}
    for node, entries in sent.values() if others else ():
        path = next((each.path for each in entries if each.path in others), None)
        if path is not None:
            yield _problem(tree, node, path, others[path])


def from_objects(tree: AnyTree, entries: Iterable[Entry]) -> list[Entry]:
    """Return the files of which the content comes from git's objects, where nothing is converted."""
    if isinstance(tree, EmptyTree):
        return []
    return list(entries) if isinstance(tree, CommitTree) else tree.absent(entries)


def _sent(node: Node, *, everything: bool) -> list[Entry]:
    """Return what is sent of an image; without ``everything`` where attributes hold for something."""
    uses = [use for use in node.contexts if use.attributes or everything]
    entries = [replace(each, path=use.path(each)) for use in uses for each in use.entries]
    return [*entries, node.dockerfile] if uses else []


def _problem(tree: CommitTree | WorkTree, node: Node, path: str, why: str) -> Problem:
    message = f"image '{node.name}': {printable(path)} is other content where it is checked out ({why})"
    if isinstance(tree, CommitTree):
        hint = "git worktree add FOLDER COMMIT checks it out: build there, without --head"
    else:
        hint = "git sparse-checkout add its folder: what is not checked out is sent as it is in the commit"
    return Problem(message, node.definition.where, (hint,))
