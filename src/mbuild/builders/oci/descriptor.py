"""Descriptors and media types of the OCI image specification, and the one way JSON is written here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from mbuild.errors import EnvironmentFault
from mbuild.values import dataclass

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

REF_NAME = "org.opencontainers.image.ref.name"
IMAGE_NAME = "io.containerd.image.name"

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What points to a blob: its media type, its digest (``sha256:`` and 64 hex digits) and its size in bytes."""

    media_type: str
    digest: str
    size: int

    def to_json(self, annotations: Mapping[str, str] | None = None) -> Json:
        """Return the JSON form, with annotations when given."""
        shown: Json = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if annotations:
            shown["annotations"] = dict(annotations)
        return shown


def descriptor_from(value: object, place: str) -> Descriptor:
    """Read a descriptor that somebody else may have written. Raises EnvironmentFault naming ``place``."""
    if isinstance(value, dict):
        media_type, digest, size = value.get("mediaType"), value.get("digest"), value.get("size")
        if isinstance(media_type, str) and isinstance(digest, str) and isinstance(size, int) and is_digest(digest):
            return Descriptor(media_type, digest, size)
    raise EnvironmentFault(f"{place}: not an OCI descriptor")


def is_digest(text: str) -> bool:
    """Tell whether this is a SHA-256 digest; nothing else ever becomes part of a file name."""
    kind, _, hexadecimal = text.partition(":")
    return kind == "sha256" and len(hexadecimal) == 64 and not hexadecimal.strip("0123456789abcdef")


def digest_of(data: bytes) -> str:
    """Return the digest of some bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def dump(value: object) -> bytes:
    """Write canonical JSON: sorted keys, no blanks. Bytes that are not UTF-8 become U+FFFD, as in Go's encoder."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").encode()


def load(data: bytes, place: str) -> Json:
    """Read a JSON object. Raises EnvironmentFault naming ``place``."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EnvironmentFault(f"{place}: not JSON: the image layout is damaged") from error
    if not isinstance(value, dict):
        raise EnvironmentFault(f"{place}: not a JSON object: the image layout is damaged")
    return value


def objects(value: object) -> list[Json]:
    """Return the objects of a JSON list; anything else counts as absent."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """Return the strings of a JSON list; anything else counts as absent."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
