"""Trees of commits: folder by folder, listed whole, and their content."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mbuild import process
from mbuild.errors import GitError
from mbuild.git import door, folders, objects
from mbuild.git.messages import MissingObject
from mbuild.git.trees import CommitTree, EmptyTree
from mbuild.process import Process
from mbuild.tree import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Entry, Tree
from tests.git.repo import Repo, git

NAMES = [
    b"plain", b"with space", b"-dash", b"--output=F", b"a\nnewline", b'"quoted"', b"back\\slash", b":(glob)*", b"*",
    b"tab\there", b"\xff\xfe not utf-8", "é".encode(), "\U0001f600".encode(),
    b"cr\r", b"a.b", b"a/x", b"a/y/z", b"a0", b"A",
    b"trailing ", b"d\x01/x", b"\xee\x80\x80", b"[x]", b"#", b"~", b"...", b"..a", b"deep/" * 20 + b"x",
]  # fmt: skip


def _make(repo: Repo) -> str:
    for number, name in enumerate(NAMES):
        repo.write(name, f"{number}\n", 0o755 if number % 3 == 0 else 0o644)
    (repo.top / "link").symlink_to(os.fsdecode(b"pla\xffin"))
    return repo.commit()


def _check(tree: Tree, listed: list[Entry]) -> None:
    assert list(tree.below("")) == listed
    above = {each.path[:at] for each in listed for at, letter in enumerate(each.path) if letter == "/"}
    for folder in above:
        inside = [each for each in listed if each.path.startswith(folder + "/")]
        assert list(tree.below(folder)) == inside, folder
        near = [each for each in inside if "/" not in each.path.removeprefix(folder + "/")]
        assert list(tree.below(folder, 1)) == near, folder
    for levels in (1, 2, 3, 100):
        assert list(tree.below("", levels)) == [each for each in listed if each.path.count("/") < levels]
        assert tree.entry(folder) is None
    for each in listed:
        assert tree.entry(each.path) == each
        assert tree.below(each.path) == ()
    for absent in ("", "nothing", "a/none", "plain/x", "zzz", "a/", "!"):
        assert tree.entry(absent) is None
    assert tree.below("nothing") == ()


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_trees_agree_with_ls_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, object_format: str
) -> None:
    repo = Repo(tmp_path / "repo", f"--object-format={object_format}")
    commit = _make(repo)
    opened = repo.open()
    assert opened.object_format == object_format
    listed = repo.listed(commit)
    assert len(listed) == len(NAMES) + 1
    monkeypatch.setattr(folders, "MOST_FOLDERS", limit)
    monkeypatch.setattr(folders, "MOST_NAMES", limit)
    _check(opened.commit_tree(commit), listed)
    tree = opened.commit_tree(commit)
    for folder in ("", "a", "deep", "nothing"):
        inside = tree.below(folder)
        paths = [each.path.removeprefix(f"{folder}/" if folder else "") for each in inside]
        assert sorted(tree.sized(folder)) == list(zip(paths, tree.sizes(inside), strict=True))
    few = opened.commit_tree(commit)
    assert few.entry("a/y/z") is not None
    assert few.below("deep")[0].path == "deep/" * 20 + "x"


def test_what_is_expected_is_read_together_and_only_that(repo: Repo) -> None:
    opened = repo.open()
    tree = opened.commit_tree(_make(repo))
    asked: list[str] = []
    real = opened.objects.read_many

    def read_many(oids: Sequence[str], path: str = "") -> list[bytes]:
        asked.extend(oids)
        return real(oids, path)

    opened.objects.read_many = read_many  # type: ignore[method-assign]
    tree.expect_below(["a", "deep", "nothing", "plain"])
    assert len(asked) == 1 + 2 + 20, "the root, two below a, and twenty below deep"
    assert len(tree.below("a")) == 2
    assert len(tree.below("deep")) == 1
    assert len(asked) == 23
    assert len(tree.below("d\x01")) == 1
    assert len(asked) == 24


def test_a_damaged_tree_is_an_error(repo: Repo) -> None:
    blob = bytes.fromhex(repo.git("hash-object", "-w", "--stdin", stdin=b"x"))
    raw = b"100644 a\0" + blob + b"100644 b\0" + blob[:10]
    tree_id = repo.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=raw)
    made = repo.git("commit-tree", "-m", "x", tree_id)
    with pytest.raises(GitError, match="damaged"):
        repo.open().commit_tree(made).below("")


def test_content_and_sizes(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "WHOLE", 100_000)
    big = os.urandom(1_000_000)
    repo.write("big", big)
    repo.write("empty", "")
    repo.write("newlines", "\n\n")
    (repo.top / "link").symlink_to("big")
    tree = repo.open().commit_tree(repo.commit())
    found = tree.below("")
    sized = {each.path: replace(each, size=size) for each, size in zip(found, tree.sizes(found), strict=True)}
    assert {path: each.size for path, each in sized.items()} == {"big": 1_000_000, "empty": 0, "newlines": 2, "link": 3}
    contents = {"big": big, "empty": b"", "newlines": b"\n\n", "link": b"big"}
    for path, content in contents.items():
        unsized = tree.entry(path)
        assert unsized is not None
        assert tree.read(unsized) == content
        for each in (unsized, sized[path]):
            with tree.open(each) as stream:
                assert stream.read() == content
    with tree.open(sized["big"]) as stream:
        assert stream.read(10) == big[:10], "a reader may stop early"
    assert list(tree.sizes([])) == []
    assert tree.sizes(tree.below(""))[0] == 1_000_000, "and so may one of sizes"


def test_content_from_several_threads(repo: Repo) -> None:
    for number in range(50):
        repo.write(f"f{number}", f"{number}" * 1000)
    tree = repo.open().commit_tree(repo.commit())
    wrong: list[str] = []

    def read() -> None:
        wrong.extend(e.path for e in tree.below("") if tree.read(e) != (e.path[1:] * 1000).encode())

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_more_objects_than_fit_into_a_pipe(repo: Repo) -> None:
    for number in range(2500):
        repo.write(f"d{number}/f", f"{number}" * 100)
    commit = repo.commit()
    repo.open().objects.read_many([each.oid for each in repo.listed(commit)])
    tree = repo.open().commit_tree(commit)
    assert len(tree.below("")) == 2500
    assert len(repo.open().objects.read_many([each.oid for each in tree.below("")])) == 2500


OLD_GIT = r"""#!/bin/sh
for each; do
  case $each in --batch-command) echo "error: unknown option \`batch-command'" >&2; exit 129;; esac
