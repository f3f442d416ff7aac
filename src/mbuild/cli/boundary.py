"""The error boundary: every way out of mbuild is an exit code and at most a few clear lines."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO, cast

from mbuild import __version__
from mbuild.cli.outlet import Outlet
from mbuild.errors import ExitCode, MbuildError, Problem, printable, without_credentials

_DENIED = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
_DENIED |= {errno.EAGAIN, errno.ENAMETOOLONG}  # no more processes; a name that this file system cannot hold
_DENIED |= {errno.EPIPE}  # of another program: output has a place to go (``Outlet``)
_LISTENING = ("GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION")
"""Variables of the runners that search what is printed for commands: here, as every start has to know."""
MOST_ANNOTATIONS = 10
"""GitHub shows that many of a kind for a step."""
ISSUES = "please report it with that file"


def run(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code; nothing is raised."""
    with _printing():
        return _run(argv)


@contextlib.contextmanager
def _printing() -> Iterator[None]:
    """Let output go on without a reader; where a CI runner reads along, nothing of it is to be taken for commands."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (
        cast("TextIO", Outlet(before[0], answer=True)),
        cast("TextIO", Outlet(before[1], answer=False)),
    )
    if any(each in os.environ for each in _LISTENING):
        from mbuild.output.runners import Guarded

        sys.stdout, sys.stderr = (cast("TextIO", Guarded(each)) for each in (sys.stdout, sys.stderr))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _run(argv: Sequence[str]) -> int:
    try:
        return _command(argv)
    except MbuildError as error:
        homeless = error.exit_code == ExitCode.GIT and not _has_working_folder()  # git finds that first
        return _homeless() if homeless else _report(error.problems, error.exit_code)
    except KeyboardInterrupt:
        return _report((Problem("interrupted"),), ExitCode.INTERRUPTED)
    except OSError as error:
        return _surroundings(error)
    except MemoryError:
        return _report((Problem("there is not enough memory"),), ExitCode.ENVIRONMENT)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        return _crash(error)


def _command(argv: Sequence[str]) -> int:
    """Run one command line, with click's own errors as exit codes."""
    from mbuild.cli import quick

    asked = quick.read(argv)
    if asked is not None:
        code = quick.run(*asked)
        sys.stdout.flush()
        return code
    import click

    from mbuild.cli.main import cli

    try:
        code = cli.main(args=list(argv), prog_name="mbuild", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else ExitCode.DONE
    except SystemExit as error:
        # click leaves by itself in two cases: it has answered a shell that completes, or a pipe breaks, none of ours
        if "_MBUILD_COMPLETE" in os.environ:
            return ExitCode.DONE if error.code in (0, None) else ExitCode.FAILED
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort as error:
        raise KeyboardInterrupt from error
    except click.ClickException as error:
        if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
            sys.stderr.write(f"{error.format_message()}\n")  # its message is the whole help
            return ExitCode.USAGE
        known = error.ctx if isinstance(error, click.UsageError) else None
        command = known.command_path if known else _command_of(argv)
        return _report((Problem(error.format_message(), hints=(f"see {command} --help",)),), ExitCode.USAGE)


def _command_of(argv: Sequence[str]) -> str:
    """Return the command that a line is about: click does not say it of an option without a value."""
    from mbuild.cli.main import COMMANDS

    named = argv[2:] if argv[:1] == ["-C"] else argv
    return f"mbuild {named[0]}" if named and named[0] in COMMANDS else "mbuild"


def print_problems(problems: Iterable[Problem], kind: str = "error") -> None:
    """Write problems to stderr: one line each, hints below, a hint that repeats only once."""
    seen: set[str] = set()
    for number, problem in enumerate(problems):
        lines = [f"{kind}: {_line(str(problem))}"]
        lines += [f"hint: {_line(hint)}" for hint in problem.hints if hint not in seen]
        seen.update(problem.hints)
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        if os.environ.get("GITHUB_ACTIONS") and kind != "note" and number < MOST_ANNOTATIONS:
            from mbuild.output.github import annotation
            from mbuild.output.runners import unguarded

            unguarded(sys.stderr).write(annotation(problem, kind) + "\n")


def _line(text: str) -> str:
    return printable(" ".join(text.split("\n")))


def _report(problems: Iterable[Problem], code: int) -> int:
    print_problems(problems)
    return int(code)


def _surroundings(error: OSError) -> int:
    """Report what the machine denied; any other error of the system is a case that somebody forgot."""
    if error.errno == errno.ENOENT and not _has_working_folder():
        return _homeless()
    if error.errno not in _DENIED:
        return _crash(error)
    place = f"{error.filename}: " if error.filename else ""
    return _report((Problem(f"{place}{error.strerror}"),), ExitCode.ENVIRONMENT)


def _homeless() -> int:
    hint = "change into a folder that exists, or name one: mbuild -C DIR"
    return _report((Problem("the working folder is not there any more", hints=(hint,)),), ExitCode.ENVIRONMENT)


def _has_working_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - Path.cwd is the same
    except OSError:
        return False
    return True


def _crash(error: Exception) -> int:
    if isinstance(error, RuntimeError) and str(error) == "can't start new thread":  # CPython ``_threadmodule.c``
        return _report((Problem("no more threads or processes can be started"),), ExitCode.ENVIRONMENT)
    import platform
    import time
    import traceback

    from mbuild.store.place import make_own, state_root

    text = without_credentials("".join(traceback.format_exception(error)))
    about = f"mbuild {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
    try:
        folder = state_root(os.environ) / "crashes"
        make_own(folder)
        file = folder / f"crash-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.txt"
        file.write_text(about + text, encoding="utf-8", errors="backslashreplace")
        hint = f"details are in {file}: {ISSUES}"
    except (OSError, MbuildError):
        hint = f"{type(error).__name__} at {traceback.extract_tb(error.__traceback__)[-1].name}: {ISSUES}"
    return _report((Problem(f"this is a bug in mbuild: {type(error).__name__}: {error}", hints=(hint,)),), ExitCode.BUG)
