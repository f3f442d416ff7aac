"""Replays a chain, or one step of it: ``python -m tests.oracle.soundness SEED [STEP] [--engine] [--keep FOLDER]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.oracle.soundness.asking import Chain
from tests.oracle.soundness.replay import story


def main() -> int:
    """Ask about the steps again and say what was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.soundness", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("step", type=int, nargs="?", help="only this step")
    parser.add_argument("--engine", action="store_true", help="a chain that an engine can build (test_rebuilds.py)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the repository in a new folder")
    given = parser.parse_args()
    with TemporaryDirectory() as scratch:
        chain = Chain(given.seed, given.keep or Path(scratch, "repo"), engine=given.engine)
        steps = [given.step] if given.step else range(1, len(chain.states))
        verdicts = [chain.verdict(step) for step in steps]
        for each in verdicts:
            sys.stdout.write(
                f"{each.step:3} {each.kind:32} {each.how:34} changed {sorted(each.changed)}"
                f" superfluous {sorted(each.superfluous)} missed {sorted(each.missed)}"
                f" {chain.commits[each.step - 1][:12]}..{chain.commits[each.step][:12]}\n"
            )
            if each.missed:
                sys.stdout.write(story(chain, each) + "\n")
    return 1 if any(each.missed for each in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
