"""What builds of an image that was said to be unaffected tell. Pure.

The order of the builds decides what can be said: base, head, and where these differ the base and head once more.
Only a difference between builds that agree with themselves is blamed on the inputs; all else stays undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mbuild.audit.image import Difference, Image, differences
from mbuild.errors import Where
from mbuild.values import dataclass

SAME, MISS, UNDECIDED = "same", "miss", "undecided"


@dataclass(frozen=True, slots=True)
class Ran:
    """A step of the Dockerfile that did not come from the builder's cache."""

    name: str
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One build from everything.

    image: what was built; None: nothing, for the reason in ``error``.
    doubt: why nothing follows from it, whatever the other builds say; "" for nothing of the kind.
    ran:   the steps that were run for it, where the builder tells; cached: it told, and there were none.
    """

    image: Image | None = None
    error: str = ""
    doubt: str = ""
    ran: tuple[Ran, ...] = ()
    cached: bool = False


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


Again = Callable[[], Attempt]


def judge(base: Attempt, head: Attempt, base_again: Again, head_again: Again) -> Verdict:
    """Judge an image by a build of the base and one of head, made in this order.

    base_again, head_again: build once more, in the same way; only called where the two differ, and in this order.
    """
    if base.doubt or head.doubt:
        return Verdict(UNDECIDED, head.doubt or base.doubt)
    if base.image is None and head.image is None:
        return Verdict(UNDECIDED, f"it builds neither at the base nor at head: {head.error}")
    if base.image and head.image and not differences(base.image, head.image):
        return Verdict(SAME)
    control = base_again()
    if control.image and head.image and not differences(control.image, head.image):
        # What came in between, a new image at the same tag say, came to the base as well.
        return Verdict(SAME, "the base, built again, is what head is")
    found = differences(base.image, head.image) if base.image and head.image else ()
    reason = _unsteady("the base", base, control) or _unsteady("head", head, head_again())
    if reason:
        return Verdict(UNDECIDED, reason, found, head.ran)
    return Verdict(MISS, _missed(base, head), found, head.ran)


def _unsteady(which: str, once: Attempt, again: Attempt) -> str:
    """Return why two builds of the same tree leave all open, "" where they agree."""
    if again.doubt:
        return again.doubt
    if _is_built(once) != _is_built(again):
        return f"{which} builds at one time and not at another: {once.error or again.error}"
    found = differences(once.image, again.image) if once.image and again.image else ()
    return f"{which}, built twice, is not the same: {found[0]}" if found else ""


def _missed(base: Attempt, head: Attempt) -> str:
    if head.image is None:
        return f"it builds at the base and fails at head: {head.error}"
    if base.image is None:
        return f"it fails at the base and builds at head: {base.error}"
    return "head's image is another one than the base's"


def _is_built(attempt: Attempt) -> bool:
    return attempt.image is not None


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
