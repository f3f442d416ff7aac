"""``mbuild graph``."""

from __future__ import annotations

import sys

import click

from mbuild.cli import completing
from mbuild.cli.options import fetch_option, format_option
from mbuild.cli.settings import Settings

EPILOG = """\b
Examples:
  mbuild graph                                  as a tree
  mbuild graph python-base                      this image, what it uses, and what uses it
  mbuild graph --format dot | dot -Tsvg         as a picture
  mbuild graph --format mermaid                 for a README
"""


@click.command("graph", epilog=EPILOG)
@click.argument("images", nargs=-1, metavar="[IMAGE]…", shell_complete=completing.images)
@click.option("--head", metavar="REF", help="Which tree: a commit; default: the work tree.")
@fetch_option
@format_option("text", "json", "dot", "mermaid")
@click.pass_obj
def command(settings: Settings, images: tuple[str, ...], head: str | None, format_: str) -> None:
    """Show the images, what they use of each other, and the external images.

    With names: only those, all that they use and all that use them.
    """
    import shutil

    from mbuild.app.question import chosen
    from mbuild.cli.answering import print_json
    from mbuild.cli.looking import open_looking
    from mbuild.output import graphs
    from mbuild.output.words import WIDTH

    workspace = open_looking(settings, head=head)
    graph = workspace.snapshot(workspace.head(head)).graph
    shown = graphs.part(graph, chosen(graph, images))
    if format_ == "json":
        print_json(graphs.as_json(shown))
    elif format_ == "text":
        sys.stdout.write(graphs.as_text(shown, shutil.get_terminal_size((WIDTH, 0)).columns))
    else:
        formats = {"dot": graphs.as_dot, "mermaid": graphs.as_mermaid}
        sys.stdout.write(formats[format_](shown))
