"""Which images the changed paths reach, where that can be told without looking at the files of any image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from mbuild.graph.paths import lies_in, unknown
from mbuild.tree import SUBMODULE, SYMLINK, is_attributes

if TYPE_CHECKING:
    from mbuild.changes import Change
    from mbuild.graph.index import Beginning, Cover, Fields
    from mbuild.graph.node import Graph
    from mbuild.images import ImageDef


ReachedFile = tuple["Change", "Fields"]
"""A changed file that an image takes, and the read that takes it first."""

Open = tuple[Sequence["Cover"], Sequence["Beginning"]]
"""The reads without wildcards that may take something in a folder, and where sources with wildcards begin above it."""

FEW = 16
"""Reads that are asked about each path: to ask about its folder first takes as long."""


class Reached:
    """What the changes between two trees mean for the images that are defined alike at both."""

    def __init__(self, base: Graph, head: Graph, changes: Iterable[Change]) -> None:
        """Look up every change. Images for which more has to be looked at are known as unsure."""
        self._base = base
        self._head = head
        self._index = base.index  # images that are alike are filed alike, unless links changed: then they are unsure
        self._files: dict[int, dict[tuple[int, str], ReachedFile]] = {}
        self._unsure: set[int] = set()
        self._there: dict[str, bool] = {}
        self._open: dict[str, Open] = {}
        self._alike = base.images is head.images
        self.taken: set[str] = set()
        """Changed paths that an image surely takes, at a tree where there is something at them."""
        self.idle: set[str] = set()
        """Changed paths that no image takes, by the index."""
        for change in changes:
            self._look_up(change)

    @property
    def names(self) -> set[str]:
        """The images that a change reaches, or may reach."""
        return {self._index.names[number] for number in (*self._files, *self._unsure)}

    def files(self, name: str) -> Sequence[ReachedFile] | None:
        """Return the changed files that an image takes, in order; None where that has to be looked at.

        An image that takes none, and none of whose parents differs, is the same at both trees.
        """
        number = self._index.number(name)
        if number in self._unsure or not (self._alike or alike(self._base, self._head, name)):
            return None
        found = self._files.get(number)
        if not found:
            return ()
        return [found[key] for key in sorted(found)] if len(found) > 1 else tuple(found.values())

    def _look_up(self, change: Change) -> None:
        kinds = {each.mode for each in (change.old, change.new) if each is not None}
        says_how = is_attributes(change.path)
        if says_how and self._converts_otherwise(change.path):
            self._unsure |= self._index.around(change.path.rpartition("/")[0])
        if kinds & {SYMLINK, SUBMODULE}:
            # Sources may lead somewhere else now, or into a submodule.
            self._unsure |= self._index.near(change.path)
        if SUBMODULE in kinds:
            for cover in self._index.covering(change.path):
                self._unsure.update(cover.readers.images)  # in part it may be re-included
            return
        taken = says_how  # as far as can be told here
        for cover in self._covering(change.path):
            taken = self._take(change, cover) or taken
        if not taken:
            self.idle.add(change.path)

    def _converts_otherwise(self, path: str) -> bool:
        return self._base.workshop.attributes.said(path) != self._head.workshop.attributes.said(path)

    def _covering(self, path: str) -> Iterable[Cover]:
        """Return what covers a path, but for reads that take nothing in its folder."""
        folder = path.rpartition("/")[0]
        covers, wild = self._open.get(folder) or self._look_into(folder)
        own = self._index.beginning(path)
        if own is None and not wild:
            return covers
        begun = (own, *wild) if own else wild
        return chain(own.covers if own else (), covers, chain.from_iterable(each.wildly(path) for each in begun))

    def _look_into(self, folder: str) -> Open:
        """Return what may take something in a folder.

        Images often have ignore files that keep out all but a few folders, and each would be asked about every path.
        """
        new = unknown(folder, self._open)
        covers, wild = self._open.get(new[-1].rpartition("/")[0]) or ((), ())
        for each in reversed(new):
            if len(covers) > FEW:
                covers = [cover for cover in covers if not self._is_shut(cover, each)]
            own = self._index.beginning(each)
            if own is not None:
                covers, wild = (*own.covers, *covers), (own, *wild) if own.wild else wild
            self._open[each] = covers, wild
        return covers, wild

    def _is_shut(self, cover: Cover, folder: str) -> bool:
        """Tell whether a read takes nothing in a folder, which has a change in it.

        Nothing is told by that of the folder above, which may be new, and sent empty.
        """
        if cover.readers.linked or not self._index.keeper(cover.readers.rules).shuts(folder):
            return False
        if self._may_change_folders(folder, cover):
            self._unsure.update(cover.readers.images)
        return True

    def _take(self, change: Change, cover: Cover) -> bool:
        """Note what a change means for those who cover its path; return whether one of them may take it."""
        if cover.readers.linked:
            self._unsure.update(cover.readers.images)
        elif self._index.keeps(cover, change.path):
            if change.old is not None or self._alike:
                self.taken.add(change.path)
            for hit in cover.readers.hits:
                image, place, read, *_ = hit
                found = self._files.setdefault(image, {})
                known = found.get((place, change.path))
                if known is None or read < known[1][2]:
                    found[place, change.path] = change, hit
        else:
            if not (change.old and change.new) and self._may_change_folders(change.path, cover):
                self._unsure.update(cover.readers.images)
            return False
        return True

    def _may_change_folders(self, path: str, cover: Cover) -> bool:
        """Whether a path that comes or goes, and is not taken, may make a folder do so: BuildKit sends empty ones too.

        It sends none that is kept out. For what a deep wildcard takes that is not worked out.
        """
        keeper = self._index.keeper(cover.readers.rules)
        if keeper.narrowed:
            return False
        if cover.deep:
            return True
        folder = path.rpartition("/")[0]
        while not self._is_there(folder):
            if not lies_in(cover.root, folder) or folder == cover.root or keeper.keeps(folder):
                return True
            folder = folder.rpartition("/")[0]
        return False

    def _is_there(self, folder: str) -> bool:
        """Whether a folder exists at both trees."""
        if folder not in self._there:
            trees = (self._base.workshop.tree, self._head.workshop.tree)
            self._there[folder] = not folder or all(tree.folder(folder) for tree in trees)
        return self._there[folder]


def alike(base: Graph, head: Graph, name: str) -> bool:
    """Tell whether an image of both graphs is defined alike, its files aside. (All are where they share them.)"""
    old, new = base.nodes[name], head.nodes[name]
    if old.source.outline is new.source.outline:
        return True  # an outline is only taken over where build.yaml says the same (`graph.refresh`)
    if not old.same_outline(new):
        return False
    return old.same_definition(new) or _stated(old.definition) == _stated(new.definition)


def _stated(definition: ImageDef) -> object:
    return stated(definition), definition.dockerfile, definition.context_root


def stated(definition: ImageDef) -> object:
    """Return what build.yaml says that can change the image: paths may move, names may be added."""
    contexts = tuple((each.name, each.kind, each.value) for each in definition.contexts)
    return (
        definition.target,
        definition.args,
        contexts,
        definition.secrets,
        definition.ssh,
        definition.labels,
        definition.unheld,
        definition.platforms,
        definition.include,
        definition.exclude,
        definition.test,
    )
