"""Evaluates the Dockerfiles of a project at one tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from mbuild.dockerfile import epoch
from mbuild.dockerfile.evaluate import evaluate
from mbuild.dockerfile.foreign import references
from mbuild.dockerfile.model import (
    Dockerfile,
    ExternalImage,
    FolderContext,
    Inherited,
    ParentImage,
    Platform,
    Recipe,
    Reference,
    Resolved,
)
from mbuild.dockerfile.parser import read
from mbuild.dockerfile.syntax import frontend, syntax_doubts
from mbuild.dockerfile.variables import platform_args
from mbuild.errors import DockerfileError, Problem, Where, printable
from mbuild.graph import foreign
from mbuild.graph.brief import Brief, brief
from mbuild.graph.defined import Definitions
from mbuild.graph.lookup import Lookup, context_for
from mbuild.graph.plain import Plain
from mbuild.images import ImageDef, NamedContext
from mbuild.platforms import parse_platform
from mbuild.tree import Entry, Tree
from mbuild.values import dataclass, field, replace

InheritedOf = Callable[[str], Sequence[Inherited] | None]
"""From the name of an image to what it hands on, one value for each of its platforms; None where it has failed."""


def platforms_of(named: Sequence[str], native: str) -> tuple[Platform, ...]:
    """Return the platforms an image is built for, of those that it names; ``native`` stands in where it names none."""
    return tuple(map(_platform, named or (native,)))


@lru_cache
def _platform(text: str) -> Platform:
    return Platform(*parse_platform(text))


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The recipes of an image, and every name that was looked up with the image it meant here, "" for none."""

    recipes: tuple[Recipe, ...]
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Briefed:
    """What counts of the recipes of an image, one for each platform; names: as of ``Evaluated``.

    foreign: another frontend than Docker's reads the Dockerfile, and is given all that the definition says.
    """

    briefs: tuple[Brief, ...]
    names: tuple[tuple[str, str], ...]
    foreign: bool = False


