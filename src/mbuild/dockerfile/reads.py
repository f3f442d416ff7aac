"""What a command reads from a context that is a folder.

Rules: BuildKit `dockerfile2llb/convert.go` (`ctxPaths`), `convert_copy.go`, `convert_runmount.go`.
"""

from __future__ import annotations

from collections.abc import Sequence

from mbuild.dockerfile.flags import value, values
from mbuild.dockerfile.gitsource import is_remote
from mbuild.dockerfile.instructions import Command
from mbuild.dockerfile.model import FolderContext, Operation, Read, Resolved
from mbuild.dockerfile.mounts import BIND, CACHE, TMPFS, Mount
from mbuild.values import dataclass, replace

# The mounts that read the build's context when they have no `from`, and those that read what `from` names.
_READS_BUILD_CONTEXT = (BIND,)
_READS_ORIGIN = (BIND, CACHE)


@dataclass(frozen=True, slots=True)
class ContextSource:
    """Where a `--from` or a mount takes its files from: the word ("" for none) and what it resolves to."""

    word: str
    found: Resolved | None


def reads_of(
    command: Command, operation: Operation, mounts: Sequence[Mount], origins: Sequence[ContextSource]
) -> list[Read]:
    """Return what the command reads. operation: the command expanded; origins: of COPY --from, or of each mount."""
    if command.keyword in ("COPY", "ADD"):
        return _copy(operation, origins)
    if command.keyword == "RUN":
        return _mounts(command, mounts, origins)
    return []


def _copy(operation: Operation, origins: Sequence[ContextSource]) -> list[Read]:
    context = _context(origins[0]) if origins else ""
    sources = operation.args[:-1]
    if not origins:
        sources = tuple(each for each in sources if not is_remote(each))
    if context is None or not sources:
        return []
    parents = value(operation.flags, "parents") == "true"
    excludes = values(operation.flags, "exclude")
    return [Read(context, operation.keyword, sources, operation.where, excludes, parents)]


def _mounts(command: Command, mounts: Sequence[Mount], origins: Sequence[ContextSource]) -> list[Read]:
    found: dict[str, list[str]] = {}
    for mount, origin in zip(mounts, origins, strict=True):
        context = _context(origin)
        reading = _READS_ORIGIN if origin.word else _READS_BUILD_CONTEXT
        if context is not None and mount.type in reading:
            found.setdefault(context, []).append(mount.source or "/")
    return [Read(context, "RUN", tuple(sources), command.where) for context, sources in found.items()]


def in_windows(read: Read) -> Read:
    """Return a read of a stage that is made for Windows: `\\` stands between folders (BuildKit `util/system/path.go`,
    NormalizePath), and a path may begin with the drive. What `--exclude` means there is not relied upon.
    """
    sources = tuple([each.replace("\\", "/") for each in read.sources])
    sources = tuple([each[2:] if each[:2].upper() == "C:" else each for each in sources])
    excludes = tuple([each for each in read.excludes if "\\" not in each])
    return replace(read, sources=sources, excludes=excludes)


def idle_reads(command: Command, mounts: Sequence[Mount], origins: Sequence[ContextSource]) -> list[Read]:
    """Return the reads of mounts that need nothing, yet make BuildKit send something once anything else is read.

    A tmpfs without `from` counts as a use of its source, the whole build context without one (`convert_runmount.go`,
    `ctxPaths`); alone it sends nothing, since nothing takes the context then.
    """
    if command.keyword != "RUN":
        return []
    idle = (mount for mount, origin in zip(mounts, origins, strict=True) if not origin.word and mount.type == TMPFS)
    sources = tuple(mount.source or "/" for mount in idle)
    return [Read("", "RUN", sources, command.where)] if sources else []


def _context(origin: ContextSource) -> str | None:
    """Return the context's name, "" for the build's own, None when it is no folder."""
    if not origin.word:
        return ""
    return origin.found.context if isinstance(origin.found, FolderContext) else None
