"""``mbuild all --push`` into a real registry, by every builder: nothing twice, nothing unverified, tags last."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mbuild.builders.engine import connect
from mbuild.registry import connection as module
from mbuild.registry.annotations import CREATED, REVISION, SOURCE, annotated
from mbuild.registry.manifest import Manifest
from mbuild.registry.registries import Registries
from tests.cli.shop import FILES
from tests.registry.server import Fault, Proxy, free_port
from tests.registry.test_registries import image, labelled
from tests.support import Answer, Repo

IMAGES = ("api", "base", "web")


@pytest.fixture(
    params=["oci", pytest.param("buildx", marks=pytest.mark.engine), pytest.param("docker", marks=pytest.mark.engine)]
)
def builder(request: pytest.FixtureRequest, proxy: Proxy) -> Iterator[str]:
    """Yield a builder; what an engine gets is removed afterwards."""
    name: str = request.param
    if name == "oci":
        yield name
        return
    request.getfixturevalue("engine")
    yield name
    clean(proxy.host)


def clean(host: str) -> None:
    """Remove the images of a registry from the engine."""
    found = connect()
    for each in found.names():
        if each.startswith(f"{host}/") and "@" not in each:  # what was pulled by digest goes with its image
            found.untag(each)
    found.close()


@pytest.fixture
def shop(repo: Repo, proxy: Proxy) -> Repo:
    files = FILES | {
        "build.yaml": FILES["build.yaml"].replace("project: shop", f"registry: {proxy.host}/shop"),
        "api/Dockerfile": FILES["api/Dockerfile"].replace("shop/base", f"{proxy.host}/shop/base"),
    }
    repo.commit(files, "first")
    return repo


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between attempts."""
    monkeypatch.setattr("mbuild.registry.attempts.FIRST_SECONDS", 0.01)
    monkeypatch.setattr(module, "ANSWER_SECONDS", 20.0)


def push(shop: Repo, builder: str, *args: str) -> Answer:
    return shop.mbuild("all", "--builder", builder, "--push", "--format", "json", *args)


def states(answer: Answer) -> dict[str, str]:
    """Return how images ended; it does not matter here whether BuildKit's own cache helped."""
    found = {each["name"]: each["status"] for each in answer.json["images"] if "status" in each}
    return {name: "built" if state == "cached" else state for name, state in found.items()}


def tags(host: str) -> dict[str, str]:
    """Return what the registry has under the moving tags of the shop's images."""
    registries = Registries()
    names = [f"{host}/shop/{image}:{tag}" for image in IMAGES for tag in ("v1", "v2", "latest")]
    found = {name.removeprefix(f"{host}/shop/"): digest for name, digest in registries.existing(names).items()}
    registries.close()
    return found


def test_a_release_and_the_next_of_the_same_content(shop: Repo, builder: str, proxy: Proxy) -> None:
    first = push(shop, builder, "--tag", "v1")
    assert first.code == 0, first.err
    assert set(states(first).values()) == {"built"}
    content = {each["name"]: each["digest"] for each in first.json["images"]}
    assert tags(proxy.host) == {f"{name}:v1": digest for name, digest in content.items()}
    for each in first.json["images"]:
        assert each["pushed"] == each["tags"]
        assert each["tags"][0].endswith(f":mb-{each['fingerprint'][:20]}")
    proxy.seen.clear()
    again = push(shop, builder, "--tag", "v1")
    assert set(states(again).values()) == {"reused"}
    assert proxy.uploads() == []
    proxy.seen.clear()
    second = push(shop, builder, "--tag", "v2")
    assert second.code == 0, second.err
    assert set(states(second).values()) == {"reused"}
    assert proxy.uploads() == []
    assert not any("/blobs/" in path for _, path in proxy.seen)
    assert {name: digest for name, digest in tags(proxy.host).items() if name.endswith("v2")} == {
        f"{name}:v2": digest for name, digest in content.items()
    }


def test_what_only_the_registry_has_is_reused_and_brought_where_a_child_needs_it(
    shop: Repo, builder: str, proxy: Proxy
) -> None:
    assert push(shop, builder).code == 0
    forget(shop, builder, proxy)
    proxy.seen.clear()
    again = push(shop, builder)
    assert set(states(again).values()) == {"reused"}
    assert not any("/blobs/" in path for _, path in proxy.seen)
    shop.write({"libs/money/money.py": "VAT = 25\n"})
    answer = shop.mbuild("affected", "--base", "HEAD", "--builder", builder, "--format", "json")
    assert answer.code == 0, answer.err
    assert states(answer) == {"api": "built", "base": "reused"}
    assert [each["kind"] for each in answer.image("base")["reasons"]] == ["needed-by"]
    forget(shop, builder, proxy)
    alone = shop.mbuild("affected", "--base", "HEAD", "--builder", builder, "--no-reuse", "--format", "json")
    assert states(alone) == {"api": "built", "base": "built"}


