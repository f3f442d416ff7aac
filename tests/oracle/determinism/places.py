"""Repositories of made-up trees on disk, and the many ways in which one may lie there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.oracle.minimal.building import write
from tests.oracle.minimal.draw import Draw
from tests.oracle.minimal.ignores import MILD
from tests.oracle.minimal.lines import ANYWHERE, LINES
from tests.oracle.minimal.trees import FILE, STEADY, File, Tree, tree
from tests.support import AUTHOR

TREES_PER_REPOSITORY = 25
IMAGES = ("base", "api", "web")
NOBODY = 65534


def files(seed: int) -> Tree:
    """Return a repository: trees of their own below ``t0``, ``t1``, …, three images each, one of them a parent."""
    found: Tree = {}
    images: dict[str, object] = {}
    for number in range(TREES_PER_REPOSITORY):
        rng = Random(f"{seed} {number}")
        top = f"t{number}"
        content = _thinned(rng, tree(rng))
        content |= {"crlf.txt": File(FILE, b"a\r\nb\r\n"), ".dockerignore": File(FILE, _ignore(rng))}
        found |= {f"{top}/root/{path}": each for path, each in content.items()}
        found |= {f"{top}/shared/{path}": File(FILE, b"%d" % rng.randrange(99)) for path in ("one", "s/two")}
        for name in IMAGES:
            start = "scratch" if name == "base" else f"trees/{top}-base"
            draw = Draw(rng, content, "trees", shell=True)
            lines = [LINES[each](draw) for each in ("bind source", *rng.sample(list(ANYWHERE), 4))]
            text = "".join(draw.stages) + f"FROM {start}\nARG A\nCOPY docs li* /d/\n" + "\n".join(lines) + "\n"
            found[f"{top}/{name}.Dockerfile"] = File(FILE, text.encode("utf-8", "surrogateescape"))
            images[f"{top}-{name}"] = {
                "dockerfile": f"{top}/{name}.Dockerfile",
                "context": f"{top}/root",
                "contexts": {"shared": f"./{top}/shared", "also": f"image:{top}-base"} if name != "base" else {},
                "args": {**draw.args, "A": str(rng.random())},
            }
    config = {"version": 1, "project": "trees", "images": images}
    return found | {"build.yaml": File(FILE, json.dumps(config).encode())}


def _thinned(rng: Random, content: Tree) -> Tree:
    """Leave some of the files: what takes time here is to check them out again and again."""
    return {path: each for path, each in content.items() if path in STEADY or rng.random() < 0.3}


def _ignore(rng: Random) -> bytes:
    return ("\n".join(rng.sample(MILD, rng.randint(1, 6))) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Repository:
    """A committed repository and what else lies in its folder. Umasks are given to git, not set in this process."""

    folder: Path

    @property
    def origin(self) -> Path:
        return self.folder / "origin"

    def git(self, *args: str | Path, at: Path | None = None, umask: int = 0o022) -> None:
        subprocess.run(
            ["git", *args], cwd=at or self.origin, env=os.environ | AUTHOR, check=True, capture_output=True, umask=umask
        )

    def create(self, seed: int) -> None:
        self.origin.mkdir(parents=True)
        write(self.origin, files(seed))
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "-m", "all")

    def clone(self, name: str, umask: int = 0o022) -> Path:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        self.git("clone", "-q", "--no-hardlinks", self.origin, place, umask=umask)
        return place


def original(repository: Repository) -> Path:
    return repository.origin


def worktree(repository: Repository) -> Path:
    place = repository.folder / "linked"
    repository.git("worktree", "add", "-q", "--detach", place)
    return place


def deep_and_open(repository: Repository) -> Path:
    """Clone to a long and odd path, every file open to all."""
    return repository.clone("a b/ünï\ncode/" + "very deep/" * 12 + "-end $HOME", umask=0o000)


def private_and_rewritten(repository: Repository) -> Path:
    """Close every file to others and write it anew, in another order, so that folders list them otherwise.

    Everything gets other times, some before 1970: the index has to look.
    """
    place = repository.clone("private", umask=0o077)
    found = [each for each in place.rglob("*") if ".git" not in each.parts[len(place.parts) :]]
    for path in sorted((each for each in found if each.is_file() and not each.is_symlink()), reverse=True):
        copy = path.with_name(f"{path.name[:100]}.new")
        shutil.copy(path, copy)
        copy.replace(path)
    for at, path in enumerate(sorted(found, key=lambda each: each.name[::-1])):
        os.utime(path, (at * 10_000_000 - 10_000_000_000, 1_000_000_000 - at), follow_symlinks=False)
    return place


def strangers(repository: Repository) -> Path:
    """Give a clone to another user."""
    place = repository.clone("stranger")
    for path in (place, *place.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    return place


Make = Callable[[Repository], Path]
