"""Which images a change affects, and why: two graphs compared by meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mbuild.errors import Where
from mbuild.graph.images import differing
from mbuild.graph.paths import joined
from mbuild.graph.reached import Reached, ReachedFile, stated
from mbuild.values import NamedTuple, dataclass, field, replace

if TYPE_CHECKING:
    from mbuild.changes import Change
    from mbuild.graph.index import Fields
    from mbuild.graph.model import ContextUse
    from mbuild.graph.node import Graph, Node
    from mbuild.images import ImageDef
    from mbuild.tree import Entry

KINDS = (
    "image-added",
    "definition-changed",
    "external-image-changed",
    "file-changed",
    "parent-affected",
    "needed-by",
    "forced",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an image is affected. kind: one of KINDS; change: ``added``, ``modified``, ``deleted`` or ``mode``."""

    kind: str
    path: str | None = None
    change: str | None = None
    parent: str | None = None
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Affected:
    """The answer: reasons of every affected image, and the images that exist at base only.

    taken, idle: of the changed paths some of those that an image takes, and that none takes: they need not be looked up
                 again.
    """

    reasons: Mapping[str, tuple[Reason, ...]]
    removed: tuple[str, ...]
    taken: frozenset[str] = field(default=frozenset(), compare=False)
    idle: frozenset[str] = field(default=frozenset(), compare=False)


def affected(bases: Sequence[Graph], head: Graph, changes: Sequence[Sequence[Change]] | None = None) -> Affected:
    """Compare head with each base (several merge bases: an image is affected when it differs from any of them).

    changes: for each base, what differs between its tree and head's. They save looking into images that no change can
    have reached; the answer is the same without them.
    """
    reasons: dict[str, tuple[Reason, ...]] = {}
    given = changes if changes is not None else [None] * len(bases)
    comparisons = [_Comparison(base, head, each) for base, each in zip(bases, given, strict=True)]
    candidates = _candidates(comparisons)
    children = head.images.children
    for name in head.order:
        if candidates is not None and name not in candidates:
            continue
        found = [reason for each in comparisons for reason in each.reasons(name, reasons)]
        if found:
            reasons[name] = tuple(found if len(found) == 1 else dict.fromkeys(found))
            if candidates is not None:
                candidates.update(children.get(name, ()))
    removed = sorted({name for base in bases for name in base.nodes} - set(head.nodes))
    taken = frozenset().union(*(each.reach.taken for each in comparisons if each.reach))
    idle = frozenset().union(*(each.reach.idle for each in comparisons if each.reach and each.base.owns_alike(head)))
    return Affected(reasons, tuple(removed), taken, idle)


def _candidates(comparisons: Sequence[_Comparison]) -> set[str] | None:
    """Return the images that can be affected by more than their parents; None: all can be."""
    found: set[str] = set()
    for each in comparisons:
        differ = differing(each.base.images, each.head.images)
        if each.reach is None or differ is None:
            return None
        found.update(each.reach.names, differ)
    return found


class _Changed(NamedTuple):
    """A path of a context at which there is something else. path: from the git root; relative: in the context."""

    path: str
    kind: str
    relative: str
    is_link: bool

    @property
    def is_gone(self) -> bool:
        """Whether it was in the context before, and is no more."""
        return self.kind == "deleted"


