"""Entries for a build.yaml that is there: beside its own they mean what all images mean without one."""

from __future__ import annotations

import json
import posixpath
import random
from collections.abc import Mapping

import pytest

from mbuild.app.discovering import propose
from mbuild.app.lacking import fitted, lacking
from mbuild.config.load import load
from mbuild.discovery.model import Image
from mbuild.discovery.write import entries
from mbuild.graph.affected import affected
from mbuild.graph.build import build_graph
from mbuild.images import ImageDef, Project
from mbuild.tree import Tree
from tests.trees import MemoryTree

NAMES = ("base", "lib", "web", "api", "job")
PREFIXES = ("", "", "acme/", "reg.io/shop/", "reg.io/shop/")


def monorepo(draw: random.Random) -> dict[str, str]:
    """Return the files of a repository: services that are built from those before them, and plain Dockerfiles."""
    files: dict[str, str] = {}
    services: dict[str, object] = {}
    prefix = draw.choice(PREFIXES)
    called: list[str] = []
    for name in NAMES:
        folder = draw.choice(["", "svc/"]) + name
        above = draw.choice([*called, "scratch", "alpine:3"])
        copied = f"COPY --from={draw.choice(called)} /x /y\n" if called and draw.random() < 0.3 else ""
        files[f"{folder}/Dockerfile"] = f"ARG V\nFROM {above}\n{copied}COPY x /x\n"
        files[f"{folder}/x"] = ""
        if draw.random() < 0.2:
            continue
        build: dict[str, object] = {"context": folder}
        if draw.random() < 0.5:
            build |= {"args": {"V": draw.choice("12")}, "platforms": ["linux/arm64"]}
        if services and draw.random() < 0.3:
            build["additional_contexts"] = {"more": f"service:{draw.choice(list(services))}", "dir": "svc/web"}
        if draw.random() < 0.3:
            build |= {"cache_from": ["type=local,src=cache"], "secrets": ["s"]}
        published = (prefix if draw.random() < 0.8 else "other.io/") + name
        services[name] = {"build": build, "image": published}
        called += [f"{published}:1", *([] if "/" in published else [published])]
    files["svc/web/keep"] = ""
    compose = {"services": services, "secrets": {"s": {"file": "secrets/s"}}}
    if draw.random() < 0.3:
        compose["name"] = "shop"
    return files | {"compose.yaml": json.dumps(compose)}


def part_of(draw: random.Random, alone: Project, folder: str, *, known: bool) -> tuple[str, dict[str, str]]:
    """Return a build.yaml that has some of the images, some under other names, and what it calls each.

    known: whether it has all names by which Dockerfiles mean its images.
    """
    some = {each.name: draw.choice(["own-", ""]) + each.name for each in alone.images if draw.random() < 0.5}
    behind = {each.name: {named.value for named in each.contexts if named.kind == "image"} for each in alone.images}
    while without := {name for name in some if not behind[name] <= some.keys()}:
        some = {name: own for name, own in some.items() if name not in without}
    head = draw.choice([{}, {}, {"project": "mine"}, {"registry": "reg.io/mine"}, {"registry": "reg.io/shop"}])
    prefix = "".join(f"{each}/" for each in head.values())
    lines = [f"{key}: {value}\n" for key, value in head.items()] + ["images:\n"]
    for each in alone.images:
        if each.name in some:
            name = some[each.name]
            names = [*each.aliases, each.full_name, each.name] if known else []
            entry = {
                "dockerfile": posixpath.relpath(each.dockerfile, folder or "."),
                "args": dict(each.args),
                "platforms": each.platforms,
                "aliases": [alias for alias in names if alias != f"{prefix}{name}"],
                "contexts": {
                    named.name: f"image:{some[named.value]}"
                    if named.kind == "image"
                    else posixpath.relpath(named.value, folder or ".")
                    for named in each.contexts
                },
            }
            lines.append(f"  {name}: {json.dumps(entry)}\n")
    return "".join(lines), some


def read(text: str, folder: str, tree: Tree) -> Project:
    paths = [each.path for each in tree.below("")]
    return load(text.encode(), shown="build.yaml", folder=folder, tree_paths=lambda _: paths)


def advice(text: str, folder: str, tree: Tree) -> tuple[list[Image], list[Image], str]:
    """Return the images that a build.yaml lacks, as they are found and as entries, and it with those below it."""
    project, found = read(text, folder, tree), propose(tree)
    lacks = lacking(found, project)
    fits = fitted(lacks, found, project, tree, folder)
    return lacks, fits, f"{text}{entries(fits)}" if fits else text


def made(image: ImageDef, labels: set[str], called: Mapping[str, str]) -> tuple[object, ...]:
    contexts = {(each.name, each.kind, called.get(each.value, each.value)) for each in image.contexts}
    kept = {each for each in contexts if each[0] in labels}
    passed = (image.secrets, image.ssh, image.labels, image.cache_from, image.cache_to)
    return image.dockerfile, image.context_root, image.target, image.args, image.platforms, kept, passed


@pytest.mark.parametrize("seed", range(40))
def test_with_the_entries_all_is_as_without_a_build_yaml(seed: int) -> None:
    draw = random.Random(seed)
    files = monorepo(draw)
    tree, folder, known = MemoryTree(files), draw.choice(["", "", "svc", "sub/deep"]), draw.random() < 0.6
    alone = propose(tree).project
    text, called = part_of(draw, alone, folder, known=known)
    lacks, fits, text = advice(text, folder, tree)
    together = read(text, folder, tree)
    called |= {each.name: fit.name for each, fit in zip(lacks, fits, strict=True)}
    assert {each.name for each in together.images} == set(called.values())
    assert len(set(called.values())) == len(called) == len(alone.images)
    before, after = build_graph(alone, tree, "linux/amd64"), build_graph(together, tree, "linux/amd64")
    for each in lacks:
        first, then = alone.image(each.name), together.image(called[each.name])
        assert first is not None
        assert then is not None
        labels = {named.name for named in first.contexts}
        assert made(then, labels, {}) == made(first, labels, called)
        meant = {called[name] for name in before.nodes[each.name].parents}
        assert {*after.nodes[then.name].parents} == meant
    for path in files if known else ():
        if path.endswith("/x"):
            changed = MemoryTree(files | {path: "changed"})
            reached = affected([before], build_graph(alone, changed, "linux/amd64")).reasons
            now = affected([after], build_graph(together, changed, "linux/amd64")).reasons
            assert {*now} == {called[name] for name in reached}
