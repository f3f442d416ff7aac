"""The one door to git: every call gets the same pinned configuration and a clean environment.

Written for git >= 2.39. Older ones work as far as they know the options (``safe.bareRepository`` came with 2.38).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mbuild.errors import GitError
from mbuild.git.messages import failure
from mbuild.process import Arg, Finished, Process, run, start

# Command-line configuration beats every file, and git hands it down to the git processes it starts in submodules.
_PINNED = (
    "core.fsmonitor=false",  # the value may be a command of the repository; a daemon's answer may be stale
    f"core.hooksPath={os.devnull}",  # nothing here should run a hook, so none can
    "core.quotePath=false",  # names are bytes (-z everywhere); this is the second lock on that door
    "safe.bareRepository=explicit",  # a bare repository lying in the tree is content, not something to take config from
    "core.untrackedCache=false",  # trusts folder mtimes, which a write in the same tick or a copied .git defeats
    "core.ignoreStat=false",  # would mark what git itself wrote as assume-unchanged
    "core.trustctime=true",  # catches an edit that kept size and put the mtime back
    "core.checkStat=default",  # "minimal" overlooks inode and sub-second changes
    "core.fileMode=true",  # the exec bit on disk is what a builder is sent, whatever the repository says
    "core.symlinks=true",  # likewise: a link on disk is a link
    "core.ignoreCase=false",  # a .git from another disk: a new F beside a tracked f would not be looked at
    "core.preloadIndex=true",  # lstat from several threads: speed only
    "status.showUntrackedFiles=all",  # --untracked-files does not reach the status that git runs in submodules
    "column.ui=never",  # "always" puts several names on a line, also in a pipe
    "sparse.expectFilesOutsideOfPatterns=false",  # files of a sparse checkout that are on disk count
)

# --no-replace-objects: an object id must mean its own bytes, in every clone (refs/replace is not cloned).
# --literal-pathspecs:  a path is a path; ":(glob)x" and "*" are legal file names.
_FLAGS = ("--no-pager", "--no-replace-objects", "--literal-pathspecs")

# What of the caller's GIT_* survives: where git's programs and the user's configuration *files* are (the same role as
# HOME), and limits on discovery, which can only narrow it. All else goes: in a hook GIT_DIR and GIT_INDEX_FILE point
# elsewhere, and GIT_CONFIG_PARAMETERS, GIT_EXTERNAL_DIFF, GIT_TRACE… change what git does or prints.
_KEPT = (
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EXEC_PATH",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
)

# What besides survives where a fetch was asked for: how remotes are reached, and with which credentials.
_ONLINE = (
    "GIT_ALLOW_PROTOCOL",
    "GIT_ASKPASS",
    "GIT_PROTOCOL_FROM_USER",
    "GIT_PROXY_COMMAND",
    "GIT_PROXY_SSL_CAINFO",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
    "GIT_SSL_NO_VERIFY",
)
# Nothing but what was asked for: no housekeeping, and no submodule fetched or pushed beside it.
_ALONE = tuple(
    part
    for each in (
        "gc.auto=0",
        "maintenance.auto=false",
        "submodule.recurse=false",
        "fetch.recurseSubmodules=false",
        "push.recurseSubmodules=no",
        "push.followTags=false",
    )
    for part in ("-c", each)
)

_SET = {
    "LC_ALL": "C",  # messages are parsed
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",  # status would otherwise refresh and write the user's index
    # A partial clone must not fetch behind the user's back, one object at a time: an empty list allows no transport at
    # all (every git), the second says so politely (git >= 2.39.4 and its siblings; documented since 2.45).
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
}
_OFFLINE = ("GIT_ALLOW_PROTOCOL", "GIT_NO_LAZY_FETCH")


def clean_environment(caller: Mapping[str, str]) -> dict[str, str]:
    """Return the environment git runs in: the caller's without its GIT_* and language, with ours.

    HOME and XDG_CONFIG_HOME stay, so that ``safe.directory``, the global ignore file and filters (LFS) work.
    """
    kept = {key: value for key, value in caller.items() if not key.startswith("GIT_") and key != "LANGUAGE"}
    kept.update((key, caller[key]) for key in _KEPT if key in caller)
    return kept | _SET | _safe_directories(caller)


def online_environment(caller: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a fetch or push: as above, but remotes can be reached as the caller reaches them."""
    kept = {key: value for key, value in clean_environment(caller).items() if key not in _OFFLINE}
    settings = ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
    return kept | {key: value for key, value in caller.items() if key in _ONLINE or key.startswith(settings)}


