"""Building for real: with no engine into an image layout, and with one into the engine."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shop import FILES
from tests.cli.test_answers import valid
from tests.conftest import EngineUnderTest
from tests.support import Repo


@pytest.fixture
def shop(repo: Repo) -> Repo:
    repo.commit(FILES, "first")
    return repo


def statuses(answer: object) -> dict[str, str]:
    return {each["name"]: each["status"] for each in answer.json["images"] if "status" in each}  # type: ignore[attr-defined]


class TestWithoutAnEngine:
    @pytest.fixture(autouse=True)
    def no_engine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    def test_all_builds_everything_and_then_reuses_it(self, shop: Repo) -> None:
        first = shop.mbuild("all", "--format", "json")
        assert first.code == 0, first.err
        assert statuses(first) == {"api": "built", "base": "built", "web": "built"}
        assert first.json["builder"] == "oci"
        again = shop.mbuild("all")
        assert again.code == 0
        assert "3 images: 3 reused" in again.out
        assert shop.git("status", "--porcelain") == ""

    def test_only_what_is_affected_is_built(self, shop: Repo) -> None:
        assert shop.mbuild("all").code == 0
        shop.write({"libs/money/money.py": "VAT = 25\n"})
        answer = shop.mbuild("affected", "--base", "HEAD", "--format", "json")
        assert statuses(answer) == {"api": "built"}
        assert statuses(shop.mbuild("affected", "--base", "HEAD", "--format", "json")) == {"api": "reused"}
        shop.git("checkout", "-q", ".")
        nothing = shop.mbuild("affected", "--base", "HEAD")
        assert "nothing to do: 0 of 3 images affected" in nothing.out

    def test_a_parent_that_exists_nowhere_is_built_too(self, shop: Repo) -> None:
        answer = shop.mbuild("build", "api", "--format", "json")
        assert statuses(answer) == {"api": "built", "base": "built"}
        assert [each["kind"] for each in answer.image("base")["reasons"]] == ["needed-by"]

    def test_tags_and_metadata(self, shop: Repo, tmp_path: Path) -> None:
        meta = tmp_path / "result.json"
        answer = shop.mbuild("all", "--tag", "v1", "--tag", "x-{short_commit}", "--metadata", str(meta))
        assert answer.code == 0, answer.err
        written = json.loads(meta.read_text())
        tags = next(each["tags"] for each in written["images"] if each["name"] == "web")
        assert tags[1:] == ["shop/web:v1", f"shop/web:x-{shop.git('rev-parse', 'HEAD')[:12]}"]
        index = json.loads((shop.folder / ".mbuild/oci/index.json").read_text())
        named = {each["annotations"]["io.containerd.image.name"] for each in index["manifests"]}
        assert "docker.io/shop/web:v1" in named

    def test_a_layout_that_lacks_a_layer_has_no_image(self, shop: Repo) -> None:
        assert shop.mbuild("all").code == 0
        layout = shop.folder / ".mbuild/oci"
        (web,) = [each for each in json.loads((layout / "manifest.json").read_text()) if "web" in str(each["RepoTags"])]
        (layout / web["Layers"][0]).unlink()
        (layout / "manifest.json").write_text("")
        answer = shop.mbuild("all", "--format", "json")
        assert answer.code == 0, answer.err
        assert statuses(answer) == {"api": "reused", "base": "reused", "web": "built"}
        assert (layout / web["Layers"][0]).exists()
        assert statuses(shop.mbuild("all", "--format", "json"))["web"] == "reused"

    def test_the_branch_of_a_tag_is_that_of_the_head(self, shop: Repo) -> None:
        def tags(*args: str) -> list[str]:
            answer = shop.mbuild("build", "web", "--tag", "{branch}", "--format", "json", *args)
            assert answer.code == 0, answer.err
            return list(answer.image("web")["tags"][1:])

        here = shop.git("branch", "--show-current")
        shop.git("branch", "rel")
        assert tags() == tags("--head", "HEAD") == [f"shop/web:{here}"]
        assert tags("--head", "rel") == ["shop/web:rel"]
        assert tags("--head", "HEAD^{commit}") == [f"shop/web:{here}"]
        shop.commit({"other": "file"})
        commit = shop.mbuild("build", "web", "--tag", "{branch}", "--head", "HEAD~1")
        assert (commit.code, "the tag '{branch}' needs a branch" in commit.err) == (2, True)

    def test_force_builds_again(self, shop: Repo) -> None:
        assert shop.mbuild("all").code == 0
        assert statuses(shop.mbuild("build", "web", "--force", "--format", "json")) == {"web": "built"}

    def test_a_commit_builds_the_same_as_its_checkout(self, shop: Repo, tmp_path: Path) -> None:
        one = shop.mbuild("all", "--head", "HEAD", "--output", str(tmp_path / "one"), "--format", "json")
        two = shop.mbuild("all", "--output", str(tmp_path / "two"), "--format", "json")
        assert one.code == two.code == 0
        digests = [[each["digest"] for each in answer.json["images"]] for answer in (one, two)]
        assert digests[0] == digests[1]
        assert all(digests[0])

    def test_a_failed_parent_skips_its_children_and_nothing_else(self, shop: Repo) -> None:
        shop.write({"base/Dockerfile": "FROM scratch\nCOPY --from=shop/web /nowhere /x\n"})
        answer = shop.mbuild("all", "--format", "json")
        assert answer.code == 1
        assert statuses(answer) == {"api": "skipped", "base": "failed", "web": "built"}
        assert answer.err.count("error: ") == 1
        assert "base/Dockerfile:2" in answer.err

    def test_the_full_log_of_each_image_is_kept_and_named(self, shop: Repo) -> None:
        shop.write({"web/Dockerfile": "FROM scratch\nCOPY index.html /f\nCOPY index.html /f/g\n"})
        answer = shop.mbuild("all", "--format", "json")
        assert answer.code == 1
        logs = {each["name"]: Path(each["log_file"]) for each in answer.json["images"]}
        assert f"  full log: {logs['web']}\n" in answer.err
        assert "failed in " in logs["web"].read_text()
        assert logs["api"].read_text().splitlines()[0].startswith("#1 ")
        state = Path(shop.mbuild("state", "path").out.strip())
        assert {each.parent.parent.parent for each in logs.values()} == {state}
        shop.write({"web/Dockerfile": "FROM scratch\nCOPY index.html /f\n"})
        text = shop.mbuild("all").out
        assert f"\nlogs: {state}/logs/" in text
        again = shop.mbuild("all", "--format", "json").json
        assert {each["log_file"] for each in again["images"]} == {None}

    def test_progress_as_json_is_one_event_a_line(self, shop: Repo) -> None:
        answer = shop.mbuild("--progress", "json", "all")
        events = [json.loads(line) for line in answer.err.splitlines()]
        assert {"image-started", "step", "image-done"} <= {each["event"] for each in events}


@pytest.fixture
def unique(repo: Repo, engine: EngineUnderTest) -> Iterator[Repo]:
    """The shop under a project name of its own, so that nothing of another run exists in the engine."""
    project = f"t{uuid.uuid4().hex[:12]}"
    repo.commit(
        {
            path: text.replace("shop/", f"{project}/").replace(": shop\n", f": {project}\n")
            for path, text in FILES.items()
        }
    )
    repo.project = project  # type: ignore[attr-defined]
    yield repo
    names = engine.run("images", "--format", "{{.Repository}}:{{.Tag}}", f"{project}/*").decode().split()
    if names:
        engine.run("rmi", "--force", *names)


@pytest.mark.engine
@pytest.mark.parametrize("builder", ["oci", pytest.param("auto", marks=pytest.mark.engine)])
@pytest.mark.parametrize("head", [(), ("--head", "HEAD")])
def test_files_of_a_submodule_are_not_left_out(
    builder: str, head: tuple[str, ...], shop: Repo, request: pytest.FixtureRequest
) -> None:
    """They are in another repository: an image with an empty folder in their place would be another one."""
    if builder == "auto":
        request.getfixturevalue("engine")
    (shop.folder / "web" / "lib").mkdir()
    shop.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},web/lib")
    shop.git("commit", "-q", "-m", "a submodule")
    answer = shop.mbuild("build", "web", "--builder", builder, *head)
    assert answer.code == 1
    assert "image 'web': the context needs files of the submodule web/lib, which are not in this repo" in answer.err
    shop.commit({"web/.dockerignore": "lib\n"})
    assert shop.mbuild("build", "web", "--builder", "oci", *head).code == 0


class TestWithAnEngine:
    @pytest.mark.parametrize("builder", ["auto", "buildx", "docker"])
    def test_all_loads_every_image(self, unique: Repo, engine: EngineUnderTest, builder: str) -> None:
        project = unique.project  # type: ignore[attr-defined]
        valid(unique.mbuild("all", "--dry-run", "--builder", builder, "--format", "json").json, "plan")
        answer = unique.mbuild("all", "--builder", builder, "--format", "json")
        assert answer.code == 0, answer.err
        valid(answer.json, "plan")
        for name in ("api", "base", "web"):
            (image,) = json.loads(engine.run("image", "inspect", f"{project}/{name}:latest"))
            assert image["Id"] == answer.image(name)["image_id"]
            assert f"{project}/{name}:mb-{answer.image(name)['fingerprint'][:20]}" in image["RepoTags"]
        again = unique.mbuild("all", "--builder", builder, "--format", "json")
        assert set(statuses(again).values()) == {"reused"}
        unique.write({"libs/money/money.py": "VAT = 25\n"})
        changed = unique.mbuild("affected", "--base", "HEAD", "--builder", builder, "--format", "json")
        assert statuses(changed) in ({"api": "built"}, {"api": "cached"})

    def test_both_builders_bind_the_same_parent(self, unique: Repo, engine: EngineUnderTest) -> None:
        project = unique.project  # type: ignore[attr-defined]
        assert unique.mbuild("all", "--builder", "buildx").code == 0
        one = engine.run("image", "inspect", "--format", "{{json .RootFS.Layers}}", f"{project}/api")
        base = engine.run("image", "inspect", "--format", "{{json .RootFS.Layers}}", f"{project}/base")
        assert json.loads(one)[: len(json.loads(base))] == json.loads(base)
        assert unique.mbuild("build", "api", "--builder", "docker", "--force").code == 0
        other = engine.run("image", "inspect", "--format", "{{json .RootFS.Layers}}", f"{project}/api")
        assert json.loads(other)[: len(json.loads(base))] == json.loads(base)

    def test_a_failing_build_names_the_dockerfile_line(self, unique: Repo) -> None:
        unique.write({"web/Dockerfile": 'FROM scratch\nCOPY . /srv\n\nRUN ["/nothing"]\n'})
        answer = unique.mbuild("build", "web", "--builder", "buildx")
        assert answer.code == 1
        assert "error: web/Dockerfile:4: image 'web': " in answer.err
        assert "Traceback" not in answer.err

    @pytest.mark.parametrize(("builder", "sign"), [("buildx", "RUN"), ("docker", "web | building")])
    def test_ctrl_c_stops_a_build_and_reports(self, unique: Repo, builder: str, sign: str) -> None:
        busybox = Path("/bin/busybox")
        if not busybox.exists():
            pytest.skip("needs /bin/busybox (Debian: busybox-static)")
        shutil.copy(busybox, unique.folder / "web")
        # A word of its own makes the step one that no cache holds.
        run = f'RUN ["/busybox", "sh", "-c", ": {uuid.uuid4().hex}; sleep 60"]'
        unique.write({"web/Dockerfile": f"FROM scratch\nCOPY busybox /\n{run}\n"})
        argv = [sys.executable, "-m", "mbuild", "--progress", "plain", "-C", str(unique.folder)]
        argv += ["build", "web", "--builder", builder]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            assert child.stderr is not None
            assert any(sign in line for line in child.stderr)
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=30)
        assert child.returncode == 130, err
        assert out.startswith("cancelled")
        assert "Traceback" not in err
