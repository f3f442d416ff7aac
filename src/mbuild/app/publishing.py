"""What a run does with registries: what exists there, the content tag of each image, and the moving tags last.

A name counts as pushed only after its manifest was read back. The content tag of an image comes first; the other tags
only move a manifest that is there, so that none ever points to something partial.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from mbuild.builders.protocol import Builder
from mbuild.errors import MbuildError, Problem
from mbuild.names import parse_reference
from mbuild.registry.registries import Registries

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Published:
    """What is in the registry now. names: read back, the content tag first; digest: of the manifest of all of them."""

    digest: str
    names: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Publisher:
    """Publishes the images of one run.

    held: content names that the registry had when the run began → digest.
    """

    builder: Builder
    registries: Registries
    held: Mapping[str, str] = field(default_factory=dict)

    def content(self, name: str) -> Published:
        """Have an image under its content tag in its registry. Raises RegistryError, EnvironmentFault."""
        digest = self.held.get(name) or self.builder.push(name, self.registries)
        return Published(digest, (name,))

    def tags(self, wanted: Mapping[str, tuple[Published, Sequence[str]]]) -> dict[str, Published]:
        """Give images their other names, several at once.

        wanted: of each image, what is there already and the names to give. An image for which that fails has problems.
        """
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            found = pool.map(lambda pair: self._tag(*pair), wanted.values())
            return dict(zip(wanted, found, strict=True))

    def _tag(self, there: Published, names: Sequence[str]) -> Published:
        content, done = there.names[0], list(there.names)
        for name in names:
            try:
                self.registries.promote(content, [name])
            except MbuildError as error:
                return Published(there.digest, tuple(done), error.problems)
            done.append(name)
        return Published(there.digest, tuple(done))


def in_registries(names: Collection[str], registries: Registries) -> Mapping[str, str]:
    """Return, of content names, those that their registries have → digest. Raises RegistryError.

    Only names that begin with the host of a registry are asked for: others are Docker Hub's by default alone.
    """
    asked = [name for name in names if names_registry(name)]
    return registries.existing(asked)


def names_registry(name: str) -> bool:
    """Tell whether a full name says which registry it is in."""
    return parse_reference(name).domain == name.partition("/")[0]
