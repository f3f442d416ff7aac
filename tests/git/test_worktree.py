"""The work tree: everything on disk that git would add, and nothing else."""

from __future__ import annotations

import os
import shutil
import socket
import time
from pathlib import Path

import pytest

from mbuild.errors import ChangedWhileRead, GitError
from mbuild.git.disk import Disk
from mbuild.git.status import check_complete
from mbuild.tree import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Tree
from tests.git.repo import Repo, git, kinds
from tests.git.test_trees import NAMES


def _same_as_add(repo: Repo) -> None:
    tree = repo.work_tree()
    listed = repo.listed(repo.added())
    assert list(tree.below("")) == listed
    for each in listed:
        assert tree.entry(each.path) == each


def test_a_clean_tree(repo: Repo) -> None:
    commit = repo.commit(a="1", b="2")
    tree = repo.work_tree()
    assert (tree.head, tree.dirty, tree.dirty_paths) == (commit, False, ())
    _same_as_add(repo)


def test_an_unborn_head(repo: Repo) -> None:
    assert (repo.work_tree().head, repo.work_tree().below("")) == (None, ())
    repo.write("a")
    repo.write("staged")
    repo.git("add", "staged")
    assert kinds(repo) == {"a": "added", "staged": "added"}
    _same_as_add(repo)


@pytest.mark.parametrize("tracked", [True, False])
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_names_of_every_kind(tmp_path: Path, tracked: bool, object_format: str) -> None:
    repo = Repo(tmp_path / "repo", f"--object-format={object_format}")
    repo.commit()
    for name in NAMES:
        repo.write(name, b"old")
    if tracked:
        repo.commit()
    for number, name in enumerate(NAMES):
        repo.write(name, f"{number} new", 0o755 if number % 3 == 0 else 0o644)
    assert set(kinds(repo).values()) == {"modified" if tracked else "added"}
    assert len(kinds(repo)) == len(NAMES)
    _same_as_add(repo)


def test_edits_deletions_modes_and_types(repo: Repo) -> None:
    for name in (
        "same",
        "edited",
        "deleted",
        "exec",
        "to_link",
        "to_folder",
        "d/x",
        "staged",
        "staged_deleted",
        "cached",
    ):
        repo.write(name)
    (repo.top / "to_file").symlink_to("same")
    repo.commit()
    repo.write("edited", "y")
    (repo.top / "deleted").unlink()
    (repo.top / "exec").chmod(0o700)
    (repo.top / "to_link").unlink()
    (repo.top / "to_link").symlink_to("same")
    (repo.top / "to_folder").unlink()
    repo.write("to_folder/in")
    (repo.top / "d" / "x").unlink()
    (repo.top / "d").rmdir()
    (repo.top / "d").symlink_to("to_folder")
    (repo.top / "to_file").unlink()
    repo.write("to_file")
    repo.write("staged", "s")
    repo.git("add", "staged")
    repo.git("rm", "-q", "staged_deleted")
    repo.git("rm", "-q", "--cached", "cached")
    repo.write("new")
    assert kinds(repo) == {
        "d": "added", "d/x": "deleted", "deleted": "deleted", "edited": "modified", "exec": "mode", "new": "added",
        "staged": "modified", "staged_deleted": "deleted", "to_file": "modified", "to_folder": "deleted",
        "to_folder/in": "added", "to_link": "modified",
    }  # fmt: skip
    _same_as_add(repo)
    tree = repo.work_tree()
    assert [each.path for each in tree.below("to_folder")] == ["to_folder/in"]
    assert [*tree.below("", 1)] == [each for each in tree.below("") if "/" not in each.path]
    assert tree.below("", 2) == tree.below("")


def test_a_staged_edit_undone_on_disk_is_no_edit(repo: Repo) -> None:
    repo.commit(a="1")
    repo.write("a", "2")
    repo.git("add", "a")
    repo.write("a", "1")
    assert kinds(repo) == {}


def test_ignored_files_are_not_part_of_it(repo: Repo) -> None:
    repo.write(".gitignore", "*.log\n/out/\n")
    repo.write("kept.log")
    repo.git("add", "-f", "kept.log")
    repo.commit()
    repo.write("x.log")
    repo.write("out/x")
    repo.write("kept.log", "edited though ignored")
    assert kinds(repo) == {"kept.log": "modified"}
    repo.git("rm", "-q", "--cached", "kept.log")
    assert kinds(repo) == {"kept.log": "deleted"}