done
exec {git} "$@"
"""


@pytest.fixture
def old_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = shutil.which("git")
    assert git
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(OLD_GIT.format(git=git))
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def loud_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that warns of more than a pipe holds, before it does what it is asked."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"""#!/bin/sh\nhead -c 1000000 /dev/zero >&2\nexec {shutil.which("git")} "$@"\n""")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.timeout(120)
def test_a_git_that_warns_of_much_is_not_waited_for(repo: Repo, loud_git: None) -> None:
    commit = _make(repo)
    found = repo.open()
    tree = found.commit_tree(commit)
    entries = tree.below("")
    assert [each.path for each in tree.scattered()] == ["link"]
    assert [tree.read(each) for each in entries if each.path == "plain"] == [b"0\n"]
    assert found.objects.sizes([each.oid for each in entries]) == [len(tree.read(each)) for each in entries]
    with pytest.raises(GitError):
        found.commit_tree("1" * 40).scattered()


def _ask_through_small_pipes(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask with pipes as Linux makes them where a user's processes have very many: both sides must not wait."""
    sizes: list[int] = []

    def small(*args: Any, **options: Any) -> Process:
        child = process.start(*args, **options)
        pipes = [child.stdout, child.stdin] if options["stdin"] else [child.stdout]
        sizes.extend([fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096) for pipe in pipes])
        return child

    monkeypatch.setattr("mbuild.git.door.start", small)
    for number in range(1200):
        repo.write(f"d/{number}", f"{number}" * 30)
    commit = repo.commit()
    objects = repo.open().objects
    entries = repo.listed(commit)
    contents = objects.read_many([each.oid for each in entries])
    assert contents == [each.path.removeprefix("d/").encode() * 30 for each in entries]
    assert objects.sizes([each.oid for each in entries]) == [len(each) for each in contents]
    assert set(sizes) == {4096}


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe can be set on Linux only")
@pytest.mark.timeout(120)
def test_small_pipes(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    _ask_through_small_pipes(repo, monkeypatch)


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe can be set on Linux only")
@pytest.mark.timeout(120)
def test_small_pipes_to_an_old_git(repo: Repo, old_git: None, monkeypatch: pytest.MonkeyPatch) -> None:
    _ask_through_small_pipes(repo, monkeypatch)


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe can be set on Linux only")
def test_pipes_of_a_size_that_nobody_says(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(fcntl, "F_GETPIPE_SZ", raising=False)
    _ask_through_small_pipes(repo, monkeypatch)


def test_a_git_that_does_not_answer_together(repo: Repo, old_git: None) -> None:
    commit = repo.commit(a="1", b="2")
    found = repo.open()
    assert [found.objects.read(each.oid) for each in repo.listed(commit)] == [b"1", b"2"]
    with pytest.raises(MissingObject):
        found.objects.read("1" * 40)
    assert [found.objects.read(each.oid) for each in repo.listed(commit)] == [b"1", b"2"]


def test_replaced_objects_keep_their_own_meaning(repo: Repo) -> None:
    first = repo.commit(a="old\n")
    old = repo.git("rev-parse", "HEAD:a")
    new = repo.git("hash-object", "-w", "--stdin", stdin=b"new\n")
    repo.git("replace", old, new)
    tree = repo.open().commit_tree(first)
    entry = tree.entry("a")
    assert entry is not None
    assert (entry.oid, tree.read(entry)) == (old, b"old\n")


def test_modes_and_submodules(repo: Repo, tmp_path: Path) -> None:
    commit = "1" * 40
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"x")
    blobs = {"100644": "f", "100664": "g", "100755": "x", "120000": "l"}
    lines = "".join(f"{mode} blob {blob}\t{name}\n" for mode, name in blobs.items()) + f"160000 commit {commit}\ts\n"
    tree_id = repo.git("mktree", "--missing", stdin=lines.encode())
    made = repo.git("commit-tree", "-m", "x", tree_id)
    tree = repo.open().commit_tree(made)
    modes = {"f": FILE, "g": FILE, "x": EXECUTABLE, "l": SYMLINK, "s": SUBMODULE}
    assert {each.path: each.mode for each in tree.below("")} == modes
    for path, mode in modes.items():
        entry = repo.open().commit_tree(made).entry(path)
        assert entry is not None
        assert entry.mode == mode
    submodule = tree.entry("s")
    assert submodule is not None
    assert list(tree.sizes([submodule])) == [-1]
    assert ("s", -1) in tree.sized("")
    with pytest.raises(GitError, match="submodule"):
        tree.read(submodule)


def test_modes_that_git_does_not_write_are_what_git_takes_them_for(repo: Repo) -> None:
    repo.write("inside/a")
    repo.commit()
    oid = bytes.fromhex(repo.git("rev-parse", "HEAD:inside"))
    firsts, rests = ("", "0", "00", "1000000"), ("0000", "0644", "0755", "0100", "0011", "7777")
    modes = [f"{first}{kind:o}{rest}" for first in firsts for kind in range(16) for rest in rests]
    raw = b"".join(f"{mode} m{mode}".encode() + b"\0" + oid for mode in sorted(modes, key=lambda each: f"m{each}"))
    tree_id = repo.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=raw)
    made = repo.git("commit-tree", "-m", "x", tree_id)
    told = {path: mode for mode, _, _, path in map(str.split, repo.git("ls-tree", "-r", made).splitlines())}
    assert len(told) == len(modes)
    assert {*told.values()} == {"100644", "100755", "120000", "160000"}

    tree = repo.open().commit_tree(made)
    assert {each.path: f"{each.mode:o}" for each in tree.below("")} == told
    for path, mode in told.items():
        entry = tree.entry(path)
        assert entry is not None
        assert f"{entry.mode:o}" == mode
    for mode in modes:
        folder = f"m{mode}/a" in told
        assert tree.folder(f"m{mode}") == folder
        assert (tree.tree_id(f"m{mode}") is not None) == folder
    assert {each.path for each in tree.scattered()} == {path for path, mode in told.items() if mode == "120000"}


