"""Makes up instructions for a stage: sources that are there (mostly), variables in them, mounts, heredocs, triggers."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.oracle.soundness.names import folders_of, is_nameable, is_simple, literal, unclean, wild
from tests.oracle.soundness.render import render
from tests.oracle.soundness.values import (
    Copy,
    Define,
    Document,
    Image,
    Monorepo,
    Mount,
    Onbuild,
    Plain,
    Run,
    Stage,
    Step,
    Var,
    Word,
)

RUNS = ("echo one >/log", "true", "cat /in/* >/all || true", "ls / >/listing")
EXCLUDES = ("*.md", "**/*.md", "data", "deep", "*.py", "b.txt")


@dataclass
class Surroundings:
    """What instructions may refer to.

    runs: RUN can be carried out; labs: COPY has --parents and --exclude; plain: no heredocs and mounts.
    """

    files: Sequence[str]
    folders: Sequence[str]
    images: Sequence[str] = ()
    contexts: Sequence[str] = ()
    outside: Mapping[str, Sequence[str]] = field(default_factory=dict)
    labs: bool = True
    stages: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    runs: bool = True
    plain: bool = False

    @classmethod
    def of(cls, repo: Monorepo, image: Image, images: Sequence[str], *, labs: bool) -> Surroundings:
        """Return what the Dockerfile of an image has around it; images: those it may use."""
        tree = render(repo)
        folders = [name for name, value in image.contexts if ":" not in value]
        files = _below(tree, image.root)
        outside = {name: _below(tree, dict(image.contexts)[name]) for name in folders}
        names = [spelled for name in images for spelled in references(repo.images[name])]
        return cls(files, folders_of(files), names, [name for name, _ in image.contexts], outside, labs)


def _below(tree: Mapping[str, object], root: str) -> list[str]:
    prefix = f"{root}/" if root else ""
    return sorted(path[len(prefix) :] for path in tree if path.startswith(prefix))


def references(image: Image) -> list[str]:
    """Return names under which Dockerfiles may refer to an image."""
    return [f"shop/{image.name}", f"shop/{image.name}:1.0", image.name, *image.aliases]


class Maker:
    """Makes up instructions for one stage."""

    def __init__(self, pick: random.Random, around: Surroundings) -> None:
        """Take a source of chance and what is around the Dockerfile."""
        self.pick = pick
        self.around = around

    def step(self) -> Step:
        """Return any instruction."""
        kinds = [
            self.copy,
            self.copy,
            self.copy,
            self.copy,
            self.copy_from,
            self.copy_from,
            self.copy if self.around.plain else self.document,
            self.setting,
        ]
        kinds += [self.run, self.run] if self.around.runs else [self.copy]
        return self.pick.choice(kinds)()

    def copy(self) -> Step:
        """Return COPY or ADD from the context."""
        pick, labs = self.pick, self.around.labs
        if labs and pick.random() < 0.12:
            return self._parents()
        if labs and pick.random() < 0.03:
            return Copy((("https://example.com/a.tgz",), self.source(self.around.files)), "/u/", keyword="ADD")
        return Copy(
            tuple(self.source(self.around.files) for _ in range(pick.choice([1, 1, 1, 2, 3]))),
            f"/c{pick.randrange(100)}/",
            keyword="ADD" if pick.random() < 0.15 else "COPY",
            excludes=self._excludes() if labs and pick.random() < 0.15 else (),
            chmod=pick.choice(["", "", "", "", "0755", "644"]),
        )

    def _parents(self) -> Step:
        folder = self.pick.choice([*self.around.folders, ""])
        plain = [each for each in self.around.files if is_simple(each)]
        deep = f"{folder}/**/*.md" if is_simple(folder) and folder else "**/*.txt"
        source = self.pick.choice([deep, self.pick.choice(plain)]) if plain else deep
        return Copy(((source,),), f"/p{self.pick.randrange(100)}/", parents=True)

    def _excludes(self) -> tuple[str, ...]:
        found = self.pick.sample(EXCLUDES, self.pick.randint(1, 2))
        return tuple(unclean(self.pick, each) if self.pick.random() < 0.25 else each for each in found)

    def source(self, files: Sequence[str]) -> Word:
        """Return a source: a file, a folder or a pattern, with a variable in it where one fits."""
        pick = self.pick
        named = [each for each in files if is_nameable(each)] or ["."]
        path = pick.choice(named)
        if pick.random() < 0.03:
            return (pick.choice([".", "./", "/"]),)
        if "vendor/sub" in files and pick.random() < 0.25:
            return (pick.choice(["vendor/sub", "vendor/sub/inside.txt", "vendor"]),)
        links = [each for each in named if each.rpartition("/")[2] == "current"]
        if links and pick.random() < 0.2:
            return self._worded(pick.choice(links) + pick.choice(["", "", "/a.txt", "/deep"]))
        if pick.random() < 0.3 and "/" in path:
            return self._worded(literal(path.rpartition("/")[0]) + pick.choice(["", "/"]))
        if pick.random() < 0.3 and is_simple(path):
            return self._worded(wild(pick, path))
        return self._worded(literal(path))

    def _worded(self, path: str) -> Word:
        for name, value in self.around.variables.items():
            if value and path.startswith(f"{value}/") and self.pick.random() < 0.7:
                op = self.pick.choice(["", "", ":-"])
                return (Var(name, op, "other" if op else ""), path[len(value) :])
        if "EMPTY" in self.around.variables and is_simple(path) and self.pick.random() < 0.5:
            return (Var("EMPTY", ":-", path),)
        if self.pick.random() < 0.2:
            path = unclean(self.pick, path)
        return (f"./{path}",) if path.startswith("--") else (path,)  # what begins so is a flag

    def copy_from(self) -> Step:
        """Return COPY --from: a stage, an image of the repository or a named context."""
        pick, around = self.pick, self.around
        choices = [*around.stages, *(str(at) for at in range(len(around.stages))), *around.images, *around.contexts]
        if not choices:
            return self.copy()
        origin = pick.choice([*choices, *around.contexts, *around.contexts])
        files = around.outside.get(origin)
        source = self.source(files) if files else ("/",)
        return Copy((source,), f"/f{pick.randrange(100)}/", origin=origin)

    def document(self) -> Step:
        """Return COPY of a heredoc, perhaps with files."""
        pick = self.pick
        name = pick.choice(list(self.around.variables) or ["NAME"])
        body: Word = (f"line {pick.randrange(1000)}\nvalue ", Var(name, ":-", "none"))
        plain = [each for each in self.around.files if is_simple(each)]
        sources: tuple[Word, ...] = ((pick.choice(plain),),) if plain and pick.random() < 0.3 else ()
        documents = (Document(pick.choice(["EOF", "doc.txt"]), body, pick.random() < 0.3),)
        return Copy(sources, f"/h{pick.randrange(100)}/", documents=documents)

    def run(self) -> Run:
        """Return RUN, mostly with mounts."""
        if self.around.plain:
            return Run(f"{self.pick.choice(RUNS)}; echo {self.pick.randrange(100)}")
        mounts = tuple(self._mount(at) for at in range(self.pick.choice([0, 1, 1, 2])))
        command = f"{self.pick.choice(RUNS)}; echo {self.pick.randrange(100)}"
        return Run(command, mounts, document=self.pick.random() < 0.2)

    def _mount(self, at: int) -> Mount:
        pick, around = self.pick, self.around
        if pick.random() < 0.1:
            return Mount(f"/cache/{at}", kind=pick.choice(["cache", "cache", "tmpfs"]))
        origins = [*around.stages, *(each for each in around.images if is_simple(each)), *around.contexts]
        origin = pick.choice(origins) if origins and pick.random() < 0.5 else ""
        files = around.outside.get(origin, () if origin else around.files)
        simple = [each for each in files if is_simple(each)]
        source: Word = ()
        if simple and pick.random() < 0.9:
            path = pick.choice(simple)
            source = self._worded(pick.choice([path, path.rpartition("/")[0] or path]))
        return Mount(f"/in/{at}", source, origin)

    def setting(self) -> Step:
        """Return ENV, LABEL, ARG or an instruction without variables."""
        pick = self.pick
        value: Word = (f"v{pick.randrange(100)}",)
        labelled = Var(pick.choice(list(self.around.variables) or ["X"]))
        choices: list[Step] = [
            Define("ENV", f"E{pick.randrange(3)}", value),
            Define("LABEL", f"l{pick.randrange(3)}", (*value, labelled)),
            Define("ARG", f"A{pick.randrange(3)}", pick.choice([value, None])),
            Plain("WORKDIR", pick.choice(["/w", "/srv/app"])),
            Plain("CMD", f'["run", "{pick.randrange(100)}"]'),
            Plain("EXPOSE", str(pick.randrange(1000, 2000))),
        ]
        return pick.choice(choices)

    def trigger(self, files: Sequence[str]) -> Step:
        """Return ONBUILD COPY of a file that children are likely to have."""
        return Onbuild(Copy(((self.pick.choice(files),),), f"/o{self.pick.randrange(100)}/"))

    def stage(self, base: Word, name: str, count: int) -> Stage:
        """Return a stage with a variable that its sources may use."""
        steps: list[Step] = []
        folders = [each for each in self.around.folders if is_simple(each)]
        if folders and self.pick.random() < 0.5:
            keyword, value = self.pick.choice(["ENV", "ARG"]), self.pick.choice(folders)
            steps.append(Define(keyword, f"DIR_{keyword}", (value,)))
            self.around.variables = {**self.around.variables, f"DIR_{keyword}": value}
        elif self.pick.random() < 0.2:
            steps.append(Define("ENV", "EMPTY", ("",)))
            self.around.variables = {**self.around.variables, "EMPTY": ""}
        steps += [self.step() for _ in range(count)]
        return Stage(base, name, tuple(steps))
