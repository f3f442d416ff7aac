"""Archives that want to do harm, and layers that others wrote."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import lzma
import struct
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbuild.builders.oci import tarstream
from mbuild.builders.oci.copying import Rules
from mbuild.builders.oci.filesystem import FileSystem
from mbuild.builders.oci.layer import Layer, apply_layer, write_layer
from mbuild.builders.oci.layout import Layout
from mbuild.builders.oci.nodes import Content, FileSystemError, Meta
from mbuild.builders.oci.spool import MAX_HEADER, Forward, Spool
from mbuild.builders.oci.unpack import is_archive, unpack
from mbuild.errors import BuildFailedError, EnvironmentFault
from tests.builders.oci.engine_cases import FILE, FOLDER, HARD, LINK, archive
from tests.builders.oci.support import Bench, Shape, plant, shape, shape_of_layers


def spool(data: bytes, tmp_path: Path) -> Spool:
    return Spool(lambda: io.BytesIO(data), tmp_path, lambda: None)


def unpacked(data: bytes, tmp_path: Path) -> dict[str, tuple[object, ...]]:
    fs = FileSystem()
    source = spool(data, tmp_path)
    with contextlib.closing(source):
        unpack(source, fs, "/", Rules())
        return {path: (node[0], node[-1]) for path, node in shape(fs).items()}


def read_back(layout: Layout, *layers: Layer) -> Shape:
    return shape_of_layers([functools.partial(layout.open_blob, layer.descriptor) for layer in layers], layout.scratch)


def test_nothing_leaves_the_destination(bench: Bench, tmp_path: Path) -> None:
    members = (
        ("../../../../escape", FILE, "1"),
        ("/etc/shadow", FILE, "2"),
        ("up", LINK, "../../../../../../"),
        ("up/through", FILE, "3"),
        ("h", HARD, "../../../../../../escape"),
    )
    bench.contexts[""] = plant(tmp_path / "c", {"x.tar": archive("", *members), "shadow": "mine"})
    before = sorted(tmp_path.rglob("*"))
    found = bench.shape("FROM scratch\nCOPY shadow /etc/\nADD x.tar /jail/\n")
    outside = {path for path in found if not path.startswith("/jail")}
    assert outside == {"/etc", "/etc/shadow"}
    assert set(found) - outside == {"/jail"} | {
        f"/jail/{name}" for name in ("escape", "etc", "etc/shadow", "up", "through", "h")
    }
    assert [
        path for path in sorted(tmp_path.rglob("*")) if path not in before and bench.layout.folder not in path.parents
    ] == []


def test_header_that_claims_to_be_huge(tmp_path: Path) -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, MAX_HEADER * 4
    data = gzip.compress(info.tobuf() + bytes(info.size), 1)
    assert not is_archive(spool(data, tmp_path), lambda: None)
    data = gzip.compress(archive("", ("a", FILE, "x"))[:1024] + info.tobuf() + bytes(info.size), 1)
    with pytest.raises(FileSystemError, match="megabyte"):
        unpacked(data, tmp_path)


def test_a_header_that_is_read_in_pieces() -> None:
    forward = Forward(io.BytesIO(bytes(MAX_HEADER * 4)), lambda: None)
    for _ in range(2):
        forward.begin()
        assert sum(len(forward.read(MAX_HEADER // 4)) for _ in range(4)) == MAX_HEADER
        forward.seek(forward.tell() + 1)
        with pytest.raises(FileSystemError, match="megabyte"):
            forward.read(1)


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarstream, "MAX_MEMBERS", 100)
    data = archive("", *((f"f{number}", FILE, "") for number in range(101)))
    with pytest.raises(FileSystemError, match="more than 100 members"):
        unpacked(data, tmp_path)


def test_too_deep(tmp_path: Path) -> None:
    with pytest.raises(FileSystemError, match="folders deep"):
        unpacked(archive("", ("d/" * 3000 + "f", FILE, "")), tmp_path)


def test_memory_that_xz_asks_for_is_bounded(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 512 << 20}]
    inner = archive("", ("a", FILE, "x"))
    good = lzma.compress(inner) + lzma.compress(b"")
    assert "/a" in unpacked(good, tmp_path)
    try:
        data = lzma.compress(inner, filters=filters)
    except MemoryError:
        pytest.skip("not enough memory to make the archive")
    with pytest.raises(FileSystemError, match="broken"):
        list(tarstream.members(spool(data, tmp_path), lambda: None))


def test_zstd_is_refused_with_a_way_out(bench: Bench, tmp_path: Path) -> None:
    import importlib.util

    if importlib.util.find_spec("compression"):
        pytest.skip("this Python reads zstd")
    frame = struct.pack("<I", 0xFD2FB528) + b"\x00" * 20
    bench.contexts[""] = plant(tmp_path / "c", {"x.tar.zst": frame, "y": struct.pack("<I", 0x184D2A53) + bytes(20)})
    for name in ("x.tar.zst", "y"):
        with pytest.raises(EnvironmentFault, match=r"^Dockerfile:2.*zstd") as caught:
            bench.shape(f"FROM scratch\nADD {name} /\n")
        assert "3.14" in caught.value.problems[0].hints[0]
    assert "/x" in bench.shape("FROM scratch\nCOPY x.tar.zst /x\n")


@pytest.mark.parametrize("cut", [600, 1100, 2600])
def test_archive_that_is_cut_short_fails_the_build(cut: int, bench: Bench, tmp_path: Path) -> None:
    data = archive("", ("a", FILE, "x" * 600), ("b", FILE, "y" * 600))[:cut]
    bench.contexts[""] = plant(tmp_path / "c", {"x.tar": data})
    with pytest.raises(BuildFailedError, match=r"^Dockerfile:2") as caught:
        bench.shape("FROM scratch\nADD x.tar /\n")
    assert "\n" not in str(caught.value)
    assert bench.leftovers() == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_archives_raise_nothing_else(data: Any, tmp_path: Path) -> None:
    whole = bytearray(
        archive(
            data.draw(st.sampled_from(["", "gz", "bz2", "xz"])),
            ("a/b", FILE, "x" * 100),
            ("l", LINK, "a"),
            ("h", HARD, "a/b"),
        )
    )
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=8)):
        whole[at] = byte
    try:
        unpacked(bytes(whole[: data.draw(st.integers(0, len(whole)))]), tmp_path)
    except (FileSystemError, EnvironmentFault) as error:
        assert "\n" not in str(error)


def test_members_through_a_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileSystemError, match="a file where it needs a folder"):
        unpacked(archive("", ("a", FILE, "x"), ("a/b", FILE, "y")), tmp_path)
    with pytest.raises(FileSystemError, match="its own root"):
        unpacked(archive("", ("/", FILE, "x")), tmp_path)
    with pytest.raises(FileSystemError, match="no file of the archive"):
        unpacked(archive("", ("d", FOLDER, ""), ("h", HARD, "d")), tmp_path)


def test_extended_attributes_and_odd_names_survive(tmp_path: Path) -> None:
    out = io.BytesIO()
    value = b"\x01\x00\x00\x02\xff".decode("utf-8", "surrogateescape")
    odd = b"caf\xe9-".decode("utf-8", "surrogateescape") + "ü" * 120
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar:
        info = tarfile.TarInfo(odd)
        info.uid, info.mtime = 3_000_000, 1 << 34
        info.pax_headers = {"SCHILY.xattr.security.capability": value, "comment": "x"}
        tar.addfile(info)
    layout = Layout(tmp_path).open_or_create()
    fs = FileSystem()
    source = spool(out.getvalue(), tmp_path)
    unpack(source, fs, "/", Rules())
    layer = write_layer(fs, fs.take_changes(), layout, lambda: None)
    (node,) = (node for _, node in fs.files())
    assert node.meta == Meta(0o644, 3_000_000, 0, 1 << 34, (("security.capability", b"\x01\x00\x00\x02\xff"),))
    assert read_back(layout, layer) == shape(fs)
    source.close()


def test_whiteouts_of_layers_that_others_wrote(tmp_path: Path) -> None:
    fs = FileSystem()
    lower = archive("", *((name, FILE, "l") for name in ("gone", "kept", "d/one", "d/sub/two", "o/x", "o/y", "o/s/z")))
    upper = archive(
        "", (".wh.gone", FILE, ""), ("d/.wh.sub", FILE, ""), ("o/s/new", FILE, "n"), ("o/.wh..wh..opq", FILE, ""),
        ("o/after", FILE, "n"), (".wh..wh.plnk", FILE, ""), ("missing/.wh.x", FILE, ""),
    )  # fmt: skip
    for data in (lower, upper):
        apply_layer(fs, spool(data, tmp_path), lambda: None)
    files = [path for path, _ in fs.files()]
    assert files == ["/d/one", "/kept", "/o/after", "/o/s/new"]


def test_folder_that_was_replaced_by_a_new_one_hides_what_is_below(tmp_path: Path) -> None:
    layout = Layout(tmp_path).open_or_create()
    fs = FileSystem()
    old = spool(archive("", ("x/old", FILE, "o"), ("y/old", FILE, "o")), tmp_path)
    new = spool(archive("", ("x", FILE, ""), ("x", FOLDER, ""), ("x/new", FILE, "n"), ("y", FILE, "")), tmp_path)
    with contextlib.closing(old), contextlib.closing(new):
        unpack(old, fs, "/", Rules())
        first = write_layer(fs, fs.take_changes(), layout, lambda: None)
        unpack(new, fs, "/", Rules())
        fs.remove("/y")
        second = write_layer(fs, fs.take_changes(), layout, lambda: None)
        assert read_back(layout, first, second) == shape(fs)
    assert list(read_back(layout, first, second)) == ["/x", "/x/new"]


names = st.lists(st.sampled_from(["a", "b", "c", "..", "."]), min_size=1, max_size=4).map("/".join)
many = st.lists(st.tuples(names, st.sampled_from([FILE, FOLDER, LINK, HARD]), names), max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(layers=st.lists(many, min_size=1, max_size=3))
def test_layers_give_back_the_file_system(layers: list[Any], tmp_path: Path) -> None:
    """Whatever archives do: the layers, read one after the other, are the file system they were written from."""
    layout = Layout(tmp_path / "oci").open_or_create()
    fs = FileSystem()
    written = []
    with contextlib.ExitStack() as cleanup:
        for members in layers:
            source = cleanup.enter_context(contextlib.closing(spool(archive("", *members), tmp_path)))
            with contextlib.suppress(FileSystemError):
                unpack(source, fs, "/", Rules())
            written.append(write_layer(fs, fs.take_changes(), layout, lambda: None))
        assert read_back(layout, *written) == shape(fs)


def test_content_can_be_read_while_another_is(tmp_path: Path) -> None:
    fs = FileSystem()
    source = spool(archive("gz", ("a", FILE, "1" * 1000), ("b", FILE, "2" * 1000)), tmp_path)
    unpack(source, fs, "/", Rules())
    one, two = (node for _, node in fs.files())
    with one.content.open() as first, two.content.open() as second:
        assert first.read(10) + second.read(10) + first.read(2) == b"1" * 10 + b"2" * 10 + b"11"
    source.close()
    assert list(tmp_path.iterdir()) == []


def test_content_knows_its_size_one_way_or_another() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    for kind in (io.BytesIO, Pipe):
        assert Content(-1, functools.partial(kind, b"12345")).measured() == 5
