"""The logs that are kept of runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbuild.errors import Problem
from mbuild.events import ImageDone, ImageStarted, LogLine, Retrying, Sent, Step, StepDone
from mbuild.store import logs as module
from mbuild.store.logs import FOLDER, Logs


def never(problem: Problem) -> None:
    pytest.fail(str(problem))


def test_each_image_has_a_file_with_all_that_was_told(tmp_path: Path) -> None:
    found = Logs(tmp_path / "state", never)
    for event in (
        ImageStarted("tools/lint", "build"),
        Step("tools/lint", "a", "[1/2] COPY x /"),
        Step("other", "a", "[1/1] ADD y /"),
        Sent("tools/lint", 7),
        Step("tools/lint", "b", "[2/2] RUN make"),
        LogLine("tools/lint", "b", "one \udc80"),
        StepDone("tools/lint", "a", cached=True),
        StepDone("tools/lint", "b", error="exit code: 2"),
        Retrying("tools/lint", 1, 0.5, "reset"),
        ImageDone("tools/lint", "failed", 2.04, "no"),
        ImageDone("reused", "reused", 0.0),
    ):
        found.show(event)
    found.close()
    path = found.path("tools/lint")
    assert path is not None
    assert path.read_text().splitlines() == [
        "#1 [1/2] COPY x /",
        "#2 [2/2] RUN make",
        "#2 one \\udc80",
        "#1 CACHED",
        "#2 ERROR: exit code: 2",
        "try 1 failed, the next in 0.5 s: reset",
        "failed in 2.0 s: no",
    ]
    assert sorted(each.name for each in found.folder.iterdir()) == ["other.log", "tools%2Flint.log"]
    assert found.folder.stat().st_mode & 0o777 == 0o700
    assert found.path("reused") is None


def test_nothing_is_made_where_nothing_is_told(tmp_path: Path) -> None:
    found = Logs(tmp_path / "state", never)
    found.show(ImageStarted("a", "reuse"))
    found.show(ImageDone("a", "reused", 0.0))
    found.close()
    assert list(tmp_path.iterdir()) == []


def test_no_more_files_are_open_than_images_at_work(tmp_path: Path) -> None:
    found, before = Logs(tmp_path, never), len(list(Path("/proc/self/fd").iterdir()))
    for number in range(50):
        found.show(Step(f"i{number}", "1", "x"))
        found.show(ImageDone(f"i{number}", "built", 1.0))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1
    found.close()
    path = found.path("i7")
    assert path is not None
    assert path.read_text() == "#1 x\nbuilt in 1.0 s\n"


def test_what_is_told_after_the_end_is_no_error(tmp_path: Path) -> None:
    found = Logs(tmp_path, never)
    found.show(Step("a", "1", "x"))
    found.close()
    found.show(LogLine("a", "1", "late"))
    found.show(Step("b", "1", "late"))
    path = found.path("a")
    assert path is not None
    assert path.read_text() == "#1 x\n"
    assert found.path("b") is None


def test_runs_at_the_same_second_have_logs_of_their_own(tmp_path: Path) -> None:
    runs = [Logs(tmp_path, never) for _ in range(3)]
    for number, each in enumerate(runs):
        each.show(Step("a", "1", f"run {number}"))
        each.close()
    paths = [each.path("a") for each in runs]
    assert [path.read_text() for path in paths if path] == ["#1 run 0\n", "#1 run 1\n", "#1 run 2\n"]


def test_old_runs_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    for number in range(5):
        (tmp_path / FOLDER / f"2020010{number}T000000Z-1").mkdir(parents=True)
    found = Logs(tmp_path, never)
    found.show(Step("a", "1", "x"))
    found.close()
    kept = sorted(each.name for each in (tmp_path / FOLDER).iterdir())
    assert kept == ["20200103T000000Z-1", "20200104T000000Z-1", found.folder.name]


def test_what_cannot_be_written_is_told_once_and_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    told: list[Problem] = []
    found = Logs(tmp_path, told.append)
    for _ in range(3):
        found.show(Step("a", "1", "x"))
    found.close()
    assert len(told) == 1
    assert told[0].message.startswith(f"the logs of this run are not kept: {found.folder}: ")
    assert found.path("a") is None
