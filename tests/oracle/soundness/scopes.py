"""What a stage knows while its steps are gone through, and words with their variables replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.oracle.soundness.values import Step, Var, Word

_NOTHING = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


@dataclass
class Scope:
    """A stage up to some step.

    identity: what it is made of so far. env: what is kept in the image; known: variables of both kinds.
    triggers: of what it starts from; onbuild: its own.
    """

    identity: object
    env: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    triggers: tuple[Step, ...] = ()
    onbuild: list[Step] = field(default_factory=list)

    @classmethod
    def starting(cls, identity: object) -> Scope:
        """Return what a stage begins with that starts from something of which nothing is known."""
        return cls(identity, dict(_NOTHING), dict(_NOTHING))

    def child(self) -> Scope:
        """Return what a stage that starts from here begins with."""
        return Scope(self.identity, dict(self.env), {**self.known, **self.env}, tuple(self.onbuild))


def expand(parts: Word, values: Mapping[str, str]) -> str:
    """Return a word with its variables replaced."""
    return "".join(each if isinstance(each, str) else _value(each, values) for each in parts)


def _value(var: Var, values: Mapping[str, str]) -> str:
    value = values.get(var.name, "")
    if var.op == ":-":
        return value or var.word
    if var.op == ":+":
        return var.word if value else ""
    return value
