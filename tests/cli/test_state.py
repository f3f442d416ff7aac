"""State between runs as users meet it: estimates, the lock, ``mbuild state``."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mbuild.durations import seconds
from mbuild.store.builds import Build
from mbuild.store.history import NAME, History
from tests.cli.shop import FILES
from tests.support import Repo


@pytest.fixture
def shop(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.setenv("MBUILD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    repo.commit(FILES)
    return repo


def folder(repo: Repo) -> Path:
    return Path(repo.mbuild("state", "path").out.rstrip("\n"))


def remember(repo: Repo, **took: float) -> None:
    with History(folder(repo), print) as history:
        for image, duration in took.items():
            history.add(Build(image, "0" * 64, "built", duration, 0, 0))


def test_every_build_is_remembered(shop: Repo) -> None:
    assert shop.mbuild("all").code == 0
    assert shop.mbuild("all").code == 0
    found = History(folder(shop), print).latest(["api", "base", "web"])
    assert {name: [each.result for each in rows] for name, rows in found.items()} == {name: ["built"] for name in found}
    answer = shop.mbuild("all", "--dry-run", "--format", "json").json
    (api,) = found["api"]
    image = next(each for each in answer["images"] if each["name"] == "api")
    assert (api.fingerprint, api.context_bytes) == (image["fingerprint"], image["context"]["bytes"])


def test_a_dry_run_says_how_long_it_will_take(shop: Repo) -> None:
    assert "about" not in shop.mbuild("all", "--dry-run").out
    assert shop.mbuild("all", "--dry-run", "--format", "json").json["estimate_seconds"] is None
    remember(shop, base=60.0, api=30.0)
    text = shop.mbuild("all", "--dry-run", "--jobs", "2").out
    assert "about 1 min 30 s with 2 jobs; 1 of 3 builds guessed\n" in text
    answer = shop.mbuild("all", "--dry-run", "--jobs", "1", "--format", "json")
    assert {each["name"]: each["estimate_seconds"] for each in answer.json["images"]} == {
        "api": 30.0,
        "base": 60.0,
        "web": None,
    }
    assert answer.json["estimate_seconds"] == 135.0


def test_a_run_says_what_it_has_saved(shop: Repo) -> None:
    first = shop.mbuild("all", "--jobs", "1", "--format", "json")
    assert first.json["saved_seconds"] is None, "every image was built"
    for _ in range(3):
        remember(shop, base=60.0, api=30.0, web=30.0)
    shop.commit({"web/page.html": "another\n"})
    text = shop.mbuild("affected", "--base", "HEAD^", "--jobs", "1").out
    assert re.search(r"\nsaved: about (2 min 00|1 min 59) s against building all 3 images\n", text), text
    again = shop.mbuild("all", "--jobs", "1", "--format", "json").json
    assert 115 < again["saved_seconds"] <= 120


@pytest.mark.parametrize("damage", ["garbage", "newer", "absent"])
def test_no_answer_depends_on_the_history(shop: Repo, damage: str) -> None:
    def told(*args: str) -> object:
        answer = shop.mbuild(*args, "--format", "json").json
        answer.pop("estimate_seconds")
        return [{**each, "estimate_seconds": None, "seconds": None} for each in answer.pop("images")], answer

    without = told("all", "--dry-run")
    remember(shop, base=60.0, api=30.0)
    assert told("all", "--dry-run") == without
    file = folder(shop) / NAME
    if damage == "garbage":
        file.write_bytes(b"garbage" * 1000)
    elif damage == "newer":
        file.write_bytes(file.read_bytes()[:60] + (99).to_bytes(4, "big") + file.read_bytes()[64:])
    else:
        file.unlink()
    again = shop.mbuild("all", "--dry-run")
    assert again.err.count("warning: the history of builds") == (damage != "absent")
    assert told("all", "--dry-run") == without
    built = shop.mbuild("all", "--format", "json")
    assert built.code == 0
    assert {each["status"] for each in built.json["images"]} == {"built"}


def test_a_state_directory_that_cannot_be_made_is_no_error(shop: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MBUILD_STATE_DIR", str(shop.folder / "README.md" / "below"))
    answer = shop.mbuild("all")
    assert answer.code == 0
    for what in (
        "no lock keeps another mbuild out",
        "the logs of this run are not kept",
        "the history of builds is not",
    ):
        assert answer.err.count(f"warning: {what}") == 1
    assert "no lock keeps another mbuild out of this work tree" in answer.err
    assert shop.mbuild("all", "--dry-run").err == ""


def test_looking_takes_no_lock_and_makes_no_state(shop: Repo) -> None:
    for question in (("affected", "--list"), ("all", "--dry-run"), ("build", "api", "--dry-run"), ("check",)):
        assert shop.mbuild(*question).code == 0
    assert not folder(shop).exists()


def test_path_and_clean(shop: Repo, tmp_path: Path) -> None:
    assert shop.mbuild("all").code == 0
    path = folder(shop)
    assert path.is_relative_to(tmp_path / "state")
    assert (path / NAME).exists()
    linked = tmp_path / "linked"
    shop.git("worktree", "add", "-q", str(linked))
    assert Repo.mbuild(shop, "-C", str(linked), "state", "path").out == f"{path}\n"
    assert shop.mbuild("state", "clean").code == 0
    assert not path.exists()
    assert shop.mbuild("state", "clean").code == 0
    assert shop.mbuild("all").code == 0


class TestTwoRuns:
    """A real process holds the lock: the builder in it waits for the end of its input."""

    @pytest.fixture
    def first(self, shop: Repo, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
        code = (
            "import sys; import mbuild.app.attempts as attempts\n"
            "def build(self, asked): print('building', flush=True); sys.stdin.read()\n"
            "attempts.Attempts.build = build\n"
            "from mbuild.cli.boundary import run; run(sys.argv[1:])"
        )
        argv = [sys.executable, "-c", code, "-C", str(shop.folder), "all", "--jobs", "1"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "building\n"
            yield process
            process.kill()

    def test_no_wait_is_exit_code_5(self, shop: Repo, first: subprocess.Popen[str]) -> None:
        for command in (("affected", "--base", "HEAD"), ("build", "api")):
            assert shop.mbuild(*command, "--no-wait").code == 5
        answer = shop.mbuild("all", "--no-wait")
        assert answer.code == 5
        assert f"error: another mbuild (pid {first.pid}, 'mbuild -C " in answer.err
        assert answer.out == ""
        assert shop.mbuild("state", "clean").code == 5
        assert shop.mbuild("all", "--dry-run").code == 0
        first.kill()
        first.wait()
        assert shop.mbuild("all", "--no-wait").code == 0

    def test_the_second_waits_and_says_for_whom(self, shop: Repo, first: subprocess.Popen[str]) -> None:
        with self.waiting(shop, "--format", "json") as second:
            assert second.stderr is not None
            said = second.stderr.readline()
            assert f"note: waiting for another mbuild (pid {first.pid}, 'mbuild -C {shop.folder} all --jobs 1" in said
            assert second.poll() is None
            shop.write({"web/index.html": "written while it waited"})
            first.kill()
            out, err = second.communicate(timeout=60)
        assert second.returncode == 0, err
        now = shop.mbuild("all", "--dry-run", "--format", "json")
        built = {each["name"]: each["fingerprint"] for each in json.loads(out)["images"]}
        assert built == {each["name"]: each["fingerprint"] for each in now.json["images"]}

    def test_refs_are_what_they_are_when_the_waiting_ends(self, shop: Repo, first: subprocess.Popen[str]) -> None:
        shop.git("branch", "topic")
        question = ("--base", "HEAD", "--head", "topic", "--format", "json")
        with self.waiting(shop, *question, command="affected") as second:
            assert second.stderr is not None
            assert "waiting for" in second.stderr.readline()
            shop.git("checkout", "-q", "topic")
            moved = shop.commit({"web/index.html": "committed while it waited"})
            shop.git("checkout", "-q", "-")
            first.kill()
            out, err = second.communicate(timeout=60)
        assert second.returncode == 0, err
        answer = json.loads(out)
        assert answer["head"]["commit"] == moved
        assert [each["name"] for each in answer["images"] if each["affected"]] == ["web"]

    def test_waiting_ends_with_ctrl_c(self, shop: Repo, first: subprocess.Popen[str]) -> None:
        with self.waiting(shop) as second:
            assert second.stderr is not None
            assert "waiting for" in second.stderr.readline()
            second.send_signal(signal.SIGINT)
            _, err = second.communicate(timeout=60)
        assert second.returncode == 130, err
        assert first.poll() is None

    def test_a_reader_of_events_is_told_by_one(self, shop: Repo, first: subprocess.Popen[str]) -> None:
        with self.waiting(shop, progress="json") as second:
            assert second.stderr is not None
            event = json.loads(second.stderr.readline())
            second.kill()
        assert (event["event"], event["pid"]) == ("waiting", first.pid)

    def waiting(self, shop: Repo, *more: str, progress: str = "plain", command: str = "all") -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "mbuild", "--progress", progress, "-C", str(shop.folder), command, *more]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_another_work_tree_does_not_wait(self, shop: Repo, first: subprocess.Popen[str], tmp_path: Path) -> None:
        shop.git("worktree", "add", "-q", str(tmp_path / "linked"))
        answer = shop.mbuild("-C", str(tmp_path / "linked"), "all", "--no-wait")
        assert answer.code == 0, answer.err


def test_a_command_that_lacks_its_command_shows_the_help(repo: Repo) -> None:
    answer = repo.mbuild("state")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Usage: mbuild state [OPTIONS] COMMAND [ARGS]...\n\n  Show or remove")
    wrong = repo.mbuild("state", "forget")
    assert (wrong.code, wrong.err) == (2, "error: No such command 'forget'.\nhint: see mbuild state --help\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90.0), ("90s", 90.0), ("1.5m", 90.0), ("1m30s", 90.0), ("2h", 7200.0), ("1h1m1s", 3661.0), ("0", 0.0)],
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "s", "-1", "1d", "1s1m", "١", "1e3", "nan", "1 m", "1m\n"])
def test_what_is_no_duration(text: str, repo: Repo) -> None:
    with pytest.raises(ValueError, match=r".*"):
        seconds(text)
    answer = repo.mbuild("all", f"--timeout={text}")
    assert answer.code == 2
    assert "no duration" in answer.err
