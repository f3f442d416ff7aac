"""Edits of Dockerfiles, with and without a meaning."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.oracle.soundness.edits_files import Edit
from tests.oracle.soundness.generate import (
    EXTERNAL,
)
from tests.oracle.soundness.instructions import Maker, Surroundings, references
from tests.oracle.soundness.spelling import has_document
from tests.oracle.soundness.values import (
    Copy,
    Define,
    Dockerfile,
    Image,
    Monorepo,
    Onbuild,
    Run,
    Stage,
    Step,
)


def _dockerfile(pick: random.Random, repo: Monorepo) -> str:
    return pick.choice(sorted(repo.dockerfiles))


def respell(pick: random.Random, repo: Monorepo) -> Monorepo:
    path = _dockerfile(pick, repo)
    return repo.with_dockerfile(path, replace(repo.dockerfiles[path], spelling=pick.randrange(10_000)))


def dockerfile_crlf(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    plain = [path for path, file in sorted(repo.dockerfiles.items()) if not has_document(file)]
    if not plain:
        return None
    path = pick.choice(plain)
    return repo.with_dockerfile(path, replace(repo.dockerfiles[path], crlf=not repo.dockerfiles[path].crlf))


def syntax(pick: random.Random, repo: Monorepo) -> Monorepo:
    path = _dockerfile(pick, repo)
    frontend = pick.choice(["", "docker/dockerfile:1", "docker/dockerfile:1.7"])
    return repo.with_dockerfile(path, replace(repo.dockerfiles[path], syntax=frontend))


def _change_stage(
    pick: random.Random, repo: Monorepo, change: Callable[[Stage], Stage | None], *, path: str = ""
) -> Monorepo | None:
    """Change one stage of one Dockerfile, the first for which it can be done."""
    paths = [path] if path else pick.sample(sorted(repo.dockerfiles), len(repo.dockerfiles))
    for each in paths:
        file = repo.dockerfiles[each]
        for at in pick.sample(range(len(file.stages)), len(file.stages)):
            stage = change(file.stages[at])
            if stage is not None:
                stages = (*file.stages[:at], stage, *file.stages[at + 1 :])
                return repo.with_dockerfile(each, replace(file, stages=stages))
    return None


def _users(repo: Monorepo, path: str) -> list[Image]:
    return [image for image in repo.images.values() if image.dockerfile == path]


def before(repo: Monorepo, image: Image) -> list[str]:
    """Return the images that an image may use."""
    names = list(repo.images)
    return names[: names.index(image.name)]


def add_step(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    path = _dockerfile(pick, repo)
    users = _users(repo, path)
    if not users:
        return None
    around = Surroundings.of(repo, users[0], before(repo, users[0]), labs=True)

    def change(stage: Stage) -> Stage:
        at = pick.randint(0, len(stage.steps))
        return replace(stage, steps=(*stage.steps[:at], Maker(pick, around).step(), *stage.steps[at:]))

    return _change_stage(pick, repo, change, path=path)


def remove_step(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    def change(stage: Stage) -> Stage | None:
        if len(stage.steps) < 2:
            return None
        at = pick.randrange(len(stage.steps))
        return replace(stage, steps=(*stage.steps[:at], *stage.steps[at + 1 :]))

    return _change_stage(pick, repo, change)


def swap_steps(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    def change(stage: Stage) -> Stage | None:
        if len(stage.steps) < 2:
            return None
        at = pick.randrange(len(stage.steps) - 1)
        swapped = (stage.steps[at + 1], stage.steps[at])
        return replace(stage, steps=(*stage.steps[:at], *swapped, *stage.steps[at + 2 :]))

    return _change_stage(pick, repo, change)


def _change_step(pick: random.Random, repo: Monorepo, change: Callable[[Step], Iterator[Step]]) -> Monorepo | None:
    """Change one instruction, the first that yields another one."""

    def stage(value: Stage) -> Stage | None:
        for at in pick.sample(range(len(value.steps)), len(value.steps)):
            for step in change(value.steps[at]):
                return replace(value, steps=(*value.steps[:at], step, *value.steps[at + 1 :]))
        return None

    return _change_stage(pick, repo, stage)


def document(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    def change(step: Step) -> Iterator[Step]:
        if isinstance(step, Run) and step.document:
            yield replace(step, command=f"{step.command}\necho {pick.randrange(1000)}")
        if isinstance(step, Copy) and step.documents:
            first, *more = step.documents
            yield replace(step, documents=(replace(first, body=(f"{pick.randrange(1000)}\n", *first.body)), *more))

    return _change_step(pick, repo, change)


def mount(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    def change(step: Step) -> Iterator[Step]:
        if isinstance(step, Run) and step.mounts:
            first, *more = step.mounts
            source = () if first.source else ("main.py",)
            yield replace(step, mounts=(replace(first, source=source), *more))

    return _change_step(pick, repo, change)


def copied(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    def change(step: Step) -> Iterator[Step]:
        if isinstance(step, Copy):
            yield pick.choice(
                [
                    replace(step, dest=f"/e{pick.randrange(100)}/"),
                    replace(step, chmod=pick.choice(["0700", "755"])),
                    replace(step, sources=(*step.sources, ("conf.toml",))),
                ]
            )

    return _change_step(pick, repo, change)


def trigger(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    def change(step: Step) -> Iterator[Step]:
        if isinstance(step, Onbuild) and isinstance(step.inner, Copy):
            source = pick.choice(["main.py", "conf.toml", "data", "README.md"])
            yield Onbuild(replace(step.inner, sources=((source,),)))

    return _change_step(pick, repo, change)


def variable(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    def change(step: Step) -> Iterator[Step]:
        if isinstance(step, Define) and step.value is not None:
            values = ["data", "data/deep", "lib"] if step.name.startswith("DIR") else [f"w{pick.randrange(100)}"]
            yield replace(step, value=(pick.choice(values),))

    return _change_step(pick, repo, change)


def shared(pick: random.Random, repo: Monorepo) -> Monorepo:
    path = _dockerfile(pick, repo)
    file = repo.dockerfiles[path]
    changed = {"PICK": pick.choice(["build", "slim"]), "VERSION": pick.choice(["1.0", "2.0"])}
    name = pick.choice([*changed, "VERSION"])
    defaults = (replace(each, value=(changed[name],)) if each.name == name else each for each in file.shared)
    return repo.with_dockerfile(path, replace(file, shared=tuple(defaults)))


def base(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    path = _dockerfile(pick, repo)
    users = _users(repo, path)
    images = [name for each in before(repo, users[0]) for name in references(repo.images[each])] if users else []
    choice = (pick.choice([*EXTERNAL, "scratch", *images, *images]),)
    return _change_stage(pick, repo, lambda stage: replace(stage, base=choice), path=path)


def unreachable(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    """Change a stage that nothing uses, and put one more in front."""
    path = _dockerfile(pick, repo)
    file = repo.dockerfiles[path]
    spare = Stage(("scratch",), f"spare{pick.randrange(10)}", (Copy((("main.py",),), f"/s{pick.randrange(100)}/"),))
    known = [each for each in file.stages if each.name.startswith("spare")]
    if _numbered(file) or known:
        stages = tuple(spare if each in known else each for each in file.stages)
        return repo.with_dockerfile(path, replace(file, stages=stages)) if known else None
    return repo.with_dockerfile(path, replace(file, stages=(spare, *file.stages)))


def _numbered(file: Dockerfile) -> bool:
    return any(isinstance(step, Copy) and step.origin.isdigit() for stage in file.stages for step in stage.steps)


def move_dockerfile(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    path = _dockerfile(pick, repo)
    new = f"build/{pick.choice('xyz')}.Dockerfile"
    if new in repo.dockerfiles:
        return None
    files = {new if each == path else each: file for each, file in repo.dockerfiles.items()}
    for image in _users(repo, path):
        repo = repo.with_image(replace(image, dockerfile=new))
    return replace(repo, dockerfiles=files)


DOCKERFILES: dict[str, Edit] = {
    "Dockerfile spelling": respell,
    "Dockerfile line ends": dockerfile_crlf,
    "frontend": syntax,
    "instruction added": add_step,
    "instruction removed": remove_step,
    "instructions swapped": swap_steps,
    "heredoc": document,
    "mount": mount,
    "COPY changed": copied,
    "ONBUILD changed": trigger,
    "ARG or ENV changed": variable,
    "global ARG changed": shared,
    "FROM changed": base,
    "unreachable stage": unreachable,
    "Dockerfile moved": move_dockerfile,
}
