"""What a build.yaml that is there lacks of what was found, as entries that mean beside its own what they mean alone."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, count

from mbuild.app.discovering import Proposal
from mbuild.discovery.looking import Looker
from mbuild.discovery.model import Image
from mbuild.discovery.paths import relative
from mbuild.graph.lookup import Lookup, context_for, filed
from mbuild.images import ImageDef, NamedContext, Project
from mbuild.passed import parse_ssh, placed, ssh_option
from mbuild.references import NameProblem, parse_reference
from mbuild.tree import Tree
from mbuild.values import dataclass, field, replace


def lacking(proposal: Proposal, project: Project) -> list[Image]:
    """Return the images stated elsewhere that a build.yaml lacks; of a plain Dockerfile all but that was guessed."""
    held = _held(proposal, project)
    return [each for each in proposal.found.images if each.name not in held]


def fitted(images: Sequence[Image], proposal: Proposal, project: Project, tree: Tree, folder: str) -> list[Image]:
    """Return images that a build.yaml lacks as it would have to state them.

    proposal: all that was found. project: what build.yaml says. folder: of build.yaml; its paths are relative to that.

    They get names that are free there, and are known by all that Dockerfiles call them without build.yaml. Where that
    means something else to build.yaml, or what is meant is called otherwise there, the user's entry says so.
    """
    looker = Looker.at(tree)
    found = {each.name: each for each in proposal.project.images}
    used = {
        each.name: tuple(name for name, _ in looker.look(each.dockerfile, each.target, each.args).references)
        for each in found.values()
    }
    asked = {_keys(name)[0] for name in chain(*used.values())}
    names = _Names(project, filed(project.images), filed(found.values()), asked)
    called = _held(proposal, project) | {each.name: names.take(each.name) for each in images}
    made = {each.name: names.definition(found[each.name], called) for each in images}
    meaning = _Meaning(called, Lookup(names.found), Lookup(filed((*project.images, *made.values()))))
    result = []
    for each in images:
        then = made[each.name]
        contexts = meaning.contexts(each, found[each.name], then, used[each.name])
        guesses = each.guesses if then.name == each.name else (*each.guesses, _taken(each.name))
        fit = replace(each, name=then.name, contexts=contexts, aliases=then.aliases, guesses=guesses)
        result.append(_moved(fit, folder) if folder else fit)
    return result


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What names mean without build.yaml (before) and in it (after). called: what it calls the images found."""

    called: Mapping[str, str]
    before: Lookup
    after: Lookup

    def contexts(
        self, image: Image, found: ImageDef, made: ImageDef, used: Sequence[str]
    ) -> tuple[tuple[str, str], ...]:
        """Return the named contexts that an image needs for all that its Dockerfile uses to mean what it means now."""
        contexts = {label: _called(value, self.called) for label, value in image.contexts}
        for name in (*contexts, *used):
            meant = self.called.get(self.before.image_of(found, name), "")
            if meant and self.after.image_of(made, name) != meant:
                replaced = context_for(made, name)
                contexts[replaced.name if replaced else name] = f"image:{meant}"
        return tuple(contexts.items())


def _held(proposal: Proposal, project: Project) -> dict[str, str]:
    """Return the images found that build.yaml has, by name, with what it calls them."""
    by_file: dict[str, list[ImageDef]] = {}
    for each in project.images:
        by_file.setdefault(each.dockerfile, []).append(each)
    held = {each.name: _most_alike(each, by_file.get(each.build.dockerfile, ())) for each in proposal.found.images}
    return {name: own for name, own in held.items() if own}


def _most_alike(image: Image, candidates: Sequence[ImageDef]) -> str:
    """Return the image of build.yaml that one of the same Dockerfile stands for, "" for none."""
    build = image.build
    files = (build.context, build.target)

    def differs(each: ImageDef) -> tuple[bool, ...]:
        others = (each.args != build.args, each.platforms != build.platforms, each.name != image.name)
        return (each.context_root, each.target) != files, *others

    nearest = min(candidates, key=differs, default=None)
    if nearest is None or (build.source != "dockerfile" and (nearest.context_root, nearest.target) != files):
        return ""
    return nearest.name


def _taken(name: str) -> str:
    return f"not called {name}: that means something else in build.yaml"


