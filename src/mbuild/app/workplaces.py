"""Where an audit builds: in the engine with a docker client or without, or with no engine in a layout of its own."""

from __future__ import annotations

from pathlib import Path

from mbuild.app.everything import Given, Maker, Plain
from mbuild.builders.buildx import find_docker
from mbuild.builders.embedded import Embedded
from mbuild.builders.engine import Engine
from mbuild.builders.engine_store import EngineStore
from mbuild.builders.oci.layout import Layout
from mbuild.builders.protocol import Builder
from mbuild.builders.shelves import EngineShelf, LayoutShelf, Shelf
from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where an audit builds.

    builder: where images exist already; here: looks into it. own: a builder into the place of the audit's own images.
    maker:   builds from everything. shelf: looks into the results. words: who builds, for people.
    """

    builder: Builder
    here: Shelf
    own: Builder
    maker: Maker
    shelf: Shelf
    words: str


def workplace(builder: Builder, top: Path, scratch: Path) -> Workplace:
    """Return how a builder's images are built from everything. scratch: for an image layout without an engine."""
    if isinstance(builder, EngineStore):
        return _in_engine(builder, builder.engine, top)
    own = Embedded(scratch / "oci")
    here, shelf = LayoutShelf(Layout(Path(builder.place))), LayoutShelf(Layout(own.output).open_or_create())
    return Workplace(builder, here, own, Given(own, shelf, top, steady=True), shelf, "the embedded builder")


def _in_engine(builder: Builder, engine: Engine, top: Path) -> Workplace:
    shelf = EngineShelf(engine)
    docker = find_docker() if builder.name != "docker" else None
    if docker is not None:
        words = f"docker buildx build in {builder.place}"
        return Workplace(builder, shelf, builder, Plain(engine, docker, shelf, top), shelf, words)
    words = f"{builder.name} in {builder.place}"
    return Workplace(builder, shelf, builder, Given(builder, shelf, top), shelf, words)
