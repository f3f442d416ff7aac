"""What processes are started with: programs put first on PATH, and Python's own audit events, write down arguments.

Only arguments: the environment of a child may hold secrets, an argument can be read by every user of the machine.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

_WRAPPER = """\
#!/bin/sh
printf '%s\\0' {name} "$@" >> {log}/$$.{name}
exec {real} "$@"
"""

# Runs at the start of every Python: it also sees what is started by a full path.
_AUDIT = """\
import os, sys

def _note(event, args):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        argv = args[1] if event != "os.system" else [args[0]]
        argv = [argv] if isinstance(argv, (str, bytes)) else argv
        data = b"".join(os.fsencode(each) + b"\\0" for each in argv)
        file = os.open({log!r} + f"/{{os.getpid()}}.audit", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(file, data)
        os.close(file)

sys.addaudithook(_note)
"""


def record(folder: Path, log: Path, programs: Mapping[str, str]) -> tuple[Path, Path]:
    """Make a folder of wrappers to go first on PATH, and one for PYTHONPATH; returns both.

    log: the folder that gets the arguments, NUL after each. programs: name → path of the real one.
    """
    wrappers, audit = folder / "wrappers", folder / "audit"
    for each in (wrappers, audit, log):
        each.mkdir(parents=True)
    for name, real in programs.items():
        file = wrappers / name
        file.write_text(_WRAPPER.format(name=name, log=shlex.quote(str(log)), real=shlex.quote(real)))
        file.chmod(0o755)
    (audit / "sitecustomize.py").write_text(_AUDIT.format(log=str(log)))
    return wrappers, audit


def recorded(log: Path, kind: str) -> list[list[str]]:
    """Return what was written down of one kind: the name of a program, or ``audit``; one list for each process."""
    return [each.read_bytes().decode(errors="replace").split("\0") for each in sorted(log.glob(f"*.{kind}"))]
