"""Which images the changed paths reach, where that can be told without looking at the files of any image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mbuild.tree import SUBMODULE, SYMLINK, is_attributes

if TYPE_CHECKING:
    from mbuild.changes import Change
    from mbuild.graph.index import Cover, Fields
    from mbuild.graph.node import Graph
    from mbuild.images import ImageDef


ReachedFile = tuple["Change", "Fields"]
"""A changed file that an image takes, and the read that takes it first."""


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
        covers = self._index.covering(change.path)
        says_how = is_attributes(change.path)
        if says_how and self._converts_otherwise(change.path):
            self._unsure |= self._index.around(change.path.rpartition("/")[0])
        if kinds & {SYMLINK, SUBMODULE}:
            # Sources may lead somewhere else now, or into a submodule.
            self._unsure |= self._index.near(change.path)
        if SUBMODULE in kinds:
            for cover in covers:
                self._unsure.update(cover.readers.images)  # in part it may be re-included
            return
        taken = says_how  # as far as can be told here
        for cover in covers:
            taken = self._take(change, cover) or taken
        if not taken:
            self.idle.add(change.path)

    def _converts_otherwise(self, path: str) -> bool:
        return self._base.workshop.attributes.said(path) != self._head.workshop.attributes.said(path)

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
            if self._may_change_folders(change, cover):
                self._unsure.update(cover.readers.images)
            return False
        return True

    def _may_change_folders(self, change: Change, cover: Cover) -> bool:
        """Whether a path that is not taken may still make a folder come or go: BuildKit sends empty ones too."""
        if change.old is not None and change.new is not None:
            return False
        if self._index.keeper(cover.readers.rules).narrowed:
            return False
        return cover.deep or not self._is_there(change.path.rpartition("/")[0])

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
