from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import itertools
import os
import signal
import stat
import subprocess
import tarfile
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings

from mbuild.context.ahead import BUFFER
from mbuild.context.headers import Headers
from mbuild.context.source import ContextSource
from mbuild.context.tar import TarSummary, write_tar, write_tar_to_fd
from mbuild.errors import ChangedWhileRead, EnvironmentFault, GitError
from mbuild.git.repository import open_repository
from mbuild.tree import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Entry, decode
from tests.conftest import EngineUnderTest
from tests.context.folders import BlobTree, FilteredTree, FolderTree, Node, blob_id, target, write_nodes
from tests.context.nodes import trees

COPY_ALL = b"FROM scratch\nCOPY . /\n"
EPOCH = 1_700_000_000
END = bytes(1024)

Member = tuple[Any, ...]


def tar_of(source: ContextSource, **more: Any) -> bytes:
    written = io.BytesIO()
    write_tar(source, written.write, epoch=EPOCH, **more)
    return written.getvalue()


def expected(nodes: dict[bytes, Node]) -> dict[bytes, Member]:
    """Return what an unpacked archive must hold: by path (type, mode, mtime, target or digest)."""
    found: dict[bytes, Member] = {}
    for path, (mode, data) in nodes.items():
        for at in range(len(path)):
            if path[at : at + 1] == b"/":
                found[path[:at]] = ("folder", 0o755, EPOCH, b"")
        if mode == SYMLINK:
            found[path] = ("link", 0o777, EPOCH, data)
        else:
            found[path] = ("file", 0o755 if mode == EXECUTABLE else 0o644, EPOCH, hashlib.sha256(data).digest())
    return found


def by_tarfile(archive: bytes) -> list[tuple[bytes, Member]]:
    found: list[tuple[bytes, Member]] = []
    with tarfile.open(fileobj=io.BytesIO(archive), encoding="utf-8", errors="surrogateescape") as tar:
        for member in tar:
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
            body = tar.extractfile(member) if member.isreg() else None
            kind = "folder" if member.isdir() else "link" if member.issym() else "file"
            content = (
                hashlib.sha256(body.read()).digest() if body else member.linkname.encode("utf-8", "surrogateescape")
            )
            name = member.name.encode("utf-8", "surrogateescape")
            found.append((name, (kind, member.mode, member.mtime, content)))
    return found


def by_gnu_tar(archive: bytes) -> dict[bytes, Member]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["tar", "-xpf", "-", "-C", folder, "--no-overwrite-dir"], input=archive, check=True)
        return on_disk(folder)


def on_disk(folder: str | Path) -> dict[bytes, Member]:
    found: dict[bytes, Member] = {}
    for above, folders, files in os.walk(folder):
        for name in folders + files:
            place = Path(above, name)
            told = place.lstat()
            path = os.fsencode(place.relative_to(folder))
            if stat.S_ISLNK(told.st_mode):
                found[path] = ("link", 0o777, int(told.st_mtime), target(place))
            elif stat.S_ISDIR(told.st_mode):
                found[path] = ("folder", told.st_mode & 0o7777, int(told.st_mtime), b"")
            else:
                digest = hashlib.sha256(place.read_bytes()).digest()
                found[path] = ("file", told.st_mode & 0o7777, int(told.st_mtime), digest)
    return found


def check_archive(nodes: dict[bytes, Node]) -> None:
    archive = tar_of(BlobTree(nodes).source())
    listed = [each for each in by_tarfile(archive) if each[0] != b"."]
    assert dict(listed) == expected(nodes)
    assert len(listed) == len(expected(nodes))
    assert by_gnu_tar(archive) == expected(nodes)
    order = [name + b"/" if member[0] == "folder" else name for name, member in listed]
    assert order == sorted(order)
    assert archive.endswith(END)
    assert len(archive) % 512 == 0
    assert archive[156:157] in (b"0", b"2", b"5"), (
        "engines take an archive that starts with a long name for a Dockerfile"
    )


@settings(max_examples=60, deadline=None)
@given(trees)
def test_both_unpackers_find_exactly_the_entries(nodes: dict[bytes, Node]) -> None:
    check_archive(nodes)


