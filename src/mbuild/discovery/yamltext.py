"""Values as a person writes them in YAML: plain where nothing could misread them, else in double quotes. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@+=-]*(?::[A-Za-z0-9_./@+=-]+)*")
# What some reader of YAML takes for something else than text: numbers, dates, times, truth values, nothing.
_OTHER = re.compile(
    r"[-+.]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|0[xob][0-9a-f_]+|[0-9]+(:[0-9]+)+(\.[0-9]*)?|[0-9]{4}-[0-9]+-[0-9]+.*"
    r"|[-+]?\.(inf|nan)|true|false|yes|no|on|off|y|n|null|~|=",
    re.IGNORECASE,
)
# What YAML allows in a file, less the line breaks and the mark that are read as something else than themselves.
_ESCAPED = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
WIDTH = 100


def scalar(text: str) -> str:
    """Return a text as a YAML scalar."""
    if _PLAIN.fullmatch(text) and not _OTHER.fullmatch(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda each: f"\\U{ord(each[0]):08X}", quoted)


def flow_list(values: Iterable[str]) -> str:
    """Return a list on one line."""
    return f"[{', '.join(scalar(each) for each in values)}]"


def flow_mapping(values: Mapping[str, str]) -> str:
    """Return a mapping on one line."""
    return f"{{{', '.join(f'{scalar(key)}: {scalar(value)}' for key, value in values.items())}}}"


def mapping(key: str, values: Mapping[str, str], indent: str) -> list[str]:
    """Return the lines of a key with a mapping, on one line where it fits."""
    line = f"{indent}{key}: {flow_mapping(values)}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{indent}{key}:", *(f"{indent}  {scalar(name)}: {scalar(value)}" for name, value in values.items())]


def comment(text: str) -> str:
    """Return a text as a comment on one line."""
    from mbuild.errors import printable

    return f"# {printable(text)}"
