"""Which build.yaml holds for the working folder, where the trees and the disk do not agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import Repo, mbuild

FILES = {
    "build.yaml": "images:\n  lint: {dockerfile: tools/lint/Dockerfile}\n",
    "tools/lint/Dockerfile": "FROM scratch\nCOPY f /\n",
    "tools/lint/f": "lint\n",
    "deploy/api/Dockerfile": "FROM scratch\nCOPY f /\n",
    "deploy/api/f": "api\n",
}
OWN = "images:\n  api: {labels: {tier: one}}\n"
LIST = ("affected", "--list", "--format", "json")


@pytest.fixture
def deploy(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A folder that gets a build.yaml of its own, which is changed then; work in it."""
    repo.commit(FILES)
    repo.commit({"deploy/build.yaml": OWN})
    repo.commit({"deploy/build.yaml": OWN.replace("one", "two")})
    monkeypatch.chdir(repo.folder / "deploy")
    return repo


@pytest.mark.parametrize("head", [("--head", "main"), ()])
@pytest.mark.parametrize("sparse", [("/*", "!/deploy/build.yaml"), ("/deploy/api/",), ("/*",)])
def test_what_a_sparse_checkout_leaves_out_holds(deploy: Repo, sparse: tuple[str, ...], head: tuple[str, ...]) -> None:
    deploy.git("sparse-checkout", "set", "--no-cone", *sparse)
    assert (deploy.folder / "deploy/build.yaml").exists() == (sparse == ("/*",))
    answer = mbuild(*LIST, "--base", "HEAD~1", *head)
    assert (answer.affected(), answer.err) == ({"api"}, "")
    assert mbuild("affected", "--dry-run", "--base", "HEAD~1", "--format", "json", *head).affected() == {"api"}


def test_so_does_what_git_is_told_to_take_for_unchanged_besides(deploy: Repo) -> None:
    deploy.git("update-index", "--skip-worktree", "--", "deploy/build.yaml")
    deploy.git("update-index", "--assume-unchanged", "--", "deploy/build.yaml")
    (deploy.folder / "deploy/build.yaml").unlink()
    assert mbuild(*LIST, "--base", "HEAD~1").affected() == {"api"}


def test_what_was_removed_from_disk_holds_no_longer(deploy: Repo) -> None:
    (deploy.folder / "tools/lint/f").unlink()
    deploy.git("sparse-checkout", "set", "--no-cone", "/*", "!/tools/lint/f")  # some file is left out
    (deploy.folder / "deploy/build.yaml").unlink()
    assert [each["name"] for each in mbuild("graph", "--format", "json").json["images"]] == ["lint"]


@pytest.mark.parametrize(
    "command",
    [
        (*LIST, "--base", "main~1"),
        ("affected", "--dry-run", "--format", "json", "--base", "main~1"),
        ("all", "--dry-run", "--format", "json"),
        ("build", "api", "--dry-run", "--format", "json"),
        ("graph", "--format", "json"),
    ],
)
@pytest.mark.parametrize("on_disk", [FILES["build.yaml"], None])
def test_a_commit_says_which_one_holds_there(deploy: Repo, command: tuple[str, ...], on_disk: str | None) -> None:
    deploy.git("checkout", "-q", "main~2")
    if on_disk is None:
        deploy.git("rm", "-q", "build.yaml")
    answer = mbuild(*command, "--head", "main")
    assert ([each["name"] for each in answer.json["images"]], answer.err) == (["api"], "")


def test_a_commit_without_the_one_on_disk_has_that_above(deploy: Repo) -> None:
    answer = mbuild("graph", "--head", "main~2", "--format", "json")
    assert [each["name"] for each in answer.json["images"]] == ["lint"]
    answer = mbuild("--config", "build.yaml", "graph", "--head", "main~2")
    assert (answer.code, answer.err.splitlines()[0]) == (2, "error: there is no deploy/build.yaml in that commit")


def test_a_commit_without_any_has_guessed_images_only_where_nothing_is_said(repo: Repo) -> None:
    first = repo.commit({"web/Dockerfile": "FROM scratch\n"})
    repo.commit({"build.yaml": "images: {web: }\n"})
    assert repo.mbuild("graph", "--head", first).err.startswith("error: there is no build.yaml in that commit")
    repo.git("checkout", "-q", first)
    assert repo.mbuild("graph", "--head", "main").err == ""
    assert repo.mbuild("graph", "--head", first).err.startswith("note: there is no build.yaml: ")
    assert repo.mbuild("graph").err.startswith("note: there is no build.yaml: ")


def test_replays_look_where_other_commands_do(deploy: Repo) -> None:
    deploy.git("sparse-checkout", "set", "--no-cone", "/*", "!/deploy/build.yaml")
    answer = mbuild("simulate", "--last", "1", "--format", "json")
    assert answer.json["commits"][0]["images"] == 1
    assert Path("api").is_dir()


def test_a_replay_looks_at_each_commit_for_the_one_that_holds_there(deploy: Repo) -> None:
    deploy.commit({"deploy/api/f": "more\n", "tools/lint/f": "more\n"})
    deploy.git("rm", "-q", "deploy/build.yaml")
    deploy.commit({"tools/lint/f": "lint\n"})
    found = mbuild("simulate", "--format", "json").json["commits"]
    asked = [mbuild(*LIST, "--base", each["parent"], "--head", each["commit"]).affected() for each in found]
    assert [{*each["rebuilt"]} for each in found] == asked == [{"api"}, {"api"}, {"api"}, {"lint"}]


@pytest.mark.parametrize("head", [("--head", "main"), ()])
def test_images_that_a_nearer_one_hides_are_removed(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, head: tuple[str, ...]
) -> None:
    both = "images:\n  api: {dockerfile: deploy/api/Dockerfile}\n  lint: {dockerfile: tools/lint/Dockerfile}\n"
    first = repo.commit(FILES | {"build.yaml": both})
    own = "images:\n  lint: {dockerfile: ../tools/lint/Dockerfile}\n  x: {dockerfile: api/Dockerfile}\n"
    second = repo.commit({"deploy/build.yaml": own, "deploy/api/f": "changed"})
    monkeypatch.chdir(repo.folder / "deploy")
    for _ in range(2):  # nothing that was remembered says something else
        answer = mbuild(*LIST, "--base", first, *head)
        assert (answer.affected(), answer.json["removed"], answer.json["unowned"]) == ({"x"}, ["api"], [])
    repo.commit({"tools/lint/f": "changed"})
    answer = mbuild(*LIST, "--base", first, *head)
    assert (answer.affected(), answer.json["removed"]) == ({"lint", "x"}, ["api"])
    repo.git("rm", "-q", "deploy/build.yaml")
    repo.commit({"tools/lint/f": "lint\n"})
    answer = mbuild(*LIST, "--base", second, *head)
    assert (answer.affected(), answer.json["removed"], answer.json["unowned"]) == ({"api"}, ["x"], [])
    assert mbuild(*LIST, "--base", first, *head).affected() == {"api"}


def test_an_audit_reads_the_base_in_the_same_way(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    repo.commit(FILES)
    repo.commit({"deploy/build.yaml": "images:\n  lint: {dockerfile: ../tools/lint/Dockerfile}\n"})
    monkeypatch.chdir(repo.folder / "deploy")
    answer = mbuild("audit", "--base", "HEAD~1", "--format", "json")
    assert [(each["name"], each["outcome"]) for each in answer.json["images"]] == [("lint", "same")]
