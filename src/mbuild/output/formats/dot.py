"""An answer as a graph for Graphviz; arrows lead from an image to what it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbuild.output.formats.picture import boxes

if TYPE_CHECKING:
    from mbuild.output.report import Report

_STYLES = {"build": "filled,bold", "affected": "filled,bold", "reuse": "filled", "used": "dashed"}


def render(report: Report) -> str:
    """Return Graphviz source. Names of images need no escape but quotes."""
    lines = ["digraph plan {", "  rankdir=LR;", "  node [shape=box, fillcolor=lightgrey];"]
    for each in boxes(report):
        names = "\\n".join(each.lines())
        label = f', label="{names}"' if len(each.images) > 1 else ""
        lines.append(f'  "{each.name}" [style="{_STYLES[each.kind]}", tooltip="{each.kind}"{label}];')
        lines += [f'  "{each.name}" -> "{parent}";' for parent in each.uses]
    return "\n".join([*lines, "}"]) + "\n"