def test_intent_to_add(repo: Repo) -> None:
    repo.commit(a="1")
    repo.write("new", "content")
    repo.write("empty", "")
    repo.git("add", "-N", "new", "empty")
    assert kinds(repo) == {"new": "added", "empty": "added"}
    _same_as_add(repo)
    (repo.top / "new").unlink()
    assert kinds(repo) == {"empty": "added"}


def test_conflicts_count_as_they_are_on_disk(repo: Repo) -> None:
    base = repo.commit(a="1\n", b="1\n", c="1\n")
    repo.git("checkout", "-q", "-b", "other")
    repo.write("a", "other\n")
    repo.git("rm", "-q", "b")
    repo.commit()
    repo.git("checkout", "-q", "-b", "mine", base)
    repo.commit(a="mine\n", b="mine\n")
    with pytest.raises(AssertionError):
        repo.git("merge", "-q", "other")
    tree = repo.work_tree()
    entry = tree.entry("a")
    assert entry is not None
    assert tree.read(entry).startswith(b"<<<<<<<")
    assert tree.edits["a"].kind == "modified"
    assert tree.edits["a"].old == repo.open().commit_tree(repo.git("rev-parse", "HEAD")).entry("a")
    assert "b" not in tree.edits
    _same_as_add(repo)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_edits_that_git_status_is_told_to_overlook(repo: Repo, flag: str) -> None:
    for name in ("edited", "same", "gone", "d/exec"):
        repo.write(name)
    repo.commit()
    repo.git("update-index", flag, "edited", "same", "gone", "d/exec")
    repo.write("edited", "y\n")
    (repo.top / "gone").unlink()
    (repo.top / "d" / "exec").chmod(0o755)
    assert repo.git("status", "--porcelain") == ""
    expected = {"edited": "modified", "d/exec": "mode"}
    if flag == "--assume-unchanged":
        expected["gone"] = "deleted"
    assert kinds(repo) == expected
    gone = repo.work_tree().entry("gone")
    if gone is not None:
        tree = repo.work_tree()
        assert (tree.read(gone), tree.sizes([gone])[0], tree.open(gone).read()) == (b"x\n", 2, b"x\n")


def test_a_sparse_checkout_keeps_what_it_left_out(repo: Repo) -> None:
    for name in ("in/a", "out/b", "out/deep/c", "top"):
        repo.write(name, name)
    repo.commit()
    for index in ("--no-sparse-index", "--sparse-index"):
        repo.git("checkout", "-q", "in/a") if index == "--sparse-index" else None
        repo.git("sparse-checkout", "set", "--cone", index, "in")
        assert not (repo.top / "out").exists()
        assert kinds(repo) == {}
        repo.write("out/b", "put there by hand")
        repo.write("in/a", f"edited {index}")
        assert kinds(repo) == {"out/b": "modified", "in/a": "modified"}
        tree = repo.work_tree()
        contents = {each.path: tree.read(each) for each in tree.below("out")}
        assert contents == {"out/b": b"put there by hand", "out/deep/c": b"out/deep/c"}
        (repo.top / "out" / "b").unlink()
        (repo.top / "out").rmdir()


def test_configuration_that_hides_edits(repo: Repo) -> None:
    for name in ("a", "b", "c", "d/x"):
        repo.write(name, "1")
    (repo.top / "link").symlink_to("a")
    os.utime(repo.top / "c", (10**9, 10**9))  # long before the index, or git would compare contents anyway
    repo.commit()
    for key, value in {
        "core.fileMode": "false", "core.symlinks": "false", "core.trustctime": "false", "core.checkStat": "minimal",
        "core.ignoreStat": "true", "core.untrackedCache": "true", "core.quotePath": "true",
        "status.showUntrackedFiles": "no", "status.renames": "copies", "status.showStash": "true",
        "status.branch": "true", "color.ui": "always", "core.ignoreCase": "true", "column.ui": "always",
    }.items():  # fmt: skip
        repo.git("config", key, value)
    assert kinds(repo) == {}
    (repo.top / "a").chmod(0o755)
    (repo.top / "b").unlink()
    (repo.top / "b").symlink_to("a")
    (repo.top / "link").unlink()
    repo.write("link", "a")
    time.sleep(1.1)  # git compares the time of the last change in whole seconds
    repo.write("c", "2")
    os.utime(repo.top / "c", (10**9, 10**9))
    for name in ("é", "C", "D/x"):
        repo.write(name, "new")
    assert kinds(repo) == {
        "C": "added", "D/x": "added", "a": "mode", "b": "modified", "c": "modified", "link": "modified", "é": "added",
    }  # fmt: skip


