"""The image graph as JSON, text, Graphviz and Mermaid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mbuild.graph.node import Graph
from mbuild.output.report import SCHEMA, place


def as_json(graph: Graph) -> dict[str, Any]:
    """Return the graph as the contract's JSON value: edges lead from the image that uses to the image that is used."""
    edges = [
        {"from": edge.child, "to": edge.parent, "kind": edge.kind, "where": place(edge.where)}
        for node in graph.nodes.values()
        for edge in node.edges
    ]
    images = [
        {"name": node.name, "full_name": node.definition.full_name, "dockerfile": node.definition.dockerfile}
        for node in graph.nodes.values()
    ]
    return {"schema": SCHEMA, "images": images, "edges": edges, "external": external(graph)}


def external(graph: Graph) -> list[dict[str, Any]]:
    """Return the external images with who uses them, sorted."""
    found: dict[str, list[str]] = {}
    for node in graph.nodes.values():
        for ref, _ in node.external:
            found.setdefault(ref, []).append(node.name)
    return [{"ref": ref, "used_by": sorted(users)} for ref, users in sorted(found.items())]


def as_text(graph: Graph) -> str:
    """Return a tree from the images that use no other one; an image with several parents stands below each."""
    return "".join(f"{line}\n" for line in _text(graph))


def _text(graph: Graph) -> Iterator[str]:
    children = graph.children()
    shown: set[str] = set()
    for name in graph.order:
        if not graph.nodes[name].parents:
            yield from _branch(children, name, shown)
    outside = external(graph)
    if outside:
        yield ""
        yield "external images:"
        for each in outside:
            yield f"  {each['ref']}  used by {', '.join(each['used_by'])}"


def _branch(children: dict[str, set[str]], name: str, shown: set[str]) -> Iterator[str]:
    """Yield an image and what uses it; what was shown already is not unfolded again."""
    pending = [(name, "")]
    while pending:
        name, indent = pending.pop()
        again = name in shown and bool(children[name])
        yield f"{indent}{name}{' …' if again else ''}"
        if not again:
            shown.add(name)
            pending.extend((child, indent + "  ") for child in sorted(children[name], reverse=True))


def as_dot(graph: Graph) -> str:
    """Return Graphviz source; arrows lead from an image to what it uses."""
    lines = ["digraph images {", "  rankdir=LR;", "  node [shape=box];"]
    lines += [f"  {_quoted(name)};" for name in graph.nodes]
    lines += [f"  {_quoted(each['ref'])} [style=dashed];" for each in external(graph)]
    for node in graph.nodes.values():
        lines += [f"  {_quoted(edge.child)} -> {_quoted(edge.parent)} [label={edge.kind}];" for edge in node.edges]
        lines += [f"  {_quoted(node.name)} -> {_quoted(ref)} [style=dashed];" for ref, _ in node.external]
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def as_mermaid(graph: Graph) -> str:
    """Return a Mermaid flow chart; arrows lead from an image to what it uses."""
    outside = external(graph)
    ids = {name: f"i{index}" for index, name in enumerate(graph.nodes)}
    refs = {each["ref"]: f"e{index}" for index, each in enumerate(outside)}
    lines = ["flowchart LR"]
    lines += [f'  {key}["{_escaped(name)}"]' for name, key in ids.items()]
    lines += [f'  {key}(["{_escaped(ref)}"])' for ref, key in refs.items()]
    for node in graph.nodes.values():
        lines += [f"  {ids[edge.child]} -->|{edge.kind}| {ids[edge.parent]}" for edge in node.edges]
        lines += [f"  {ids[node.name]} -.-> {refs[ref]}" for ref, _ in node.external]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
