"""Names for images: valid, unique, the same for the same tree, and none that means an external image. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from mbuild.discovery.model import Build
from mbuild.discovery.paths import base, parent
from mbuild.names import like_image_name
from mbuild.values import dataclass, field

_VARIANT = re.compile(
    r"(?:docker-)?(?:compose|bake)[-._](.+)\.(?:ya?ml|hcl|json)|(?!docker-(?:compose|bake)\.)(.+)[-._](?:docker-)?(?:compose|bake)\..+"
)


def image_name_of(text: str) -> str:
    """Return the valid name nearest to what a source calls a build."""
    return like_image_name(text.replace("/", "-")) or "image"


@dataclass(frozen=True, slots=True)
class Namer:
    """Names builds. order: of the sources. external: names that belong to images outside of this repository."""

    order: Sequence[str]
    external: frozenset[str] = frozenset()
    taken: dict[str, Build] = field(default_factory=dict)

    def assign(self, builds: Sequence[Build]) -> dict[str, str]:
        """Return the name of each build by its key.

        Of several that are called alike, the one nearest to the top keeps the name if there is a nearest one; the
        others are told apart by file, folder or target, at last by a number.
        """
        named: dict[str, str] = {}
        waiting = list(builds)
        for candidate in (self._plain(waiting), *_CANDIDATES, self._beside_external, self._by_source):
            offers = {each.key: candidate(each) for each in waiting}
            counts = Counter(offers.values())
            for each in list(waiting):
                name = offers[each.key]
                if name and counts[name] == 1 and name not in self.taken and name not in self.external:
                    self.taken[name] = each
                    named[each.key] = name
                    waiting.remove(each)
        for each in waiting:
            named[each.key] = self._numbered(each)
        return named

    def _plain(self, builds: Sequence[Build]) -> Callable[[Build], str]:
        """Return the plain name for those who may have it: the only one, or the one before all others.

        Of those in one folder the first one stated is before the others: a default file comes before its variants.
        """
        groups: dict[str, dict[str, Build]] = {}
        for each in builds:
            groups.setdefault(image_name_of(each.name), {}).setdefault(parent(each.where.file), each)
        first: dict[str, str] = {}
        for name, group in groups.items():
            ranks = sorted((self._rank(each), each.key) for each in group.values())
            if len(ranks) == 1 or ranks[0][0] < ranks[1][0]:
                first[name] = ranks[0][1]
        return lambda build: name if first.get(name := image_name_of(build.name)) == build.key else ""

    def _beside_external(self, build: Build) -> str:
        name = image_name_of(build.name)
        return f"{name}-image" if name in self.external else ""

    def _by_source(self, build: Build) -> str:
        holder = self.taken.get(image_name_of(build.name))
        other = holder is not None and holder.source != build.source
        return image_name_of(f"{build.name}-{build.source}") if other else ""

    def _rank(self, build: Build) -> tuple[int, int]:
        return build.where.file.count("/"), self.order.index(build.source)

    def _numbered(self, build: Build) -> str:
        stem = image_name_of(build.name)
        number = 1 if stem in self.external else 2
        while (name := f"{stem}-{number}") in self.taken:
            number += 1
        self.taken[name] = build
        return name


def _by_variant(build: Build) -> str:
    match = _VARIANT.fullmatch(base(build.where.file))
    return image_name_of(f"{build.name}-{match[1] or match[2]}") if match else ""


def _folder(build: Build) -> str:
    """Return the folder that tells a build from its namesakes; a plain Dockerfile's own is in the name already."""
    folder = parent(build.where.file)
    return parent(folder) if build.source == "dockerfile" else folder


def _behind(folders: str, build: Build) -> str:
    """Return the name behind folders, which are not repeated where the last one is the name."""
    parts = [each for each in folders.split("/") if each]
    if parts and image_name_of(parts[-1]) == image_name_of(build.name):
        parts.pop()
    return image_name_of("-".join((*parts, build.name))) if parts else ""


def _by_folder(build: Build) -> str:
    return _behind(base(_folder(build)), build)


def _by_folders(build: Build) -> str:
    folder = _folder(build)
    return _behind(f"{base(parent(folder))}/{base(folder)}", build) if parent(folder) else ""


def _by_path(build: Build) -> str:
    return _behind(_folder(build), build)


def _by_both(build: Build) -> str:
    first, second = _by_folder(build), _by_variant(build)
    return f"{first}-{second.removeprefix(image_name_of(build.name) + '-')}" if first and second else ""


def _by_target(build: Build) -> str:
    return image_name_of(f"{build.name}-{build.target}") if build.target else ""


_CANDIDATES: tuple[Callable[[Build], str], ...] = (_by_variant, _by_folder, _by_folders, _by_both, _by_target, _by_path)


def preferred(builds: Sequence[Build]) -> Build:
    """Return the build whose name stands for several that are one image: that of its folder, else the first."""
    first = builds[0]
    folders = (base(first.context), base(parent(first.dockerfile)))
    same = (each for each in builds if each.source == first.source and each.name in folders)
    return next(same, first)
