"""Edits of ignore files and of build.yaml, with and without a meaning."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from tests.oracle.soundness.edits_dockerfiles import before
from tests.oracle.soundness.edits_files import Edit
from tests.oracle.soundness.generate import IGNORES, Kinds, add_image, excluded, ignore_places, included, some_patterns
from tests.oracle.soundness.values import Define, Ignore, Image, Monorepo


def ignore_more(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    return _ignore(pick, repo, lambda old: (*old, pick.choice(IGNORES)))


def ignore_less(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    return _ignore(pick, repo, lambda old: old[1:] if len(old) > 1 else old)


def ignore_order(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    return _ignore(pick, repo, lambda old: old[::-1])


def _ignore(
    pick: random.Random, repo: Monorepo, change: Callable[[tuple[str, ...]], tuple[str, ...]]
) -> Monorepo | None:
    if not repo.ignores:
        return None
    path = pick.choice(sorted(repo.ignores))
    ignore = repo.ignores[path]
    return repo.with_ignore(path, replace(ignore, patterns=change(ignore.patterns)))


def ignore_spelling(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    if not repo.ignores:
        return None
    path = pick.choice(sorted(repo.ignores))
    ignore = replace(repo.ignores[path], spelling=pick.randrange(10_000), crlf=pick.random() < 0.5)
    return repo.with_ignore(path, ignore)


def ignore_file(pick: random.Random, repo: Monorepo) -> Monorepo:
    """Add an ignore file, or take one away: another one may then be in force."""
    path = pick.choice(ignore_places(repo))
    return repo.with_ignore(path, None if path in repo.ignores else Ignore(some_patterns(pick), pick.randrange(10_000)))


def _image(pick: random.Random, repo: Monorepo) -> Image:
    return repo.images[pick.choice(sorted(repo.images))]


def args(pick: random.Random, repo: Monorepo) -> Monorepo:
    image = _image(pick, repo)
    file = repo.dockerfiles[image.dockerfile]
    steps = [*file.shared, *(step for stage in file.stages for step in stage.steps)]
    declared = [step.name for step in steps if isinstance(step, Define) and step.keyword == "ARG"]
    name = pick.choice([*declared, "UNKNOWN"])
    value = pick.choice({"PICK": ["build", "slim"], "DIR_ARG": ["data", "lib"]}.get(name, ["1.0", "7"]))
    values = {**dict(image.args), name: value}
    return repo.with_image(replace(image, args=tuple(sorted(values.items()))))


def target(pick: random.Random, repo: Monorepo) -> Monorepo:
    image = _image(pick, repo)
    names = ["", *(stage.name for stage in repo.dockerfiles[image.dockerfile].stages)]
    return repo.with_image(replace(image, target=pick.choice(names)))


def contexts(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    image = _image(pick, repo)
    folders = [name for name, value in image.contexts if ":" not in value]
    if not folders:
        return None
    value = pick.choice(["proto", "libs/money", "libs", "services/api"])
    changed = {**dict(image.contexts), pick.choice(folders): value}
    return repo.with_image(replace(image, contexts=tuple(sorted(changed.items()))))


def root(pick: random.Random, repo: Monorepo) -> Monorepo:
    image = _image(pick, repo)
    return repo.with_image(replace(image, root=pick.choice(["", image.dockerfile.rpartition("/")[0], "services"])))


def exclude(pick: random.Random, repo: Monorepo) -> Monorepo:
    image = _image(pick, repo)
    return repo.with_image(replace(image, exclude=() if image.exclude else excluded(pick)))


def include(pick: random.Random, repo: Monorepo) -> Monorepo:
    image = _image(pick, repo)
    return repo.with_image(replace(image, include=() if image.include and pick.random() < 0.7 else included(pick)))


def depends(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    image = _image(pick, repo)
    earlier = before(repo, image)
    if not earlier:
        return None
    return repo.with_image(replace(image, depends_on=() if image.depends_on else (pick.choice(earlier),)))


def test(pick: random.Random, repo: Monorepo) -> Monorepo:
    image = _image(pick, repo)
    return repo.with_image(replace(image, test=pick.choice([(), ("/app",), ("/app", "--check"), ("/app --check",)])))


def config_spelling(pick: random.Random, repo: Monorepo) -> Monorepo:
    return replace(repo, spelling=pick.randrange(10_000))


def new_image(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    name = f"extra{pick.randrange(100)}"
    return None if name in repo.images or len(repo.images) > 7 else add_image(pick, repo, name, Kinds())


def removed_image(pick: random.Random, repo: Monorepo) -> Monorepo | None:
    if len(repo.images) < 4:
        return None
    name = list(repo.images)[-1]
    return replace(repo, images={each: image for each, image in repo.images.items() if each != name})


CONFIG: dict[str, Edit] = {
    "ignore pattern added": ignore_more,
    "ignore pattern removed": ignore_less,
    "ignore patterns turned round": ignore_order,
    "ignore file spelling": ignore_spelling,
    "ignore file added or removed": ignore_file,
    "args": args,
    "target": target,
    "named context": contexts,
    "context root": root,
    "exclude": exclude,
    "include": include,
    "depends_on": depends,
    "test": test,
    "build.yaml spelling": config_spelling,
    "image added": new_image,
    "image removed": removed_image,
}
