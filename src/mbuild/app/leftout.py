"""What discovery leaves out at head although a base has it: where there is no build.yaml, that is no mere note."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mbuild.errors import Broken, ConfigError, Problem, Remark, Where
from mbuild.git.trees import EmptyTree
from mbuild.graph.affected import Affected, Reason
from mbuild.values import dataclass, field, replace

if TYPE_CHECKING:
    from mbuild.app.graphs import Made
    from mbuild.changes import Change
    from mbuild.graph.node import Graph
    from mbuild.images import ImageDef
    from mbuild.tree import Tree

_ASIDE = "left out: it is taken for no image of its own any more"


def weighed(
    judged: Affected,
    head: Graph,
    trees: Sequence[Tree],
    bases: Sequence[Made | None],
    notes: Sequence[Problem],
    differs: Callable[[], Sequence[Sequence[Change]]],
    guessed: Tree | None = None,
) -> Affected:
    """Return an answer in which what the change leaves out is affected. Raises ConfigError where nothing can be said.

    trees: of the bases. notes: on head. differs: gives what differs between each base and head. guessed: the tree at
    head where it has no build.yaml.
    """
    found = lost(bases, head, brought(bases, notes))
    if guessed is not None:
        for name, path in set_aside(judged, head, bases, guessed):
            found.gone.setdefault(name, [Problem(_ASIDE, Where(path))])
    # Of one thing that is wrong the more detailed problem is said.
    if wrong := {str(each): each for each in (*broken(trees, bases, notes, differs), *found.errors())}:
        raise ConfigError(wrong.values())
    return found.with_reasons(judged, head)


def brought(bases: Iterable[Made | None], notes: Iterable[Problem]) -> list[Problem]:
    """Return the notes that no base has: a service that the change makes one of those left out may look untouched."""
    before = {(each.message, each.where and each.where.file) for base in bases if base for each in base.notes}
    if not any(bases):
        return []
    return [each for each in notes if (each.message, each.where and each.where.file) not in before]


@dataclass(frozen=True, slots=True)
class Lost:
    """Images of a base that what states them there does not state at head, each with the notes that say why.

    answered: those for which something else states the same Dockerfile under the same name. gone: the others.
    """

    answered: dict[str, list[Problem]] = field(default_factory=dict)
    gone: dict[str, list[Problem]] = field(default_factory=dict)

    def errors(self) -> Iterator[Problem]:
        """Yield why nothing can be said of the images that are gone."""
        names: dict[Problem, list[str]] = {}
        for name, notes in self.gone.items():
            for each in notes:
                names.setdefault(each, []).append(name)
        for note, found in names.items():
            hint = (
                f"the base has it as an image: {', '.join(sorted(found))}; mbuild init writes a build.yaml without it"
            )
            yield replace(note, hints=(*note.hints, hint))

    def with_reasons(self, judged: Affected, head: Graph) -> Affected:
        """Return an answer in which those that something else answers for are affected, and what is made from them."""
        if not self.answered:
            return judged
        reasons: dict[str, tuple[Reason, ...]] = {}
        for name in head.order:
            places = [each.where for each in self.answered.get(name, ())]
            own = [Reason("definition-changed", where.file if where else None, where=where) for where in places]
            above = [(each, where) for each, where in head.images.uses(name) if each in reasons]
            parents = [Reason("parent-affected", parent=each, where=where) for each, where in above]
            if found := (*judged.reasons.get(name, ()), *own, *parents):
                reasons[name] = tuple(dict.fromkeys(found))
        return replace(judged, reasons=reasons)


def lost(bases: Iterable[Made | None], head: Graph, notes: Iterable[Problem]) -> Lost:
    """Return the images of the bases that a change loses. notes: those that it brings."""
    said: dict[str, list[Problem]] = {}
    for note in notes:
        if note.where and not isinstance(note, Remark):
            said.setdefault(note.where.file, []).append(note)
    found = Lost()
    for old in _definitions(bases) if said else ():
        new = head.images.source(old.name).definition() if old.name in head.nodes else None
        stating = _stating(old)
        why = said.get(stating) or said.get(old.dockerfile)
        if why and (new is None or _stating(new) != stating):
            kind = found.answered if new and new.dockerfile == old.dockerfile else found.gone
            kind.setdefault(old.name, []).extend(why)
    return found


def set_aside(judged: Affected, head: Graph, bases: Iterable[Made | None], tree: Tree) -> Iterator[tuple[str, str]]:
    """Yield the images of the bases whose Dockerfile is in the tree at head, but no image's there; each with its path.

    Discovery sets a Dockerfile aside for what is said of others: that is no reason to say nothing of its changes.
    """
    from mbuild.discovery.dockerfiles import is_dockerfile

    now = head.images.summaries
    names = {*judged.removed, *judged.reasons}  # any other image has the Dockerfile that it had
    before = [(each.graph.images.summaries, names & each.graph.nodes.keys()) for each in bases if each]
    old = {(name, said[name].dockerfile) for said, there in before for name in there}
    gone = [(name, path) for name, path in sorted(old) if name not in head.nodes or now[name].dockerfile != path]
    used = {now[each].dockerfile for each in head.nodes} if gone else set()
    for name, path in gone:
        entry = tree.entry(path) if path not in used and is_dockerfile(path) else None
        if entry is not None and not entry.is_link:
            yield name, path


def _definitions(bases: Iterable[Made | None]) -> Iterator[ImageDef]:
    for base in bases:
        if base:
            yield from (base.graph.images.source(name).definition() for name in base.graph.images.names)


def _stating(definition: ImageDef) -> str:
    return definition.where.file if definition.where else ""


def broken(
    trees: Sequence[Tree],
    bases: Sequence[Made | None],
    notes: Iterable[Problem],
    differs: Callable[[], Sequence[Sequence[Change]]],
) -> list[Problem]:
    """Return the notes on Dockerfiles that the change has broken, or has brought: they are meant to be images."""
    found = {each.where.file: each for each in notes if isinstance(each, Broken) and each.where}
    if not found:
        return []
    broken: dict[str, Problem] = {}
    for tree, base, changes in zip(trees, bases, differs(), strict=True):
        before = {each.where.file for each in (base.notes if base else ()) if isinstance(each, Broken) and each.where}
        if not isinstance(tree, EmptyTree):  # from nothing, everything is new
            broken |= {each.path: found[each.path] for each in changes if each.path in found.keys() - before}
    return list(broken.values())
