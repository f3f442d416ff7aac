"""Makes a step that fails smaller: two commits instead of a chain, and in both only what the failure needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.oracle.soundness.chain import changed, judged
from tests.oracle.soundness.history import commit_all, new_repository
from tests.oracle.soundness.render import render
from tests.oracle.soundness.values import Monorepo
from tests.support import mbuild

Pair = tuple[Monorepo, Monorepo]
Cut = Callable[[Monorepo], Monorepo]
MOST_QUESTIONS = 400


def missed(pair: Pair) -> frozenset[str]:
    """Return the images that mbuild misses between two commits; none where it is not asked, or refuses."""
    truths = [judged(each) for each in pair]
    if truths[0] is None or truths[1] is None:
        return frozenset()
    with TemporaryDirectory() as scratch:
        folder = new_repository(Path(scratch, "repo"))
        base, head = commit_all(folder, [render(each) for each in pair])
        answer = mbuild("-C", str(folder), "affected", "--base", base, "--head", head, "--list", "--format", "json")
    return changed(truths[0], truths[1]) - answer.affected() if answer.code == 0 else frozenset()


def shrink(pair: Pair, fails: Callable[[Pair], object] = missed) -> Pair:
    """Return the smallest pair found for which ``fails`` is still true."""
    questions, before = 0, None
    while pair != before:
        before = pair
        for cut in _cuts(pair):
            candidate = (cut(pair[0]), cut(pair[1]))
            if candidate == pair:
                continue
            questions += 1
            if questions > MOST_QUESTIONS:
                return pair
            if fails(candidate):
                pair = candidate
    return pair


def _cuts(pair: Pair) -> Iterator[Cut]:
    """Yield ways to leave something out of both commits, big things first."""
    old, new = pair
    for name in {**old.images, **new.images}:
        yield partial(_without, part="images", key=name)
    for path in {**old.dockerfiles, **new.dockerfiles}:
        yield partial(_without, part="dockerfiles", key=path)
    for folder in sorted({path.rpartition("/")[0] for path in {**old.files, **new.files}}):
        yield partial(_without_folder, folder=folder)
    for path in {**old.ignores, **new.ignores}:
        yield partial(_without, part="ignores", key=path)
    for path, file in new.dockerfiles.items():
        for number, stage in enumerate(file.stages):
            for step in stage.steps:
                yield partial(_without_step, path=path, number=number, step=step)
    for path in {**old.files, **new.files}:
        yield partial(_without, part="files", key=path)


def _without(repo: Monorepo, part: str, key: str) -> Monorepo:
    rest = {each: value for each, value in getattr(repo, part).items() if each != key}
    return replace(repo, **{part: rest})  # type: ignore[arg-type]


def _without_folder(repo: Monorepo, folder: str) -> Monorepo:
    files = {path: blob for path, blob in repo.files.items() if not folder or not path.startswith(f"{folder}/")}
    return replace(repo, files=files)


def _without_step(repo: Monorepo, path: str, number: int, step: object) -> Monorepo:
    """Leave out an instruction of one stage, where it is there."""
    file = repo.dockerfiles.get(path)
    if file is None or number >= len(file.stages):
        return repo
    stage = file.stages[number]
    left = replace(stage, steps=tuple(each for each in stage.steps if each != step))
    return repo.with_dockerfile(path, replace(file, stages=(*file.stages[:number], left, *file.stages[number + 1 :])))