class _Comparison:
    """Head held against one base, image by image, parents first."""

    def __init__(self, base: Graph, head: Graph, changes: Sequence[Change] | None) -> None:
        self.base = base
        self.head = head
        self.reach = None if changes is None else Reached(base, head, changes)
        self.differ: set[str] = set()

    def reasons(self, name: str, known: Mapping[str, tuple[Reason, ...]]) -> tuple[Reason, ...]:
        """Return why an image is affected, () where it is not; ``known``: the reasons of its parents."""
        found = self._reasons(name, known)
        if found:
            self.differ.add(name)
        return found

    def _reasons(self, name: str, known: Mapping[str, tuple[Reason, ...]]) -> tuple[Reason, ...]:
        images = self.head.images
        if self.base.images is not images and name not in self.base.nodes:
            return (Reason("image-added", where=self.head.nodes[name].definition.where),)
        files = self.reach.files(name) if self.reach else None
        if files is not None:
            # Nothing but these files, and its parents, can be different.
            said = images.summaries[name]
            if not files and self.differ.isdisjoint(said.parents):
                return ()
            found = _changed(said.dockerfile, files)
            if not known.keys().isdisjoint(said.parents):
                found += _parents(images.uses(name), known)
            return tuple(found)
        old, new = self.base.nodes[name], self.head.nodes[name]
        if self._same(old, new):
            return ()
        found = [*self._definition(old, new), *self._files(old, new), *_parents(images.uses(name), known)]
        # The fingerprint differs, so the image is affected even where no single cause can be named.
        return tuple(found) or (Reason("definition-changed", path=new.definition.dockerfile),)

    def _definition(self, old: Node, new: Node) -> Iterable[Reason]:
        if old.identity == new.identity:
            return
        yield from _said(old, new)
        yield from self._ignore_files(old, new)
        yield from _attributes(old, new)

    def _ignore_files(self, old: Node, new: Node) -> Iterable[Reason]:
        """Yield the ignore files that changed; where the context root moves, another one may hold that did not."""
        before = {use.name: use for use in old.contexts}
        for use in new.contexts:
            earlier = before.get(use.name)
            if earlier is not None and _ignore_file(earlier) != _ignore_file(use):
                path = next((each for each in (use.ignore, earlier.ignore) if each and self._change(each)), None)
                if path is not None:
                    yield Reason("definition-changed", path=path)

    def _files(self, old: Node, new: Node) -> Iterable[Reason]:
        before = {use.name: use for use in old.contexts}
        after = {use.name: use for use in new.contexts}
        for name in sorted(before.keys() | after.keys()):
            was, now = before.get(name), after.get(name)
            changes: Iterable[_Changed] = tuple(_entry_changes(was, now))
            if was and now and was.root != now.root:
                moved = tuple(self._moved(old, new, name)) if changes or was.folders != now.folders else ()
                yield from moved
                changes = self._own(changes) if moved else changes
            elif any(each.is_link for each in changes):
                changes = self._own(changes)
            for each in changes:
                node = old if each.is_gone else new
                yield Reason("file-changed", each.path, each.kind, None, where_read(node, name, each.relative))

    def _moved(self, old: Node, new: Node, context: str) -> Iterable[Reason]:
        """Yield the links that changed on the way to a context root."""
        from mbuild.graph.passed import passed_to_root

        links = passed_to_root(self.base.workshop, old, context) | passed_to_root(self.head.workshop, new, context)
        where = new.definition.place(f"contexts.{context}" if context else "context")
        for path in sorted(links):
            if change := self._change(path):
                yield Reason("file-changed", path, change, None, where)

    def _own(self, changes: Iterable[_Changed]) -> Iterable[_Changed]:
        """Yield what changed itself: a link that leads elsewhere brings files, and takes others away, that did not."""
        own = ((each, self._change(each.path)) for each in changes)
        return (each._replace(kind=kind) for each, kind in own if kind and (kind == "deleted") == each.is_gone)

    def _change(self, path: str) -> str | None:
        """Name the change of what is at a path of the trees, or None when there is none."""
        return change_of(self.base.workshop.tree.entry(path), self.head.workshop.tree.entry(path))

    def _same(self, old: Node, new: Node) -> bool:
        """Whether the fingerprints are equal. Where the parents are the same images, theirs need not be made."""
        if _used(old) != _used(new):
            return old.fingerprint == new.fingerprint
        return old.identity == new.identity and self.differ.isdisjoint(new.parents)


def _used(node: Node) -> list[tuple[str, str, str]]:
    return [(edge.parent, edge.kind, edge.name) for edge in node.edges]


def _changed(dockerfile: str, files: Iterable[ReachedFile]) -> list[Reason]:
    """Return the reasons of changed files; those that one read takes share the place of it."""
    places: dict[Fields, Where] = {}
    found = []
    for change, hit in files:
        if hit not in places:
            *_, line, col = hit
            places[hit] = Where(dockerfile, line, col)
        found.append(Reason("file-changed", change.path, change.kind, None, places[hit]))
    return found


