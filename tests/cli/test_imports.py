"""What a quick answer imports. Heavy libraries cost more than the answer."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.cli.shop import FILES
from tests.conftest import EngineUnderTest
from tests.support import Repo

HEAVY = {"docker", "git", "networkx", "pydantic", "rich", "yaml", "requests", "asyncio"}
CODE = """
import os
import sys
from mbuild.__main__ import main
os._exit = sys.exit
sys.argv = ["mbuild", *sys.argv[1:]]
try:
    main()
except SystemExit as error:
    assert not error.code, error.code
sys.stderr.write(" ".join(sorted({name.partition(".")[0] for name in sys.modules} | set(sys.modules))))
"""


def imported(*args: str, cache: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *args],
        env=os.environ | {"MBUILD_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


def test_the_version_needs_nothing(tmp_path: Path) -> None:
    assert not imported("--version", cache=tmp_path) & (HEAVY | {"click", "subprocess", "mbuild.errors"})


def test_help_needs_click_alone(tmp_path: Path) -> None:
    found = imported("--help", cache=tmp_path)
    assert not found & HEAVY
    assert {name for name in found if name.startswith("mbuild.")} <= {
        "mbuild.__main__",
        "mbuild.cli",
        "mbuild.cli.boundary",
        "mbuild.cli.main",
        "mbuild.cli.outlet",
        "mbuild.cli.quick",
        "mbuild.cli.settings",
        "mbuild.errors",
        "mbuild.values",
    }


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_warm_look_needs_no_heavy_library_and_no_dockerfile(form: str, repo: Repo, tmp_path: Path) -> None:
    repo.commit(FILES)
    repo.commit({"libs/money/money.py": "VAT = 21\n", "README.md": "more"})
    question = ("-C", str(repo.folder), "affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", form)
    assert "yaml" in imported(*question, cache=tmp_path)
    warm = imported(*question, cache=tmp_path)
    assert not warm & (HEAVY | {"click", "dataclasses", "sqlite3", "mbuild.store.history", "mbuild.store.lock"})
    assert not {
        name for name in warm if name.startswith(("mbuild.dockerfile.pars", "mbuild.builders", "mbuild.schedule"))
    }


def test_nor_does_one_at_another_dockerfile_that_is_asked_for_again(repo: Repo, tmp_path: Path) -> None:
    repo.commit(FILES)
    repo.commit({"api/Dockerfile": FILES["api/Dockerfile"] + "ENV A=1\n", "build.yaml": FILES["build.yaml"] + "\n#\n"})
    question = ("-C", str(repo.folder), "affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    assert "mbuild.dockerfile.parser" in imported(*question, cache=tmp_path)
    warm = imported(*question, cache=tmp_path)
    assert not {name for name in warm if name.startswith(("mbuild.dockerfile", "mbuild.context", "mbuild.graph.patch"))}


AHEAD = """
import sys
import mbuild.app.question as question
from mbuild.cli.boundary import run
original, there = question.affected, []
def affected(*args):
    there.extend(sys.modules)
    return original(*args)
question.affected = affected
assert run(sys.argv[1:]) == 0
sys.stderr.write(" ".join(name for name in sys.modules if name.startswith("mbuild.") and name not in there))
"""


def test_what_a_plan_needs_is_imported_while_git_looks(repo: Repo, tmp_path: Path) -> None:
    repo.commit(FILES)
    repo.write({"libs/money/money.py": "VAT = 21\n"})
    question = ("-C", str(repo.folder), "affected", "--base", "HEAD", "--dry-run", "--builder", "oci")
    command, environment = [sys.executable, "-c", AHEAD, *question], os.environ | {"MBUILD_CACHE_DIR": str(tmp_path)}
    for _ in range(2):  # warm the second time: then nothing else has imported what Dockerfiles need
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    # What is left is the builder, which is not known before build.yaml is, and little else.
    late = {name for name in done.stderr.split() if not name.startswith(("mbuild.builders", "mbuild.context"))}
    assert late <= {"mbuild.graph.sharing"}


@pytest.mark.engine
def test_an_engine_is_asked_what_exists_without_a_client_library(
    engine: EngineUnderTest, repo: Repo, tmp_path: Path
) -> None:
    name = f"quick{uuid.uuid4().hex[:8]}"
    repo.commit(
        {"build.yaml": f"images: {{{name}: {{context: .}}}}\n", "Dockerfile": "FROM scratch\nCOPY a .\n", "a": ""}
    )
    try:
        for command in (("all", "--dry-run"), ("all",), ("all",), ("affected", "--base", "HEAD", "--dry-run")):
            found = imported("-C", str(repo.folder), *command, cache=tmp_path)
            assert "mbuild.builders.engine" in found
            assert not found & {"docker", "requests", "urllib3", "http.client", "email", "concurrent.futures"}
    finally:
        listed = engine.run("images", "--quiet", name).decode()
        engine.run("rmi", "--force", *set(listed.split()))


@pytest.mark.parametrize(("variable", "module"), [("", ""), ("GITHUB_ACTIONS", "github"), ("BUILDKITE", "buildkite")])
def test_a_provider_is_imported_where_its_variable_is_set(
    variable: str, module: str, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit(FILES)
    repo.commit({"README.md": "more"})
    if variable:
        monkeypatch.setenv(variable, "true")
    found = imported("-C", str(repo.folder), "affected", "--list", cache=tmp_path)
    rest = {name for name in found if name.startswith("mbuild.ci.")} - {"mbuild.ci.registry"}
    shared = {"mbuild.ci.model", "mbuild.ci.values", "mbuild.ci.files"}
    assert rest == (shared | {f"mbuild.ci.{module}"} if module else set())


def test_a_plan_asks_no_registry(repo: Repo, tmp_path: Path) -> None:
    repo.commit(FILES)
    found = imported("-C", str(repo.folder), "affected", "--dry-run", "--base", "HEAD", cache=tmp_path)
    assert "dxf" not in found


def test_a_given_base_needs_no_provider(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit(FILES)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    found = imported("-C", str(repo.folder), "affected", "--list", "--base", "HEAD", cache=tmp_path)
    assert {name for name in found if name.startswith("mbuild.ci.")} <= {"mbuild.ci.registry"}
