"""``mbuild simulate`` says of every commit what ``affected`` says of it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import jsonschema
import pytest

from tests.cli.shop import FILES
from tests.cli.test_remembering import EXTRA, edit
from tests.support import Repo

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
    assert json.loads(shop.mbuild(*QUESTION).out)["seconds"] is None


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
    assert ["problem" in each for each in found] == [True, True, False]
    assert found[2]["rebuilt"]
    shop.commit({"api/Dockerfile": "FROM scratch\nCOPPY a b\n"}, "broken Dockerfile")
    (broken,) = json.loads(shop.mbuild(*QUESTION, "--last", "1").out)["commits"]
    assert broken["problem"].startswith("api/Dockerfile:2:")
    assert "not replayed: " in shop.mbuild("simulate", "--last", "3").out


def test_a_history_without_anything_to_compare(repo: Repo) -> None:
    repo.commit(FILES, "first")
    assert repo.mbuild("simulate").out == "0 commits: 0 rebuilds instead of 0\ncontexts: 0 B instead of 0 B\n"


@pytest.mark.parametrize("range_", ["nowhere", "HEAD..nowhere", "--output=x", "a...b"])
def test_a_range_that_is_none(range_: str, shop: Repo) -> None:
    answer = shop.mbuild("simulate", "--", range_)
    assert answer.code == 3
    assert answer.err.startswith("error: there is no commit '")
