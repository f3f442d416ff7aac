"""Images of made-up repositories, built from everything and from mbuild's context: the same images.

One side is a plain ``docker buildx build`` of the checkout with the user's own ignore file; the other is mbuild's own
command line (see ``cases.WAYS``). Compared are the configuration and, file by file, the root file system; times are
not, since contexts carry those of the commit. A build that fails has to fail on both sides.

BuildKit's cache stays on for three quarters of the cases: an entry of it is found by the content that an instruction
reads, so a hit across two contexts is BuildKit's own word that both hold the same, modes and links included. The rest
are built in full without it, so that nothing rests on that word alone. ``test_planted`` shows what is seen either way.
"""

from __future__ import annotations

import os
import re
from collections import Counter

import pytest

from tests.oracle.minimal.building import Bench
from tests.oracle.minimal.cases import CASES_PER_TREE, Case
from tests.oracle.minimal.conftest import Workshop
from tests.oracle.minimal.lines import LINES
from tests.oracle.minimal.results import Result

pytestmark = pytest.mark.engine

EXAMPLES = int(os.environ.get("MBUILD_ORACLE_EXAMPLES", "200"))
FIRST = int(os.environ.get("MBUILD_ORACLE_SEED", "-1"))
"""A seed to run alone; the seeds are the same in every run."""

BATCH = 100
STRUCTURE = (
    *("scratch", "busybox:1", "base", "tools", "shared", "target", "unreachable stage", "Dockerfile inside"),
    *("Dockerfile outside", "own ignore file", "root ignore file", "re-inclusion", "emptied folder"),
)
LEAST_BUILT = 0.85
MOST_EXCUSED = 0.04
MOST_UNBUILT = 2
"""Of the kinds of lines, in a batch: each is in two cases or more, and one in eight cannot be built."""

_LINK = re.compile(r"\b(?:ln-|lnk|up\b)")


def batches() -> list[range]:
    """Return the seeds, in groups that take about the same time."""
    if FIRST >= 0:
        return [range(FIRST, FIRST + 1)]
    trees, size = max(1, EXAMPLES // CASES_PER_TREE), BATCH // CASES_PER_TREE
    return [range(start, min(start + size, trees)) for start in range(0, trees, size)]


@pytest.mark.parametrize("seeds", batches(), ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_minimal_is_full(seeds: range, workshop: Workshop) -> None:
    found: list[str] = []
    built: Counter[str] = Counter()
    for seed in seeds:
        bench = workshop.bench(seed)
        for case in bench.repo.cases:
            full, ours = bench.full(case), bench.ours(case)
            differences = full.differences(ours)
            if differences and _is_excused(bench, case, full, ours):
                built["excused"] += 1
            else:
                found += _told(bench, case, differences)
            if not full.error:
                built.update({*case.features, "all", f"way {case.way}"})
    assert not found, "\n".join(found)
    _check_reach(built, len(seeds) * CASES_PER_TREE)


def _is_excused(bench: Bench, case: Case, full: Result, ours: Result) -> bool:
    """Tell whether a difference is one that the documentation states (docs/reference.md, What an image reads).

    In both, BuildKit's client sends too little, and mbuild what the Dockerfile names; never the other way round:

    - Where a Dockerfile cannot be read exactly, mbuild sends the whole context root. BuildKit fails where a wildcard
      matches a link, or a folder with a link in it, whose target no instruction names.
    - Where two sources pass the same link, BuildKit's client follows it for the first one only (fsutil
      ``followlinks.go``): what the second one needs besides is missing, or the build fails.
    """
    if ours.error or not (full.error or full.is_part_of(ours)):
        return False
    return not bench.is_exact(case) or len(_LINK.findall(bench.instructions(case))) > 1


def _told(bench: Bench, case: Case, differences: list[str]) -> list[str]:
    if not differences:
        return []
    replay = f"MBUILD_ORACLE_SEED={bench.repo.seed} pytest {__name__.replace('.', '/')}.py"
    text = bench.repo.files[case.image.dockerfile].data.decode("utf-8", "replace")
    return [f"{case.image.name} by {case.way} (again: {replay}), plain against minimal:", *differences[:20], text]


def _check_reach(built: Counter[str], cases: int) -> None:
    """See that the cases were worth it: most of them can be built, and everything is in some that can."""
    if cases < BATCH:
        return
    assert built["all"] >= LEAST_BUILT * cases, f"{built['all']} of {cases} can be built"
    assert built["excused"] <= MOST_EXCUSED * cases, f"{built['excused']} of {cases} are excused"
    unbuilt = [name for name in LINES if not built[name]]
    assert len(unbuilt) <= MOST_UNBUILT, f"in no image that can be built: {unbuilt}"
    wanted = dict.fromkeys(STRUCTURE, 3) | {"way auto": 20, "way buildx": 10, "way docker": 10, "way context": 10}
    rare = {name: built[name] for name, least in wanted.items() if built[name] < least}
    assert not rare, f"hardly exercised: {rare}"
