"""Where built images lie, for whoever wants to look into them: an engine's store, or an OCI image layout."""

from __future__ import annotations

import contextlib
import json
import tarfile
import tempfile
from collections.abc import Callable, Generator, Sequence
from typing import Any, BinaryIO, Protocol, cast

from mbuild.audit.image import Image, Root, makers_of, settings_of
from mbuild.audit.layers import root_of
from mbuild.builders.engine import Engine
from mbuild.builders.oci.descriptor import Descriptor, texts
from mbuild.builders.oci.layout import Layout
from mbuild.builders.oci.spool import decompressed
from mbuild.errors import EnvironmentFault
from mbuild.values import dataclass


class Shelf(Protocol):
    """Images that can be looked into."""

    def image(self, name: str) -> Image:
        """Return the image of a full name. Raises EnvironmentFault where there is none."""
        ...

    def remove(self, name: str) -> None:
        """Take a name away, and the image with its last one."""
        ...


@dataclass(frozen=True, slots=True)
class EngineShelf:
    """The images of an engine."""

    engine: Engine

    def image(self, name: str) -> Image:
        """Return an image that the engine holds."""
        told = self.engine.inspect(name)
        layers, id_ = tuple((told.get("RootFS") or {}).get("Layers") or ()), str(told["Id"])
        # By its id from here on: a name may move.
        return Image(id_, layers, settings_of(told), lambda: self._root(id_, layers))

    def remove(self, name: str) -> None:
        """Take a name away."""
        self.engine.untag(name)

    def _root(self, name: str, layers: tuple[str, ...]) -> Root:
        if not layers:
            return Root({}, {})
        with tempfile.TemporaryFile(prefix="mbuild-audit-") as saved:
            self.engine.save(name, saved.write)
            saved.seek(0)
            return _understood(name, lambda: _saved_root(cast("BinaryIO", saved)))


@dataclass(frozen=True, slots=True)
class LayoutShelf:
    """The images of an image layout."""

    layout: Layout

    def image(self, name: str) -> Image:
        """Return an image that the layout holds."""
        found = self.layout.find(name)
        if found is None:
            raise EnvironmentFault(f"{self.layout.folder} does not hold {name} any more")
        config = self.layout.read_config(found)
        digest = str(cast("dict[str, Any]", self.layout.read_manifest(found)["config"])["digest"])
        rootfs = config.get("rootfs")
        layers = tuple(texts(rootfs.get("diff_ids"))) if isinstance(rootfs, dict) else ()
        makers = makers_of(config, len(layers))
        return Image(digest, layers, settings_of(config), lambda: _understood(name, lambda: self._root(found, makers)))

    def _root(self, image: Descriptor, makers: Sequence[str]) -> Root:
        with contextlib.closing(self._layers(image)) as layers:  # the last one is open where it cannot be read
            return root_of(layers, makers)

    def remove(self, name: str) -> None:
        """Do nothing: the whole layout is removed."""

    def _layers(self, image: Descriptor) -> Generator[BinaryIO, None, None]:
        for each in self.layout.layers(image):
            with self.layout.open_blob(each) as raw:
                yield decompressed(raw)


def _saved_root(saved: BinaryIO) -> Root:
    with tarfile.open(fileobj=saved) as archive:
        (manifest,) = json.load(_member(archive, "manifest.json"))
        makers = makers_of(json.load(_member(archive, manifest["Config"])), len(manifest["Layers"]))
        return root_of((_member(archive, each) for each in manifest["Layers"]), makers)


def _member(archive: tarfile.TarFile, name: str) -> BinaryIO:
    found = archive.extractfile(name)
    if found is None:
        raise tarfile.ReadError(f"{name} is no file")
    return cast("BinaryIO", found)


def _understood(name: str, read: Callable[[], Root]) -> Root:
    """Read an image. Raises EnvironmentFault where it cannot be read."""
    try:
        return read()
    except (tarfile.TarError, OSError, ValueError, KeyError) as error:
        raise EnvironmentFault(f"{name}: its files cannot be read: {error}") from error
