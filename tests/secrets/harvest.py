"""Collects the bytes that a run leaves behind, and looks for canaries in them, whatever they are packed in."""

from __future__ import annotations

import base64
import bz2
import io
import lzma
import re
import sqlite3
import tarfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MARK = b"cnry"
"""What every canary begins with; 24 hex digits follow. Nothing else in a repository or an image looks like that."""
CANARY = re.compile(MARK + rb"[0-9a-f]{24}")
DEPTH = 6
"""How often something may be packed in something else."""

_HEX = re.compile(MARK.hex().encode() + rb"(?:3[0-9]|6[1-6]){24}", re.IGNORECASE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_ESCAPED = re.compile(rb"\\u00([0-9a-fA-F]{2})|\\x([0-9a-fA-F]{2})|&#(\d{1,3});")
_ZSTD = b"\x28\xb5\x2f\xfd"
Piece = tuple[str, bytes]


@dataclass(frozen=True, slots=True, order=True)
class Find:
    """A canary that was found. place: a file or stream, and what it was packed in, outermost first."""

    canary: str
    place: str


def search(pieces: Iterable[Piece]) -> Iterator[Find]:
    """Yield every canary in named pieces of bytes, those in packed or encoded parts of them included."""
    for place, data in pieces:
        for where, view in _views(place, data, DEPTH):
            for each in set(CANARY.findall(view)):
                yield Find(each.decode(), where)


def files(folder: Path, leave_out: Iterable[Path] = ()) -> Iterator[Piece]:
    """Yield the names and the content of all files below a folder; what is left out may be folders too."""
    out = set(leave_out)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path in out:
            continue
        yield f"the name {path}", path.name.encode(errors="surrogateescape")
        if path.is_symlink():
            yield f"the link {path}", bytes(path.readlink())
        elif path.is_dir():
            yield from files(path, out)
        elif path.is_file():
            yield str(path), path.read_bytes()


def _views(place: str, data: bytes, depth: int) -> Iterator[Piece]:
    yield place, data
    if depth == 0:
        return
    for how, inside in _opened(data):
        yield from _views(f"{place} > {how}", inside, depth - 1)


def _opened(data: bytes) -> Iterator[Piece]:
    """Yield what is packed in bytes, one layer of it."""
    assert not data.startswith(_ZSTD), "zstd: nothing here can look into it"
    yield from _unpacked(data)
    yield from _members(data)
    yield from _decoded(data)
    if data.startswith(b"SQLite format 3\0"):
        yield "rows", _rows(data)


def _unpacked(data: bytes) -> Iterator[Piece]:
    if data[:2] == b"\x1f\x8b" or (data[:1] == b"\x78" and len(data) > 2 and not int.from_bytes(data[:2]) % 31):
        # Piece by piece: what was cut off in the middle is looked at up to there.
        while data:
            stream = zlib.decompressobj(wbits=47)
            try:
                yield "deflate", stream.decompress(data)
            except zlib.error:
                return
            data = stream.unused_data
    elif data[:3] == b"BZh":
        yield "bzip2", bz2.decompress(data)
    elif data[:6] == b"\xfd7zXZ\0":
        yield "xz", lzma.decompress(data)


def _members(data: bytes) -> Iterator[Piece]:
    if data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                inside = archive.extractfile(member) if member.isfile() else None
                yield f"{member.name} (header)", f"{member.name} {member.linkname} {member.pax_headers}".encode()
                yield member.name, inside.read() if inside else b""
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archived:
            for name in archived.namelist():
                yield name, archived.read(name)


def _decoded(data: bytes) -> Iterator[Piece]:
    for found in _HEX.findall(data):
        yield "hex", bytes.fromhex(found.decode())
    if _IN_BASE64.search(data):
        for run in _BASE64.findall(data):
            if _IN_BASE64.search(run):
                yield from (("base64", each) for each in _from_base64(run))
    if re.search(rb"%[0-9a-fA-F]{2}", data) and data.isascii():
        yield "URL", urllib.parse.unquote_to_bytes(data)
    if b"\0" not in data and _ESCAPED.search(data):
        yield "escapes", _ESCAPED.sub(_unescaped, data)
    if b"c\0n\0r\0y\0" in data:
        yield "UTF-16", data.replace(b"\0", b"")


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = int(match[1] or match[2], 16) if match[1] or match[2] else int(match[3])
    return bytes([code]) if code < 256 else b"?"


def _from_base64(run: bytes) -> Iterator[bytes]:
    """Yield a run of letters as bytes, decoded from each of the places where it may begin."""
    plain = run.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    for start in range(4):
        part = plain[start:]
        part = part[: len(part) - (len(part) % 4 == 1)]
        yield base64.b64decode(part + b"=" * (-len(part) % 4))


def _marks(inner: bytes) -> Iterator[bytes]:
    """Yield the letters that base64 makes of bytes for certain, at each of its three alignments."""
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(inner)) * 8 // 6
        yield base64.b64encode(b"\0" * before + inner + b"\0\0")[first:last]


_IN_BASE64 = re.compile(b"|".join([*_marks(MARK), *(again for once in _marks(MARK) for again in _marks(once))]))
"""The mark in base64, and in base64 of base64 (a header of the engine's holds a password in that way)."""


def _rows(data: bytes) -> bytes:
    """Return the rows of an SQLite file as text: long values are spread over pages."""
    plain = data[:18] + b"\1\1" + data[20:]  # not in WAL mode: the journal is a file of its own
    with sqlite3.connect(":memory:") as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        connection.deserialize(plain)
        text = "\n".join(connection.iterdump())
    connection.close()
    return text.encode()
