"""Which failures can pass, and how long is waited."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mbuild.registry.attempts import ATTEMPTS, LONGEST_SECONDS, Failure, pause

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("status", [0, 408, 425, 429, 500, 502, 503, 504])
def test_what_can_pass_is_tried_again_with_longer_and_longer_waits(status: int) -> None:
    waits = [pause(Failure("x", status), attempt, NOW) for attempt in range(1, ATTEMPTS + 1)]
    assert waits == [0.25, 0.5, 1.0, 2.0, None]


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 405, 416, 501, 505])
def test_what_cannot_is_not(status: int) -> None:
    assert pause(Failure("x", status), 1, NOW) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.25),
        ("", 0.25),
        ("soon", 0.25),
        ("-5", 0.25),
        ("²", 0.25),
        ("Thu, 01 Jan 2026 00:00:07 GMT", 7.0),
        ("Thu, 01 Jan 2026 00:00:07 -0000", 7.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.25),
        (str(int(LONGEST_SECONDS)), LONGEST_SECONDS),
        ("3600", None),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999", 0.25),
        ("Mon, 01 Jan 0001 00:00:00 +2300", 0.25),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert pause(Failure("x", 429, header), 1, NOW) == seconds


def test_refusals() -> None:
    assert [status for status in (0, 200, 400, 401, 403, 404, 500) if Failure("x", status).is_refusal] == [401, 403]
