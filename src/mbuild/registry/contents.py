"""What manifests point to, and whether two of them are builds of the same content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mbuild.passed import FINGERPRINT
from mbuild.registry.manifest import Manifest

if TYPE_CHECKING:
    from mbuild.registry.connection import Connection


def children(manifest: Manifest) -> Iterator[str]:
    """Yield the manifests that an index points to (image-spec ``image-index.md``)."""
    yield from (str(each["digest"]) for each in json.loads(manifest.data).get("manifests") or ())


def blobs(manifest: Manifest) -> Iterator[str]:
    """Yield the blobs that a manifest points to: configuration and layers (image-spec ``manifest.md``)."""
    value = json.loads(manifest.data)
    if "config" in value:
        yield str(value["config"]["digest"])
    # Several layers may be the same blob: mounting it once is enough.
    yield from dict.fromkeys(str(each["digest"]) for each in value.get("layers") or ())


def size(manifest: Manifest) -> int:
    """Return the bytes of the configuration and the layers that a manifest names."""
    value = json.loads(manifest.data)
    return sum(int(each["size"]) for each in (*filter(None, [value.get("config")]), *(value.get("layers") or ())))


def configuration(manifest: Manifest) -> str:
    """Return the digest of a manifest's configuration, "" for an index."""
    return str((json.loads(manifest.data).get("config") or {}).get("digest", ""))


def same_content(connection: Connection, repository: str, digest: str, other: Manifest) -> bool:
    """Tell whether a manifest of a repository, by its digest, and another one are builds of the same content.

    They are where their configurations are the same (annotations differ then), or else where these say the same
    fingerprint in the label that every builder sets. Raises RegistryError where one of them cannot be read.
    """
    one = connection.manifest(repository, digest)
    if one is None or one.digest != digest:
        return False
    mine, others = (_configurations(connection, repository, each) for each in (one, other))
    if mine and mine == others:
        return True
    said, there = ({_fingerprint(connection, repository, each) for each in digests} for digests in (mine, others))
    return bool(said - {""}) and said == there


def _configurations(connection: Connection, repository: str, manifest: Manifest) -> frozenset[str]:
    found = {configuration(manifest)} - {""}
    for child in children(manifest):
        inner = connection.manifest(repository, child)
        found |= _configurations(connection, repository, inner) if inner else set()
    return frozenset(found)


def _fingerprint(connection: Connection, repository: str, digest: str) -> str:
    """Return the fingerprint that an image's labels have (image-spec ``config.md``), "" where there is none."""
    data = bytearray()
    connection.download(repository, digest, data.extend)
    try:
        return str(json.loads(data)["config"]["Labels"][FINGERPRINT])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
