"""The tree that an index says it makes is the one that git makes of it, or none is said."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbuild.git import cachetree
from tests.git.repo import Repo, git
from tests.git.test_random_edits import Editor, Step, steps


def _told(index: Path, id_bytes: int = 20) -> str | None:
    with io.FileIO(index) as file:
        return cachetree.tree_of(file, id_bytes)


def _index(repo: Repo) -> Path:
    return repo.top / ".git" / "index"


def _made(repo: Repo) -> str:
    """Return the tree that git makes of the same files in an index that has no extension yet."""
    other = {"GIT_INDEX_FILE": str(repo.top / ".git" / "index.other")}
    (repo.top / ".git" / "index.other").unlink(missing_ok=True)
    git(repo.top, "update-index", "-z", "--index-info", stdin=git(repo.top, "ls-files", "-s", "-z"), env=other)
    return git(repo.top, "write-tree", env=other).decode().strip()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, steps, st.sampled_from(["sha1", "sha256"]), st.sampled_from(["2", "4"]), st.booleans())
def test_git_makes_the_same_tree(
    before: list[Step], after: list[Step], object_format: str, version: str, untracked: bool
) -> None:
    with TemporaryDirectory() as folder:
        repo = Repo(Path(folder).resolve() / "repo", f"--object-format={object_format}")
        repo.git("config", "index.version", version)
        repo.git("config", "core.untrackedCache", str(untracked).lower())
        editor = Editor(repo)
        for step in [("write", 3, 0), *before]:
            editor.apply(step)
        repo.commit()
        repo.git("status")
        id_bytes = 20 if object_format == "sha1" else 32
        told = _told(_index(repo), id_bytes)
        assert told is not None or any(kind == "intent" for kind, _, _ in before)
        assert told in (None, _made(repo))
        for step in after:
            editor.apply(step)
        told = _told(_index(repo), id_bytes)
        if told is not None:
            assert told == _made(repo)


def test_what_was_added_since_is_in_no_tree(repo: Repo) -> None:
    repo.write("a/b")
    repo.write("c")
    repo.commit()
    assert _told(_index(repo)) == repo.git("rev-parse", "HEAD^{tree}")
    for change in (("add", "new"), ("rm", "-q", "--cached", "c"), ("add", "-N", "later")):
        repo.write("new", b"1")
        repo.write("later", b"1")
        repo.git("reset", "-q", "--hard")
        repo.write("new", b"1")
        repo.write("later", b"1")
        assert _told(_index(repo)) is not None
        repo.git(*change)
        assert _told(_index(repo)) is None


NAMES = ["TREE", "xTREE", "d/TREE", "TREE/TREE", "TREE0 0", "zTREE" * 20]


@pytest.mark.parametrize("length", range(8))
def test_a_file_may_be_called_like_the_extension(repo: Repo, length: int) -> None:
    for name in NAMES[:3] if length % 2 else NAMES[3:]:
        repo.write("z" * length + name)
    repo.commit()
    assert _told(_index(repo)) == repo.git("rev-parse", "HEAD^{tree}")
    repo.write("z")
    repo.git("add", "z")
    assert _told(_index(repo)) is None


def test_other_extensions_may_stand_behind(repo: Repo) -> None:
    repo.write("a/b")
    repo.commit()
    repo.write("TREE/untracked")
    repo.git("config", "index.threads", "2")  # has the end of the files noted
    repo.git("update-index", "--force-untracked-cache")
    repo.git("status")
    raw = _index(repo).read_bytes()
    assert b"EOIE" in raw
    assert raw.find(b"TREE") < raw.find(b"UNTR") < raw.rfind(b"TREE")
    assert _told(_index(repo)) == repo.git("rev-parse", "HEAD^{tree}")


def test_of_what_is_cut_nothing_is_said(repo: Repo, tmp_path: Path) -> None:
    repo.write("a/b")
    repo.write("TREE")
    repo.commit()
    raw, cut = _index(repo).read_bytes(), tmp_path / "index"
    for length in range(len(raw)):
        cut.write_bytes(raw[:length])
        assert _told(cut) is None
    cut.write_bytes(raw[:11] + b"\x03" + raw[12:])  # more files than are in the tree
    assert _told(cut) is None


@pytest.mark.parametrize(
    ("name", "told"), [(b"sdir", "ab" * 20), (b"REUC", "ab" * 20), (b"\0DIR", None), (b"T1EE", None)]
)
def test_nothing_but_extensions_stands_behind_it(tmp_path: Path, name: bytes, told: str | None) -> None:
    tree, index = b"\x001 0\n" + b"\xab" * 20, tmp_path / "index"
    extensions = b"TREE" + len(tree).to_bytes(4, "big") + tree + name + bytes(4)
    index.write_bytes(b"DIRC" + (2).to_bytes(4, "big") + (1).to_bytes(4, "big") + extensions + bytes(20))
    assert _told(index) == told


def test_the_extension_may_lie_anywhere(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        repo.write(f"{number}/a")
    repo.commit()
    tree = repo.git("rev-parse", "HEAD^{tree}")
    for chunk in range(1, 200):
        monkeypatch.setattr(cachetree, "_CHUNK", chunk)
        assert _told(_index(repo)) == tree
    monkeypatch.setattr(cachetree, "_MOST", 200)
    assert _told(_index(repo)) is None, "so far it is not searched"