def _said(old: Node, new: Node) -> Iterable[Reason]:
    """Yield what build.yaml and the Dockerfile say otherwise."""
    if stated(old.definition) != stated(new.definition):
        place = _stated_at(old.definition, new.definition)
        yield Reason("definition-changed", path=place.file if place else None, where=place)
    external = {ref for ref, _ in old.external}
    for ref, where in new.external:
        if ref not in external:
            yield Reason("external-image-changed", path=new.definition.dockerfile, where=where)
    if old.dockerfile.oid != new.dockerfile.oid or old.definition.dockerfile != new.definition.dockerfile:
        where = _first_difference(old, new)
        if where is not None:
            yield Reason("definition-changed", path=new.definition.dockerfile, where=where)


def _stated_at(old: ImageDef, new: ImageDef) -> Where | None:
    """Return where build.yaml says something else: of a test alone its line, else the image's."""
    is_test_alone = stated(replace(old, test=new.test)) == stated(new)
    return new.place("test") if is_test_alone else new.where


def _first_difference(old: Node, new: Node) -> Where | None:
    """Return the line at head of the first instruction that differs, or None when all mean the same."""
    from mbuild.graph.fingerprint import operation

    before = [operation(each) for recipe in old.recipes for stage in recipe.stages for each in stage.operations]
    after = [each for recipe in new.recipes for stage in recipe.stages for each in stage.operations]
    for index, each in enumerate(after):
        if index >= len(before) or before[index] != operation(each):
            return each.where
    if len(before) > len(after):
        return after[-1].where if after else Where(new.definition.dockerfile, 1)
    bases = [(stage.base_ref, stage.platform, stage.where) for recipe in new.recipes for stage in recipe.stages]
    earlier = [(stage.base_ref, stage.platform) for recipe in old.recipes for stage in recipe.stages]
    for index, (ref, platform, where) in enumerate(bases):
        if index >= len(earlier) or earlier[index] != (ref, platform):
            return where
    return Where(new.definition.dockerfile) if new.doubts or old.doubts else None


def _ignore_file(use: ContextUse) -> str:
    """Return which file says what is ignored: that of the context root is the same one wherever the root lies."""
    return ".dockerignore" if use.ignore == joined(use.root, ".dockerignore") else use.ignore


def _attributes(old: Node, new: Node) -> Iterable[Reason]:
    """Yield the attributes files that say something else; where other files are taken, others may hold for them."""
    paths = {path for node in (old, new) for use in node.contexts for path, _ in use.attributes}
    for path in sorted(paths):
        if old.checked_out(path) != new.checked_out(path):
            yield Reason("definition-changed", path=path)


def _entry_changes(old: ContextUse | None, new: ContextUse | None) -> Iterable[_Changed]:
    before = {each.path: each for each in old.entries} if old else {}
    after = {each.path: each for each in new.entries} if new else {}
    for path in sorted(before.keys() | after.keys()):
        pair = before.get(path), after.get(path)
        change = change_of(*pair)
        use = new if path in after else old
        if change and use is not None:
            is_link = any(each is not None and each.is_link for each in pair)
            yield _Changed(f"{use.root}/{path}" if use.root else path, change, path, is_link)


def change_of(old: Entry | None, new: Entry | None) -> str | None:
    """Name the change between two entries at one path, or None when there is none."""
    if old is None or new is None:
        return "deleted" if old else "added" if new else None
    if old.oid != new.oid or (old.mode ^ new.mode) & 0o170000:
        return "modified"
    return "mode" if old.mode != new.mode else None


def where_read(node: Node, context: str, relative: str) -> Where | None:
    """Return the Dockerfile line that first reads a path of a context."""
    from mbuild.context.select import reader_of

    reads = tuple(read for read in node.reads if read.context == context)
    # A path that is read through a link is taken by no source on its own: the first read is the nearest answer.
    found = node.doubts or reader_of(relative, reads) or reads
    return found[0].where if found else None


def _parents(uses: Sequence[tuple[str, Where | None]], known: Mapping[str, tuple[Reason, ...]]) -> Iterable[Reason]:
    return [Reason("parent-affected", parent=name, where=where) for name, where in uses if name in known]
