"""One stage of a recipe being executed: its file system, its configuration, its layers."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from mbuild.builders.oci.chmod import parse_chmod
from mbuild.builders.oci.config import CONFIGURING, ImageConfig, pairs_of
from mbuild.builders.oci.copying import Rules, copy_path, merge
from mbuild.builders.oci.filesystem import FileSystem
from mbuild.builders.oci.layer import Layer, write_layer
from mbuild.builders.oci.layout import Layout
from mbuild.builders.oci.nodes import DEFAULT_FOLDER_MODE, Content, File, FileSystemError, Meta
from mbuild.builders.oci.owner import Owner, parse_owner
from mbuild.builders.oci.parents import copy_parents, matcher
from mbuild.builders.oci.patterns import expand
from mbuild.builders.oci.sources import inline_file
from mbuild.builders.oci.spool import Spool
from mbuild.builders.oci.unpack import is_archive, unpack
from mbuild.dockerfile.flags import value, values
from mbuild.dockerfile.model import Operation
from mbuild.errors import BuildFailedError, DockerfileError, EnvironmentFault, MbuildError, Problem
from mbuild.values import dataclass, field

PLAIN = (BuildFailedError, DockerfileError, EnvironmentFault)
SHOWN_FLAGS = ("chown", "chmod")


class Surroundings(Protocol):
    """What a stage needs of the assembly around it."""

    layout: Layout
    epoch: int

    def tick(self) -> None:
        """Raise when the build was cancelled."""
        ...

    def spool(self, content: Content) -> Spool:
        """Return an archive as something to read repeatedly; it is closed at the end of the assembly."""
        ...


@dataclass(slots=True)
class Stage:
    """A stage. layers: lowest first. keeps: whether its layers end up in the image, so that they must be written.

    bare: nothing has been put into it yet, so that BuildKit has no file system to look names up in.
    """

    around: Surroundings
    fs: FileSystem
    config: ImageConfig
    layers: list[Layer] = field(default_factory=list)
    keeps: bool = True
    bare: bool = True

    def run(self, operation: Operation, files: FileSystem | None) -> None:
        """Execute one operation; ``files`` is what COPY and ADD read. Raises BuildFailedError with its place."""
        with located(operation):
            self.around.tick()
            if operation.keyword in ("COPY", "ADD"):
                self._copy(operation, files or FileSystem())
            elif operation.keyword == "WORKDIR":
                self._workdir(operation)
            elif operation.keyword in CONFIGURING:
                self.config.apply(operation, self.around.epoch)
            else:
                raise FileSystemError(f"{operation.keyword}: not an instruction that the oci builder knows")

    def commit(self) -> None:
        """Turn what changed since the last layer into a layer, which may be empty, as BuildKit does."""
        changes = self.fs.take_changes()
        self.bare = False
        if self.keeps:
            self.layers.append(write_layer(self.fs, changes, self.around.layout, self.around.tick))

    def _workdir(self, operation: Operation) -> None:
        path = self.config.set_workdir(operation.args[0])
        if path != "/":
            owner = parse_owner(self.config.user, self._names()) if self.config.user else Owner()
            meta = Meta(DEFAULT_FOLDER_MODE, owner.uid, owner.gid, self.around.epoch)
            self.fs.make_folders(self.fs.resolve(path), meta)
            self.commit()
        self.config.note(f"WORKDIR {path}", self.around.epoch, layer=path != "/")

    def _names(self) -> FileSystem | None:
        return None if self.bare else self.fs

    def _copy(self, operation: Operation, files: FileSystem) -> None:
        linked = value(operation.flags, "link") == "true" and not value(operation.flags, "chmod")
        target = FileSystem() if linked else self.fs
        rules = self._rules(operation, None if linked else self._names())
        dest = self._destination(operation.args[-1])
        for word in operation.args[:-1]:
            self._copy_source(operation, files, word, target, dest, rules)
        for document in operation.heredocs:
            inline = inline_file(document.name, document.content, self.around.epoch)
            copy_path(inline, f"/{document.name}", target, dest, rules)
        if linked:
            merge(target, self.fs)
        self.commit()
        self.config.note(history_line(operation), self.around.epoch, layer=True)

    def _destination(self, written: str) -> str:
        """Return the destination, absolute, with a ``/`` when it says folder (``convert.go`` ``dispatchCopy``).

        Newer BuildKit takes ``name/.`` for a folder too; the engines measured (0.13) make it a file called ``name``.
        """
        written = "./" if written in ("", ".") else written
        path = posixpath.normpath(posixpath.join("/", self.config.workdir, written)).replace("//", "/")
        return path.rstrip("/") + "/" if written.endswith("/") else path

    def _rules(self, operation: Operation, names: FileSystem | None) -> Rules:
        chown, chmod = value(operation.flags, "chown"), value(operation.flags, "chmod")
        try:
            change = parse_chmod(chmod) if chmod else None
        except ValueError as error:
            raise FileSystemError(str(error)) from error
        return Rules(
            owner=parse_owner(chown, names) if chown else None,
            change=change,
            excluded=matcher(values(operation.flags, "exclude")),
            mtime=self.around.epoch,
            tick=self.around.tick,
        )

    def _copy_source(
        self, operation: Operation, files: FileSystem, word: str, target: FileSystem, dest: str, rules: Rules
    ) -> None:
        if value(operation.flags, "parents") == "true":
            copy_parents(files, word, target, dest, rules)
            return
        default = "true" if operation.keyword == "ADD" else "false"
        extracts = (value(operation.flags, "unpack") or default) == "true"
        for path in expand(files, word):
            archive = self._archive(files, path) if extracts else None
            if archive is None:
                copy_path(files, path, target, dest, rules)
            else:
                unpack(archive, target, dest, rules)

    def _archive(self, files: FileSystem, path: str) -> Spool | None:
        node = files.follow(path)
        if not isinstance(node, File):
            return None
        spool = self.around.spool(node.content)
        return spool if is_archive(spool, self.around.tick) else None


def shown(operation: Operation) -> str:
    """Return an operation as one line for whoever watches the build."""
    if operation.keyword in ("COPY", "ADD"):
        return history_line(operation)
    pairs = operation.keyword in ("ENV", "LABEL")
    words = [f"{name}={text}" for name, text in pairs_of(operation)] if pairs else operation.args
    return " ".join([operation.keyword, *words]).replace("\n", " ")


def history_line(operation: Operation) -> str:
    """Return how the history shows a COPY or ADD (``convert_copy.go``)."""
    flags = operation.flags
    shown = [operation.keyword]
    shown += ["--parents"] if value(flags, "parents") == "true" else []
    shown += [f"--{name}={value(flags, name)}" for name in SHOWN_FLAGS if value(flags, name)]
    documents = [f"<<{document.name}" for document in operation.heredocs]
    return " ".join([*shown, *operation.args[:-1], *documents, operation.args[-1]])


@contextmanager
def located(operation: Operation) -> Iterator[None]:
    """Say where in the Dockerfile something went wrong."""
    try:
        yield
    except FileSystemError as fault:
        problem = Problem(f"{operation.keyword}: {fault}", operation.where)
        raise BuildFailedError(problem) from fault
    except MbuildError as error:
        # A class of its own means something to whoever catches it (a context that changed: try again).
        if type(error) not in PLAIN or all(problem.where for problem in error.problems):
            raise
        raise type(error)(
            Problem(f"{operation.keyword}: {each.message}", each.where or operation.where, each.hints)
            for each in error.problems
        ) from error
