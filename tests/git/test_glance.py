"""What a glance at the index leaves out is not there: git itself lists every tree and the index beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbuild.git import glance, repository
from mbuild.git.door import Git
from mbuild.git.glance import may_be_odd, may_be_scattered
from mbuild.git.index import oddities
from mbuild.git.repository import Repository
from mbuild.git.scan import scan
from mbuild.tree import decode, encode, is_scattered
from tests.git.repo import Repo, git
from tests.git.test_random_edits import Editor, Step, steps

# Sizes of files that look like the modes of a link, a submodule, a folder, and of two kinds of files.
DECOYS = (0xA000, 0xE000, 0x4000, 0x81A4, 0x81ED)


def _listed(repo: Repo, commit: str) -> set[str]:
    """Return the paths of a commit's links and attributes files as git lists them."""
    records = git(repo.top, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")
    found = {each.partition(b"\t")[2]: each[:6] for each in records}
    named = {path for path, mode in found.items() if path.split(b"/")[-1] == b".gitattributes" and mode[:3] == b"100"}
    return {decode(path) for path in {path for path, mode in found.items() if mode == b"120000"} | named}


def _glanced(opened: Repository, commit: str) -> set[str] | None:
    """Return what is scattered among what may be that: all of it; None where the index could not tell."""
    paths = may_be_scattered(opened.git, commit, opened.id_bytes)
    if paths is None:
        return None
    return {path for path, entry in opened.commit_tree(commit).find(paths).items() if is_scattered(entry)}


def _hidden(repo: Repo) -> bool:
    """Tell whether git lists hidden files or submodules."""
    records = git(repo.top, "ls-files", "-v", "--stage", "-z").split(b"\0")
    return any(each[:1].islower() or each[:1] == b"S" or each[2:8] == b"160000" for each in records)


def _links(repo: Repo, *names: str) -> None:
    for name in names:
        place = repo.top / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to("a")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, steps, st.sampled_from(["sha1", "sha256"]), st.sampled_from(["2", "4"]))
def test_links_and_hidden_files_are_those_that_git_lists(
    before: list[Step], after: list[Step], object_format: str, version: str
) -> None:
    with TemporaryDirectory() as folder:
        repo = Repo(Path(folder).resolve() / "repo", f"--object-format={object_format}")
        repo.git("config", "index.version", version)
        editor = Editor(repo)
        for step in [("write", 3, 0), *before]:
            editor.apply(step)
        first = repo.commit()
        for step in after:
            editor.apply(step)
        opened = repo.open()
        for commit in (first, repo.git("rev-parse", "HEAD")):
            found = _glanced(opened, commit)
            assert found == _listed(repo, commit) or (found is None and version == "4")
        odd = may_be_odd(opened.git, opened.id_bytes)
        assert odd >= _hidden(repo)
        # What is only intended to be added has more flags as well.
        assert odd == _hidden(repo) or version == "4" or any(kind == "intent" for kind, _, _ in before + after)
        opened.close()


def test_sizes_that_look_like_modes_are_none(repo: Repo) -> None:
    for number, size in enumerate(DECOYS * 3):
        repo.write(f"f{number}", b"\0" * size)
    repo.write("x" * 57)
    commit = repo.commit()
    opened = repo.open()
    assert may_be_scattered(opened.git, commit, 20) == []
    assert not may_be_odd(opened.git, 20)
    _links(repo, "f0.link", "z/link")
    repo.git("add", "z")
    assert _glanced(opened, repo.commit()) == {"f0.link", "z/link"}
    assert not may_be_odd(opened.git, 20)


@pytest.mark.parametrize("word", range(6))
@pytest.mark.parametrize("mode", [0x81A4, 0x81ED, 0xA000, 0xE000, 0x4000])
def test_what_stands_before_a_mode_may_look_like_one(repo: Repo, word: int, mode: int) -> None:
    """Times, the device and the inode: 33,188 is a number that an inode may have."""
    index = repo.top / ".git" / "index"
    repo.write("b")
    commit = repo.commit()
    for number in range(3):
        (repo.top / "a").unlink(missing_ok=True)
        (repo.top / "a").symlink_to(f"{number}")
        repo.git("update-index", "--add", "a")
        for hidden in ("a", "b"):
            repo.git("update-index", "--assume-unchanged", hidden)
            raw = bytearray(index.read_bytes()[:-20])
            for at in (12, 12 + 64):  # of both entries
                raw[at + 4 * word : at + 4 * word + 4] = mode.to_bytes(4, "big")
            index.write_bytes(raw + hashlib.sha1(raw).digest())
            assert _hidden(repo)
            assert may_be_odd(repo.open().git, 20)
            assert may_be_scattered(repo.open().git, commit, 20) == ["a"]
            repo.git("update-index", "--no-assume-unchanged", hidden)


