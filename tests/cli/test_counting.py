"""What plain builds would send is counted beside the builds: none waits for that, and none fails for it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from mbuild.app.attempts import Attempts
from mbuild.app.running import Run
from mbuild.app.sizes import Sizes, with_sizes
from mbuild.cli.building import _sized
from mbuild.context.full import Counter, Size
from mbuild.errors import ExitCode, GitError
from mbuild.git.repository import Repository
from mbuild.graph.outline import Place
from mbuild.output.report import ContextInfo, HeadInfo, ImageReport, Report
from mbuild.process.begun import Begun
from tests.cli.shop import FILES
from tests.support import Repo


@pytest.fixture
def shop(repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Repo:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    monkeypatch.setenv("MBUILD_STATE_DIR", str(tmp_path / "state"))
    repo.commit(FILES)
    return repo


def built(shop: Repo, *more: str) -> dict[str, Any]:
    answer = shop.mbuild("all", "--builder", "oci", "--format", "json", *more)
    assert answer.code == 0, answer.err
    return {each["name"]: each for each in answer.json["images"]}


@pytest.mark.parametrize("head", [(), ("--head", "HEAD")])
def test_builds_do_not_wait_for_it(shop: Repo, monkeypatch: pytest.MonkeyPatch, head: tuple[str, ...]) -> None:
    begun, build, counted = threading.Event(), Attempts.build, Counter.count

    def building(*asked: Any) -> Any:
        begun.set()
        return build(*asked)

    def counting(*asked: Any) -> Any:
        assert begun.wait(30)
        return counted(*asked)

    monkeypatch.setattr(Attempts, "build", building)
    monkeypatch.setattr(Counter, "count", counting)
    images = built(shop, *head)
    for name in ("base", "api", "web"):
        own = shop.mbuild("context", name, *head, "--format", "json").json
        assert images[name]["context"]["full"] == own["full"]
        assert own["full"]["bytes"] >= own["bytes"] > 0


@pytest.mark.parametrize("error", [GitError("no object"), PermissionError("no")])
def test_where_it_fails_the_run_does_not(shop: Repo, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Sizes, "full", fail)
    answer = shop.mbuild("all", "--builder", "oci")
    assert answer.code == 0
    assert f"warning: what plain builds would send could not be counted: {error}" in answer.err
    assert "instead of" not in answer.out + answer.err
    assert all("full" not in each["context"] for each in built(shop, "--force").values())


def test_a_partial_clone_fetches_nothing_for_it(shop: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Repository, "is_partial", True)
    answer = shop.mbuild("all", "--builder", "oci", "--head", "HEAD", "--format", "json")
    assert answer.code == 0
    assert "warning" not in answer.err
    assert all("full" not in each["context"] for each in answer.json["images"])


def test_an_image_has_a_size_where_all_its_places_have_one() -> None:
    one, other = (Place(name, name, "") for name in ("", "lib"))
    image = ImageReport("a", True, (), "Dockerfile", "", None, (), (), context=ContextInfo(1, 1, "", True))
    report = Report("all", None, HeadInfo("HEAD", "0" * 40, False), (image,))

    def full(found: dict[Place, Size], *places: Place) -> tuple[int | None, int | None]:
        context = with_sizes(report, {"a": places}, found).images[0].context
        assert context is not None
        return context.full_files, context.full_bytes

    assert full({one: Size(1, 2), other: Size(3, 4)}, one, other) == (4, 6)
    assert full({one: Size(1, 2)}, one, other) == (None, None)
    assert full({one: Size(1, 2)}, one) == (1, 2)
    assert full({}) == (None, None)


def test_who_stops_a_run_does_not_wait_for_it() -> None:
    report, over = Report("all", None, HeadInfo("HEAD", "0" * 40, False), ()), threading.Event()
    counting: Begun[Any] = Begun(lambda: ({}, ()) if over.wait(30) else None)
    for code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
        assert _sized(report, Run({}, 0.0, code, ()), {}, counting) is report
    over.set()
    counting.wait()
    assert counting.ended
    assert _sized(report, Run({}, 0.0, ExitCode.DONE, ()), {}, counting) == report
