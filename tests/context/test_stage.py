from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings

from mbuild.context.source import ContextSource
from mbuild.context.stage import nanoseconds, stage
from mbuild.errors import ChangedWhileRead, EnvironmentFault, GitError
from mbuild.tree import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Entry
from tests.context.folders import BlobTree, FilteredTree, FolderTree, Node, blob_id, target, write_nodes
from tests.context.nodes import trees

EPOCH = 1_700_000_000
SECOND = 10**9

NODES: dict[bytes, Node] = {
    b"a/b": (FILE, b"one"),
    b"a/deep/er/run": (EXECUTABLE, b"#!/bin/sh\n"),
    b"link": (SYMLINK, b"a/nowhere"),
    b"\xff\n": (FILE, b""),
    b"big": (FILE, bytes(1_000_000)),
}

Found = dict[bytes, tuple[Any, ...]]


def listing(folder: Path) -> Found:
    found: Found = {}
    for above, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            place = Path(above, name)
            told = place.lstat()
            content: bytes | None = None
            if stat.S_ISLNK(told.st_mode):
                content = target(place)
            elif stat.S_ISREG(told.st_mode):
                content = place.read_bytes()
            found[os.fsencode(place.relative_to(folder))] = (told.st_mode, told.st_mtime_ns, content)
    return found


def expected(nodes: dict[bytes, Node], epoch: int = EPOCH) -> Found:
    found: Found = {}
    for path, (mode, data) in nodes.items():
        for at in range(len(path)):
            if path[at : at + 1] == b"/":
                found[path[:at]] = (stat.S_IFDIR | 0o755, epoch * SECOND, None)
        kinds = {FILE: stat.S_IFREG | 0o644, EXECUTABLE: stat.S_IFREG | 0o755, SYMLINK: stat.S_IFLNK | 0o777}
        found[path] = (kinds[mode], epoch * SECOND + nanoseconds(blob_id(data)), data)
    return found


def inodes(folder: Path) -> dict[str, tuple[int, int]]:
    places = [each for each in folder.rglob("*") if not each.is_dir() or each.is_symlink()]
    return {each.name: (each.lstat().st_ino, each.lstat().st_ctime_ns) for each in places}


def test_a_folder_holds_exactly_the_entries_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        stage(BlobTree(NODES).source(folders=("empty", "a")), tmp_path / "new" / "staged", epoch=EPOCH)
    finally:
        os.umask(before)
    wanted = expected(NODES) | {b"empty": (stat.S_IFDIR | 0o755, EPOCH * SECOND, None)}
    assert listing(tmp_path / "new" / "staged") == wanted
    assert stat.S_IMODE((tmp_path / "new" / "staged").stat().st_mode) == 0o755


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trees, trees)
def test_a_folder_brought_up_to_date_is_as_good_as_a_new_one(tmp_path: Path, one: Any, other: Any) -> None:
    one, other = ({path: node for path, node in each.items() if len(path) < 1000} for each in (one, other))
    folder = tmp_path / "staged"
    for nodes in (one, other, one | other if not _clash(one | other) else one):
        stage(BlobTree(nodes).source(), folder, epoch=EPOCH)
        assert listing(folder) == expected(nodes)
    shutil.rmtree(folder)


def _clash(nodes: dict[bytes, Node]) -> bool:
    return any(other.startswith(one + b"/") for one in nodes for other in nodes)


