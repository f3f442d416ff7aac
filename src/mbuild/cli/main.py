"""The top of the command line: global options, and commands that are imported when they are asked for."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import click

from mbuild import __version__
from mbuild.cli.settings import Settings

COMMANDS = {
    "affected": "Build the images that a change affects.",
    "all": "Make every image exist: build what has no build, reuse the rest.",
    "audit": "Check that images which are not affected build to the same.",
    "build": "Build the named images and the parents they need.",
    "check": "Read the configuration and every Dockerfile; report all problems.",
    "context": "Show the build context of an image, or write it as a tar.",
    "explain": "Say why an image is affected or not, or which images read a path.",
    "graph": "Show images, their parents and the external images.",
    "mark-success": "Note that a commit was built: a base for --base last-success.",
    "init": "Write build.yaml from Dockerfiles, compose, bake and skaffold files.",
    "simulate": "Replay history: what each commit would have rebuilt.",
    "state": "Show or remove what is kept of earlier builds.",
}


EPILOG = """\b
Examples:
  mbuild affected --dry-run     what would be built, and why
  mbuild affected               build it
  mbuild all --tag v1.2.3       make every image exist, and tag all of them
  mbuild explain api            why it is affected, or why not
"""


class LazyGroup(click.Group):
    """Knows its commands by name and imports each one only when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"mbuild.cli.{cmd_name.replace('-', '_')}_command").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse an unknown command, naming the nearest one."""
        if args and args[0] not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            ctx.fail(f"no such command '{args[0]}'" + (f"; did you mean '{near[0]}'?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=EPILOG,
)
@click.version_option(__version__, message="mbuild %(version)s")
@click.option("-C", "directory", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Work in DIR.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Use FILE instead of build.yaml.")
@click.option(
    "--progress",
    type=click.Choice(["auto", "tty", "plain", "json", "quiet"]),
    default="auto",
    help="How to show a running build, on stderr.",
)
@click.option("-v", "--verbose", count=True, help="Show what the steps of a build write.")
@click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR).")
@click.pass_context
def cli(ctx: click.Context, directory: Path, config: Path | None, progress: str, verbose: int, no_color: bool) -> None:
    """Build the container images of a monorepo: only those that a change can have altered."""
    color = not no_color and not os.environ.get("NO_COLOR")
    ctx.obj = Settings(directory, config, progress, verbose, color)