@pytest.mark.parametrize("limit", [1, 100])
def test_a_tree_that_climbs_out_is_refused(repo: Repo, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(folders, "MOST_FOLDERS", limit)
    blob = bytes.fromhex(repo.git("hash-object", "-w", "--stdin", stdin=b"x"))
    inner = repo.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=b"120000 etc\0" + blob)
    outer = b"40000 ..\0" + bytes.fromhex(inner)
    tree_id = repo.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=outer)
    made = repo.git("commit-tree", "-m", "x", tree_id)
    with pytest.raises(GitError, match=r"'\.\.'"):
        repo.open().commit_tree(made).entry("../etc")
    with pytest.raises(GitError, match=r"'\.\.'"):
        repo.open().commit_tree(made).below("")
    with pytest.raises(GitError, match=r"'\.\.'"):
        repo.open().commit_tree(made).scattered()


@pytest.mark.parametrize(
    ("name", "message"), [("a/b", "a name with a '/'"), (".", r"a path with '\.'"), ("a/", "a name with a '/'")]
)
def test_names_by_which_a_tree_misleads_are_refused(repo: Repo, name: str, message: str) -> None:
    # Git checks out a/b as a file in a folder, where a look into the tree finds no such folder.
    blob = bytes.fromhex(repo.git("hash-object", "-w", "--stdin", stdin=b"x"))
    raw = f"100644 {name}\0".encode() + blob + b"100644 z\0" + blob
    tree_id = repo.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=raw)
    made = repo.git("commit-tree", "-m", "x", tree_id)
    for ask in ("below", "folder", "entry", "tree_id"):
        with pytest.raises(GitError, match=message):
            getattr(repo.open().commit_tree(made), ask)("a")


