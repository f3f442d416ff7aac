"""Where synthetic monorepos are kept: made once, used by every run.

python -m bench.monorepo.store --size L     make one (or find it) and print its folder
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.monorepo.branches import branches, states
from bench.monorepo.files import files
from bench.monorepo.layout import layout
from bench.monorepo.sizes import SIZES, VERSION, Size
from bench.monorepo.writing import write


@dataclass(frozen=True, slots=True)
class Monorepo:
    """A repository on disk. truth: what ``truth.json`` beside it says."""

    size: Size
    folder: Path
    truth: dict[str, Any]

    def affected(self, branch: str) -> frozenset[str]:
        """Return the images that a branch affects, against main."""
        return frozenset(self.truth["branches"][branch]["affected"])


def default_home() -> Path:
    """Return MBUILD_BENCH_DIR, else a folder in the user's cache directory."""
    named = os.environ.get("MBUILD_BENCH_DIR")
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("mbuild-bench")


def monorepo(size: Size, home: Path) -> Monorepo:
    """Return the repository of a size, made now where it is not there yet."""
    place = home / f"monorepo-{size.name}-v{VERSION}"
    if not place.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".making-", dir=home))
        try:
            _make(size, scratch)
            scratch.rename(place)
        except OSError:
            if not place.is_dir():
                raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return Monorepo(size, place / "repo", json.loads((place / "truth.json").read_text()))


def _make(size: Size, place: Path) -> None:
    plan = layout(size)
    content = files(plan)
    made = list(branches(plan, content))
    write(place / "repo", content, made)
    truth = {
        "version": VERSION,
        "size": size.name,
        "images": sorted(each.name for each in plan.images),
        "files": len(content),
        "branches": {each.name: {"paths": len(each.edits), "affected": each.affected} for each in made},
        "states": {
            each.name: {
                "checkout": each.checkout,
                "base": each.base,
                "edits": {path: text.decode() for path, text in each.edits.items()},
                "affected": each.affected,
            }
            for each in states(plan, content)
        },
    }
    (place / "truth.json").write_text(json.dumps(truth, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a synthetic monorepo and print its folder.")
    parser.add_argument("--size", choices=SIZES, default="S")
    parser.add_argument("--dir", type=Path, default=default_home(), help="default: MBUILD_BENCH_DIR")
    asked = parser.parse_args()
    begun = time.perf_counter()
    made_now = monorepo(SIZES[asked.size], asked.dir)
    expected = {name: len(each["affected"]) for name, each in made_now.truth["branches"].items()}
    print(made_now.folder)
    print(f"{made_now.truth['files']} files, affected: {expected}; {time.perf_counter() - begun:.1f} s")