@dataclass(slots=True)
class Recipes:
    """Reads and evaluates Dockerfiles.

    definitions: of all images of the project. native: the platform of images that name none, e.g. ``linux/amd64``.
    """

    definitions: Definitions
    tree: Tree
    native: str
    _parsed: dict[tuple[str, str], tuple[Dockerfile, tuple[Problem, ...]]] = field(default_factory=dict)
    _lookup: Lookup | None = None
    _plain: Plain | None = None

    def parsed(self, definition: ImageDef, entry: Entry) -> Dockerfile:
        """Return the Dockerfile of an image. Raises DockerfileError with everything that is wrong in it."""
        key = (entry.oid, definition.dockerfile)
        if key not in self._parsed:
            self._parsed[key] = read(self.tree.read(entry), definition.dockerfile)
        file, problems = self._parsed[key]
        # Another frontend may read what is no Dockerfile here: then it is evaluated with a doubt.
        if problems and not syntax_doubts(file, dict(definition.args)):
            raise DockerfileError(problems)
        return file

    def evaluate(
        self, definition: ImageDef, entry: Entry, inherited: InheritedOf, stage: int | None = None
    ) -> Evaluated:
        """Return an image's recipes, one for each platform. Raises DockerfileError, and what ``inherited`` raises.

        stage: number of the one to be the target, which need not have a name; None: the definition says which.
        """
        file = self.parsed(definition, entry)
        if stage is not None:
            file, definition = _as_far_as(stage, file), replace(definition, target=None)
        names: dict[str, str] = {}
        platforms = platforms_of(definition.platforms, self.native)
        recipes = tuple(self._recipe(file, _Asking(self, definition, each, inherited, names)) for each in platforms)
        return Evaluated(recipes, tuple(names.items()))

    def briefs(self, definition: ImageDef, entry: Entry, inherited: InheritedOf) -> Briefed:
        """Return what counts of an image's recipes. Raises as ``evaluate``."""
        if self._plain is None:
            self._plain = Plain(_platform(self.native))
        names: dict[str, str] = {}
        plain = self._plain.file(entry.oid, lambda: self.tree.read(entry))
        if plain is not None:
            askings = [
                _Asking(self, definition, each, inherited, names)
                for each in platforms_of(definition.platforms, self.native)
            ]
            found = [self._plain.brief(plain, definition, each.platform, each.resolve) for each in askings]
            briefs = tuple([each for each in found if each is not None])
            if len(briefs) == len(askings):
                return Briefed(briefs, tuple(names.items()))
        evaluated = self.evaluate(definition, entry, inherited)
        made = Briefed(tuple(map(brief, evaluated.recipes)), evaluated.names)
        if not any(each.doubts for each in made.briefs):
            return made
        file = self.parsed(definition, entry)
        doubts = syntax_doubts(file, dict(definition.args))
        return self._widened(made, definition, file, doubts[0].where) if doubts else made

    def _widened(self, found: Briefed, definition: ImageDef, file: Dockerfile, where: Where) -> Briefed:
        """Return the briefs with all that a frontend of which nothing is known can use."""
        names = dict(found.names)
        args = dict(definition.args)
        briefs = []
        for each, platform in zip(found.briefs, platforms_of(definition.platforms, self.native), strict=True):
            known = platform_args(definition.target or "", platform, _platform(self.native), args) | args
            named = (frontend(file, args), *references(file, known))
            more = foreign.parents(definition, named, where, self.lookup, names)
            reads = (*each.reads, *foreign.folders(definition, where))
            briefs.append(replace(each, reads=reads, references=(*each.references, *more)))
        return Briefed(tuple(briefs), tuple(names.items()), foreign=True)

    def _recipe(self, file: Dockerfile, asking: _Asking) -> Recipe:
        definition = asking.definition
        try:
            return evaluate(
                file,
                target=definition.target,
                args=dict(definition.args),
                platform=asking.platform,
                build_platform=_platform(self.native),
                resolve=asking.resolve,
                resolve_stage=asking.stage,
            )
        except DockerfileError as error:
            raise DockerfileError([_where_said(each, definition) for each in error.problems]) from error

    @property
    def lookup(self) -> Lookup:
        """The names of the project's images."""
        if self._lookup is None:
            self._lookup = Lookup(self.definitions.filed())
        return self._lookup

    def platforms(self, name: str) -> tuple[Platform, ...]:
        """Return the platforms that an image of the project is built for."""
        return platforms_of(self.definitions.platforms(name), self.native)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Resolves names for one image and platform. names: takes what was looked up."""

    recipes: Recipes
    definition: ImageDef
    platform: Platform
    inherited: InheritedOf
    names: dict[str, str]

    def stage(self, name: str) -> Resolved | None:
        """Return what a named context puts in the place of a stage."""
        found = context_for(self.definition, name) if self.definition.contexts else None
        return self._context(found, self.platform) if found is not None else None

    def resolve(self, reference: Reference) -> Resolved:
        """Return what a name stands for; where only files are taken from it, nothing is inherited."""
        wanted = self.platform if reference.kind == "from" else None
        if wanted and reference.platform:
            wanted = Platform(*parse_platform(reference.platform))
        context = context_for(self.definition, reference.name)
        if context is not None:
            return self._context(context, wanted)
        parent = self.names[reference.name] = self.recipes.lookup.image_of(self.definition, reference.name)
        return self._parent(parent, wanted) if parent else ExternalImage(reference.name)

    def _context(self, context: NamedContext, platform: Platform | None) -> Resolved:
        if context.kind == "folder":
            return FolderContext(context.name)
        image = self.names[context.name] = self.recipes.lookup.image_behind(self.definition, context)
        return self._parent(image, platform) if image else ExternalImage(context.value)

    def _parent(self, name: str, platform: Platform | None) -> Resolved:
        return ParentImage(name, self._inherited(name, platform) if platform else None)

    def _inherited(self, name: str, platform: Platform) -> Inherited:
        """Return what children built for a platform take over; an image that failed has been reported already."""
        found = self.inherited(name)
        if not found:
            return Inherited()
        built_for = self.recipes.platforms(name)
        return found[built_for.index(platform) if platform in built_for else 0]


def _where_said(problem: Problem, definition: ImageDef) -> Problem:
    """Return a problem at the place that says what is wrong, where that is the definition and not the Dockerfile."""
    is_epoch = problem.message.startswith(epoch.NAME) and epoch.NAME in dict(definition.args)
    where = definition.place(f"args.{epoch.NAME}" if is_epoch else "target")
    if problem.where != Where(definition.dockerfile) or where is None or not (is_epoch or definition.target):
        return problem
    return replace(problem, message=f"{printable(definition.dockerfile)}: {problem.message}", where=where)


def _as_far_as(stage: int, file: Dockerfile) -> Dockerfile:
    """Return a Dockerfile that ends with one of its stages: none can use a later one."""
    starts = [at for at, each in enumerate(file.instructions) if each.keyword == "FROM"]
    return replace(file, instructions=file.instructions[: [*starts, None][stage + 1]])
