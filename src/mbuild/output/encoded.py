"""Images that were not planned as JSON, an image a line.

Written by hand: to make values of thousands of images, and then text of these, takes as long as git takes for the rest
of the answer. The other images are written by ``report``.
"""

from __future__ import annotations

from collections.abc import Iterable
from json.encoder import encode_basestring_ascii as _text
from typing import TYPE_CHECKING

from mbuild.output.report import place

if TYPE_CHECKING:
    from mbuild.graph.affected import Reason
    from mbuild.graph.images import Summary


class Encoded(str):
    """A value that is JSON already."""

    __slots__ = ()


class Lists(dict[tuple[str, ...], str]):
    """Lists of texts as JSON: there are few different ones."""

    def __missing__(self, key: tuple[str, ...]) -> str:
        found = self[key] = f"[{', '.join(map(_text, key))}]"
        return found


Keys = tuple[str, str, str]
"""Keys that a plan has more than a listing: behind ``affected``, behind ``parents``, and at the end."""


def listed(name: str, said: str, reasons: tuple[Reason, ...] | None) -> Encoded:
    """Return what a listing says of an image. said: by ``Images.written``; reasons: None where it is not affected."""
    if reasons is None:
        return Encoded(f'{{"name": {_text(name)}, "affected": false, {said}, "reasons": []}}')
    return Encoded(f'{{"name": {_text(name)}, "affected": true, {said}, "reasons": {_reasons(reasons)}}}')


def planned(action: str | None) -> Keys:
    """Return the keys of a plan that has nothing to do with an image."""
    said = "null" if action is None else _text(action)
    return (f'"action": {said}, "fingerprint": null, ', '"tags": null, ', ', "context": null, "estimate_seconds": null')


def left_out(name: str, about: Summary, reasons: tuple[Reason, ...] | None, known: Lists, keys: Keys) -> Encoded:
    """Return what a plan says of an image that it has nothing to do with. reasons: None where it is not affected."""
    dockerfile, root, target, platforms, parents = about
    plan, tags, end = keys
    return Encoded(
        f'{{"name": {_text(name)}, "affected": {"false" if reasons is None else "true"}, {plan}'
        f'"dockerfile": {_text(dockerfile)}, "context_root": {_text(root or ".")}, '
        f'"target": {"null" if target is None else _text(target)}, "parents": {known[parents]}, {tags}'
        f'"platforms": {known[platforms]}, "reasons": {_reasons(reasons) if reasons else "[]"}{end}}}'
    )


def _reasons(reasons: Iterable[Reason]) -> str:
    return f"[{', '.join(map(_reason, reasons))}]"


def _reason(each: Reason) -> str:
    said = f'{{"kind": {_text(each.kind)}'
    if each.path is not None:
        said += f', "path": {_text(each.path)}'
    if each.change is not None:
        said += f', "change": {_text(each.change)}'
    if each.parent is not None:
        said += f', "parent": {_text(each.parent)}'
    where = place(each.where)
    return said + "}" if where is None else f'{said}, "where": {_text(where)}}}'
