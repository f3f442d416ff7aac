"""The only door to other processes: argument lists, never a shell; groups that can be ended.

Every child gets a session of its own, so a Ctrl-C in the terminal reaches mbuild alone, which decides what to stop;
so does a SIGTERM (``ending``).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from mbuild.errors import EnvironmentFault
from mbuild.process.ending import be_ready, tell_group, watch
from mbuild.process.gate import waiting
from mbuild.values import dataclass

Arg = str | bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended: its exit code (negative: the signal that ended it) and what it wrote."""

    argv: tuple[Arg, ...]
    code: int
    out: bytes
    err: bytes

    @property
    def err_text(self) -> str:
        """Standard error as text for a message."""
        return self.err.decode("utf-8", "replace").strip()


class Process:
    """A running child. Its pipes are binary; ``end`` stops the whole process group."""

    def __init__(self, popen: subprocess.Popen[bytes], argv: tuple[Arg, ...], kept: IO[bytes] | None = None) -> None:
        """Wrap a child that was just started. kept: the file that has its standard error."""
        self._popen = popen
        self._kept = kept
        self.argv = argv

    @property
    def stdin(self) -> IO[bytes]:
        """The child's standard input."""
        assert self._popen.stdin is not None
        return self._popen.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """The child's standard output."""
        assert self._popen.stdout is not None
        return self._popen.stdout

    @property
    def stderr(self) -> IO[bytes]:
        """The child's standard error."""
        assert self._popen.stderr is not None
        return self._popen.stderr

    def said(self) -> bytes:
        """Wait for the end of a child whose standard error is kept, and return what it wrote there."""
        assert self._kept is not None
        self._popen.wait()
        self._kept.seek(0)
        return self._kept.read()

    def wait(self, timeout: float | None = None) -> int | None:
        """Return the exit code, or None when it still runs after ``timeout`` seconds."""
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def end(self, grace: float = 1.0) -> None:
        """Ask the group to stop, and kill what is left of it when the child has ended, or after ``grace`` seconds."""
        tell_group(self._popen, signal.SIGINT)
        self.wait(grace)
        tell_group(self._popen, signal.SIGKILL)
        self.wait(grace)

    def close(self) -> None:
        """Close the pipes. What the child has not taken is dropped: it may wait for us to take something."""
        if self._popen.stdin is not None:
            with contextlib.suppress(ValueError):  # it is closed
                os.set_blocking(self._popen.stdin.fileno(), False)
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr, self._kept):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


_BUFFER = 1 << 16
"""What is taken from a pipe at once, in bytes: all that one holds."""


def start(
    argv: Sequence[Arg],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bool = False,
    merge: bool = False,
    keep: bool = False,
    inherited: Sequence[int] = (),
) -> Process:
    """Start a child with pipes for its output (and input when ``stdin``).

    env:   the whole environment of the child; None: this process's.
    merge: standard error goes to standard output.
    keep:  standard error is kept for ``Process.said``, however much it is. A pipe that nobody reads holds 64 KiB, and
           then the child waits for ever.
    inherited: descriptors that the child gets besides, under the same numbers.
    Raises EnvironmentFault when the program is missing or cannot be started.
    """
    kept = _room_for_errors() if keep else None
    be_ready()
    try:
        popen = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            bufsize=_BUFFER,
            stderr=kept or (subprocess.STDOUT if merge else subprocess.PIPE),
            start_new_session=True,
            pass_fds=inherited,
        )
    except BaseException as error:
        if kept is not None:
            kept.close()
        if isinstance(error, OSError):
            raise _not_started(error, argv, cwd) from error
        raise
    watch(popen)
    return Process(popen, tuple(argv), kept)


def _room_for_errors() -> IO[bytes]:
    """Return a file without a name: in memory on Linux, where that takes no time."""
    with contextlib.suppress(AttributeError, OSError):  # not on other systems, and not in every sandbox
        return open(os.memfd_create("stderr"), "w+b")  # noqa: PTH123 - closed with the process's pipes
    import tempfile

    return cast("IO[bytes]", tempfile.TemporaryFile())


def _not_started(error: OSError, argv: Sequence[Arg], cwd: str | Path | None) -> EnvironmentFault:
    if isinstance(error, FileNotFoundError):
        if cwd is not None and not Path(cwd).is_dir():
            return EnvironmentFault(f"{cwd}: no such folder")
        return EnvironmentFault(f"{argv[0]!s}: not found", f"install {argv[0]!s}, or put it on PATH")
    return EnvironmentFault(f"{argv[0]!s}: cannot be started: {error.strerror}")


def run(
    argv: Sequence[Arg],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float | None = None,
) -> Finished:
    """Run a child to its end; return what it wrote. Raises EnvironmentFault: it cannot start, or took too long."""
    child = start(argv, cwd=cwd, env=env, stdin=stdin is not None)
    popen = child._popen
    try:
        with waiting():
            out, err = popen.communicate(stdin, timeout)
    except subprocess.TimeoutExpired as error:
        child.end()
        raise EnvironmentFault(f"{argv[0]!s}: no answer within {timeout:g} s") from error
    except BaseException:
        child.end()
        raise
    return Finished(tuple(argv), popen.returncode, out, err)


def feed(child: Process, data: bytes) -> threading.Thread:
    """Write ``data`` to a child from a thread and close its input, so that reading its output cannot dead-lock."""

    def write() -> None:
        with contextlib.suppress(BrokenPipeError, OSError), child.stdin:
            child.stdin.write(data)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread
