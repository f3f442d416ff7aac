"""What ``audit`` answers: of each image what came of its builds, and how sure that makes of all the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mbuild.audit.chance import CONFIDENCE, Recall
from mbuild.audit.image import Difference
from mbuild.audit.judge import MISS, SAME, UNDECIDED, Ran, Verdict
from mbuild.errors import and_more, printable
from mbuild.output.report import BaseInfo, HeadInfo
from mbuild.output.text import compared, table
from mbuild.output.words import count
from mbuild.values import dataclass

MOST = 5
"""How many differences, steps and paths are shown to people; JSON has all of them."""


@dataclass(frozen=True, slots=True)
class Existing:
    """What is said of the build that exists under an image's fingerprint. name: its content tag."""

    name: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Audited:
    """One image that was drawn. around: the paths in its contexts, and its parents', that changed, with how."""

    name: str
    verdict: Verdict
    around: tuple[tuple[str, str], ...] = ()
    existing: Existing | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Audit:
    """A finished audit.

    images:   how many were considered; affected: of them, how many were reported; eligible: how many were not.
    builder:  who built, in words; again: the command that draws the same images.
    """

    base: BaseInfo
    head: HeadInfo
    seed: int
    images: int
    affected: int
    eligible: int
    builder: str = ""
    results: tuple[Audited, ...] = ()
    again: tuple[str, ...] = ()

    def number(self, outcome: str) -> int:
        """Return how many images have an outcome."""
        return sum(1 for each in self.results if each.verdict.outcome == outcome)

    @property
    def recall(self) -> Recall:
        """What that says of all images that were not reported."""
        missed = self.number(MISS)
        return Recall(self.affected, self.eligible, missed + self.number(SAME), missed)


def as_json(found: Audit) -> dict[str, Any]:
    """Return the answer as JSON."""
    recall = found.recall
    return {
        "schema": 1,
        "base": {"ref": found.base.ref, "commit": found.base.commit, "how": found.base.how},
        "head": {"ref": found.head.ref, "commit": found.head.commit, "dirty": found.head.dirty},
        "seed": found.seed,
        "builder": found.builder,
        "considered": found.images,
        "affected": found.affected,
        "eligible": found.eligible,
        "sampled": len(found.results),
        **{outcome: found.number(outcome) for outcome in (SAME, MISS, UNDECIDED)},
        "confidence": float(CONFIDENCE),
        "most_missed": recall.most_missed,
        "recall": recall.estimate,
        "recall_at_least": recall.at_least,
        "images": [_image(each) for each in found.results],
    }


def _image(each: Audited) -> dict[str, Any]:
    existing = {"name": each.existing.name, **_verdict(each.existing.verdict)} if each.existing else None
    return {
        "name": each.name,
        **_verdict(each.verdict),
        "steps": [_step(step) for step in each.verdict.ran],
        "around": [{"path": path, "change": change} for path, change in each.around],
        "existing": existing,
        "seconds": round(each.seconds, 3),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    found = [
        {"what": each.what, "old": each.old, "new": each.new, "made_by": each.made_by} for each in verdict.differences
    ]
    return {"outcome": verdict.outcome, "reason": verdict.reason, "differences": found}


def _step(step: Ran) -> dict[str, Any]:
    return {"name": step.name, "where": str(step.where) if step.where else None}


def as_text(found: Audit) -> str:
    """Return the answer as people read it."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Audit) -> Iterator[str]:
    yield from compared(found.base, found.head)
    yield f"{count(found.images, 'image')}: {found.affected} affected, {found.eligible} not affected"
    if not found.results:
        yield "nothing to audit: " + ("there are no images" if not found.images else "every image is affected")
        return
    yield from _drawn(found)
    yield f"built by {found.builder}"
    yield ""
    shown = [each for each in found.results if each.verdict.outcome != SAME or not _is_plain(each)]
    if len(shown) < len(found.results):
        yield from table([("same", ", ".join(each.name for each in found.results if each not in shown))])
    for each in shown:
        yield from _told(each)
    yield ""
    yield from _sure(found)


def _is_plain(each: Audited) -> bool:
    """Whether there is nothing more to say of an image than that it is the same."""
    return not each.verdict.reason and (each.existing is None or each.existing.verdict.outcome == SAME)


def _drawn(found: Audit) -> Iterator[str]:
    if len(found.results) == found.eligible:
        yield "all that are not affected were looked at"
    else:
        yield f"{len(found.results)} of those were drawn, each set of them with the same chance"
        yield f"to draw the same: {' '.join(found.again)}"


def _told(each: Audited) -> Iterator[str]:
    verdict = each.verdict
    yield f"  {verdict.outcome}  {each.name}" + (f": {printable(verdict.reason)}" if verdict.reason else "")
    yield from _some([f"differs: {printable(_short(found))}" for found in verdict.differences])
    yield from _some([f"run anew: {_place(step)}{printable(step.name)}" for step in verdict.ran])
    if verdict.outcome == MISS:
        yield from _some([f"held not to matter: {printable(path)} ({change})" for path, change in each.around])
    if each.existing and each.existing.verdict.outcome != SAME:
        existing = each.existing.verdict
        yield f"      the build that exists, {each.existing.name}: {existing.outcome}: {printable(existing.reason)}"
        yield from _some([f"differs: {printable(_short(found))}" for found in existing.differences])


def _short(found: Difference) -> str:
    made_by = f" ({found.made_by[:80]})" if found.made_by else ""
    return f"{Difference(found.what, found.old[:60], found.new[:60])}{made_by}"


def _place(step: Ran) -> str:
    return f"{printable(str(step.where))}: " if step.where else ""


def _some(lines: Sequence[str]) -> Iterator[str]:
    for line in lines[:MOST]:
        yield f"      {line}"
    if len(lines) > MOST:
        yield f"      {and_more(len(lines) - MOST)}"


def _sure(found: Audit) -> Iterator[str]:
    recall, percent = found.recall, int(CONFIDENCE * 100)
    missed, undecided = found.number(MISS), found.number(UNDECIDED)
    tail = f", {undecided} undecided" if undecided else ""
    yield f"{count(missed, 'miss', 'misses')} among {recall.decided} decided{tail}"
    if recall.most_missed is None:
        return
    whole = recall.decided == found.eligible
    sure = "" if whole else f", with {percent} % confidence"
    left = f", as far as the {recall.decided} decided stand for all" if undecided else ""
    yield f"wrong skips: {'' if whole else 'at most '}{recall.most_missed} of {found.eligible}{sure}{left}"
    if recall.estimate is None or recall.at_least is None:
        yield "recall: nothing was affected, so there was nothing to find"
    elif whole:
        yield f"recall: {_percent(recall.estimate)}"
    else:
        yield f"recall: at least {_percent(recall.at_least)}{sure}; estimate {_percent(recall.estimate)}"


def _percent(share: float) -> str:
    """Return a share in percent, rounded down: what is not whole is not shown as whole."""
    return f"{int(share * 1000) / 10:g} %"
