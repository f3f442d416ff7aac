"""``--report``: a page on a plan or a run, whatever becomes of it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shop import FILES
from tests.conftest import EngineUnderTest
from tests.output.page.pages import read
from tests.support import Repo

BASE = 'FROM scratch\nCOPY busybox /bin/\nRUN --network=none ["/bin/busybox", "--install", "/bin"]\n'


@pytest.fixture
def shop(repo: Repo) -> Repo:
    repo.commit(FILES, "first")
    return repo


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.html"


def text(page: Path) -> str:
    """Return what stands on a page that is well-formed."""
    found = read(page.read_text(encoding="utf-8"))
    assert found.problems() == []
    return " ".join(" ".join(found.texts).split())


class TestWithoutAnEngine:
    @pytest.fixture(autouse=True)
    def no_engine(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        monkeypatch.setenv("MBUILD_STATE_DIR", str(tmp_path / "state"))

    def test_a_dry_run_answers_the_same_and_writes_a_page(self, shop: Repo, page: Path) -> None:
        shop.write({"libs/money/money.py": "VAT = 25\n"})
        asked = ("affected", "--base", "HEAD", "--dry-run", "--format", "json")
        assert shop.mbuild(*asked, "--report", str(page)).json == shop.mbuild(*asked).json
        shown = text(page)
        assert "1 of 3 images affected" in shown
        assert "libs/money/money.py modified (api/Dockerfile:2)" in shown
        assert "needed by api" in shown
        assert "None of these images was built before" in shown

    @pytest.mark.parametrize("head", [(), ("--head", "HEAD")])
    def test_a_plan_counts_what_a_plain_build_would_send(self, shop: Repo, page: Path, head: tuple[str, ...]) -> None:
        assert shop.mbuild("all", "--dry-run", *head, "--report", str(page)).code == 0
        full = shop.mbuild("context", "api", *head, "--format", "json").json["full"]
        row = re.search(r"<tr[^>]*><th[^>]*>api</th>.*?</tr>", page.read_text())
        assert row is not None
        assert f'data-v="{full["bytes"]}"' in row[0]
        assert f"{full['files']} files" in row[0]

    def test_after_a_run_a_plan_has_a_timeline(self, shop: Repo, page: Path) -> None:
        assert shop.mbuild("all").code == 0
        assert shop.mbuild("all", "--force", "--dry-run", "--report", str(page)).code == 0
        assert "Expected, judged by earlier builds" in text(page)

    def test_a_run(self, shop: Repo, page: Path) -> None:
        answer = shop.mbuild("all", "--report", str(page))
        assert answer.code == 0, answer.err
        shown = text(page)
        assert "mbuild all" in shown
        assert "Critical path" in shown
        assert "shop/api:latest" in shown
        assert "COPY libs/money" in shown  # among the slowest steps
        assert shop.mbuild("affected", "--base", "HEAD", "--report", str(page)).code == 0
        assert "nothing to do" in text(page)

    def test_a_run_that_fails(self, shop: Repo, page: Path) -> None:
        shop.write({"base/Dockerfile": "FROM scratch\n# why\nCOPY --from=shop/web /nowhere /x\n"})
        assert shop.mbuild("all", "--report", str(page)).code == 1
        shown = text(page)
        assert "1 failure" in shown
        assert "→ 3 COPY --from=shop/web /nowhere /x" in shown
        assert "'base' was not built" in shown
        assert re.search(r"COPY /nowhere /x\s+base failed", shown)  # among the steps

    def test_a_run_that_breaks(self, shop: Repo, page: Path, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "blobs").write_text("in the way")
        answer = shop.mbuild("all", "--output", str(tmp_path / "out"), "--report", str(page))
        assert answer.code == 4
        assert answer.err.count("error: ") == 1
        shown = text(page)
        assert answer.err.partition("error: ")[2].splitlines()[0] in shown
        assert "cancelled" in shown

    @pytest.mark.parametrize("mode", [(), ("--dry-run",)])
    def test_a_folder_that_is_not_there_is_told_at_once(self, shop: Repo, mode: tuple[str, ...]) -> None:
        answer = shop.mbuild("all", *mode, "--report", "/nonexistent/page.html")
        assert (answer.code, answer.out) == (2, "")
        assert answer.err == "error: --report /nonexistent/page.html: there is no folder /nonexistent\n"
        assert not (shop.folder / ".mbuild").exists()

    def test_a_list_is_no_plan(self, shop: Repo, page: Path) -> None:
        answer = shop.mbuild("affected", "--base", "HEAD", "--list", "--report", str(page))
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("error: --list knows too little for a --report\nhint: --dry-run --report")
        assert not page.exists()

    def test_a_folder_is_no_file(self, shop: Repo, tmp_path: Path) -> None:
        answer = shop.mbuild("all", "--report", str(tmp_path))
        assert answer.code == 2
        assert "is a directory" in answer.err

    @pytest.mark.parametrize("mode", [(), ("--dry-run",)])
    def test_a_page_that_cannot_be_written_costs_nothing_else(
        self, shop: Repo, tmp_path: Path, mode: tuple[str, ...]
    ) -> None:
        page, meta = tmp_path / f"{'x' * 250}.html", tmp_path / "meta.json"
        answer = shop.mbuild("--progress", "quiet", "all", *mode, "--metadata", str(meta), "--report", str(page))
        assert answer.code == 4
        assert answer.err.count("\n") == 1
        assert answer.err.endswith("File name too long\n")
        assert "3 images" in answer.out
        assert mode or json.loads(meta.read_text())["command"] == "all"
        assert [each for each in tmp_path.iterdir() if "html" in each.name] == []

    def test_in_a_clone_that_leaves_files_out_nothing_is_fetched_for_it(
        self, shop: Repo, page: Path, tmp_path: Path
    ) -> None:
        shop.commit({"libs/other/other.py": "changed\n"})  # of the context root of api, but of no context
        shop.git("config", "uploadpack.allowFilter", "true")
        clone = Repo(tmp_path / "clone")
        clone.git("clone", "-q", "--filter=blob:none", shop.folder.as_uri(), "partial")
        clone = Repo(clone.folder / "partial")
        answer = clone.mbuild("all", "--dry-run", "--head", "HEAD~1", "--report", str(page))
        assert answer.code == 0, answer.err
        assert "to build" in text(page)
        assert "what plain builds would send was not counted" in text(page)


@pytest.fixture
def project(repo: Repo, engine: EngineUnderTest) -> Iterator[str]:
    """Yield the name of a project of a base with a shell; what it leaves in the engine is removed."""
    busybox = Path("/bin/busybox")
    if not busybox.exists():
        pytest.skip("needs /bin/busybox (Debian: busybox-static)")
    name = f"r{uuid.uuid4().hex[:12]}"
    images = "".join(f"  {each}: {{dockerfile: {each}/Dockerfile}}\n" for each in ("base", "good", "bad", "child"))
    repo.write({"build.yaml": f"version: 1\nproject: {name}\nimages:\n{images}", "base/Dockerfile": BASE})
    shutil.copy(busybox, repo.folder / "base")
    repo.write(dict.fromkeys(("good/x", "bad/x", "child/x"), ""))
    yield name
    left = engine.run("images", "--format", "{{.Repository}}:{{.Tag}}", f"{name}/*").decode().split()
    if left:
        engine.run("rmi", "--force", *left)


@pytest.mark.engine
class TestWithAnEngine:
    @pytest.mark.parametrize("builder", ["auto", "buildx"])
    def test_a_failure_with_its_log(self, repo: Repo, project: str, page: Path, builder: str) -> None:
        said = f"<b>{uuid.uuid4().hex}</b>"
        repo.commit(
            {
                "good/Dockerfile": f"FROM {project}/base\nRUN --network=none sleep 1; echo {uuid.uuid4().hex}\n",
                "bad/Dockerfile": f"FROM {project}/base\n\nRUN --network=none echo '{said}'; exit 7\n",
                "child/Dockerfile": f"FROM {project}/bad\nRUN --network=none true\n",
            }
        )
        answer = repo.mbuild("all", "--builder", builder, "--report", str(page))
        assert answer.code == 1, answer.err
        shown = text(page)
        assert f" {said} " in shown
        assert "3 built" not in shown
        assert "'bad' was not built" in shown
        assert "→ 3 RUN --network=none echo" in shown
        assert "RUN --network=none sleep 1" in shown.partition("as they looked from outside.")[2][:200]

    def test_an_interrupted_run(self, repo: Repo, project: str, page: Path) -> None:
        repo.commit(
            {
                "good/Dockerfile": f"FROM {project}/base\nRUN --network=none : {uuid.uuid4().hex}; sleep 60\n",
                "bad/Dockerfile": f"FROM {project}/base\n",
                "child/Dockerfile": f"FROM {project}/good\n",
            }
        )
        argv = [sys.executable, "-m", "mbuild", "--progress", "plain", "-C", str(repo.folder), "all"]
        with subprocess.Popen(
            [*argv, "--report", str(page)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as child:
            assert child.stderr is not None
            assert any("sleep 60" in line for line in child.stderr)
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=60)
        assert child.returncode == 130, err
        shown = text(page)
        assert "this run was interrupted" in shown
        assert "cancelled" in shown
        assert "base" in shown.partition("Critical path")[2]
