"""One clear line, a hint and the documented exit code for each wrong input; nothing half-written."""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path

import pytest

from tests.cli.shop import FILES
from tests.support import Repo, mbuild


@pytest.fixture
def shop(repo: Repo) -> Repo:
    repo.commit(FILES, "first")
    return repo


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


def refused(repo: Repo, *args: str) -> tuple[int, list[str]]:
    answer = repo.mbuild(*args)
    assert answer.out == ""
    assert "Traceback" not in answer.err
    assert not (repo.folder / ".mbuild").exists()
    return answer.code, answer.err.splitlines()


def test_missing_dockerfile(shop: Repo) -> None:
    (shop.folder / "web/Dockerfile").unlink()
    code, lines = refused(shop, "all")
    assert code == 2
    assert lines[0] == "error: build.yaml:6:21: image 'web': no Dockerfile at web/Dockerfile"
    assert lines[1].startswith("hint: ")


def test_cycle(shop: Repo) -> None:
    shop.write({"base/Dockerfile": "FROM shop/api\n"})
    code, lines = refused(shop, "affected")
    assert (code, lines[0]) == (2, "error: api/Dockerfile:1:1: images need each other in a circle: api → base → api")


def test_duplicate_image(shop: Repo) -> None:
    shop.write({"build.yaml": FILES["build.yaml"] + "  web: {dockerfile: web/Dockerfile}\n"})
    code, lines = refused(shop, "all")
    assert code == 2
    assert lines[0].startswith("error: build.yaml:7:3: ")


def test_unknown_key(shop: Repo) -> None:
    shop.write({"build.yaml": FILES["build.yaml"].replace("context:", "contxt:")})
    code, lines = refused(shop, "all")
    assert code == 2
    assert lines[0].startswith("error: build.yaml:5:")
    assert "context" in lines[1]


def test_unknown_base(shop: Repo) -> None:
    code, lines = refused(shop, "affected", "--base", "mian", "--list")
    assert code == 3
    assert "mian" in lines[0]
    assert any("main" in line for line in lines[1:])


@pytest.mark.parametrize("base", ["--output=stolen", "0" * 40, "", "HEAD:README.md", "HEAD\n"])
def test_a_base_is_never_taken_for_an_option(shop: Repo, base: str) -> None:
    code, _ = refused(shop, "affected", f"--base={base}", "--list")
    assert code == 3
    assert not list(shop.folder.glob("stolen*"))


def test_not_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    answer = mbuild("-C", str(tmp_path), "all")
    assert answer.code == 3
    assert answer.err.startswith("error: ")
    assert mbuild("-C", str(tmp_path / "nowhere"), "all").code == 2


def test_no_build_yaml(repo: Repo) -> None:
    repo.commit({"x": ""})
    code, lines = refused(repo, "all")
    assert (code, lines[0]) == (2, "error: there is no build.yaml")


def test_no_daemon(shop: Repo) -> None:
    code, lines = refused(shop, "all", "--builder", "buildx")
    assert code == 4
    assert lines[0].startswith("error: no Docker Engine answers at unix:///nonexistent/docker.sock: ")
    assert lines[1].startswith("hint: start Docker")


def test_run_with_the_oci_builder(shop: Repo) -> None:
    shop.write({"web/Dockerfile": "FROM scratch\nCOPY index.html /\n\nRUN make\n"})
    code, lines = refused(shop, "all")
    assert code == 4
    assert lines == [
        "error: web/Dockerfile:4:1: image web: RUN needs an engine",
        "hint: install Docker with buildx, or use --builder buildx",
        "hint: oci was chosen because no Docker Engine answers at unix:///nonexistent/docker.sock: "
        "No such file or directory",
    ]


def test_a_source_that_does_not_exist(shop: Repo) -> None:
    shop.write({"web/Dockerfile": "FROM scratch\nCOPY index.html nope.html /\n"})
    code, lines = refused(shop, "all")
    assert (code, lines[0]) == (2, "error: web/Dockerfile:2:1: image 'web': nothing in the context matches 'nope.html'")
    assert lines[1].startswith("hint: ")


def test_a_dockerfile_that_does_not_parse(shop: Repo) -> None:
    shop.write({"web/Dockerfile": "FROM scratch\nCOYP x /\n", "api/Dockerfile": "FROM scratch\nCOPY --frm=x a b\n"})
    code, lines = refused(shop, "all")
    assert code == 2
    assert [line.split(": ")[1] for line in lines if line.startswith("error")] == [
        "api/Dockerfile:2:1",
        "web/Dockerfile:2:1",
    ]
    assert "hint: did you mean 'COPY'?" in lines


