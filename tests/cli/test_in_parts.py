"""The answer is the same whether one process finds it or several do. Each answer is given by a program of its own."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shop import FILES
from tests.cli.test_remembering import EXTRA, QUESTIONS, edit
from tests.support import Repo

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux only")

PROGRAM = """
import contextlib, io, json, os, sys
from mbuild.cli.boundary import run
from mbuild.git import repository
from mbuild.graph import build, measuring
from mbuild.process import share

count, questions, copies = json.loads(sys.argv[1])
fork = os.fork
def counted():
    with open(copies, "a") as file:
        file.write(".")  # copies make copies, too
    return fork()
os.fork = counted
share.processors = lambda: count
repository.BIG = build.FEWEST_APART = measuring.TOGETHER = 1
found = []
for question in questions:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(question)
    found.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(found))
"""


def answers(
    repo: Repo, processes: int, questions: Any = QUESTIONS, program: str = PROGRAM, cache: Path | None = None
) -> tuple[list[tuple[int, str, str]], int]:
    """Return the answers of a new process, and how many copies were made for them. cache: its folder, if any."""
    copies = repo.folder.parent / "copies"
    copies.write_text("")
    argument = json.dumps([processes, questions, str(copies)])
    kept = {"MBUILD_CACHE_DIR": str(cache)} if cache else {"MBUILD_CACHE": "off"}
    environment = os.environ | kept | {"COLUMNS": "120"}
    ended = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, argument],  # of fork, from Python 3.12
        cwd=repo.folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout), len(copies.read_text())


@pytest.mark.parametrize("seed", range(3))
def test_the_answer_is_the_same(seed: int, repo: Repo) -> None:
    random_ = random.Random(seed)
    repo.commit(FILES | EXTRA)
    repo.commit({"lib/deep/b": "1", "lib/a": "1"})
    for _ in range(3):
        for _ in range(random_.randint(1, 3)):
            edit(repo, random_)
        if random_.random() < 0.7:
            repo.commit()
        truth, copies = answers(repo, 1)
        assert copies == 0
        found, copies = answers(repo, 3)
        assert found == truth
        assert copies > len(QUESTIONS)
    asked = random_.sample(range(len(QUESTIONS)), 2)
    for each in asked:
        found, _ = answers(repo, 3, [QUESTIONS[each]], cache=repo.folder.parent / f"cache{each}")
        assert found == [truth[each]]


EVENTS = """
from mbuild.app import graphs
from mbuild.app.definitions import BuildFile
def noted(name, work):
    main = os.getpid()
    def note(*args):
        if os.getpid() == main:
            with open(f"{copies}.events", "a") as file:
                file.write(f"{name} ")
        return work(*args)
    return note
