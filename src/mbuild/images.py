"""The definition of an image, as build.yaml (or discovery) states it, with every default filled in."""

from __future__ import annotations

from mbuild.errors import Problem, Where
from mbuild.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A build secret: given to BuildKit by file or environment variable, never by value."""

    id: str
    env: str = ""
    file: str = ""

    @property
    def option(self) -> str:
        """It as buildx and bake read it: a line of CSV, so that a path may hold a comma or a quote."""
        import csv
        import io

        line = io.StringIO()
        source = f"env={self.env}" if self.env else f"src={self.file}"
        csv.writer(line, lineterminator="").writerow([f"id={self.id}", source])
        return line.getvalue()


@dataclass(frozen=True, slots=True)
class Ssh:
    """An ssh agent or keys that RUN may use. paths: of its socket or of the keys; () is the agent of SSH_AUTH_SOCK."""

    id: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamedContext:
    """A named context.

    kind: ``folder`` (value: its path from the git root), ``image`` (value: name of an image of this repository) or
    ``external`` (value: as written, e.g. ``docker-image://alpine:3.20``).
    """

    name: str
    kind: str
    value: str
    where: Where | None = None


TEST_SECONDS = 300.0
"""How long a test may take where build.yaml does not say."""


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """What a test expects at a path of the image's root file system. A link there is not followed.

    kind:  ``file``, ``directory``, ``symlink``, ``absent``, or "" for anything. mode: its permission bits, in octal.
    owner: ``UID`` or ``UID:GID``. Where mode or owner are "", they may be anything.
    """

    path: str
    kind: str = ""
    mode: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class ImageTest:
    """What an image must stand before it gets any name.

    command: what is run in a container of it, () for nothing. seconds: how long that may take.
    where, files_where: of the command and of the files in build.yaml.
    """

    command: tuple[str, ...] = ()
    seconds: float = TEST_SECONDS
    files: tuple[ExpectedFile, ...] = ()
    where: Where | None = field(default=None, compare=False)
    files_where: Where | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ImageDef:
    """One image. Paths are relative to the git root, "" being the root itself.

    full_name: the repository name it is known by: REGISTRY/NAME, else PROJECT/NAME, else NAME.
    cache_from, cache_to: descriptions of caches as ``passed.cache`` takes them, ``{name}`` standing for the name.
    unheld:    settings of its build that build.yaml has no place for, where discovery has met some: nobody carries them
               out, but a build by whoever has set them is another one where they change.
    where:     file, line and column of its entry; ``places`` of its keys, for messages.
    """

    name: str
    full_name: str
    dockerfile: str
    context_root: str
    target: str | None = None
    args: tuple[tuple[str, str], ...] = ()
    contexts: tuple[NamedContext, ...] = ()
    aliases: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    ssh: tuple[Ssh, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    builder: str = "auto"
    test: ImageTest | None = None
    unheld: tuple[tuple[str, str], ...] = ()
    where: Where | None = None
    places: tuple[tuple[str, Where], ...] = field(default=(), compare=False)

    def place(self, key: str) -> Where | None:
        """Return where a key (``args.PYTHON``, ``dockerfile``) stands, else where the image stands."""
        return dict(self.places).get(key, self.where)


@dataclass(frozen=True, slots=True)
class Project:
    """What a build.yaml says at one tree: the images by name, sorted, and project-wide settings.

    path: of the build.yaml, from the git root ("" when it lies outside of the repository).
    discover: the patterns whose matches in the tree add images.
    notes: what discovery left out or guessed, where there was no build.yaml.
    read: the paths of the files that it has read; None where there was one.
    warnings: what is most likely not meant as it is written in build.yaml.
    """

    images: tuple[ImageDef, ...]
    name: str = ""
    registry: str = ""
    path: str = ""
    shown: str = "build.yaml"
    discover: tuple[str, ...] = ()
    notes: tuple[Problem, ...] = field(default=(), compare=False)
    read: frozenset[str] | None = field(default=None, compare=False)
    warnings: tuple[Problem, ...] = field(default=(), compare=False)

    def image(self, name: str) -> ImageDef | None:
        """Return the image of this name."""
        return next((each for each in self.images if each.name == name), None)