def test_what_is_there_already_is_not_touched(tmp_path: Path) -> None:
    stage(BlobTree(NODES).source(), tmp_path, epoch=EPOCH)
    before = inodes(tmp_path)
    stage(BlobTree(NODES).source(), tmp_path, epoch=EPOCH)
    assert inodes(tmp_path) == before
    changed = NODES | {b"a/b": (FILE, b"two")}
    stage(BlobTree(changed).source(), tmp_path, epoch=EPOCH)
    assert listing(tmp_path) == expected(changed)
    after = inodes(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {"b"}


def test_content_of_the_same_size_gets_another_mtime(tmp_path: Path) -> None:
    seen = set()
    for content in (b"one", b"two"):
        stage(BlobTree({b"f": (FILE, content)}).source(), tmp_path, epoch=EPOCH)
        seen.add((tmp_path / "f").stat().st_mtime_ns)
    assert len(seen) == 2
    assert {each // SECOND for each in seen} == {EPOCH}


def test_nanoseconds_are_the_first_bits_of_the_id() -> None:
    assert nanoseconds("00000004" + "0" * 32) == 1
    assert nanoseconds("00000003" + "f" * 32) == 0
    assert nanoseconds("f" * 40) == (2**30 - 1) % SECOND


def test_another_epoch_sets_times_and_copies_nothing(tmp_path: Path) -> None:
    stage(BlobTree(NODES).source(), tmp_path, epoch=EPOCH)
    before = (tmp_path / "big").stat().st_ino
    stage(BlobTree(NODES).source(), tmp_path, epoch=5)
    assert listing(tmp_path) == expected(NODES, 5)
    assert (tmp_path / "big").stat().st_ino == before


def _half_written(path: Path) -> None:
    told = path.stat()
    os.truncate(path, 1)
    os.utime(path, ns=(0, told.st_mtime_ns))


def _touched(path: Path) -> None:
    path.write_bytes(b"two")


def _other_mode(path: Path) -> None:
    path.chmod(0o600)


def _shared(path: Path) -> None:
    os.link(path, path.parents[2] / "outside")


@pytest.mark.parametrize("act", [_half_written, _touched, _other_mode, _shared])
def test_what_does_not_look_right_is_written_anew(tmp_path: Path, act: Any) -> None:
    folder = tmp_path / "staged"
    stage(BlobTree(NODES).source(), folder, epoch=EPOCH)
    before = (folder / "a/b").stat().st_ino
    act(folder / "a/b")
    stage(BlobTree(NODES).source(), folder, epoch=EPOCH)
    assert listing(folder) == expected(NODES)
    assert (folder / "a/b").stat().st_ino != before


def test_nothing_outside_of_the_folder_is_touched(tmp_path: Path) -> None:
    outside, staged = tmp_path / "outside", tmp_path / "staged"
    write_nodes(outside, {b"b": (FILE, b"mine"), b"keep/x": (FILE, b"mine")})
    staged.mkdir()
    (staged / "a").symlink_to(outside)
    (staged / "big").symlink_to(outside / "b")
    (staged / "extra").symlink_to(outside / "keep")
    before = listing(outside)
    stage(BlobTree(NODES).source(), staged, epoch=EPOCH)
    assert listing(outside) == before
    assert listing(staged) == expected(NODES)


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "mine").write_text("mine")
    (tmp_path / "staged").symlink_to("outside")
    with pytest.raises(EnvironmentFault, match="staged"):
        stage(BlobTree(NODES).source(), tmp_path / "staged", epoch=EPOCH)
    assert listing(tmp_path / "outside").keys() == {b"mine"}


@pytest.mark.parametrize("path", ["../x", "a/../../x", "a/./b", "a//b", "/x", "."])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, path: str) -> None:
    tree = BlobTree({})
    tree.nodes[path] = (FILE, b"x")
    source = ContextSource(tree, "", (Entry(path, FILE, blob_id(b"x")),))
    with pytest.raises(GitError, match="no path that a folder can hold"):
        stage(source, tmp_path / "staged", epoch=EPOCH)
    assert not listing(tmp_path)


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_a_changed_file_leaves_no_half_of_it_behind(tmp_path: Path, size: int) -> None:
    work, staged = tmp_path / "work", tmp_path / "staged"
    write_nodes(work, {b"a": (FILE, b"a"), b"f": (FILE, bytes(size))})
    source = FolderTree(work).source()
    (work / "f").write_bytes(bytes(size - 1) + b"x")
    for _ in range(2):
        with pytest.raises(ChangedWhileRead) as caught:
            stage(source, staged, epoch=EPOCH)
        assert caught.value.path == "f"
        assert listing(staged).keys() == {b"a"}
    stage(FolderTree(work).source(), staged, epoch=EPOCH)
    assert listing(staged) == expected({b"a": (FILE, b"a"), b"f": (FILE, bytes(size - 1) + b"x")})


def test_a_file_that_changes_while_it_is_replaced_leaves_the_old_one(tmp_path: Path) -> None:
    staged = tmp_path / "staged"
    stage(BlobTree({b"f": (FILE, b"old")}).source(), staged, epoch=EPOCH)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "f").write_bytes(b"new")

    def opened(entry: Entry, handle: BinaryIO) -> BinaryIO:
        (tmp_path / "work" / "f").write_bytes(b"NEW")
        return handle

    with pytest.raises(ChangedWhileRead):
        stage(FolderTree(tmp_path / "work", opened).source(), staged, epoch=EPOCH)
    assert listing(staged) == expected({b"f": (FILE, b"old")})


def test_content_that_filters_changed_is_never_trusted(tmp_path: Path) -> None:
    work, staged = tmp_path / "work", tmp_path / "staged"
    subprocess.run(["git", "init", "-q", os.fspath(work)], check=True)
    (work / ".gitattributes").write_text("*.txt text eol=crlf\n")
    tree = FilteredTree(work)
    # The same blob in two forms of the same size: git makes "\n\n" of both.
    for content in (b"\r\n\n", b"\n\r\n"):
        (work / "f.txt").write_bytes(content)
        source = ContextSource(tree, "", (Entry("f.txt", FILE, tree.git_id("f.txt")),))
        assert source.entries[0].oid == blob_id(b"\n\n")
        stage(source, staged, epoch=EPOCH)
        assert (staged / "f.txt").read_bytes() == content
        assert (staged / "f.txt").stat().st_mtime_ns == EPOCH * SECOND + nanoseconds(blob_id(content))


def test_a_submodule_is_never_left_out_silently(tmp_path: Path) -> None:
    source = ContextSource(BlobTree({}), "", (Entry("lib", SUBMODULE, "1" * 40),))
    with pytest.raises(GitError, match="submodule lib"):
        stage(source, tmp_path / "staged", epoch=EPOCH)


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match=r"file/staged: Not a directory"):
        stage(BlobTree(NODES).source(), tmp_path / "file" / "staged", epoch=EPOCH)
