"""``mbuild graph``."""

from __future__ import annotations

import sys

import click

from mbuild.cli.options import fetch_option, format_option
from mbuild.cli.settings import Settings

EPILOG = """\b
Examples:
  mbuild graph                                  as a tree
  mbuild graph --format dot | dot -Tsvg         as a picture
  mbuild graph --format mermaid                 for a README
"""


@click.command("graph", epilog=EPILOG)
@click.option("--head", metavar="REF", help="Which tree: a commit; default: the work tree.")
@fetch_option
@format_option("text", "json", "dot", "mermaid")
@click.pass_obj
def command(settings: Settings, head: str | None, format_: str) -> None:
    """Show the images, what they use of each other, and the external images."""
    from mbuild.cli.answering import print_json
    from mbuild.cli.looking import open_looking
    from mbuild.output import graphs

    workspace = open_looking(settings)
    graph = workspace.snapshot(workspace.head(head)).graph
    if format_ == "json":
        print_json(graphs.as_json(graph))
    else:
        formats = {"text": graphs.as_text, "dot": graphs.as_dot, "mermaid": graphs.as_mermaid}
        sys.stdout.write(formats[format_](graph))
