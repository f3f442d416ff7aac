"""What build.yaml would refuse of a build that another file states: it is left out, and noted. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mbuild import names as checked
from mbuild.discovery.model import BUILD, FOLDER, LABELS, Build, Other
from mbuild.discovery.notes import Notes
from mbuild.discovery.paths import is_text
from mbuild.errors import Where
from mbuild.images import Secret
from mbuild.passed import cache, label_name, parse_ssh
from mbuild.platforms import platform
from mbuild.references import NameProblem, context_key, parse_reference, quoted
from mbuild.values import dataclass, field, replace

_MAKING = ("argument", "platform", "label", "context")
"""What makes another image; the rest is handed on."""


def usable(build: Build, notes: Notes) -> Build:
    """Return a build without what build.yaml would refuse, which is noted.

    What of it whoever reads the other file makes another image of is unheld.
    """
    check = _Check(build, notes)
    held = replace(
        build,
        args=tuple(each for each in build.args if check.passes("argument", _argument, each)),
        platforms=tuple(each for each in build.platforms if check.passes("platform", platform, each)),
        secrets=tuple(each for each in build.secrets if check.passes("secret", _secret, each)),
        ssh=tuple(each for each in build.ssh if check.passes("ssh", _ssh, each)),
        labels=tuple(each for each in build.labels if check.passes("label", _label, each)),
        cache_from=tuple(each for each in build.cache_from if check.passes("cache", _cache, each)),
        cache_to=tuple(each for each in build.cache_to if check.passes("cache", _cache, each)),
        contexts=tuple(_once(each for each in build.contexts if check.passes("context", _context, each))),
    )
    return replace(held, unheld=(*build.unheld, *check.unheld)) if check.unheld else held


def _once(contexts: Iterator[tuple[str, Other]]) -> list[tuple[str, Other]]:
    """Return contexts without those that BuildKit knows under a name that is there already."""
    found: dict[str, tuple[str, Other]] = {}
    for each in contexts:
        found.setdefault(context_key(each[0]), each)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Check:
    build: Build
    notes: Notes
    unheld: list[tuple[str, str]] = field(default_factory=list)

    def passes(self, what: str, check: object, value: object) -> bool:
        try:
            check(value)  # type: ignore[operator]
        except NameProblem as error:
            message = (
                f"{LABELS[self.build.source]} {quoted(self.build.name)}: {what} left out: {error.problems[0].message}"
            )
            self.notes.remark(message, self.build.where)
            if what in _MAKING:
                self.unheld.append((what, json.dumps(value, default=str)))
            return False
        return True


def _argument(argument: tuple[str, str]) -> None:
    checked.arg_name(argument[0])
    if not is_text(argument[0] + argument[1]):
        raise NameProblem(f"{quoted(argument[0])} has a value that build.yaml cannot hold")


def _secret(secret: Secret) -> None:
    checked.secret_id(secret.id)
    if secret.env:
        checked.variable_name(secret.env)
    if not is_text(secret.file):
        raise NameProblem(f"{quoted(secret.file)} is no path that build.yaml can hold")


def _ssh(text: str) -> None:
    parse_ssh(text)
    _text(text)


def _label(label: tuple[str, str]) -> None:
    label_name(label[0])
    _text("".join(label))


def _cache(text: str) -> None:
    cache(text)
    _text(text)


def _text(text: str) -> None:
    if not is_text(text):
        raise NameProblem(f"{quoted(text)} is nothing that build.yaml can hold")


def _context(context: tuple[str, Other]) -> None:
    from mbuild.config.contexts import parse_context

    name, other = context
    parse_reference(name)
    if not is_text(other.value) and other.kind != BUILD:
        raise NameProblem(f"{quoted(other.value)} is nothing that build.yaml can hold")
    if other.kind == FOLDER:
        parse_context(name, f"./{other.value}", "", (), Where(""))
    elif other.kind != BUILD:
        parse_context(name, other.value, "", (), Where(""))
