"""What all sources state → images: one build is one image, names fit, what is not there is left out. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from mbuild import names as checked
from mbuild.discovery import meant, published
from mbuild.discovery.looking import Looker
from mbuild.discovery.model import BUILD, FOLDER, LABELS, Build, Discovery, Image, Other
from mbuild.discovery.naming import Namer, image_name_of, preferred
from mbuild.discovery.notes import Notes
from mbuild.discovery.paths import is_folder, is_text, parent
from mbuild.discovery.usable import usable
from mbuild.errors import Problem, Remark, Where, listed
from mbuild.references import NameProblem, context_key, quoted
from mbuild.tree import follow_inside
from mbuild.values import dataclass, field, replace

Identity = tuple[int, str]

_MOST = 10
"""So many stages are named in one note."""
_DEEP = 100
"""So many builds may be made from one another; what is behind them counts as an image of its own each."""


def merge(
    looker: Looker, builds: tuple[Build, ...], problems: tuple[Problem, ...], project: str, order: Sequence[str]
) -> Discovery:
    """Return the images that builds amount to.

    looker: of the tree. builds: in the order in which their sources are believed. problems: noted already. order: the
    names of the sources.
    """
    return _Merge(looker, builds, order).result(problems, project)


@dataclass(slots=True)
class _Merge:
    looker: Looker
    stated: Sequence[Build]
    order: Sequence[str]
    notes: Notes = field(default_factory=Notes)

    def result(self, problems: Sequence[Problem], project: str) -> Discovery:
        groups = self._groups([usable(each, self.notes) for each in self.stated if self._is_there(each)])
        active = {key: group for key, group in groups.items() if not all(each.aside for each in group)}
        heads = {key: preferred([each for each in group if not each.aside]) for key, group in active.items()}
        external = self._external(list(heads.values()))
        namer = Namer(self.order, frozenset(external))
        names = namer.assign(list(heads.values()))
        known = [self._known(names[head.key], head, active[key]) for key, head in heads.items()]
        registry, guessed = published.registry_of(known)
        called = {
            head.key: frozenset(each for build in active[key] for each in build.called) for key, head in heads.items()
        }
        known = meant.with_folders(published.with_called(known, list(called.values())))
        aliases = published.aliases(known, registry)
        asides = self._asides(groups, active, namer)
        aside = [published.Known(each.name, (), (), dockerfile=each.build.dockerfile) for each in asides]
        self._doubts(meant.doubtful(known, registry, aliases, aside), asides)
        tagged = {alias for each in known for alias in each.tagged if alias in aliases[each.name]}
        self._unreached(list(heads.values()))
        by_build = {each.key: names[heads[key].key] for key, group in active.items() for each in group}
        images = []
        for key, head in heads.items():
            name = names[head.key]
            known_as = published.guessed(aliases[name], called[head.key], tagged)
            guesses = (*head.guesses, *_renamed(head, name, external), *known_as)
            images.append(self._image(names[head.key], active[key], head, aliases, by_build, guesses))
        if guessed:
            first = Problem(f"registry {quoted(registry)} was guessed from the FROM lines of the Dockerfiles")
            problems = (*problems, first)
        if tagged:
            shown = listed(sorted(tagged), 1, quoted)
            problems = (*problems, Remark(f"{shown}: guessed from folders and the FROM lines of the Dockerfiles"))
        return Discovery(tuple(images), asides, (*problems, *self.notes.problems), _project(project), registry, guessed)

    def _is_there(self, build: Build) -> bool:
        """Return whether Dockerfile and context root are in the tree; what is not is reported, not invented."""
        why = self._why_not(build)
        if why and not self._is_read_otherwise(build):
            self.notes.add(f"{LABELS[build.source]} {quoted(build.name)} is left out: {why}", build.where)
        return not why

    def _why_not(self, build: Build) -> str:
        if not is_folder(self.looker.tree, build.context):
            return f"there is no folder {quoted(build.context)}"
        if follow_inside(self.looker.tree, build.dockerfile)[1] is None:
            return f"there is no Dockerfile {quoted(build.dockerfile)}"
        if not is_text(build.target or ""):
            return f"its target {quoted(build.target or '')} is none"
        if not is_text(build.dockerfile + build.context):
            return "its path is not UTF-8, so build.yaml cannot hold it"
        return ""

    def _is_read_otherwise(self, build: Build) -> bool:
        """Return whether a file that states a build, read for something else, states one that is there."""
        same = (each for each in self.stated if (each.where, each.name) == (build.where, build.name))
        return bool(build.read_as) and any(not self._why_not(each) for each in same)

    def _groups(self, builds: Sequence[Build]) -> dict[Identity, list[Build]]:
        identities = _Identities({each.key: each for each in builds})
        groups: dict[int, list[Build]] = {}
        for each in builds:
            groups.setdefault(identities.of(each), []).append(each)
        return {(number, only): part for number, group in groups.items() for only, part in _apart(group)}

    def _known(self, name: str, head: Build, group: Sequence[Build]) -> published.Known:
        said = tuple(dict.fromkeys(text for each in group for text in each.published))
        return published.Known(name, said, self._references(head), parent(head.where.file), head.dockerfile)

    def _references(self, build: Build) -> tuple[tuple[str, Where], ...]:
        """Return the images a build names, but for those that its named contexts replace."""
        replaced = {context_key(name) for name, _ in build.contexts}
        seen = self.looker.look(build.dockerfile, build.target, build.args).references
        return tuple((name, where) for name, where in seen if context_key(name) not in replaced)

    def _external(self, heads: Sequence[Build]) -> Mapping[str, Where]:
        known = [published.Known(image_name_of(each.name), each.published, self._references(each)) for each in heads]
        plain = frozenset(image_name_of(each.name) for each in heads if each.source == "dockerfile")
        return published.external_names(known, plain)

    def _doubts(self, found: Sequence[tuple[str, str, Where]], asides: Sequence[Image]) -> None:
        files = {each.name: each.build.dockerfile for each in asides}
        for name, text, where in found:
            image = f"{quoted(files[name])}, which nothing states," if name in files else f"the image '{name}',"
            hint = f"if it does, give the image this name too: aliases: [{text}]"
            self.notes.remark(f"{quoted(text)} may mean {image} and is taken for an external image", where, hint)

    def _unreached(self, heads: Sequence[Build]) -> None:
        """Note the stages that a Dockerfile may be there for, but that are part of no image."""
        found: dict[str, dict[str, Where]] = {}
        for each in heads:
            if ends := self.looker.look(each.dockerfile, each.target, each.args).ends:
                found.setdefault(each.dockerfile, dict(ends.named)).pop((each.target or ends.last).lower(), None)
        for left in filter(None, found.values()):
            what = "stages {} are" if len(left) > 1 else "stage {} is"
            hint = "to make one an image, name it as the target of one in build.yaml, or in a compose or bake file"
            self.notes.remark(f"{what.format(listed(tuple(left), _MOST))} part of no image", min(left.values()), hint)

    def _image(
        self,
        name: str,
        group: Sequence[Build],
        head: Build,
        aliases: Mapping[str, tuple[str, ...]],
        by_build: Mapping[str, str],
        guesses: tuple[str, ...],
    ) -> Image:
        secrets = {secret.id: secret for each in reversed(group) for secret in each.secrets}
        platforms = tuple(dict.fromkeys(each for build in group for each in build.platforms))
        args = tuple(sorted({**dict(head.args), **dict(_required(head, by_build))}.items()))
        apart = dict.fromkeys(each for build in group for each in build.apart)
        build = replace(
            head,
            args=args,
            platforms=platforms,
            secrets=tuple(secrets[each] for each in sorted(secrets)),
            unheld=(*head.unheld, *apart, *self._no_images(name, head, by_build)),
        )
        contexts = tuple(self._contexts(name, head, by_build))
        places = tuple(dict.fromkeys(each.where for each in group))
        return Image(name, build, contexts, aliases.get(name, ()), places, guesses)

    def _contexts(self, name: str, build: Build, by_build: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield the named contexts as build.yaml writes them."""
        for label, other in build.contexts:
            if other.kind == BUILD:
                image = by_build.get(other.value, name)
                if image != name:
                    yield label, f"image:{image}"
            elif other.kind == FOLDER:
                yield label, f"./{other.value}" if other.value else "."
            else:
                yield label, other.value

    def _no_images(self, name: str, build: Build, by_build: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield the named contexts that are left out since what they name is no image, which is noted."""
        for label, other in build.contexts:
            if other.kind == BUILD and by_build.get(other.value, name) == name:
                called = other.value.rpartition("\0")[2]
                message = f"the context {quoted(label)} is left out: {quoted(called)} is no image here"
                self.notes.remark(message, build.where)
                yield "contexts", json.dumps([label, called])

    def _asides(
        self, groups: Mapping[Identity, list[Build]], active: Mapping[Identity, list[Build]], namer: Namer
    ) -> tuple[Image, ...]:
        aside = [group[0] for key, group in groups.items() if key not in active]
        names = namer.assign(aside)
        return tuple(Image(names[each.key], each, (), (), (each.where,), each.guesses) for each in aside)


def _required(build: Build, by_build: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the arguments that name other images; one that was left out keeps the name that its source gives it."""
    for argument, other in build.requires:
        yield argument, by_build.get(other.value, other.value.rpartition("\0")[2])


@dataclass(frozen=True, slots=True)
class _Identities:
    """What makes two builds one image, as numbers: what they are made from counts, too, however far away."""

    by_key: Mapping[str, Build]
    numbers: dict[tuple[object, ...], int] = field(default_factory=dict)
    known: dict[int, int] = field(default_factory=dict)

    def of(self, build: Build, depth: int = 0) -> int:
        """Return the number of the image that a build makes."""
        found = self.known.get(id(build))
        if found is None:
            contexts = tuple((name, *self._meant(other, depth)) for name, other in (*build.contexts, *build.requires))
            identity = (build.dockerfile, build.context, build.target, build.args, build.labels, build.unheld, contexts)
            found = self.known[id(build)] = self.numbers.setdefault(identity, len(self.numbers))
        return found

    def _meant(self, other: Other, depth: int) -> tuple[object, ...]:
        found = self.by_key.get(other.value) if other.kind == BUILD else None
        return (other.kind, other.value) if found is None or depth == _DEEP else (self.of(found, depth + 1),)


def _apart(group: list[Build]) -> Iterator[tuple[str, list[Build]]]:
    """Yield a group for each platform, where there are builds that make an image for one platform only each."""
    only = [each.platforms[0] if len(each.platforms) == 1 else "" for each in group]
    first = next(filter(None, only), "")
    parts: dict[str, list[Build]] = {}
    for each, alone in zip(group, only, strict=True):
        parts.setdefault(alone or first, []).append(each)
    yield from parts.items()


def _renamed(build: Build, name: str, external: Mapping[str, Where]) -> tuple[str, ...]:
    called = image_name_of(build.name)
    if called == name or called not in external:
        return ()
    return (f"not called {called}: that is an external image in {external[called].file}",)


def _project(name: str) -> str:
    try:
        return checked.project_name(name) if name else ""
    except NameProblem:
        return ""
