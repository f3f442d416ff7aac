"""Every file of a synthetic monorepo, with its content."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator

from bench.monorepo.layout import CORE, Image, Layout
from bench.monorepo.texts import build_yaml, dockerfile, ignore_file, own_ignore_file, packages

BULK = (("docs", "md"), ("assets", "svg"), ("third_party", "c"))
IMAGE_PLACES = ("src/module_{}.py", "src/module_{}.py", "src/inner/part_{}.py", "conf/values_{}.json")
IMAGE_ASIDE = ("tests/test_{}.py", "testdata/sample_{}.json")
LIBRARY_PLACES = ("module_{}.py", "module_{}.py", "inner/part_{}.py", "testdata/sample_{}.json")


def files(layout: Layout) -> dict[str, bytes]:
    """Return all files by path; as many as the size asks for."""
    found = {path: text.encode() for path, text in _definitions(layout)}
    for image in layout.images:
        _fill(found, image.folder, (*IMAGE_PLACES, *IMAGE_ASIDE), layout.size.image_files)
    for library in layout.libraries:
        _fill(found, library, LIBRARY_PLACES, layout.size.library_files)
    for number in range(layout.size.files - len(found)):
        path = bulk_path(number)
        found[path] = content(path)
    return found


def _definitions(layout: Layout) -> Iterator[tuple[str, str]]:
    yield "build.yaml", build_yaml(layout)
    yield ".dockerignore", ignore_file(".git", *(folder for folder, _ in BULK))
    yield f"{CORE}/.dockerignore", ignore_file()
    yield from packages(layout)
    for image in layout.images:
        yield from image_definitions(image)


def image_definitions(image: Image) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of the Dockerfile and the ignore file of one image."""
    yield image.dockerfile, dockerfile(image)
    if image.own_ignore:
        yield f"{image.dockerfile}.dockerignore", own_ignore_file(image)
    if image.root != ".":
        yield f"{image.root}/.dockerignore", ignore_file()


def _fill(found: dict[str, bytes], folder: str, places: tuple[str, ...], count: int) -> None:
    """Add files to a folder; the definitions that are there already count, all but one per place."""
    paths = [f"{folder}/README.md"]
    paths += [f"{folder}/" + places[number % len(places)].format(f"{number:02d}") for number in range(count - 3)]
    for path in paths:
        found[path] = content(path)


def bulk_path(number: int) -> str:
    """Return the path of one file that no image reads."""
    folder, suffix = BULK[number % len(BULK)]
    return f"{folder}/part-{number // 3 % 50:02d}/group-{number // 150 % 40:02d}/item_{number:06d}.{suffix}"


def _noise() -> bytes:
    lines = (hashlib.sha256(number.to_bytes(4)).hexdigest().encode() for number in range(2048))
    return b"\n".join(lines)


NOISE = _noise()


def content(path: str) -> bytes:
    """Return what stands in a file: lines that differ from file to file, from 100 bytes to 8 kB, 1 kB on average."""
    mark = zlib.crc32(path.encode())
    size = 100 + (mark & 0x3FF) + (0x1C00 if mark >> 28 == 0 else 0)
    start = (mark >> 10) % (len(NOISE) - size)
    return b"# %s\n%s\n" % (path.encode(), NOISE[start : start + size])
