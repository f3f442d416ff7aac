"""``--promote-from``: what was built and tested elsewhere in a registry is released as it is, by mounting its blobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mbuild.registry.manifest import Manifest
from mbuild.registry.registries import Registries
from tests.cli.shop import FILES
from tests.cli.test_pushing import builder, forget, quick, states  # noqa: F401 - fixtures
from tests.registry.server import Fault, Proxy
from tests.support import Answer, Repo


def release(shop: Repo, proxy: Proxy, builder: str, *args: str, place: str = "staging") -> Answer:  # noqa: F811
    """Run ``all --push`` with a build.yaml that differs in its registry alone."""
    config = shop.folder.parent / f"{place}.yaml"
    config.write_text(FILES["build.yaml"].replace("project: shop", f"registry: {proxy.host}/{place}"))
    argv = ["--config", str(config), "all", "--push", "--builder", builder, "--format", "json"]
    return shop.mbuild(*argv, "--output", str(shop.folder.parent / "layout"), *args)


@pytest.fixture
def shop(repo: Repo) -> Repo:
    repo.commit({name: text for name, text in FILES.items() if name != "build.yaml"})
    for name in ("api/Dockerfile",):
        repo.write({name: FILES[name].replace("shop/base", "base")})
    repo.commit()
    return repo


def test_what_staging_has_is_released_without_a_build_or_an_upload(
    shop: Repo,
    builder: str,  # noqa: F811
    proxy: Proxy,
) -> None:
    staged = release(shop, proxy, builder)
    assert staged.code == 0, staged.err
    forget_all(shop, builder, proxy)
    proxy.seen.clear()
    source = f"{proxy.host}/staging"
    file = shop.folder.parent / "record.json"
    args = ["--promote-from", source, "--tag", "v1", "--metadata", str(file)]
    planned = release(shop, proxy, builder, *args, "--dry-run", place="production")
    assert {each["action"] for each in planned.json["images"]} == {"reuse"}
    released = release(shop, proxy, builder, *args, place="production")
    assert released.code == 0, released.err
    assert "note:" not in released.err
    assert set(states(released).values()) == {"reused"}
    digests = {each["name"]: each["digest"] for each in staged.json["images"]}
    for each in released.json["images"]:
        content = f"mb-{each['fingerprint'][:20]}"
        assert each["promoted_from"] == f"{source}/{each['name']}:{content}"
        assert each["digest"] == digests[each["name"]]
        prefix = f"{proxy.host}/production/{each['name']}"
        assert each["pushed"] == [f"{prefix}:{content}", f"{prefix}:v1"]
        assert there(f"{prefix}:v1").digest == digests[each["name"]]
    assert all(each["size"] for each in json.loads(file.read_text())["images"])
    assert proxy.uploads() == []
    moved = [path for method, path in proxy.seen if method == "POST"]
    assert moved
    assert all("mount=" in path and "from=staging" in path for path in moved)
    assert not any(method == "GET" and "/blobs/" in path for method, path in proxy.seen)
    # The next release of the same moves a manifest.
    proxy.seen.clear()
    again = release(shop, proxy, builder, "--promote-from", source, "--tag", "v2", place="production")
    assert again.code == 0, again.err
    assert not any("/blobs/" in path for _, path in proxy.seen)
    assert "promoted_from" not in again.json["images"][0]


def forget_all(shop: Repo, builder: str, proxy: Proxy) -> None:  # noqa: F811
    """Leave the images in the registry alone."""
    if builder == "oci":
        (shop.folder / ".mbuild").mkdir()
        forget(shop, builder, proxy)
        (shop.folder.parent / "layout").rename(shop.folder.parent / "gone")
    else:
        forget(shop, builder, proxy)


def there(name: str) -> Manifest:
    registries = Registries()
    connection, repository, tag = registries.at(name)
    found = connection.manifest(repository, tag)
    registries.close()
    assert found is not None
    return found


def test_what_staging_lacks_is_built_with_a_note_on_what_was_promoted(shop: Repo, proxy: Proxy) -> None:
    assert release(shop, proxy, "oci").code == 0
    shop.commit({"libs/money/money.py": "VAT = 25\n"})
    source = f"{proxy.host}/staging"
    forget_all(shop, "oci", proxy)
    done = release(shop, proxy, "oci", "--promote-from", source, place="production")
    assert done.code == 0, done.err
    assert states(done) == {"api": "built", "base": "reused", "web": "reused"}
    assert f"note: {source} has no build of api as it is now: not promoted, but built" in done.err
    assert "promoted_from" not in done.image("api")
    assert done.image("base")["promoted_from"]
    assert done.image("api")["parent_images"][0]["digest"] == done.image("base")["digest"]


def test_an_index_is_promoted_with_its_manifests(shop: Repo, proxy: Proxy) -> None:
    staged = release(shop, proxy, "oci")
    registries = Registries()
    digests = {}
    for each in staged.json["images"]:
        connection, repository, tag = registries.at(each["tags"][0])
        inner = connection.manifest(repository, tag)
        assert inner is not None
        platform = {"os": "linux", "architecture": "amd64"}
        entry: dict[str, Any] = {"mediaType": inner.media_type, "digest": inner.digest, "size": len(inner.data)}
        value = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry | {"platform": platform}]}
        index = Manifest.of(json.dumps(value).encode(), INDEX)
        connection.put(repository, tag, index)
        digests[each["name"]] = index.digest
    registries.close()
    forget_all(shop, "oci", proxy)
    proxy.seen.clear()
    file = str(shop.folder.parent / "r.json")
    args = ["--promote-from", f"{proxy.host}/staging", "--metadata", file]
    done = release(shop, proxy, "oci", *args, place="production")
    assert done.code == 0, done.err
    assert {each["name"]: each["digest"] for each in done.json["images"]} == digests
    assert all(each["size"] > 0 and each["image_id"] is None for each in done.json["images"])
    assert proxy.uploads() == []


INDEX = "application/vnd.oci.image.index.v1+json"


def test_a_registry_that_does_not_mount_fails_the_image(shop: Repo, proxy: Proxy) -> None:
    assert release(shop, proxy, "oci").code == 0
    forget_all(shop, "oci", proxy)
    proxy.faults.append(Fault("POST", "mount=", 403, 100))
    done = release(shop, proxy, "oci", "--promote-from", f"{proxy.host}/staging", place="production")
    assert done.code == 1
    assert "403" in done.err
    assert {each["status"] for each in done.json["images"]} <= {"failed", "skipped"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--push", "--promote-from", "other.example.com/staging"], "blobs are mounted within one registry only"),
        (["--promote-from", "registry.example.com/staging"], "it goes with --push"),
        (["--push", "--no-reuse", "--promote-from", "registry.example.com/staging"], "not with --no-reuse"),
        (["--push", "--promote-from", "https://registry.example.com/x"], "did you mean 'registry.example.com/x'?"),
        (["--push", "--promote-from", "Not A Registry"], "is no registry"),
        (["--push", "--promote-from", ""], "is no registry"),
    ],
)
def test_what_cannot_be_promoted_is_refused(repo: Repo, args: list[str], said: str) -> None:
    repo.commit(
        FILES | {"build.yaml": FILES["build.yaml"].replace("project: shop", "registry: registry.example.com/p")}
    )
    answer = repo.mbuild("all", "--builder", "oci", *args)
    assert answer.code == 2
    assert said in answer.err
    assert not Path(repo.folder / ".mbuild/oci/index.json").exists()
