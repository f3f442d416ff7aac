"""Ignore files as BuildKit applies them (moby/patternmatcher, `ignorefile`; tonistiigi/fsutil `filter.go`).

The answer is that of fsutil's walk (`MatchesUsingParentResults`), which decides what an engine is sent, not that of
`MatchesOrParentMatches`. They differ: with `**/*.log` and then `!logs` the walk leaves `logs/a.log` out, because when
it came to the folder `logs` nothing had ignored it, so it did not even note that `!logs` fits.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import groupby

from mbuild.dockerfile.gomatch import PatternError
from mbuild.dockerfile.gotext import BOM, MAX_LINE, SPACE, clean_path, decode, overlong_line
from mbuild.dockerfile.ignorepattern import Pattern, Union, compile_pattern, is_literal
from mbuild.errors import DockerfileError, Problem, Where
from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class IgnoreLine:
    """A line of an ignore file: the cleaned pattern (with its `!`) and the line's number from 1."""

    pattern: str
    line: int


def parse_ignore(data: bytes, path: str = ".dockerignore") -> tuple[IgnoreLine, ...]:
    """Read an ignore file: comments, blanks, `!` and leading slashes as moby/patternmatcher `ignorefile.ReadAll`.

    Raises `DockerfileError` for a line that is longer than Go reads; `path` is for that message.
    """
    overlong = overlong_line(data)
    if overlong:
        raise DockerfileError(f"the line is longer than {MAX_LINE} bytes", where=Where(path, overlong, 1))
    lines = decode(data.removeprefix(BOM)).split("\n")
    patterns = ((_clean_line(line), number) for number, line in enumerate(lines, 1) if not line.startswith("#"))
    return tuple(IgnoreLine(pattern, number) for pattern, number in patterns if pattern)


def ignore_pattern(text: str) -> str:
    """Return a pattern that stands for itself as the same line of an ignore file is read. Raises PatternError."""
    pattern = _clean_line(text)
    if not _cleaned(pattern):
        raise PatternError("the pattern is empty")
    return pattern


def _clean_line(line: str) -> str:
    pattern = line.strip(SPACE)
    inverted = pattern.startswith("!")
    if inverted:
        pattern = pattern[1:].strip(SPACE)
    if pattern:
        pattern = clean_path(pattern)
        if len(pattern) > 1:
            pattern = pattern.removeprefix("/")
    return "!" * inverted + pattern


@lru_cache(maxsize=4096)
def concerns(pattern: str, top: str) -> bool:
    """Return whether a line's pattern may fit a path that begins with the part ``top``, or a folder above it.

    False is certain. Without the lines that are no concern of a path the others say the same of it: each line looks at
    the path, at the folders above it and at the verdict of the lines before, and those would not have changed it.
    pattern: as written; build.yaml's may still be ``src/../lib``. Raises PatternError.
    """
    text = _cleaned(pattern).removeprefix("!")
    return text.partition("/")[0] == top or not is_literal(text)


