"""Ways to depend on what must not count, to be planted: the comparison of views has to see each."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Any

from mbuild.context import tar
from mbuild.context.headers import Headers
from mbuild.graph import fingerprint, measuring
from mbuild.tree import Entry, encode


def unsorted_set() -> None:
    """Take the contexts' entries in the order in which a set has them."""
    real = fingerprint.entries
    _set(fingerprint, "entries", lambda found: real(tuple(set(found))))


def times_in_the_tar() -> None:
    """Give files the times that they have on disk."""

    def change(headers: Headers, found: os.stat_result) -> None:
        headers._mtime = b"%011o\0" % (int(found.st_mtime) & 0o777777777)
        headers._files = {mode: headers._file_parts(mode) for mode in (0o644, 0o755)}

    _before_each_file(change)


def modes_from_disk() -> None:
    """Give files the modes that they have on disk, as the umask left them."""

    def change(headers: Headers, found: os.stat_result) -> None:
        headers._files = dict.fromkeys((0o644, 0o755), headers._file_parts(stat.S_IMODE(found.st_mode)))

    _before_each_file(change)


def owners_from_disk() -> None:
    """Let whoever owns the work tree count."""
    real = fingerprint.identity
    for each in (fingerprint, measuring):
        _set(each, "identity", lambda *args: real(*args) + str(os.getuid()))


def _before_each_file(change: Callable[[Headers, os.stat_result], None]) -> None:
    real = tar._Members._file

    def write(self: tar._Members, name: bytes, entry: Entry) -> None:
        tree: Any = self._reading._source.tree
        # The path as bytes: the locale's encoding may be ASCII here.
        change(self._headers, os.lstat(b"%b/%b" % (os.fsencode(tree.repository.top), encode(entry.path))))
        real(self, name, entry)

    _set(tar._Members, "_file", write)


def _set(owner: Any, name: str, value: object) -> None:
    setattr(owner, name, value)


PLANTS: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (unsorted_set, times_in_the_tar, modes_from_disk, owners_from_disk)
}


def plant(name: str) -> None:
    """Plant one defect in this process; "" is none."""
    if name:
        PLANTS[name]()
