"""What a published manifest says it was built from, and the date of an image."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mbuild.builders.engine import connect
from mbuild.git.source import source_url
from mbuild.registry.annotations import of_commit
from tests.cli.test_promoting import there
from tests.cli.test_pushing import builder, forget, push, quick, shop  # noqa: F401 - fixtures
from tests.conftest import EngineUnderTest
from tests.registry.server import Fault, Proxy
from tests.support import Repo

PREFIX = "org.opencontainers.image."


def notes(host: str, name: str) -> Any:
    return json.loads(there(f"{host}/shop/{name}").data).get("annotations")


@pytest.mark.usefixtures("quick")
def test_what_is_published_says_which_commit_it_was_built_from(
    shop: Repo,  # noqa: F811
    builder: str,  # noqa: F811
    proxy: Proxy,
) -> None:
    shop.git("remote", "add", "origin", "https://me:hunter22@git.example.com/team/shop.git")
    commit = shop.git("rev-parse", "HEAD")
    first = push(shop, builder, "--tag", "v1")
    assert first.code == 0, first.err
    time = shop.git("log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%cd")
    said = {
        f"{PREFIX}created": time,
        f"{PREFIX}revision": commit,
        f"{PREFIX}source": "https://git.example.com/team/shop",
    }
    for name in ("api:v1", "base:v1", "web:v1"):
        assert notes(proxy.host, name) == said
    digests = {each["name"]: each["digest"] for each in first.json["images"]}
    # Another commit of the same content is the same image: it says what it was built from.
    shop.commit({"README.md": "another\n"})
    again = push(shop, builder, "--tag", "v2")
    assert {each["name"]: each["digest"] for each in again.json["images"]} == digests
    assert notes(proxy.host, "api:v2") == said
    shop.write({"libs/money/money.py": "VAT = 25\n"})
    dirty = push(shop, builder, "--tag", "v3")
    assert dirty.code == 0, dirty.err
    assert notes(proxy.host, "api:v3")[f"{PREFIX}revision"].endswith("-dirty")
    assert notes(proxy.host, "web:v3") == said


@pytest.mark.usefixtures("quick")
def test_manifests_are_published_as_they_are_where_that_is_asked_for(
    shop: Repo,  # noqa: F811
    builder: str,  # noqa: F811
    proxy: Proxy,
) -> None:
    done = push(shop, builder, "--no-annotations", "--tag", "v1")
    assert done.code == 0, done.err
    assert notes(proxy.host, "api:v1") is None


@pytest.mark.usefixtures("quick")
def test_a_registry_that_takes_no_annotated_manifest_is_told_of(shop: Repo, proxy: Proxy) -> None:  # noqa: F811
    seen: list[int] = []

    class Second(Fault):
        """The first PUT is that of the image as it is."""

        __slots__ = ()

        def fits(self, method: str, path: str) -> bool:
            if method == "PUT" and "/web/manifests/" in path:
                seen.append(1)
                return len(seen) > 1
            return False

    proxy.faults = [Second("PUT", "", 400, 99)]
    done = push(shop, "oci")
    assert done.code == 1
    assert "annotating it failed: 400" in done.err
    assert "hint: --no-annotations publishes manifests as they are" in done.err


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://github.com/acme/shop.git", "https://github.com/acme/shop"),
        ("https://tok@github.com/acme/shop", "https://github.com/acme/shop"),
        ("https://me:pw@host:8443/a/b.git/?x=y#z", "https://host:8443/a/b"),
        ("http://host/a", "http://host/a"),
        ("git@github.com:acme/shop.git", "https://github.com/acme/shop"),
        ("host:acme/shop", "https://host/acme/shop"),
        ("ssh://git@host:2222/acme/shop.git", "https://host/acme/shop"),
        ("git://host/acme/shop", "https://host/acme/shop"),
        ("https://[::1]:1/a", "https://[::1]:1/a"),
        ("https://host:port/a", ""),
        ("https://[x/a", ""),
        ("https://host", ""),
        ("file:///srv/git/shop.git", ""),
        ("/srv/git/shop.git", ""),
        ("../shop", ""),
        ("C:/git/shop", ""),
        ("https://host/a b", ""),
        ("https://host/\x1b[31m", ""),
        ("https://höst/a", ""),
        ("", ""),
    ],
)
def test_where_the_source_is(remote: str, url: str) -> None:
    assert source_url(remote) == url


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert of_commit(None, True, 0, "") == {}
    assert of_commit("c", True, 1, "") == {f"{PREFIX}created": "1970-01-01T00:00:01Z", f"{PREFIX}revision": "c-dirty"}


@pytest.mark.engine
@pytest.mark.parametrize("builder", ["auto", "buildx", "docker"])
def test_an_image_has_the_date_of_its_commit(
    repo: Repo,
    engine: EngineUnderTest,
    builder: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert engine.host
    project = f"dated{repo.folder.parent.name[-12:].strip('-_').lower().replace('_', '')}{builder}"
    files = {"build.yaml": f"version: 1\nproject: {project}\nimages: {{a: , b: , c: }}\n"}
    files |= {
        "a/Dockerfile": "FROM scratch\nCOPY f /\n",
        "b/Dockerfile": "FROM scratch\nARG SOURCE_DATE_EPOCH\nCOPY f /\n",
        # BuildKit dates the folder, and newer ones would make it, and all after it, anew at each commit.
        "c/Dockerfile": "FROM scratch\nWORKDIR /w\nCOPY f /\n",
    }
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2020-02-03T04:05:06Z")
    repo.commit(files | {"a/f": project, "b/f": project, "c/f": project})
    found = connect()

    def created(name: str) -> str:
        return str(found.client.inspect_image(f"{project}/{name}:latest")["Created"])[:19]

    try:
        assert repo.mbuild("all", "--builder", builder).code == 0
        assert created("a") == "2020-02-03T04:05:06"
        # There the date is an input, and the commit is none: it would not be the same image at the next.
        assert created("b") > "2020-02-04"
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
        assert repo.mbuild("all", "--builder", builder, "--force").code == 0
        assert {created(name) for name in "abc"} == {"2001-09-09T01:46:40"}
    finally:
        for name in found.names():
            if name.startswith(f"{project}/"):
                found.untag(name)
        found.close()