@pytest.mark.parametrize("hide", ["--assume-unchanged", "--skip-worktree"])
@pytest.mark.parametrize("name", ["plain", "run", "link", "d/" + "n" * 200])
def test_each_kind_of_file_can_be_hidden(repo: Repo, hide: str, name: str) -> None:
    for each in ("other", "plain", "d/" + "n" * 200):
        repo.write(each)
    repo.write("run", mode=0o755)
    _links(repo, "link")
    commit = repo.commit()
    opened = repo.open()
    assert not may_be_odd(opened.git, 20)
    repo.git("update-index", hide, name)
    assert may_be_odd(opened.git, 20)
    assert [each.path for each in oddities(opened.git, 20)] == [name]
    assert _glanced(opened, commit) == {"link"}


def test_an_index_may_be_cut_anywhere(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "d/.gitattributes", "z"):
        repo.write(name)
    _links(repo, "link")
    repo.commit()
    opened = repo.open()
    for chunk in range(1, 500):
        monkeypatch.setattr(glance, "_CHUNK", chunk)
        assert not may_be_odd(opened.git, 20)
    repo.git("update-index", "--assume-unchanged", "b")
    for chunk in range(1, 500):
        monkeypatch.setattr(glance, "_CHUNK", chunk)
        assert may_be_odd(opened.git, 20)
        with glance._opened(opened.git, 20) as index:
            assert index.entries(glance._LINK) == [[b"link"]]
            assert index.named(opened.git, b".gitattributes") == {b"d/.gitattributes"}


def test_a_submodule_is_found(repo: Repo) -> None:
    repo.write("a")
    commit = repo.commit()
    opened = repo.open()
    assert not may_be_odd(opened.git, 20)
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
    assert may_be_odd(opened.git, 20)


