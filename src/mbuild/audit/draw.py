"""Which images are audited. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def draw(names: Iterable[str], size: int | None, seed: int) -> tuple[str, ...]:
    """Return a simple random sample without replacement, sorted; all names where ``size`` is None or too big.

    Drawn are the names whose SHA-256 of ``SEED NUL NAME`` is smallest: the same seed draws the same names with every
    version of Python and on every machine, and each set of ``size`` names is as likely as any other.
    """
    ranked = sorted(
        names, key=lambda name: hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogateescape")).digest()
    )
    return tuple(sorted(ranked[:size]))