def forget(shop: Repo, builder: str, proxy: Proxy) -> None:
    """Leave the images in the registry alone."""
    if builder == "oci":
        shutil.rmtree(shop.folder / ".mbuild")
    else:
        clean(proxy.host)


def test_tags_that_are_asked_for_without_a_push_are_given_here(shop: Repo, builder: str, proxy: Proxy) -> None:
    assert push(shop, builder).code == 0
    forget(shop, builder, proxy)
    answer = shop.mbuild("all", "--builder", builder, "--tag", "v1", "--format", "json")
    assert set(states(answer).values()) == {"reused"}
    assert held(shop, builder, f"{proxy.host}/shop/web:v1")
    assert tags(proxy.host) == {}


def test_what_stays_in_its_registry_gets_no_name_here(shop: Repo, builder: str, proxy: Proxy) -> None:
    assert push(shop, builder).code == 0
    forget(shop, builder, proxy)
    file = (shop.folder / "build.yaml").read_text()
    shop.write({"build.yaml": file.replace("web/Dockerfile", "web/Dockerfile, tags: [v7]")})
    planned = shop.mbuild("all", "--builder", builder, "--dry-run", "--format", "json")
    answer = shop.mbuild("all", "--builder", builder, "--format", "json")
    assert set(states(answer).values()) == {"reused"}
    for each in (planned, answer):
        content = {name: f"{proxy.host}/shop/{name}:mb-{each.image(name)['fingerprint'][:20]}" for name in IMAGES}
        assert {name: each.image(name)["tags"] for name in IMAGES} == {
            "api": [content["api"]],
            "base": [content["base"]],
            "web": [content["web"], f"{proxy.host}/shop/web:v7"],
        }
    assert held(shop, builder, f"{proxy.host}/shop/web:v7")
    assert not held(shop, builder, content["api"])


def held(shop: Repo, builder: str, name: str) -> bool:
    if builder == "oci":
        index = json.loads((shop.folder / ".mbuild" / "oci" / "index.json").read_text())
        return any(name in each["annotations"].values() for each in index["manifests"])
    found = connect()
    names = found.names()
    found.close()
    return name in names


FAULTS = [
    Fault("PUT", "/shop/web/manifests/", 401),
    Fault("PUT", "/shop/web/manifests/", 500),
    Fault("PUT", "/shop/web/manifests/", kind="cut"),
    Fault("GET", "/shop/web/manifests/", kind="digest"),
    Fault("GET", "/shop/web/manifests/", 404),
    Fault("POST", "/shop/web/blobs/uploads/", 403),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: f"{each.method} {each.path} {each.status}{each.kind}")
