"""The image graph as JSON, text, Graphviz and Mermaid, readable with hundreds of images."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mbuild.errors import listed, printable
from mbuild.graph.node import Graph, Node
from mbuild.graph.outline import Edge
from mbuild.output.asjson import SCHEMA
from mbuild.output.report import place
from mbuild.output.words import MANY, WIDTH, count, wrapped
from mbuild.values import dataclass

MOST_USERS = 5


@dataclass(frozen=True, slots=True)
class Part:
    """What is shown of a graph. children: of each image shown, those shown that use it directly."""

    graph: Graph
    names: tuple[str, ...]
    children: Mapping[str, set[str]]

    @property
    def nodes(self) -> list[Node]:
        """The images, sorted by name."""
        return [self.graph.nodes[name] for name in self.names]


def part(graph: Graph, names: Sequence[str] = ()) -> Part:
    """Return the images named with all they use and all that use them; everything where none is named."""
    children = graph.children()
    if not names:
        return Part(graph, tuple(graph.nodes), children)
    shown = set(graph.with_parents(dict.fromkeys(names)))
    pending = list(names)
    while pending:
        new = children[pending.pop()] - shown
        shown |= new
        pending += new
    return Part(graph, tuple(sorted(shown)), {name: children[name] & shown for name in shown})


def as_json(shown: Part) -> dict[str, Any]:
    """Return the graph as the contract's JSON value: edges lead from the image that uses to the image that is used."""
    edges = [
        {"from": edge.child, "to": edge.parent, "kind": edge.kind, "where": place(edge.where)}
        for node in shown.nodes
        for edge in _edges(shown, node)
    ]
    images = [
        {"name": node.name, "full_name": node.definition.full_name, "dockerfile": node.definition.dockerfile}
        for node in shown.nodes
    ]
    return {"schema": SCHEMA, "images": images, "edges": edges, "external": external(shown)}


def _edges(shown: Part, node: Node) -> list[Edge]:
    return [edge for edge in node.edges if edge.parent in shown.children]


def external(shown: Part) -> list[dict[str, Any]]:
    """Return the external images with who uses them, sorted."""
    found: dict[str, list[str]] = {}
    for node in shown.nodes:
        for ref, _ in node.external:
            found.setdefault(ref, []).append(node.name)
    return [{"ref": ref, "used_by": sorted(users)} for ref, users in sorted(found.items())]


def as_text(shown: Part, width: int = WIDTH) -> str:
    """Return a tree from the images that use no other one; an image with several parents stands below each.

    Many images that nobody uses share lines of at most ``width`` characters, where names are no longer than that.
    """
    return "".join(f"{line}\n" for line in _text(shown, width))


def _text(shown: Part, width: int) -> Iterator[str]:
    tops = [name for name in shown.graph.order if name in shown.children and not _parents(shown, name)]
    alone = [name for name in tops if not shown.children[name]]
    alone = alone if len(alone) > MANY else []
    if len(shown.names) > 10 * MANY:
        used = sum(1 for each in shown.children.values() if each)
        yield f"{count(len(shown.names), 'image')}, {used} of them used by others"
        yield ""
    seen: set[str] = set()
    for name in tops:
        if name not in alone:
            yield from _branch(shown, name, seen, width)
    if alone:
        yield ""
        yield f"{count(len(alone), 'image')} that use none of these, and that none uses:"
        yield from wrapped(sorted(alone), "  ", width)
    outside = external(shown)
    if outside:
        yield ""
        yield "external images:"
        for each in outside:
            yield f"  {printable(each['ref'])}  used by {_users(each['used_by'])}"


def _parents(shown: Part, name: str) -> list[str]:
    return [each for each in shown.graph.images.summaries[name].parents if each in shown.children]


def _users(names: Sequence[str]) -> str:
    if len(names) <= MOST_USERS:
        return ", ".join(names)
    return f"{count(len(names), 'image')}: {listed(names, MOST_USERS)}"


