"""Dockerfiles as instructions (BuildKit `frontend/dockerfile/parser/parser.go`)."""

from __future__ import annotations

from functools import lru_cache

from mbuild.dockerfile.arguments import KEYWORDS, Arguments, LineError, parse_arguments
from mbuild.dockerfile.directives import DirectiveError, Directives, Syntax, check_options, detect_check, detect_syntax
from mbuild.dockerfile.expand import ExpansionError
from mbuild.dockerfile.gotext import BOM, MAX_LINE, SPACE, decode, overlong_line, split_blanks
from mbuild.dockerfile.heredoc import heredocs_of_line
from mbuild.dockerfile.lines import Lines, LogicalLine
from mbuild.dockerfile.model import Dockerfile, Heredoc, Instruction, Warning_
from mbuild.dockerfile.refused import MAX_PROBLEMS, Problems
from mbuild.dockerfile.stages import sections
from mbuild.dockerfile.words import split_flags
from mbuild.errors import DockerfileError, Problem, Where
from mbuild.values import dataclass, replace

_TAKE_HEREDOCS = frozenset(("ADD", "COPY", "RUN"))
_KEYWORD_OF = {keyword.lower(): keyword for keyword in KEYWORDS}
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def parse(data: bytes, path: str) -> Dockerfile:
    """Return the instructions of a Dockerfile; `path` names it in messages.

    The heredocs of an ONBUILD are given to it and to its inner instruction. A file that asks for another frontend with
    `// syntax=` or in JSON need not be a Dockerfile: it comes back without instructions. Raises `DockerfileError` with
    all problems found. A file whose lines can be read may hold instructions that `instructions.check` refuses.
    """
    dockerfile, problems = read(data, path)
    if problems:
        raise DockerfileError(problems)
    return dockerfile


def read(data: bytes, path: str) -> tuple[Dockerfile, tuple[Problem, ...]]:
    """Return what can be read of a Dockerfile and its problems in order of lines, as `parse` raises them."""
    if data.startswith(_UTF16_MARKS):
        hint = "save it as UTF-8"
        return Dockerfile(path, ()), (Problem("the file is UTF-16, not UTF-8", Where(path, 1, 1), (hint,)),)
    syntax = detect_syntax(data)
    if syntax and not syntax.plain:
        return Dockerfile(path, (), syntax=syntax.frontend, syntax_line=syntax.line), ()
    reader = _Reader(decode(data.removeprefix(BOM)), path)
    reader.check_options(*detect_check(data))
    overlong = overlong_line(data)
    if overlong:
        reader.problem(f"the line is longer than {MAX_LINE} bytes", reader.where(overlong))
    else:
        reader.run()
    return reader.dockerfile(syntax), tuple(reader.all_problems())


