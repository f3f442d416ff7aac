"""The values that the Dockerfile code hands on. All immutable."""

from __future__ import annotations

from collections.abc import Callable

from mbuild.errors import Where
from mbuild.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A here-document of an instruction (BuildKit ``parser.Heredoc``).

    name:   the delimiter word without quotes; also the file name that COPY gives the document.
    expand: whether variables in it are expanded (the delimiter was not quoted).
    chomp:  ``<<-``: leading tabs were removed.
    """

    name: str
    content: str
    expand: bool = True
    chomp: bool = False
    fd: int = 0


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction as the parser reads it (BuildKit ``parser.Node``), before any expansion.

    keyword:  upper case.
    args:     the words of the instruction. ENV and LABEL: name, value, separator triples as in BuildKit; ONBUILD: ().
    flags:    the ``--name=value`` words before the arguments, as written.
    json:     the arguments were a JSON array (exec form).
    inner:    the instruction behind ONBUILD.
    original: the logical line: continuations joined, comments inside it gone, without the heredocs' bodies.
    """

    keyword: str
    args: tuple[str, ...]
    flags: tuple[str, ...]
    json: bool
    heredocs: tuple[Heredoc, ...]
    original: str
    where: Where
    end_line: int
    inner: Instruction | None = None


@dataclass(frozen=True, slots=True)
class Warning_:  # noqa: N801 - `Warning` is a builtin
    """Something BuildKit accepts with a warning."""

    message: str
    where: Where


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A parsed Dockerfile: its instructions in order and the parser directives that were in force."""

    path: str
    instructions: tuple[Instruction, ...]
    escape: str = "\\"
    syntax: str | None = None
    syntax_line: int = 0
    warnings: tuple[Warning_, ...] = ()


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform as in ``linux/arm64/v8``."""

    os: str = "linux"
    arch: str = "amd64"
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.arch, self.variant) if part)


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that a reachable stage uses and that is no stage of the Dockerfile.

    name: after expansion, as BuildKit would look it up. kind: ``from``, ``copy`` or ``mount``;
    ``syntax``: the frontend.
    """

    name: str
    kind: str
    where: Where
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Inherited:
    """What FROM takes over from an image that is known: the part of its configuration that decides what a child reads.

    env is in order of definition. workdir is absolute or "" when none was set. unknown: the external image at the
    bottom, whose own configuration is not known; "" where there is none, so that this is all there is. foreign: another
    frontend than Docker's made the image, so that nothing of it is known, its triggers neither; ``unknown`` names it.
    """

    env: tuple[tuple[str, str], ...] = ()
    onbuild: tuple[str, ...] = ()
    workdir: str = ""
    unknown: str = ""
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class FolderContext:
    """A reference that a named context replaces by a folder of the repository."""

    context: str


@dataclass(frozen=True, slots=True)
class ParentImage:
    """A reference that is an image of this repository. ``inherited`` is None where only files are taken from it."""

    image: str
    inherited: Inherited | None = None


@dataclass(frozen=True, slots=True)
class ExternalImage:
    """A reference that this repository does not build: an image reference, a URL or another source, as text."""

    ref: str


Resolved = FolderContext | ParentImage | ExternalImage
Resolver = Callable[[Reference], Resolved]


@dataclass(frozen=True, slots=True)
class Read:
    """Paths that one instruction takes from a context.

    context:  "" for the build's context, else the name of a named context that is a folder.
    sources:  local sources after expansion, as written (relative to the context root; wildcards kept). "/" is all.
    """

    context: str
    keyword: str
    sources: tuple[str, ...]
    where: Where
    excludes: tuple[str, ...] = ()
    parents: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a Dockerfile cannot be read exactly, and where; the whole context root is then the input."""

    reason: str
    where: Where


@dataclass(frozen=True, slots=True)
class Operation:
    """One instruction of a reachable stage with everything BuildKit expands expanded.

    flags: name → value without dashes; a flag without a value has "true". Repeated flags are repeated pairs.
    args:  as in ``Instruction.args`` after expansion. RUN, CMD, ENTRYPOINT and SHELL words stay as written.
           ARG: name and effective value, or the name alone where it has none.
    """

    keyword: str
    args: tuple[str, ...]
    flags: tuple[tuple[str, str], ...]
    json: bool
    heredocs: tuple[Heredoc, ...]
    where: Where
    from_onbuild: bool = False


@dataclass(frozen=True, slots=True)
class StageRecipe:
    """One reachable stage.

    base:       index (into ``Recipe.stages``) of the stage it starts from, or what its FROM resolves to; None: scratch.
    base_ref:   the reference as written after expansion ("" for a stage base or scratch).
    sources:    for each operation, by position: what ``--from`` (COPY) or each mount's ``from`` resolves to:
                (word as written, stage index | Resolved).
    """

    name: str
    index: int
    base: int | Resolved | None
    base_ref: str
    platform: str
    operations: tuple[Operation, ...]
    sources: tuple[tuple[tuple[str, int | Resolved], ...], ...]
    where: Where


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that one target of a Dockerfile does for one platform: the reachable stages in order, the last is the target.

    references: every name outside the Dockerfile, in order of use, with what it resolves to.
    older:      what an older BuildKit does instead, where it reads ARG otherwise: it counts as well.
    """

    stages: tuple[StageRecipe, ...]
    reads: tuple[Read, ...]
    references: tuple[tuple[Reference, Resolved], ...]
    inherited: Inherited
    syntax: str | None = None
    doubts: tuple[Doubt, ...] = ()
    warnings: tuple[Warning_, ...] = field(default=())
    older: Recipe | None = None

    @property
    def first_run(self) -> Where | None:
        """Where the first RUN is, or None: without RUN an image can be assembled with no engine."""
        for stage in self.stages:
            for operation in stage.operations:
                if operation.keyword == "RUN":
                    return operation.where
        return None
