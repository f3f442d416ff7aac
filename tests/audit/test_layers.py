from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from typing import BinaryIO

import pytest

from mbuild.audit.layers import root_of


def member(name: str, data: bytes | None = None, **attributes: object) -> tuple[tarfile.TarInfo, bytes]:
    """Return a file, or a folder without data."""
    found = tarfile.TarInfo(name)
    found.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
    found.mode, found.size = 0o755 if data is None else 0o644, len(data or b"")
    for key, value in attributes.items():
        setattr(found, key, value)
    return found, data or b""


def layer(*members: tuple[tarfile.TarInfo, bytes]) -> BinaryIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    packed.seek(0)
    return packed


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, b"", type=kind, linkname=target)


def test_layers_lie_over_each_other() -> None:
    low = layer(
        member("a"), member("a/one", b"1"), member("a/two", b"2"), member("b"), member("b/x", b"x"), member("c", b"c")
    )
    high = layer(
        member("a", mode=0o700), member("a/.wh.one", b""), member("a/three", b"3"), member("c"), member("c/in", b"i")
    )
    top = layer(member("b/.wh..wh..opq", b""), member("b/y", b"y"))
    found = root_of([low, high, top], ["first", "second", "third"])
    assert set(found.files) == {"a", "a/two", "a/three", "b", "b/y", "c", "c/in"}
    assert found.files["a"].mode == 0o700
    assert found.files["a/two"].digest == hashlib.sha256(b"2").hexdigest()
    assert [found.maker(path) for path in ("a", "a/two", "b", "b/y", "c/in")] == [
        "second",
        "first",
        "first",
        "third",
        "second",
    ]


def test_a_file_in_place_of_a_folder() -> None:
    found = root_of([layer(member("a"), member("a/b"), member("a/b/c", b"c")), layer(member("a", b"file"))])
    assert {path: each.kind for path, each in found.files.items()} == {"a": "file"}


def test_what_a_layer_takes_away_is_of_those_below() -> None:
    """In whatever order its own entries stand."""
    low = layer(member("a"), member("a/old", b"o"))
    high = layer(member("a/new", b"n"), member("a/.wh..wh..opq", b""), member("a/.wh.new", b""))
    assert set(root_of([low, high]).files) == {"a", "a/new"}
    assert root_of([layer(member("x/.wh.y", b""), member("x/.wh..wh..opq", b""))]).files == {}


def test_names_are_those_of_the_root() -> None:
    found = root_of([layer(member("./", mode=0o711), member("./a/"), member("/a//b", b"b"))])
    assert set(found.files) == {"", "a", "a/b"}
    assert found.files[""].mode == 0o711


def test_links_devices_and_attributes() -> None:
    first = layer(member("f", b"f", uid=3, gid=4, pax_headers={"SCHILY.xattr.user.a": "b", "mtime": "1.5"}))
    second = layer(
        link("s", "to", tarfile.SYMTYPE),
        link("hard", "./f", tarfile.LNKTYPE),
        member("null", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        member("pipe", b"", type=tarfile.FIFOTYPE),
    )
    found = root_of([first, second]).files
    assert found["hard"] == found["f"]
    assert found["f"].attributes == (("SCHILY.xattr.user.a", "b"),)
    assert (found["f"].uid, found["f"].gid) == (3, 4)
    assert (found["s"].kind, found["s"].target, found["s"].mode) == ("link", "to", 0o777)
    assert (found["null"].kind, found["null"].target) == ("character device", "1:3")
    assert found["pipe"].kind == "fifo"


def test_times_do_not_count() -> None:
    one, two = (root_of([layer(member("f", b"f", mtime=each))]) for each in (1, 2))
    assert one.files == two.files


def test_compressed_layers() -> None:
    packed = io.BytesIO(gzip.compress(layer(member("f", b"f")).read()))
    assert set(root_of([packed]).files) == {"f"}


def test_a_hard_link_to_nothing() -> None:
    with pytest.raises(tarfile.ReadError, match="a hard link to nothing"):
        root_of([layer(link("h", "x/y", tarfile.LNKTYPE))])
