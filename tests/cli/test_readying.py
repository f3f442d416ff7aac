"""Whoever will need the engine connects to it while a graph is made that nobody remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbuild.builders.early import Early
from tests.support import Repo


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[bool]:
    """Note every connection that is begun, and whether a listing is asked for. Nothing is remembered yet.

    In the cache that tests share, the same files committed within the same second are the same commit.
    """
    monkeypatch.setenv("MBUILD_CACHE_DIR", str(tmp_path / "cache"))
    found: list[bool] = []
    monkeypatch.setattr(Early, "begin", lambda self, *, listing=False: found.append(listing))
    return found


@pytest.mark.parametrize("command", [("all",), ("build", "one")])
def test_an_engine_is_asked_while_a_graph_is_made(command: tuple[str, ...], repo: Repo, begun: list[bool]) -> None:
    repo.commit({"build.yaml": "images:\n  one:\n", "one/Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"}, "one")
    for args, expected in (((), [True]), ((), [True]), (("--platform", "linux/s390x", "--builder", "oci"), [True])):
        answer = repo.mbuild(*command, "--dry-run", *args)
        assert answer.code == 0, answer.err
        assert begun == expected
    assert repo.mbuild(*command, "--dry-run", "--platform", "linux/s390x").code == 0
    assert begun == [True], "it is remembered"
    assert repo.mbuild(*command, "--dry-run", "--platform", "linux/arm/v7").code == 0
    assert begun == [True, True]


@pytest.mark.parametrize(
    ("written", "asked", "expected"),
    [
        ("builder: oci", (), []),
        ('builder: "oci"', (), []),
        ("builder: oci", ("--builder", "auto"), [True]),
        ("builder: auto", ("--builder", "oci"), []),
        ("labels: {of: society}", (), [True]),
    ],
)
def test_no_engine_is_asked_that_may_not_be_needed(
    written: str, asked: tuple[str, ...], expected: list[bool], repo: Repo, begun: list[bool]
) -> None:
    """One that does not answer is waited for, for seconds."""
    repo.commit(
        {"build.yaml": f"images:\n  one:\n    {written}\n", "one/Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"}
    )
    for command, platform in ((("all",), "linux/arm64"), (("affected", "--base", "HEAD"), "linux/s390x")):
        begun.clear()
        answer = repo.mbuild(*command, "--dry-run", *asked, "--platform", platform)
        assert answer.code == 0, answer.err
        assert begun[:1] == expected
