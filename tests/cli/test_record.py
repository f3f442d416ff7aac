"""The record of external images: which builds of them images were made of, also of images that exist already."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mbuild.builders.engine import Engine
from mbuild.builders.pushing import push
from mbuild.registry.annotations import BASE_DIGEST, BASE_NAME, annotations_of
from mbuild.registry.registries import Registries
from tests.cli.test_promoting import there
from tests.cli.test_pushing import clean
from tests.oracle.minimal.base import import_base
from tests.registry.server import Proxy
from tests.support import Answer, Repo

ENGINES = ["auto", "buildx", "docker"]
pytestmark = pytest.mark.engine


@pytest.fixture
def external(engine_door: Engine, registry: str) -> Iterator[dict[str, str]]:
    """Yield external images: one that only the registry has, one that only the engine has → what it is known by."""
    far, near = f"{registry}/lib/base:1", f"recordtest{registry.rpartition(':')[2]}/local:1"
    for name in (far, near):
        import_base(engine_door.client, name)
    registries = Registries()
    push(engine_door.client, far)
    digest = registries.existing([far])[far]
    engine_door.untag(far)
    yield {far: digest, near: engine_door.image_id(near)}
    engine_door.untag(near)
    clean(registry)
    registries.close()


@pytest.fixture
def shop(repo: Repo, proxy: Proxy, external: dict[str, str]) -> Iterator[Repo]:
    far, near = external
    files = {
        "build.yaml": f"version: 1\nregistry: {proxy.host}/shop\nimages: {{base: , api: , web: }}\n",
        "base/Dockerfile": f"FROM {far}\nCOPY os /etc/os\n",
        "base/os": "shop\n",
        "api/Dockerfile": f"FROM {proxy.host}/shop/base\nCOPY --from={near} /bin/busybox /bin/b2\nCOPY main /\n",
        "api/main": "api\n",
        "web/Dockerfile": f"FROM {far}@{external[far]}\nCOPY page /\n",
        "web/page": "web\n",
    }
    repo.commit(files, "first")
    yield repo
    clean(proxy.host)


def record(shop: Repo, builder: str, *args: str) -> tuple[Answer, dict[str, Any]]:
    """Run ``all`` and return what it wrote of external images, by image; nothing where it wrote no file."""
    file = shop.folder.parent / "record.json"
    file.unlink(missing_ok=True)
    answer = shop.mbuild("all", "--builder", builder, "--metadata", str(file), *args)
    images = json.loads(file.read_text())["images"] if file.exists() else []
    return answer, {each["name"]: each["external_images"] for each in images}


def expected(external: dict[str, str]) -> dict[str, Any]:
    far, near = external
    return {
        "base": [{"reference": far, "digest": external[far]}],
        "api": [{"reference": near, "digest": external[near]}],
        "web": [{"reference": f"{far}@{external[far]}", "digest": external[far]}],
    }


@pytest.mark.parametrize("builder", ENGINES)
def test_a_release_says_what_its_images_are_made_of(
    shop: Repo, builder: str, external: dict[str, str], proxy: Proxy
) -> None:
    answer, found = record(shop, builder, "--push", "--tag", "v1")
    assert answer.code == 0, answer.err
    assert found == expected(external)
    far = next(iter(external))
    said = annotations_of(there(f"{proxy.host}/shop/base:v1"))
    assert (said[BASE_NAME], said[BASE_DIGEST]) == (far, external[far])


@pytest.mark.parametrize("builder", ENGINES)
def test_what_is_reused_is_recorded_as_it_was_built(
    shop: Repo, builder: str, external: dict[str, str], proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert shop.mbuild("all", "--builder", builder).code == 0
    answer, found = record(shop, builder)
    assert answer.code == 0, answer.err
    assert found == expected(external), "an earlier run here has built them"
    pushed, found = record(shop, builder, "--push")
    assert (pushed.code, found) == (0, expected(external)), pushed.err
    # On another machine: nothing in the engine, nothing remembered.
    clean(proxy.host)
    monkeypatch.setenv("MBUILD_STATE_DIR", str(tmp_path / "elsewhere"))
    elsewhere, found = record(shop, builder)
    assert (elsewhere.code, found) == (0, expected(external)), elsewhere.err


def test_what_nobody_took_note_of_fails_the_record(
    shop: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, external: dict[str, str]
) -> None:
    assert shop.mbuild("all").code == 0
    monkeypatch.setenv("MBUILD_STATE_DIR", str(tmp_path / "elsewhere"))
    answer, found = record(shop, "auto")
    far = next(iter(external))
    assert (answer.code, found) == (1, {})
    assert f"error: the record is not complete: image 'base' has no digest of the {far} it was built with" in answer.err
    assert "hint: or build it again: --force" in answer.err
    assert "'web'" not in answer.err, "it names the build that it uses itself"
    mended, found = record(shop, "auto", "--force")
    assert (mended.code, found) == (0, expected(external)), mended.err


def test_a_named_context_is_recorded_as_an_image(shop: Repo, external: dict[str, str]) -> None:
    _, near = external
    config = (shop.folder / "build.yaml").read_text()
    context = f"images: {{base: , api: , web: {{contexts: {{tools: 'docker-image://{near}'}}}}}}"
    shop.write({"build.yaml": config.replace("images: {base: , api: , web: }", context)})
    shop.write({"web/Dockerfile": "FROM scratch\nCOPY --from=tools /bin/busybox /\n"})
    answer, found = record(shop, "buildx")
    assert answer.code == 0, answer.err
    assert found["web"] == [{"reference": f"docker-image://{near}", "digest": external[near]}]
