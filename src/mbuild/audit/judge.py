"""What two builds say of an image that was said to be unaffected. Pure.

The order of the builds decides what can be said: base, then head, then, where these differ, base once more. Only a
difference that stands between two builds of the base which agree is blamed on the inputs; all else stays undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mbuild.audit.image import Difference, Image, differences
from mbuild.errors import Where

SAME, MISS, UNDECIDED = "same", "miss", "undecided"


@dataclass(frozen=True, slots=True)
class Ran:
    """A step of the Dockerfile that did not come from the builder's cache."""

    name: str
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One build from everything.

    image: what was built; None: nothing, for the reason in ``error``. passing: it may succeed when tried again.
    ran:   the steps that were run for it, where the builder tells.
    """

    image: Image | None = None
    error: str = ""
    passing: bool = False
    ran: tuple[Ran, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of an image. outcome: SAME, MISS or UNDECIDED; reason: why, "" where nothing is to be said.

    differences: of head's image from the base's. ran: head's steps that were run anew.
    """

    outcome: str
    reason: str = ""
    differences: tuple[Difference, ...] = ()
    ran: tuple[Ran, ...] = ()


_WORST = (SAME, UNDECIDED, MISS)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that counts for all of them, the first of its kind."""
    return max(verdicts, key=lambda each: _WORST.index(each.outcome))


def judge(base: Attempt, head: Attempt, again: Callable[[], Attempt]) -> Verdict:
    """Judge an image by a build of the base and one of head, made in this order.

    again: builds the base once more, in the same way; only called where the two differ.
    """
    if base.image is None and head.image is None:
        return Verdict(UNDECIDED, f"it builds neither at the base nor at head: {head.error}")
    found = _differ(base, head)
    if not found and base.image and head.image:
        return Verdict(SAME)
    if base.passing or head.passing:
        return Verdict(UNDECIDED, f"a build failed in a way that may pass: {base.error or head.error}")
    control = again()
    if control.passing:
        return Verdict(UNDECIDED, f"a build failed in a way that may pass: {control.error}")
    return _blamed(base, head, control, found)


def _blamed(base: Attempt, head: Attempt, control: Attempt, found: tuple[Difference, ...]) -> Verdict:
    if control.image and head.image and not _differ(control, head):
        # What came in between, a new image at the same tag say, came to the base as well.
        return Verdict(SAME, "the base, built again, is what head is")
    if _is_built(base) != _is_built(control):
        return Verdict(UNDECIDED, f"the base builds at one time and not at another: {base.error or control.error}")
    unsteady = _differ(base, control)
    if unsteady:
        reason = f"the base, built twice, is not the same: {unsteady[0]}"
        return Verdict(UNDECIDED, reason, found, head.ran)
    if head.image is None:
        return Verdict(MISS, f"it builds at the base and fails at head: {head.error}", ran=head.ran)
    if base.image is None:
        return Verdict(MISS, f"it fails at the base and builds at head: {base.error}", ran=head.ran)
    return Verdict(MISS, "head's image is another one than the base's", found, head.ran)


def _is_built(attempt: Attempt) -> bool:
    return attempt.image is not None


def _differ(old: Attempt, new: Attempt) -> tuple[Difference, ...]:
    return differences(old.image, new.image) if old.image and new.image else ()


def judge_existing(there: Image, head: Attempt, outside: str, fresh: Callable[[], Attempt]) -> Verdict:
    """Judge the build that exists under the fingerprint of an image, by head's build from everything.

    outside: what else the image depends on that a fingerprint cannot know the content of, "" for nothing.
    fresh:   builds head again, nothing of it from a cache. Only called where they differ.
    """
    if head.image is None:
        return Verdict(UNDECIDED, "there is nothing to compare it with")
    found = differences(there, head.image)
    if not found:
        return Verdict(SAME)
    if outside:
        return Verdict(UNDECIDED, f"it differs, and {outside} may have been another one then", found)
    control = fresh()
    if control.image is None:
        return Verdict(UNDECIDED, f"it differs, and whether it has to was not found out: {control.error}", found)
    unsteady = differences(head.image, control.image)
    if unsteady:
        return Verdict(UNDECIDED, f"building head twice does not give the same: {unsteady[0]}", found)
    return Verdict(MISS, "the build that exists is another one than head's inputs make", found)