def test_wrong_flags(shop: Repo) -> None:
    assert refused(shop, "affcted") == (
        2,
        ["error: no such command 'affcted'; did you mean 'affected'?", "hint: see mbuild --help"],
    )
    assert refused(shop, "affected", "--bsae", "x")[0] == 2
    needs_one = "error: Option '--base' requires an argument."
    assert refused(shop, "affected", "--base") == (2, [needs_one, "hint: see mbuild affected --help"])
    assert mbuild("affected", "--base").err.endswith("hint: see mbuild affected --help\n")
    assert mbuild("-C").err.endswith("hint: see mbuild --help\n")
    assert refused(shop, "build")[0] == 2
    assert refused(shop, "all", "--tag", "not a tag")[0] == 2
    assert refused(shop, "all", "--platform", "linux")[0] == 2
    assert refused(shop, "all", "--jobs", "0")[0] == 2


def test_a_place_for_the_result_is_looked_at_before_anything_is_built(shop: Repo) -> None:
    code, lines = refused(shop, "all", "--metadata", "nowhere/result.json")
    assert (code, lines[0]) == (2, "error: --metadata nowhere/result.json: there is no folder nowhere")


def test_builders_that_contradict_each_other(shop: Repo) -> None:
    text = FILES["build.yaml"].replace("base/Dockerfile}", "base/Dockerfile, builder: oci}")
    shop.write({"build.yaml": text.replace("web/Dockerfile}", "web/Dockerfile, builder: docker}")})
    code, lines = refused(shop, "all")
    assert (code, lines[0]) == (2, "error: build.yaml asks for docker and oci, and a run has one builder")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, 4),
        (errno.EACCES, 4),
        (errno.EAGAIN, 4),
        (errno.ENAMETOOLONG, 4),
        (errno.EPIPE, 4),
        (errno.EIO, 70),
    ],
)
def test_a_disk_that_gives_way_is_no_bug(
    shop: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, code: int
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def broken(*args: object, **more: object) -> None:
        raise OSError(number, os.strerror(number), "/some/file")

    monkeypatch.setattr("mbuild.app.workspace.open_workspace", broken)
    answer = shop.mbuild("graph")
    assert answer.code == code
    assert os.strerror(number) in answer.err


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (MemoryError(), "there is not enough memory"),
        (RuntimeError("can't start new thread"), "no more threads or processes can be started"),
    ],
)
def test_a_machine_that_is_too_small_is_no_bug(
    shop: Repo, monkeypatch: pytest.MonkeyPatch, error: Exception, text: str
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise error

    monkeypatch.setattr("mbuild.app.workspace.open_workspace", broken)
    assert refused(shop, "graph") == (4, [f"error: {text}"])


def test_a_user_without_a_home(shop: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered then; the history of builds has no place to be."""
    monkeypatch.delenv("MBUILD_STATE_DIR", raising=False)
    monkeypatch.delenv("MBUILD_CACHE_DIR", raising=False)
    for each in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(each, raising=False)
    nobody = max(each.pw_uid for each in pwd.getpwall()) + 12345
    monkeypatch.setattr("os.getuid", lambda: nobody)
    assert shop.mbuild("affected", "--list", "--base", "HEAD").code == 0
    expected = ["error: this user has no home directory", "hint: set HOME or MBUILD_STATE_DIR"]
    assert refused(shop, "all", "--builder", "oci") == (4, expected)


def test_a_working_folder_that_is_gone(shop: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert shop.mbuild("graph").code == 0
    answer = mbuild("-C", str(shop.folder), "--config", "../build.yaml", "graph")
    assert (answer.code, "this is a bug" in answer.err) == (2, False)
    gone = "error: the working folder is not there any more"
    hint = "hint: change into a folder that exists, or name one: mbuild -C DIR"
    answer = mbuild("graph")
    assert (answer.code, answer.err) == (4, f"{gone}\n{hint}\n")
    monkeypatch.setenv("MBUILD_STATE_DIR", "state")
    assert refused(shop, "all", "--builder", "oci") == (4, [gone, hint])


def test_a_wrong_date_is_refused(shop: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert refused(shop, "all")[1] == ["error: SOURCE_DATE_EPOCH: 'yesterday' is not a number of seconds"]


def test_a_bug_is_reported_with_a_file(shop: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MBUILD_STATE_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def broken(*args: object, **more: object) -> None:
        raise ZeroDivisionError("oops https://me:s3cret@example.com")

    monkeypatch.setattr("mbuild.app.workspace.open_workspace", broken)
    answer = shop.mbuild("graph")
    assert answer.code == 70
    assert answer.err.startswith("error: this is a bug in mbuild: ZeroDivisionError: oops https://***@")
    (report,) = (tmp_path / "state" / "mbuild" / "crashes").glob("crash-*.txt")
    assert f"hint: details are in {report}" in answer.err
    assert "ZeroDivisionError" in report.read_text()
    assert "s3cret" not in answer.err + report.read_text()


def test_the_work_tree_and_the_index_are_left_alone(shop: Repo) -> None:
    shop.write({"web/index.html": "1"})
    index = shop.folder / ".git/index"
    before = (index.read_bytes(), index.stat().st_mtime_ns, sorted(shop.folder.iterdir()))
    assert shop.mbuild("affected", "--base", "HEAD", "--list").code == 0
    assert (index.read_bytes(), index.stat().st_mtime_ns, sorted(shop.folder.iterdir())) == before
