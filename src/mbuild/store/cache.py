"""A folder of things that can be worked out again.

An entry is one file: a first line with the format, the SHA-256 of the rest and the key, then the rest. Whatever is not
exactly that is a miss. Files appear by renaming, so nobody sees half of one, and versions of mbuild do not share any.

``MBUILD_CACHE=off`` turns it off; ``MBUILD_CACHE_DIR`` names the folder (default: the user's cache directory).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

from mbuild import __version__
from mbuild.store.place import make_own
from mbuild.values import dataclass

FORMAT = "1"
READERS = ("yaml", "pydantic", "pydantic_core")
"""Libraries that decide what is remembered of a build.yaml."""
_DIGITS = frozenset("0123456789abcdef")
MAX_BYTES = 256 << 20
"""Size of the folder above which the entries that were not used for longest go."""


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache below a folder; None: it is off, every question is a miss."""

    folder: Path | None

    def prepare(self) -> None:
        """Find out what all entries have in common: the first question would."""
        if self.folder is not None:
            code()

    def get(self, bucket: str, key: str) -> bytes | None:
        """Return what was put under a key, or None."""
        found = self.view(bucket, key)
        return None if found is None else bytes(found)

    def view(self, bucket: str, key: str) -> memoryview | None:
        """Return what ``get`` does without copying it: what is big is used in parts."""
        if self.folder is None:
            return None
        path = self._path(bucket, key)
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        end = raw.find(b"\n")
        body = memoryview(raw)[end + 1 :]
        if end < 0 or raw[:end] != _first_line(key, body):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return body

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Remember something. A disk that is full or cannot be written to is no error: it is not remembered."""
        if self.folder is None:
            return
        path = self._path(bucket, key)
        with contextlib.suppress(OSError):
            import tempfile

            if not make_own(path.parents[1]):
                return
            path.parent.mkdir(exist_ok=True, mode=0o700)
            number, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(_first_line(key, body) + b"\n")
                    file.write(body)
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            self._clean()

    def _path(self, bucket: str, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{__version__}-{code()}" / bucket / _hashed(key)

    def _clean(self) -> None:
        """Remove the entries that were not used for longest while there are too many bytes."""
        assert self.folder is not None
        found = list(_entries(str(self.folder)))
        total = sum([size for _, size, _ in found])
        if total <= MAX_BYTES:
            return
        for _, size, path in sorted(found):
            with contextlib.suppress(OSError):
                Path(path).unlink()
                total -= size
            if total <= MAX_BYTES:
                return


def _entries(folder: str) -> Iterator[tuple[float, int, str]]:
    """Yield when an entry was used last, its bytes and its path. Every ``put`` looks at all of them.

    What is not named as ``Cache._path`` and ``put`` name it is somebody else's: a user may have named any folder.
    """
    for code_folder in _folders(folder):
        if not _is_hex(code_folder.name.rpartition("-")[2], 16):
            continue
        for bucket in _folders(code_folder.path):
            with os.scandir(bucket.path) as entries:
                for each in entries:
                    with contextlib.suppress(OSError):
                        if _is_entry(each):
                            stat = each.stat(follow_symlinks=False)
                            yield stat.st_mtime, stat.st_size, each.path


def _folders(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from [each for each in entries if each.is_dir(follow_symlinks=False)]


def _is_entry(file: os.DirEntry[str]) -> bool:
    """Tell whether a file in a bucket is an entry, or what is left of one that was not written to its end."""
    is_left = file.name.startswith(".") and len(file.name) == len(".") + 8
    return (is_left or _is_hex(file.name, 64)) and file.is_file(follow_symlinks=False)


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and _DIGITS.issuperset(text)


@cache
def code() -> str:
    """Return what tells the code of this mbuild, and what reads build.yaml for it, from any other."""
    return digest_of(str(Path(__file__).parents[1]), READERS)


def digest_of(package: str, libraries: Iterable[str]) -> str:
    """Return a digest of the names, sizes and times of the Python files in a folder, and of where libraries begin.

    Installing another version of a library writes all its files anew, so one stands for all of them.
    """
    found = [sys.version]
    for name in libraries:
        spec = PathFinder.find_spec(name)
        if spec and spec.origin:
            found.append(_stands_for(spec.origin))
    waiting = [package]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            entries = []
            found.append(_stands_for(folder))  # in an archive
        for each in entries:
            if each.name.endswith(".py"):
                with contextlib.suppress(OSError):  # an editor's link to nothing
                    stat = each.stat()
                    found.append(f"{each.path} {stat.st_size} {stat.st_mtime_ns}")
            elif each.is_dir() and each.name != "__pycache__":
                waiting.append(each.path)
    return hashlib.sha256("\n".join(sorted(found)).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _stands_for(path: str) -> str:
    """Return what tells a file from what it was before; one in an archive is as old as that is."""
    there = next(each for each in (Path(path), *Path(path).parents) if each.exists())
    stat = there.stat()
    return f"{path} {stat.st_size} {stat.st_mtime_ns}"


def _first_line(key: str, body: bytes | memoryview) -> bytes:
    return f"mbuild {FORMAT} {hashlib.sha256(body).hexdigest()} {_hashed(key)}".encode()


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()  # there may be paths in it


def open_cache(environ: Mapping[str, str]) -> Cache:
    """Return the cache that the environment names."""
    if environ.get("MBUILD_CACHE", "").lower() == "off":
        return Cache(None)
    named = environ.get("MBUILD_CACHE_DIR")
    if named:
        return Cache(Path(named))
    return Cache(_user_folder(environ))


def _user_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the user's cache directory for mbuild, as platformdirs finds it; None where it finds none."""
    if sys.platform == "linux":  # XDG Base Directory Specification; to import the library takes longer than to ask git
        named, home = environ.get("XDG_CACHE_HOME", ""), environ.get("HOME", "")
        if named.startswith("/"):
            return Path(named, "mbuild")
        if home.startswith("/"):
            return Path(home, ".cache", "mbuild")
    from platformdirs import user_cache_path

    try:
        found = user_cache_path("mbuild")
    except RuntimeError:  # a user without a home: nothing is remembered
        return None
    return found if found.is_absolute() else None