def test_a_fault_that_lasts_fails_the_image_and_moves_no_tag(
    fault: Fault, shop: Repo, builder: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.faults = [Fault(fault.method, fault.path, fault.status, 999, fault.kind)]
    answer = push(shop, builder, "--tag", "v1")
    assert answer.code == 1, answer.err
    assert states(answer) == {"api": "built", "base": "built", "web": "failed"}
    web = answer.image("web")
    assert web["pushed"] == []
    assert web["error"]
    assert len(answer.image("api")["pushed"]) == 1
    assert "\nerror: image 'web': " in f"\n{answer.err}"
    assert "Traceback" not in answer.err
    proxy.faults = []
    assert tags(proxy.host) == {}
    mended = push(shop, builder, "--tag", "v1")
    assert mended.code == 0, mended.err
    assert set(states(mended).values()) == {"reused"}
    assert len(tags(proxy.host)) == 3


def test_a_tag_that_cannot_be_given_is_told(shop: Repo, builder: str, proxy: Proxy) -> None:
    proxy.faults = [Fault("PUT", "/shop/api/manifests/v1", 403, 999)]
    answer = push(shop, builder, "--tag", "v1")
    assert answer.code == 1
    assert states(answer) == {"api": "failed", "base": "built", "web": "built"}
    assert "shop/api:v1: pushing it failed: 403" in answer.err
    assert [len(answer.image(name)["pushed"]) for name in IMAGES] == [1, 2, 2]


def test_another_run_that_publishes_the_same_content_at_the_same_time_will_do(
    shop: Repo, builder: str, proxy: Proxy, registry: str
) -> None:
    theirs: list[Manifest] = []

    class Race(Fault):
        """Has another run put its annotations right after the first PUT of a content tag."""

        __slots__ = ()

        def fits(self, method: str, path: str) -> bool:
            if method == "GET" and "/web/manifests/mb-" in path and not theirs:
                connection, tag = Registries()._of(f"{registry}/x"), path.rpartition("/")[2]
                found = connection.manifest("shop/web", tag)
                assert found is not None
                notes = dict.fromkeys((CREATED, REVISION, SOURCE), "theirs")
                theirs.append(annotated(found, notes))
                connection.put("shop/web", tag, theirs[0])
            return False

    proxy.faults = [Race("GET", "")]
    answer = push(shop, builder, "--tag", "v1")
    assert answer.code == 0, answer.err
    assert answer.image("web")["digest"] == theirs[0].digest
    assert tags(proxy.host)["web:v1"] == theirs[0].digest


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("when", ["--tags-last", "--tags-at-once"])
def test_a_content_tag_that_is_moved_meanwhile_gives_no_tag_to_another_image(
    when: str, same: bool, shop: Repo, proxy: Proxy, registry: str, tmp_path: Path
) -> None:
    fingerprint = push(shop, "oci").image("api")["fingerprint"]
    said = labelled(fingerprint if same else "another", 1)
    theirs: list[Manifest] = []

    class Moved(Fault):
        """Has somebody move the content tag when it was looked for, and before its manifest is read."""

        __slots__ = ()

        def fits(self, method: str, path: str) -> bool:
            if method == "GET" and "/api/manifests/mb-" in path and not theirs:
                tag = path.rpartition("/")[2]
                theirs.append(image(Registries()._of(f"{registry}/x"), "shop/api", tag, tmp_path, about=said))
            return False

    proxy.faults = [Moved("GET", "")]
    answer = push(shop, "oci", "--tag", "v1", when)
    api = answer.image("api")
    if same:
        assert answer.code == 0, answer.err
        assert (api["digest"], tags(proxy.host)["api:v1"], api["pushed"]) == (*[theirs[0].digest] * 2, api["tags"])
    else:
        assert (answer.code, api["status"], api["pushed"]) == (1, "failed", [])
        assert f"pushed {api['digest']}: the registry has {theirs[0].digest}" in answer.err
        assert "api:v1" not in tags(proxy.host)


def test_tags_at_once_do_not_wait(shop: Repo, builder: str, proxy: Proxy) -> None:
    proxy.faults = [Fault("PUT", "/shop/web/manifests/mb-", 403, 999)]
    answer = push(shop, builder, "--tag", "v1", "--tags-at-once")
    assert answer.code == 1
    assert set(tags(proxy.host)) == {"api:v1", "base:v1"}


def test_what_an_earlier_run_left_unbuilt_is_told(shop: Repo, proxy: Proxy) -> None:
    shop.commit({"web/more.txt": "1"}, "second")
    push = ("affected", "--builder", "oci", "--push", "--tag", "v1", "--head", "HEAD")
    told = shop.mbuild(*push)
    assert told.code == 0
    assert "warning: the registry has no build of 2 images that the change does not affect: api, base\n" in told.err
    assert "hint: a run before this one may have failed: mbuild all --push builds what is missing\n" in told.err
    assert "no build of" not in shop.mbuild(*push, "--base", "HEAD^").err, "somebody says that this was built"
    assert shop.mbuild("all", "--builder", "oci", "--push", "--head", "HEAD").code == 0
    assert "no build of" not in shop.mbuild(*push).err


def test_a_push_without_a_registry_is_refused(repo: Repo) -> None:
    repo.commit(FILES)
    answer = repo.mbuild("all", "--push", "--builder", "oci")
    assert answer.code == 2
    assert answer.err == (
        "error: build.yaml: --push needs to know where to\n"
        "hint: set 'registry', as in registry: registry.example.com/shop\n"
    )


def test_a_registry_that_does_not_answer(repo: Repo) -> None:
    place = f"127.0.0.1:{free_port()}"
    repo.commit(FILES | {"build.yaml": FILES["build.yaml"].replace("project: shop", f"registry: {place}/shop")})
    repo.write({"api/Dockerfile": "FROM scratch\nCOPY libs/money /\n"})
    answer = repo.mbuild("all", "--builder", "oci")
    assert answer.code == 0, answer.err
    assert re.search(rf"^warning: {place}/shop/\w+:mb-\w+: asking for it failed: .*refused", answer.err)
    pushed = repo.mbuild("all", "--builder", "oci", "--push")
    assert pushed.code == 1
    assert pushed.err.startswith(f"error: {place}/shop/")


def test_the_record_is_complete(shop: Repo, builder: str, proxy: Proxy, tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    assert push(shop, builder, "--tag", "v1", "--metadata", str(file)).code == 0
    record: dict[str, Any] = json.loads(file.read_text())
    for each in record["images"]:
        assert each["digest"].startswith("sha256:")
        assert each["fingerprint"]
        assert each["pushed"] == each["tags"]
    images = {each["name"]: each for each in record["images"]}
    parts = manifest(images["api"]["tags"][0], proxy.host)
    assert images["api"]["size"] == sum(each["size"] for each in (parts["config"], *parts["layers"]))
    (parent,) = images["api"]["parent_images"]
    assert parent == {"name": "base", "digest": images["base"]["digest"], "image_id": images["base"]["image_id"]}
    assert images["api"]["external_images"] == []


def manifest(name: str, host: str) -> Any:
    connection = Registries()._of(name)
    repository, tag = name.removeprefix(f"{host}/").rsplit(":", 1)
    found = connection.manifest(repository, tag)
    assert found is not None
    return json.loads(found.data)


def test_the_record_of_what_only_the_registry_has(shop: Repo, proxy: Proxy, tmp_path: Path) -> None:
    first, again = tmp_path / "first.json", tmp_path / "again.json"
    assert push(shop, "oci", "--metadata", str(first)).code == 0
    shutil.rmtree(shop.folder / ".mbuild")
    assert push(shop, "oci", "--metadata", str(again)).code == 0
    before, after = (json.loads(file.read_text())["images"] for file in (first, again))
    assert {each["status"] for each in after} == {"reused"}
    for old, new in zip(before, after, strict=True):
        assert {key: new[key] for key in ("digest", "size", "fingerprint", "tags")} == {
            key: old[key] for key in ("digest", "size", "fingerprint", "tags")
        }
    proxy.faults = [Fault("GET", "/shop/web/manifests/", 403, 999)]
    failed = shop.mbuild("all", "--builder", "oci", "--metadata", str(tmp_path / "none.json"))
    assert failed.code == 1
    assert f"error: {proxy.host}/shop/web:mb-" in failed.err
    assert not (tmp_path / "none.json").exists()


STALLS = [
    ("HEAD", "/manifests/", signal.SIGINT, 130),
    ("HEAD", "/manifests/", signal.SIGTERM, -signal.SIGTERM),  # before the run itself it is left to the system
    ("POST", "/blobs/uploads/", signal.SIGINT, 130),
    ("PUT", "/manifests/v1", signal.SIGINT, 130),
    ("PUT", "/manifests/v1", signal.SIGTERM, 143),
]


@pytest.mark.parametrize(("method", "path", "number", "code"), STALLS)
def test_one_signal_ends_a_push_that_stalls(
    method: str, path: str, number: signal.Signals, code: int, shop: Repo, proxy: Proxy
) -> None:
    stall = Fault(method, path, 0, 999, "stall")
    proxy.faults = [stall]
    command = [sys.executable, "-m", "mbuild", "all", "--builder", "oci", "--push", "--tag", "v1", "--format", "json"]
    process = subprocess.Popen(command, cwd=shop.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 30
    while stall.times == 999 and time.monotonic() < until:
        time.sleep(0.05)
    proxy.faults = [stall, Fault("GET", "/manifests/", 0, 999, "stall")]
    process.send_signal(number)
    begun = time.monotonic()
    assert process.wait(30) == code
    assert time.monotonic() - begun < 10
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    proxy.faults = []
    assert tags(proxy.host) == {}


def test_one_signal_ends_a_pull_that_stalls(shop: Repo, proxy: Proxy) -> None:
    assert push(shop, "oci").code == 0
    shutil.rmtree(shop.folder / ".mbuild")
    shop.write({"api/main.py": "another"})
    stall = Fault("GET", "/blobs/", 0, 999, "stall")
    proxy.faults = [stall]
    command = [sys.executable, "-m", "mbuild", "affected", "--base", "HEAD", "--builder", "oci", "--push"]
    process = subprocess.Popen(command, cwd=shop.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until = time.monotonic() + 30
    while stall.times == 999 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, stall.times < 999) == (130, True), said
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("form", ["env", "compose", "kustomize", "helm"])
def test_a_record_for_deploys_has_the_digests_of_the_registry(
    form: str, shop: Repo, proxy: Proxy, tmp_path: Path
) -> None:
    file = tmp_path / "record"
    answer = push(shop, "oci", "--tag", "v1", "--metadata", str(file), "--metadata-format", form)
    assert answer.code == 0, answer.err
    for each in answer.json["images"]:
        assert each["digest"] in file.read_text()
    file.unlink()
    proxy.faults = [Fault("PUT", "/shop/web/manifests/v2", 403, 999)]
    assert push(shop, "oci", "--tag", "v2", "--metadata", str(file), "--metadata-format", form).code == 1
    assert not file.exists()
    refused = shop.mbuild("affected", "--base", "HEAD", "--metadata", str(file), "--metadata-format", form)
    assert (refused.code, refused.err.splitlines()[1]) == (2, "hint: mbuild all makes it")
