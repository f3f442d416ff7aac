"""Monorepos as values: what the renderer spells, the walker judges and the edits change. None is ever written to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

FILE, EXECUTABLE, LINK, SUBMODULE = 0o100644, 0o100755, 0o120000, 0o160000


@dataclass(frozen=True, slots=True)
class Blob:
    """What is at a path. mode: git's; data: the content, the target of a link, or the commit of a submodule in hex."""

    data: bytes
    mode: int = FILE


Tree = Mapping[str, Blob]
"""Paths from the git root (bytes that are not UTF-8 as surrogate escapes) and what is there."""


@dataclass(frozen=True, slots=True)
class Var:
    """A variable in a word: ``${name}``, or with op ``:-`` or ``:+`` and the word behind it."""

    name: str
    op: str = ""
    word: str = ""


Word = tuple[str | Var, ...]


def word(*parts: str | Var) -> Word:
    """Return a word of these parts."""
    return parts


@dataclass(frozen=True, slots=True)
class Document:
    """A heredoc of COPY. quoted: variables stay as written."""

    name: str
    body: Word
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Copy:
    """COPY or ADD. Sources are URLs, or patterns of Go's filepath.Match. origin: what ``--from`` says."""

    sources: tuple[Word, ...]
    dest: str
    keyword: str = "COPY"
    origin: str = ""
    parents: bool = False
    excludes: tuple[str, ...] = ()
    chmod: str = ""
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount of RUN. kind: ``bind``, of which an empty source is everything, or one that takes nothing."""

    target: str
    source: Word = ()
    origin: str = ""
    kind: str = "bind"


@dataclass(frozen=True, slots=True)
class Run:
    """RUN: a shell command, or a heredoc of lines."""

    command: str
    mounts: tuple[Mount, ...] = ()
    document: bool = False


@dataclass(frozen=True, slots=True)
class Define:
    """ENV, ARG or LABEL; an ARG without a value takes over the global one."""

    keyword: str
    name: str
    value: Word | None = None


@dataclass(frozen=True, slots=True)
class Plain:
    """An instruction without variables: WORKDIR, USER, CMD, EXPOSE."""

    keyword: str
    text: str


@dataclass(frozen=True, slots=True)
class Onbuild:
    """A trigger."""

    inner: Copy | Run | Define


Step = Copy | Run | Define | Plain | Onbuild


@dataclass(frozen=True, slots=True)
class Stage:
    """FROM and what follows it; name: "" for none."""

    base: Word
    name: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """shared: the ARGs before the first FROM. syntax: the frontend. spelling: how it is written: it means nothing."""

    stages: tuple[Stage, ...]
    shared: tuple[Define, ...] = ()
    syntax: str = ""
    spelling: int = 0
    crlf: bool = False


@dataclass(frozen=True, slots=True)
class Ignore:
    """The patterns of an ignore file, and how they are written."""

    patterns: tuple[str, ...]
    spelling: int = 0
    crlf: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """An image of build.yaml. root "": the git root. contexts: name and value as build.yaml has them."""

    name: str
    dockerfile: str
    root: str
    target: str = ""
    args: tuple[tuple[str, str], ...] = ()
    contexts: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Monorepo:
    """All of a repository at one commit. files: what is neither a Dockerfile, an ignore file nor build.yaml.

    modules: the commits that the submodule may be at.
    """

    files: Mapping[str, Blob]
    dockerfiles: Mapping[str, Dockerfile]
    ignores: Mapping[str, Ignore]
    images: Mapping[str, Image]
    spelling: int = 0
    project: str = "shop"
    modules: tuple[str, ...] = ()

    def with_file(self, path: str, blob: Blob | None) -> Monorepo:
        """Return it with another file; None: without it."""
        files = dict(self.files)
        files.pop(path, None)
        return replace(self, files=files if blob is None else {**files, path: blob})

    def with_dockerfile(self, path: str, file: Dockerfile) -> Monorepo:
        """Return it with another Dockerfile."""
        return replace(self, dockerfiles={**self.dockerfiles, path: file})

    def with_ignore(self, path: str, ignore: Ignore | None) -> Monorepo:
        """Return it with another ignore file; None: without it."""
        ignores = dict(self.ignores)
        ignores.pop(path, None)
        return replace(self, ignores=ignores if ignore is None else {**ignores, path: ignore})

    def with_image(self, image: Image) -> Monorepo:
        """Return it with another image."""
        return replace(self, images={**self.images, image.name: image})
