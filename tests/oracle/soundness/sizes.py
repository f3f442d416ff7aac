"""How much is asked: a share by default, more on demand by MBUILD_ORACLE_EXAMPLES."""

from __future__ import annotations

import os

from tests.oracle.soundness.chain import STEPS

_COMMITS = 1000
_COMMITS_OF_AN_EXAMPLE = 5

COMMITS = _COMMITS_OF_AN_EXAMPLE * int(os.environ.get("MBUILD_ORACLE_EXAMPLES") or _COMMITS // _COMMITS_OF_AN_EXAMPLE)
"""Steps asked about; every chain has STEPS of them."""

CHAINS = max(1, COMMITS // STEPS)

REBUILDS = COMMITS // 50
"""Images that a real engine builds twice."""
