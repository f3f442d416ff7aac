"""What a build request says of the machine that builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbuild.app.requests import found_secret, found_ssh
from mbuild.images import Secret, Ssh


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("/run/x", "/run/x"),
        ("etc/x", "/shop/etc/x"),
        ("~/x", "/home/me/x"),
        ("~", "/home/me"),
        ("a~/x", "/shop/a~/x"),
        ("~no.such.user/x", "/shop/~no.such.user/x"),
    ],
)
def test_where_a_file_is(written: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert found_secret(Secret("a", file=written), Path("/shop")).file == found
    assert found_ssh(Ssh("a", (written,)), Path("/shop")).paths == (found,)


def test_a_secret_from_a_variable_has_no_file() -> None:
    assert found_secret(Secret("a", env="A"), Path("/shop")) == Secret("a", env="A")
