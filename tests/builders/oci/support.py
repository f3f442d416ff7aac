"""What the tests of the embedded builder share: trees on disk, recipes from text, file systems as plain values."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from mbuild.builders.oci.builder import Assembled, assemble
from mbuild.builders.oci.descriptor import Descriptor
from mbuild.builders.oci.filesystem import FileSystem
from mbuild.builders.oci.layer import apply_layer
from mbuild.builders.oci.layout import Layout
from mbuild.builders.oci.nodes import Device, File, Symlink
from mbuild.builders.oci.spool import Spool
from mbuild.dockerfile.model import (
    ExternalImage,
    FolderContext,
    Inherited,
    ParentImage,
    Platform,
    Recipe,
    Reference,
    Resolved,
)
from mbuild.tree import EXECUTABLE, FILE, SYMLINK, Entry
from tests.dockerfile.evaluating import evaluated

AMD64 = Platform("linux", "amd64")
EPOCH = 1_700_000_000

Shape = dict[str, tuple[object, ...]]


@dataclass
class FolderFiles:
    """The files of a folder on disk, as a context."""

    root: Path
    sized: bool = True

    def entries(self) -> list[Entry]:
        found = []
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if path.is_symlink():
                found.append(Entry(name, SYMLINK, ""))
            elif path.is_file():
                mode = EXECUTABLE if path.stat().st_mode & 0o100 else FILE
                found.append(Entry(name, mode, "", path.stat().st_size if self.sized else -1))
        return found

    def folders(self) -> list[str]:
        return [
            each.relative_to(self.root).as_posix()
            for each in self.root.rglob("*")
            if each.is_dir() and not each.is_symlink()
        ]

    def open(self, entry: Entry) -> BinaryIO:
        return (self.root / entry.path).open("rb")

    def link(self, entry: Entry) -> str:
        return os.readlink(self.root / entry.path)  # noqa: PTH115 - pathlib would tidy the target up


@dataclass
class Bench:
    """A place to assemble images in: contexts by name, a layout, parents that were assembled before."""

    folder: Path
    contexts: dict[str, FolderFiles] = field(default_factory=dict)
    images: dict[str, Inherited] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.layout = Layout(self.folder / "layout").open_or_create()

    def recipe(self, dockerfile: str, *, target: str | None = None, args: Mapping[str, str] | None = None) -> Recipe:
        return evaluated(
            dockerfile.encode("utf-8", "surrogateescape"),
            target=target,
            args=args or {},
            platform=AMD64,
            build_platform=AMD64,
            resolve=self.resolve,
            resolve_stage=lambda _: None,
        )

    def resolve(self, reference: Reference) -> Resolved:
        if reference.name in self.contexts:
            return FolderContext(reference.name)
        if reference.name in self.images:
            return ParentImage(reference.name, self.images[reference.name])
        return ExternalImage(reference.name)

    def parent(self, name: str) -> Descriptor:
        found = self.layout.find(name)
        assert found is not None
        return found

    def assemble(self, dockerfile: str, name: str = "test/image", **options: Any) -> Assembled:
        recipe = self.recipe(dockerfile, target=options.pop("target", None), args=options.pop("args", None))
        done = assemble(
            recipe,
            image=name,
            names=[name],
            contexts=self.contexts,
            parents=self.parent,
            layout=self.layout,
            labels=options.pop("labels", {}),
            platform=AMD64,
            epoch=options.pop("epoch", EPOCH),
            emit=options.pop("emit", lambda _: None),
            cancelled=options.pop("cancelled", lambda: False),
        )
        assert not options
        self.images[name] = recipe.inherited
        return done

    def shape(self, dockerfile: str) -> Shape:
        """Assemble and return the root file system."""
        self.assemble(dockerfile)
        return self.shape_of("test/image")

    def shape_of(self, name: str) -> Shape:
        return shape_of(self.layout, self.parent(name))

    def config(self, name: str = "test/image") -> dict[str, Any]:
        return dict(self.layout.read_config(self.parent(name)))

    def leftovers(self) -> list[Path]:
        return list(self.layout.scratch.iterdir())


def shape_of(layout: Layout, desc: Descriptor) -> Shape:
    """Return path → type, mode, owner and content of an image in a layout."""
    openers = [lambda each=each: layout.open_blob(each) for each in layout.layers(desc)]
    return shape_of_layers(openers, layout.scratch)


def shape_of_layers(openers: list[Any], scratch: Path) -> Shape:
    fs = FileSystem()
    spools = [Spool(opener, scratch, lambda: None) for opener in openers]
    for spool in spools:
        apply_layer(fs, spool, lambda: None)
    found = shape(fs)
    for spool in spools:
        spool.close()
    return found


def shape(fs: FileSystem) -> Shape:
    found: Shape = {}
    for path, node in fs.walk():
        meta = (oct(node.meta.mode), node.meta.uid, node.meta.gid, node.meta.xattrs)
        if isinstance(node, File):
            found[path] = ("file", *meta, node.content.sha256())
        elif isinstance(node, Symlink):
            found[path] = ("link", *meta[1:], node.target)
        elif isinstance(node, Device):
            found[path] = ("device", *meta, node.kind, node.major, node.minor)
        else:
            found[path] = ("folder", *meta)
    return found


def saved(archive: Path, folder: Path) -> tuple[Shape, dict[str, Any]]:
    """Return the root file system and the configuration of what ``docker save`` wrote."""
    folder.mkdir(exist_ok=True)
    with tarfile.open(archive) as tar:
        manifest = json.load(member(tar, "manifest.json"))[0]
        config = json.load(member(tar, manifest["Config"]))
        layers = [member(tar, path).read() for path in manifest["Layers"]]
    return shape_of_layers([lambda data=data: io.BytesIO(data) for data in layers], folder), config


def member(tar: tarfile.TarFile, name: str) -> Any:
    found = tar.extractfile(name)
    assert found is not None
    return found


def plant(root: Path, tree: Mapping[str, str | bytes | None]) -> FolderFiles:
    """Write a tree: ``path/`` is a folder, ``path@`` a link to the value, ``path*`` an executable, else a file."""
    root.mkdir(parents=True, exist_ok=True)
    for name, text in tree.items():
        path = root / name.rstrip("/@*")
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        elif name.endswith("@"):
            assert isinstance(text, str)
            os.symlink(text, path)  # noqa: PTH211 - pathlib would tidy the target up
        else:
            path.write_bytes(text if isinstance(text, bytes) else (text or "").encode())
            path.chmod(0o755 if name.endswith("*") else 0o644)
    for folder in [root, *(each for each in root.rglob("*") if each.is_dir() and not each.is_symlink())]:
        folder.chmod(0o755)
    return FolderFiles(root)