@dataclass(frozen=True, slots=True)
class _Rule:
    line: IgnoreLine
    reinclude: bool
    cleaned: str

    @property
    def pattern(self) -> Pattern:
        return compile_pattern(self.cleaned)


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring lines that all ignore or all re-include: it only matters whether one of them matches."""

    bit: int
    reinclude: bool
    union: Union


@dataclass(frozen=True, slots=True)
class _Folder:
    """What is known of a folder.

    matched: bits of the runs that fit it or a folder above it, as far as the walk looked.
    fixed:   the verdict on everything below when that is settled, else None.
    """

    matched: int
    fixed: bool | None


class IgnoreMatcher:
    """Tells which paths an ignore file keeps out of the context.

    Paths are relative to the context root, without `.` or `..` parts. The answers for folders are remembered: asking
    for every path of a listing costs one look-up and at most one comparison with each run of lines. Not for use by
    several threads at once.
    """

    def __init__(self, lines: Iterable[IgnoreLine], path: str = ".dockerignore") -> None:
        """Compile the lines of the file `path`. Raises `DockerfileError` with a problem for each malformed pattern."""
        self._rules = _compile(lines, path)
        grouped = groupby(self._rules, key=lambda rule: rule.reinclude)
        self._runs = tuple(
            _Run(1 << index, reinclude, _union(tuple(rule.cleaned for rule in rules)))
            for index, (reinclude, rules) in enumerate(grouped)
        )
        # Most ignore files re-include nothing: a path that nothing above settles is compared with all lines at once.
        self._matches = self._runs[0].union.matches if len(self._runs) == 1 and not self._runs[0].reinclude else None
        self._last_bit = self._runs[-1].bit if self._runs else 0
        self._reincluding = tuple(rule.pattern for rule in self._rules if rule.reinclude)
        self._folders = {"": _Folder(0, None if self._runs else False)}

    def ignored(self, path: str) -> bool:
        """Return whether the path (a file, link or folder) is ignored."""
        above = path.rpartition("/")[0]
        folder = self._folders.get(above) or self._look_at(above)
        if folder.fixed is not None:
            return folder.fixed
        return self._matches(path) if self._matches else self._judge(path, folder.matched)[0]

    def each_ignored(self, paths: Iterable[str]) -> list[bool]:
        """Return the same of each path. Those of one folder should follow each other: it is looked up once for them."""
        matches, found = self._matches, []
        known, folder = "", self._folders[""]
        for path in paths:
            above = path.rpartition("/")[0]
            if above != known:
                known, folder = above, self._folders.get(above) or self._look_at(above)
            if folder.fixed is not None:
                found.append(folder.fixed)
            else:
                found.append(matches(path) if matches else self._judge(path, folder.matched)[0])
        return found

    def shuts(self, folder: str) -> bool:
        """Return whether nothing below a folder is kept, whatever is there. "" is the context root."""
        return (self._folders.get(folder) or self._look_at(folder)).fixed is True

    def shut_from(self, folder: str) -> str:
        """Return the topmost folder, at or above one, that is ignored with all that may lie in it; "" for none."""
        if not self.shuts(folder):
            return ""
        while (above := folder.rpartition("/")[0]) and self._folders[above].fixed:
            folder = above
        return "" if self.may_reinclude_below(folder) else folder

    def may_reinclude_below(self, folder: str) -> bool:
        """Return whether a `!` line could re-include something below an ignored folder. "" is the context root."""
        return any(pattern.can_match_below(folder) for pattern in self._reincluding)

    def rule(self, path: str) -> IgnoreLine | None:
        """Return the line that decided: the last one that changed the verdict on the path; None where none did."""
        above = [False] * len(self._rules)
        decided: IgnoreLine | None = None
        parts = path.split("/")
        for length in range(1, len(parts) + 1):
            part = "/".join(parts[:length])
            decided, verdict = None, False
            for index, rule in enumerate(self._rules):
                if not above[index]:
                    above[index] = rule.reinclude == verdict and Union((rule.pattern,)).matches(part)
                if above[index] and rule.reinclude == verdict:
                    verdict = not rule.reinclude
                    decided = rule.line
        return decided

    def _judge(self, path: str, above: int) -> tuple[bool, int]:
        """Return whether a path is ignored and which runs fit it, given those that fit its folder.

        A run that could not change the verdict is not compared, and then counts as not fitting further below either.
        """
        verdict = False
        matched = 0
        for run in self._runs:
            if above & run.bit or (run.reinclude == verdict and run.union.matches(path)):
                matched |= run.bit
                verdict = not run.reinclude
        return verdict, matched

    def _look_at(self, folder: str) -> _Folder:
        """Judge a folder, and those above it that are not known yet."""
        unknown = [folder]
        while (above := unknown[-1].rpartition("/")[0]) not in self._folders:
            unknown.append(above)
        state = self._folders[above]
        for path in reversed(unknown):
            if state.fixed is None:
                state = self._below(path, state)
            self._folders[path] = state
        return state

    def _below(self, folder: str, above: _Folder) -> _Folder:
        verdict, matched = self._judge(folder, above.matched)
        settled = matched & self._last_bit or (verdict and not self.may_reinclude_below(folder))
        return _Folder(matched, verdict if settled else None)


@lru_cache(maxsize=1024)
def _union(cleaned: tuple[str, ...]) -> Union:
    """Return patterns as one: the ignore files of a repository have most of their lines in common."""
    return Union(compile_pattern(each) for each in cleaned)


def _compile(lines: Iterable[IgnoreLine], path: str) -> tuple[_Rule, ...]:
    rules: list[_Rule] = []
    problems: list[Problem] = []
    for line in lines:
        try:
            cleaned = _cleaned(line.pattern)
        except PatternError as error:
            problems.append(Problem(str(error), Where(path, line.line, 1)))
        else:
            if cleaned:
                reinclude = cleaned.startswith("!")
                rules.append(_Rule(line, reinclude, cleaned[reinclude:]))
    if problems:
        raise DockerfileError(problems)
    return tuple(rules)


@cache  # the lines of all ignore files are gone through again and again, and there may be thousands
def _cleaned(pattern: str) -> str:
    """Return a pattern as it is compared, with its `!`; "" for none. Raises PatternError."""
    # Blanks that cleaning brought to an end (`a /`) go too, as in patternmatcher's `New`.
    pattern = pattern.strip(SPACE)
    if not pattern:
        return ""
    cleaned = clean_path(pattern)
    if cleaned == "!":
        raise PatternError("there is nothing behind the !")
    compile_pattern(cleaned.removeprefix("!"))  # for its errors
    return cleaned
