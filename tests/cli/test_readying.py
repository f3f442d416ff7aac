"""Whoever will need the engine connects to it while a graph is made that nobody remembers."""

from __future__ import annotations

import pytest

from mbuild.builders.early import Early
from tests.support import Repo


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Note every connection that is begun, and whether a listing is asked for."""
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
