"""From a seed to a repository with several images, each of which has one feature for sure and others by chance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from tests.oracle.minimal.draw import Draw
from tests.oracle.minimal.ignores import EMPTYING, ignore
from tests.oracle.minimal.lines import ANYWHERE, LINES, SHELL
from tests.oracle.minimal.trees import EXEC, FILE, LINK, File, Tree, tree

CASES_PER_TREE = 5
BASE, TOOLS = "base", "tools"
WAYS = ("auto", "auto", "buildx", "docker", "context")
"""How mbuild's context gets to the engine: by a builder, or by hand from ``mbuild context --output``."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image, as build.yaml and as a docker command line need it. Paths are from the git root."""

    name: str
    dockerfile: str
    context: str
    target: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    contexts: Mapping[str, str] = field(default_factory=dict)

    def entry(self) -> dict[str, object]:
        """Return its entry in build.yaml."""
        found: dict[str, object] = {"dockerfile": self.dockerfile, "context": self.context or "."}
        found |= {"target": self.target} if self.target else {}
        found |= {"args": dict(self.args)} if self.args else {}
        return found | ({"contexts": dict(self.contexts)} if self.contexts else {})


@dataclass(frozen=True, slots=True)
class Case:
    """One image to compare. features: what is in it; way: one of ``WAYS``; fresh: build everything without a cache."""

    image: Image
    features: frozenset[str]
    way: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Monorepo:
    """A made-up repository. project: the name its images have; parents come in the order in which they are built."""

    seed: int
    project: str
    files: Tree
    parents: tuple[Image, ...]
    cases: tuple[Case, ...]

    def config(self, case: Case) -> str:
        """Return a build.yaml of one case and the parents."""
        images = {each.name: each.entry() for each in (*self.parents, case.image)}
        return json.dumps({"version": 1, "project": self.project, "images": images})


def monorepo(seed: int, project: str, *, utf8: bool = False) -> Monorepo:
    """Return the repository of a seed; only the project's name is not the seed's. utf8: so are all names of files."""
    rng = Random(seed)
    # The engine keeps one slot for each folder name: contexts of different repositories should not share it.
    root = rng.choice(["", f"app-{seed}"])
    content = tree(rng, utf8=utf8)
    if rng.random() < 0.6:
        content[".dockerignore"] = File(FILE, ignore(rng, wild=False))
    shared = f"shared-{seed}"
    files = {_under(root, path): each for path, each in content.items()} | _shared(rng, shared)
    shell = rng.random() < 0.5
    files |= _parents(rng, seed, project, shell=shell)
    parents = tuple(Image(name, f"{name}-{seed}/Dockerfile", f"{name}-{seed}") for name in (BASE, TOOLS))
    cases = []
    for number in range(CASES_PER_TREE):
        maker = _Maker(rng, content, root, project, f"case{number}", shared, parent_shell=shell)
        cases.append(maker.case(list(LINES)[(seed * CASES_PER_TREE + number) % len(LINES)]))
        files |= maker.files
    return Monorepo(seed, project, files, parents, tuple(cases))


def _under(root: str, path: str) -> str:
    return f"{root}/{path}" if root else path


def _shared(rng: Random, folder: str) -> Tree:
    found = {
        "one": File(FILE, b"1"),
        "s/two": File(EXEC, b"2"),
        "s/three.md": File(FILE, b"3"),
        "s/four": File(FILE, b"%d" % rng.randrange(9)),
        "to-one": File(LINK, b"one"),
        "unread": File(FILE, b"?"),
    }
    if rng.random() < 0.5:
        found[".dockerignore"] = File(FILE, rng.choice([b"*.md\n", b"s\n!s/two\n", b"**\n!one\n!to-one\n!s\n"]))
    return {f"{folder}/{path}": each for path, each in found.items()}


