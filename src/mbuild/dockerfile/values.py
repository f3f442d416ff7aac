"""Values of single arguments: file modes, ports, signals. Each check raises Refused where BuildKit does."""

from __future__ import annotations

import re

from mbuild.dockerfile.gotext import number
from mbuild.dockerfile.refused import Refused

_OCTAL = re.compile(r"[0-7]+")
_SYMBOLIC = re.compile("[ugoa]*(?:[-+=][rwxXstugo]*)+")
_PROTOCOLS = ("tcp", "udp", "sctp")
_SIGNALS = (
    "ABRT|ALRM|BUS|CHLD|CLD|CONT|FPE|HUP|ILL|INT|IO|IOT|KILL|PIPE|POLL|PROF|PWR|QUIT|SEGV|STKFLT|STOP|SYS|TERM|TRAP|TSTP|"
    r"TTIN|TTOU|URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ|RTMIN(?:\+(?:[1-9]|1[0-5]))?|RTMAX(?:-(?:[1-9]|1[0-4]))?"
)
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_TERM = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_DURATION = re.compile(rf"[-+]?(?:(?:{_TERM.pattern})+|0)")
_LONGEST = 2**63
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}


def check_mode(text: str) -> None:
    """Check a `--chmod`: octal up to 07777, or symbolic (`u=rwX,go=rX`). BuildKit `convert_copy.go`."""
    if _OCTAL.fullmatch(text):
        if int(text, 8) > 0o7777:
            raise Refused(f"--chmod is an octal number between 0 and 07777, not '{text}'")
    elif not all(_SYMBOLIC.fullmatch(clause) for clause in text.split(",")):
        raise Refused(f"--chmod is an octal number between 0 and 07777 or symbolic (u=rwX,go=rX), not '{text}'")


def check_signal(text: str) -> None:
    """Check a STOPSIGNAL: a number above 0 or the name of a Linux signal. moby/sys `signal.ParseSignal`."""
    is_number = re.fullmatch("[-+]?[0-9]+", text)
    known = 0 < abs(number(text)) < _LONGEST if is_number else re.fullmatch(_SIGNALS, text.upper().removeprefix("SIG"))
    if not known:
        raise Refused(f"unknown signal '{text}'")


def check_duration(name: str, text: str) -> None:
    """Check an interval of HEALTHCHECK: a Go duration of 1 ms at least, or 0."""
    from fractions import Fraction  # few Dockerfiles have a HEALTHCHECK

    terms = ((*amount.partition("."), unit) for amount, unit in _TERM.findall(text))
    # Go drops what its 64 bits do not hold of a fraction.
    length = sum((number(whole) + Fraction(f"0.{part[:30]}0")) * _UNITS[unit] for whole, _, part, unit in terms)
    if text and (not _DURATION.fullmatch(text) or length >= _LONGEST):
        raise Refused(f"--{name} is a duration such as 30s, not '{text}'")
    if length and (text.startswith("-") or length < _UNITS["ms"]):
        raise Refused(f"--{name} is at least 1ms, not '{text}'")


def check_digest(text: str) -> None:
    """Check a `--checksum` of something fetched by http(s). opencontainers/go-digest `Parse`."""
    algorithm, _, digits = text.partition(":")
    if not _DIGEST.fullmatch(text) or not re.fullmatch(rf"[a-f0-9]{{{_DIGITS.get(algorithm, 0)}}}", digits):
        raise Refused(f"--checksum is a digest such as sha256:…, not '{text}'")


def ports(text: str) -> tuple[str, ...]:
    """Return what one word of EXPOSE exposes, as `PORT/PROTOCOL`. BuildKit `convert_expose.go`.

    `[IP:][HOST:]FIRST[-LAST][/PROTOCOL]`: address and host port are checked and dropped.
    """
    before, _, container = text.rpartition(":")
    numbers, _, protocol = container.partition("/")
    protocol = protocol.lower() or "tcp"
    if protocol not in _PROTOCOLS:
        raise Refused(f"EXPOSE {text}: the protocol is tcp, udp or sctp")
    first, last = _range(numbers, text)
    host = before.rpartition(":")[2]
    if host:
        _range(host, text)
    return tuple(f"{port}/{protocol}" for port in range(first, last + 1))


def _range(text: str, word: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    start = _port(first, word)
    end = _port(last, word) if dash else start
    if end < start:
        raise Refused(f"EXPOSE {word}: the range ends before it starts")
    return start, end


def _port(text: str, word: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > 65535:
        raise Refused(f"EXPOSE {word}: a port is a number up to 65535")
    return int(text)
