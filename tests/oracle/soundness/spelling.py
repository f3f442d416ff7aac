"""Dockerfiles as text: case, continuations, comments, JSON form, order of flags, quotes and line ends vary."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence

from tests.oracle.soundness.values import (
    Copy,
    Define,
    Dockerfile,
    Document,
    Mount,
    Onbuild,
    Plain,
    Run,
    Step,
    Var,
    Word,
)

_ESCAPED = frozenset("\"'$\\`")
_COMMENTS = ("# a comment", "#COPY . /", "   # indented", "# FROM scratch \\")


def dockerfile_text(file: Dockerfile) -> str:
    """Return the text of a Dockerfile."""
    speller = _Speller(random.Random(file.spelling))
    lines = [*speller.beginning(file.syntax)]
    for each in file.shared:
        lines += speller.step(each)
    for stage in file.stages:
        name = [speller.keyword("AS"), speller.stage_name(stage.name)] if stage.name else []
        lines += speller.line("FROM", [], [speller.word(stage.base), *name])
        for step in stage.steps:
            lines += speller.step(step)
    return ("\r\n" if file.crlf else "\n").join(lines) + ("\r\n" if file.crlf else "\n")


def has_document(file: Dockerfile) -> bool:
    """Tell whether there is a heredoc, whose line ends are content."""
    steps = (step.inner if isinstance(step, Onbuild) else step for stage in file.stages for step in stage.steps)
    return any(
        (isinstance(step, Copy) and step.documents) or (isinstance(step, Run) and step.document) for step in steps
    )


class _Speller:
    """Spells one Dockerfile. Without a source of chance everything is written in one plain way."""

    def __init__(self, pick: random.Random | None) -> None:
        self.pick = pick
        self.escape = "\\"

    def chance(self, share: float) -> bool:
        return self.pick is not None and self.pick.random() < share

    def beginning(self, syntax: str) -> Iterable[str]:
        if syntax:
            yield f"# syntax={syntax}"
        if self.chance(0.15):
            self.escape = "`"
            yield "# escape=`"
        if self.chance(0.3):
            yield ""
            yield "# what this builds"

    def keyword(self, keyword: str) -> str:
        return keyword.lower() if self.chance(0.2) else keyword.title() if self.chance(0.1) else keyword

    def stage_name(self, name: str) -> str:
        return name.upper() if self.chance(0.1) else name

    def word(self, parts: Word, *, plain: bool = False) -> str:
        return "".join(self._variable(each) if isinstance(each, Var) else self._literal(each, plain) for each in parts)

    def _variable(self, var: Var) -> str:
        if not var.op:
            return f"${{{var.name}}}"
        return f"${{{var.name}{var.op}{var.word}}}"

    def _literal(self, text: str, plain: bool) -> str:
        escaped = "".join(self.escape + each if each in _ESCAPED else each for each in text)
        if plain or not text or escaped != text or not text.isascii() or " " in text:
            return escaped
        return f'"{text}"' if self.chance(0.1) else f"'{text}'" if self.chance(0.05) else text

    def step(self, step: Step) -> list[str]:
        """Return the lines of an instruction."""
        if self.chance(0.15):
            assert self.pick
            return [*self.pick.choice([[""], [self.pick.choice(_COMMENTS)]]), *self._step(step)]
        return self._step(step)

    def _step(self, step: Step) -> list[str]:
        match step:
            case Define():
                return self.line(step.keyword, [], [self._definition(step)])
            case Plain():
                return [f"{self.keyword(step.keyword)} {step.text}"]
            case Onbuild():
                # What stands behind ONBUILD is kept in the image as it is written.
                plain = _Speller(None)
                plain.escape = self.escape
                first, *more = plain.step(step.inner)
                return [f"{self.keyword('ONBUILD')} {first}", *more]
            case Run():
                return self._run(step)
            case Copy():
                return self._copy(step)

    def _definition(self, step: Define) -> str:
        if step.value is None:
            return step.name
        value = self.word(step.value, plain=True)
        return f'{step.name}="{value}"' if " " in value or self.chance(0.2) else f"{step.name}={value}"

    def _run(self, step: Run) -> list[str]:
        flags = [f"--mount={self._mount(each)}" for each in step.mounts]
        if step.document:
            return [*self.line("RUN", flags, ["<<EOF"], shuffled=False), *step.command.split("\n"), "EOF"]
        return self.line("RUN", flags, [step.command], shuffled=False)

    def _mount(self, mount: Mount) -> str:
        source = [f"source={self.word(mount.source, plain=True)}"] if mount.source else []
        fields = [f"target={mount.target}", *source, *([f"from={mount.origin}"] if mount.origin else [])]
        if mount.kind != "bind" or self.chance(0.5):
            fields.append(f"type={mount.kind}")
        self._shuffle(fields)
        return ",".join(fields)

    def _copy(self, step: Copy) -> list[str]:
        flags = [f"--exclude={each}" for each in step.excludes]
        flags += [f"--from={step.origin}"] if step.origin else []
        flags += ["--parents"] if step.parents else []
        flags += [f"--chmod={step.chmod}"] if step.chmod else []
        heads = [self._announced(each) for each in step.documents]
        if heads:
            words = [self.word(each) for each in step.sources]
            lines = self.line(step.keyword, flags, [*words, *heads, step.dest])
            return [*lines, *(line for each in step.documents for line in self._body(each))]
        words = [self.word(each, plain=True) for each in (*step.sources, (step.dest,))]
        if self.chance(0.2) or any(set(" \n") & set(each) for each in words):
            return self.line(step.keyword, flags, [json.dumps(words, ensure_ascii=self.chance(0.5))])
        return self.line(step.keyword, flags, [*(self.word(each) for each in step.sources), step.dest])

    def _announced(self, document: Document) -> str:
        return f"<<'{document.name}'" if document.quoted else f"<<{document.name}"

    def _body(self, document: Document) -> list[str]:
        body = document.body
        text = "".join(each if isinstance(each, str) else self._variable(each) for each in body)
        return [*text.split("\n"), document.name]

    def line(self, keyword: str, flags: Sequence[str], words: Sequence[str], *, shuffled: bool = True) -> list[str]:
        """Return the lines of one instruction: flags in any order, and continuations between its words."""
        flags = list(flags)
        if shuffled:
            self._shuffle(flags)
        lines = [self.keyword(keyword)]
        for each in (*flags, *words):
            if self.chance(0.08) and not each.startswith("#"):
                lines[-1] += f" {self.escape}"
                if self.chance(0.4):
                    lines.append("# in between")
                lines.append(f"  {each}")
            else:
                lines[-1] += f" {each}"
        return lines

    def _shuffle(self, words: list[str]) -> None:
        if self.pick is not None:
            self.pick.shuffle(words)
