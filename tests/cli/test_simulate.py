"""``mbuild simulate`` says of every commit what ``affected`` says of it."""

from __future__ import annotations

import json
import os
import random
import shlex
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mbuild.app import simulating
from mbuild.process.spread import spread
from mbuild.schedule.jobs import Capacity
from mbuild.store.builds import Build
from mbuild.store.history import History
from mbuild.store.place import state_folder
from tests.cli.shop import FILES
from tests.cli.test_remembering import EXTRA, edit
from tests.support import Answer, Repo

QUESTION = ("simulate", "--format", "json")


def test_it_agrees_with_affected_on_every_commit(repo: Repo) -> None:
    repo.commit({**FILES, **EXTRA}, "first")
    rng = random.Random(7)
    for number in range(25):
        edit(repo, rng)
        repo.git("add", "-A")
        repo.git("commit", "--allow-empty", "-qm", f"edit {number}")
    answer = repo.mbuild(*QUESTION)
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert [each["subject"] for each in found["commits"]] == [f"edit {number}" for number in range(25)]
    for each in found["commits"]:
        asked = repo.mbuild(
            "affected", "--base", each["parent"], "--head", each["commit"], "--list", "--format", "json"
        )
        if asked.code:
            assert "problem" in each
            continue
        images = json.loads(asked.out)["images"]
        assert each["rebuilt"] == [image["name"] for image in images if image["affected"]]
        assert each["images"] == len(images)
        sizes = {name: size_at(repo, each["commit"], name) for name in (image["name"] for image in images)}
        assert each["all_bytes"] == sum(sizes.values())
        assert each["bytes"] == sum(sizes[name] for name in each["rebuilt"])
    assert found["rebuilds"] == sum(len(each["rebuilt"]) for each in found["commits"]) > 0
    assert found["all_rebuilds"] == sum(each["images"] for each in found["commits"])


def test_it_agrees_with_affected_on_what_a_change_leaves_out(repo: Repo) -> None:
    """A plain Dockerfile answers for the first; nothing does for the second, nor for one that BuildKit refuses."""
    plain = {"web/Dockerfile": "FROM scratch AS t\nCOPY x /\n", "web/x": "", "own/Dockerfile": "FROM scratch\n"}
    repo.commit({"compose.yaml": "services: {web: {build: web}}\n"} | plain)
    repo.commit({"compose.yaml": "services: {web: {build: 'https://x.y/z.git'}}\n"})
    repo.commit({"compose.yaml": "services: {web: {build: web}, api: {build: {context: web, target: t}}}\n"})
    repo.commit({"compose.yaml": "services: {web: {build: web}, api: {build: 'https://x.y/z.git'}}\n"})
    repo.commit({"own/Dockerfile": "FROM scratch\nCOPPY x /\n"})
    found = repo.mbuild(*QUESTION).json["commits"]
    question = ("affected", "--list", "--format", "json")
    asked = [repo.mbuild(*question, "--base", each["parent"], "--head", each["commit"]) for each in found]
    assert [each.code for each in asked] == [0, 0, 2, 2]
    assert [{*each["rebuilt"]} for each in found[:2]] == [each.affected() for each in asked[:2]] == [{"web"}, {"api"}]
    for each, answer in zip(found[2:], asked[2:], strict=True):
        assert f"error: {each['problem']}" in answer.err


def size_at(repo: Repo, commit: str, image: str) -> int:
    answer = repo.mbuild("context", image, "--head", commit, "--format", "json")
    assert answer.code == 0, answer.err
    found: int = json.loads(answer.out)["bytes"]
    return found


@pytest.fixture
def shop(repo: Repo) -> Repo:
    repo.commit(FILES, "first")
    for number in range(3):
        repo.commit({"libs/money/money.py": f"VAT = {number}\n"}, f"money {number}")
    repo.commit({"README.md": "more\n"}, "docs")
    return repo


def test_what_it_prints(shop: Repo) -> None:
    answer = shop.mbuild("simulate", "--cost", "60")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    images = len(json.loads(shop.mbuild("graph", "--format", "json").out)["images"])
    assert lines[0].startswith("4 commits: ")
    assert f" instead of {4 * images} (" in lines[0]
    assert lines[2].endswith(f"instead of {4 * images} min 00 s, at 1 min 00 s an image")
    assert "the lines that cause most rebuilds" in lines
    assert any(line.lstrip().startswith("libs/money/money.py ") for line in lines)
    assert "building, in sum" not in shop.mbuild("simulate").out