def test_same_size_edits_in_the_second_of_the_commit(repo: Repo) -> None:
    for number in range(15):
        repo.commit(a=f"{number:04}")
        repo.write("a", f"{number + 1:04}")
        assert kinds(repo) == {"a": "modified"}


def test_hostile_configuration_runs_nothing(repo: Repo, tmp_path: Path) -> None:
    repo.commit(a="1", b="1")
    trap = tmp_path / "ran"
    hook = tmp_path / "hooks" / "post-index-change"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
    hook.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "diff.external",
        "core.pager",
        "core.sshCommand",
        "diff.x.textconv",
        "diff.x.command",
    ):
        repo.git("config", key, f"touch {trap}")
    repo.git("config", "core.hooksPath", str(hook.parent))
    repo.git("config", "pager.status", f"touch {trap}")
    repo.write(".gitattributes", "* diff=x\n")
    repo.write("a", "2")
    (repo.top / "b").touch()
    assert kinds(repo) == {"a": "modified", ".gitattributes": "added"}
    assert not trap.exists()
    assert repo.open().describe().branch == "main"
    assert not trap.exists()


def test_filters_of_the_user_are_applied(repo: Repo) -> None:
    repo.git("config", "filter.upper.clean", "tr a-z A-Z")
    repo.git("config", "filter.upper.smudge", "tr A-Z a-z")
    repo.write(".gitattributes", "*.up filter=upper\n*.txt text eol=lf\n")
    repo.commit()
    repo.write("a.up", "abc\n")
    repo.write("new\nline.up", "abc\n")
    repo.write("w.txt", "one\r\ntwo\r\n")
    _same_as_add(repo)
    tree = repo.work_tree()
    entry = tree.entry("a.up")
    assert entry is not None
    assert tree.read(entry) == b"abc\n", "what is on disk is what a builder is sent"
    assert tree.sizes([entry])[0] == 4
    text = tree.entry("w.txt")
    assert text is not None
    assert tree.sizes([text])[0] == 10


@pytest.mark.parametrize("by", ["configuration", "attribute"])
def test_line_ends_that_git_would_keep(repo: Repo, by: str) -> None:
    for name in ("crlf", "mixed", "-new\nline"):
        repo.write(name, "a\r\nb\n" if name == "mixed" else "a\r\n")
    repo.write("lf", "a\n")
    repo.commit()
    if by == "configuration":
        repo.git("config", "core.autocrlf", "input")
    else:
        repo.write(".gitattributes", "* text=auto\n")
    for name in ("crlf", "mixed", "-new\nline", "lf", "new"):
        repo.write(name, "edited\r\n")
    _same_as_add(repo)


def test_a_filter_that_fails_is_an_error(repo: Repo) -> None:
    repo.git("config", "filter.bad.clean", "false")
    repo.git("config", "filter.bad.required", "true")
    repo.write(".gitattributes", "*.bad filter=bad\n")
    repo.write("x.bad")
    with pytest.raises(GitError, match=r"x\.bad"):
        repo.work_tree()


def test_a_link_to_itself_in_place_of_a_folder(repo: Repo) -> None:
    repo.write("d/x")
    repo.write("d/e/y")
    repo.commit()
    shutil.rmtree(repo.top / "d")
    (repo.top / "d").symlink_to("d")
    assert kinds(repo) == {"d": "added", "d/x": "deleted", "d/e/y": "deleted"}
    _same_as_add(repo)


@pytest.mark.parametrize("target", ["d", "other"])
def test_an_ignored_link_to_itself_in_place_of_a_folder(repo: Repo, target: str) -> None:
    repo.write("d/x")
    repo.write("d/é e/y")
    repo.commit()
    repo.write(".gitignore", "/d\n/other\n")
    repo.commit()
    repo.write("d/x", "staged")
    repo.write("d/new")
    repo.git("add", "-f", "d/x", "d/new")
    shutil.rmtree(repo.top / "d")
    (repo.top / "d").symlink_to(target)
    (repo.top / "other").symlink_to("d")
    assert kinds(repo) == {"d/x": "deleted", "d/é e/y": "deleted"}, "git add -A overlooks it"


