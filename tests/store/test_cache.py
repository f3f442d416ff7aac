"""What is remembered is either exactly what was put there or not there at all."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from mbuild.store import cache as module
from mbuild.store.cache import Cache, open_cache


def files(cache: Cache) -> list[Path]:
    assert cache.folder is not None
    return sorted(path for path in cache.folder.rglob("*") if path.is_file() and path.name != ".gitignore")


def test_what_was_put_is_got(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.get("graph", "a") is None
    cache.put("graph", "a", b"one\ntwo")
    cache.put("graph", "b", b"")
    cache.put("other", "a", b"three")
    assert (cache.get("graph", "a"), cache.get("graph", "b"), cache.get("other", "a")) == (b"one\ntwo", b"", b"three")


def test_a_key_may_hold_a_path_that_is_not_utf_8(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    keys = [os.fsdecode(each) for each in (b"/caf\xe9", b"/caf\xe8", "/café".encode())]
    for key in keys:
        cache.put("graph", key, key.encode("utf-8", "surrogateescape"))
    assert [cache.get("graph", key) for key in keys] == [b"/caf\xe9", b"/caf\xe8", "/café".encode()]


@pytest.mark.parametrize("cut", range(0, 160, 7))
def test_a_damaged_entry_is_a_miss(tmp_path: Path, cut: int) -> None:
    cache = Cache(tmp_path)
    cache.put("graph", "a", b"x" * 40)
    (file,) = files(cache)
    whole = file.read_bytes()
    cut = min(cut, len(whole) - 1)
    for damaged in (whole[:cut], whole + b"x", whole[:cut] + bytes([whole[cut] ^ 1]) + whole[cut + 1 :], b""):
        file.write_bytes(damaged)
        assert cache.get("graph", "a") is None
    file.write_bytes(whole)
    assert cache.get("graph", "a") == b"x" * 40


def test_an_entry_under_another_key_is_a_miss(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("graph", "a", b"x")
    cache.put("graph", "b", b"y")
    one, other = files(cache)
    one.write_bytes(other.read_bytes())
    assert {cache.get("graph", "a"), cache.get("graph", "b")} in ({None, b"x"}, {None, b"y"})


def test_other_code_shares_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    cache.put("graph", "a", b"x")
    monkeypatch.setattr(module, "code", lambda: "another")
    assert cache.get("graph", "a") is None


def test_any_change_of_the_code_is_seen(tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "store").mkdir(parents=True)
    (package / "a.py").write_text("1")
    found = {module.digest_of(str(package), [])}
    (package / "a.py").write_text("12")
    found.add(module.digest_of(str(package), []))
    os.utime(package / "a.py", ns=(1, 1))
    found.add(module.digest_of(str(package), []))
    (package / "store" / "b.py").write_text("")
    found.add(module.digest_of(str(package), []))
    assert len(found) == 4


def test_code_that_an_editor_has_open_or_that_is_in_an_archive(tmp_path: Path) -> None:
    package = tmp_path / "mbuild"
    package.mkdir()
    (package / ".#a.py").symlink_to("somebody@host.1")
    found = {module.digest_of(str(package), [])}
    (package / "a.py").write_text("1")
    found.add(module.digest_of(str(package), []))
    archive = tmp_path / "mbuild.zip"
    for size in (1, 2):
        archive.write_bytes(b"x" * size)
        found.add(module.digest_of(str(archive / "mbuild"), []))
    assert len(found) == 4


def test_another_version_of_a_library_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.READERS
    for name in module.READERS:
        assert module.digest_of(str(tmp_path), [name]) != module.digest_of(str(tmp_path), [])
    (tmp_path / "package").mkdir()
    library = tmp_path / "reader" / "__init__.py"
    library.parent.mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    found = {module.digest_of(str(tmp_path / "package"), ["reader"])}
    library.write_text("__version__ = '1'")
    found.add(module.digest_of(str(tmp_path / "package"), ["reader"]))
    os.utime(library, ns=(1, 1))
    found.add(module.digest_of(str(tmp_path / "package"), ["reader"]))
    assert len(found) == 3


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    for number, name in enumerate("abc"):
        cache.put("graph", name, b"x" * 1000)
        for file in files(cache):
            if file.stat().st_mtime > 1000:
                os.utime(file, (number, number))
    assert cache.get("graph", "a") is not None  # used now
    monkeypatch.setattr(module, "MAX_BYTES", 3500)
    cache.put("graph", "d", b"x" * 1000)
    assert [cache.get("graph", name) is not None for name in "abcd"] == [True, False, True, True]


def test_what_others_keep_in_the_folder_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may name a folder that holds other things: nothing says that it must be mbuild's own."""
    cache = Cache(tmp_path)
    cache.put("graph", "a", b"x")
    [entry] = files(cache)
    names = ("wheel.whl", "pip/x", "pip-0123456789abcdef/http/x", "go/mod/.12345678", f"go/{'0' * 64}", "deep-0/b/c/d")
    theirs = [*(tmp_path / each for each in names), entry.with_name("x"), entry.with_name(".keep")]
    left = entry.with_name(".ab_cd12e")
    for each in (*theirs, left):
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_text("precious")
        os.utime(each, (1, 1))
    monkeypatch.setattr(module, "MAX_BYTES", 0)
    cache.put("graph", "b", b"x")
    assert files(cache) == sorted(theirs)


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "below")
    cache.put("graph", "a", b"x")
    assert cache.get("graph", "a") is None


def test_nothing_is_remembered_where_git_would_see_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full for a while: the folder may lie in a work tree, and what is untracked there counts."""
    cache = Cache(tmp_path)

    def full(path: Path, data: bytes) -> int:
        path.touch()
        raise OSError(28, "no space")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        cache.put("graph", "a", b"x")
    assert not any(each.is_file() for each in tmp_path.rglob("*"))
    cache.put("graph", "a", b"x")
    assert [each.read_text() for each in tmp_path.glob("*/.gitignore")] == ["*\n"]
    assert cache.get("graph", "a") == b"x"


def test_many_writers_leave_whole_entries(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    seen: set[bytes | None] = set()

    def work(number: int) -> None:
        for _ in range(30):
            cache.put("graph", "a", bytes([number]) * 5000)
            seen.add(cache.get("graph", "a"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert seen <= {bytes([number]) * 5000 for number in range(4)}
    assert len(files(cache)) == 1


def test_the_environment_decides(tmp_path: Path) -> None:
    assert open_cache({"MBUILD_CACHE": "off", "MBUILD_CACHE_DIR": str(tmp_path)}).folder is None
    assert open_cache({"MBUILD_CACHE_DIR": str(tmp_path)}).folder == tmp_path
    assert open_cache({}).folder is not None
    assert Cache(None).get("graph", "a") is None
    Cache(None).put("graph", "a", b"x")


@pytest.mark.parametrize("named", [None, "", " ", "relative", "/x/y", "/x/../y/"])
@pytest.mark.parametrize("home", ["/home/one", "/", "/home/one/", "relative"])
def test_the_folder_is_where_platformdirs_has_it(monkeypatch: pytest.MonkeyPatch, named: str | None, home: str) -> None:
    monkeypatch.delenv("MBUILD_CACHE_DIR")
    monkeypatch.setenv("HOME", home)
    if named is None:
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", named)
    assert open_cache(os.environ).folder == user_cache_path("mbuild")
