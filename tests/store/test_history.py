"""The history: what was put is got, and whatever happens to its file changes no answer and breaks no build."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from mbuild.errors import Problem
from mbuild.store import history as module
from mbuild.store.builds import Build, from_row, to_row
from mbuild.store.history import ASIDE, NAME, History
from mbuild.store.place import state_folder, state_root


def build(image: str, seconds: float, result: str = "built") -> Build:
    return Build(image, f"{image}{seconds}".ljust(64, "0"), result, seconds, 1000, 1_700_000_000)


def seconds(folder: Path, image: str, warnings: list[Problem] | None = None) -> list[float]:
    found = History(folder, (warnings if warnings is not None else []).append).latest([image])
    return [each.seconds for each in found.get(image, ())]


def put(folder: Path, *builds: Build) -> list[Problem]:
    warnings: list[Problem] = []
    with History(folder, warnings.append) as history:
        for each in builds:
            history.add(each)
    return warnings


def change(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / NAME) as connection:
        connection.execute(statement)
    connection.close()


def test_what_was_put_is_got_newest_first(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert seconds(folder, "api") == []
    assert not folder.exists(), "looking makes nothing"
    assert put(folder, build("api", 1.25), build("web", 7.0), build("api", 0.1)) == []
    assert seconds(folder, "api") == [0.1, 1.25]
    (row,) = History(folder, print).latest(["web", "nothing"])["web"]
    assert row == build("web", 7.0)
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("column", ["image", "fingerprint", "result", "seconds", "context_bytes", "at", "checksum"])
@pytest.mark.parametrize("value", ["NULL", "x'ff'", "'x'", "-1", "1e999", "7"])
def test_a_damaged_row_is_passed_over(tmp_path: Path, column: str, value: str) -> None:
    put(tmp_path, build("api", 1.0), build("api", 2.0), build("api", 3.0))
    change(tmp_path, f"UPDATE builds SET {column} = {value} WHERE seconds = 2.0")
    warnings: list[Problem] = []
    assert seconds(tmp_path, "api", warnings) == [3.0, 1.0]
    assert put(tmp_path, build("api", 4.0)) == warnings == []
    assert seconds(tmp_path, "api") == [4.0, 3.0, 1.0]


def test_every_field_is_under_the_checksum() -> None:
    row = list(to_row(build("api", 1.5)))
    assert from_row(row) == build("api", 1.5)
    others: list[str | float] = ["web", "f", "failed", 1.25, 1001, 1_700_000_001]
    for at, other in enumerate(others):
        assert from_row([*row[:at], other, *row[at + 1 :]]) is None


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_no_build_takes_such_a_time(value: float) -> None:
    assert from_row(to_row(build("api", value))) is None


@pytest.mark.parametrize("content", [b"", b"x", b"not a database at all" * 100, bytes(4096)])
def test_a_file_that_is_none_is_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    warnings = put(tmp_path, build("api", 1.0))
    assert seconds(tmp_path, "api") == [1.0]
    if len(content) > 1:  # SQLite takes less for an empty file
        (warning,) = warnings
        assert "damaged" in warning.message
        assert (tmp_path / ASIDE).read_bytes() == content


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"", None])
def test_every_connection_is_closed(tmp_path: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    connect, made, closed = sqlite3.connect, list[sqlite3.Connection](), list[sqlite3.Connection]()

    class Watched(sqlite3.Connection):
        def close(self) -> None:
            closed.append(self)
            super().close()

    def connecting(*args: object, **options: object) -> sqlite3.Connection:
        made.append(connect(*args, **options, factory=Watched))  # type: ignore[call-overload]
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", connecting)
    if content is not None:
        (tmp_path / NAME).write_bytes(content)
    put(tmp_path, build("api", 1.0))
    assert seconds(tmp_path, "api") == [1.0]
    (tmp_path / NAME).write_bytes(b"x" * 5000)
    assert seconds(tmp_path, "api") == []
    change(tmp_path, f"PRAGMA user_version = {module.FORMAT + 1}")
    put(tmp_path, build("api", 1.0))
    assert seconds(tmp_path, "api") == []
    assert [each for each in made if each not in closed] == []
    assert len(made) > 4


def test_looking_at_a_damaged_file_sets_it_aside_once(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"not a database at all" * 100)
    warnings: list[Problem] = []
    assert [seconds(tmp_path, "api", warnings), seconds(tmp_path, "api", warnings)] == [[], []]
    assert len(warnings) == 1
    assert not (tmp_path / NAME).exists()


def test_any_damage_is_survived(tmp_path: Path) -> None:
    """Bytes changed or cut anywhere, in the file or its journal: rows are right or gone, and new ones are kept."""
    random_ = random.Random(5)
    known = {float(number) for number in range(200)}
    for turn in range(60):
        folder = tmp_path / str(turn)
        put(folder, *(build("api", float(number)) for number in range(5)), *(build(f"i{at}", 1.0) for at in range(40)))
        if turn % 2:
            leave_a_journal(folder)
        file = random_.choice(sorted(folder.glob(f"{NAME}*")))
        raw = bytearray(file.read_bytes())
        for _ in range(random_.choice([1, 1, 20])):
            raw[random_.choice([random_.randrange(len(raw)), random_.randrange(min(100, len(raw)))])] = (
                random_.randrange(256)
            )
        file.write_bytes(raw[: random_.randrange(len(raw))] if random_.random() < 0.3 else raw)
        assert set(seconds(folder, "api")) <= known, f"turn {turn}"
        put(folder, build("api", 100.0))
        put(folder, build("api", 101.0))
        assert set(seconds(folder, "api")) <= known, f"turn {turn}"
        unusable = put(folder, build("api", 102.0))
        assert unusable or seconds(folder, "api")[:1] == [102.0], f"turn {turn}"


def test_the_journal_of_a_damaged_file_goes_with_it(tmp_path: Path) -> None:
    put(tmp_path, build("api", 1.0))
    leave_a_journal(tmp_path)
    journal = (tmp_path / f"{NAME}-wal").read_bytes()
    raw = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(b"x" * 100 + raw[100:])
    (tmp_path / f"{NAME}-wal").write_bytes(b"y" * len(journal))
    assert seconds(tmp_path, "api") == []
    assert (tmp_path / ASIDE).exists()
    assert not list(tmp_path.glob(f"{NAME}*"))


def leave_a_journal(folder: Path) -> None:
    """Add a row and die at once, so that the row is in the journal alone."""
    code = (
        "import os, sys; from pathlib import Path; from mbuild.store.history import History;"
        "from tests.store.test_history import build;"
        "History(Path(sys.argv[1]), print).add(build('api', 9.0)); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    assert (folder / f"{NAME}-wal").stat().st_size


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, build("api", 1.0))
    change(tmp_path, "PRAGMA user_version = 2")
    before = (tmp_path / NAME).read_bytes()
    warnings: list[Problem] = []
    assert seconds(tmp_path, "api", warnings) == []
    warnings += put(tmp_path, build("api", 2.0), build("api", 3.0))
    assert [each.message.rpartition(": ")[2] for each in warnings] == ["it was written by a newer mbuild"] * 2
    assert (tmp_path / NAME).read_bytes() == before


def test_a_database_of_somebody_else_is_set_aside(tmp_path: Path) -> None:
    change(tmp_path, "CREATE TABLE other (x)")
    assert len(put(tmp_path, build("api", 1.0))) == 1
    assert seconds(tmp_path, "api") == [1.0]


def test_a_folder_that_cannot_be_made_costs_one_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    warnings = put(tmp_path / "file" / "below", build("api", 1.0), build("api", 2.0))
    assert len(warnings) == 1
    assert seconds(tmp_path / "file" / "below", "api") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to become a user who may not write")
def test_a_folder_that_cannot_be_written_to_is_still_read() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are for its user alone
        folder = Path(name)
        put(folder, build("api", 1.0))
        folder.chmod(0o755)
        (folder / NAME).chmod(0o644)
        code = (
            "import os, sys, urllib.parse; from pathlib import Path;"
            "from tests.store.test_history import put, seconds, build;"
            "os.setuid(65534); folder = Path(sys.argv[1]);"
            "print(len(put(folder, build('api', 2.0))), seconds(folder, 'api'))"
        )
        done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, check=True)
    assert done.stdout == "1 [1.0]\n"


def test_several_runs_at_once_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.store.test_history import put, build;"
        "assert not put(Path(sys.argv[1]), *(build(sys.argv[2], float(each)) for each in range(8)))"
    )
    argv = [sys.executable, "-c", code, str(tmp_path)]
    running = [subprocess.Popen([*argv, f"i{number}"]) for number in range(4)]
    assert [each.wait() for each in running] == [0] * 4
    for number in range(4):
        assert seconds(tmp_path, f"i{number}") == [7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0]


def rows(folder: Path) -> int:
    with sqlite3.connect(folder / NAME) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM builds")
    connection.close()
    return int(count)


def test_the_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, *(build("api", float(number)) for number in range(30)))
    assert seconds(tmp_path, "api") == [float(number) for number in range(29, 19, -1)]
    assert rows(tmp_path) == 10
    monkeypatch.setattr(module, "MOST_ROWS", 5)
    put(tmp_path, *(build(f"gone{number}", 1.0) for number in range(10)))
    put(tmp_path, build("api", 99.0))
    assert rows(tmp_path) == 6
    assert seconds(tmp_path, "api") == [99.0]


def test_the_environment_says_where(tmp_path: Path) -> None:
    environ = {"MBUILD_STATE_DIR": str(tmp_path)}
    assert state_root(environ) == tmp_path
    assert state_root({}).name == "mbuild"
    assert state_folder(environ, tmp_path / "a") != state_folder(environ, tmp_path / "b")
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")
    assert state_folder(environ, tmp_path / "a") == state_folder(environ, tmp_path / "link")
