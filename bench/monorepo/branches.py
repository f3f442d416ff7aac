"""Branches of a synthetic monorepo, and what each affects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bench.monorepo.files import bulk_path, content, image_definitions
from bench.monorepo.layout import CORE, Image, Layout
from bench.monorepo.texts import build_yaml
from bench.monorepo.truth import affected

MAIN = "main"
MOVED = "main-moved"
"""The base branch after others went on with it: a core library that is newer than any branch."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One commit on top of main. edits: new contents by path; affected: the images, sorted."""

    name: str
    edits: Mapping[str, bytes]
    affected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class State:
    """A work tree to ask about. checkout: its branch; edits: contents on disk that are not committed."""

    name: str
    checkout: str
    base: str
    edits: Mapping[str, bytes]
    affected: tuple[str, ...]


def branches(layout: Layout, files: Mapping[str, bytes]) -> Iterator[Branch]:
    """Yield all branches but main. files: of main."""
    plain = _plain(layout)
    with_argument = next(each for each in layout.images if each.release)
    comment = files[plain.dockerfile].replace(b"# The image", b"# This is the image")

    def touched(name: str, *paths: str) -> Branch:
        return Branch(name, {path: edited(files[path], name) for path in paths}, affected(layout, paths))

    yield touched("service", source_file(plain))
    yield touched("leaf", f"{layout.libraries[-1]}/module_00.py")
    yield touched("core", f"{CORE}/module_00.py")
    yield touched("docs", bulk_path(0), bulk_path(3))
    yield touched("base", f"{layout.kind('base')[2].folder}/src/module_00.py")
    yield Branch("comment", {plain.dockerfile: comment}, ())
    label = files[plain.dockerfile] + b'LABEL changed="yes"\n'
    yield Branch("dockerfile", {plain.dockerfile: label}, affected(layout, images=[plain.name]))
    yield touched("unreached", f"{_staged(layout).folder}/tests/test_04.py")
    text = build_yaml(layout, {with_argument.name: 2}).encode()
    yield Branch("argument", {"build.yaml": text}, affected(layout, images=[with_argument.name]))
    yield touched("ignored", f"{CORE}/testdata/sample_03.json", f"{CORE}/README.md")
    yield _added(len(layout.kind("job")))
    yield touched("many", *_many(layout, files))
    yield touched(MOVED, f"{CORE}/module_01.py", bulk_path(6))


def _plain(layout: Layout) -> Image:
    """Return a service in the middle with the git root as context root, one stage and no parent."""
    found = [each for each in layout.kind("service") if each.root == "." and not each.parent and not each.staged]
    return found[len(found) // 2]


def _staged(layout: Layout) -> Image:
    """Return a service with a stage that nothing needs: it reads ``tests``."""
    return next(each for each in layout.images if each.staged)


def source_file(image: Image) -> str:
    """Return a file that the image reads."""
    return f"{image.folder}/src/module_00.py"


def edited(text: bytes, mark: str) -> bytes:
    """Return a content that is new."""
    return b"%s# changed by %s\n" % (text, mark.encode())


def _added(number: int) -> Branch:
    """Return a branch with one job more, which only ``discover`` finds."""
    name = f"job-{number:03d}"
    folder = f"jobs/{name}"
    image = Image(name, "job", folder, folder)
    new = {path: text.encode() for path, text in image_definitions(image)}
    return Branch("added", new | {source_file(image): content(source_file(image))}, (name,))


def _many(layout: Layout, files: Mapping[str, bytes]) -> Iterable[str]:
    """Return many paths: half of them unread, the others in the first services and the last libraries."""
    third = layout.size.many // 4
    unread = [path for path in map(bulk_path, range(layout.size.files)) if path in files]
    services = [path for path in files if path.startswith("services/") and not _defines(path)]
    leaves = [path for path in files if path.startswith("libs/leaf-") and not _defines(path)]
    chosen = services[:third] + leaves[-third:]
    return sorted({*chosen, *unread[: layout.size.many - len(chosen)]})


def _defines(path: str) -> bool:
    return path.rpartition("/")[2].startswith(("Dockerfile", ".dockerignore", "package.json"))


def states(layout: Layout, files: Mapping[str, bytes]) -> Iterator[State]:
    """Yield the work trees to ask about."""
    plain = _plain(layout)
    source, core, new = source_file(plain), f"{CORE}/module_00.py", f"{plain.folder}/src/new_module.py"
    edit = {source: edited(files[source], "edit")}
    yield State("clean", MAIN, MAIN, {}, ())
    yield State("edit", MAIN, MAIN, edit, affected(layout, [source]))
    yield State("untracked", MAIN, MAIN, {new: content(new), "docs/new.md": b"new\n"}, affected(layout, [new]))
    yield State("moved", "service", MOVED, {}, affected(layout, [source]))
    yield State("moved-edit", "docs", MOVED, edit, affected(layout, [source]))
    yield State("core-edit", MAIN, MAIN, {core: edited(files[core], "edit")}, affected(layout, [core]))
