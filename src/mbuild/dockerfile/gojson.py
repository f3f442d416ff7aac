"""JSON as Go's `encoding/json` reads it into values of any type."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from mbuild.dockerfile.gotext import runes


class TooDeepError(ValueError):
    """JSON that is nested deeper than Python can follow."""


def load(text: str) -> Any:
    """Decode a JSON text. Raises ValueError where Go refuses it, and `TooDeepError` where Go might not."""
    try:
        return _mend(json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_refuse))
    except RecursionError as error:
        raise TooDeepError("too many brackets") from error


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:20]} is out of range")
    return number


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _mend(value: Any) -> Any:
    """Replace bytes that are not UTF-8, and halves of surrogate pairs, in strings by U+FFFD, as Go does."""
    if isinstance(value, str):
        return runes(value)
    if isinstance(value, list):
        return [_mend(each) for each in value]
    if isinstance(value, dict):
        return {_mend(key): _mend(each) for key, each in value.items()}
    return value
