"""Reads the Dockerfiles of a project at one tree and evaluates them, parents before children."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import networkx as nx

from mbuild.dockerfile.evaluate import base_names, evaluate
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
from mbuild.dockerfile.syntax import syntax_doubts
from mbuild.errors import DockerfileError, Problem
from mbuild.graph.lookup import Lookup
from mbuild.graph.model import Edge
from mbuild.images import ImageDef, NamedContext, Project
from mbuild.names import context_key, parse_platform
from mbuild.tree import Entry, Tree, follow

DOCKER_IMAGE = "docker-image://"


@dataclass(slots=True)
class Evaluated:
    """One image after evaluation: a recipe for each platform and the edges to its parents."""

    definition: ImageDef
    dockerfile: Entry
    recipes: tuple[Recipe, ...]
    edges: tuple[Edge, ...]


def platforms_of(definition: ImageDef, native: str) -> tuple[Platform, ...]:
    """Return the platforms an image is built for; ``native`` stands in where it names none."""
    return tuple(Platform(*parse_platform(each)) for each in definition.platforms or (native,))


@dataclass(slots=True)
class RecipeBook:
    """Evaluates every image of a project at a tree.

    native: the platform of images that name none, e.g. ``linux/amd64``.
    problems: everything that is wrong, gathered; images with problems are left out of the result.
    """

    project: Project
    tree: Tree
    native: str
    problems: list[Problem] = field(default_factory=list)
    _parsed: dict[tuple[str, str], tuple[Dockerfile, tuple[Problem, ...]]] = field(default_factory=dict)
    _files: dict[str, tuple[Entry, Dockerfile]] = field(default_factory=dict)
    _done: dict[str, Evaluated] = field(default_factory=dict)
    _lookup: Lookup = field(init=False)
    _definitions: dict[str, ImageDef] = field(init=False)
    _given_up: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._lookup = Lookup(self.project.images)
        self._definitions = {each.name: each for each in self.project.images}

    def evaluate(self) -> Mapping[str, Evaluated]:
        """Return every image that could be evaluated; look at ``problems`` for the others."""
        for definition in self.project.images:
            self._guard(lambda definition=definition: self._open(definition))
        for name in self._from_order():
            self._once(name)
        return self._done

    def _once(self, name: str) -> None:
        """Evaluate an image unless that was done, has failed, or cannot be: then its problem has been reported."""
        if name in self._files and name not in self._done and name not in self._given_up:
            self._given_up.add(name)  # until it is done: so a circle through named contexts comes to an end here
            self._guard(lambda: self._evaluate(self._definitions[name]))

    def _guard(self, action: object) -> None:
        try:
            action()  # type: ignore[operator]
        except DockerfileError as error:
            self.problems.extend(each for each in error.problems if each not in self.problems)

    def _open(self, definition: ImageDef) -> None:
        entry = follow(self.tree, definition.dockerfile)
        if entry is None:
            raise DockerfileError(_missing_dockerfile(definition, self.tree))
        key = (entry.oid, definition.dockerfile)
        if key not in self._parsed:
            self._parsed[key] = read(self.tree.read(entry), definition.dockerfile)
        file, problems = self._parsed[key]
        # Another frontend may read what is no Dockerfile here: then it is evaluated with a doubt.
        if problems and not syntax_doubts(file, dict(definition.args)):
            raise DockerfileError(problems)
        self._files[definition.name] = (entry, file)

    def _from_order(self) -> Sequence[str]:
        """Return the images so that whoever another one starts FROM comes first."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        for name in sorted(self._files):
            definition = self._definitions[name]
            graph.add_node(name)
            self._guard(lambda definition=definition: self._add_bases(graph, definition))
        components = list(nx.strongly_connected_components(graph))
        if all(len(each) == 1 for each in components):
            return list(nx.lexicographical_topological_sort(graph))
        looped = set().union(*(each for each in components if len(each) > 1))
        self.problems.extend(cycle_problems(graph))
        blocked = looped | {below for name in looped for below in nx.descendants(graph, name)}
        self._given_up |= blocked
        return list(nx.lexicographical_topological_sort(graph.subgraph(set(graph) - blocked)))

    def _add_bases(self, graph: nx.DiGraph[str], definition: ImageDef) -> None:
        file = self._files[definition.name][1]
        for platform in platforms_of(definition, self.native):
            names = base_names(
                file,
                target=definition.target,
                args=dict(definition.args),
                platform=platform,
                build_platform=Platform(*parse_platform(self.native)),
            )
            for reference in names:
                parent = self._image_of(definition, reference)
                if parent is not None:
                    graph.add_edge(parent, definition.name, where=reference.where)

    def _evaluate(self, definition: ImageDef) -> None:
        entry, file = self._files[definition.name]
        recipes = tuple(self._recipe(definition, file, each) for each in platforms_of(definition, self.native))
        self._done[definition.name] = Evaluated(definition, entry, recipes, _edges(definition, recipes))

    def _recipe(self, definition: ImageDef, file: Dockerfile, platform: Platform) -> Recipe:
        contexts = {each.name: each for each in definition.contexts}

        def stage(name: str) -> Resolved | None:
            return self._context(contexts[name], definition, platform) if name in contexts else None

        return evaluate(
            file,
            target=definition.target,
            args=dict(definition.args),
            platform=platform,
            build_platform=Platform(*parse_platform(self.native)),
            resolve=lambda reference: self._resolve(definition, reference, platform),
            resolve_stage=stage,
        )

    def _image_of(self, definition: ImageDef, reference: Reference) -> str | None:
        context = _context_for(definition, reference.name)
        if context is not None:
            return self._image_behind(context, definition)
        return self._lookup.find(reference.name, definition.name)

    def _resolve(self, definition: ImageDef, reference: Reference, platform: Platform) -> Resolved:
        """Return what a name stands for; ``platform``: of the child, None where only files are taken."""
        wanted = platform if reference.kind == "from" else None
        if wanted and reference.platform:
            wanted = Platform(*parse_platform(reference.platform))
        context = _context_for(definition, reference.name)
        if context is not None:
            return self._context(context, definition, wanted)
        parent = self._lookup.find(reference.name, definition.name)
        return ExternalImage(reference.name) if parent is None else self._parent(parent, wanted)

    def _context(self, context: NamedContext, definition: ImageDef, platform: Platform | None) -> Resolved:
        if context.kind == "folder":
            return FolderContext(context.name)
        image = self._image_behind(context, definition)
        return ExternalImage(context.value) if image is None else self._parent(image, platform)

    def _image_behind(self, context: NamedContext, definition: ImageDef) -> str | None:
        """Return the image of this repository that a named context means, also where it is named as any image is."""
        if context.kind == "image":
            return context.value
        if context.value.startswith(DOCKER_IMAGE):
            return self._lookup.find(context.value.removeprefix(DOCKER_IMAGE), definition.name)
        return None

    def _parent(self, name: str, platform: Platform | None) -> Resolved:
        return ParentImage(name, self._inherited(name, platform) if platform else None)

    def _inherited(self, name: str, platform: Platform) -> Inherited:
        """Return what children built for a platform take over; an image that failed has been reported already."""
        self._once(name)
        done = self._done.get(name)
        if done is None:
            return Inherited()
        built_for = platforms_of(done.definition, self.native)
        return done.recipes[built_for.index(platform) if platform in built_for else 0].inherited