def _safe_directories(caller: Mapping[str, str]) -> dict[str, str]:
    """Carry over ``safe.directory`` given as GIT_CONFIG_COUNT/KEY_n/VALUE_n, as CI containers do; only that."""
    count = caller.get("GIT_CONFIG_COUNT", "")
    total = int(count) if count.isascii() and count.isdigit() and len(count) < 5 else 0
    values = [
        caller.get(f"GIT_CONFIG_VALUE_{number}", "")
        for number in range(total)
        if caller.get(f"GIT_CONFIG_KEY_{number}", "").lower() == "safe.directory"
    ]
    if not values:
        return {}
    pairs = {"GIT_CONFIG_COUNT": str(len(values))}
    for number, value in enumerate(values):
        pairs |= {f"GIT_CONFIG_KEY_{number}": "safe.directory", f"GIT_CONFIG_VALUE_{number}": value}
    return pairs


def command(*args: Arg) -> list[Arg]:
    """Return the argument list of a git call with everything pinned."""
    pinned = [part for each in _PINNED for part in ("-c", each)]
    return ["git", *pinned, *_FLAGS, *args]


def ask(start_in: Path, *args: Arg) -> Finished:
    """Run git where no repository is known yet, so that git finds it and checks who owns it."""
    return run(command(*args), cwd=start_in, env=clean_environment(os.environ))


class Git:
    """Git in one work tree. Both folders are given to every call, so nothing is searched for again."""

    def __init__(self, top: Path, git_dir: Path) -> None:
        """Take the top folder of the work tree and its git folder, both absolute."""
        self.top = top
        self.git_dir = git_dir
        self._prefix = command(f"--git-dir={git_dir}", f"--work-tree={top}")
        self._environment = clean_environment(os.environ)

    def run(self, *args: Arg, stdin: bytes | None = None, check: bool = True) -> bytes:
        """Run git and return what it printed. Raises GitError when it fails, unless ``check`` is false."""
        return self.finish(*args, stdin=stdin, check=check).out

    def run_with_index(self, index: Path, *args: Arg, stdin: bytes | None = None) -> bytes:
        """Run git with another index than the work tree's, which it may write. Raises GitError when it fails."""
        environment = self._environment | {"GIT_INDEX_FILE": str(index)}
        whole = ("-c", "core.sparseCheckout=false")  # or git passes over what the work tree leaves out (``attr.c``)
        done = run([*self._prefix, *whole, *args], cwd=self.top, env=environment, stdin=stdin)
        if done.code != 0:
            raise self.failed(done.err, args[0])
        return done.out

    def run_without_index(self, *args: Arg) -> bytes:
        """Run git on objects alone. Some commands read the index first, for attributes: 20 ms for 200,000 files."""
        done = run([*self._prefix, *args], cwd=self.top, env=self._without_index)
        if done.code != 0:
            raise self.failed(done.err, args[0])
        return done.out

    def finish(self, *args: Arg, stdin: bytes | None = None, check: bool = True) -> Finished:
        """Run git and return how it ended. Raises GitError when it fails, unless ``check`` is false."""
        done = run([*self._prefix, *args], cwd=self.top, env=self._environment, stdin=stdin)
        if check and done.code != 0:
            raise self.failed(done.err, args[0])
        return done

    def online(self, *args: Arg, stdin: bytes | None = None) -> Finished:
        """Run a fetch or a push, with the caller's transports and credentials: only where that was asked for."""
        environment = online_environment(os.environ)
        return run([*self._prefix, *_ALONE, *args], cwd=self.top, env=environment, stdin=stdin)

    def start(self, *args: Arg, stdin: bool = False, index: bool = True) -> Process:
        """Start git for a caller that reads while it runs. What it says of errors is kept (``Process.said``).

        index: whether it may read the index (``run_without_index``).
        """
        environment = self._environment if index else self._without_index
        return start([*self._prefix, *args], cwd=self.top, env=environment, stdin=stdin, keep=True)

    @property
    def _without_index(self) -> dict[str, str]:
        return self._environment | {"GIT_INDEX_FILE": str(self.git_dir / "mbuild" / "no-index")}

    def failed(self, err: bytes, subcommand: Arg) -> GitError:
        """Return the error for what git wrote when it failed."""
        name = subcommand if isinstance(subcommand, str) else os.fsdecode(subcommand)
        return failure(err, self.top, name)


def release(child: Process) -> None:
    """Let a git that we read from go: it ends at the end of its input, or when nobody takes its output."""
    child.close()
    if child.wait(1.0) is None:
        child.end()
