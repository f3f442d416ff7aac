"""What a valid build.yaml says: the entries as they are written, None for what is not there.

``models`` says what is valid, and has the same names. Values of its own, because pydantic takes longer to import than
two thousand entries to read: where ``quick`` knows that a file is valid, the models are not needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.config import models

Lines = Sequence[str] | None
Texts = Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class SecretEntry:
    """A build secret."""

    id: str
    env: str | None = None
    file: str | None = None
    src: str | None = None


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What must be true of a file in the image."""

    type: str | None = None
    mode: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class ImageTestEntry:
    """A test of the built image."""

    command: Lines = None
    timeout: str | None = None
    files: Mapping[str, FileEntry | None] | None = None


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """One image."""

    dockerfile: str | None = None
    context: str | None = None
    target: str | None = None
    args: Texts = None
    contexts: Texts = None
    aliases: Lines = None
    include: Lines = None
    exclude: Lines = None
    depends_on: Lines = None
    secrets: Sequence[SecretEntry] | None = None
    ssh: Lines = None
    labels: Texts = None
    cache_from: Lines = None
    cache_to: Lines = None
    tags: Lines = None
    platforms: Lines = None
    builder: str | None = None
    test: ImageTestEntry | None = None


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for every image that does not say otherwise."""

    builder: str | None = None
    platforms: Lines = None
    args: Texts = None
    labels: Texts = None
    cache_from: Lines = None
    cache_to: Lines = None


@dataclass(frozen=True, slots=True)
class Config:
    """A whole build.yaml."""

    version: str | None = None
    project: str | None = None
    registry: str | None = None
    discover: Lines = None
    defaults: Defaults | None = None
    images: Mapping[str, ImageEntry | None] | None = None


_KINDS = {each.__name__: each for each in (SecretEntry, FileEntry, ImageTestEntry, ImageEntry, Defaults, Config)}


def written(model: models.Config) -> Config:
    """Return what a valid file says."""
    found = _value(model)
    assert isinstance(found, Config)
    return found


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return [_value(each) for each in value]
    if isinstance(value, dict):
        return {key: _value(each) for key, each in value.items()}
    kind = _KINDS.get(type(value).__name__)
    return kind(**{name: _value(each) for name, each in value}) if kind else value