def _context_for(definition: ImageDef, name: str) -> NamedContext | None:
    """Return the named context that replaces a reference (BuildKit ``dockerui/namedcontext.go``)."""
    key = context_key(name)
    return next((each for each in definition.contexts if context_key(each.name) == key), None)


def _edges(definition: ImageDef, recipes: Sequence[Recipe]) -> tuple[Edge, ...]:
    contexts = {context_key(each.name) for each in definition.contexts}

    def kind(reference: Reference) -> str:
        return "context" if context_key(reference.name) in contexts else reference.kind

    found = {
        (resolved.image, kind(reference), reference.name): reference.where
        for recipe in recipes
        for reference, resolved in reversed(recipe.references)
        if isinstance(resolved, ParentImage)
    }
    edges = [Edge(definition.name, *key, where) for key, where in found.items()]
    edges += [
        Edge(definition.name, each, "declared", "", definition.place("depends_on")) for each in definition.depends_on
    ]
    return tuple(sorted(edges, key=lambda each: (each.parent, each.kind, each.name)))


def _missing_dockerfile(definition: ImageDef, tree: Tree) -> Problem:
    folder = definition.dockerfile.rpartition("/")[0]
    near = [each.path for each in tree.below(folder) if "dockerfile" in each.path.rpartition("/")[2].lower()][:3]
    hint = f"there is {', '.join(near)}" if near else "files that git ignores are not part of the tree"
    return Problem(
        f"image '{definition.name}': no Dockerfile at {definition.dockerfile}", definition.place("dockerfile"), (hint,)
    )


def cycle_problems(graph: nx.DiGraph[str]) -> list[Problem]:
    """Return one problem for each group of images that wait for each other, with the path."""
    problems = []
    for component in sorted(nx.strongly_connected_components(graph), key=min):
        if len(component) > 1:
            loop = [edge[0] for edge in nx.find_cycle(graph.subgraph(component), min(component))]
            path = " → ".join(reversed([*loop, loop[0]]))
            where = graph.edges[loop[-1], loop[0]]["where"]
            problems.append(
                Problem(f"images need each other in a circle: {path}", where, ("remove one of these uses",))
            )
    return problems
