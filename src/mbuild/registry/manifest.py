"""What registries hold and how they fail, without the libraries that it takes to ask one."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from mbuild.errors import MbuildError
from mbuild.registry.attempts import Failure
from mbuild.values import dataclass


class RegistryError(MbuildError):
    """A registry failed or refused. failure: the last one of all attempts."""

    def __init__(self, message: str, failure: Failure, *hints: str) -> None:
        """Take what was asked and how that ended."""
        super().__init__(f"{message}: {failure.message}", *hints)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as it is stored: bytes and media type. digest: of the bytes."""

    data: bytes
    media_type: str
    digest: str

    @classmethod
    def of(cls, data: bytes, media_type: str) -> Manifest:
        """Return bytes with their digest."""
        return cls(data, media_type, f"sha256:{hashlib.sha256(data).hexdigest()}")


def is_manifest(data: bytes) -> bool:
    """Tell whether bytes are a manifest or an index as far as anybody here reads one (image-spec ``descriptor.md``)."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict):
        return False
    listed = [value.get(name) or [] for name in ("layers", "manifests")]
    if not all(isinstance(each, list) for each in listed):
        return False
    config = [value["config"]] if "config" in value else []
    return all(_is_descriptor(each) for each in (*config, *listed[0], *listed[1]))


def _is_descriptor(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("digest"), str) and isinstance(value.get("size"), int)
