"""Parser directives (BuildKit `frontend/dockerfile/parser/directives.go`)."""

from __future__ import annotations

import re

from mbuild.dockerfile.gojson import load
from mbuild.dockerfile.gotext import BOM, FALSE, SPACE, TRUE, decode
from mbuild.values import dataclass

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*\Z")
_NAMES = frozenset(("syntax", "escape", "check"))


@dataclass(frozen=True, slots=True)
class Syntax:
    """The frontend a file asks for. `plain`: it asks in a `#` comment; otherwise it need not be a Dockerfile at all."""

    frontend: str
    line: int
    plain: bool


class DirectiveError(ValueError):
    """A parser directive that BuildKit refuses. One line."""


class Directives:
    """Reads the directives at the top of a file, line by line, until a line is none: then it is `done`."""

    def __init__(self, comment: str = "#") -> None:
        self.comment = comment
        self.seen: set[str] = set()
        self.done = False

    def read(self, line: str) -> tuple[str, str] | None:
        """Return the directive (name in lower case, value) of the next line, or None. Raises `DirectiveError`."""
        found = None
        if line.startswith(self.comment):
            found = _DIRECTIVE.match(line[len(self.comment) :].lstrip(SPACE))
        if found is None or found[1].lower() not in _NAMES:
            self.done = True
            return None
        name = found[1].lower()
        if name in self.seen:
            raise DirectiveError(f"only one {name} parser directive can be used")
        self.seen.add(name)
        return name, found[2]


def check_options(text: str) -> None:
    """Check the value of `# check=`: `skip`, `error` and `experimental`. BuildKit `linter.ParseLintOptions`.

    Raises `DirectiveError`.
    """
    for option in text.split(";", 2) if text.strip(SPACE) else ():
        name, equals, value = option.partition("=")
        name = name.strip(SPACE)
        if not equals or name not in ("skip", "error", "experimental"):
            raise DirectiveError(f"the check directive has no option {option!r}: it has skip, error and experimental")
        if name == "error" and value.strip(SPACE) not in (*TRUE, *FALSE):
            raise DirectiveError(f"the check directive's error is true or false, not {value!r}")


def detect_syntax(data: bytes) -> Syntax | None:
    """Return the frontend that a file asks for, wherever BuildKit looks: `# syntax=`, `// syntax=`, `{"syntax": …}`."""
    text, shebang = _without_shebang(data)
    for comment in ("#", "//"):
        value, line = _find("syntax", text, comment)
        if value:
            return Syntax(value.partition(" ")[0], line + shebang, comment == "#")
    frontend = _json_value("syntax", text)
    return None if frontend is None else Syntax(frontend, 1 + shebang, plain=False)


def detect_check(data: bytes) -> tuple[str, int]:
    """Return the value of `# check=` and its line, or ("", 0): unlike for the parser, no blank stands before it."""
    text, shebang = _without_shebang(data)
    value, line = _find("check", text, "#")
    return value, line + shebang


def _without_shebang(data: bytes) -> tuple[str, bool]:
    text = decode(data.removeprefix(BOM))
    return (text.partition("\n")[2], True) if text.startswith("#!") else (text, False)


def _find(name: str, text: str, comment: str) -> tuple[str, int]:
    """Return the value and the line of a directive, or ("", 0)."""
    directives = Directives(comment)
    number = 0
    try:
        while not directives.done:
            line, _, text = text.partition("\n")
            number += 1
            found = directives.read(line.removesuffix("\r"))
            if found and found[0] == name:
                return found[1], number
    except DirectiveError:
        pass  # what stands before it counts; parsing reports it
    return "", 0


def _json_value(name: str, text: str) -> str | None:
    if not text.lstrip("\t\n\r ").startswith("{"):
        return None
    try:
        found = load(text)
    except ValueError:
        return None
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else None
