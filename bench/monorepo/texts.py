"""The texts that mean something: Dockerfiles, ignore files, build.yaml and the workspace of npm's tools."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench.monorepo.layout import CORE, Image, Layout, Source

IGNORED = ("**/*.md", "**/testdata", "**/Dockerfile", "**/Dockerfile.dockerignore")
PROJECT = "mbuild-bench"


def dockerfile(image: Image) -> str:
    """Return the Dockerfile of an image."""
    final = [f"FROM {PROJECT}/{image.parent}" if image.parent else "FROM scratch"]
    if image.kind == "service":
        final += ["ARG RELEASE=0", "ENV RELEASE=${RELEASE}"]
    final += [f"WORKDIR /{image.kind}"]
    if image.core == "named":
        final += ["COPY --from=core . libs/core/"]
    copies = [_copy(image, each) for each in image.sources if not (image.core == "named" and each.folder == CORE)]
    if not image.staged:
        return _lines([f"# The image {image.name}.", *final, *copies])
    test = ["FROM build AS test", f"COPY {image.folder}/tests tests/"]
    stages = ["FROM scratch AS build", "WORKDIR /out", *copies, "", *test, "", *final, "COPY --from=build /out ./"]
    return _lines([f"# The image {image.name}, assembled in a stage of its own.", *stages])


def _copy(image: Image, source: Source) -> str:
    place = source.folder if image.root == "." else source.folder[len(image.root) + 1 :] or "."
    if source.suffix:
        return f"COPY {place}/*{source.suffix} {place}/"
    return f"COPY {place} ./" if place == "." else f"COPY {place} {place}/"


def ignore_file(*more: str) -> str:
    """Return an ignore file: what all of them keep out, and more."""
    return _lines([*IGNORED, *more])


def own_ignore_file(image: Image) -> str:
    """Return a ``Dockerfile.dockerignore``: everything out, what is needed back in."""
    return _lines(["*", "!libs", f"!{image.folder}", *IGNORED, "**/tests"])


def build_yaml(layout: Layout, releases: dict[str, int] | None = None) -> str:
    """Return the build.yaml. releases: values of RELEASE that are not 1, by image."""
    head = ["version: 1", f"project: {PROJECT}", 'discover: ["jobs/*/Dockerfile"]', "", "images:"]
    images = (line for each in layout.images if each.kind != "job" for line in _entry(each, releases or {}))
    return _lines([*head, *images])


def _entry(image: Image, releases: dict[str, int]) -> Iterator[str]:
    yield f"  {image.name}:"
    if image.root == ".":
        yield f"    dockerfile: {image.dockerfile}"
    yield f"    context: {image.root}"
    if image.core == "named":
        yield "    contexts:"
        yield f"      core: ./{CORE}"
    if image.release:
        yield "    args:"
        yield f"      RELEASE: {releases.get(image.name, 1)}"


def packages(layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of the package files: each image and each library is a package of one workspace."""
    tools = {"name": PROJECT, "private": True, "packageManager": "pnpm@9.0.0"}
    yield "package.json", _json(tools)
    yield "pnpm-workspace.yaml", _lines(["packages:", *(f'  - "{each}/*"' for each in WORKSPACES)])
    yield "turbo.json", _json({"tasks": {"build": {"dependsOn": ["^build"]}}})
    for library in layout.libraries:
        yield f"{library}/package.json", _package(library.rpartition("/")[2], () if library == CORE else ("core",))
    for image in layout.images:
        needs = [each.folder.rpartition("/")[2] for each in image.sources if each.folder.startswith("libs/")]
        yield f"{image.folder}/package.json", _package(image.name, (*needs, *([image.parent] if image.parent else [])))


WORKSPACES = ("libs", "bases", "services", "jobs", "sites")


def _package(name: str, needs: tuple[str, ...]) -> str:
    found = {"name": name, "version": "1.0.0", "private": True, "scripts": {"build": "true"}}
    return _json(found | {"dependencies": dict.fromkeys(sorted(set(needs)), "workspace:*")})


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def _lines(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
