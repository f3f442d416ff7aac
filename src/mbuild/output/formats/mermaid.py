"""An answer as a Mermaid flow chart; arrows lead from an image to what it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbuild.output.formats.picture import boxes

if TYPE_CHECKING:
    from mbuild.output.report import Report


def render(report: Report) -> str:
    """Return Mermaid source. Names stand in quotes: ``end``, alone, would close a block."""
    shown = boxes(report)
    ids = {each.name: f"i{number}" for number, each in enumerate(shown)}
    lines = ["flowchart LR"]
    lines += [f'  {ids[each.name]}["{"<br>".join(each.lines())}"]:::{each.kind}' for each in shown]
    lines += [f"  {ids[each.name]} --> {ids[parent]}" for each in shown for parent in each.uses]
    lines += ["  classDef build stroke-width:3px", "  classDef affected stroke-width:3px"]
    lines += ["  classDef reuse stroke-width:1px", "  classDef used stroke-dasharray:4"]
    return "\n".join(lines) + "\n"
