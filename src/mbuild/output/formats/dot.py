"""An answer as a graph for Graphviz; arrows lead from an image to what it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbuild.output.formats.picture import arrows, boxes

if TYPE_CHECKING:
    from mbuild.output.report import Report

_STYLES = {"build": "filled,bold", "affected": "filled,bold", "reuse": "filled", "used": "dashed"}


def render(report: Report) -> str:
    """Return Graphviz source. Names of images need no escape but quotes."""
    lines = ["digraph plan {", "  rankdir=LR;", "  node [shape=box, fillcolor=lightgrey];"]
    lines += [f'  "{each.name}" [style="{_STYLES[each.kind]}", tooltip="{each.kind}"];' for each in boxes(report)]
    lines += [f'  "{image}" -> "{parent}";' for image, parent in arrows(report)]
    return "\n".join([*lines, "}"]) + "\n"