@pytest.mark.parametrize("length", [98, 99, 100, 101, 102, 255, 300, 1000])
def test_names_of_every_length_arrive(length: int) -> None:
    deep = b"/".join([b"d" * 49] * (length // 50 + 1))[: length - 1].rstrip(b"/")
    name = deep + b"f" * (length - len(deep))
    check_archive({name: (FILE, b"content")})
    check_archive({name: (SYMLINK, b"t" * min(length, 1000))})
    check_archive({deep + b"x/" + b"f" * (length - len(deep)): (EXECUTABLE, b"")})


SIZES = [0, 1, 511, 512, 513, *(BUFFER + each for each in (-1537, -1536, -1025, -1024, -1023, -512, -1, 0, 1, 512))]


def test_content_around_the_borders_of_blocks_and_buffers_arrives() -> None:
    pairs = itertools.product(SIZES, (0, 700))
    sizes = enumerate(itertools.chain.from_iterable(pairs))
    check_archive({b"%03d" % number: (FILE, os.urandom(size)) for number, size in sizes})
    for size in SIZES:
        check_archive({b"alone": (FILE, os.urandom(size))})


def test_a_size_over_eight_gibibytes_is_written_in_base_256() -> None:
    for size in (8**11 - 1, 8**11, 123_456_789_012_345):
        header = Headers(EPOCH).file(b"big", size, 0o644)
        assert tarfile.TarInfo.frombuf(header, "utf-8", "strict").size == size
        told = subprocess.run(["tar", "-tvf", "-", "--ignore-zeros"], input=header, capture_output=True).stdout
        assert str(size).encode() in told


def test_an_epoch_that_the_field_cannot_hold_is_cut() -> None:
    for epoch, mtime in ((-5, 0), (0, 0), (8**11 + 5, 8**11 - 1)):
        header = Headers(epoch).file(b"x", 0, 0o644)
        assert tarfile.TarInfo.frombuf(header, "utf-8", "strict").mtime == mtime


def test_added_files_come_last_and_are_not_counted() -> None:
    source = BlobTree({b"a/b": (FILE, b"one"), b"c": (SYMLINK, b"a/b")}).source()
    written = io.BytesIO()
    summary = write_tar(source, written.write, epoch=EPOCH, extra=[("z.Dockerfile", b"FROM scratch\n"), ("y", b"")])
    assert [name for name, _ in by_tarfile(written.getvalue())] == [b"a", b"a/b", b"c", b"z.Dockerfile", b"y"]
    assert summary == TarSummary(2, 6, source.digest)


def test_one_file_can_come_after_all_others() -> None:
    source = BlobTree({b"a/Dockerfile": (FILE, b"one"), b"a/c": (FILE, b"two"), b"d": (FILE, b"")}).source()
    written = io.BytesIO()
    summary = write_tar(source, written.write, epoch=EPOCH, last="a/Dockerfile")
    assert [name for name, _ in by_tarfile(written.getvalue())] == [b"a", b"a/c", b"d", b"a/Dockerfile"]
    assert summary == TarSummary(3, 6, source.digest)


@pytest.mark.engine
@pytest.mark.parametrize("inside", [True, False])
def test_an_archive_that_just_stops_builds_nothing(inside: bool, engine: EngineUnderTest) -> None:
    files = {b"a": (FILE, b"one"), b"b": (FILE, b"two")} | ({b"Dockerfile": (FILE, COPY_ALL)} if inside else {})
    written = io.BytesIO()
    extra = [] if inside else [("Dockerfile", COPY_ALL)]
    write_tar(BlobTree(files).source(), written.write, epoch=EPOCH, extra=extra, last="Dockerfile")
    whole = written.getvalue()
    for end in range(512, len(whole) - 1024 - 1024 + 1, 512):
        with pytest.raises(subprocess.CalledProcessError):
            engine.run("buildx", "build", "--quiet", "-", stdin=whole[:end])
    assert engine.run("buildx", "build", "--quiet", "-", stdin=whole).startswith(b"sha256:")


def test_an_added_file_never_takes_the_place_of_an_entry() -> None:
    with pytest.raises(ValueError, match="in the context and added"):
        tar_of(BlobTree({b"Dockerfile": (FILE, b"one")}).source(), extra=[("Dockerfile", b"other")])


def test_empty_folders_are_sent_and_an_empty_context_is_an_archive() -> None:
    archive = tar_of(BlobTree({b"r/a/b": (FILE, b"")}).source("r", ("empty", "a", "e/f", "")))
    assert [name for name, _ in by_tarfile(archive)] == [b"a", b"a/b", b"e", b"e/f", b"empty"]
    assert [name for name, _ in by_tarfile(tar_of(BlobTree({}).source()))] == [b"."]


def test_what_the_disk_says_besides_content_does_not_matter(tmp_path: Path) -> None:
    nodes: dict[bytes, Node] = {b"a/b": (FILE, b"one"), b"a/run": (EXECUTABLE, b"two"), b"c": (SYMLINK, b"a")}
    archives = []
    for number, turn in enumerate((dict(nodes), dict(reversed(nodes.items())))):
        top = tmp_path / str(number)
        top.mkdir()
        before = os.umask(0o077 if number else 0o022)
        try:
            write_nodes(top, turn)
        finally:
            os.umask(before)
        if number:
            (top / "a/b").chmod(0o666)
            (top / "a/run").chmod(0o700)
            (top / "a").chmod(0o700)
            os.utime(top / "a/b", (5, 5))
            if os.geteuid() == 0:
                os.chown(top / "a/b", 1234, 5678)
        source = FolderTree(top).source()
        archives += [tar_of(source), tar_of(source)]
    assert len(set(archives)) == 1


# What happens to a file between its first look and its last byte.


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def _edit(path: Path) -> None:
    told = path.stat()
    with path.open("r+b") as file:
        file.seek(told.st_size - 1)
        file.write(b"\xff")
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))


