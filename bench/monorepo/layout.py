"""What is in a synthetic monorepo: images, libraries and who reads what, as values. Nothing of mbuild is used here."""

from __future__ import annotations

from dataclasses import dataclass

from bench.monorepo.sizes import Size

CORE = "libs/core"
"""The library that nearly every image reads."""

UNREAD = ("testdata",)
"""Folders that every ignore file keeps out, wherever they are; so they do ``*.md`` and Dockerfiles."""


@dataclass(frozen=True, slots=True)
class Source:
    """What one COPY takes: a folder, or with a suffix only the files right in it that end so."""

    folder: str
    suffix: str = ""

    def takes(self, path: str) -> bool:
        if not path.startswith(f"{self.folder}/"):
            return False
        rest = path[len(self.folder) + 1 :]
        return not self.suffix or ("/" not in rest and rest.endswith(self.suffix))


@dataclass(frozen=True, slots=True)
class Image:
    """One image.

    kind:     base, service, job or site.
    root:     the context root, "." or the folder.
    parent:   name of the image it starts from, "" for none.
    sources:  of the repository's files, named contexts included.
    core:     "copy" from the context root, "named" through a named context, "" not at all.
    own_ignore: it has a ``Dockerfile.dockerignore``, which keeps ``tests`` out as well.
    staged:   it builds in a stage of its own, beside one that nothing needs.
    release:  build.yaml gives it the argument RELEASE.
    """

    name: str
    kind: str
    folder: str
    root: str
    parent: str = ""
    sources: tuple[Source, ...] = ()
    core: str = ""
    own_ignore: bool = False
    staged: bool = False
    release: bool = False

    @property
    def dockerfile(self) -> str:
        return f"{self.folder}/Dockerfile"

    def reads(self, path: str) -> bool:
        """Whether a change of the file's content can change the image by itself."""
        parts = path.split("/")
        if parts[-1].endswith(".md") or parts[-1].startswith("Dockerfile") or any(part in UNREAD for part in parts):
            return False
        if self.own_ignore and "tests" in parts:
            return False
        return any(source.takes(path) for source in self.sources)


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole monorepo. images: sorted so that parents come first; libraries: folders, the core first."""

    size: Size
    images: tuple[Image, ...]
    libraries: tuple[str, ...]

    def kind(self, kind: str) -> tuple[Image, ...]:
        return tuple(each for each in self.images if each.kind == kind)


def layout(size: Size) -> Layout:
    """Return the monorepo of a size."""
    middle = max(1, size.libraries // 10)
    middles = tuple(f"libs/mid-{number:02d}" for number in range(middle))
    leaves = tuple(f"libs/leaf-{number:03d}" for number in range(size.libraries - middle - 1))
    images = [_base(number) for number in range(size.bases)]
    images += [_service(number, size, middles, leaves) for number in range(size.services)]
    images += [_simple("job", "jobs", number, "base-01") for number in range(size.jobs)]
    images += [_simple("site", "sites", number, "base-00") for number in range(size.sites)]
    return Layout(size, tuple(images), (CORE, *middles, *leaves))


def _base(number: int) -> Image:
    """The first base is the ground of all; the second brings the core library to the jobs."""
    name = f"base-{number:02d}"
    folder = f"bases/{name}"
    if number == 1:
        return Image(name, "base", folder, ".", "base-00", (Source(CORE),), core="copy")
    return Image(name, "base", folder, folder, "base-00" if number else "", (Source(folder),))


def _simple(kind: str, place: str, number: int, parent: str) -> Image:
    name = f"{kind}-{number:03d}"
    folder = f"{place}/{name}"
    return Image(name, kind, folder, folder, parent, (Source(folder),))


def _service(number: int, size: Size, middles: tuple[str, ...], leaves: tuple[str, ...]) -> Image:
    name = f"svc-{number:04d}"
    folder = f"services/{name}"
    parent = f"base-{2 + number // 2 % (size.bases - 2):02d}" if number % 2 == 0 else ""
    release = number % 4 == 1
    if number % 8 == 3:
        sources = (Source(CORE), Source(folder))
        return Image(name, "service", folder, folder, parent, sources, core="named", release=release)
    own = (Source(folder),) if number % 3 == 0 else (Source(f"{folder}/src"), Source(f"{folder}/conf", ".json"))
    first, second = leaves[number % len(leaves)], leaves[(number * 7 + 3) % len(leaves)]
    libraries = (Source(CORE), Source(middles[number % len(middles)]), Source(first), Source(second, ".py"))
    return Image(
        name,
        "service",
        folder,
        ".",
        parent,
        (*libraries, *own),
        core="copy",
        own_ignore=number % 10 == 0,
        staged=number % 3 == 2,
        release=release,
    )
