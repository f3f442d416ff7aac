"""What a command line says, as values. Imports nothing of click."""

from __future__ import annotations

from pathlib import Path

from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """The global options. fetch: of the commands that take it."""

    directory: Path
    config: Path | None
    progress: str
    verbose: int
    color: bool
    fetch: bool = False


@dataclass(frozen=True, slots=True)
class Comparing:
    """What ``affected`` is asked, as its options say it. exit_code: 1 when something is affected."""

    images: tuple[str, ...] = ()
    base: str | None = None
    head: str | None = None
    missing_base: str = "error"
    exit_code: bool = False


@dataclass(frozen=True, slots=True)
class Listing(Comparing):
    """The same of ``affected --list``."""

    platforms: tuple[str, ...] = ()
    format_: str = "text"
    shards: int | None = None
    shard: int | None = None
