"""How an audit is told, in text and as JSON."""

from __future__ import annotations

from dataclasses import replace

from mbuild.audit.image import Difference
from mbuild.audit.judge import MISS, SAME, UNDECIDED, Ran, Verdict
from mbuild.errors import Where
from mbuild.output.audit import Audit, Audited, Existing, as_json, as_text
from mbuild.output.report import BaseInfo, HeadInfo

EMPTY = Audit(
    base=BaseInfo("v1", "a" * 40, "--base"),
    head=HeadInfo("work tree", "b" * 40, True),
    seed=7,
    images=12,
    affected=2,
    eligible=10,
    builder="docker buildx build",
    again=("mbuild", "audit", "--seed", "7"),
)
MISSED = Audited(
    "api",
    Verdict(
        MISS,
        "head's image is another one",
        tuple(Difference(f"/f{number}", "x" * 90, "file\x1b[31m", "COPY . /" + "y" * 90) for number in range(7)),
        (Ran("[1/2] COPY . /", Where("api\r/Dockerfile", 2, 1)), Ran("[2/2] RUN make")),
    ),
    (("api/x\ny", "modified"), ("lib/l", "added")),
)


def test_a_miss_is_told_with_all_that_a_report_needs() -> None:
    told = as_text(replace(EMPTY, results=(Audited("base", Verdict(SAME)), MISSED)))
    assert told.splitlines() == [
        "base: v1 aaaaaaaaaaaa (--base)",
        "head: work tree bbbbbbbbbbbb, with changes that are not committed",
        "12 images: 2 affected, 10 not affected",
        "2 of those were drawn, each set of them with the same chance",
        "to draw the same: mbuild audit --seed 7",
        "built by docker buildx build",
        "",
        "  same  base",
        "  miss  api: head's image is another one",
        *[f"      differs: /f{number}: {'x' * 60} → file\\x1b[31m (COPY . /{'y' * 72})" for number in range(5)],
        "      and 2 more",
        "      run anew: api\\r/Dockerfile:2:1: [1/2] COPY . /",
        "      run anew: [2/2] RUN make",
        "      held not to matter: api/x\\ny (modified)",
        "      held not to matter: lib/l (added)",
        "",
        "1 miss among 2 decided",
        "wrong skips: at most 9 of 10, with 95 % confidence",
        "recall: at least 18.1 %, with 95 % confidence; estimate 28.5 %",
    ]


def test_what_is_undecided_is_left_out_of_what_is_sure() -> None:
    existing = Existing("shop/api:mb-1", Verdict(UNDECIDED, "it differs", MISSED.verdict.differences[:1]))
    results = (
        Audited("api", Verdict(SAME), existing=existing),
        Audited("base", Verdict(SAME, "the base, built again, is what head is")),
        Audited("web", Verdict(UNDECIDED, "no network")),
    )
    told = as_text(replace(EMPTY, eligible=3, results=results))
    assert told.partition("buildx build\n")[2].splitlines() == [
        "",
        "  same  api",
        "      the build that exists, shop/api:mb-1: undecided: it differs",
        f"      differs: /f0: {'x' * 60} → file\\x1b[31m (COPY . /{'y' * 72})",
        "  same  base: the base, built again, is what head is",
        "  undecided  web: no network",
        "",
        "0 misses among 2 decided, 1 undecided",
        "wrong skips: at most 1 of 3, with 95 % confidence, as far as the 2 decided stand for all",
        "recall: at least 66.6 %, with 95 % confidence; estimate 100 %",
    ]


def test_nothing_decided_says_nothing_of_the_others() -> None:
    told = as_text(replace(EMPTY, results=(Audited("web", Verdict(UNDECIDED, "no network")),)))
    assert told.endswith("\n0 misses among 0 decided, 1 undecided\n")


def test_all_looked_at() -> None:
    told = as_text(replace(EMPTY, eligible=1, results=(Audited("web", Verdict(SAME)),)))
    assert "all that are not affected were looked at\n" in told
    assert told.endswith("\n0 misses among 1 decided\nwrong skips: 0 of 1\nrecall: 100 %\n")
    nothing = as_text(replace(EMPTY, affected=0, eligible=1, results=(Audited("web", Verdict(SAME)),)))
    assert nothing.endswith("\nrecall: nothing was affected, so there was nothing to find\n")


def test_nothing_to_audit() -> None:
    assert as_text(replace(EMPTY, eligible=0)).endswith("nothing to audit: every image is affected\n")
    assert as_text(replace(EMPTY, images=0, eligible=0)).endswith("nothing to audit: there are no images\n")


def test_json_has_everything() -> None:
    found = as_json(replace(EMPTY, results=(MISSED,)))
    (api,) = found["images"]
    assert len(api["differences"]) == 7
    assert api["steps"] == [
        {"name": "[1/2] COPY . /", "where": "api\r/Dockerfile:2:1"},
        {"name": "[2/2] RUN make", "where": None},
    ]
    assert (found["miss"], found["same"], found["undecided"], found["sampled"]) == (1, 0, 0, 1)