def _keys(name: str) -> tuple[str, str]:
    """Return a name as ``filed`` has it, without its tag and with it; "" for what is no reference."""
    try:
        reference = parse_reference(name)
    except NameProblem:
        return "", ""
    repository = reference.repository
    return repository, f"{repository}:{reference.tag}" if reference.tag else repository


@dataclass(frozen=True, slots=True)
class _Names:
    """What names mean. there: to build.yaml. found: without one. used: the names in any Dockerfile."""

    project: Project
    there: Mapping[str, str]
    found: Mapping[str, str]
    used: Collection[str]
    taken: set[str] = field(default_factory=set)

    def take(self, name: str) -> str:
        """Return a name for an image that is found under one: this, or with a number where it is not free."""
        numbered = (f"{name}-{number}" for number in count(2))
        free = next(each for each in chain([name], numbered) if self._is_free(each, name))
        self.taken.add(free)
        return free

    def definition(self, found: ImageDef, called: Mapping[str, str]) -> ImageDef:
        """Return an image that was found with the name it gets, and all other names that still mean nothing else."""
        name = called[found.name]
        own = self._meant_by(name)
        aliases = {each: _keys(each) for each in (*found.aliases, found.full_name, found.name)}
        kept = tuple(
            each
            for each, (repository, tagged) in aliases.items()
            if repository and repository not in own and tagged not in self.there and self.found[tagged] == found.name
        )
        contexts = tuple(replace(each, value=_value(each, called)) for each in found.contexts)
        return replace(found, name=name, full_name=self._full(name), aliases=kept, contexts=contexts)

    def _full(self, name: str) -> str:
        prefix = self.project.registry or self.project.name
        return f"{prefix}/{name}" if prefix else name

    def _meant_by(self, name: str) -> set[str]:
        return {_keys(name)[0], _keys(self._full(name))[0]}

    def _is_free(self, name: str, found: str) -> bool:
        """Return whether nothing else is called so: there, without build.yaml, or asked of the repository."""
        keys = self._meant_by(name)
        others = any(self.found.get(each, found) != found for each in keys)
        made_up = name != found and not keys.isdisjoint(self.used)
        return name not in self.taken and keys.isdisjoint(self.there) and not others and not made_up


def _value(context: NamedContext, called: Mapping[str, str]) -> str:
    return called[context.value] if context.kind == "image" else context.value


def _called(value: str, called: Mapping[str, str]) -> str:
    """Return a named context as written, with the name that the image behind it has now."""
    return f"image:{called[value.removeprefix('image:')]}" if value.startswith("image:") else value


def _moved(image: Image, folder: str) -> Image:
    """Return an image with its paths relative to a folder instead of the git root."""
    build = image.build
    ssh = (parse_ssh(each) for each in build.ssh)
    moved = replace(
        build,
        dockerfile=_path(build.dockerfile, folder),
        context=_path(build.context, folder),
        secrets=tuple(replace(each, file=_file(each.file, folder)) if each.file else each for each in build.secrets),
        ssh=tuple(ssh_option(replace(each, paths=tuple(_file(path, folder) for path in each.paths))) for each in ssh),
        cache_from=_placed(build.cache_from, folder),
        cache_to=_placed(build.cache_to, folder),
    )
    contexts = tuple((label, _folder(value, folder)) for label, value in image.contexts)
    return replace(image, build=moved, contexts=contexts)


def _placed(caches: Sequence[str], folder: str) -> tuple[str, ...]:
    return tuple(placed(each, lambda path: _file(path, folder)) if "=" in each else each for each in caches)


def _path(path: str, folder: str) -> str:
    """Return a path of the repository relative to a folder, "" for the folder itself."""
    there = relative(path, folder)
    return "" if there == "." else there


def _folder(value: str, folder: str) -> str:
    """Return a named context whose folder, if it is one, is relative to another."""
    if value != "." and not value.startswith("./"):
        return value
    there = relative(value, folder)
    return there if there.startswith(".") else f"./{there}"


def _file(path: str, folder: str) -> str:
    """Return the path of a file that need not lie in the repository relative to a folder."""
    if path.startswith(("/", "~")):
        return path
    up = "../" * len(folder.split("/"))
    return posixpath.join(up, path) if path.startswith("..") else relative(path, folder)
