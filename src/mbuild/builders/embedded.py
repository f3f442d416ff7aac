"""The embedded ``oci`` builder behind the builder protocol: no daemon, an OCI image layout as its store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mbuild.builders.oci.builder import CancelledError, assemble
from mbuild.builders.oci.descriptor import Descriptor
from mbuild.builders.oci.layout import Layout
from mbuild.builders.oci.reference import canonical
from mbuild.builders.oci.refusal import ENGINE_HINT, refusals
from mbuild.builders.protocol import BuildRequest, BuildResult, Cancel, Examined, Stored
from mbuild.context.source import ContextSource
from mbuild.context.stream import verified
from mbuild.errors import BuildFailedError, EnvironmentFault, Problem
from mbuild.events import Emit, Step, StepDone
from mbuild.images import ImageDef
from mbuild.schedule.jobs import Capacity
from mbuild.tree import Entry, decode
from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.registry.registries import Registries


@dataclass(slots=True)
class Embedded:
    """Assembles images into the image layout in one folder."""

    output: Path
    name: str = "oci"

    @property
    def place(self) -> str:
        """Where the images end up, for people."""
        return str(self.output)

    @property
    def capacity(self) -> Capacity | None:
        """Return None: images are assembled here."""
        return None

    @property
    def plain_registries(self) -> Collection[str]:
        """None: nobody says of any that it needs no TLS."""
        return ()

    @property
    def runs_tests(self) -> bool:
        """Return False: nothing can be run here."""
        return False

    def existing(self, names: Collection[str]) -> Mapping[str, str]:
        """Return, of these names, those that the layout holds with all that they point to."""
        if not (self.output / "index.json").is_file():
            return {}
        layout = Layout(self.output)
        held = {canonical(name): found for name, found in layout.names().items()}
        found = {name: held[canonical(name)] for name in names if canonical(name) in held}
        return {name: each.digest for name, each in found.items() if layout.is_whole(each)}

    def stored(self, names: Collection[str], *, again: bool) -> Mapping[str, Stored]:  # noqa: ARG002 - reading is quick
        """Return what the layout holds under these names: sizes are those of packed layers and the configuration."""
        if not (self.output / "index.json").is_file():
            return {}
        layout = Layout(self.output)
        held = {canonical(name): found for name, found in layout.names().items()}
        found = {name: held[canonical(name)] for name in names if canonical(name) in held}
        return {name: Stored(*layout.weighed(each)) for name, each in found.items()}

    def close(self) -> None:
        """Do nothing: files are closed as soon as they are written."""

    def tag(self, existing: str, names: Sequence[str]) -> None:
        """Give an image of the layout more names."""
        Layout(self.output).open_or_create().tag(existing, names)

    def push(self, name: str, registries: Registries) -> str:
        """Push an image of the layout, and return the digest that was read back. Raises RegistryError."""
        from mbuild.builders.oci.transfer import push

        return push(Layout(self.output), name, registries)

    def pull(self, name: str, registries: Registries) -> bool:
        """Bring an image into the layout. Raises RegistryError."""
        from mbuild.builders.oci.transfer import pull

        pull(Layout(self.output).open_or_create(), name, registries)
        return True

    def accepts(self, definition: ImageDef) -> bool:  # noqa: ARG002
        """Tell nothing: whether there is a RUN is seen in a request only."""
        return False

    def check(self, request: BuildRequest) -> tuple[Problem, ...]:
        """Return the first RUN and every other thing that needs an engine."""
        found: list[Problem] = []
        if len(request.platforms) > 1:
            found.append(Problem(f"image '{request.image}': several platforms need an engine", hints=(ENGINE_HINT,)))
        return (*found, *refusals(request.recipes[0], request.image))

    def build(self, request: BuildRequest, emit: Emit, cancel: Cancel) -> BuildResult:
        """Assemble one image and name it."""
        layout = Layout(self.output).open_or_create()
        contexts = {"": _Files(request.context)} | {name: _Files(each) for name, each in request.folders.items()}
        steps = _Steps(request.image, emit)
        try:
            done = assemble(
                request.recipes[0],
                image=request.image,
                names=request.names,
                contexts=contexts,
                parents=lambda name: _held(layout, request.images[name]),
                layout=layout,
                labels=request.labels,
                platform=request.platform,
                epoch=0,
                emit=steps.begin,
                cancelled=lambda: bool(cancel),
            )
        except CancelledError:
            return BuildResult("cancelled")
        except BuildFailedError as error:
            steps.end(str(error))
            return BuildResult("failed", problems=error.problems)
        steps.end()
        return BuildResult("built", done.image_id, done.digest, sent=request.context.bytes)

    def test(self, request: BuildRequest, built: BuildResult, emit: Emit, cancel: Cancel) -> Examined:
        """Check the root file system of an image; a command is not run, and the result says so."""
        from mbuild.builders import testing
        from mbuild.builders.oci.trial import check

        assert request.test is not None
        assert built.digest is not None
        testing.begun(request.image, request.test, emit)
        try:
            tested = check(Layout(self.output), built.digest, request.test, _tick(cancel))
        except CancelledError:
            return Examined("cancelled")
        testing.ended(request.image, emit, tested.problems if tested.status == "failed" else ())
        return tested

    def clear(self, owner: str) -> bool:  # noqa: ARG002
        """Return False: builds leave nothing here that is not swept as they begin, and what engines do is there yet."""
        return False

    def admit(self, request: BuildRequest, built: BuildResult) -> None:
        """Give an image that was just built its names."""
        assert built.digest is not None
        Layout(self.output).name(built.digest, request.tags)

    def discard(self, built: BuildResult) -> None:
        """Leave its blobs: nothing points to them, and the next build of it finds them."""


def _tick(cancel: Cancel) -> Callable[[], None]:
    def tick() -> None:
        if cancel:
            raise CancelledError

    return tick


class _Steps:
    """Tells of one step after the other: each ends when the next begins, or the image ends."""

    def __init__(self, image: str, emit: Emit) -> None:
        self._image = image
        self._emit = emit
        self._running = ""

    def begin(self, name: str) -> None:
        self.end()
        self._running = name
        self._emit(Step(self._image, name, name))

    def end(self, error: str = "") -> None:
        if self._running:
            self._emit(StepDone(self._image, self._running, error=error))
        self._running = ""


def _held(layout: Layout, name: str) -> Descriptor:
    found = layout.find(name)
    if found is None:
        raise EnvironmentFault(f"{layout.folder} does not hold {name} any more", "run again: it will be built")
    return found


@dataclass(frozen=True, slots=True)
class _Files:
    """A context as the assembler reads it: entries relative to its root, each file verified while it is read."""

    source: ContextSource

    def entries(self) -> Sequence[Entry]:
        entries = self.source.files_alone()
        sized = zip(entries, self.source.tree.sizes(entries), strict=True)
        return [Entry(self._relative(each.path), each.mode, each.oid, size) for each, size in sized]

    def folders(self) -> Sequence[str]:
        return self.source.folders

    def open(self, entry: Entry) -> BinaryIO:
        return verified(self.source, self._absolute(entry))

    def link(self, entry: Entry) -> str:
        return decode(self.source.tree.read(self._absolute(entry)))

    def _relative(self, path: str) -> str:
        return path[len(self.source.root) + 1 :] if self.source.root else path

    def _absolute(self, entry: Entry) -> Entry:
        path = f"{self.source.root}/{entry.path}" if self.source.root else entry.path
        return Entry(path, entry.mode, entry.oid, entry.size)
