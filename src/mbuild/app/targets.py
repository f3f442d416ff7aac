"""What builds are told, for formats that hand a plan to another tool; and what such a tool would do otherwise."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mbuild.app.requests import Naming, content_name, request, stages_called_as_parents
from mbuild.context.cover import sought
from mbuild.context.follow import parts_of
from mbuild.context.reach import Wild
from mbuild.context.select import reader_of
from mbuild.errors import Problem, UsageError, listed, printable
from mbuild.git.ignored import ignored, ignored_in
from mbuild.git.trees import CommitTree
from mbuild.graph.paths import inside, lies_in
from mbuild.output.target import Target
from mbuild.schedule.plan import BUILD, Plan
from mbuild.tree import SUBMODULE
from mbuild.values import replace

if TYPE_CHECKING:
    from mbuild.app.workspace import Snapshot, Workspace
    from mbuild.graph.node import Node
    from mbuild.graph.outline import Place


def targets(snapshot: Snapshot, plan: Plan, naming: Naming) -> tuple[Target, ...]:
    """Return what the build of each image is told that the plan builds, parents first.

    Raises UsageError for images whose context only mbuild can make: a tool that is given the whole folder would build
    another image, and say nothing.
    """
    nodes = [snapshot.graph.nodes[step.image] for step in plan.steps if step.action == BUILD]
    beyond = [each for node in nodes for each in (*_addresses(node), *_misnamed(node), *_narrower(snapshot, node))]
    if beyond:
        raise UsageError(beyond)
    built = {node.name for node in nodes}
    return tuple(_target(snapshot, node, naming, built) for node in nodes)


def _target(snapshot: Snapshot, node: Node, naming: Naming, built: set[str]) -> Target:
    asked = request(snapshot, node, naming, epoch=0)
    parents = {edge.name: edge.parent for edge in node.edges if edge.name}
    return Target(
        name=node.name,
        dockerfile=asked.dockerfile_path,
        context_root=asked.context.root,
        stage=asked.target,
        args=asked.args,
        contexts={name: source.root for name, source in asked.folders.items()},
        external=asked.external,
        parents=parents,
        after=tuple(sorted(set(node.parents) - set(parents.values()))),
        known={each: content_name(snapshot.graph.nodes[each]) for each in node.parents if each not in built},
        labels=asked.labels,
        secrets=asked.secrets,  # With paths as mbuild finds them: bake knows no "~"
        ssh=asked.ssh,
        cache_from=asked.cache_from,
        cache_to=asked.cache_to,
        platforms=asked.platforms,
        tags=asked.tags,
    )


def _addresses(node: Node) -> Iterator[Problem]:
    """Yield a problem for a folder that buildx takes for the address of a repository, however it is written.

    It would then look for the Dockerfile in another place (buildx ``bake/bake.go``: path.Clean, then IsRemoteURL).
    """
    for place in node.outline.places:
        if re.match(r"github\.com/|[^/]*@[^/]*:", place.root):
            message = f"image '{node.name}': other tools take {printable(place.root)} for an address, not for a folder"
            yield Problem(message, node.definition.where, ("only mbuild can build it: mbuild build",))


def _misnamed(node: Node) -> Iterator[Problem]:
    """Yield a problem for a stage that a parent would replace, which other tools can bind by its name only."""
    for name, where in stages_called_as_parents(node).items():
        message = f"image '{node.name}': the stage '{name}' has the name of an image of this repository"
        yield Problem(message, where, ("rename it", "or let mbuild build it: mbuild build"))


def _narrower(snapshot: Snapshot, node: Node) -> Iterator[Problem]:
    """Yield a problem where ``include`` or ``exclude`` leaves out something that the instructions would read."""
    definition = node.definition
    if not definition.include and not definition.exclude:
        return
    plain = replace(definition, include=(), exclude=())
    inputs = snapshot.graph.workshop.inputs
    for place, use in zip(node.outline.places, node.contexts, strict=True):
        whole = inputs.use(plain, place, node.outline.reads_of(place.context))
        if whole.entries != use.entries:
            key = "include" if definition.include else "exclude"
            message = (
                f"image '{node.name}': its context is narrower than what its instructions would read of the folder"
            )
            hints = (
                "only mbuild can send it so: mbuild build",
                "what an ignore file leaves out, other tools leave out too",
            )
            yield Problem(message, definition.place(key), hints)
            return


def differences(workspace: Workspace, snapshot: Snapshot, plan: Plan) -> Iterator[Problem]:
    """Yield what another tool, run in the work tree, would read besides the contexts of the plan, or would not do.

    Raises UsageError where head is not what is checked out, or where files of a context are not on the disk.
    """
    if isinstance(snapshot.tree, CommitTree):
        there = workspace.repository.work_tree()
        if there.head != snapshot.tree.commit or there.dirty:
            raise UsageError("the plan is of a commit that is not what is checked out here", "check it out first")
    nodes = [snapshot.graph.nodes[step.image] for step in plan.steps if step.action == BUILD]
    sparse = workspace.repository.git.run("config", "--bool", "core.sparseCheckout", check=False).strip() == b"true"
    absent = [problem for node in nodes for problem in _absent(snapshot, node, sparse)]
    if absent:
        raise UsageError(absent)
    extra = ignored(workspace.repository.git)
    # What a wildcard takes in a folder that is ignored as a whole can only be told from the files there.
    places = [(node, place) for node in nodes for place in node.outline.places]
    searched = [each for each in extra if any(_searches(node, place, each) for node, place in places)]
    extra += ignored_in(workspace.repository.git, searched)
    for node in nodes:
        if node.definition.test is not None:
            message = f"image '{node.name}': other tools give it its names without its test"
            yield Problem(message, node.definition.place("test"), ("mbuild build runs it",))
    for node in nodes:
        if any(_reads(snapshot, node, place, ".git") for place in node.outline.places):
            message = f"image '{node.name}': its instructions take .git, which only mbuild leaves out"
            hints = ("it may hold credentials of the remote's address", "name .git in the ignore file")
            yield Problem(message, hints=hints)
    for node in nodes if extra else ():
        for place in node.outline.places:
            found = [each for each in extra if _reads(snapshot, node, place, each)]
            if found:
                paths = listed(found, 1, printable)
                message = f"image '{node.name}': git ignores {paths}, which only mbuild leaves out"
                yield Problem(message, hints=("a fresh checkout has no such files; an ignore file leaves them out",))


def _absent(snapshot: Snapshot, node: Node, sparse: bool) -> Iterator[Problem]:
    """Yield a problem where a context has a submodule, or a file that a sparse checkout leaves out on the disk."""
    for use in node.contexts:
        for entry in use.entries:
            path = use.path(entry)
            if entry.mode == SUBMODULE:
                message = f"image '{node.name}': {printable(path)} is a submodule, whose files no plan can name"
                yield Problem(message, hints=("leave it out with an ignore file",))
                return
            if sparse and not os.path.lexists(snapshot.top / path):
                message = f"image '{node.name}': the sparse checkout leaves out {printable(path)}"
                yield Problem(message, hints=("git sparse-checkout disable", "or let mbuild build it: mbuild build"))
                return


def _searches(node: Node, place: Place, folder: str) -> bool:
    """Tell whether an instruction looks for files in a folder by a wildcard."""
    if not lies_in(place.root, folder) or folder == place.root:
        return False
    found = (sought(parts_of(source)) for read in node.outline.reads_of(place.context) for source in read.sources)
    return any(each and each.wild and Wild(each).leads_into(inside(place.root, folder)) for each in found)


def _reads(snapshot: Snapshot, node: Node, place: Place, path: str) -> bool:
    """Tell whether an instruction reads a path of the disk that is in no tree."""
    if not lies_in(place.root, path):
        return False
    below = inside(place.root, path)
    matcher = snapshot.graph.workshop.places.matcher(node.definition, place)
    if matcher is not None and matcher.ignored(below) and not matcher.may_reinclude_below(below):
        return False
    return bool(reader_of(below, node.outline.reads_of(place.context)))
