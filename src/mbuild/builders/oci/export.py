"""A tar that ``docker load`` takes: an OCI image layout with a ``manifest.json`` beside it for older engines."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from mbuild.builders.oci import descriptor as oci
from mbuild.builders.oci.descriptor import Descriptor
from mbuild.builders.oci.reference import with_tag
from mbuild.errors import EnvironmentFault, Problem

if TYPE_CHECKING:
    from mbuild.builders.oci.layout import Layout

CHUNK = 1 << 20


def export(layout: Layout, stream: BinaryIO, names: Sequence[str]) -> None:
    """Write the images of these names with every blob once. Raises EnvironmentFault listing the unknown names."""
    images = [(with_tag(name), layout.find(name)) for name in dict.fromkeys(names)]
    problems = [Problem(f"{name}: no such image in {layout.folder}") for name, desc in images if desc is None]
    if problems:
        raise EnvironmentFault(problems)
    chosen = [(name, desc) for name, desc in images if desc is not None]
    for blob in _blobs(layout, [desc for _, desc in chosen]):
        _add_blob(layout, stream, blob)
    for path, data in _documents(layout, chosen):
        _add(stream, path, len(data))
        stream.write(data + _padding(len(data)))
    stream.write(bytes(2 * tarfile.BLOCKSIZE))


def _blobs(layout: Layout, images: Sequence[Descriptor]) -> list[Descriptor]:
    found: dict[str, Descriptor] = {}
    for desc in images:
        config = oci.descriptor_from(layout.read_manifest(desc).get("config"), desc.digest)
        for each in (*layout.layers(desc), config, desc):
            found[each.digest] = each
    return list(found.values())


def _documents(layout: Layout, images: Sequence[tuple[str, Descriptor]]) -> list[tuple[str, bytes]]:
    from mbuild.builders.oci.layout import LAYOUT_FILE, naming

    index = {
        "schemaVersion": 2,
        "mediaType": oci.INDEX,
        "manifests": [desc.to_json(naming(name)) for name, desc in images],
    }
    by_image: dict[Descriptor, list[str]] = {}
    for name, desc in images:
        by_image.setdefault(desc, []).append(name)
    listing = [
        {
            "Config": _path(oci.descriptor_from(layout.read_manifest(desc).get("config"), desc.digest)),
            "RepoTags": tags,
            "Layers": [_path(layer) for layer in layout.layers(desc)],
        }
        for desc, tags in by_image.items()
    ]
    return [("oci-layout", LAYOUT_FILE), ("index.json", oci.dump(index)), ("manifest.json", oci.dump(listing))]


def _path(desc: Descriptor) -> str:
    return "blobs/sha256/" + desc.digest.removeprefix("sha256:")


def _add_blob(layout: Layout, stream: BinaryIO, desc: Descriptor) -> None:
    with layout.open_blob(desc) as file:
        _add(stream, _path(desc), desc.size)
        while chunk := file.read(CHUNK):
            stream.write(chunk)
    stream.write(_padding(desc.size))


def _add(stream: BinaryIO, path: str, size: int) -> None:
    info = tarfile.TarInfo(path)
    info.size, info.mode = size, 0o644
    stream.write(info.tobuf(tarfile.GNU_FORMAT))


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
