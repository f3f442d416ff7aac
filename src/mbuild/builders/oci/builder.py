"""Assembling an image from a recipe without RUN: stages are executed in memory, layers go straight into the layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import BinaryIO

from mbuild.builders.oci import descriptor as oci
from mbuild.builders.oci.config import ImageConfig
from mbuild.builders.oci.copying import merge
from mbuild.builders.oci.descriptor import Descriptor, texts
from mbuild.builders.oci.filesystem import FileSystem
from mbuild.builders.oci.layer import Layer, apply_layer
from mbuild.builders.oci.layout import Layout
from mbuild.builders.oci.nodes import Content, FileSystemError
from mbuild.builders.oci.refusal import refusals
from mbuild.builders.oci.sources import ContextFiles, context_files
from mbuild.builders.oci.spool import Spool
from mbuild.builders.oci.stage import Stage, shown
from mbuild.dockerfile.flags import value
from mbuild.dockerfile.model import FolderContext, Operation, ParentImage, Platform, Recipe, Resolved, StageRecipe
from mbuild.errors import EnvironmentFault
from mbuild.values import dataclass

MAIN_CONTEXT = ""


class CancelledError(Exception):
    """The build was cancelled; nothing of it is left in the layout but whole blobs that nothing points to."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """A finished image. digest: of the manifest; image_id: of the configuration; size: bytes of all its blobs."""

    digest: str
    image_id: str
    size: int


def assemble(
    recipe: Recipe,
    *,
    image: str,
    names: Sequence[str],
    contexts: Mapping[str, ContextFiles],
    parents: Callable[[str], Descriptor],
    layout: Layout,
    labels: Mapping[str, str],
    platform: Platform,
    epoch: int,
    emit: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> Assembled:
    """Build a recipe into an opened layout and give the image its names.

    contexts: by name as in ``FolderContext``; "" is the build's own. parents: image name → its manifest in ``layout``.
    epoch: seconds since 1970 for every date. emit: gets one line for each step. The result depends on the arguments
    alone: the same inputs give the same digests everywhere.
    Raises EnvironmentFault for what needs an engine or when the layout cannot be written, BuildFailedError for what
    BuildKit would fail on too, CancelledError.
    """
    problems = refusals(recipe, image)
    if problems:
        raise EnvironmentFault(problems)
    with ExitStack() as cleanup:
        assembly = _Assembly(recipe, contexts, parents, layout, epoch, cancelled, cleanup)
        try:
            for index in range(len(recipe.stages)):
                assembly.run(index, emit)
            return assembly.finish(names, labels, platform)
        except OSError as error:
            raise EnvironmentFault(f"{layout.folder}: image {image} cannot be written: {error.strerror}") from error


class _Assembly:
    """Everything that the stages of one recipe share."""

    def __init__(
        self,
        recipe: Recipe,
        contexts: Mapping[str, ContextFiles],
        parents: Callable[[str], Descriptor],
        layout: Layout,
        epoch: int,
        cancelled: Callable[[], bool],
        cleanup: ExitStack,
    ) -> None:
        self.layout = layout
        self.epoch = epoch
        self._recipe = recipe
        self._contexts = contexts
        self._parents = parents
        self._cancelled = cancelled
        self._cleanup = cleanup
        self._stages: list[Stage] = []
        self._known: dict[str, FileSystem] = {}
        self._kept = _chain(recipe)

    def tick(self) -> None:
        if self._cancelled():
            raise CancelledError

    def spool(self, content: Content) -> Spool:
        return self._spool(content.open)

    def _files(self, resolved: int | Resolved | None) -> FileSystem:
        if isinstance(resolved, int):
            return self._stages[resolved].fs
        if isinstance(resolved, ParentImage):
            return self._parent(resolved.image)
        return self._context(resolved.context if isinstance(resolved, FolderContext) else MAIN_CONTEXT)

    def _source(self, operation: Operation, sources: Sequence[tuple[str, int | Resolved]]) -> FileSystem | None:
        """Return what a COPY or ADD reads; a ``--from`` that resolves to nothing is scratch, which holds nothing."""
        if operation.keyword not in ("COPY", "ADD"):
            return None
        if not sources and value(operation.flags, "from"):
            return FileSystem()
        return self._files(sources[0][1] if sources else None)

    def run(self, index: int, emit: Callable[[str], None]) -> None:
        recipe = self._recipe.stages[index]
        stage = self._begin(recipe, kept=index in self._kept)
        self._stages.append(stage)
        steps = list(zip(recipe.operations, recipe.sources, strict=True))
        for number, (operation, sources) in enumerate(steps, 1):
            emit(f"[{recipe.name or f'stage-{index}'} {number}/{len(steps)}] {shown(operation)}")
            stage.run(operation, self._source(operation, sources))

    def finish(self, names: Sequence[str], labels: Mapping[str, str], platform: Platform) -> Assembled:
        stage = self._stages[-1]
        stage.config.set_labels(labels)
        config = self.layout.write_bytes(
            oci.dump(stage.config.to_json(platform, [layer.diff_id for layer in stage.layers], self.epoch)), oci.CONFIG
        )
        layers = [layer.descriptor for layer in stage.layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": oci.MANIFEST,
            "config": config.to_json(),
            "layers": [layer.to_json() for layer in layers],
        }
        self.tick()
        written = self.layout.put_manifest(oci.dump(manifest), names)
        return Assembled(written.digest, config.digest, sum(each.size for each in (written, config, *layers)))

    def _begin(self, recipe: StageRecipe, *, kept: bool) -> Stage:
        base = recipe.base
        if isinstance(base, int):
            below = self._stages[base]
            config = ImageConfig(below.config.snapshot())
            return Stage(self, below.fs.clone(), config, [*below.layers], keeps=kept, bare=below.bare)
        if isinstance(base, ParentImage):
            return self._from_parent(base.image, kept=kept)
        stage = Stage(self, FileSystem(), ImageConfig(), keeps=kept)
        if isinstance(base, FolderContext):
            merge(self._context(base.context), stage.fs)
            stage.commit()
            stage.config.note(f"FROM {recipe.base_ref}", self.epoch, layer=True)
        return stage

    def _from_parent(self, image: str, *, kept: bool) -> Stage:
        desc = self._parents(image)
        config = self.layout.read_config(desc)
        rootfs = config.get("rootfs")
        diff_ids = texts(rootfs.get("diff_ids")) if isinstance(rootfs, dict) else []
        blobs = self.layout.layers(desc)
        if len(diff_ids) != len(blobs):
            raise EnvironmentFault(f"{image}: its manifest and its configuration disagree: the image layout is damaged")
        layers = [Layer(blob, diff_id) for blob, diff_id in zip(blobs, diff_ids, strict=True)]
        fs = self._parent(image).clone()
        return Stage(self, fs, ImageConfig(config), layers, keeps=kept, bare=not layers)

    def _parent(self, image: str) -> FileSystem:
        key = f"image:{image}"
        if key not in self._known:
            fs = FileSystem()
            for layer in self.layout.layers(self._parents(image)):
                try:
                    apply_layer(fs, self._spool(partial(self.layout.open_blob, layer)), self.tick)
                except FileSystemError as fault:
                    raise EnvironmentFault(f"{image}: layer {layer.digest}: {fault}") from fault
            fs.take_changes()
            self._known[key] = fs
        return self._known[key]

    def _context(self, name: str) -> FileSystem:
        key = f"context:{name}"
        if key not in self._known:
            self._known[key] = context_files(self._contexts[name], self.epoch)
        return self._known[key]

    def _spool(self, opener: Callable[[], BinaryIO]) -> Spool:
        spool = Spool(opener, self.layout.scratch, self.tick)
        self._cleanup.callback(spool.close)
        return spool


def _chain(recipe: Recipe) -> set[int]:
    """Return the stages whose layers end up in the image: the last one and those it starts from."""
    found: set[int] = set()
    at: object = len(recipe.stages) - 1
    while isinstance(at, int):
        found.add(at)
        at = recipe.stages[at].base
    return found
