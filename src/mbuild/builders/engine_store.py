"""The half of a builder that its engine does: what exists there, names, pushing and pulling, tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from mbuild.builders.engine import Engine
from mbuild.builders.protocol import BuildRequest, BuildResult, Cancel, Examined, Stored
from mbuild.builders.pushing import pull, push
from mbuild.builders.waiting import until_cancelled
from mbuild.errors import EnvironmentFault
from mbuild.events import Emit
from mbuild.schedule.jobs import Capacity
from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.registry.registries import Registries

CANCEL_SECONDS = 1.0
"""In which an engine that is not too busy has removed the container of a test."""


@dataclass(slots=True)
class EngineStore:
    """The half of a builder that its engine does: what exists there, and under which names."""

    engine: Engine

    @property
    def place(self) -> str:
        """Where the images end up, for people."""
        return f"the engine at {self.engine.host}"

    @property
    def capacity(self) -> Capacity | None:
        """What the engine's machine has, where it says so."""
        processors, memory = self.engine.info.get("NCPU"), self.engine.info.get("MemTotal")
        return Capacity(int(processors), int(memory or 0)) if processors else None

    @property
    def plain_registries(self) -> Collection[str]:
        """The hosts that the engine's own configuration calls insecure (``insecure-registries``)."""
        known = (self.engine.info.get("RegistryConfig") or {}).get("IndexConfigs") or {}
        return tuple(host for host, about in known.items() if not about.get("Secure", True))

    @property
    def runs_tests(self) -> bool:
        """Return True: in containers."""
        return True

    def existing(self, names: Collection[str]) -> Mapping[str, str]:
        """Return, of these names, those that the engine holds."""
        return self.engine.existing(names)

    def stored(self, names: Collection[str], *, again: bool) -> Mapping[str, Stored]:
        """Return what the engine holds under these names: sizes are those of unpacked layers."""
        return self.engine.stored(names, again=again)

    def push(self, name: str, registries: Registries) -> str:
        """Push one name, and return the digest that was read back from the registry. Raises RegistryError."""
        digest = push(self.engine.client, name)
        return registries.verified(name, self.engine.image_id(name), *([digest] if digest else [])).digest

    def pull(self, name: str, registries: Registries) -> bool:  # noqa: ARG002 - the engine talks to the registry itself
        """Bring an image into the engine. Raises RegistryError."""
        pull(self.engine.client, name)
        self.engine.brought.add(name)
        return True

    def close(self) -> None:
        """Close the connection to the engine."""
        self.engine.close()

    def tag(self, existing: str, names: Sequence[str]) -> None:
        """Give an image of the engine more names. Raises BuildFailedError where it is gone."""
        self.engine.tag_again(existing, names)

    def test(self, request: BuildRequest, built: BuildResult, emit: Emit, cancel: Cancel) -> Examined:
        """Test an image in a container of the engine."""
        from mbuild.builders.trial import Trial

        assert request.test is not None
        self.engine.clear(request.owner)
        trial, test = Trial(self.engine, request, self._id(built), emit, cancel), request.test

        def work() -> Examined:
            done = trial.run(test)
            if done.status == "cancelled":
                self.discard(built)
            return done

        return until_cancelled(work, cancel, Examined("cancelled"), CANCEL_SECONDS)

    def clear(self, owner: str) -> bool:
        """Remove what killed runs have left in the engine and among temporary files; tells whether that is all gone."""
        from mbuild.builders.leftovers import clear

        return clear(self.engine, owner)

    def admit(self, request: BuildRequest, built: BuildResult) -> None:
        """Give an image that was just built its names."""
        self.engine.tag(self._id(built), request.tags)

    def discard(self, built: BuildResult) -> None:
        """Remove an image that was just built, if it has no name."""
        self.engine.discard(self._id(built))

    def _id(self, built: BuildResult) -> str:
        """Return what the engine knows an image by: its manifest, or in a graph driver its configuration."""
        found = (self.engine.containerd_store and built.digest) or built.image_id
        if not found:
            raise EnvironmentFault(
                "the engine did not say which image it built", "--builder buildx asks it another way"
            )
        return found
