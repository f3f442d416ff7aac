"""A leak of every kind, put into what was collected, is found: else finding nothing would say nothing."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.secrets.harvest import files, search

CANARY = "cnry0123456789abcdef01234567"
RAW = CANARY.encode()


def _tar(name: str, content: bytes) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return whole.getvalue()


def _zip(content: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", content)
    return whole.getvalue()


def _row(text: str, *, blob: bool = False) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE builds (image TEXT)")
    connection.execute("INSERT INTO builds VALUES (?)", (text.encode() if blob else text,))
    connection.commit()
    found = connection.serialize()
    connection.close()
    return found


def _row_over_pages() -> bytes:
    """Return a database in which the canary begins on one page and ends on another."""
    tried = (_row("x" * 900 + CANARY + "y" * after) for after in range(3200, 9000, 8))
    return next(each for each in tried if RAW not in each)


BASE64 = base64.b64encode
LEAKS: dict[str, Callable[[], bytes]] = {
    "argument": lambda: b"docker\0buildx\0build\0--secret=id=npm,value=" + RAW + b"\0",
    "event": lambda: json.dumps({"event": "log", "text": f"+ login {CANARY}"}).encode(),
    "event, escaped": lambda: json.dumps({"text": CANARY}).replace("cnry", "\\u0063nry").encode(),
    "label": lambda: json.dumps([{"Config": {"Labels": {"source": f"https://u:{CANARY}@host"}}}]).encode(),
    "HTML": lambda: "".join(f"&#{ord(each)};" for each in CANARY).encode(),
    "tar member": lambda: _tar("app/.env", RAW),
    "tar member's name": lambda: _tar(f"app/{CANARY}", b""),
    "tar in tar": lambda: _tar("layer.tar", _tar("etc/x", b"." + RAW)),
    "sqlite row": lambda: _row(CANARY),
    "sqlite row over pages": _row_over_pages,
    "sqlite blob": lambda: _row(CANARY, blob=True),
    "gzip layer": lambda: gzip.compress(_tar("etc/x", RAW)),
    "second gzip stream": lambda: gzip.compress(b"first") + gzip.compress(RAW),
    "cut gzip": lambda: gzip.compress(RAW * 100 + bytes(range(256)) * 400)[:-200],
    "git object": lambda: zlib.compress(b"blob 28\0" + RAW),
    "zip": lambda: _zip(RAW),
    "bzip2": lambda: bz2.compress(RAW),
    "xz": lambda: lzma.compress(RAW),
    "base64": lambda: b'{"auth": "' + BASE64(b"user:" + RAW) + b'"}',
    "base64, 1 before": lambda: BASE64(b"x" + RAW),
    "base64, 2 before": lambda: BASE64(b"xy" + RAW),
    "base64, letters before": lambda: b"abc/" + BASE64(RAW),
    "base64 for URLs": lambda: base64.urlsafe_b64encode(b"\xff\xfe" + RAW),
    "base64 of base64": lambda: BASE64(b'{"password": "' + BASE64(b"u:" + RAW) + b'"}'),
    "base64 of gzip in JSON": lambda: gzip.compress(BASE64(RAW)),
    "URL": lambda: b"https://host/?t=" + "".join(f"%{ord(each):02X}" for each in CANARY).encode(),
    "URL of base64": lambda: urllib.parse.quote(BASE64(b"user:" + RAW + b"?")).encode(),
    "hex": lambda: RAW.hex().encode(),
    "UTF-16": lambda: CANARY.encode("utf-16-le"),
}


@pytest.mark.parametrize("kind", LEAKS)
def test_a_leak_is_found(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "left" / "behind"
    place.parent.mkdir()
    place.write_bytes(LEAKS[kind]())
    assert {each.canary for each in search(files(tmp_path))} == {CANARY}


def test_a_name_and_a_link_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / f"{CANARY}.txt").touch()
    assert [each.canary for each in search(files(tmp_path))] == [CANARY]
    (tmp_path / f"{CANARY}.txt").unlink()
    (tmp_path / "link").symlink_to(f"/nowhere/{CANARY}")
    assert [each.canary for each in search(files(tmp_path))] == [CANARY]


def test_what_is_left_out_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/secret").write_bytes(RAW)
    assert list(search(files(tmp_path, [tmp_path / "kept"]))) == []


def test_a_digest_is_no_leak() -> None:
    text = json.dumps({"digest": "sha256:" + "0123456789abcdef" * 4, "cnry": "cnry"}).encode()
    assert list(search([("x", text), ("y", BASE64(text)), ("z", gzip.compress(text))])) == []


def test_what_cannot_be_looked_into_is_an_error() -> None:
    with pytest.raises(AssertionError, match="zstd"):
        list(search([("x", b"\x28\xb5\x2f\xfd....")]))
