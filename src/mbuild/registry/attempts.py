"""Which failures of a registry can pass, and how long to wait before asking again. Pure.

What can pass: 429, what a proxy or a registry under load answers (RFC 9110 section 15.6), connections that break, and
silence. What cannot: credentials that are missing or refused, and anything else that a client did wrong.
"""

from __future__ import annotations

from datetime import UTC, datetime

from mbuild.values import dataclass

ATTEMPTS = 5
FIRST_SECONDS = 0.25
LONGEST_SECONDS = 30.0
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed request. status: of the answer, 0 where the connection failed. retry_after: that header, or ""."""

    message: str
    status: int = 0
    retry_after: str = ""

    @property
    def can_pass(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status == 0 or self.status in _PASSING

    @property
    def is_refusal(self) -> bool:
        """Whether the registry wants other credentials."""
        return self.status in (401, 403)


def pause(failure: Failure, attempt: int, now: datetime) -> float | None:
    """Return the seconds to wait before the next attempt, None where there is none. attempt: made so far, from 1.

    Waits double; a Retry-After that asks for longer is followed up to LONGEST_SECONDS, and beyond that there is none.
    """
    if not failure.can_pass or attempt >= ATTEMPTS:
        return None
    asked = _retry_after(failure.retry_after, now)
    if asked > LONGEST_SECONDS:
        return None
    return float(max(asked, min(FIRST_SECONDS * 2 ** (attempt - 1), LONGEST_SECONDS)))


def _retry_after(text: str, now: datetime) -> float:
    """Return the seconds that a Retry-After asks for: a number or a date (RFC 9110 section 10.2.3); 0 for neither."""
    if text.isascii() and text.isdigit():
        return float(text)
    import email.utils

    try:
        until = email.utils.parsedate_to_datetime(text)
        return max(0.0, ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0
