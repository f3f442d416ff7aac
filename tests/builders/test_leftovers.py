"""What killed runs leave beside their results, and that the next one in the same work tree takes it away."""

from __future__ import annotations

import tempfile
import uuid
from pathlib import Path

import pytest

from mbuild.builders.engine import Engine
from mbuild.builders.leftovers import clear, context_name, scratch
from mbuild.errors import EnvironmentFault
from mbuild.process import start
from tests.conftest import EngineUnderTest

OWNER, OTHER = "a" * 32, "b" * 32
DIGEST = "sha256:" + "d" * 64


class Empty:
    """An engine that holds nothing of anybody, or does not answer."""

    def __init__(self, error: str = "") -> None:
        self.error = error

    def clear(self, owner: str) -> None:
        if self.error:
            raise EnvironmentFault(self.error)

    def names(self) -> dict[str, str]:
        return {}


def cleared(owner: str, error: str = "") -> bool:
    return clear(Empty(error), owner)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_that_is_left_is_removed_by_its_owner(folder: Path) -> None:
    for owner in (OWNER, OTHER, ""):
        (Path(tempfile.mkdtemp(prefix=f"mbuild-{owner}-")) / "context").mkdir()
    (folder / f"mbuild-{OWNER}-file").touch()
    assert not cleared("")
    assert not cleared(OWNER, "gone")
    assert len(list(folder.iterdir())) == 4
    assert not cleared(OWNER), "what is no folder stays"
    (folder / f"mbuild-{OWNER}-file").unlink()
    assert cleared(OWNER)
    assert sorted(each.name.split("-")[1] for each in folder.iterdir()) == ["", OTHER]


def test_a_folder_is_gone_when_its_build_ends(folder: Path) -> None:
    for owner in (OWNER, ""):
        with scratch(owner) as (made, _):
            assert list(folder.iterdir()) == [made]
        assert list(folder.iterdir()) == []


def test_a_folder_that_a_client_still_reads_is_left_alone(folder: Path) -> None:
    """The client of a killed run has what this process had open."""
    with scratch(OWNER) as (made, descriptor):
        client = start(["sh", "-c", "read x"], stdin=True, inherited=(descriptor,))
        kept = made.rename(folder / f"mbuild-{OWNER}-kept")
    try:
        assert not cleared(OWNER)
        assert kept.exists()
    finally:
        client.stdin.close()
        client.wait()
        client.close()
    assert cleared(OWNER)
    assert not kept.exists()


@pytest.mark.engine
def test_an_image_of_a_context_is_removed_by_its_owner(engine: EngineUnderTest, engine_door: Engine) -> None:
    mine, other = uuid.uuid4().hex, uuid.uuid4().hex
    names = [context_name(owner, DIGEST) for owner in (mine, other, "")]
    for name in names:
        engine_door.import_tar(iter([bytes(10240)]), name)
    try:
        assert clear(engine_door, mine)
        assert [name in engine_door.names() for name in names] == [False, True, True]
    finally:
        for name in names[1:]:
            engine_door.untag(name)
