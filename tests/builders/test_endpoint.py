"""Which engine is meant: as the docker command says, where docker-py is imported and where it is not."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from mbuild.builders import endpoint as module
from mbuild.builders.auto import client_settings
from mbuild.builders.endpoint import DEFAULT_HOST, Endpoint, endpoint
from mbuild.errors import EnvironmentFault

NAMED = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the host of a socket somebody listens on, in an environment that says nothing of engines."""
    for name in NAMED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        host = f"unix://{tmp_path}/s"
        monkeypatch.setattr(module, "DEFAULT_HOST", host)
        yield host


def settings(folder: Path, text: str) -> None:
    (folder / ".docker").mkdir()
    (folder / ".docker" / "config.json").write_text(text)


def context(folder: Path, name: str, host: str) -> None:
    """Write a context as ``docker context create`` does: below the SHA-256 of its name."""
    place = folder / ".docker" / "contexts" / "meta" / sha256(name.encode()).hexdigest()
    place.mkdir(parents=True)
    about = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (place / "meta.json").write_text(json.dumps(about))


@pytest.mark.parametrize("text", ["", "{}", '{"currentContext": "default"}', '{"currentContext": ""}', '{"auths": {}}'])
@pytest.mark.parametrize("said", [True, False])
def test_a_local_socket(text: str, said: bool, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if text:
        settings(tmp_path, text)
    if said:
        monkeypatch.setenv("DOCKER_HOST", there)
        monkeypatch.setattr(module, "DEFAULT_HOST", DEFAULT_HOST)
    monkeypatch.setitem(sys.modules, "docker", None)
    assert endpoint() == Endpoint(there, socket=there.removeprefix("unix://"))


def test_a_host_goes_before_contexts(there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(tmp_path, '{"currentContext": "nowhere"}')
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    monkeypatch.setenv("DOCKER_HOST", there)
    assert endpoint() == Endpoint(there, socket=there.removeprefix("unix://"))


@pytest.mark.parametrize("chosen", ["variable", "settings", "both"])
def test_a_context(chosen: str, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context(tmp_path, "mine", there)
    monkeypatch.setattr(module, "DEFAULT_HOST", "unix:///nonexistent.sock")
    if chosen != "settings":
        monkeypatch.setenv("DOCKER_CONTEXT", "mine")
    if chosen != "variable":
        current = "mine" if chosen == "settings" else "default"
        (tmp_path / ".docker" / "config.json").write_text(json.dumps({"currentContext": current}))
    assert endpoint() == Endpoint(there, socket=there.removeprefix("unix://"))


@pytest.mark.parametrize("written", ["{}", "[]", '{"Endpoints": {"docker": 1}}', '{"Endpoints": null}', "{", None])
def test_a_context_that_nobody_can_read(
    written: str | None, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context(tmp_path, "mine", there)
    monkeypatch.setenv("DOCKER_CONTEXT", "mine")
    for each in (tmp_path / ".docker").rglob("meta.json"):
        each.unlink() if written is None else each.write_text(written)
    with pytest.raises(EnvironmentFault):
        endpoint()


def test_a_context_elsewhere_is_docker_pys(there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context(tmp_path, "far", "tcp://192.0.2.1:2375")
    (tmp_path / ".docker" / "config.json").write_text('{"currentContext": "far"}')
    assert endpoint() == Endpoint("tcp://192.0.2.1:2375")


@pytest.mark.parametrize("text", ['{"HttpHeaders": {"X-Key": "1"}}', "[]", "{"])
def test_settings_that_say_more(text: str, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(tmp_path, text)
    monkeypatch.setenv("DOCKER_HOST", there)
    found = endpoint()
    assert (found.host, found.socket) == (there, "")


@pytest.mark.parametrize("name", ["DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"])
def test_certificates_are_docker_pys(name: str, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", there)
    monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(EnvironmentFault, match=r"no Docker Engine answers at unix://.*certificate"):
        endpoint()


def test_a_user_without_a_home(there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert endpoint().host == there
    assert not client_settings({}).special


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:2375", "unix://s"])
def test_another_host(host: str, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", host)
    assert endpoint() == Endpoint(host)


def test_the_default_where_nobody_listens(there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEFAULT_HOST", "unix:///nonexistent.sock")
    with pytest.raises(EnvironmentFault, match=r"at unix:///nonexistent\.sock: No such file"):
        endpoint()
