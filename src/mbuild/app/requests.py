"""From a node of the graph to what a builder needs: contexts, tags, parents by content tag."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.app.platform import native_platform
from mbuild.app.workspace import Snapshot
from mbuild.builders.bind import bind_parents
from mbuild.builders.protocol import BuildRequest
from mbuild.context.source import ContextSource
from mbuild.context.verify import checked
from mbuild.dockerfile.epoch import NAME as EPOCH
from mbuild.errors import DockerfileError, Where
from mbuild.graph.model import ContextUse
from mbuild.graph.node import Graph, Node
from mbuild.graph.recipes import platforms_of
from mbuild.images import Secret, Ssh
from mbuild.names import content_tag, fill_tag
from mbuild.passed import FINGERPRINT, NAME, OWN_LABELS, placed
from mbuild.references import context_key
from mbuild.tree import Entry
from mbuild.values import dataclass, field, replace

if TYPE_CHECKING:
    from mbuild.app.workspace import AnyTree


@dataclass(frozen=True, slots=True)
class Naming:
    """How results are named. asked: ``--tag`` values; values: what placeholders such as ``{commit}`` stand for."""

    asked: tuple[str, ...] = ()
    latest: bool = True
    values: Mapping[str, str] = field(default_factory=dict)

    def tags(self, node: Node) -> tuple[str, ...]:
        """Return the full names of an image: the content tag first, then those of build.yaml and ``--tag``."""
        values = {**self.values, "fingerprint": node.fingerprint}
        wanted = [fill_tag(each, values) for each in (*node.said("tags"), *self.asked)]
        if not wanted and self.latest:
            wanted = ["latest"]
        names = [f"{node.said('full_name')}:{each}" for each in wanted]
        return tuple(dict.fromkeys([content_name(node), *names]))


def content_name(node: Node) -> str:
    """Return the name that says what an image is made of: NAME:mb-<fingerprint>."""
    return content_tag(node.said("full_name"), node.fingerprint)


def context_source(tree: AnyTree, use: ContextUse) -> ContextSource:
    """Return one context of an image as something that can be sent."""
    entries = tuple(Entry(use.path(each), each.mode, each.oid, each.size) for each in use.entries)
    return ContextSource(tree, use.root, entries, use.folders, tuple(digest for _, digest in use.attributes))


def request(snapshot: Snapshot, node: Node, naming: Naming, *, epoch: int, dated: bool = False) -> BuildRequest:
    """Return the build request of one image. epoch: see there; dated: SOURCE_DATE_EPOCH says it, and no commit.

    Raises ChangedWhileRead when its Dockerfile is not the one that was planned any more, and DockerfileError where a
    stage is called as a parent is, in a way that cannot be told apart.
    """
    definition, dockerfile = node.definition, checked(snapshot.tree, node.dockerfile)
    sources = {use.name: context_source(snapshot.tree, use) for use in node.contexts}
    asked = BuildRequest(
        image=node.name,
        dockerfile=dockerfile,
        dockerfile_path=definition.dockerfile,
        recipes=node.recipes,
        target=definition.target,
        args=dict(definition.args),
        # Said in any case: the engine may be another machine than the one that the fingerprint is of.
        platforms=definition.platforms or (native_platform(),),
        context=sources.pop(""),
        folders=sources,
        parents=_parents(snapshot.graph, node),
        images={name: content_name(snapshot.graph.nodes[name]) for name in node.parents},
        platform=platforms_of(definition.platforms, native_platform())[0],
        external=external_contexts(node),
        tags=naming.tags(node),
        labels={**dict(definition.labels), **_labels(node)},
        secrets=tuple(found_secret(each, snapshot.top) for each in definition.secrets),
        ssh=tuple(found_ssh(each, snapshot.top) for each in definition.ssh),
        cache_from=_caches(definition.cache_from, node.name, snapshot.top),
        cache_to=_caches(definition.cache_to, node.name, snapshot.top),
        epoch=epoch,
        date=epoch if dated or (epoch and not _sees_date(node, dockerfile)) else None,
        test=definition.test,
    )
    stages = stages_called_as_parents(node)
    return _told_apart(asked, stages) if stages else asked


def stages_called_as_parents(node: Node) -> dict[str, Where]:
    """Return the names of parents that are those of stages, too, as in ``FROM base AS base``, with the stages' places.

    A parent that is bound by such a name would take the stage's place (BuildKit ``dockerfile2llb/convert.go``).
    """
    stages = {stage.name.lower(): stage.where for recipe in node.recipes for stage in recipe.stages if stage.name}
    meant = {context_key(each.name) for each in node.definition.contexts}  # to take a stage's place, where it does
    names = {edge.name: context_key(edge.name) for edge in node.edges if edge.name} if stages else {}
    return {name: stages[key] for name, key in names.items() if key in stages and key not in meant}


def _told_apart(asked: BuildRequest, stages: Mapping[str, Where]) -> BuildRequest:
    """Return a request in which the Dockerfile itself names such parents by their content tags."""
    parents = {name: tag for name, tag in asked.parents.items() if name in stages}
    bound = bind_parents(replace(asked, parents=parents))
    if bound is None:
        name, where = next(iter(stages.items()))
        raise DockerfileError(
            f"the stage '{name}' has the name of an image of this repository", "rename it", where=where
        )
    others = {name: tag for name, tag in asked.parents.items() if name not in stages}
    return replace(asked, dockerfile=bound, parents=others, is_bound=True)


def _sees_date(node: Node, dockerfile: bytes) -> bool:
    """Tell whether a step of an image would be another one with another SOURCE_DATE_EPOCH.

    As an argument it is input, and the commit is none. BuildKit gives it to the folders that WORKDIR makes
    (``dockerfile2llb/convert.go``, dispatchWorkdir), so each commit would begin there without its cache. Of what is not
    known exactly, nobody can tell.
    """
    return (
        not node.exact
        or EPOCH.encode() in dockerfile
        or any(
            operation.keyword == "WORKDIR" or (operation.keyword == "ARG" and EPOCH in operation.args)
            for recipe in node.recipes
            for stage in recipe.stages
            for operation in stage.operations
        )
    )


def _parents(graph: Graph, node: Node) -> dict[str, str]:
    return {edge.name: content_name(graph.nodes[edge.parent]) for edge in node.edges if edge.name}


def external_contexts(node: Node) -> dict[str, str]:
    """Return the named contexts that the builder has to find itself; those that are parents are bound already."""
    bound = {context_key(edge.name) for edge in node.edges}
    contexts = (each for each in node.definition.contexts if each.kind == "external")
    return {each.name: each.value for each in contexts if context_key(each.name) not in bound}


def found_secret(secret: Secret, top: Path) -> Secret:
    """Return a secret with its file as an absolute path: relative ones are from the git root."""
    return replace(secret, file=_on_disk(secret.file, top)) if secret.file else secret


def found_ssh(ssh: Ssh, top: Path) -> Ssh:
    """Return an agent or keys with absolute paths: relative ones are from the git root."""
    return replace(ssh, paths=tuple(_on_disk(each, top) for each in ssh.paths))


def _caches(written: Iterable[str], name: str, top: Path) -> tuple[str, ...]:
    return tuple(placed(each.replace(NAME, name), lambda path: _on_disk(path, top)) for each in written)


def _on_disk(path: str, top: Path) -> str:
    return str(top / os.path.expanduser(path))  # noqa: PTH111 - pathlib's raises where it knows no such user


def _labels(node: Node) -> dict[str, str]:
    return {f"{OWN_LABELS}image": node.name, FINGERPRINT: node.fingerprint}


def placeholders(commit: str | None, dirty: bool, branch: str | None) -> dict[str, str]:
    """Return what the placeholders of tags stand for, "" for what there is none of.

    A work tree with changes is never named as its commit.
    """
    mark = "-dirty" if dirty else ""
    named = {"commit": f"{commit}{mark}", "short_commit": f"{commit[:12]}{mark}"} if commit else {}
    return {"commit": "", "short_commit": "", **named, "branch": (branch or "").lstrip(".-")[:100]}