BuildFile.load = noted("load", BuildFile.load)
graphs.thaw = noted("thaw", graphs.thaw)
found = []
"""


@pytest.mark.parametrize(
    ("changed", "cached", "expected"),
    [
        ({"build.yaml": FILES["build.yaml"] + "# more\n"}, True, "load thaw"),
        ({"build.yaml": FILES["build.yaml"] + "# more\n"}, False, "thaw load"),
        ({"build.yaml": "images: ["}, True, "load thaw load"),
        ({"libs/money/money.py": "VAT = 21\n"}, True, "thaw"),
    ],
)
def test_another_build_yaml_is_read_while_a_graph_is_made(
    changed: dict[str, str], cached: bool, expected: str, repo: Repo, tmp_path: Path
) -> None:
    repo.commit(FILES)
    repo.commit(changed)
    program = PROGRAM.replace("found = []\n", EVENTS)
    answers(repo, 2, LIST, program, tmp_path / "cache" if cached else None)
    assert (repo.folder.parent / "copies.events").read_text().split() == expected.split()


@pytest.mark.parametrize(
    ("changed", "cached", "expected"),
    [
        ({"jobs/new/Dockerfile": "FROM scratch\n"}, True, "load thaw"),
        ({"jobs/old/Dockerfile": None}, True, "load thaw"),
        ({"jobs/new/Dockerfile": "FROM scratch\n"}, False, "thaw load"),
        ({"jobs/new/Imagefile": "FROM scratch\n"}, True, "thaw load"),
        ({"jobs/old/Dockerfile": "FROM scratch\nENV A=1\n"}, True, "thaw"),
        ({"jobs/new/main.py": "1"}, True, "thaw"),
    ],
)
def test_what_discover_may_find_is_read_while_a_graph_is_made(
    changed: dict[str, str | None], cached: bool, expected: str, repo: Repo, tmp_path: Path
) -> None:
    discovering = FILES["build.yaml"] + 'discover: ["jobs/*/Dockerfile", "jobs/*/Imagefile"]\n'
    repo.commit(FILES | {"build.yaml": discovering, "jobs/old/Dockerfile": "FROM scratch\n"})
    for path in [path for path, text in changed.items() if text is None]:
        repo.git("rm", "-q", path)
    repo.commit({path: text for path, text in changed.items() if text is not None})
    (truth,), _ = answers(repo, 1, LIST)
    program = PROGRAM.replace("found = []\n", EVENTS)
    (found,), _ = answers(repo, 2, LIST, program, tmp_path / "cache" if cached else None)
    assert found == truth
    assert (repo.folder.parent / "copies.events").read_text().split() == expected.split()


def test_the_first_build_yaml_is_read_where_its_graph_is_made(repo: Repo, tmp_path: Path) -> None:
    repo.commit({path: text for path, text in FILES.items() if path != "build.yaml"})
    repo.commit(FILES)
    answers(repo, 2, LIST, PROGRAM.replace("found = []\n", EVENTS), tmp_path / "cache")
    assert (repo.folder.parent / "copies.events").read_text().split() == ["thaw"]


LIST = (("affected", "--base", "HEAD~1", "--head", "HEAD", "--list"),)
PLAN = (("affected", "--base", "HEAD~1", "--head", "HEAD", "--dry-run", "--builder", "oci"),)
ALL = (("all", "--dry-run", "--builder", "oci"),)


@pytest.mark.parametrize(
    "broken",
    [
        {"build.yaml": "images: ["},
        {"api/Dockerfile": "FROM scratch\nCOPPY a b\n"},
        {"web/Dockerfile": "FROM shop/api\n", "api/Dockerfile": "FROM shop/web\n"},
    ],
)
def test_what_is_wrong_is_said_once(broken: dict[str, str], repo: Repo) -> None:
    repo.commit(FILES)
    repo.commit(broken)
    (one,), _ = answers(repo, 1, LIST)
    (several,), copies = answers(repo, 3, LIST)
    assert several == one
    assert one[0] == 2
    assert one[2].count("error: ") == 1
    assert copies


def test_a_missing_object_is_said_once(repo: Repo) -> None:
    repo.commit(FILES)
    repo.commit({"libs/money/money.py": "VAT = 21\n", "web/index.html": "x"})
    oid = repo.git("rev-parse", "HEAD:libs/money/money.py")
    Path(repo.folder, ".git/objects", oid[:2], oid[2:]).unlink()
    (one,), _ = answers(repo, 1, PLAN)
    (several,), _ = answers(repo, 3, PLAN)
    assert several == one
    assert oid in one[2]


def test_copies_that_fail_change_nothing(repo: Repo) -> None:
    repo.commit(FILES)
    repo.commit({"libs/money/money.py": "VAT = 21\n", "web/index.html": "x"})
    truth, _ = answers(repo, 1)
    failing = PROGRAM.replace("    return fork()\n", "    return fork() or os._exit(3)\n")
    assert failing != PROGRAM
    found, copies = answers(repo, 3, QUESTIONS, failing)
    assert found == truth
    assert copies > 3


@pytest.mark.parametrize(("question", "worth"), [(LIST, 0), (PLAN, 1), (ALL, 1)])
def test_a_small_graph_is_made_aside_where_there_is_something_else_to_do(question: Any, worth: int, repo: Repo) -> None:
    repo.commit(FILES)
    repo.commit({"libs/money/money.py": "VAT = 21\n"})
    small = PROGRAM.replace("repository.BIG = build.FEWEST_APART = measuring.TOGETHER = 1\n", "")
    assert small != PROGRAM
    (one,), _ = answers(repo, 1, question, small)
    (several,), copies = answers(repo, 3, question, small)
    assert several == one
    assert copies == worth
