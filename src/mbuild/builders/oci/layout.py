"""An OCI image layout folder: ``oci-layout``, ``index.json`` and ``blobs/sha256/…`` (image-spec ``image-layout.md``).

Several threads and processes may use one layout at once: blobs appear whole under the name of their digest, and the
index is replaced as a whole under a lock, always after the blobs that it points to.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import BinaryIO

from mbuild.builders.oci import descriptor as oci
from mbuild.builders.oci.blobs import BlobWriter, publish, sweep, temporary
from mbuild.builders.oci.descriptor import Descriptor, Json
from mbuild.builders.oci.listing import renamed
from mbuild.builders.oci.reference import canonical, with_tag
from mbuild.errors import EnvironmentFault

CHUNK = 1 << 20
LISTING = "manifest.json"
LAYOUT_FILE = b'{"imageLayoutVersion":"1.0.0"}'


class Layout:
    """One image layout. Names are kept as given with their tag (``shop/api:v1``) and found in short or full form."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; ``open_or_create`` touches it."""
        self.folder = folder
        self.blobs = folder / "blobs" / "sha256"
        self.scratch = folder / ".tmp"

    def open_or_create(self) -> Layout:
        """Make the folder a layout unless it is one, hide it from git, and sweep leftovers of killed runs.

        Raises EnvironmentFault when the folder cannot be used, or holds something else.
        """
        try:
            self._create()
        except OSError as error:
            raise EnvironmentFault(f"{self.folder}: cannot be used as an image layout: {error.strerror}") from error
        return self

    def _create(self) -> None:
        marker = self.folder / "oci-layout"
        if not marker.exists():
            if self.folder.is_dir() and not _may_become_one({each.name for each in self.folder.iterdir()}):
                raise EnvironmentFault(
                    f"{self.folder}: not empty, and no OCI image layout", "name an empty or a new folder"
                )
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / ".gitignore").write_bytes(b"*\n")
        self.blobs.mkdir(parents=True, exist_ok=True)
        self.scratch.mkdir(exist_ok=True)
        sweep(self.scratch)
        with self._locked():
            if not (self.folder / "index.json").exists():
                self._write_index([])
            if not marker.exists():
                self._replace(marker, LAYOUT_FILE)

    def blob_writer(self, media_type: str) -> BlobWriter:
        """Start a blob that is written piece by piece."""
        return BlobWriter(self.blobs, self.scratch, media_type)

    def write_blob(self, stream: BinaryIO, media_type: str = "application/octet-stream") -> Descriptor:
        """Store everything a stream gives, and return what points to it."""
        with self.blob_writer(media_type) as writer:
            while chunk := stream.read(CHUNK):
                writer.write(chunk)
            return writer.commit()

    def write_bytes(self, data: bytes, media_type: str) -> Descriptor:
        """Store a small blob."""
        with self.blob_writer(media_type) as writer:
            writer.write(data)
            return writer.commit()

    def open_blob(self, desc: Descriptor) -> BinaryIO:
        """Open a blob for reading. Raises EnvironmentFault when it is missing or has another size."""
        path = self.blobs / desc.digest.removeprefix("sha256:")
        try:
            file = path.open("rb")
        except OSError as error:
            raise EnvironmentFault(f"{path}: {error.strerror}: the image layout is damaged") from error
        if path.stat().st_size != desc.size:
            file.close()
            raise EnvironmentFault(f"{path}: not {desc.size} bytes: the image layout is damaged")
        return file

    def has(self, desc: Descriptor) -> bool:
        """Tell whether a blob is there with its size."""
        try:
            return os.stat(f"{self.blobs}/{desc.digest.removeprefix('sha256:')}").st_size == desc.size  # noqa: PTH116 - of many
        except OSError:
            return False

    def is_whole(self, desc: Descriptor) -> bool:
        """Tell whether all blobs of an image are there: others may have cleared the folder, or restored half of it."""
        try:
            manifest = self.read_manifest(desc)
            parts = (manifest.get("config"), *oci.objects(manifest.get("layers")))
            return all(self.has(oci.descriptor_from(each, desc.digest)) for each in parts)
        except EnvironmentFault:
            return False

    def put_manifest(self, manifest: bytes, names: Sequence[str]) -> Descriptor:
        """Store a manifest whose blobs are all there, and give it these names (taking them from other images)."""
        desc = self.write_bytes(manifest, oci.MANIFEST)
        self._name(desc, names)
        return desc

    def find(self, name: str) -> Descriptor | None:
        """Return the image of this name (short or full, ``:latest`` when it has no tag), or None."""
        wanted = canonical(name)
        return next((desc for known, desc in self.names().items() if canonical(known) == wanted), None)

    def names(self) -> dict[str, Descriptor]:
        """Return every name with what it points to, sorted by name."""
        path = self.folder / "index.json"
        found = {name: oci.descriptor_from(entry, str(path)) for entry in self._entries() if (name := name_of(entry))}
        return dict(sorted(found.items()))

    def tag(self, existing: str, new_names: Sequence[str]) -> Descriptor:
        """Give an image more names. Raises EnvironmentFault when there is none of the name ``existing``."""
        desc = self.find(existing)
        if desc is None:
            raise EnvironmentFault(f"{existing}: no such image in {self.folder}")
        self._name(desc, new_names)
        return desc

    def name(self, digest: str, names: Sequence[str]) -> None:
        """Give an image these names, by the digest of its manifest (taking them from other images)."""
        self._name(self.manifest(digest), names)

    def manifest(self, digest: str) -> Descriptor:
        """Return what points to a manifest of the layout. Raises EnvironmentFault when there is none."""
        path = self.blobs / digest.removeprefix("sha256:")
        try:
            return Descriptor(oci.MANIFEST, digest, path.stat().st_size)
        except OSError as error:
            raise EnvironmentFault(f"{path}: {error.strerror}: the image layout is damaged") from error

    def read_manifest(self, desc: Descriptor) -> Json:
        """Return an image's manifest."""
        return self._read_json(desc)

    def read_config(self, desc: Descriptor) -> Json:
        """Return the configuration of the image a manifest descriptor points to."""
        return self._read_json(oci.descriptor_from(self.read_manifest(desc).get("config"), desc.digest))

    def layers(self, desc: Descriptor) -> tuple[Descriptor, ...]:
        """Return the layers of an image, lowest first."""
        listed = oci.objects(self.read_manifest(desc).get("layers"))
        return tuple(oci.descriptor_from(each, desc.digest) for each in listed)

    def weighed(self, desc: Descriptor) -> tuple[str, int]:
        """Return the id of an image, which is its configuration's digest, and the bytes of that and of its layers."""
        config = oci.descriptor_from(self.read_manifest(desc).get("config"), desc.digest)
        return config.digest, config.size + sum(each.size for each in self.layers(desc))

    def _read_json(self, desc: Descriptor) -> Json:
        with self.open_blob(desc) as file:
            return oci.load(file.read(), str(self.blobs / desc.digest.removeprefix("sha256:")))

    def _name(self, desc: Descriptor, names: Sequence[str]) -> None:
        full = list(dict.fromkeys(map(with_tag, names)))
        taken = {canonical(name) for name in full}
        with self._locked():
            kept = [entry for entry in self._entries() if canonical(name_of(entry) or desc.digest) not in taken]
            added = [desc.to_json(naming(name)) for name in full]
            self._replace(self.folder / LISTING, oci.dump(renamed(self._listing(), self, desc, full)))
            self._write_index(sorted(kept + added, key=lambda entry: name_of(entry) or ""))

    def _listing(self) -> list[Json]:
        """Return what ``docker load`` is told; anew from the index where that cannot be read, as it only repeats it."""
        try:
            found = json.loads((self.folder / LISTING).read_bytes())
            if isinstance(found, list):
                return oci.objects(found)
        except (OSError, ValueError, RecursionError):
            pass
        made: list[Json] = []
        for name, desc in self.names().items():
            with contextlib.suppress(EnvironmentFault):  # it cannot be loaded as it is
                made = renamed(made, self, desc, [name])
        return made

    def _entries(self) -> list[Json]:
        path = self.folder / "index.json"
        try:
            return oci.objects(oci.load(path.read_bytes(), str(path)).get("manifests"))
        except OSError as error:
            raise EnvironmentFault(f"{path}: {error.strerror}: not an OCI image layout") from error

    def _write_index(self, entries: Sequence[Mapping[str, object]]) -> None:
        index = {"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": list(entries)}
        self._replace(self.folder / "index.json", oci.dump(index))

    def _replace(self, path: Path, data: bytes) -> None:
        file = temporary(self.scratch)
        try:
            file.write(data)
            publish(file, path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
        finally:
            file.close()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the layout's lock; every holder opens the file itself, so threads exclude each other too."""
        import fcntl

        with (self.folder / ".lock").open("wb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            yield


_BEGUN = frozenset({".gitignore", ".lock", ".tmp", "blobs"})
_OWN = _BEGUN | {"index.json", LISTING, "oci-layout"}
"""What another run may have put there just now, the marker included; lists only while it holds the lock."""


def _may_become_one(names: Set[str]) -> bool:
    """Tell whether a folder with these names holds nothing of anybody else."""
    return names <= _BEGUN or (names <= _OWN and ".lock" in names)


def name_of(entry: Mapping[str, object]) -> str:
    """Return the name an index entry carries, "" when it has none."""
    given = entry.get("annotations")
    notes = given if isinstance(given, dict) else {}
    name = notes.get(oci.REF_NAME) or notes.get(oci.IMAGE_NAME)
    return name if isinstance(name, str) else ""


def naming(name: str) -> dict[str, str]:
    """Return the annotations that name an image.

    The OCI one carries the whole name, since a layout here holds many images with the same tag and ``skopeo`` looks
    images up by it (``oci:DIR:NAME``); containerd and ``docker load`` into its store read the other one.
    """
    return {oci.REF_NAME: name, oci.IMAGE_NAME: canonical(name)}
