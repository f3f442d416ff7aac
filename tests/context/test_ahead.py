"""That reading ahead of what is written changes nothing: not what is written, not what is refused, not what is left."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from mbuild.context.ahead import BUFFER, BUFFERS, Buffer, ahead
from mbuild.context.source import ContextSource
from mbuild.context.tar import write_tar
from mbuild.errors import ChangedWhileRead
from mbuild.tree import FILE, Entry
from tests.context.folders import BlobTree, FilteredTree, FolderTree, Node, write_nodes
from tests.context.test_tar import EPOCH, by_tarfile, check_archive, no_hang, tar_of

SMALL, MIDDLE, BIG = 3000, BUFFER // 3, 2 * BUFFER + 1
"""Hashed by the thread that reads, by the one that writes, and piece by piece."""


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    with no_hang():
        yield
    assert [each.name for each in threading.enumerate() if each.name == "reading ahead"] == []


def is_no_archive(written: bytes) -> bool:
    """Whether GNU tar refuses it; Go's reader does for the same reason: it does not end where a member ends."""
    return subprocess.run(["tar", "-tf", "-"], input=written, capture_output=True).returncode != 0


# What is written.


def test_many_files_of_all_sizes_arrive(tmp_path: Path) -> None:
    sizes = [0, 1, 511, 512, SMALL, MIDDLE, SMALL, BUFFER - 1024, BUFFER, BIG] * 3 + [
        number % 700 for number in range(1500)
    ]
    nodes: dict[bytes, Node] = {
        b"%d/%d" % (number % 7, number): (FILE, os.urandom(n)) for number, n in enumerate(sizes)
    }
    check_archive(nodes)
    write_nodes(tmp_path, nodes)
    assert tar_of(FolderTree(tmp_path).source()) == tar_of(BlobTree(nodes).source())


