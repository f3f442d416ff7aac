"""``mbuild context``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mbuild.cli import completing
from mbuild.cli.options import fetch_option, format_option
from mbuild.cli.settings import Settings

if TYPE_CHECKING:
    from mbuild.app.workspace import Snapshot
    from mbuild.context.source import ContextSource
    from mbuild.graph.model import ContextUse
    from mbuild.graph.node import Node

EPILOG = """\b
Examples:
  mbuild context api                       how much is sent, and how much a plain build would send
  mbuild context api --list                every file
  mbuild context api --output api.tar      the context itself
  mbuild context api --output libs.tar --context libs
                                           its named context 'libs'
"""


@click.command("context", epilog=EPILOG)
@click.argument("image", shell_complete=completing.images)
@click.option("--head", metavar="REF", help="Which tree: a commit; default: the work tree.")
@click.option("--list", "list_", is_flag=True, help="List the files.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.tar", help="Write the tar.")
@click.option("--context", "named", metavar="NAME", help="With --output: write this named context, not the main one.")
@fetch_option
@format_option("text", "json")
@click.pass_obj
def command(
    settings: Settings, image: str, head: str | None, list_: bool, output: Path | None, named: str | None, format_: str
) -> None:
    """Show the context of one image: exactly the files that its instructions can read."""
    from mbuild.app.question import chosen
    from mbuild.cli.answering import print_json
    from mbuild.cli.looking import open_looking
    from mbuild.errors import UsageError

    if named is not None and output is None:
        raise UsageError("--context says what --output writes: it needs --output")
    workspace = open_looking(settings, head=head)
    snapshot = workspace.snapshot(workspace.head(head))
    (name,) = chosen(snapshot.graph, [image])
    node = snapshot.graph.nodes[name]
    _warn(snapshot, node)
    answer = _answer(workspace, snapshot, node)
    if output is not None:
        _write(output, snapshot, node, named)
    if format_ == "json":
        print_json(answer)
    else:
        sys.stdout.writelines(_text(answer, list_))


def _warn(snapshot: Snapshot, node: Node) -> None:
    from mbuild.app.checkouts import unconverted
    from mbuild.app.running import missing_problem
    from mbuild.cli.boundary import print_problems
    from mbuild.errors import Problem

    print_problems((missing_problem(each.source, node.name, each.where) for each in node.missing), "warning")
    print_problems(unconverted(snapshot, [node]), "warning")
    print_problems((Problem(f"not exact: {each.reason}", each.where) for each in node.doubts), "warning")


def _answer(workspace: Any, snapshot: Snapshot, node: Node) -> dict[str, Any]:
    from mbuild.app.reporting import context_info
    from mbuild.app.requests import context_source
    from mbuild.app.sizes import Sizes

    sources = [context_source(snapshot.tree, use) for use in node.contexts]
    info, sizes = context_info(snapshot, node), Sizes(workspace, snapshot.tree)
    full = [sizes.full(place) for place in node.outline.places]
    return {
        "schema": 1,
        "image": node.name,
        "root": node.definition.context_root or ".",
        "files": _files(snapshot, sources),
        "bytes": info.bytes,
        "digest": info.digest,
        "exact": info.exact,
        "full": {"files": sum(each.files for each in full), "bytes": sum(each.bytes for each in full)},
    }


def _files(snapshot: Snapshot, sources: list[ContextSource]) -> list[dict[str, Any]]:
    """Return what all contexts of an image hold, sorted, a file that two of them share once."""
    found = {entry.path: entry for source in sources for entry in source.entries}
    listed = [found[path] for path in sorted(found)]
    return [
        {"path": entry.path, "mode": f"{entry.mode:06o}", "size": size, "digest": entry.oid}
        for entry, size in zip(listed, snapshot.tree.sizes(listed), strict=True)
    ]


def _text(answer: dict[str, Any], list_: bool) -> Iterator[str]:
    from mbuild.errors import printable
    from mbuild.output.text import table
    from mbuild.output.words import count, size

    if list_:
        rows = [[each["mode"], str(max(0, each["size"])), printable(each["path"])] for each in answer["files"]]
        for line in table(rows, indent=""):
            yield line + "\n"
    full = answer["full"]
    root = printable(answer["root"])
    yield f"{answer['image']}: {count(len(answer['files']), 'file')}, {size(answer['bytes'])} from {root}"
    yield "" if answer["exact"] else " (not exact: the whole context root)"
    yield f"\na plain build would send {count(full['files'], 'file')}, {size(full['bytes'])}\n{answer['digest']}\n"


def _write(output: Path, snapshot: Snapshot, node: Node, named: str | None) -> None:
    """Write the tar of one context, whole or not at all; say which ones it does not hold."""
    from mbuild.app.requests import context_source
    from mbuild.cli.boundary import print_problems
    from mbuild.cli.places import whole
    from mbuild.context.tar import write_tar
    from mbuild.errors import Problem

    use = _use(node, named or "")
    with whole(output) as stream:
        write_tar(context_source(snapshot.tree, use), stream.write, epoch=0)
    others = [each.name for each in node.contexts if each.name and each.entries] if named is None else []
    print_problems(
        (Problem(f"the named context '{each}' is not in {output}: --context {each}") for each in others), "note"
    )


def _use(node: Node, name: str) -> ContextUse:
    """Return the main context or, by name, another folder of the repository that an image has. Raises UsageError."""
    from mbuild.errors import UsageError, listed
    from mbuild.references import quoted

    found = next((use for use in node.contexts if use.name == name), None)
    if found is None:
        known = [use.name for use in node.contexts if use.name]
        hint = f"its named contexts are {listed(known, 10)}" if known else "it has none"
        raise UsageError(f"{node.name} has no folder of this repository as named context {quoted(name)}", hint)
    return found
