"""Annotations of manifests (image-spec ``annotations.md``): what is written into them and what is read. Pure.

Only OCI manifests have them, so one in Docker's own format becomes the OCI manifest of the same configuration and
layers, byte for byte, as BuildKit makes it with ``oci-mediatypes``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mbuild.registry.manifest import Manifest

EXTERNAL = "dev.mbuild.external"
"""External images that were used → digest, as JSON."""
BASE_NAME, BASE_DIGEST = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"

CREATED, REVISION, SOURCE = (f"org.opencontainers.image.{each}" for each in ("created", "revision", "source"))

_OCI, _DOCKER = "application/vnd.oci.image.", "application/vnd.docker."
_TYPES = {
    f"{_DOCKER}distribution.manifest.v2+json": f"{_OCI}manifest.v1+json",
    f"{_DOCKER}distribution.manifest.list.v2+json": f"{_OCI}index.v1+json",
    f"{_DOCKER}container.image.v1+json": f"{_OCI}config.v1+json",
    f"{_DOCKER}image.rootfs.diff.tar.gzip": f"{_OCI}layer.v1.tar+gzip",
    f"{_DOCKER}image.rootfs.diff.tar": f"{_OCI}layer.v1.tar",
    f"{_DOCKER}image.rootfs.diff.tar.zstd": f"{_OCI}layer.v1.tar+zstd",
    f"{_DOCKER}image.rootfs.foreign.diff.tar.gzip": f"{_OCI}layer.nondistributable.v1.tar+gzip",
}


def annotated(manifest: Manifest, annotations: Mapping[str, str]) -> Manifest:
    """Return a manifest or an index with these annotations added; without any, as it is."""
    if not annotations:
        return manifest
    value = json.loads(manifest.data)
    media_type = _TYPES.get(manifest.media_type, manifest.media_type)
    value["mediaType"] = media_type
    if "config" in value:
        value["config"] = _as_oci(value["config"])
        value["layers"] = [_as_oci(each) for each in value.get("layers") or ()]
    value["annotations"] = {**annotations_of(manifest), **annotations}
    return Manifest.of(json.dumps(value, sort_keys=True, separators=(",", ":")).encode(), media_type)


def annotations_of(manifest: Manifest) -> dict[str, str]:
    """Return the annotations of a manifest or an index; what is not as it should be counts as absent."""
    found = json.loads(manifest.data).get("annotations")
    pairs = found.items() if isinstance(found, dict) else ()
    return {name: text for name, text in pairs if isinstance(text, str)}


def _as_oci(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(descriptor.get("mediaType", ""))
    return {**descriptor, "mediaType": _TYPES.get(kind, kind)}


def of_commit(commit: str | None, dirty: bool, epoch: int, source: str) -> dict[str, str]:
    """Return the annotations that say what is built: nothing for what is not known.

    commit: the head; dirty: the work tree differs from it. epoch: seconds since 1970, 0 for none.
    """
    created = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if epoch else ""
    revision = f"{commit}-dirty" if commit and dirty else commit or ""
    return {name: text for name, text in ((CREATED, created), (REVISION, revision), (SOURCE, source)) if text}


def of_bases(used: Mapping[str, str], base: str) -> dict[str, str]:
    """Return the annotations that tell of external images. base: the one that the image starts from, "" for none."""
    if not used:
        return {}
    found = {EXTERNAL: json.dumps(dict(sorted(used.items())), separators=(",", ":"))}
    return found | ({BASE_NAME: base, BASE_DIGEST: used[base]} if used.get(base) else {})


def bases_in(annotations: Mapping[str, str]) -> dict[str, str]:
    """Return the external images that annotations tell of; what is not as it should be counts as absent."""
    try:
        found = json.loads(annotations.get(EXTERNAL, ""))
    except (ValueError, RecursionError):
        return {}
    pairs = found.items() if isinstance(found, dict) else ()
    return {name: each for name, each in pairs if isinstance(each, str) and each.startswith("sha256:")}
