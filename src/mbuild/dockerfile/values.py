"""Values of single arguments: file modes, ports, signals. Each check raises Refused where BuildKit does."""

from __future__ import annotations

import re

from mbuild.dockerfile.refused import Refused

_OCTAL = re.compile(r"[0-7]+")
_SYMBOLIC = re.compile(r"[ugoa]*(?:[-+=](?:[ugo]|[rwxXst]*))+")
_PROTOCOLS = ("tcp", "udp", "sctp")
_SIGNALS = re.compile(
    "ABRT|ALRM|BUS|CHLD|CLD|CONT|FPE|HUP|ILL|INT|IO|IOT|KILL|PIPE|POLL|PROF|PWR|QUIT|SEGV|STKFLT|STOP|SYS|TERM|TRAP|TSTP|"
    r"TTIN|TTOU|URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ|RTMIN(?:\+(?:[1-9]|1[0-5]))?|RTMAX(?:-(?:[1-9]|1[0-4]))?"
)
_DURATION = re.compile(r"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+|[-+]?0")


def check_mode(text: str) -> None:
    """Check a `--chmod`: octal up to 07777, or symbolic (`u=rwX,go=rX`). BuildKit `convert_copy.go`."""
    if _OCTAL.fullmatch(text):
        if int(text, 8) > 0o7777:
            raise Refused(f"--chmod is an octal number between 0 and 07777, not '{text}'")
    elif not all(_SYMBOLIC.fullmatch(clause) for clause in text.split(",")):
        raise Refused(f"--chmod is an octal number between 0 and 07777 or symbolic (u=rwX,go=rX), not '{text}'")


def check_signal(text: str) -> None:
    """Check a STOPSIGNAL: a number above 0 or the name of a Linux signal. moby/sys `signal.ParseSignal`."""
    number = int(text) if re.fullmatch(r"[-+]?[0-9]+", text) else None
    if number == 0 or (number is None and not _SIGNALS.fullmatch(text.upper().removeprefix("SIG"))):
        raise Refused(f"unknown signal '{text}'")


def check_duration(name: str, text: str) -> None:
    """Check an interval of HEALTHCHECK: a Go duration of 1 ms at least, or 0."""
    if text and not _DURATION.fullmatch(text):
        raise Refused(f"--{name} is a duration such as 30s, not '{text}'")
    if text.startswith("-") or re.fullmatch(r"[0-9.]+(?:ns|us|µs|μs)", text):
        raise Refused(f"--{name} is at least 1ms, not '{text}'")


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
