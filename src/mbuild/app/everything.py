"""Builds of images from everything in their context roots: what mbuild selects has no part in them.

``Plain`` has a docker client do it as people would; ``Given`` hands a builder of mbuild's whole context roots, minus
what the ignore file names, where there is no such client, or no engine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from mbuild.app.platform import native_platform
from mbuild.app.requests import external_contexts, found_secret, found_ssh
from mbuild.app.stages import Stages, kept
from mbuild.audit.judge import Attempt, Ran
from mbuild.audit.steps import LookedUp, is_step, line_of, looked_up
from mbuild.builders import plain
from mbuild.builders.engine import Engine
from mbuild.builders.masking import mask, masked
from mbuild.builders.protocol import Builder, BuildRequest, Cancel
from mbuild.builders.shelves import Shelf
from mbuild.context.source import ContextSource
from mbuild.dockerfile.model import Recipe
from mbuild.errors import Problem, printable
from mbuild.events import Emit
from mbuild.graph.node import Node
from mbuild.graph.outline import Place
from mbuild.graph.recipes import platforms_of
from mbuild.schedule.failures import classify
from mbuild.tree import follow_folder
from mbuild.values import dataclass, replace


class StoppedError(Exception):
    """The audit was stopped; what it made is taken away again."""


@dataclass(frozen=True, slots=True)
class Order:
    """One build.

    label:    what it is called while it runs. stages: of the tree that it is built from.
    platform: "" for this machine's. tag: the name of the result. fresh: nothing may come from a cache.
    parents:  reference as BuildKit looks it up → name of the image bound to it; images: the same by image.
    """

    label: str
    stages: Stages
    node: Node
    platform: str
    tag: str
    parents: Mapping[str, str]
    images: Mapping[str, str]
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """How it ended, and the images that were looked up for it, where the builder tells."""

    attempt: Attempt
    looked_up: tuple[LookedUp, ...] = ()


class Maker(Protocol):
    """What builds images from everything."""

    def make(self, order: Order, emit: Emit, cancel: Cancel) -> Made:
        """Build one image. Raises StoppedError, EnvironmentFault."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """A docker client with buildx. top: of the repository."""

    engine: Engine
    docker: str
    shelf: Shelf
    top: Path

    def make(self, order: Order, emit: Emit, cancel: Cancel) -> Made:
        """Build one image."""
        asked = self._asked(order)
        hide = mask(asked.secrets, os.environ)
        done = plain.build(self.engine, self.docker, asked, lambda event: emit(hide.event(event)), cancel)
        if cancel:
            raise StoppedError
        done = replace(done, error=hide.text(done.error))
        recipe = recipe_of(order.node, order.platform)
        ran = tuple(Ran(name, line_of(name, recipe)) for name in done.ran if is_step(name))
        if done.error:
            return Made(Attempt(error=done.error, doubt=doubt_of(done.error), ran=ran), looked_up(done.steps))
        return Made(Attempt(self.shelf.image(order.tag), ran=ran, cached=not ran), looked_up(done.steps))

    def _asked(self, order: Order) -> plain.PlainBuild:
        node, definition, stages = order.node, order.node.definition, order.stages
        return plain.PlainBuild(
            image=order.label,
            dockerfile=stages.dockerfile(node),
            context=stages.main_context(node),
            tag=order.tag,
            folders={name: stages.context(root) for name, root in _folders(order)},
            bound=dict(external_contexts(node)) | {key: f"docker-image://{tag}" for key, tag in order.parents.items()},
            args=dict(definition.args),
            target=definition.target,
            platform=order.platform or native_platform(),
            secrets=tuple(found_secret(each, self.top) for each in definition.secrets),
            ssh=tuple(found_ssh(each, self.top) for each in definition.ssh),
            labels=dict(definition.labels),
            fresh=order.fresh,
        )


def _folders(order: Order) -> Iterator[tuple[str, str]]:
    """Yield all named contexts that are folders, used or not, with the folder they lead to."""
    for each in order.node.definition.contexts:
        root = follow_folder(order.stages.tree, each.value) if each.kind == "folder" else None
        if root is not None:
            yield each.name, root


@dataclass(frozen=True, slots=True)
class Given:
    """A builder of mbuild's. steady: it has no cache and gives the same each time."""

    builder: Builder
    shelf: Shelf
    top: Path
    steady: bool = False

    def make(self, order: Order, emit: Emit, cancel: Cancel) -> Made:
        """Build one image."""
        if order.fresh and not self.steady:
            return Made(Attempt(error="this builder cannot build without its cache"))
        asked = self._asked(order)
        beyond = self.builder.check(asked)
        if beyond:
            return Made(Attempt(error=str(beyond[0])))
        sent = (each for source in (asked.context, *asked.folders.values()) for each in source.entries)
        if found := order.stages.converted([*sent, order.node.dockerfile]):
            doubt = f"a checkout has other content of {printable(found[0][0].path)} ({found[0][1]}) than is sent"
            return Made(Attempt(error=doubt, doubt=doubt))
        done = masked(asked.secrets, emit, lambda emit: self.builder.build(asked, emit, cancel))
        if cancel:
            raise StoppedError
        if done.status == "failed":
            text = str((*done.problems, Problem("no message"))[0])
            return Made(Attempt(error=text, doubt=doubt_of(text)))
        return Made(Attempt(self.shelf.image(order.tag)))

    def _asked(self, order: Order) -> BuildRequest:
        node, definition, tree = order.node, order.node.definition, order.stages.tree
        recipe = recipe_of(node, order.platform)
        sources = {each.context: _source(order, each) for each in node.outline.places}
        return BuildRequest(
            image=order.label,
            dockerfile=tree.read(node.dockerfile),
            dockerfile_path=definition.dockerfile,
            recipes=(recipe,),
            target=definition.target,
            args=dict(definition.args),
            platforms=(order.platform or native_platform(),),
            context=sources.pop(""),
            folders=sources,
            parents=order.parents,
            images=order.images,
            platform=platforms_of(definition.platforms, native_platform())[_position(node, order.platform)],
            external=external_contexts(node),
            tags=(order.tag,),
            labels=dict(definition.labels),
            secrets=tuple(found_secret(each, self.top) for each in definition.secrets),
            ssh=tuple(found_ssh(each, self.top) for each in definition.ssh),
            epoch=order.stages.epoch,
        )


def _source(order: Order, place: Place) -> ContextSource:
    return ContextSource(order.stages.tree, place.root, *kept(order.stages.graph, order.node, place))


def doubt_of(error: str) -> str:
    """Return why a failed build says nothing of an image, "" where it does.

    A frontend that cannot read the Dockerfile at all may just be older than it, and has looked at no input.
    """
    if "dockerfile parse error" in error:
        return f"this builder cannot read its Dockerfile: {error}"
    if "failed to create endpoint" in error:  # libnetwork, before a step's command is run
        return f"the engine could not run a step: {error}"
    return f"a build failed in a way that may pass: {error}" if classify(error).passing else ""


def recipe_of(node: Node, platform: str) -> Recipe:
    """Return what an image's Dockerfile does for a platform; "" for the first: this machine's."""
    return node.recipes[_position(node, platform)]


def _position(node: Node, platform: str) -> int:
    return node.definition.platforms.index(platform) if platform in node.definition.platforms else 0
