"""Fixtures of the embedded builder's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.oci.support import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return an empty place to assemble images in."""
    return Bench(tmp_path)
