"""The ``mbuild`` command. ``--version`` answers before anything else is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"] and _version():
        return
    import gc

    # Answers are made of many values that live until the end: looking for garbage among them again and again is no use.
    gc.set_threshold(250_000, 50, 100)
    from mbuild.cli.boundary import run

    _leave(run(sys.argv[1:]))


def _version() -> bool:
    """Print the version; where that cannot be, the rest of mbuild has to say so."""
    from mbuild import __version__

    try:
        sys.stdout.write(f"mbuild {__version__}\n")
        sys.stdout.flush()
    except (OSError, AttributeError):  # stdout may be closed, which Python says by None
        return False
    return True


def _leave(code: int) -> None:
    """End the process without taking every value apart, which would take as long as some answers."""
    import contextlib
    import os
    import threading

    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, AttributeError):  # what could not be written has its exit code already
            stream.flush()
    if threading.active_count() > 1:
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    main()
