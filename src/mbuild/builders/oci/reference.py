"""Image names in a layout: short as people write them, in full as engines compare them."""

from __future__ import annotations

from mbuild.references import NameProblem, Reference, parse_reference
from mbuild.values import replace

DEFAULT_TAG = "latest"


def with_tag(name: str) -> str:
    """Return the familiar form with ``:latest`` where it has neither tag nor digest. Raises NameProblem."""
    return _complete(name).familiar_text


def canonical(name: str) -> str:
    """Return the full form, ``docker.io/shop/api:latest`` for ``shop/api``; what is no reference stays as it is."""
    try:
        return str(_complete(name))
    except NameProblem:
        return name


def _complete(name: str) -> Reference:
    found = parse_reference(name)
    return found if found.tag or found.digest else replace(found, tag=DEFAULT_TAG)