class Meddled(io.FileIO):
    """A handle to which something happens at its first read."""

    def __init__(self, handle: BinaryIO, act: Any, path: Path) -> None:
        super().__init__(os.dup(handle.fileno()), "rb")
        handle.close()
        self.act, self.path, self.done = act, path, False

    def readinto(self, buffer: Any) -> int | None:
        if not self.done:
            self.done = True
            self.act(self.path)
        return super().readinto(buffer)


@contextlib.contextmanager
def no_hang() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 20, 1)  # again and again: what waits for a thread to end must stop, too
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def refused(source: ContextSource) -> str:
    written = io.BytesIO()
    with no_hang(), pytest.raises(ChangedWhileRead) as caught:
        write_tar(source, written.write, epoch=EPOCH)
    listed = subprocess.run(["tar", "-tf", "-"], input=written.getvalue(), capture_output=True)
    assert written.getvalue()
    assert listed.returncode != 0, "what was sent can be taken for a whole archive"
    return caught.value.path


@pytest.mark.parametrize("size", [3000, 3 * BUFFER], ids=["small", "big"])
@pytest.mark.parametrize("act", [_truncate, _grow, _edit])
def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path, act: Any, size: int) -> None:
    (tmp_path / "a").write_bytes(bytes(100))
    (tmp_path / "f").write_bytes(bytes(size))

    def opened(entry: Entry, handle: BinaryIO) -> BinaryIO:
        return Meddled(handle, act, tmp_path / "f") if entry.path == "f" else handle

    assert refused(FolderTree(tmp_path, opened).source()) == "f"


def _to_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _to_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("a")


def _to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _to_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("size", [0, 3000, 3 * BUFFER])
@pytest.mark.parametrize("act", [_to_fifo, _to_link, _to_folder, _to_device, _grow, Path.unlink])
def test_a_file_that_changed_since_the_tree_was_made_is_noticed(tmp_path: Path, act: Any, size: int) -> None:
    (tmp_path / "a").write_bytes(bytes(100))
    (tmp_path / "f").write_bytes(bytes(size))
    source = FolderTree(tmp_path).source()
    act(tmp_path / "f")
    assert refused(source) == "f"


