"""What counts of a plain Dockerfile, found without a recipe: the same as of its recipe, sooner.

A recipe is made of some hundred values, which serve whoever asks for one image. A graph asks for all of them, and keeps
little of each. The rules are those of ``dockerfile.recipe``; tests hold both against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mbuild.dockerfile.epoch import NAME as EPOCH
from mbuild.dockerfile.model import FolderContext, Operation, ParentImage, Platform, Read, Reference, Resolved
from mbuild.dockerfile.operations import Scope
from mbuild.dockerfile.reads import ContextSource, reads_of
from mbuild.dockerfile.recipe import begin, go_on, handed_on, is_foreign, is_windows
from mbuild.dockerfile.refused import Problems, Refused
from mbuild.dockerfile.stages import SCRATCH
from mbuild.dockerfile.variables import global_args, platform_args
from mbuild.errors import Where
from mbuild.graph import fingerprint
from mbuild.graph.brief import Brief
from mbuild.graph.plainfile import OUTSIDE, PlainFile, Stage, Step, closed, needed, plain_file
from mbuild.graph.plainline import ENTERS, EXPANDS, LEXER, TAKES, Line, NotPlain, plain_line
from mbuild.images import ImageDef
from mbuild.references import NameProblem, context_key
from mbuild.values import dataclass, field, replace

NO_SOURCES = fingerprint.used(())
Resolve = Callable[[Reference], Resolved]

Doing = tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]
"""Keyword, words and flags of an operation: all that there is to one that is not as written and has no documents."""


@dataclass(slots=True)
class Plain:
    """Reads the plain Dockerfiles of one graph. native: the platform of the machine that builds."""

    native: Platform
    _lines: dict[str, Line | None] = field(default_factory=dict)
    _files: dict[str, PlainFile | None] = field(default_factory=dict)
    _encoded: dict[Doing, bytes] = field(default_factory=dict)
    _given: dict[tuple[str, Platform, tuple[tuple[str, str], ...]], dict[str, str]] = field(default_factory=dict)

    def file(self, oid: str, data: Callable[[], bytes]) -> PlainFile | None:
        """Return a Dockerfile by its blob id; None: it is to be read in full. data: its content."""
        if oid not in self._files:
            self._files[oid] = plain_file(data(), self._line)
        return self._files[oid]

    def _line(self, text: str) -> Line | None:
        if text not in self._lines:
            self._lines[text] = plain_line(text)
        return self._lines[text]

    def brief(self, file: PlainFile, definition: ImageDef, platform: Platform, resolve: Resolve) -> Brief | None:
        """Return what counts of the recipe of an image, None where that has to be made. Raises what resolve raises."""
        args = dict(definition.args)
        if "BUILDKIT_SYNTAX" in args or EPOCH in args:
            return None
        # A stage may be replaced. What a reference is called decides, so its tag and host are looked at too.
        if definition.contexts and not file.names.keys().isdisjoint(
            context_key(each.name) for each in definition.contexts
        ):
            return None
        target = file.names.get(definition.target.lower()) if definition.target else len(file.stages) - 1
        if target is None:
            return None
        try:
            shared = self._shared(file, definition, args, platform) if file.declares or file.open else {}
            if file.open:
                file = closed(file, shared, self.native.arch)
            path, encoded = definition.dockerfile, self._encoded
            return _Assembly(file, path, args, shared, str(platform), resolve, encoded).brief(target)
        except (NotPlain, Refused, NameProblem):
            return None

    def _shared(
        self, file: PlainFile, definition: ImageDef, args: Mapping[str, str], platform: Platform
    ) -> dict[str, str]:
        """Return what ``ARG name`` takes over in a stage. Raises NotPlain."""
        key = (definition.target or file.stages[-1].name, platform, definition.args)
        known = self._given.get(key)
        if known is None:
            known = self._given[key] = platform_args(key[0], platform, self.native, args)
        if not file.shared:
            return known
        problems = Problems()
        found = global_args(file.shared, known, args, LEXER.escape, problems)
        if problems.found or found.get(EPOCH):
            raise NotPlain
        return found


class _Assembly:
    """The brief of one image while it is made."""

    def __init__(
        self,
        file: PlainFile,
        path: str,
        args: Mapping[str, str],
        shared: Mapping[str, str],
        platform: str,
        resolve: Resolve,
        encoded: dict[Doing, bytes],
    ) -> None:
        """Take what the stages share. encoded: of operations that have been met."""
        self._encoded = encoded
        self._file, self._path, self._args, self._shared = file, path, args, shared
        self._platform, self._resolve = platform, resolve
        self._scopes: dict[int, Scope] = {}
        self._platforms: dict[int, str] = {}
        self._positions: dict[int, int] = {}
        self._reads: list[Read] = []
        self._references: list[tuple[Reference, Resolved]] = []

    def brief(self, target: int) -> Brief:
        """Return what counts. Raises NotPlain and Refused."""
        numbers = needed(self._file, target)
        self._positions = {number: position for position, number in enumerate(numbers)}
        stages = [(number, self._file.stages[number]) for number in numbers]
        bases = {number: self._base(stage) for number, stage in stages}
        encoded = tuple([self._stage(number, stage, bases[number]) for number, stage in stages])
        if any(map(is_windows, self._platforms.values())) and any(map(_is_of_windows, self._reads)):
            raise NotPlain
        meaning = (self._file.syntax, encoded)
        return Brief(meaning, tuple(self._reads), tuple(self._references), handed_on(self._scopes[target]))

    def _base(self, stage: Stage) -> tuple[Reference, Resolved] | None:
        """Return what a stage starts from that is none of this Dockerfile. Raises NotPlain: it may bring triggers."""
        if stage.start != OUTSIDE or stage.base == SCRATCH:
            return None
        where = Where(self._path, stage.line, stage.col)
        base = self._outside(Reference(stage.base, "from", where, stage.platform))
        if isinstance(base[1], ParentImage) and base[1].inherited and base[1].inherited.onbuild:
            raise NotPlain
        if is_foreign(base[1]):
            raise NotPlain
        return base

    def _outside(self, reference: Reference) -> tuple[Reference, Resolved]:
        return reference, self._resolve(reference)

    def _stage(self, number: int, stage: Stage, base: tuple[Reference, Resolved] | None) -> bytes:
        """Return the encoding of a stage. Raises NotPlain and Refused."""
        scope = self._scopes[number] = Scope(LEXER, self._args, self._shared, self._file.syntax)
        start: int | Resolved | None
        if stage.start != OUTSIDE:
            go_on(scope, self._scopes[stage.start])
            start, platform = self._positions[stage.start], self._platforms[stage.start]
        else:
            start = found = base[1] if base else None
            if base:
                self._references.append(base)
            if base and isinstance(found, FolderContext):
                self._reads.append(Read(found.context, "FROM", ("/",), base[0].where))
            # Scratch has the platform of the target, whatever its FROM says.
            platform = (stage.platform if base else "") or self._platform
            begin(scope, found, platform)
        self._platforms[number] = platform
        operations: list[bytes] = []
        sources: list[bytes] = []
        for step in stage.steps:
            line, first, col, _ = step
            if line.does == TAKES:
                operation, source = self._taken(step, scope)
                operations.append(operation)
                sources.append(source)
            elif line.does == EXPANDS:
                expanded = self._expanded(step, scope)
                operations += expanded
                sources += [NO_SOURCES] * len(expanded)
            else:
                if line.does == ENTERS:
                    scope.enter(line.word)
                operations.append(line.encoded)
                sources.append(NO_SOURCES)
                read = line.read
                if read is not None:
                    where = Where(self._path, first, col)
                    self._reads.append(Read("", read.keyword, read.sources, where, read.excludes, read.parents))
        return fingerprint.stage(start, platform, operations, sources)

    def _run(self, line: Line, scope: Scope) -> list[Operation]:
        """Return what a line does with variables in it. Raises NotPlain and Refused."""
        assert line.command is not None
        found = scope.run(line.command)
        if scope.doubts:
            raise NotPlain
        return found

    def _expanded(self, step: Step, scope: Scope) -> list[bytes]:
        """Return the encodings of what a line does. Raises NotPlain and Refused."""
        line, first, col, _ = step
        operations = self._run(line, scope)
        self._read(line, operations[0], (), Where(self._path, first, col))
        return [self._written(each) for each in operations]

    def _written(self, operation: Operation) -> bytes:
        """Return the encoding of an operation that variables stand in; most images do the same with them."""
        key = (operation.keyword, operation.args, operation.flags)
        if key not in self._encoded:
            self._encoded[key] = fingerprint.written(operation)
        return self._encoded[key]

    def _taken(self, step: Step, scope: Scope) -> tuple[bytes, bytes]:
        """Return the encodings of a COPY --from and of where it takes files from. Raises NotPlain and Refused."""
        line, first, col, stage = step
        operation = line.operation or self._run(line, scope)[0]
        name = line.word
        source: int | Resolved
        if stage == OUTSIDE:
            where = Where(self._path, first, col)
            pair = self._outside(Reference(name, "copy", where))
            self._references.append(pair)
            source = pair[1]
            self._read(line, operation, (ContextSource(name, source),), where)
        else:
            source = self._positions[stage]
            name = str(source)
        flags = tuple([(key, name if key == "from" else text) for key, text in operation.flags])
        return fingerprint.written(replace(operation, flags=flags)), fingerprint.used([(line.word, source)])

    def _read(self, line: Line, operation: Operation, origins: Sequence[ContextSource], where: Where) -> None:
        assert line.command is not None
        self._reads += [replace(each, where=where) for each in reads_of(line.command, operation, (), origins)]


def _is_of_windows(read: Read) -> bool:
    """Tell whether a read may be another one in a stage that is made for Windows (``reads.in_windows``)."""
    return not {"\\", ":"}.isdisjoint("".join((*read.sources, *read.excludes)))
