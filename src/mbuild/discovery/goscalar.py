"""The text that compose makes of a number or truth value written without quotes: ``3.10`` becomes ``3.1``.

Compose files go through Go: ``gopkg.in/yaml.v3`` (``resolve.go``) decides what a plain scalar is, and ``fmt.Sprint``
writes it out again.
"""

from __future__ import annotations

import re

from mbuild.discovery.yamlfile import Node

_BOOL = {"true": "true", "True": "true", "TRUE": "true", "false": "false", "False": "false", "FALSE": "false"}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INT = re.compile(r"[-+]?(0b[01]+|0o[0-7]+|0x[0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_INT_LIMIT = 1 << 64
_MOST_PLAIN = 6


def scalar_text(node: Node) -> str | None:
    """Return the text of a scalar as compose passes it on; None for null and for what is no scalar."""
    text = node.text
    if text is None or not node.plain:
        return text
    if text in _BOOL:
        return _BOOL[text]
    if _DATE.fullmatch(text):
        return f"{text} 00:00:00 +0000 UTC"
    return _number(text)


def _number(text: str) -> str:
    digits = text.replace("_", "") if text[:1] in "-+.0123456789" else text
    if _INT.fullmatch(digits):
        number = _integer(digits)
        return str(number) if abs(number) < _INT_LIMIT else _float(float(number))
    return _float(float(digits)) if _FLOAT.fullmatch(digits) else text


def _integer(text: str) -> int:
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
    base = {"0b": 2, "0o": 8, "0x": 16}.get(digits[:2])
    if base is None:
        return sign * int(digits, 8 if digits[0] == "0" else 10)
    return sign * int(digits[2:], base)


def _float(number: float) -> str:
    """Write a float as Go's ``%v`` does: the shortest digits, an exponent where it is below -4 or above 5."""
    mantissa, _, exponent = f"{number!r}".partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0").rstrip("0") or "0"
    leading = len(fraction) - len(fraction.lstrip("0")) if not whole.strip("0") else 0
    power = int(exponent or 0) + (len(whole) - 1 if whole.strip("0") else -leading - 1)
    if digits == "0":
        return f"{sign}0"
    return sign + (_scientific(digits, power) if power < -4 or power >= _MOST_PLAIN else _plain(digits, power))


def _scientific(digits: str, power: int) -> str:
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{rest}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _plain(digits: str, power: int) -> str:
    if power < 0:
        return "0." + "0" * (-power - 1) + digits
    whole = digits[: power + 1].ljust(power + 1, "0")
    fraction = digits[power + 1 :]
    return f"{whole}.{fraction}" if fraction else whole
