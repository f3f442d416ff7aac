"""``manifest.json`` beside the index: with it, ``docker load`` takes a tar of the layout's folder, on any image store.

The format is that of ``docker save``: for each image its configuration, its layers and its names.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from mbuild.builders.oci import descriptor as oci
from mbuild.builders.oci.descriptor import Descriptor, Json, texts
from mbuild.builders.oci.reference import canonical

if TYPE_CHECKING:
    from mbuild.builders.oci.layout import Layout


def renamed(listing: Sequence[Json], layout: Layout, desc: Descriptor, names: Sequence[str]) -> list[Json]:
    """Return a listing in which these names, and no other image's, mean the image of a manifest."""
    added = _entry(layout, desc)
    taken = {canonical(name) for name in names}
    kept = [each | {"RepoTags": _without(texts(each.get("RepoTags")), taken)} for each in listing]
    own = next((texts(each["RepoTags"]) for each in kept if each.get("Config") == added["Config"]), [])
    others = [each for each in kept if each["RepoTags"] and each.get("Config") != added["Config"]]
    return [*others, added | {"RepoTags": sorted([*own, *names])}]


def _without(names: Sequence[str], taken: Collection[str]) -> list[str]:
    return [name for name in names if canonical(name) not in taken]


def _entry(layout: Layout, desc: Descriptor) -> Json:
    config = oci.descriptor_from(layout.read_manifest(desc).get("config"), desc.digest)
    return {"Config": _path(config), "Layers": [_path(layer) for layer in layout.layers(desc)]}


def _path(desc: Descriptor) -> str:
    return "blobs/sha256/" + desc.digest.removeprefix("sha256:")
