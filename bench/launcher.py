"""Runs commands for the meter and says what each cost. Started once, as ``python -I -S launcher.py``, and kept small.

The kernel counts the memory of the process that starts another one as the memory of the new one too (``exec`` carries
the peak over), so commands are started from here and not from the suite, which holds much more.

Requests and answers are marshalled on stdin and stdout:
    (argv, folder, environment, file for stdout, file for stderr, watch) → (seconds, cpu seconds, peak, own peak, code)
Peaks are in bytes. The first counts the largest of the process and those it waited for; own is that of the process
alone, read from /proc while it runs, which disturbs it: 0 unless ``watch``, or where there is no /proc.
"""

from __future__ import annotations

import marshal
import os
import sys
import time

POLL_SECONDS = 0.002
NOT_FOUND = 127
"""What a shell exits with when a command cannot be started."""


def main() -> None:
    while True:
        try:
            request = marshal.load(sys.stdin.buffer)
        except EOFError:
            return
        marshal.dump(run(*request), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def run(
    argv: list[str], folder: str, environment: dict[str, str], out: str, err: str, watch: bool
) -> tuple[float, float, int, int, int]:
    os.chdir(folder)
    files = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    files += [
        (os.POSIX_SPAWN_OPEN, fd, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for fd, path in ((1, out), (2, err))
    ]
    begun = time.perf_counter()
    try:
        child = os.posix_spawnp(argv[0], argv, environment, file_actions=files)
    except OSError as error:
        with open(err, "w") as text:  # noqa: PTH123
            print(error, file=text)
        return 0, 0, 0, 0, NOT_FOUND
    own = watched(child) if watch else 0
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - begun
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * unit, own, os.waitstatus_to_exitcode(status)


def watched(child: int) -> int:
    """Return the highest resident set of a process until it ends, as far as it can be seen."""
    highest = 0
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        try:
            with open(f"/proc/{child}/status", "rb") as status:  # noqa: PTH123 - pathlib would double our size
                lines = status.read().splitlines()
        except OSError:
            return highest
        for line in lines:
            if line.startswith(b"VmHWM:"):
                highest = max(highest, int(line.split()[1]) * 1024)
        time.sleep(POLL_SECONDS)
    return highest


if __name__ == "__main__":
    main()