def test_the_answer_keeps_its_schema(shop: Repo) -> None:
    value = json.loads(shop.mbuild(*QUESTION, "--cost", "1").out)
    schema = Path(__file__).parents[2] / "docs" / "schema" / "simulate.schema.json"
    jsonschema.validate(value, json.loads(schema.read_text()))
    assert value["seconds"] == value["rebuilds"]
    assert sum(each["alone_seconds"] for each in value["paths"]) == sum(each["alone"] for each in value["paths"])
    value = json.loads(shop.mbuild(*QUESTION).out)
    jsonschema.validate(value, json.loads(schema.read_text()))
    assert value["seconds"] is None


@pytest.mark.parametrize(
    ("args", "subjects"),
    [
        (("--last", "2"), ["money 2", "docs"]),
        (("HEAD~3..HEAD~1",), ["money 1", "money 2"]),
        (("HEAD~3..",), ["money 1", "money 2", "docs"]),
        (("HEAD~2",), ["money 0", "money 1"]),
        (("HEAD~3..HEAD", "--last", "1"), ["docs"]),
        (("HEAD..HEAD",), []),
    ],
)
def test_ranges(args: tuple[str, ...], subjects: list[str], shop: Repo) -> None:
    found = json.loads(shop.mbuild(*QUESTION, *args).out)
    assert [each["subject"] for each in found["commits"]] == subjects


def test_several_processes_answer_what_one_does(
    shop: Repo, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shop.commit({"build.yaml": "version: [\n"}, "broken")
    shop.commit({"build.yaml": FILES["build.yaml"]}, "mended")
    one = shop.mbuild(*QUESTION)
    began: list[int] = []

    def counting(work: Callable[[Any], Any], parts: Sequence[Any]) -> list[Any]:
        began.append(len(parts))
        return spread(work, parts)

    monkeypatch.setattr(simulating, "FEWEST", 2)
    monkeypatch.setattr(simulating, "spread", counting)
    monkeypatch.setattr("mbuild.app.capacity.this_machine", lambda: Capacity(3, 1))
    several = shop.mbuild(*QUESTION)
    assert (several.code, several.out) == (0, one.out)
    assert began == [3]
    part = clone(shop, "--filter=blob:none")
    missing = part.mbuild(*QUESTION)
    assert (missing.code, began) == (3, [3, 3])
    assert missing.err.startswith("error: ")
    assert "or let mbuild run it: --fetch" in missing.err
    assert capfd.readouterr() == ("", "")


def test_a_merge_counts_as_what_it_brings(shop: Repo) -> None:
    shop.git("checkout", "-qb", "side", "HEAD~2")
    shop.commit({"api/main.py": "print(2)\n"}, "on the side")
    shop.git("checkout", "-q", "-")
    shop.git("merge", "-q", "--no-ff", "-m", "merge side", "side")
    (merge,) = json.loads(shop.mbuild(*QUESTION, "--last", "1").out)["commits"]
    assert (merge["subject"], merge["rebuilt"]) == ("merge side", ["api"])


def test_what_cannot_be_read_is_said_and_the_rest_goes_on(shop: Repo) -> None:
    shop.commit({"build.yaml": "version: [\n"}, "broken")
    shop.commit({"build.yaml": FILES["build.yaml"]}, "mended")
    shop.commit({"libs/money/money.py": "VAT = 9\n"}, "money 9")
    answer = shop.mbuild(*QUESTION, "--last", "3")
    assert answer.code == 0
    found = json.loads(answer.out)["commits"]
    assert ["problem" in each for each in found] == [True, False, False]
    assert len(found[1]["rebuilt"]) == found[1]["images"], "what cannot be compared is new"
    assert found[2]["rebuilt"]
    shop.commit({"api/Dockerfile": "FROM scratch\nCOPPY a b\n"}, "broken Dockerfile")
    (broken,) = json.loads(shop.mbuild(*QUESTION, "--last", "1").out)["commits"]
    assert broken["problem"].startswith("api/Dockerfile:2:")
    assert "not replayed: " in shop.mbuild("simulate", "--last", "3").out


def test_images_of_which_not_every_change_is_seen_are_named(repo: Repo) -> None:
    repo.commit({".gitignore": "out\n", "made/Dockerfile": "FROM scratch\nCOPY out/app /\n", "main.go": ""})
    repo.commit({"main.go": "1"})
    said = "and these images copy some: made\n"
    assert said in repo.mbuild("simulate").err
    repo.commit({"build.yaml": "images: {made: }\n"})
    assert said not in repo.mbuild("simulate").err


def test_a_history_without_anything_to_compare(repo: Repo) -> None:
    repo.commit(FILES, "first")
    assert repo.mbuild("simulate").out == "0 commits: 0 rebuilds instead of 0\ncontexts: 0 B instead of 0 B\n"


@pytest.mark.parametrize("range_", ["nowhere", "HEAD..nowhere", "--output=x", "a...b"])
def test_a_range_that_is_none(range_: str, shop: Repo) -> None:
    answer = shop.mbuild("simulate", "--", range_)
    assert answer.code == 3
    assert answer.err.startswith("error: there is no commit '")


def test_minutes_are_those_that_builds_here_took(shop: Repo) -> None:
    assert json.loads(shop.mbuild(*QUESTION).out)["all_seconds"] is None
    assert "building, in sum" not in shop.mbuild("simulate").out
    state = state_folder(os.environ, shop.folder / ".git")
    with History(state, lambda problem: pytest.fail(str(problem))) as history:
        for image, seconds in (("api", 100.0), ("api", 140.0), ("base", 20.0)):
            history.add(Build(image, "f", "built", seconds, 0, 1))
    answer = shop.mbuild(*QUESTION)
    found = json.loads(answer.out)
    images = [each["name"] for each in json.loads(shop.mbuild("graph", "--format", "json").out)["images"]]
    takes = {"api": 120.0, "base": 20.0}
    each_takes = {name: takes.get(name, 70.0) for name in images}
    for commit in found["commits"]:
        assert commit["seconds"] == sum(each_takes[name] for name in commit["rebuilt"])
        assert commit["all_seconds"] == sum(each_takes.values())
    assert found["seconds"] == sum(commit["seconds"] for commit in found["commits"]) > 0
    first = found["paths"][0]
    assert (first["cause"], first["alone"] > 0) == ("libs/money/money.py", True)
    assert first["alone_seconds"] == found["seconds"]
    lines = shop.mbuild("simulate").out.splitlines()
    assert lines[2].endswith(", by what 2 images took here, the others as the median of 2")


def clone(shop: Repo, *options: str) -> Repo:
    shop.git("config", "uploadpack.allowFilter", "true")
    folder = shop.folder.parent / "clone"
    shop.git("clone", "-q", *options, shop.folder.as_uri(), str(folder))
    return Repo(folder)


def replayed(answer: Answer) -> Any:
    found = json.loads(answer.out)["commits"]
    return [(each["commit"], each["rebuilt"], each["bytes"]) for each in found]


@pytest.mark.parametrize("asked", [("--last", "3"), (), ("HEAD~3..HEAD",)])
def test_a_shallow_clone_says_what_it_lacks_and_fetches_it(asked: tuple[str, ...], shop: Repo) -> None:
    truth = replayed(shop.mbuild(*QUESTION, *asked))
    cut = clone(shop, "--depth=1")
    range_ = tuple(each.replace("HEAD~3", shop.git("rev-parse", "HEAD~3")) for each in asked)
    for _ in range(4):
        by_hand = cut.mbuild(*QUESTION, *range_)
        if by_hand.code == 0:
            break
        assert by_hand.code == 3
        assert by_hand.err.startswith("error: ")
        command = by_hand.err.splitlines()[1].removeprefix("hint: ")
        cut.git(*shlex.split(command)[1:])
    assert replayed(by_hand) == truth
    shutil.rmtree(cut.folder)
    again = clone(shop, "--depth=1")
    answer = again.mbuild(*QUESTION, "--fetch", *range_)
    assert answer.code == 0, answer.err
    assert replayed(answer) == truth
    assert "note: git fetch --no-tags " in answer.err


def test_a_shallow_clone_that_has_some_of_it_answers_with_a_warning(shop: Repo) -> None:
    cut = clone(shop, "--depth=3")
    answer = cut.mbuild(*QUESTION, "--last", "4")
    assert answer.code == 0
    assert replayed(answer) == replayed(shop.mbuild(*QUESTION, "--last", "2"))
    assert (
        "warning: this shallow clone has 2 of the commits to replay\nhint: git fetch --no-tags --deepen=2 "
        in answer.err
    )
    enough = cut.mbuild(*QUESTION, "--last", "2")
    assert (enough.code, enough.err) == (0, "")


def test_history_that_ends_is_no_shallow_clone(shop: Repo) -> None:
    cut = clone(shop, "--depth=2")
    answer = cut.mbuild(*QUESTION, "--fetch", "--last", "40")
    assert replayed(answer) == replayed(shop.mbuild(*QUESTION))
    assert answer.err.count("git fetch") == 1


@pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
def test_a_partial_clone_says_what_it_lacks_and_fetches_it(kind: str, shop: Repo) -> None:
    part = clone(shop, f"--filter={kind}")
    answer = part.mbuild(*QUESTION)
    assert answer.code == 3
    assert "or let mbuild run it: --fetch" in answer.err
    fetched = part.mbuild(*QUESTION, "--fetch")
    assert fetched.code == 0, fetched.err
    assert replayed(fetched) == replayed(shop.mbuild(*QUESTION))
