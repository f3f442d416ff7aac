"""What a source states about builds. All immutable; paths are from the git root, "" being the root itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mbuild.discovery.looking import Looker
from mbuild.errors import Problem, Where
from mbuild.images import Secret
from mbuild.tree import Tree
from mbuild.values import dataclass

FOLDER, EXTERNAL, BUILD = "folder", "external", "build"
ANY = "*"
"""Begins a name that an image is called by, where it depends on the clone what that begins with."""
LABELS = {"bake": "target", "compose": "service", "skaffold": "artifact", "dockerfile": "the Dockerfile of"}
"""What a build is called in notes, by its source."""

# (name of the file, content) of bake and compose files, or a ``.env`` for them, and the targets to print (none: all
# that compose files build) → what buildx prints.
# Raises EnvironmentFault when it cannot be run, ConfigError with its message when it refuses the files.
Bake = Callable[[Sequence[tuple[str, bytes]], Sequence[str]], bytes]


@dataclass(frozen=True, slots=True)
class Other:
    """What a named context stands for.

    kind: FOLDER (value: its path), EXTERNAL (value: as build.yaml has it) or BUILD (value: ``Build.key`` of another).
    """

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Build:
    """One build as one source states it.

    source:    ``bake``, ``compose``, ``skaffold`` or ``dockerfile``.
    name:      of the service, target or artifact as written; for a plain Dockerfile the name made for it.
    where:     file and line that state it.
    read_as:   what its file was read for: a file that is read several times may state several builds under one name.
    requires:  arguments whose value is the name of another image.
    published: image references that the source gives the result, tags included.
    called:    names that it has besides where the source publishes nothing: they count where a Dockerfile uses them.
    ssh, cache_from, cache_to: as build.yaml takes them.
    unheld:    settings that build.yaml has no place for, by name, as text.
    apart:     such settings that no instruction sees: with others the same build makes the same files.
    unset:     arguments that have no value here, or a part of it missing: of variables, which counts as empty.
    guesses:   what was guessed and why, as sentences for a comment.
    aside:     why it is rather no image of its own; "" where it is one.
    """

    source: str
    name: str
    where: Where
    dockerfile: str
    context: str
    target: str | None = None
    args: tuple[tuple[str, str], ...] = ()
    contexts: tuple[tuple[str, Other], ...] = ()
    requires: tuple[tuple[str, Other], ...] = ()
    published: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    ssh: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    unheld: tuple[tuple[str, str], ...] = ()
    apart: tuple[tuple[str, str], ...] = ()
    unset: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    aside: str = ""
    read_as: str = ""

    @property
    def key(self) -> str:
        """What other builds of the same source refer to it by."""
        return build_key(self.where.file, self.name, self.read_as)


def build_key(file: str, name: str, read_as: str = "") -> str:
    """Return the key of the build that a file states under a name; the name is the last part."""
    return f"{file}\0{read_as}\0{name}"


@dataclass(frozen=True, slots=True)
class Stated:
    """What one source found in a tree. project: the name it gives the whole, or ""."""

    builds: tuple[Build, ...] = ()
    problems: tuple[Problem, ...] = ()
    project: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What a source is given: what looks at the tree, its paths without what is vendored, and what is stated already.

    stated: by the sources before it.

    vendored: the paths below folders of other people's code, which no source but plain Dockerfiles looks at.
    """

    looker: Looker
    paths: tuple[str, ...]
    vendored: tuple[str, ...] = ()
    bake: Bake | None = None
    stated: tuple[Build, ...] = ()

    @property
    def tree(self) -> Tree:
        """The tree."""
        return self.looker.tree


@dataclass(frozen=True, slots=True)
class Image:
    """One image after merging: its name in build.yaml, the build, and every place that states it."""

    name: str
    build: Build
    contexts: tuple[tuple[str, str], ...]
    aliases: tuple[str, ...]
    places: tuple[Where, ...]
    guesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Discovery:
    """All that was found in one tree. asides: builds that are rather no images of their own, under usable names.

    read: the paths of the files whose content was looked at.
    """

    images: tuple[Image, ...]
    asides: tuple[Image, ...]
    problems: tuple[Problem, ...]
    project: str = ""
    registry: str = ""
    registry_guessed: bool = False
    read: frozenset[str] = frozenset()
