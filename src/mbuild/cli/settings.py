"""What a command line says, as values. Imports nothing of click."""

from __future__ import annotations

from pathlib import Path

from mbuild.values import dataclass

OWN_FORMATS = ("text", "json")
"""What any answer can be printed as; the others say what is still to be done."""


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
class BuildOptions:
    """The flags that the building commands share."""

    dry_run: bool = False
    builder: str | None = None
    jobs: int | None = None
    timeout: float | None = None
    stall_timeout: float | None = 120
    retries: int = 3
    wait: bool = True
    fail_fast: bool = False
    force: bool = False
    push: bool = False
    tags_last: bool = True
    reuse: bool = True
    promote_from: str | None = None
    annotations: bool = True
    tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    output: str | None = None
    metadata: str | None = None
    metadata_format: str = "json"
    format_: str = "text"
    junit: str | None = None
    report: str | None = None
    shards: int | None = None
    shard: int | None = None


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
    """The same of ``affected --list``. options: those of a build, which its jobs take over."""

    options: BuildOptions = BuildOptions()
