"""What a generated instruction may choose from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random

from tests.oracle.minimal.trees import LINKS, STEADY, Tree

SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/")


@dataclass
class Draw:
    """What a line may use: chance, the files of the context root, the names of images and of the named context.

    shell:   the stage has a shell, so RUN can work. args: build arguments that build.yaml has to give.
    stages:  what has to stand before the stage.
    """

    rng: Random
    tree: Tree
    project: str
    shell: bool
    args: dict[str, str] = field(default_factory=dict)
    stages: list[str] = field(default_factory=list)
    places: int = 0

    def place(self) -> str:
        """Return a destination, most of the time a new one."""
        if not self.places or self.rng.random() < 0.85:
            self.places += 1
        return f"/w{self.places}"

    def name(self) -> str:
        """Return a name that can stand in a line as it is."""
        return self.rng.choice([each for each in self.tree if SAFE.issuperset(each) and each not in LINKS])

    def steady(self) -> str:
        return self.rng.choice(STEADY)

    def link(self, *sources: str) -> str:
        """Return one of these sources that begins with a link that is there, else something steady."""
        there = [each for each in sources if each in self.tree or each.partition("/")[0] in self.tree or "*" in each]
        return self.rng.choice(there or ["a.txt"])

    def folder(self) -> str:
        return self.rng.choice(["lib", "src", "cfg", "v1", "lib/", "./lib", "src/.", "/lib", "lib/../src"])

    def flag(self) -> str:
        return self.rng.choice(["", "", "", "--chown=3:4 ", "--chmod=751 ", "--link ", "--chown=9 --chmod=0640 "])

    def odd(self) -> list[str]:
        return [each for each in self.tree if not SAFE.issuperset(each)]


def escaped(name: str) -> str:
    """Return a name as a source that means it alone, past the shell's words and then filepath.Match."""
    pattern = "".join(f"[{letter}]" if letter in "*?[" else letter.replace("\\", "\\\\") for letter in name)
    return "".join(f"\\{letter}" if letter in "\\$'\"" else letter for letter in pattern)


def exec_form(keyword: str, *words: str) -> str:
    """Return an instruction as a JSON array; bytes that are no UTF-8 stand in it as they are."""
    return f"{keyword} {json.dumps(words, ensure_ascii=False)}"
