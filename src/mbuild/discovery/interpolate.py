"""Variables in compose files: ``$X``, ``${X}``, ``$$``; ``${X:-d}``, ``${X:?e}``, ``${X:+a}`` with or without ``:``.

A ``$`` with which none of them begins is text.

Rules: the compose specification (interpolation) and compose-go's ``template`` package. Values come from ``.env`` files
alone: the environment of whoever runs mbuild never counts, so that every clone gives the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from mbuild.values import dataclass

_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")
MAX_NESTED = 32


class InterpolationError(ValueError):
    """A text that cannot be interpolated: a wrong ``${``, or a variable that is required and has no value."""


def expand(text: str, values: Mapping[str, str], unset: Callable[[str], object] = str) -> str:
    """Return a text with its variables replaced. Raises InterpolationError.

    unset: told the name of each variable that has no value and no default: it counts as empty.
    """
    return _Expansion(values, unset).text(text, 0) if "$" in text else text


@dataclass(frozen=True, slots=True)
class _Expansion:
    values: Mapping[str, str]
    unset: Callable[[str], object]

    def text(self, text: str, depth: int) -> str:
        if depth > MAX_NESTED:
            raise InterpolationError("variables are nested too deep")
        parts: list[str] = []
        at = 0
        while (dollar := text.find("$", at)) >= 0:
            parts.append(text[at:dollar])
            value, at = self._one(text, dollar + 1, depth)
            parts.append(value)
        return "".join((*parts, text[at:]))

    def _one(self, text: str, at: int, depth: int) -> tuple[str, int]:
        """Return the value of what follows a ``$``, and where it ends."""
        if text[at : at + 1] == "$":
            return "$", at + 1
        if text[at : at + 1] == "{":
            end = _closing(text, at)
            return self._braced(text[at + 1 : end], depth), end + 1
        name = _NAME.match(text, at)
        if name is None:
            return "$", at
        return self._plain(name[0]), name.end()

    def _plain(self, name: str) -> str:
        if name not in self.values:
            self.unset(name)
        return self.values.get(name, "")

    def _braced(self, inner: str, depth: int) -> str:
        name = _NAME.match(inner)
        rest = inner[name.end() :] if name else ""
        if name is None or (rest and not _OPERATOR.match(rest)):
            raise InterpolationError(f"'${{{inner}}}' is no variable")
        operator = _OPERATOR.match(rest)
        if operator is None:
            return self._plain(name[0])
        return self._operation(name[0], operator[0], rest[operator.end() :], depth)

    def _operation(self, name: str, operator: str, word: str, depth: int) -> str:
        value = self.values.get(name)
        present = bool(value) if operator[0] == ":" else value is not None
        if operator[-1] == "+":
            return self.text(word, depth + 1) if present else ""
        if present:
            return value or ""
        if operator[-1] == "?":
            said = self.text(word, depth + 1)
            raise InterpolationError(f"${{{name}}} must have a value" + (f": {said}" if said else ""))
        return self.text(word, depth + 1)


def _closing(text: str, opening: int) -> int:
    """Return where the brace at ``opening`` is closed; variables nest."""
    depth, at = 0, opening
    while at < len(text):
        if text.startswith("${", at):
            depth, at = depth + 1, at + 1
        elif text[at] == "{" and at == opening:
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise InterpolationError(f"'{text}' has a '${{' without a '}}'")
