"""The lock between two runs in one work tree: a ``flock``, which the kernel releases however its holder ends.

The file also says who holds it, for those who wait. That is read without trust: anything may stand there. The file
stays when the lock is released; what counts is the lock on it, not that it is there.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from mbuild.errors import LockedError, printable
from mbuild.store.place import make_own
from mbuild.values import dataclass

MOST_BYTES = 4096
MOST_SHOWN = 200
MARK_BYTES = 16


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock: process id, command line, and since when, in seconds since 1970."""

    pid: int
    command: str
    since: int


@contextlib.contextmanager
def held(path: Path, me: Holder, *, wait: bool, waiting: Callable[[Holder | None], None]) -> Iterator[None]:
    """Hold the lock while the block runs.

    waiting: called before the wait for another process, with what that says of itself, None where that cannot be read.
    Raises LockedError when another process holds it and ``wait`` is false; OSError when the file cannot be made.
    """
    make_own(path.parent)
    descriptor = _locked(path, wait, waiting)
    try:
        if os.fstat(descriptor).st_size:  # its last holder did not come to the end
            with contextlib.suppress(OSError):
                left(path).touch()
        _write(descriptor, json.dumps(asdict(me)).encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
        os.close(descriptor)


def left(path: Path) -> Path:
    """Return the file that says that a holder of a lock was killed, until what that left is removed."""
    return path.with_suffix(".left")


def _locked(path: Path, wait: bool, waiting: Callable[[Holder | None], None]) -> int:
    while True:
        # Not inherited by children: one that outlives a killed run must not go on holding the lock.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _take(descriptor, wait, waiting)
            if _is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # somebody removed the file meanwhile: others lock the one that came after it


def _take(descriptor: int, wait: bool, waiting: Callable[[Holder | None], None]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = read(descriptor)
        if not wait:
            raise LockedError(
                f"{described(holder)} is at work in this work tree", "try again when it has ended"
            ) from None
        waiting(holder)
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _write(descriptor: int, text: bytes) -> None:
    with contextlib.suppress(OSError):  # a full disk keeps nobody from holding a lock
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text[:MOST_BYTES], 0)


def mark(path: Path) -> str:
    """Return a word that no other machine, container or work tree has; "" where its file cannot be written.

    Names would not do, as machines that share an engine may call themselves and their folders alike. Nor would what is
    in the file, which may be a copy: it counts together with where it lies.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        return ""
    try:
        found = os.pread(descriptor, MARK_BYTES, 0)
        if len(found) < MARK_BYTES:
            found = os.urandom(MARK_BYTES)
            _write(descriptor, found)
        about = os.fstat(descriptor)
        told = (found, os.uname().nodename, about.st_dev, about.st_ino)
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32] if about.st_size == MARK_BYTES else ""
    finally:
        os.close(descriptor)


def read(descriptor: int) -> Holder | None:
    """Return what a lock's file says of its holder, None where that makes no sense."""
    try:
        value = json.loads(os.pread(descriptor, MOST_BYTES, 0))
        pid, command, since = value["pid"], value["command"], value["since"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    if (type(pid), type(command), type(since)) != (int, str, int):
        return None
    return Holder(pid, command, since)


def described(holder: Holder | None) -> str:
    """Return a holder in words, on one line."""
    if holder is None:
        return "another mbuild"
    command = printable(holder.command[:MOST_SHOWN])
    return f"another mbuild (pid {holder.pid}, '{command}', since {_clock(holder.since)})"


def _clock(seconds: int) -> str:
    import time

    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return "an unknown time"
