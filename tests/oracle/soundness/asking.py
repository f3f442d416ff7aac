"""Asks mbuild about the steps of a chain and compares with the truth."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.oracle.soundness.chain import State, chain, changed
from tests.oracle.soundness.disk import WAYS, WorkTree, dirtied, has_module, module_commits
from tests.oracle.soundness.generate import Kinds
from tests.oracle.soundness.history import commit_all, new_repository
from tests.oracle.soundness.render import render
from tests.oracle.soundness.values import LINK, Tree
from tests.oracle.soundness.walker import Truth, Walker
from tests.support import Answer, mbuild

LIST, PLAN, DISK = "commits, --list", "commits, --dry-run", "work tree"


class RefusedError(AssertionError):
    """mbuild ended with an error for what is sound."""


@dataclass(frozen=True)
class Verdict:
    """One question. missed: images that changed and were not named; superfluous: the other way round."""

    step: int
    kind: str
    how: str
    changed: frozenset[str]
    reported: frozenset[str]

    @property
    def missed(self) -> frozenset[str]:
        """Images that changed and were not named."""
        return self.changed - self.reported

    @property
    def superfluous(self) -> frozenset[str]:
        """Images that were named and did not change."""
        return self.reported - self.changed


PLAIN = 1_000_000
"""Chains from this seed on are of plain Dockerfiles."""


class Chain:
    """A chain in a repository of its own."""

    def __init__(self, seed: int, folder: Path, *, engine: bool = False) -> None:
        """Make up the chain and commit it."""
        self.seed = seed
        self.states: list[State] = chain(seed, Kinds(engine, module_commits(), seed >= PLAIN))
        self.trees: list[Tree] = [render(state.repo) for state in self.states]
        self.folder = new_repository(folder)
        self.commits = commit_all(self.folder, self.trees)
        self._work_tree: WorkTree | None = None

    def verdicts(self) -> Iterator[Verdict]:
        """Ask about every step."""
        for step in range(1, len(self.states)):
            yield self.verdict(step)

    def verdict(self, step: int, how: str | None = None) -> Verdict:
        """Ask about one step, in the way that is its turn."""
        how = how or _how(self.seed, step)
        if how == DISK:
            return self._on_disk(step)
        answer = self._affected(step, how, "--head", self.commits[step])
        return self._judged(step, how, answer, self.states[step].truth)

    def changed(self, step: int) -> frozenset[str]:
        """Return the images that a step changes or adds."""
        return changed(self.states[step - 1].truth, self.states[step].truth)

    def _on_disk(self, step: int) -> Verdict:
        pick = random.Random(f"disk {self.seed} {step}")
        ways = WAYS if has_module(self.trees[step]) else WAYS[:-1]
        way = ways[(self.seed + step) % len(ways)]
        self._work_tree = self._work_tree or WorkTree(self.folder)
        self._work_tree.edit(self.commits[step - 1], self.trees[step - 1], self.trees[step], way, pick)
        truth = self.states[step].truth
        if way == WAYS[-1]:
            truth = Walker(self.states[step].repo, dirtied(self.trees[step])).all()
        return self._judged(step, f"{DISK}, {way}", self._affected(step, DISK), truth)

    def _affected(self, step: int, how: str, *options: str) -> Answer:
        form = ("--dry-run", "--builder", "oci") if how == PLAN else ("--list",)
        base = ("--base", self.commits[step - 1])
        return self._ask("affected", *form, *base, *options)

    def _ask(self, *command: str) -> Answer:
        answer = mbuild("-C", str(self.folder), *command, "--format", "json")
        if answer.code or "at the base" in answer.err:
            raise RefusedError(f"mbuild {' '.join(command)}: {answer.code}\n{answer.err}")
        return answer

    def _judged(self, step: int, how: str, answer: Answer, truth: Mapping[str, Truth]) -> Verdict:
        found = changed(self.states[step - 1].truth, truth)
        return Verdict(step, self.states[step].kind, how, found, frozenset(answer.affected()))

    def readers(self, step: int, path: str) -> tuple[set[str], set[str]]:
        """Return the images that read a path, and those of which ``mbuild explain`` says so."""
        answer = self._ask("explain", "--path", "--head", self.commits[step], f"./{path}")
        return readers(self.states[step].truth, path), {each["name"] for each in answer.json["images"]}

    def context(self, step: int, image: str) -> tuple[frozenset[str], set[str]]:
        """Return what an image is made of, and what ``mbuild context`` lists."""
        answer: Any = self._ask("context", image, "--head", self.commits[step]).json
        return self.states[step].truth[image].reads, {each["path"] for each in answer["files"]}

    def edited(self, step: int) -> list[str]:
        """Return the files that a step adds or changes, sorted; links aside."""
        old, new = self.trees[step - 1], self.trees[step]
        return sorted(path for path, blob in new.items() if old.get(path) != blob and blob.mode != LINK)


def _how(seed: int, step: int) -> str:
    """Return how to ask: most steps by two commits, a tenth with a plan, a sixth as a work tree."""
    turn = seed * 7 + step
    return PLAN if turn % 10 == 3 else DISK if turn % 6 == 1 else LIST


def readers(truth: Mapping[str, Truth], path: str) -> set[str]:
    """Return the images that read a path or are defined by it."""
    return {name for name, each in truth.items() if path in each.reads or path in each.definitions}
