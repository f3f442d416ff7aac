from __future__ import annotations

import pytest

from mbuild.app.everything import doubt_of


@pytest.mark.parametrize(
    ("error", "doubt"),
    [
        ("x: not found", ""),
        ("process did not complete successfully: exit code: 3", ""),
        ("dockerfile parse error on line 18: unknown flag: exclude", "this builder cannot read its Dockerfile: "),
        (
            "process did not complete successfully: failed to create endpoint x on network bridge: no such device",
            "the engine could not run a step: ",
        ),
        ("connection reset by peer", "a build failed in a way that may pass: "),
    ],
)
def test_what_a_failure_leaves_open(error: str, doubt: str) -> None:
    assert doubt_of(error) == (doubt + error if doubt else "")