@pytest.mark.parametrize(
    "said",
    [
        b"warning: could not open directory 'd/': Permission denied\n",
        b"x\nd/x: Permission denied\n",
        b"error: d: Input/output error",
    ],
)
def test_what_git_could_not_look_at_is_an_error(said: bytes) -> None:
    with pytest.raises(GitError, match="git cannot say what is there"):
        check_complete(said)
    check_complete(
        b"warning: in the working copy of 'a', LF will be replaced\nd/x: Too many levels of symbolic links\n"
    )


def test_fifos_and_sockets_are_no_inputs_and_never_opened(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit(a="1", was="1")
    os.mkfifo(repo.top / "fifo")
    (repo.top / "was").unlink()
    os.mkfifo(repo.top / "was")
    monkeypatch.chdir(repo.top)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock")
        assert kinds(repo) == {"was": "deleted"}


def test_content_is_read_from_disk_else_from_the_objects(repo: Repo) -> None:
    repo.commit(a="1\n")
    (repo.top / "l").symlink_to("a")
    repo.write("new", "n")
    tree: Tree = repo.work_tree()
    entries = {each.path: each for each in tree.below("")}
    assert {path: tree.read(each) for path, each in entries.items()} == {"a": b"1\n", "l": b"a", "new": b"n"}
    for path, each in entries.items():
        with tree.open(each) as stream:
            assert stream.read() == tree.read(entries[path])
    assert dict(zip(entries, tree.sizes(entries.values()), strict=True)) == {"a": 2, "l": 1, "new": 1}
    (repo.top / "a").unlink()
    assert tree.read(entries["a"]) == b"1\n"
    with tree.open(entries["a"]) as stream:
        assert stream.read() == b"1\n"
    os.mkfifo(repo.top / "a")
    for ask in (tree.read, tree.open):
        with pytest.raises(ChangedWhileRead, match="a changed while"):
            ask(entries["a"])


def test_the_disk_is_opened_without_following_links_or_waiting(repo: Repo) -> None:
    repo.write("d/f")
    (repo.top / "d" / "link").symlink_to("f")
    (repo.top / "linked").symlink_to("d")
    os.mkfifo(repo.top / "fifo")
    disk = Disk(repo.top)
    for path in ("d/link", "fifo", "d"):
        with pytest.raises(ChangedWhileRead):
            disk.open(path)
    assert disk.open("none") is None
    assert disk.open("linked/f") is None
    assert disk.look("a/" * 1100 + "f") is None, "deeper than Python calls functions"
    repo.write("d/e/f")
    assert (disk.look("linked/f"), disk.look("linked/e/f")) == (None, None)
    assert disk.look("d/f") is not None


def _submodule(repo: Repo, tmp_path: Path) -> Repo:
    library = Repo(tmp_path / "library")
    library.commit(code="1")
    library.commit(code="2")
    repo.git("submodule", "add", "-q", str(library.top), "vendor/lib")
    repo.commit(top="1")
    return Repo.at(repo.top / "vendor" / "lib")


def test_submodules_are_the_commit_checked_out(repo: Repo, tmp_path: Path) -> None:
    inner = _submodule(repo, tmp_path)
    assert kinds(repo) == {}
    entry = repo.work_tree().entry("vendor/lib")
    assert entry is not None
    assert (entry.mode, entry.oid) == (SUBMODULE, inner.git("rev-parse", "HEAD"))
    assert repo.work_tree().submodules["vendor/lib"].entry("code") is not None
    inner.git("checkout", "-q", "HEAD~1")
    assert kinds(repo) == {"vendor/lib": "modified"}
    _same_as_add(repo)
    repo.git("add", "vendor/lib")
    assert kinds(repo) == {"vendor/lib": "modified"}
    _same_as_add(repo)


def test_dirt_in_a_submodule_is_never_silent(repo: Repo, tmp_path: Path) -> None:
    inner = _submodule(repo, tmp_path)
    repo.git("config", "submodule.vendor/lib.ignore", "all")
    repo.git("config", "-f", ".gitmodules", "submodule.vendor/lib.ignore", "all")
    repo.git("config", "diff.ignoreSubmodules", "all")
    repo.commit()
    inner.git("config", "status.showUntrackedFiles", "no")
    assert kinds(repo) == {}
    seen = {repo.git("rev-parse", "HEAD:vendor/lib")}

    def differs() -> None:
        assert kinds(repo) == {"vendor/lib": "modified"}
        entry = repo.work_tree().entry("vendor/lib")
        assert entry is not None
        assert entry == repo.work_tree().entry("vendor/lib")
        assert (entry.mode, len(entry.oid), entry.oid in seen) == (SUBMODULE, 40, False)
        seen.add(entry.oid)

    inner.write("code", "edited")
    differs()
    inner.write("code", "edited again")
    differs()
    inner.write("untracked")
    differs()
    (inner.top / "code").chmod(0o755)
    differs()
    (inner.top / "code").unlink()
    differs()
    inner.git("checkout", "-q", "-f")
    (inner.top / "untracked").unlink()
    assert kinds(repo) == {}
    inner.git("update-index", "--assume-unchanged", "code")
    inner.write("code", "hidden in there")
    differs()


def test_a_submodule_in_a_submodule(repo: Repo, tmp_path: Path) -> None:
    inner = _submodule(repo, tmp_path)
    leaf = Repo(tmp_path / "leaf")
    leaf.commit(leaf="1")
    inner.git("submodule", "add", "-q", str(leaf.top), "leaf")
    inner.git("config", "-f", ".gitmodules", "submodule.leaf.ignore", "all")
    inner.commit()
    repo.commit()
    assert kinds(repo) == {}
    Repo.at(inner.top / "leaf").write("leaf", "2")
    assert kinds(repo) == {"vendor/lib": "modified"}


def test_hostile_configuration_in_a_submodule_runs_nothing(repo: Repo, tmp_path: Path) -> None:
    inner = _submodule(repo, tmp_path)
    trap = tmp_path / "ran"
    inner.git("config", "core.fsmonitor", f"touch {trap}")
    assert kinds(repo) == {}
    assert not trap.exists()


def test_submodules_that_are_not_checked_out_or_gone(repo: Repo, tmp_path: Path) -> None:
    _submodule(repo, tmp_path)
    git(tmp_path, "clone", "-q", str(repo.top), "clone")
    clone = Repo.at(tmp_path / "clone")
    assert kinds(clone) == {}
    assert clone.work_tree().submodules == {}
    clone.write("vendor/lib/put-here", "1")
    assert kinds(clone) == {"vendor/lib": "modified"}
    once = clone.work_tree().entry("vendor/lib")
    clone.write("vendor/lib/put-here", "2")
    assert clone.work_tree().entry("vendor/lib") != once
    (clone.top / "vendor/lib/put-here").unlink()
    (clone.top / "vendor/lib").rmdir()
    clone.git("config", "submodule.vendor/lib.ignore", "all")
    assert kinds(clone) == {"vendor/lib": "deleted"}
    clone.write("vendor/lib", "now a file")
    assert kinds(clone) == {"vendor/lib": "modified"}
    _same_as_add(clone)


def test_a_folder_is_walked_in_order_however_deep_it_is(tmp_path: Path) -> None:
    depth, folders = 1_100, []  # more than Python's calls may be nested
    for name in ("top", "top/b", *("top/b" + "/d" * count for count in range(1, depth))):
        folders.append(tmp_path / name)
        folders[-1].mkdir()
    files = ["top/a", "top/b/c", "top/b" + "/d" * (depth - 1) + "/x", "top/b/e", "top/b.c"]
    for each in files:
        (tmp_path / each).touch()
    try:
        assert [path for path, _, _ in Disk(tmp_path).walk("top")] == files
    finally:  # removing a tree is recursive too
        for each in files:
            (tmp_path / each).unlink()
        for folder in reversed(folders):
            folder.rmdir()


def test_a_file_that_became_a_submodule(repo: Repo, tmp_path: Path) -> None:
    repo.commit(f="1")
    (repo.top / "f").unlink()
    nested = Repo(repo.top / "f")
    commit = nested.commit(x="1")
    entry = repo.work_tree().entry("f")
    assert entry is not None
    assert (entry.mode, entry.oid) == (SUBMODULE, commit)
    _same_as_add(repo)


def test_untracked_repositories_count_by_their_files(repo: Repo) -> None:
    repo.commit(a="1")
    nested = Repo(repo.top / "tools" / "nested")
    nested.write(".gitignore", "*.o\n")
    nested.write("x.o")
    nested.write("staged", "s")
    nested.git("add", "staged")
    nested.write("loose", "l", 0o755)
    assert kinds(repo) == {f"tools/nested/{name}": "added" for name in (".gitignore", "loose", "staged")}
    nested.commit()
    deeper = Repo(nested.top / "deeper")
    deeper.write("f", "1")
    tree = repo.work_tree()
    assert set(tree.edits) == {f"tools/nested/{name}" for name in (".gitignore", "loose", "staged", "deeper/f")}
    assert {each.path: tree.read(each) for each in tree.below("tools")} == {
        "tools/nested/.gitignore": b"*.o\n", "tools/nested/deeper/f": b"1",
        "tools/nested/loose": b"l", "tools/nested/staged": b"s",
    }  # fmt: skip
    assert [each.mode for each in tree.below("tools/nested")] == [FILE, FILE, EXECUTABLE, FILE]


def test_a_submodule_taken_out_of_the_index_counts_by_its_files(repo: Repo, tmp_path: Path) -> None:
    _submodule(repo, tmp_path)
    repo.git("rm", "-q", "--cached", "vendor/lib")
    found = kinds(repo)
    assert (found["vendor/lib"], found["vendor/lib/code"]) == ("deleted", "added")


def test_links_are_hashed_over_their_target(repo: Repo) -> None:
    repo.commit()
    (repo.top / "link").symlink_to(os.fsdecode(b"t\xffarget"))
    (repo.top / "dangling").symlink_to("/nowhere")
    (repo.top / "loop").symlink_to(".")
    tree = repo.work_tree()
    assert {each.mode for each in tree.below("")} == {SYMLINK}
    _same_as_add(repo)


def test_the_index_is_never_written(repo: Repo, tmp_path: Path) -> None:
    inner = _submodule(repo, tmp_path)
    for name in ("a", "b"):
        repo.write(name)
    repo.commit()
    for touched in (repo.top / "a", inner.top / "code"):
        os.utime(touched, ns=(1, 1))  # a plain git status would refresh the index now
    paths = [Path(each.git("rev-parse", "--absolute-git-dir")) / "index" for each in (repo, inner)]
    before = [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in paths]
    repo.write("b", "edited")
    assert kinds(repo) == {"b": "modified"}
    assert [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in paths] == before
    repo.git("status")
    assert paths[0].read_bytes() != before[0][0], "or this test shows nothing"


@pytest.mark.parametrize("path", ["x" * 300, f"d/{'x' * 300}", f"{'x' * 300}/f", f"{'x' * 300}/d/f"])
def test_what_cannot_be_looked_at(path: str, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for look in (Disk(tmp_path).look, Disk(tmp_path).open, lambda each: Disk(tmp_path).look_each([each])):
        with pytest.raises(GitError, match="x: File name too long"):
            look(path)


def test_looking_at_many_is_looking_at_each(repo: Repo) -> None:
    repo.commit(**{"f": "1", "d/f": "12", "d/e/f": "123", "d/g": "1234", "e/f": "12345", "z": "123456"})
    shutil.rmtree(repo.top / "e")
    (repo.top / "e").symlink_to("d")
    (repo.top / "l").symlink_to("nowhere")
    (repo.top / "d" / "g").unlink()
    disk = Disk(repo.top)
    paths = ["d/e/f", "d/f", "d/g", "d/new", "e/f", "f", "f/f", "l", "z", "d/f", "none/f", "d", "d/e"]
    found = disk.look_each(paths)
    assert [each and each.st_ino for each in found] == [each and each.st_ino for each in map(disk.look, paths)]
    assert [each and each.st_size for each in found[:9]] == [3, 2, None, None, None, 1, None, 7, 6]
    assert disk.look_each([]) == []


def test_sizes_of_what_has_become_something_else(repo: Repo) -> None:
    repo.commit(**{"f": "1", "d/f": "12", "d/g": "123"})
    (repo.top / "d" / "l").symlink_to("f")
    tree = repo.work_tree()
    listed = tree.below("")
    (repo.top / "d" / "f").unlink()
    assert list(tree.sizes(listed)) == [2, 3, 1, 1], "from the objects, in order"
    (repo.top / "d" / "f").symlink_to("g")
    with pytest.raises(ChangedWhileRead, match="d/f"):
        tree.sizes(listed)
    (repo.top / "d" / "f").unlink()
    (repo.top / "d" / "f").mkdir()
    with pytest.raises(ChangedWhileRead, match="d/f"):
        tree.sizes(listed)
    shutil.rmtree(repo.top / "d" / "f")
    (repo.top / "d" / "l").unlink()
    (repo.top / "d" / "l").write_text("x")
    with pytest.raises(ChangedWhileRead, match="d/l"):
        tree.sizes(listed)