@pytest.mark.parametrize("second", ["100644", "100755", "40000"])
def test_a_tree_that_holds_a_name_twice_is_refused(repo: Repo, second: str) -> None:
    repo.write("a/b")
    repo.commit()
    blob, folder = (bytes.fromhex(repo.git("rev-parse", f"HEAD:{path}")) for path in ("a/b", "a"))
    raw = b"100644 x\0" + blob + f"{second} x\0".encode() + (folder if second == "40000" else blob)
    tree_id = repo.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=raw)
    made = repo.git("commit-tree", "-m", "x", tree_id)
    for ask in ("below", "folder", "entry", "tree_id"):
        with pytest.raises(GitError, match="a name twice"):
            getattr(repo.open().commit_tree(made), ask)("x")


def _partial(repo: Repo, tmp_path: Path, kind: str) -> Repo:
    repo.git("config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--no-checkout", f"--filter={kind}", repo.top.as_uri(), "partial")
    return Repo.at(tmp_path / "partial")


def test_a_partial_clone_is_not_filled_up_behind_the_users_back(repo: Repo, tmp_path: Path) -> None:
    repo.write("big", "b" * 5000)
    commit = repo.commit(a="1", b="2")
    clone = _partial(repo, tmp_path, "blob:none")
    tree = clone.open().commit_tree(commit)
    entry = tree.entry("big")
    assert entry is not None
    before = clone.git("count-objects", "-v")
    for ask in (tree.read, tree.open, lambda each: list(tree.sizes([each]))):
        with pytest.raises(GitError, match=f"object {entry.oid}.* is not in this clone") as caught:
            ask(entry)
    assert clone.git("count-objects", "-v") == before
    clone.git(*caught.value.problems[0].hints[0].split()[1:])
    assert tree.read(entry) == b"b" * 5000, "the hint mends it"


@pytest.mark.parametrize("setting", ["", "GIT_NO_LAZY_FETCH", "GIT_ALLOW_PROTOCOL"])
def test_a_clone_without_trees_is_a_clear_error(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    if setting:  # either of the two that forbid fetching is enough: older git knows only one of them
        monkeypatch.delitem(door._SET, setting)
    repo.write("d/f")
    commit = repo.commit()
    clone = _partial(repo, tmp_path, "tree:0")
    for ask in ("entry", "below"):
        with pytest.raises(GitError, match="is not in this clone"):
            getattr(CommitTree(clone.open(), commit), ask)("d")
    with pytest.raises(GitError, match="is not in this clone"):
        CommitTree(clone.open(), commit).below("")
    with pytest.raises(GitError, match=r"the folders of commit .* are not in this clone") as caught:
        clone.open().commit_tree(commit)
    clone.git(*caught.value.problems[0].hints[0].split()[1:])
    assert [each.path for each in clone.open().commit_tree(commit).below("")] == ["d/f"], "the hint mends it"


def test_a_missing_object_does_not_spoil_the_next_answer(repo: Repo) -> None:
    tree = repo.open().commit_tree(repo.commit(a="1", b="2"))
    entries = {each.path: each for each in tree.below("")}
    with pytest.raises(GitError, match="is not in this clone"):
        tree.read(Entry("gone", FILE, "2" * 40))
    assert tree.read(entries["b"]) == b"2"


def test_the_empty_tree() -> None:
    tree: Tree = EmptyTree()
    assert (tree.entry("a"), tree.below(""), list(tree.sizes([]))) == (None, (), [])
    for ask in (tree.read, tree.open):
        with pytest.raises(GitError):
            ask(Entry("a", FILE, "1" * 40))


def test_commit_trees_follow_the_protocol(repo: Repo) -> None:
    tree: Tree = CommitTree(repo.open(), repo.commit(a="1"))
    assert tree.entry("a") is not None


@pytest.mark.parametrize("names", [[b"0"], [b"120000 0"], [b"0", b"zz"], [b"m"], []])
def test_links_are_found_wherever_they_stand(names: list[bytes], repo: Repo) -> None:
    repo.write(b"n/120000 blob", "x")
    repo.write(b"120000 x", "x")
    for name in names:
        (repo.top / os.fsdecode(name)).symlink_to("n")
    found = CommitTree(repo.open(), repo.commit()).scattered()
    assert [each.path for each in found] == sorted(map(os.fsdecode, names))
    assert {each.mode for each in found} <= {SYMLINK}


def test_links_of_a_tree_that_is_not_all_there(repo: Repo) -> None:
    repo.write("a/b/c", "1")
    commit = repo.commit()
    lost = repo.git("rev-parse", "HEAD:a/b")
    (repo.top / ".git/objects" / lost[:2] / lost[2:]).unlink()
    with pytest.raises(GitError, match=lost):
        CommitTree(repo.open(), commit).scattered()