def _branch(shown: Part, name: str, seen: set[str], width: int) -> Iterator[str]:
    """Yield an image and what uses it; what was shown already is not unfolded again."""
    pending: list[tuple[str | list[str], str]] = [(name, "")]
    while pending:
        what, indent = pending.pop()
        if isinstance(what, list):
            yield from wrapped(what, indent, width)
            continue
        users = shown.children[what]
        again = what in seen and bool(users)
        yield f"{indent}{what}{' …' if again else ''}"
        if not again:
            seen.add(what)
            pending.extend((each, indent + "  ") for each in reversed(_below(shown, users)))


def _below(shown: Part, users: set[str]) -> list[str | list[str]]:
    """Return what stands below an image: many that nobody uses together, the last of all."""
    leaves = sorted(each for each in users if not shown.children[each])
    if len(leaves) <= MANY:
        return sorted(users)
    return [*sorted(users - set(leaves)), leaves]


def as_dot(shown: Part) -> str:
    """Return Graphviz source; arrows lead from an image to what it uses."""
    lines = ["digraph images {", "  rankdir=LR;", "  node [shape=box];"]
    boxes = _boxes(shown)
    ids, refs = _ids(boxes, external(shown))
    lines += [f"  {ids[names[0]]} [label={_quoted(chr(10).join(_lines(names)))}];" for names in boxes]
    lines += [f"  {key} [label={_quoted(printable(ref))}, style=dashed];" for ref, key in refs.items()]
    for name, *_ in boxes:
        node = shown.graph.nodes[name]
        edges = _edges(shown, node)
        lines += [f"  {ids[name]} -> {ids[edge.parent]} [label={edge.kind}];" for edge in edges]
        lines += [f"  {ids[name]} -> {refs[ref]} [style=dashed];" for ref, _ in node.external]
    return "\n".join([*lines, "}"]) + "\n"


def _boxes(shown: Part) -> list[list[str]]:
    """Return the images box by box: many that nobody uses and that use the same in the same way share one."""
    alike: dict[object, list[str]] = {}
    for node in shown.nodes:
        uses = tuple((edge.parent, edge.kind) for edge in _edges(shown, node))
        outside = tuple(ref for ref, _ in node.external)
        key = node.name if shown.children[node.name] else (uses, outside)
        alike.setdefault(key, []).append(node.name)
    together = [names for names in alike.values() if len(names) > MANY]
    single = [[name] for names in alike.values() if len(names) <= MANY for name in names]
    return sorted(together + single)


def _ids(boxes: Sequence[Sequence[str]], outside: Sequence[dict[str, Any]]) -> tuple[dict[str, str], dict[str, str]]:
    """Return an id for the box of each image, and one for each external image: both may be called alike."""
    ids = {name: f"i{index}" for index, names in enumerate(boxes) for name in names}
    return ids, {each["ref"]: f"e{index}" for index, each in enumerate(outside)}


def _lines(names: Sequence[str]) -> Iterable[str]:
    """Return what stands in a box."""
    return wrapped(names, "", WIDTH // 2)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def as_mermaid(shown: Part) -> str:
    """Return a Mermaid flow chart; arrows lead from an image to what it uses."""
    boxes = _boxes(shown)
    ids, refs = _ids(boxes, external(shown))
    lines = ["flowchart LR"]
    lines += [f'  {ids[names[0]]}["{"<br>".join(map(_escaped, _lines(names)))}"]' for names in boxes]
    lines += [f'  {key}(["{_escaped(printable(ref))}"])' for ref, key in refs.items()]
    for name, *_ in boxes:
        node = shown.graph.nodes[name]
        lines += [f"  {ids[edge.child]} -->|{edge.kind}| {ids[edge.parent]}" for edge in _edges(shown, node)]
        lines += [f"  {ids[name]} -.-> {refs[ref]}" for ref, _ in node.external]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
