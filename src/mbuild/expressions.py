"""Regular expressions that are compiled when they are first used: a short answer needs few of those it meets."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

_METHODS = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub")


class _Waiting:
    """Stands in for a compiled expression, and hands on its methods."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self._given = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(name)
        found = re.compile(*self._given)
        for each in _METHODS:
            setattr(self, each, getattr(found, each))
        return getattr(found, name)


def expression(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what ``re.compile`` does. A pattern that is none is found out when it is first used."""
    return cast("re.Pattern[AnyStr]", _Waiting(pattern, flags))