def test_paths_of_any_length_are_read(repo: Repo) -> None:
    # 4,095 is as much as the length in the flags can say.
    lengths = (1, 100, 4094, 4095, 4096, 9000, 20000)
    names = [f"{number}" + "/d" * ((length - 2) // 2) + "/e" for number, length in enumerate(lengths)]
    oid = repo.git("hash-object", "-w", "--stdin", stdin=b"target")
    lines = b"".join(f"120000 {oid}\t{name}".encode() + b"\0" for name in names)
    git(repo.top, "update-index", "-z", "--index-info", stdin=lines)
    repo.git("commit", "-q", "-m", "long")
    assert _glanced(repo.open(), "HEAD") == set(names)
    line = f"120000 {oid}\t{'long/' * 20000}x".encode() + b"\0"
    git(repo.top, "update-index", "-z", "--index-info", stdin=line)
    assert _glanced(repo.open(), "HEAD") is None, "more than is looked at"


NAMED = [
    ".gitattributes", "d/.gitattributes", "d/x.gitattributes", "x.gitattributes", ".gitattributesx",
    "d/.gitattributes-", "d/.gitattribute", "d/.gitattributes/a", ".gitattributes.d/.gitattributes",
    "d/.gitattributes.gitattributes", "d/\n.gitattributes", "\udcff/.gitattributes", " /.gitattributes",
    # What stands before the end of a path may look like its length, as that of 48 bytes is a "0".
    "d/" + "0" * 46 + "/.gitattributes", "p" + "0" * 80 + "/.gitattributes", "@" * 90 + "/.gitattributes",
    "p/" * 130 + ".gitattributes",
]  # fmt: skip


@pytest.mark.parametrize("version", ["2", "3", "4"])
@pytest.mark.parametrize("kept", [NAMED, NAMED[:1], NAMED[2:6], [f"{'d' * n}/.gitattributes" for n in range(230, 255)]])
def test_attributes_files_are_found_by_their_name(repo: Repo, kept: list[str], version: str) -> None:
    oid = repo.git("hash-object", "-w", "--stdin", stdin=b"* text")
    repo.git("config", "index.version", "4" if version == "4" else "2")
    kept = [name for name in kept if not any(other.startswith(f"{name}/") for other in kept)]
    for name in kept:
        git(repo.top, "update-index", "-z", "--index-info", stdin=encode(f"100644 {oid}\t{name}\0"))
    repo.git("commit", "-q", "-m", "named")
    if version == "3":  # of more flags
        for name in kept:
            git(repo.top, "update-index", "--skip-worktree", encode(name))
    assert (repo.top / ".git/index").read_bytes()[7] == int(version)
    found = _glanced(repo.open(), "HEAD")
    assert found == _listed(repo, "HEAD") == {each.path for each in repo.open().commit_tree("HEAD").scattered()}
    assert bool(found) == any(name.endswith("/.gitattributes") or name == ".gitattributes" for name in kept)


@pytest.mark.parametrize("length", [2, 100, 255, 256, 257, 4094, 4095, 4096, 4097, 20000])
def test_the_folder_of_attributes_may_have_a_path_of_any_length(repo: Repo, length: int) -> None:
    name = f"{'d/' * 10000}"[: length - len("/.gitattributes")].rstrip("/") + "/.gitattributes"
    oid = repo.git("hash-object", "-w", "--stdin", stdin=b"* text")
    git(repo.top, "update-index", "-z", "--index-info", stdin=f"100644 {oid}\t{name}\0".encode())
    repo.git("commit", "-q", "-m", "long")
    assert _glanced(repo.open(), "HEAD") == {name.lstrip("/")}


def test_no_attributes_file_is_missed_for_its_length(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    oid = repo.git("hash-object", "-w", "--stdin", stdin=b"* text")
    opened = repo.open()
    monkeypatch.setattr(glance, "_LONGEST", 300)
    told = []
    for length in range(250, 320):
        path = b"d" * length + b"/.gitattributes"
        git(repo.top, "update-index", "-z", "--index-info", stdin=b"100644 %b\t%b\0" % (oid.encode(), path))
        with glance._opened(opened.git, 20) as index:
            try:
                told.append(index.named(opened.git, b".gitattributes"))
            except glance._Unknown:
                told.append(set())
            else:
                assert told[-1] == {path}
        git(repo.top, "update-index", "-z", "--index-info", stdin=b"0 %b\t%b\0" % (b"0" * 40, path))
    assert told[0]
    assert not told[-1], "more than is looked at"


def test_links_of_the_commit_that_the_index_has_not_are_found(repo: Repo) -> None:
    _links(repo, "a0", "gone", "file", "folder", "deep/kept", "deep/er/gone", "other")
    commit = repo.commit()
    (repo.top / "gone").unlink()
    (repo.top / "deep/er/gone").unlink()
    (repo.top / "file").unlink()
    (repo.top / "folder").unlink()
    repo.write("file")
    repo.write("folder/x")
    _links(repo, "new")
    later = repo.commit()
    opened = repo.open()
    assert _glanced(opened, commit) == _listed(repo, commit)
    assert _glanced(opened, later) == _listed(repo, later) == {"a0", "deep/kept", "new", "other"}
    repo.git("rm", "-rq", "--cached", ".")
    assert _glanced(opened, later) == _listed(repo, later)


def test_links_in_conflict_are_found(repo: Repo) -> None:
    _links(repo, "ours", "both")
    repo.commit()
    repo.git("checkout", "-q", "-b", "side")
    for name in ("ours", "both"):
        (repo.top / name).unlink()
    (repo.top / "both").symlink_to("side")
    repo.write("ours", "a file\n")
    side = repo.commit()
    repo.git("checkout", "-q", "main")
    for name in ("ours", "both"):
        (repo.top / name).unlink()
        (repo.top / name).symlink_to("main")
    main = repo.commit()
    with pytest.raises(AssertionError, match="merge"):
        repo.git("merge", "side")
    opened = repo.open()
    for commit in (main, side):
        assert _glanced(opened, commit) == _listed(repo, commit)


def _split(repo: Repo) -> None:
    repo.git("config", "splitIndex.maxPercentChange", "100")
    repo.git("update-index", "--split-index")
    repo.write("later")
    repo.git("add", "later")


def _sparse(repo: Repo) -> None:
    repo.git("sparse-checkout", "set", "--cone", "--sparse-index", "kept")
    # Git has taken the folder with the link for one entry.
    assert b"link" not in (repo.top / ".git" / "index").read_bytes()


def _rest_of_paths(repo: Repo) -> None:
    repo.git("update-index", "--index-version", "4")


def _newer(repo: Repo) -> None:
    place = repo.top / ".git" / "index"
    raw = place.read_bytes()
    place.write_bytes(raw[:7] + b"\x05" + raw[8:])


def _absent(repo: Repo) -> None:
    (repo.top / ".git" / "index").unlink()


@pytest.mark.parametrize("change", [_split, _sparse, _rest_of_paths, _newer, _absent])
def test_of_another_kind_of_index_nothing_is_said(repo: Repo, change: Callable[[Repo], None]) -> None:
    repo.write("kept/a")
    repo.write("other/a")
    _links(repo, "other/link")
    commit = repo.commit()
    opened = repo.open()
    assert _glanced(opened, commit) == {"other/link"}
    change(repo)
    assert may_be_scattered(opened.git, commit, 20) is None
    assert change is _rest_of_paths or may_be_odd(opened.git, 20)
    assert [each.path for each in opened.commit_tree(commit).scattered()] == ["other/link"]


def test_a_linked_work_tree_has_an_index_of_its_own(repo: Repo, tmp_path: Path) -> None:
    _links(repo, "link")
    repo.write("a")
    commit = repo.commit()
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = Repo.at(tmp_path / "linked")
    linked.git("rm", "-q", "--cached", "link")
    linked.git("update-index", "--assume-unchanged", "a")
    assert _glanced(linked.open(), commit) == _glanced(repo.open(), commit) == {"link"}
    assert may_be_odd(linked.open().git, 20)
    assert not may_be_odd(repo.open().git, 20)
    _split(linked)
    assert may_be_scattered(linked.open().git, commit, 20) is None
    assert _glanced(repo.open(), commit) == {"link"}


def test_an_index_that_is_replaced_meanwhile_says_nothing(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    _links(repo, "link")
    commit = repo.commit()
    opened = repo.open()

    def replaced(
        opened: Git, arguments: tuple[str, ...], find: Callable[[bytes], Iterable[bytes]], *, index: bool = True
    ) -> Iterator[bytes]:
        repo.git("update-index", "--force-write-index")
        return scan(opened, arguments, find, index=index)

    assert _glanced(opened, commit) == {"link"}
    monkeypatch.setattr(glance, "scan", replaced)
    assert may_be_scattered(opened.git, commit, 20) is None


def test_much_that_differs_is_left_to_git(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    _links(repo, *(f"l{number}" for number in range(5)))
    commit = repo.commit()
    opened = repo.open()
    monkeypatch.setattr(glance, "MOST_PATHS", 5)
    assert _glanced(opened, commit) == {f"l{number}" for number in range(5)}
    monkeypatch.setattr(glance, "MOST_PATHS", 4)
    assert may_be_scattered(opened.git, commit, 20) is None
    repo.git("rm", "-q", "--cached", "l0", "l1", "l2", "l3", "l4")
    assert may_be_scattered(opened.git, commit, 20) is None


def test_a_commit_that_git_does_not_have_is_left_to_git(repo: Repo) -> None:
    repo.write("a")
    repo.commit()
    assert may_be_scattered(repo.open().git, "f" * 40, 20) is None


def test_big_repositories_are_looked_at_like_this(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    _links(repo, "a", "d/b")
    repo.write("d/c")
    commit = repo.commit()
    small = repo.open().commit_tree(commit).scattered()
    monkeypatch.setattr(repository, "BIG", 1)
    asked: list[str] = []
    monkeypatch.setattr("mbuild.git.trees.CommitTree._listed", lambda self: asked.append(self.commit))
    assert repo.open().commit_tree(commit).scattered() == small
    assert [each.path for each in small] == ["a", "d/b"]
    assert not asked
