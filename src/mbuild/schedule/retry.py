"""When to try again what failed and may pass. Pure: the clock is the caller's."""

from __future__ import annotations

import zlib

from mbuild.schedule.failures import Failure
from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """How to try again.

    retries:  how often at most. first: seconds before the first of them; each later one waits twice as long.
    longest:  of these waits. patience: the longest wait that the other side may ask for.
    """

    retries: int = 3
    first: float = 1.0
    longest: float = 30.0
    patience: float = 300.0


def pause(policy: Policy, failure: Failure, tried: int, image: str = "") -> float | None:
    """Return how many seconds to wait before the next try, None where there is none.

    tried: how often it was tried, the first time included. Images that failed together do not all come back together:
    each waits up to a quarter longer, by its name.
    """
    if not failure.passing or tried > policy.retries:
        return None
    if failure.after is not None and failure.after > policy.patience:
        return None
    own = min(policy.longest, policy.first * 2.0 ** (tried - 1))
    spread: float = 1 + (zlib.crc32(image.encode("utf-8", "surrogateescape")) % 1000) / 4000
    return max(own * spread, failure.after or 0.0)
