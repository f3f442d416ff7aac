"""Tests of images in a layout: nothing can be run here, so the root file system is looked at."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from mbuild.builders import testing
from mbuild.builders.oci.config import DEFAULT_PATH
from mbuild.builders.oci.descriptor import Descriptor, Json, texts
from mbuild.builders.oci.filesystem import FileSystem
from mbuild.builders.oci.layer import apply_layer
from mbuild.builders.oci.layout import Layout
from mbuild.builders.oci.nodes import Directory, File, FileSystemError, Node, Symlink
from mbuild.builders.oci.refusal import ENGINE_HINT
from mbuild.builders.oci.spool import Spool
from mbuild.builders.protocol import Examined
from mbuild.builders.testing import Seen
from mbuild.errors import EnvironmentFault, Problem
from mbuild.images import ImageTest
from mbuild.values import dataclass


def check(layout: Layout, digest: str, test: ImageTest, tick: Callable[[], None]) -> Examined:
    """Check what can be checked of an image. digest: of its manifest. tick: is called often, and may raise."""
    desc = layout.manifest(digest)
    with ExitStack() as cleanup:
        image = _Image(_files(layout, desc, tick, cleanup), layout.read_config(desc))
        problems = (*image.mismatches(test), *image.missing_program(test))
    if problems:
        return Examined("failed", problems)
    if not test.command:
        return Examined("passed")
    message = f"the test was not run, which needs an engine; {test.command[0]} is there and can be executed"
    return Examined("checked", (Problem(message, test.where, (ENGINE_HINT,)),))


def _files(layout: Layout, desc: Descriptor, tick: Callable[[], None], cleanup: ExitStack) -> FileSystem:
    files = FileSystem()
    for layer in layout.layers(desc):
        spool = Spool(partial(layout.open_blob, layer), layout.scratch, tick)
        cleanup.callback(spool.close)
        try:
            apply_layer(files, spool, tick)
        except FileSystemError as fault:
            raise EnvironmentFault(f"{layout.folder}: layer {layer.digest}: {fault}") from fault
    return files


@dataclass(frozen=True, slots=True)
class _Image:
    files: FileSystem
    config: Json

    def mismatches(self, test: ImageTest) -> tuple[Problem, ...]:
        looked = ((each, self._look(each.path)) for each in test.files)
        return tuple(testing.mismatches(test, looked))

    def missing_program(self, test: ImageTest) -> tuple[Problem, ...]:
        """Return the problem of a program that is not there, or cannot be executed."""
        if not test.command:
            return ()
        places = self._candidates(test.command[0])
        found = [node for each in places if isinstance(node := self._follow(each), File)]
        if any(node.meta.mode & 0o111 for node in found):
            return ()
        what = "cannot be executed" if found else "is not there"
        return (testing.failed(f"{test.command[0]} {what}", test.where),)

    def _candidates(self, program: str) -> Sequence[str]:
        """Return where a program may be, as runc looks for it: by its path, or in the folders of PATH."""
        workdir = self._settings.get("WorkingDir")
        start = workdir if isinstance(workdir, str) and workdir else "/"
        folders = [start] if "/" in program else self._path().split(":")
        return [posixpath.join("/", start, folder, program) for folder in folders]

    def _path(self) -> str:
        given = [each for each in texts(self._settings.get("Env")) if each.startswith("PATH=")]
        return given[-1].removeprefix("PATH=") if given else DEFAULT_PATH

    @property
    def _settings(self) -> Json:
        found = self.config.get("config")
        return found if isinstance(found, dict) else {}

    def _follow(self, path: str) -> Node | None:
        try:
            return self.files.follow(path)
        except FileSystemError:
            return None  # links in a circle lead nowhere

    def _look(self, path: str) -> Seen | None:
        try:
            node = self.files.get(self.files.resolve(path, last=False))
        except FileSystemError:
            return None
        return None if node is None else Seen(_kind(node), node.meta.mode & 0o7777, node.meta.uid, node.meta.gid)


def _kind(node: Node) -> str:
    match node:
        case File():
            return "file"
        case Directory():
            return "directory"
        case Symlink():
            return "symlink"
        case _:
            return "other"
