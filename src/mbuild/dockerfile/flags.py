"""The flags of each instruction. Rules: BuildKit `frontend/dockerfile/instructions` (`bflag.go`, `parse.go`)."""

from __future__ import annotations

from collections.abc import Sequence

from mbuild.dockerfile.refused import Refused, near

BOOLEAN, STRING, STRINGS = "boolean", "string", "strings"

_COPY = {"chown": STRING, "chmod": STRING, "link": BOOLEAN, "exclude": STRINGS}

KNOWN: dict[str, dict[str, str]] = {
    "ADD": {**_COPY, "keep-git-dir": BOOLEAN, "checksum": STRING, "unpack": BOOLEAN},
    "COPY": {**_COPY, "from": STRING, "parents": BOOLEAN},
    "FROM": {"platform": STRING},
    "RUN": {"mount": STRINGS, "network": STRING, "security": STRING, "device": STRINGS},
    "HEALTHCHECK": dict.fromkeys(("interval", "timeout", "start-period", "start-interval", "retries"), STRING),
}

# Flags that mean the same as no flag at all; `--unpack=false` and `--keep-git-dir=false` do not.
_DEFAULTS = {("link", "false"), ("parents", "false"), ("network", "default"), ("security", "sandbox")}

Flags = tuple[tuple[str, str], ...]


def parse_flags(keyword: str, words: Sequence[str]) -> Flags:
    """Return the flags as name and value, in the order written, without those that say the default.

    A boolean flag has the value "true" or "false". Raises Refused for an unknown, repeated or malformed flag.
    """
    if not words:
        return ()
    known = KNOWN.get(keyword, {})
    found: list[tuple[str, str]] = []
    for word in words:
        if word == "--":
            break
        pair = _parse(word, known)
        if known[pair[0]] != STRINGS and any(name == pair[0] for name, _ in found):
            raise Refused(f"flag --{pair[0]} is given twice")
        found.append(pair)
    return tuple(pair for pair in found if pair not in _DEFAULTS)


def _parse(word: str, known: dict[str, str]) -> tuple[str, str]:
    if not word.startswith("--"):
        raise Refused(f"a flag starts with --: {word}")
    name, equals, value = word[2:].partition("=")
    if name not in known:
        raise Refused(f"unknown flag: --{name}", *near(name, known))
    if known[name] == BOOLEAN:
        return name, _boolean(name, equals, value)
    if not equals:
        raise Refused(f"flag --{name} needs a value")
    return name, value


def _boolean(name: str, equals: str, value: str) -> str:
    if equals and not value:
        raise Refused(f"flag --{name} needs a value")
    if value.lower() not in ("", "true", "false"):
        raise Refused(f"flag --{name} is true or false, not {value}")
    return value.lower() or "true"


def value(flags: Flags, name: str) -> str:
    """Return the value of a flag, "" when it was not given."""
    return next((text for key, text in flags if key == name), "")


def values(flags: Flags, name: str) -> tuple[str, ...]:
    """Return all values of a repeatable flag."""
    return tuple(text for key, text in flags if key == name)