def test_a_device_or_pipe_behind_a_handle_is_never_read(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(bytes(10))
    source = FolderTree(tmp_path).source()
    reader, writer = os.pipe()
    zero = os.open("/dev/zero", os.O_RDONLY)
    for number in (reader, zero):

        def opened(_: Entry, handle: BinaryIO, number: int = number) -> BinaryIO:
            handle.close()
            return os.fdopen(os.dup(number), "rb", buffering=0)

        assert refused(ContextSource(FolderTree(tmp_path, opened), "", source.entries)) == "f"
        os.close(number)
    os.close(writer)


def test_a_link_that_points_elsewhere_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("one")
    source = FolderTree(tmp_path).source()
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("two")
    assert refused(source) == "link"
    (tmp_path / "link").unlink()
    (tmp_path / "link").write_bytes(b"")
    with pytest.raises(EnvironmentFault, match="link"):
        tar_of(source)


def test_a_file_that_cannot_be_read_is_not_taken_for_a_changed_one(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")

    def opened(_: Entry, handle: BinaryIO) -> BinaryIO:
        handle.close()
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(EnvironmentFault, match="f: Input/output error") as caught:
        tar_of(FolderTree(tmp_path, opened).source())
    assert not isinstance(caught.value, ChangedWhileRead)


@pytest.mark.parametrize("pointing", [b"", b"a\0b", b"x" * 4096])
def test_a_link_that_no_file_system_can_hold_is_refused(pointing: bytes) -> None:
    with pytest.raises(EnvironmentFault, match="link: a link with a target"):
        tar_of(BlobTree({b"link": (SYMLINK, pointing)}).source())


# Git's filters.


@pytest.fixture
def filtered(tmp_path: Path) -> FilteredTree:
    subprocess.run(["git", "init", "-q", os.fspath(tmp_path)], check=True)
    (tmp_path / ".gitattributes").write_text("*.txt text eol=crlf\n")
    (tmp_path / "f.txt").write_bytes(b"one\r\ntwo\r\n")
    return FilteredTree(tmp_path)


def filtered_source(tree: FilteredTree) -> ContextSource:
    return ContextSource(tree, "", (Entry("f.txt", FILE, tree.git_id("f.txt")),))


def test_content_that_filters_turn_into_the_blob_is_sent_as_it_is_on_disk(filtered: FilteredTree) -> None:
    source = filtered_source(filtered)
    assert source.entries[0].oid == blob_id(b"one\ntwo\n")
    assert dict(by_tarfile(tar_of(source)))[b"f.txt"][3] == hashlib.sha256(b"one\r\ntwo\r\n").digest()


def test_filters_do_not_hide_an_edit(filtered: FilteredTree) -> None:
    source = filtered_source(filtered)
    (filtered.top / "f.txt").write_bytes(b"one\r\nTWO\r\n")
    assert refused(source) == "f.txt"


def test_filters_do_not_hide_an_edit_that_is_taken_back_before_git_looks(filtered: FilteredTree) -> None:
    source = filtered_source(filtered)
    path = filtered.top / "f.txt"
    path.write_bytes(b"one\r\nTWO\r\n")

    class Restoring(FilteredTree):
        def rehash(self, entry: Entry) -> str:
            path.write_bytes(b"one\r\ntwo\r\n")
            return super().rehash(entry)

    assert refused(ContextSource(Restoring(filtered.top), "", source.entries)) == "f.txt"


def test_a_tree_without_filters_gets_no_second_chance(filtered: FilteredTree) -> None:
    source = filtered_source(filtered)
    assert refused(ContextSource(FolderTree(filtered.top), "", source.entries)) == "f.txt"


# Where the bytes go.


def test_a_writer_that_takes_only_a_part_gets_the_rest_again(tmp_path: Path) -> None:
    nodes: dict[bytes, Node] = {b"%d" % number: (FILE, os.urandom(BUFFER // 3)) for number in range(8)}
    source = BlobTree(nodes).source()
    taken = bytearray()

    def write(data: bytes | memoryview) -> int:
        part = bytes(data)[:100_001]
        taken.extend(part)
        return len(part)

    write_tar(source, write, epoch=EPOCH)
    assert bytes(taken) == tar_of(source)


def test_a_descriptor_gets_the_same_archive(tmp_path: Path) -> None:
    source = BlobTree({b"f": (FILE, os.urandom(2 * BUFFER)), b"g": (FILE, b"x")}).source()
    with (tmp_path / "out").open("wb") as file:
        write_tar_to_fd(source, file.fileno(), epoch=EPOCH)
    with (tmp_path / "piped").open("wb") as out, subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=out) as cat:
        assert cat.stdin is not None
        write_tar_to_fd(source, cat.stdin.fileno(), epoch=EPOCH)
        cat.stdin.close()
    assert (tmp_path / "out").read_bytes() == (tmp_path / "piped").read_bytes() == tar_of(source)


def test_an_error_of_the_writer_gets_through() -> None:
    def write(_: object) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        write_tar(BlobTree({b"f": (FILE, b"x")}).source(), write, epoch=EPOCH)


def test_memory_does_not_grow_with_a_file(tmp_path: Path) -> None:
    size = 300 << 20
    with (tmp_path / "f").open("wb") as file:
        file.truncate(size)
    state = hashlib.sha1(b"blob %d\0" % size)
    for _ in range(300):
        state.update(bytes(1 << 20))
    source = ContextSource(FolderTree(tmp_path), "", (Entry("f", FILE, state.hexdigest()),))
    taken = 0

    def write(data: bytes | memoryview) -> None:
        nonlocal taken
        taken += len(data)

    tracemalloc.start()
    try:
        write_tar(source, write, epoch=EPOCH)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken == size + 512 + len(END)
    assert peak < 4 << 20


def test_sizes_of_blobs_are_asked_for_once() -> None:
    tree = BlobTree({b"%d" % number: (FILE, b"%d" % number) for number in range(20)})
    tar_of(tree.source())
    assert tree.asked_for_sizes == 1


def test_a_submodule_is_never_left_out_silently() -> None:
    tree = BlobTree({b"a": (FILE, b"x")})
    source = ContextSource(tree, "", (*tree.entries, Entry("lib/one", SUBMODULE, "1" * 40)))
    written: list[object] = []
    with pytest.raises(GitError, match="submodule lib/one") as caught:
        write_tar(source, written.append, epoch=EPOCH)
    assert caught.value.problems[0].hints[0] == "git submodule update --init lib/one"
    assert not written


# Real repositories and a real engine.


@pytest.mark.parametrize("kind", ["sha1", "sha256"])
def test_a_commit_and_its_clean_work_tree_give_the_same_archive(tmp_path: Path, kind: str) -> None:
    nodes: dict[bytes, Node] = {
        b"sub/\xff\xfe": (FILE, b"raw name"),
        b"sub/run": (EXECUTABLE, b"#!/bin/sh\n"),
        b"sub/big": (FILE, os.urandom(2 << 20)),
        b"sub/link": (SYMLINK, b"run"),
        b"other": (FILE, b"outside"),
    }
    write_nodes(tmp_path, nodes)
    for command in (["init", "-q", f"--object-format={kind}"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@y", *command], cwd=tmp_path, check=True)
    repository = open_repository(tmp_path)
    try:
        work, commit = repository.work_tree(), repository.commit_tree(str(repository.head()))
        archives = {tar_of(ContextSource(tree, "sub", tree.below("sub"))) for tree in (work, commit)}
    finally:
        repository.close()
    assert len(archives) == 1
    inside = {path.removeprefix(b"sub/"): node for path, node in nodes.items() if path.startswith(b"sub/")}
    assert dict(by_tarfile(archives.pop())) == expected(inside)


@pytest.mark.engine
@pytest.mark.parametrize("first", [b"a", b"N" * 150], ids=["plain", "long name first"])
def test_buildkit_takes_the_archive(engine: EngineUnderTest, first: bytes) -> None:
    nodes: dict[bytes, Node] = {
        b"Zdir/" + b"n" * 120 + b"/x": (EXECUTABLE, b"run"),
        b"link": (SYMLINK, b"../" * 40 + b"nowhere"),
        b"caf\xc3\xa9": (FILE, os.urandom(BUFFER + 1)),
        first: (FILE, b""),
    }
    source = BlobTree({**nodes, b"Z.Dockerfile": (FILE, b"FROM scratch\nCOPY . /\n")}).source()
    archive = tar_of(source)
    command = ("buildx", "build", "--quiet", "--file=Z.Dockerfile", "--output=type=tar,dest=-", "-")
    found = {name: each[:2] + each[3:] for name, each in by_tarfile(engine.run(*command, stdin=archive))}
    wanted = {name: each[:2] + each[3:] for name, each in expected(nodes).items()}
    assert {name: each for name, each in found.items() if decode(name) != "Z.Dockerfile"} == wanted


@pytest.mark.engine
def test_buildkit_builds_nothing_from_what_was_sent_before_an_error(engine: EngineUnderTest, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    for name in ("a", "z"):
        (tmp_path / name).write_text(name)
    source = FolderTree(tmp_path).source()
    (tmp_path / "z").write_text("y")
    written = io.BytesIO()
    with pytest.raises(ChangedWhileRead):
        write_tar(source, written.write, epoch=EPOCH)
    with pytest.raises(subprocess.CalledProcessError):
        engine.run("buildx", "build", "--quiet", "--output=type=tar,dest=-", "-", stdin=written.getvalue())
