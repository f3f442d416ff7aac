"""Writes the recipe: goes through the stages a target needs, in order, and expands their commands.

Rules: BuildKit `dockerfile2llb/convert.go` (`dispatchStages`, `dispatch`), `convert_copy.go`, `convert_runmount.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mbuild.dockerfile.expand import Lexer
from mbuild.dockerfile.model import (
    Dockerfile,
    Doubt,
    ExternalImage,
    FolderContext,
    Inherited,
    Operation,
    ParentImage,
    Read,
    Recipe,
    Reference,
    Resolved,
    StageRecipe,
)
from mbuild.dockerfile.operations import Scope
from mbuild.dockerfile.reads import ContextSource, idle_reads, in_windows, reads_of
from mbuild.dockerfile.refused import Problems, Refused
from mbuild.dockerfile.resolution import Resolution, reference
from mbuild.dockerfile.stages import SCRATCH, Node, Step
from mbuild.dockerfile.syntax import syntax_doubts, syntax_of, unknown_reads
from mbuild.dockerfile.variables import Variables
from mbuild.values import replace

Sources = tuple[tuple[str, int | Resolved], ...]


class Writer:
    """Writes the recipe of one target.

    args:   the build's arguments; shared: those FROM sees.
    needed: the nodes the target needs, from `add_triggers`; the last stage of them is the target.
    """

    def __init__(
        self,
        file: Dockerfile,
        args: Mapping[str, str],
        shared: Mapping[str, str],
        platform: str,
        resolution: Resolution,
        problems: Problems,
        older: bool = False,
    ) -> None:
        """Keep what all stages share. older: ARG is read as an older BuildKit does (see ``older``)."""
        self._file = file
        self._args = args
        self._shared = shared
        self._platform = platform
        self._resolution = resolution
        self._problems = problems
        self._older = older
        self._lexer = Lexer(file.escape)
        self._syntax = syntax_of(file, args)
        self._scopes: dict[Node, Scope] = {}
        self._platforms: dict[Node, str] = {}
        self._position: dict[Node, int] = {}
        self._whole: set[Node] = set()
        self._reads: list[Read] = []
        self._idle: list[Read] = []
        self._references: list[tuple[Reference, Resolved]] = []
        self._doubts: list[Doubt] = []

    def write(self, needed: Iterable[Node], target: Node) -> Recipe:
        """Return the recipe. What is refused is noted in the problems."""
        # What replaces a stage is there from the start, wherever the stage stands in the file.
        stages = sorted((node for node in needed if not node.outside), key=lambda node: not self._replaced(node))
        self._position = {node: position for position, node in enumerate(stages)}
        self._whole = {target, *(node.base_stage for node in stages if node.base_stage)}
        recipes = tuple(self._stage(node) for node in stages)
        foreign = syntax_doubts(self._file, self._args)
        return Recipe(
            recipes,
            (*unknown_reads(foreign), *self._reads, *(self._idle if self._reads_context else ())),
            tuple(self._references),
            self._inherited(target),
            self._syntax,
            (*foreign, *self._doubts),
            self._file.warnings,
        )

    @property
    def _reads_context(self) -> bool:
        return any(not read.context for read in self._reads)

    def _replaced(self, node: Node) -> bool:
        return node.number in self._resolution.replaced

    def _inherited(self, target: Node) -> Inherited:
        found = self._resolution.replaced.get(target.number)
        if found is not None:
            inherited = _inherited(found) or Inherited(unknown=_name(found))
            # BuildKit takes the triggers of what replaces a stage for that stage's.
            return replace(inherited, onbuild=(), foreign=False)
        return handed_on(self._scopes[target])

    def _stage(self, node: Node) -> StageRecipe:
        base, base_ref = self._base(node)
        scope = self._scopes[node] = self._begin(node)
        operations: list[Operation] = []
        sources: list[Sources] = []
        if not self._replaced(node):
            # A stage that starts from another one is built for that one's platform, whatever its FROM says.
            for step in node.steps:
                try:
                    for operation, used in self._step(node, step, scope):
                        operations.append(operation)
                        sources.append(used)
                except Refused as refused:
                    self._problems.note(refused, step.command.where)
        platform = self._platforms[node]
        number = node.number
        return StageRecipe(node.name, number, base, base_ref, platform, tuple(operations), tuple(sources), node.where)

    def _base(self, node: Node) -> tuple[int | Resolved | None, str]:
        """Return what a stage starts from and how its FROM names that; note it as read or referred to."""
        replaced = self._replaced(node)
        parent = None if replaced else node.base_stage
        # Scratch has the platform of the target, whatever its FROM says.
        own = "" if node.base == SCRATCH and not replaced else node.platform
        self._platforms[node] = self._platforms[parent] if parent else own or self._platform
        if parent:
            if self._replaced(parent):
                self._doubt_triggers(node, self._resolution.of(parent))
            return self._position[parent], ""
        found = self._resolution.of(node)
        if found is None:
            return None, ""
        name = replace(reference(node), name=node.name) if replaced else reference(node)
        self._references.append((name, found))
        if not replaced:
            self._doubt_triggers(node, found)
        if isinstance(found, FolderContext) and (not replaced or node in self._whole):
            self._reads.append(Read(found.context, "FROM", ("/",), node.where))
        return found, name.name

    def _doubt_triggers(self, node: Node, found: Resolved | None) -> None:
        """Note where a stage starts from what may have triggers that are not known."""
        if found is not None and is_foreign(found):
            reason = f"FROM {node.base}: which ONBUILD triggers it has is not known, as {_name(found)} made it"
            self._doubts.append(Doubt(reason, node.where))

    def _begin(self, node: Node) -> Scope:
        scope = Scope(self._lexer, self._args, self._shared, self._syntax, self._older)
        if node.base_stage is not None and not self._replaced(node):
            go_on(scope, self._scopes[node.base_stage])
        else:
            begin(scope, self._resolution.of(node), self._platforms[node])
        return scope

    def _step(self, node: Node, step: Step, scope: Scope) -> list[tuple[Operation, Sources]]:
        command = step.command
        scope.trigger = step.from_onbuild
        operations = scope.run(command)
        if scope.doubts:
            self._doubts += (_doubt(word, names, scope, step) for word, names in scope.doubts)
        origins, used = self._used(node, step) if step.uses else ([], ())
        reads = reads_of(command, operations[0], scope.mounts, origins)
        self._reads += map(in_windows, reads) if is_windows(self._platforms[node]) else reads
        self._idle += idle_reads(command, scope.mounts, origins)
        if step.uses:
            return [(self._canonical(operations[0], step, scope), used)]
        return [(each, ()) for each in operations]

    def _used(self, node: Node, step: Step) -> tuple[list[ContextSource], Sources]:
        """Return where each `--from` or mount takes its files from: for reading, and for the recipe."""
        origins: list[ContextSource] = []
        used: list[tuple[str, int | Resolved]] = []
        for word, source in zip(_words(step), step.uses, strict=True):
            found = self._resolution.of(source) if word and (source.outside or self._replaced(source)) else None
            origins.append(ContextSource(word, found))
            if not word or (source.outside and found is None):
                continue
            if source.outside and found is not None:
                self._references.append((reference(source), found))
                used.append((word, found))
            elif source is node or source not in self._scopes:
                raise Refused(f"stage {source.label} comes later: it must stand before what uses it")
            else:
                used.append((word, self._position[source]))
        return origins, tuple(used)

    def _canonical(self, operation: Operation, step: Step, scope: Scope) -> Operation:
        """Return the operation with stages by their place in the recipe, so that their names do not count."""
        names = [
            word if source.outside else str(self._position.get(source, word))
            for word, source in zip(_words(step), step.uses, strict=True)
        ]
        flags: Sequence[tuple[str, str]] = operation.flags
        if step.command.keyword == "COPY":
            flags = [(name, names[0] if name == "from" else text) for name, text in flags]
        else:
            mounts = [("mount", mount.text(name)) for mount, name in zip(scope.mounts, names, strict=True)]
            flags = [*(flag for flag in flags if flag[0] != "mount"), *mounts]
        return replace(operation, flags=tuple(flags))


def begin(scope: Scope, found: Resolved | None, platform: str) -> None:
    """Give a stage what it has from what it starts from: variables and the working directory."""
    inherited = _inherited(found)
    scope.variables = _variables(inherited or Inherited(), _name(found))
    if not is_windows(platform):
        scope.variables.set_path()
    scope.workdir = inherited.workdir if inherited else ""


def is_windows(platform: str) -> bool:
    """Tell whether a platform, written as in ``windows(10.0.17763)/amd64``, is one of Windows."""
    return platform.startswith("windows")


def go_on(scope: Scope, before: Scope) -> None:
    """Give a stage what it has from the stage that it starts from."""
    scope.variables, scope.workdir = before.variables.child(), before.workdir


def is_foreign(found: Resolved) -> bool:
    """Tell whether another frontend than Docker's made what a stage starts from: its triggers are not known."""
    return isinstance(found, ParentImage) and found.inherited is not None and found.inherited.foreign


def handed_on(scope: Scope) -> Inherited:
    """Return what an image that ends here hands on."""
    variables = scope.variables
    # A guess is left out: to a child it is then a variable that the parent may define, and so a doubt again.
    env = tuple([pair for pair in variables.image.items() if pair[0] not in variables.guessed])
    return Inherited(env, tuple(scope.onbuild), scope.workdir, variables.base)


def _words(step: Step) -> tuple[str, ...]:
    """Return the names behind `Step.uses`, "" for a mount without `from`."""
    command = step.command
    return command.origins if command.keyword == "RUN" else tuple(t for n, t in command.flags if n == "from" and t)


def _inherited(found: Resolved | None) -> Inherited | None:
    """Return the known configuration of a base, None where it is not known."""
    if found is None or isinstance(found, FolderContext):
        return Inherited(workdir="/")
    if isinstance(found, ExternalImage):
        return None
    return found.inherited


def _name(found: Resolved | None) -> str:
    """Return the external image whose environment may hold more than what is known, "" for none."""
    if isinstance(found, ParentImage):
        return found.inherited.unknown if found.inherited else found.image
    return found.ref if isinstance(found, ExternalImage) else ""


def _variables(inherited: Inherited, base: str) -> Variables:
    return Variables(dict(inherited.env), dict(inherited.env), set(), base)


def _doubt(word: str, names: frozenset[str], scope: Scope, step: Step) -> Doubt:
    listed = ", ".join(sorted(names))
    reason = f"{step.command.keyword} {word}: {listed} may come from {scope.variables.base}, whose ENV is not known"
    return Doubt(reason, step.command.where)
