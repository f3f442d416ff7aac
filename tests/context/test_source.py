from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.context.order import context_digest
from mbuild.context.source import ContextSource, items
from mbuild.context.stream import verified
from mbuild.context.verify import CHUNK
from mbuild.errors import ChangedWhileRead, EnvironmentFault, GitError
from mbuild.tree import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Entry, decode, encode
from tests.context.folders import BlobTree, FolderTree, Node
from tests.context.nodes import trees

A, B = Entry("a", FILE, "1" * 40), Entry("b/c", EXECUTABLE, "2" * 40)


def test_the_digest_is_what_its_description_says() -> None:
    records = b""
    for record in ((b"a", b"100644", b"1" * 40), (b"b/c", b"100755", b"2" * 40), (b"e", b"040000", b"")):
        for part in record:
            records += len(part).to_bytes(8, "big") + part
    assert context_digest("", (B, A), ("e",)) == "sha256:" + hashlib.sha256(records).hexdigest()


@given(trees, st.randoms())
def test_the_digest_is_of_the_set_and_not_of_its_place(nodes: dict[bytes, Node], random: object) -> None:
    entries = list(BlobTree(nodes).entries)
    moved = [Entry(f"deep/root/{each.path}", each.mode, each.oid, 5) for each in reversed(entries)]
    above = {each.path.rpartition("/")[0] for each in entries}
    assert context_digest("deep/root", moved, above) == context_digest("", entries)


@pytest.mark.parametrize(
    "other",
    [
        (A,),
        (A, Entry("b/c", FILE, "2" * 40)),
        (A, Entry("b/c", SYMLINK, "2" * 40)),
        (A, Entry("b/d", EXECUTABLE, "2" * 40)),
        (A, Entry("b/c", EXECUTABLE, "3" * 40)),
        (Entry("a", FILE, "2" * 40), Entry("b/c", EXECUTABLE, "1" * 40)),
    ],
)
def test_everything_in_an_entry_counts(other: tuple[Entry, ...]) -> None:
    assert context_digest("", (A, B)) != context_digest("", other)


def test_an_empty_folder_counts() -> None:
    digests = {context_digest("", (A, B), each) for each in ((), ("e",), ("e/f",), ("f",))}
    assert len(digests) == 4
    assert context_digest("", (A, B), ("e", "e/f", "b", "", ".")) == context_digest("", (A, B), ("e/f",))


def test_the_order_is_that_of_bytes() -> None:
    paths = [b"a\xff", "a\N{PILE OF POO}".encode(), b"a-b", b"a/b", b"a0", "a\ue000".encode()]
    source = ContextSource(BlobTree({}), "", tuple(Entry(decode(path), FILE, "1" * 40) for path in paths))
    names = [name for name, entry in items(source.ordered()) if entry is not None]
    assert names == sorted(paths)


def test_files_and_bytes(tmp_path: Path) -> None:
    tree = BlobTree({b"r/a": (FILE, b"12345"), b"r/link": (SYMLINK, b"abc"), b"x": (FILE, b"1")})
    source = tree.source("r")
    assert (source.files, source.bytes) == (2, 8)
    sizes = source.sizes()
    known = ContextSource(tree, "r", tuple(replace(each, size=sizes[each.path]) for each in source.entries))
    asked = tree.asked_for_sizes
    assert (known.files, known.bytes) == (2, 8)
    assert tree.asked_for_sizes == asked


def test_a_submodule_has_a_digest_and_no_bytes() -> None:
    source = ContextSource(BlobTree({}), "", (Entry("lib", SUBMODULE, "1" * 40),))
    assert (source.files, source.bytes) == (1, 0)
    assert source.digest.startswith("sha256:")
    with pytest.raises(GitError, match="submodule lib"):
        source.ordered()


def test_all_submodules_are_reported_together() -> None:
    source = ContextSource(BlobTree({}), "", tuple(Entry(each, SUBMODULE, "1" * 40) for each in ("one", "two")))
    with pytest.raises(GitError) as caught:
        source.ordered()
    assert len(caught.value.problems) == 2


def test_an_entry_below_another_is_a_tree_that_changed() -> None:
    for other in ((), (Entry("b-d", FILE, "4" * 40),)):
        source = ContextSource(BlobTree({}), "", (Entry("b", SYMLINK, "3" * 40), *other, B))
        with pytest.raises(ChangedWhileRead) as caught:
            list(items(source.ordered()))
        assert caught.value.path == "b"
    for folder in ("b", "b/d"):
        source = ContextSource(BlobTree({}), "", (A, Entry("b", SYMLINK, "3" * 40)), (folder,))
        with pytest.raises(ChangedWhileRead, match="b"):
            list(items(source.ordered()))


def test_entries_that_cannot_be_are_bugs() -> None:
    with pytest.raises(ValueError, match="outside"):
        ContextSource(BlobTree({}), "b", (A,)).ordered()
    with pytest.raises(ValueError, match="outside"):
        ContextSource(BlobTree({}), "b", (Entry("bc/d", FILE, "1" * 40),)).ordered()
    with pytest.raises(ValueError, match="twice"):
        ContextSource(BlobTree({}), "", (B, A, A)).ordered()
    with pytest.raises(ValueError, match="twice"):
        ContextSource(BlobTree({}), "", (A, B, B), ("d",)).ordered()


def test_a_changed_file_is_one_line_whatever_its_name() -> None:
    error = ChangedWhileRead(decode(b"caf\xe9\n"))
    assert isinstance(error, EnvironmentFault)
    assert encode(error.path) == b"caf\xe9\n"
    message = str(error.problems[0])
    assert message.encode() == rb"caf\xe9\n changed while mbuild was reading it"


# Reading one file.


@pytest.mark.parametrize("size", [0, 1, CHUNK, 2 * CHUNK + 5])
def test_a_stream_gives_the_content_and_its_end_only_if_it_is_right(tmp_path: Path, size: int) -> None:
    (tmp_path / "f").write_bytes(bytes(size))
    source = FolderTree(tmp_path).source()
    with verified(source, source.entries[0]) as stream:
        assert stream.read() == bytes(size)
    (tmp_path / "f").write_bytes(bytes(size)[:-1] + b"x")
    with verified(source, source.entries[0]) as stream, pytest.raises(ChangedWhileRead):
        read = 0
        while piece := stream.read(1000):
            read += len(piece)
        pytest.fail(f"the stream ended after {read} bytes")
