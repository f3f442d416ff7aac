"""An identity token is exchanged for what a registry wants, and goes nowhere else."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from dxf import exceptions as dxf_exceptions

from mbuild.registry.connection import Connection
from mbuild.registry.credentials import Credentials
from mbuild.registry.manifest import RegistryError
from mbuild.registry.tokens import access_token
from tests.registry.server import Proxy
from tests.registry.test_registries import image
from tests.secrets.servers import certificate, gate

IDENTITY = "the-identity-token"


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    file, found = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    return found


def connected(host: str, identity: str, insecure: bool = False) -> Connection:
    return Connection(host, insecure, lambda: Credentials(identity=identity), lambda _: None)


def test_it_is_exchanged_for_an_access_token(registry: str, tls: ssl.SSLContext, tmp_path: Path) -> None:
    with gate(registry, tls, token="access", identity=IDENTITY) as noted:
        connection = connected(noted.host, IDENTITY)
        pushed = image(connection, "shop/api", "v1", tmp_path, b"layer")
        assert connection.manifest("shop/api", "v1") == pushed
        connection.close()
        assert noted.saw("Authorization: Bearer access")
        assert not noted.saw(IDENTITY), "it is in the form alone"


def test_one_that_is_refused_says_so(registry: str, tls: ssl.SSLContext) -> None:
    with gate(registry, tls, token="access", identity=IDENTITY) as noted:
        connection = connected(noted.host, "another")
        with pytest.raises(RegistryError, match="401") as caught:
            connection.manifest("shop/api", "v1")
        connection.close()
    assert caught.value.problems[0].hints == (f"log in with docker login {noted.host}",)
    assert "another" not in str(caught.value)


def answer(challenge: str) -> requests.Response:
    found = requests.Response()
    found.headers["WWW-Authenticate"] = challenge
    return found


def test_it_is_not_sent_without_tls(proxy: Proxy) -> None:
    with pytest.raises(dxf_exceptions.DXFAuthInsecureError):
        access_token(answer(f'Bearer realm="http://{proxy.host}/token"'), IDENTITY, insecure=True)
    with pytest.raises(requests.exceptions.SSLError):
        access_token(answer(f'Bearer realm="http://{proxy.host}/token"'), IDENTITY, insecure=False)
    assert proxy.seen == []


@pytest.mark.parametrize("challenge", ["", 'Basic realm="x"', "Bearer", 'Bearer service="x"'])
def test_what_asks_for_no_token_gets_none(challenge: str) -> None:
    with pytest.raises(dxf_exceptions.DXFUnauthorizedError):
        access_token(answer(challenge), IDENTITY, insecure=False)


ODD = [
    ({}, b""),
    ({"WWW-Authenticate": ""}, b""),
    ({"WWW-Authenticate": "Bearer"}, b""),
    ({"WWW-Authenticate": 'Bearer service="x"'}, b""),
    ({"WWW-Authenticate": 'Basic realm="x", @@;;'}, b""),
    ({"WWW-Authenticate": 'Bearer realm="https://["'}, b""),
    *(
        ({"WWW-Authenticate": 'Bearer realm="https://r.invalid/token"'}, body)
        for body in (b"{}", b"[]", b"<html>", b'{"token":null}', b'{"token":5}')
    ),
]


@pytest.mark.parametrize(("headers", "body"), ODD)
@pytest.mark.parametrize("known", [None, Credentials("sue", "s3cret"), Credentials(identity=IDENTITY)])
def test_an_odd_question_for_credentials_is_a_refusal(
    headers: dict[str, str], body: bytes, known: Credentials | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answered(status: int, content: bytes) -> Callable[..., requests.Response]:
        found = requests.Response()
        found.status_code, found._content = status, content
        found.headers.update(headers)
        return lambda *args, **kwargs: found

    monkeypatch.setattr(requests.Session, "head", answered(401, b""))
    monkeypatch.setattr(requests.Session, "get", answered(200, body))
    monkeypatch.setattr(requests, "post", answered(200, body))
    waits: list[float] = []
    connection = Connection("r.invalid", False, lambda: known, waits.append)
    with pytest.raises(RegistryError, match="shop/api:v1: asking for it failed: ") as caught:
        connection.digest("shop/api", "v1")
    assert (caught.value.failure.status, waits) == (401, [])
    assert caught.value.problems[0].hints == ("log in with docker login r.invalid",)
