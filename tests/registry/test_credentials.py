"""Credentials come from where the ``docker`` command looks, and are in no representation."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from mbuild.errors import EnvironmentFault
from mbuild.registry.credentials import Credentials, find

HELPER = """#!/bin/sh
read server
case "$server" in
  store.example.com) echo '{"ServerURL":"store.example.com","Username":"sue","Secret":"s3cret"}' ;;
  token.example.com) echo '{"ServerURL":"token.example.com","Username":"<token>","Secret":"s3cret"}' ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
"""


@pytest.fixture
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    helper = tmp_path / "bin" / "docker-credential-test"
    helper.parent.mkdir()
    helper.write_text(HELPER)
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path / "config.json"


def auth(user: str, password: str) -> dict[str, Any]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_a_plain_entry(docker_config: Path) -> None:
    entries = {"r.example.com": auth("bob", "p:w"), "https://index.docker.io/v1/": auth("hub", "x")}
    docker_config.write_text(json.dumps({"auths": entries}))
    assert find("r.example.com") == Credentials("bob", "p:w")
    assert find("docker.io") == Credentials("hub", "x")
    assert find("other.example.com") is None


def test_a_helper_and_a_store(docker_config: Path) -> None:
    docker_config.write_text(json.dumps({"credHelpers": {"store.example.com": "test"}}))
    assert find("store.example.com") == Credentials("sue", "s3cret")
    assert find("other.example.com") is None
    docker_config.write_text(json.dumps({"credsStore": "test", "auths": {"r.example.com": auth("bob", "pw")}}))
    assert find("store.example.com") == Credentials("sue", "s3cret")
    assert find("r.example.com") == Credentials("bob", "pw")


def test_an_identity_token(docker_config: Path) -> None:
    docker_config.write_text(json.dumps({"credHelpers": {"token.example.com": "test"}}))
    found = find("token.example.com")
    assert found == Credentials(identity="s3cret")
    assert "s3cret" not in repr(found)


def test_a_helper_that_is_missing(docker_config: Path) -> None:
    docker_config.write_text(json.dumps({"credHelpers": {"store.example.com": "nowhere"}}))
    with pytest.raises(EnvironmentFault, match=r"credentials for store\.example\.com cannot be read"):
        find("store.example.com")


@pytest.mark.parametrize(
    "settings",
    [
        {"auths": {"r.example.com": {"auth": "!!s3cret"}}},
        {"auths": {"r.example.com": {"auth": base64.b64encode(b"s3cret").decode()}}},
        {"auths": ["s3cret"]},
        {"credHelpers": {"r.example.com": "garbled"}},
        {"credHelpers": {"r.example.com": "failing"}},
    ],
)
def test_what_cannot_be_read_is_an_error_without_a_part_of_it(settings: dict[str, Any], docker_config: Path) -> None:
    for name, code in {"garbled": 0, "failing": 1}.items():
        helper = docker_config.parent / "bin" / f"docker-credential-{name}"
        helper.write_text(f"#!/bin/sh\necho s3cret\nexit {code}\n")
        helper.chmod(0o755)
    docker_config.write_text(json.dumps(settings))
    with pytest.raises(EnvironmentFault, match=r"credentials for r\.example\.com cannot be read") as caught:
        find("r.example.com")
    assert "s3cret" not in str(caught.value)


def test_no_configuration(docker_config: Path) -> None:
    assert find("r.example.com") is None


def test_nothing_is_shown() -> None:
    assert "s3cret" not in repr(Credentials("sue", "s3cret"))
    assert "sue" not in repr(Credentials("sue", "s3cret"))
