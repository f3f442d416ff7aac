"""Finding a repository, and the door's environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mbuild.errors import ExitCode, GitError
from mbuild.git import door
from mbuild.git.door import ask, clean_environment
from mbuild.git.repository import Repository, open_repository
from mbuild.process import Arg, Finished, run
from tests.git.repo import Repo, git


def _hints(error: GitError) -> str:
    return "\n".join(hint for problem in error.problems for hint in problem.hints)


def test_opens_from_the_top_a_folder_in_it_and_through_a_link(repo: Repo, tmp_path: Path) -> None:
    repo.write("a/b/c.txt")
    (tmp_path / "link").symlink_to(repo.top)
    for start in (repo.top, repo.top / "a" / "b", tmp_path / "link" / "a"):
        found = open_repository(start)
        assert found.top == repo.top
        assert found.object_format == "sha1"


def test_a_folder_name_with_a_newline_is_no_trouble(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "two\nlines")
    commit = repo.commit(a="1")
    found = open_repository(repo.top)
    assert found.top == repo.top
    assert found.head() == commit


def test_opens_a_linked_worktree_of_a_bare_repository(repo: Repo, tmp_path: Path) -> None:
    commit = repo.commit(a="1")
    git(tmp_path, "clone", "-q", "--bare", str(repo.top), "bare.git")
    git(tmp_path / "bare.git", "worktree", "add", "-q", "--detach", "../linked")
    (tmp_path / "linked" / "b").write_text("new")
    found = open_repository(tmp_path / "linked")
    assert found.top == tmp_path / "linked"
    tree = found.work_tree()
    assert (tree.head, tree.dirty_paths) == (commit, ("b",))


def test_no_repository_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="is not inside a git repository") as caught:
        open_repository(tmp_path)
    assert caught.value.exit_code == ExitCode.GIT
    with pytest.raises(GitError, match="no such folder"):
        open_repository(tmp_path / "absent")


def test_bare_repositories_and_git_folders_are_clear_errors(repo: Repo, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    for start in (tmp_path / "bare.git", repo.top / ".git"):
        with pytest.raises(GitError, match="bare repository or the inside of a git folder"):
            open_repository(start)


def test_a_bare_repository_lying_in_the_tree_is_not_entered(repo: Repo, tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    git(repo.top, "init", "-q", "--bare", "fixture")
    git(repo.top, "--git-dir=fixture", "config", "core.fsmonitor", f"touch {trap}")
    with pytest.raises(GitError, match="bare repository"):
        open_repository(repo.top / "fixture")
    assert ask(repo.top / "fixture", "rev-parse", "--git-dir").code != 0, "its configuration is not even read"
    assert repo.work_tree().entry("fixture/HEAD") is not None, "from above it is content"
    assert not trap.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_dubious_ownership_names_the_command(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    repo.commit(a="1")
    os.chown(repo.top, 12345, 12345)
    with pytest.raises(GitError, match="belongs to another user") as caught:
        open_repository(repo.top)
    assert _hints(caught.value) == f"git config --global --add safe.directory {repo.top}"
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.bare")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    monkeypatch.setenv("GIT_CONFIG_KEY_1", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_1", str(repo.top))
    assert open_repository(repo.top).work_tree().dirty is False


def test_the_environment_of_a_hook_does_not_leak_in(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repo(tmp_path / "other")
    other.commit(elsewhere="1")
    commit = repo.commit(a="1")
    trap = tmp_path / "ran"
    monkeypatch.setenv("GIT_DIR", str(other.top / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.top))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {trap}")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor'='touch {trap}'")
    monkeypatch.setenv("GIT_TRACE", "1")
    monkeypatch.setenv("LANGUAGE", "de")
    tree = open_repository(repo.top).work_tree()
    assert (tree.head, tree.dirty) == (commit, False)
    assert not trap.exists()


def test_the_environment_keeps_home_and_the_users_configuration_files() -> None:
    caller = {"HOME": "/h", "PATH": "/p", "GIT_CONFIG_GLOBAL": "/c", "GIT_CEILING_DIRECTORIES": "/", "GIT_DIR": "/d"}
    found = clean_environment(caller)
    assert {key: found.get(key) for key in caller} == caller | {"GIT_DIR": None}
    assert (found["LC_ALL"], found["GIT_OPTIONAL_LOCKS"], found["GIT_TERMINAL_PROMPT"]) == ("C", "0", "0")
    assert (found["GIT_ALLOW_PROTOCOL"], found["GIT_NO_LAZY_FETCH"]) == ("", "1")


def test_describe(repo: Repo) -> None:
    assert (repo.open().describe().branch, repo.open().describe().head) == ("main", None)
    commit = repo.commit(a="1")
    repo.git("remote", "add", "origin", "https://example.com/x")
    assert repo.open().describe().remotes == ("origin",)
    repo.git("checkout", "-q", "--detach")
    assert (repo.open().describe().branch, repo.open().describe().head) == (None, commit)


def test_the_heavy_library_is_not_imported() -> None:
    code = (
        "import mbuild.git.base, mbuild.git.diff, mbuild.git.worktree, sys;"
        "print(sorted({'git', 'pydantic', 'networkx', 'docker', 'yaml', 'difflib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_work_trees_share_one_common_folder(repo: Repo, tmp_path: Path) -> None:
    repo.commit(a="1")
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    main, linked = open_repository(repo.top), open_repository(tmp_path / "linked")
    assert os.path.realpath(main.common_dir) == os.path.realpath(linked.common_dir)
    assert os.path.realpath(main.common_dir) == os.path.realpath(repo.top / ".git")


def calls(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Arg]]:
    """Have every git call from now on noted."""
    made: list[Sequence[Arg]] = []

    def noting(argv: Sequence[Arg], **more: Any) -> Finished:
        made.append(argv)
        return run(argv, **more)

    monkeypatch.setattr(door, "run", noting)
    return made


def test_expected_refs_are_resolved_with_the_opening(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    first = repo.commit(a="1")
    git(repo.top, "tag", "-a", "-m", "one", "v1.0")
    second = repo.commit(a="2")
    made = calls(monkeypatch)
    found = open_repository(repo.top, ["HEAD", "v1.0", first[:12], "HEAD"])
    assert [found.head(), found.resolve_commit("v1.0"), found.resolve_commit(first[:12])] == [second, first, first]
    assert len(made) == 1
    git(repo.top, "tag", "-f", "v1.0")
    assert [found.head(), found.resolve_commit("v1.0")] == [second, second], "an answer is for one question"


def _histories(repo: Repo) -> dict[str, str]:
    """Make commits that have one, two and no best common ancestors."""
    made = {"root": repo.commit(a="1")}
    git(repo.top, "tag", "root")
    for name in ("left", "right"):
        git(repo.top, "checkout", "-q", "-b", name, made["root"])
        made[name] = repo.commit(**{name: "1"})
    for name, other in (("cross", "right"), ("criss", "left")):
        git(repo.top, "checkout", "-q", "-b", name, made["left" if other == "right" else "right"])
        git(repo.top, "merge", "-q", "--no-edit", made[other])
        made[name] = git(repo.top, "rev-parse", "HEAD").decode().strip()
    git(repo.top, "checkout", "-q", "--orphan", "apart")
    made["apart"] = repo.commit(b="1")
    git(repo.top, "tag", "-a", "-m", "", "tagged", made["left"])
    return made | {"tagged": made["left"]}


@pytest.mark.parametrize(
    ("one", "other", "bases"),
    [
        ("left", "root", ("root",)),
        ("right", "left", ("root",)),
        ("right", "tagged", ("root",)),
        ("left", "tagged", ("left",)),
        ("criss", "cross", ("left", "right")),
        ("apart", "left", ()),
    ],
)
def test_merge_bases_of_two_expected_refs_need_no_question_of_their_own(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, one: str, other: str, bases: tuple[str, ...]
) -> None:
    commits = _histories(repo)
    expected = tuple(sorted(commits[each] for each in bases))
    made = calls(monkeypatch)
    found = open_repository(repo.top, [one, other])
    assert [found.resolve_commit(each) for each in (one, other)] == [commits[one], commits[other]]
    assert found.merge_bases(commits[other], commits[one]) == expected
    assert len(made) == 1
    assert found.merge_bases(commits[other], commits[one]) == expected
    assert len(made) == 2, "an answer is for one question: a longer history may have been fetched meanwhile"
    assert found.merge_bases(commits["root"], commits["criss"]) == (commits["root"],)


@pytest.mark.parametrize(
    "ref", ["", "nowhere", "-h", "--all", "a..b", "HEAD~1", "HEAD^", "@", ":a", "HEAD:a", "a b", "main\nHEAD", "ä", "."]
)
def test_expected_refs_change_no_answer(repo: Repo, ref: str) -> None:
    """Whatever is expected, what is asked later has the answer, or the error, that it has without."""
    repo.commit(a="1")
    repo.commit(a="2")
    plain, expecting = open_repository(repo.top), open_repository(repo.top, [ref, "HEAD"])
    assert (expecting.top, expecting.git.git_dir) == (plain.top, plain.git.git_dir)
    assert expecting.head() == plain.head()
    assert _answer(expecting, ref) == _answer(plain, ref)


def _answer(repository: Repository, ref: str) -> str:
    try:
        return repository.resolve_commit(ref)
    except GitError as error:
        return f"{error} {_hints(error)}"


def test_refs_are_expected_where_there_is_no_commit_yet(repo: Repo) -> None:
    found = open_repository(repo.top, ["HEAD", "main"])
    assert found.head() is None
    with pytest.raises(GitError, match="no commit 'main'"):
        found.resolve_commit("main")


@pytest.mark.parametrize("name", ["gone", "0123abc"])
def test_a_file_that_is_called_like_a_commit_is_none(repo: Repo, name: str) -> None:
    repo.commit(**{f"{name}^{{commit}}": "1"})
    found = open_repository(repo.top, [name])
    with pytest.raises(GitError, match=f"no commit '{name}'"):
        found.resolve_commit(name)
