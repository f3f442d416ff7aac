"""The builder protocol. A new builder implements it and gets one line in ``registry.py``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from mbuild.context.source import ContextSource
from mbuild.dockerfile.model import Platform, Recipe
from mbuild.errors import Problem
from mbuild.events import Emit
from mbuild.images import ImageDef, ImageTest, Secret, Ssh
from mbuild.schedule.jobs import Capacity
from mbuild.values import dataclass, field

if TYPE_CHECKING:
    from mbuild.registry.registries import Registries


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """Everything a builder needs for one image; it looks at nothing else.

    dockerfile:      the file's bytes; dockerfile_path: from the git root, for messages.
    is_bound:        the bytes are not those of the tree: parents that stages are called as are named by their tags.
    context:         what COPY and ADD may read; folders: named contexts that are folders, by name.
    parents:         reference as BuildKit looks it up → content tag of the parent in this builder's store.
    images:          name of each parent → its content tag. platform: the first one, resolved where none is named.
    external:        named contexts that are neither folders nor images, as written, by name.
    cache_from:      caches as buildx takes them, as are those of cache_to.
    tags:            full names of the result, the content tag first. epoch: mtime of everything sent, in seconds.
    date:            of the image's configuration and history, in seconds since 1970; None: that of the build.
    test:            what the result must stand before it gets any of them. owner: see ``Builder.test``.
    push:            it will be published: a builder that does not keep images where its engine does may do so at once.
    """

    image: str
    dockerfile: bytes
    dockerfile_path: str
    recipes: tuple[Recipe, ...]
    target: str | None
    args: Mapping[str, str]
    platforms: tuple[str, ...]
    context: ContextSource
    folders: Mapping[str, ContextSource]
    parents: Mapping[str, str]
    images: Mapping[str, str]
    platform: Platform
    external: Mapping[str, str]
    tags: tuple[str, ...]
    labels: Mapping[str, str]
    secrets: tuple[Secret, ...]
    epoch: int
    ssh: tuple[Ssh, ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    date: int | None = None
    test: ImageTest | None = None
    owner: str = ""
    push: bool = False
    is_bound: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the build itself gives: none where a test comes first."""
        return () if self.test else self.tags


@dataclass(frozen=True, slots=True)
class BuildResult:
    """How a build ended. A failed build is a value, not an exception.

    status:   ``built``, ``cached`` (every step came from the cache), ``failed`` or ``cancelled``.
    image_id: the configuration's digest; digest: the manifest's, where the builder knows it.
    problems: what went wrong. sent: bytes of context. log: the last lines of the failing step.
    test:     "" where there was none, else ``passed``, ``checked`` (not all of it could be run) or ``failed``.
    warnings: what is wrong although the build succeeded.
    bases:    of external images that were used → digest, by ``bases.key``: the manifest's, or the image id where the
              engine has it without a manifest. Those that the builder does not tell are left out.
    """

    status: str
    image_id: str | None = None
    digest: str | None = None
    problems: tuple[Problem, ...] = ()
    sent: int = 0
    log: tuple[str, ...] = ()
    test: str = ""
    warnings: tuple[Problem, ...] = ()
    bases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Examined:
    """How a test ended. status: ``passed``, ``checked`` (not all of it could be run), ``failed`` or ``cancelled``.

    problems: why it failed; else what was not done, for a warning. log: the last lines of the command.
    """

    status: str
    problems: tuple[Problem, ...] = ()
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """An image where a builder keeps images.

    image_id:  the configuration's digest, or what an engine calls it by. digest: the manifest's, where there is one.
    size:      of its layers in bytes, as they lie there.
    manifests: digests under which it came from or went to registries, by repository.
    fingerprint: what its label says it is made of, where the builder says it; "" for none.
    """

    image_id: str
    size: int
    digest: str | None = None
    manifests: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""


@dataclass(slots=True)
class Cancel:
    """A flag that is raised once; whoever must stop something at once leaves a callback."""

    _event: threading.Event = field(default_factory=threading.Event)
    _callbacks: list[Callable[[], None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __bool__(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until cancelled, at most for some seconds; returns whether it is."""
        return self._event.wait(seconds)

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` when cancelled (at once if that is already so); returns what takes it back."""
        with self._lock:
            if not self._event.is_set():
                self._callbacks.append(callback)
                return lambda: self._forget(callback)
        callback()
        return lambda: None

    def _forget(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

    def cancel(self) -> None:
        """Raise the flag and call everyone who asked."""
        with self._lock:
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()


class Builder(Protocol):
    """What builds images and keeps them. Methods may be called from several threads at once.

    Failures of the surroundings (daemon gone, disk full) raise EnvironmentFault; a failing build is a BuildResult.
    """

    @property
    def name(self) -> str:
        """The builder's name."""
        ...

    @property
    def place(self) -> str:
        """Where the images end up, for people."""
        ...

    @property
    def capacity(self) -> Capacity | None:
        """What the machine has that builds; None: it is this one."""
        ...

    @property
    def plain_registries(self) -> Collection[str]:
        """Hosts of registries that may be asked without TLS, besides those of this machine."""
        ...

    @property
    def runs_tests(self) -> bool:
        """Whether commands of tests are run; else an image that it keeps may be one of which nobody knows."""
        ...

    def existing(self, names: Collection[str]) -> Mapping[str, str]:
        """Return, of these full names with tags, those that exist → image id. One call for all of them."""
        ...

    def stored(self, names: Collection[str], *, again: bool) -> Mapping[str, Stored]:
        """Return what it holds under those of these full names that exist. One call for all of them.

        again: something was built or brought since ``existing`` was asked; else that may be known without a call.
        """
        ...

    def tag(self, existing: str, names: Sequence[str]) -> None:
        """Give an image more names that existed when the run began. Raises MbuildError where it is gone since."""
        ...

    def accepts(self, definition: ImageDef) -> bool:
        """Tell whether it can try to build whatever is defined so: ``check`` would find nothing in any request for it.

        That spares a run the requests of all images before the first of them is built.
        """
        ...

    def check(self, request: BuildRequest) -> tuple[Problem, ...]:
        """Return why this builder cannot build the image at all; () when it can try."""
        ...

    def build(self, request: BuildRequest, emit: Emit, cancel: Cancel) -> BuildResult:
        """Build one image and give it ``request.names``."""
        ...

    def test(self, request: BuildRequest, built: BuildResult, emit: Emit, cancel: Cancel) -> Examined:
        """Test an image that was just built and has no names. Cancelled, it discards it, if there is time for that.

        What is left of it when this process is killed carries ``request.owner``; whatever carries it already is of a
        run that is dead, and is removed. "" for an owner: nothing is.
        """
        ...

    def clear(self, owner: str) -> bool:
        """Remove what killed runs left that carries this mark; tells whether all is gone. Nothing is raised."""
        ...

    def admit(self, request: BuildRequest, built: BuildResult) -> None:
        """Give an image that was just built all its names, the content tag first."""
        ...

    def discard(self, built: BuildResult) -> None:
        """Remove an image that was just built, if it has no name. Nothing is raised: it is only in the way."""
        ...

    def push(self, name: str, registries: Registries) -> str:
        """Push one name of an image that exists; returns the manifest's digest, read back from the registry.

        Raises RegistryError, also when something else is there afterwards.
        """
        ...

    def pull(self, name: str, registries: Registries) -> bool:
        """Bring an image from its registry to where builds look for it; tells whether it is kept there now.

        It is not where builds look into registries themselves. Raises RegistryError.
        """
        ...

    def close(self) -> None:
        """Give back connections. The builder is not used afterwards."""
        ...
