"""What an image of an engine is: its configuration, and the file map of its root file system."""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

FileMap = dict[str, tuple[object, ...]]
"""Path → type, mode, uid, gid, link target or device, extended attributes, size, sha256. Times are left out."""

Known = MutableMapping[tuple[str, ...], FileMap]
"""The file maps of images that were read, by the digests of their layers, which have everything in them."""

SETTINGS = (
    *("Env", "Entrypoint", "Cmd", "Labels", "ExposedPorts", "Volumes", "User", "WorkingDir", "StopSignal"),
    *("Healthcheck", "OnBuild", "Shell"),
)


@dataclass(frozen=True, slots=True)
class Result:
    """One build: what came of it, or why nothing did."""

    config: Mapping[str, Any] = field(default_factory=dict)
    files: FileMap = field(default_factory=dict)
    error: str = ""

    def differences(self, other: Result) -> list[str]:
        """Return how another result differs, () when both failed: then there is nothing to compare."""
        if self.error or other.error:
            return [] if self.error and other.error else [f"failed on one side only: {self.error or other.error}"]
        return [*_different("", self.config, other.config), *_different("/", self.files, other.files)]

    def is_part_of(self, other: Result) -> bool:
        """Tell whether another result has all of this one, and perhaps more files."""
        return self.config == other.config and self.files.items() <= other.files.items()


def _different(prefix: str, one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(one.keys() | two.keys()):
        if one.get(key) != two.get(key):
            yield f"{prefix}{key!r}: {one.get(key, 'absent')!r} against {two.get(key, 'absent')!r}"


def result_of(client: Any, name: str, known: Known | None = None) -> Result:
    """Read an image of an engine. client: a ``docker.APIClient``. known: is added to; what it has is not read again."""
    described = client.inspect_image(name)
    layers = tuple(described["RootFS"].get("Layers") or ())
    found = known.get(layers) if known is not None else None
    if found is None:
        found = _files_of(client, name)
        if known is not None:
            known[layers] = found
    return Result(_config(described), found)


def _files_of(client: Any, name: str) -> FileMap:
    with tempfile.TemporaryFile() as saved:
        for chunk in client.get_image(name, chunk_size=None):
            saved.write(chunk)
        saved.seek(0)
        return _file_map(saved)


def _config(described: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: described["Config"].get(key) or None for key in SETTINGS}
    labels = found["Labels"] or {}
    found["Labels"] = {key: value for key, value in labels.items() if not key.startswith("dev.mbuild.")} or None
    # The classic builder, which the `docker` builder needs for some, leaves out what is the default anyway.
    found["WorkingDir"] = found["WorkingDir"] or "/"
    return found | {key: described.get(key) for key in ("Architecture", "Os", "Variant", "Author")}


def _file_map(saved: BinaryIO) -> FileMap:
    with tarfile.open(fileobj=saved) as archive:
        (manifest,) = json.load(_content(archive, "manifest.json"))
        layers = [archive.extractfile(each) for each in manifest["Layers"]]
        return _merged(each for each in layers if each is not None)


def _content(archive: tarfile.TarFile, name: str | tarfile.TarInfo) -> Any:
    found = archive.extractfile(name)
    assert found is not None, name
    return found


def _merged(layers: Iterable[Any]) -> FileMap:
    """Lay layers over each other (OCI image specification, ``layer.md``)."""
    found: FileMap = {}
    for layer in layers:
        with tarfile.open(fileobj=layer) as archive:
            own: FileMap = {}
            for member in archive:
                path = member.name.strip("/").removeprefix("./")
                folder, _, name = path.rpartition("/")
                if name == ".wh..wh..opq":
                    _remove(found, folder, itself=False)
                elif name.startswith(".wh."):
                    _remove(found, "/".join(part for part in (folder, name[4:]) if part))
                elif path not in ("", "."):
                    own[path] = own[member.linkname.strip("/")] if member.islnk() else _described(archive, member)
            for path, each in own.items():
                if each[0] != "folder":
                    _remove(found, path)
                found[path] = each
    return found


def _remove(found: FileMap, path: str, *, itself: bool = True) -> None:
    for each in [each for each in found if each.startswith(f"{path}/") or (itself and each == path)]:
        del found[each]


def _described(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[object, ...]:
    kind = "folder" if member.isdir() else "link" if member.issym() else "file" if member.isreg() else str(member.type)
    extended = tuple(sorted(each for each in member.pax_headers.items() if each[0].startswith("SCHILY.xattr.")))
    digest = hashlib.sha256(_content(archive, member).read()).hexdigest() if member.isreg() else ""
    mode = "" if member.issym() else f"{member.mode:04o}"
    target = member.linkname if member.issym() else f"{member.devmajor}:{member.devminor}"
    return (kind, mode, member.uid, member.gid, target, extended, member.size if member.isreg() else 0, digest)