class _Reader:
    """Collects the instructions, warnings and problems of one file."""

    def __init__(self, text: str, path: str) -> None:
        self.lines = Lines(text)
        self.path = path
        self.escape = "\\"
        self.instructions: list[Instruction] = []
        self.warnings: list[Warning_] = []
        self.problems: list[Problem] = []

    def where(self, line: int, col: int = 1) -> Where:
        return Where(self.path, line, col)

    def problem(self, message: str, where: Where, *hints: str) -> None:
        self.problems.append(Problem(message, where, hints))

    def dockerfile(self, syntax: Syntax | None) -> Dockerfile:
        return Dockerfile(
            self.path,
            tuple(self.instructions),
            self.escape,
            syntax.frontend if syntax else None,
            syntax.line if syntax else 0,
            tuple(self.warnings),
        )

    def run(self) -> None:
        """Read the whole file."""
        self.read_directives()
        while (line := self.lines.logical(self.escape)) is not None:
            where = self.where(line.first, line.col)
            if len(self.problems) >= MAX_PROBLEMS:
                self.problem("too many problems: the rest of the file is not read", where)
                return
            if line.gapped:
                last = self.where(self.lines.done)
                self.warnings.append(Warning_("an empty line within a continued instruction", last))
            try:
                self.add(line, where)
            except (LineError, ExpansionError) as error:
                self.problem(str(error), where)
        if not self.instructions and not self.problems:
            self.problem("file with no instructions", self.where(max(self.lines.done, 1)))

    def all_problems(self) -> list[Problem]:
        """Return the problems in order of lines: where there are some, those of whole instructions with them."""
        if not self.problems:
            return []
        noted = Problems()
        sections(self.instructions, noted)
        return sorted((*self.problems, *noted.found), key=lambda each: each.where or Where(""))

    def check_options(self, options: str, line: int) -> None:
        """Note what is wrong with the value of the `check` directive."""
        try:
            check_options(options)
        except DirectiveError as error:
            self.problem(str(error), self.where(line))

    def read_directives(self) -> None:
        """Consume the parser directives at the top; of their values only `escape` matters to the parser."""
        directives = Directives()
        while (line := self.lines.peek()) is not None:
            try:
                found = directives.read(line)
                if directives.done:
                    return
                if found and found[0] == "escape":
                    self.set_escape(found[1])
            except DirectiveError as error:
                self.problem(str(error), self.where(self.lines.done + 1))
            self.lines.skip()

    def set_escape(self, value: str) -> None:
        if value not in ("\\", "`"):
            raise DirectiveError(f"the escape directive is a backslash or a backtick, not {value!r}")
        self.escape = value

    def add(self, line: LogicalLine, where: Where) -> None:
        """Add the instruction of a logical line, with the heredocs behind it."""
        if "\0" in line.text:
            raise LineError("there is a NUL byte in the instruction")
        parsed = _parse_line(line.text, self.escape)
        heredocs = self.heredocs(line.text, parsed) if "<<" in line.text else ()
        self.instructions.append(_instruction(parsed, heredocs, where, self.lines.done))

    def heredocs(self, line: str, parsed: _Parsed) -> tuple[Heredoc, ...]:
        """Read the bodies of the heredocs that a logical line announces. Raises `LineError` and `ExpansionError`."""
        taker = parsed.inner or parsed
        if parsed.keyword not in KEYWORDS:
            self.skip_bodies(line)
        if taker.keyword not in _TAKE_HEREDOCS or taker.arguments.json:
            return ()
        found: list[Heredoc] = []
        for heredoc in heredocs_of_line(line):
            body = self.lines.body(heredoc.name, heredoc.chomp)
            if body is None:
                self.lines.skip_all()
                raise LineError(f"unterminated heredoc: no line says {heredoc.name}")
            found.append(replace(heredoc, content=body))
        return tuple(found)

    def skip_bodies(self, line: str) -> None:
        """Skip what is likely the heredoc of a mistyped instruction: its lines are no further mistakes."""
        for heredoc in heredocs_of_line(line):
            self.lines.body(heredoc.name, heredoc.chomp)


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A logical line taken apart."""

    keyword: str
    flags: tuple[str, ...]
    arguments: Arguments
    original: str
    inner: _Parsed | None = None


@lru_cache(maxsize=512)  # the Dockerfiles of one repository have many lines in common
def _parse_line(line: str, escape: str, *, inside: bool = False) -> _Parsed:
    """Take a logical line apart; `inside` an ONBUILD. Raises `LineError`."""
    word, *rest = split_blanks(line.strip(SPACE), 1)
    flags, text = split_flags(rest[0], escape) if rest else ((), "")
    text = text.strip(SPACE)
    keyword = _KEYWORD_OF.get(word.lower(), word.upper())
    if keyword != "ONBUILD":
        return _Parsed(keyword, flags, parse_arguments(keyword, text, escape), line)
    if inside:
        raise LineError("ONBUILD cannot be an ONBUILD trigger")
    inner = _parse_line(text, escape, inside=True) if text else None
    return _Parsed(keyword, flags, Arguments(()), line, inner)


def parse_line(line: str, where: Where, escape: str = "\\") -> Instruction:
    """Return the instruction of a logical line without heredocs. Raises `LineError`."""
    return _instruction(_parse_line(line, escape), (), where, where.line)


def _instruction(parsed: _Parsed, heredocs: tuple[Heredoc, ...], where: Where, end_line: int) -> Instruction:
    return Instruction(
        keyword=parsed.keyword,
        args=parsed.arguments.words,
        flags=parsed.flags,
        json=parsed.arguments.json,
        heredocs=heredocs,
        original=parsed.original,
        where=where,
        end_line=end_line,
        inner=_instruction(parsed.inner, heredocs, where, end_line) if parsed.inner else None,
    )
