"""``--chmod``: octal as ever, symbolic (``u+rwX,go-w``) as newer BuildKit has it (``tonistiigi/dchapes-mode``)."""

from __future__ import annotations

import re
from collections.abc import Callable

ChangeMode = Callable[[int, bool], int]
"""(mode before, is it a folder) → mode after; permission bits with setuid, setgid and sticky."""

ALL = 0o7777
EVERY_EXECUTE = 0o111
CLAUSE = re.compile(r"(?P<who>[augo]*)(?P<actions>(?:[-+=][rwxXstugo]*)+)")
ACTION = re.compile(r"(?P<sign>[-+=])(?P<what>[rwxXstugo]*)")
WHO = {"u": 0o4700, "g": 0o2070, "o": 0o0007, "a": 0o6777}
SHIFT = {"u": 6, "g": 3, "o": 0}
GRANT = {"r": 0o444, "w": 0o222, "x": 0o111}


def parse_chmod(text: str) -> ChangeMode:
    """Read the value of ``--chmod``. Raises ValueError with the reason."""
    if re.fullmatch(r"[0-9]+", text):
        mode = int(text, 8) if re.fullmatch(r"[0-7]+", text) else ALL + 1
        if mode > ALL:
            raise ValueError(f"--chmod={text}: not an octal number between 0 and 07777")
        return lambda _before, _folder: mode
    clauses = [CLAUSE.fullmatch(each) for each in text.split(",")]
    steps: list[tuple[str, str, str]] = []
    for clause in clauses:
        if clause is None:
            raise ValueError(f"--chmod={text}: neither an octal nor a symbolic mode")
        steps += [(clause["who"], sign, what) for sign, what in ACTION.findall(clause["actions"])]
    return lambda before, folder: _applied(steps, before, folder)


def _applied(steps: list[tuple[str, str, str]], before: int, folder: bool) -> int:
    mode = before
    for who, sign, what in steps:
        reach = _reach(who)
        bits = _bits(who, what, mode, folder or bool(before & EVERY_EXECUTE))
        if sign == "+":
            mode |= bits
        elif sign == "-":
            mode &= ~bits
        else:
            mode = (mode & ~(reach & 0o6777)) | bits
    return mode & ALL


def _reach(who: str) -> int:
    reach = 0
    for each in who:
        reach |= WHO[each]
    return reach or WHO["a"]


def _bits(who: str, what: str, mode: int, executable: bool) -> int:
    """Return the bits that one action names, within the reach of its ``who``."""
    reach, bits = _reach(who), 0
    only_others = bool(who) and set(who) == {"o"}
    for each in what:
        if each in GRANT:
            bits |= GRANT[each] & reach
        elif each == "X":
            bits |= EVERY_EXECUTE & reach if executable else 0
        elif each == "s":
            bits |= 0 if only_others else 0o6000 & reach
        elif each == "t":
            bits |= 0 if only_others else 0o1000
        else:
            copied = mode >> SHIFT[each] & 0o7
            bits |= (copied << 6 | copied << 3 | copied) & reach
    return bits
