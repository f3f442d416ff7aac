"""The images of ``affected --list`` as JSON, an image a line.

Written by hand: to make values of thousands of images, and then text of these, takes as long as git takes for the rest
of the answer. What stands here is what ``report.as_json`` says of an image that was not planned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from json.encoder import encode_basestring_ascii as _text
from typing import TYPE_CHECKING, Any

from mbuild.output import report
from mbuild.output.report import Report, place

if TYPE_CHECKING:
    from mbuild.graph.affected import Reason
    from mbuild.graph.images import Images


class Encoded(str):
    """A value that is JSON already."""

    __slots__ = ()


def as_json(said: Report, images: Images, affected: Mapping[str, tuple[Reason, ...]]) -> dict[str, Any]:
    """Return the answer as the contract's JSON value: what a report without images says, and the images."""
    return report.as_json(said) | {"images": lines(images, affected)}


def lines(images: Images, affected: Mapping[str, tuple[Reason, ...]]) -> list[Encoded]:
    """Return what is said of each image, sorted by name."""
    about, known = images.summaries, _Lists()
    found = []
    for name in images.names:
        dockerfile, root, target, platforms, parents = about[name]
        reasons = affected.get(name)
        found.append(
            Encoded(
                f'{{"name": {_text(name)}, "affected": {"false" if reasons is None else "true"}, '
                f'"dockerfile": {_text(dockerfile)}, "context_root": {_text(root or ".")}, '
                f'"target": {"null" if target is None else _text(target)}, "parents": {known[parents]}, '
                f'"platforms": {known[platforms]}, "reasons": {_reasons(reasons) if reasons else "[]"}}}'
            )
        )
    return found


class _Lists(dict[tuple[str, ...], str]):
    """Lists of texts as JSON: there are few different ones."""

    def __missing__(self, key: tuple[str, ...]) -> str:
        found = self[key] = f"[{', '.join(map(_text, key))}]"
        return found


def _reasons(reasons: Iterable[Reason]) -> str:
    return f"[{', '.join(map(_reason, reasons))}]"


def _reason(each: Reason) -> str:
    said = f'{{"kind": {_text(each.kind)}'
    shown = (("path", each.path), ("change", each.change), ("parent", each.parent), ("where", place(each.where)))
    for key, value in shown:
        if value is not None:
            said += f', "{key}": {_text(value)}'
    return said + "}"
