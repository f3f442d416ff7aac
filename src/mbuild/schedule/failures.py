"""What a failure means: can it pass by itself, so that trying again makes sense? Pure.

The texts are those of BuildKit, containerd's resolver, the Docker Engine and registries (OCI distribution-spec).
What nobody knows does not pass: a build that fails is reported at once.
"""

from __future__ import annotations

import re

from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure. passing: it may be gone when tried again. after: seconds that the other side asks to wait, or None."""

    passing: bool
    after: float | None = None


# The first pattern that is found decides, so what does not pass stands before words that also occur in what does.
_RULES: tuple[tuple[bool, str], ...] = (
    # A step of the Dockerfile: its command may quote any of what follows.
    (False, r"did not complete successfully|returned a non-zero code|executor failed running"),
    (False, r"dockerfile parse error|failed to compute cache key: .*not found|unknown instruction"),
    # BuildKit's scheduler, when a build shares a step with one that was just cancelled or killed: solver/jobs.go and
    # scheduler.go of moby/buildkit. Nothing is wrong with the Dockerfile.
    (True, r"failed to get state for index \d+ on |inconsistent graph state in edge"),
    (True, r"too ?many ?requests|status(?: code)?:? 429|\b429 too"),
    (False, r"(?::|status|code) 40[134]\b|unauthorized|forbidden|access denied|denied:"),
    (False, r"authorization failed|insufficient_scope"),
    (False, r": not found|no such host|manifest unknown|name unknown|no match for platform"),
    (False, r"x509:|certificate|server gave HTTP response to HTTPS client|no space left on device"),
    (True, r"status.*: 5\d\d\b|status code 5\d\d\b|server error: 5\d\d\b"),
    (True, r"\b5\d\d (?:internal server error|bad gateway|service unavailable|gateway time-?out)"),
    (True, r"connection reset|connection refused|broken pipe|unexpected eof|: eof$|use of closed network connection"),
    (True, r"i/o timeout|tls handshake timeout|client\.timeout|timeout awaiting|deadline exceeded|timed out"),
    (True, r"temporary failure in name resolution|server misbehaving|network is unreachable|no route to host"),
    (True, r"http2: .*goaway|stream error: |http2: client connection lost"),
)
_COMPILED = tuple((passing, re.compile(pattern, re.IGNORECASE | re.MULTILINE)) for passing, pattern in _RULES)
_AFTER = re.compile(r"retry-after[:= ]+\"?(\d{1,6})\b", re.IGNORECASE)


def classify(text: str) -> Failure:
    """Return what the text of a failure means."""
    passing = next((passes for passes, pattern in _COMPILED if pattern.search(text)), False)
    after = _AFTER.search(text) if passing else None
    return Failure(passing, float(after[1]) if after else None)