def _parents(rng: Random, seed: int, project: str, *, shell: bool) -> Tree:
    start = f"{project}/busybox:1" if shell else "scratch"
    triggers = [
        "COPY lib /onbuild/",
        "COPY $INHERITED /onbuild/i",
        "ENV LATER=src",
        "ADD a.txt /onbuild/a",
        "WORKDIR on",
    ]
    triggers += ["COPY v[12]/app cf?/*.conf /onbuild/g/", "COPY --chown=1 ln-dir /onbuild/l"]
    triggers += ["RUN --mount=src=lib,target=/m /bin/list /m /onbuild-run"] if shell else []
    chosen = "".join(f"ONBUILD {each}\n" for each in rng.sample(triggers, 3))
    base = f"FROM {start}\nCOPY p* /p/\nENV INHERITED={rng.choice(['lib', 'cfg'])}\nWORKDIR /in\n{chosen}"
    return {
        f"{BASE}-{seed}/Dockerfile": File(FILE, base.encode()),
        f"{BASE}-{seed}/p1": File(EXEC, b"p"),
        f"{TOOLS}-{seed}/Dockerfile": File(FILE, b"FROM scratch\nCOPY . /opt\nCOPY a.txt /opt/\n"),
        f"{TOOLS}-{seed}/a.txt": File(FILE, b"tool\n"),
        f"{TOOLS}-{seed}/sub/t": File(EXEC, b"t\n"),
        f"{TOOLS}-{seed}/sub/link": File(LINK, b"t"),
    }


@dataclass
class _Maker:
    """Makes one case; ``files`` are those that it adds to the repository."""

    rng: Random
    tree: Tree
    root: str
    project: str
    name: str
    shared: str
    parent_shell: bool
    files: Tree = field(default_factory=dict)

    def case(self, feature: str) -> Case:
        rng = self.rng
        start, shell = self._start(feature in SHELL)
        draw = Draw(rng, self.tree, self.project, shell)
        names = [feature, *rng.sample(list(LINES if shell else ANYWHERE), rng.randint(0, 2))]
        rng.shuffle(names)
        body = "\n".join(LINES[each](draw) for each in dict.fromkeys(names))
        # The first stages are those that the lines need: their numbers are in use.
        text = "".join(draw.stages) + f"FROM {start} AS main\n{body}\n"
        features = {*names, start.rpartition("/")[2]}
        target = ""
        if rng.random() < 0.25:
            text += f"FROM main AS after\nCOPY {rng.choice(['nowhere', 'src', '.'])} /after/\n"
            target = rng.choice(["main", "MAIN"])
            features.add("target")
        if rng.random() < 0.2:
            text = f"FROM scratch AS unused\nCOPY . /all\n{text}" if not draw.stages else text
            features.add("unreachable stage")
        text = rng.choice(["", "", "# syntax=x\n"[:0], "# escape=\\\n", "# a comment\n\n"]) + text
        dockerfile = self._write(text, features)
        contexts = {"shared": f"./{self.shared}"} if "shared" in text else {}
        image = Image(self.name, dockerfile, self.root, target, draw.args, contexts)
        return Case(image, frozenset(features), rng.choice(WAYS), rng.random() < 0.25)

    def _start(self, needs_shell: bool) -> tuple[str, bool]:
        """Return what the stage starts from, and whether that has a shell."""
        shells = [f"{self.project}/busybox:1"] + [f"{self.project}/{BASE}"] * self.parent_shell
        others = ["scratch", "scratch", f"{self.project}/{TOOLS}", f"{self.project}/{TOOLS}", "shared"] + [
            f"{self.project}/{BASE}"
        ] * 2
        if needs_shell or self.rng.random() < 0.25:
            return self.rng.choice(shells), True
        start = self.rng.choice(others)
        return start, start.endswith(f"/{BASE}") and self.parent_shell

    def _write(self, text: str, features: set[str]) -> str:
        """Put the Dockerfile somewhere, with an ignore file of its own or without; returns where."""
        rng = self.rng
        inside = _under(self.root, rng.choice([f"{self.name}.Dockerfile", f"build/{self.name}/Dockerfile"]))
        path = rng.choice([inside, inside, f"docker/{self.name}/Dockerfile"])
        features.add("Dockerfile inside" if path == inside else "Dockerfile outside")
        self.files[path] = File(FILE, text.encode("utf-8", "surrogateescape"))
        in_force = self.tree.get(".dockerignore")
        if rng.random() < 0.4:
            in_force = self.files[f"{path}.dockerignore"] = File(FILE, ignore(rng, wild=True))
            features.add("own ignore file")
        elif in_force is not None:
            features.add("root ignore file")
        if in_force is not None and b"\n!" in b"\n" + in_force.data:
            features.add("re-inclusion")
        if in_force is not None and EMPTYING.intersection(in_force.data.decode().splitlines()):
            features.add("emptied folder")
        return path