@pytest.mark.parametrize("size", [SMALL, MIDDLE, BIG])
def test_filters_are_asked_about_content_of_every_size(tmp_path: Path, size: int) -> None:
    subprocess.run(["git", "init", "-q", os.fspath(tmp_path)], check=True)
    (tmp_path / ".gitattributes").write_text("*.txt text eol=crlf\n")
    content = b"line\r\n" * (size // 6)
    (tmp_path / "f.txt").write_bytes(content)
    (tmp_path / "g").write_bytes(bytes(size))
    tree = FilteredTree(tmp_path)
    source = ContextSource(tree, "", tuple(Entry(name, FILE, tree.git_id(name)) for name in ("f.txt", "g")))
    assert dict(by_tarfile(tar_of(source)))[b"f.txt"][3] == hashlib.sha256(content).digest()
    (tmp_path / "f.txt").write_bytes(content.replace(b"line", b"LINE"))
    with pytest.raises(ChangedWhileRead):
        tar_of(source)


# What is refused.


@pytest.mark.parametrize("size", [SMALL, MIDDLE, BIG], ids=["small", "middle", "big"])
@pytest.mark.parametrize("at", ["a", "m", "z"], ids=["first", "in the middle", "last"])
def test_a_wrong_byte_is_noticed_wherever_it_is(tmp_path: Path, at: str, size: int) -> None:
    names = ["a", *(f"b{number:03}" for number in range(200)), "m", *(f"n{number:03}" for number in range(200)), "z"]
    for name in names:
        (tmp_path / name).write_bytes(os.urandom(size if name == at else MIDDLE if name in "amz" else SMALL))
    (tmp_path / "Dockerfile").write_bytes(b"FROM scratch\n")
    source = FolderTree(tmp_path).source()
    with (tmp_path / at).open("r+b") as file:
        file.seek(size - 1)
        last = file.read(1)
        file.seek(size - 1)
        file.write(bytes([last[0] ^ 1]))
    written = io.BytesIO()
    with pytest.raises(ChangedWhileRead) as caught:
        write_tar(source, written.write, epoch=EPOCH, extra=[("added", b"x")], last="Dockerfile")
    assert caught.value.path == at
    assert is_no_archive(written.getvalue())
    assert b"Dockerfile" not in written.getvalue()
    assert b"added" not in written.getvalue()
    wrong = (tmp_path / at).read_bytes()
    assert wrong[-100:] not in written.getvalue()


def test_what_cannot_be_sent_is_said_after_what_can(tmp_path: Path) -> None:
    tree = BlobTree({b"%02d" % number: (FILE, os.urandom(MIDDLE)) for number in range(20)})
    gone = Entry("99", FILE, "0" * 40, 5)
    written = io.BytesIO()
    with pytest.raises(KeyError, match="99"):
        write_tar(ContextSource(tree, "", (*tree.entries, gone)), written.write, epoch=EPOCH)
    whole = tar_of(tree.source())
    sent = len(written.getvalue()) - 512
    assert sent > 15 * MIDDLE
    assert whole.startswith(written.getvalue()[:sent])
    assert is_no_archive(written.getvalue())


# What is left when it does not go on.


class Stop(BaseException):
    pass


@pytest.mark.parametrize(
    "error", [BrokenPipeError(), KeyboardInterrupt(), Stop()], ids=lambda each: type(each).__name__
)
@pytest.mark.parametrize("calls", [1, 2, BUFFERS + 2])
def test_an_error_of_the_writer_is_the_last_that_is_heard(calls: int, error: BaseException) -> None:
    tree = BlobTree({b"%02d" % number: (FILE, bytes(MIDDLE)) for number in range(60)})
    heard = 0

    def write(data: object) -> None:
        nonlocal heard
        heard += 1
        if heard == calls:
            raise error

    with pytest.raises(type(error)) as caught:
        write_tar(tree.source(), write, epoch=EPOCH)
    assert caught.value is error
    assert heard == calls


@pytest.mark.parametrize(("size", "writes"), [(MIDDLE, 2), (BIG, 12)], ids=["between members", "inside of one"])
def test_an_interrupt_while_nothing_is_written_leaves_no_archive(size: int, writes: int) -> None:
    written: list[bytes] = []
    interrupted = threading.Event()

    def interrupt(*_: object) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    class Slow(BlobTree):
        def open(self, entry: Entry) -> BinaryIO:
            if entry.path == "z":
                while len(written) < writes:
                    time.sleep(0.001)
                time.sleep(0.05)  # the other thread waits for more now
                os.kill(os.getpid(), signal.SIGUSR1)
                interrupted.wait()
            return super().open(entry)

    nodes: dict[bytes, Node] = {b"%02d" % number: (FILE, os.urandom(size)) for number in range(6)}
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            write_tar(
                Slow({**nodes, b"z": (FILE, b"")}).source(), lambda data: written.append(bytes(data)), epoch=EPOCH
            )
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(written) == (writes if size == BIG else writes + 1)
    assert is_no_archive(b"".join(written))


# The two threads.


def taken(fill: Callable[[Buffer], None]) -> list[tuple[int, bool]]:
    with ahead(fill) as full:
        return [(len(each.data), each.inside) for each in full]


def test_each_buffer_tells_whether_it_ends_inside_of_something() -> None:
    def fill(buffer: Buffer) -> None:
        buffer.put(bytes(BUFFER))
        buffer.ended()
        buffer.put(bytes(BUFFER + 5))
        buffer.ended()
        buffer.put(bytes(7))
        assert buffer.claim(BUFFER + 1) is None
        assert buffer.claim(BUFFER) is not None
        buffer.put(bytes(3))
        buffer.ended()

    assert taken(fill) == [(BUFFER, False), (BUFFER, True), (12, True), (3, False)]


def test_nothing_gives_nothing() -> None:
    assert taken(lambda buffer: buffer.flush()) == []


def test_an_error_comes_after_what_was_full_before_it() -> None:
    def fill(buffer: Buffer) -> None:
        buffer.put(bytes(3 * BUFFER - 1))
        raise Stop

    found = []
    with pytest.raises(Stop), ahead(fill) as full:
        for each in full:
            found.append(len(each.data))  # noqa: PERF401 - what was found before the error counts
    assert found == [BUFFER, BUFFER]


def test_who_wants_no_more_does_not_wait_for_the_rest() -> None:
    filled = 0

    def fill(buffer: Buffer) -> None:
        nonlocal filled
        while True:
            buffer.put(bytes(BUFFER))
            filled += 1

    with ahead(fill) as full:
        next(full)
        next(full)
    assert filled <= BUFFERS + 2


def test_no_more_buffers_are_used_than_there_are() -> None:
    seen = set()

    def fill(buffer: Buffer) -> None:
        buffer.put(bytes(20 * BUFFER))

    with ahead(fill) as full:
        for each in full:
            seen.add(id(each.data.obj))
    assert len(seen) == BUFFERS
