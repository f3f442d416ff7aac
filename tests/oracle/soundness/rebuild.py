"""Builds images of a made-up monorepo as a person would, with docker buildx from the whole context root."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from tests.conftest import EngineUnderTest
from tests.oracle.soundness.disk import write
from tests.oracle.soundness.generate import ENGINE_EXTERNAL
from tests.oracle.soundness.instructions import references
from tests.oracle.soundness.values import Copy, Dockerfile, Monorepo, Onbuild, Run, Tree
from tests.oracle.soundness.walker import Truth

Result = tuple[dict[str, tuple[object, ...]], dict[str, Any]]
"""The files of an image (path, then type, mode, owner, link and digest) and its configuration."""

APPLETS = ("sh", "cat", "echo", "ls", "true")


def shell_image() -> bytes:
    """Return a root file system with a shell, to be imported."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add("/bin/busybox", "bin/busybox")
        for name in APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return out.getvalue()


def closure(repo: Monorepo, truth: Mapping[str, Truth], name: str) -> set[str]:
    """Return an image and all that it is built on."""
    found: set[str] = set()
    waiting = [name, *repo.images[name].depends_on]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += truth[each].parents
    return found


def is_buildable(repo: Monorepo, truth: Mapping[str, Truth], name: str) -> bool:
    """Tell whether docker build can make an image and its parents here, without mbuild and without a network."""
    images = [repo.images[each] for each in closure(repo, truth, name)]
    if truth[name].failing or any(image.exclude or image.include for image in images):
        return False
    return all(_is_plain(repo.dockerfiles[image.dockerfile]) for image in images)


def _is_plain(file: Dockerfile) -> bool:
    steps = [step.inner if isinstance(step, Onbuild) else step for stage in file.stages for step in stage.steps]
    copies = [step for step in steps if isinstance(step, Copy)]
    runs = {at for at, stage in enumerate(file.stages) if any(isinstance(step, Run) for step in stage.steps)}
    shells = all(file.stages[at].base == ENGINE_EXTERNAL for at in runs)
    return not file.syntax and shells and not any(step.parents or step.excludes for step in copies)


class UnbuiltError(AssertionError):
    """The engine refuses an image."""


@dataclass
class Rebuild:
    """One state of a monorepo on disk, and the images of it that an engine has. tag: what they are called by."""

    engine: EngineUnderTest
    folder: Path
    repo: Monorepo
    truth: Mapping[str, Truth]
    tag: str
    made: list[str] = field(default_factory=list)

    def plant(self, tree: Tree) -> None:
        """Write the tree."""
        for path, blob in tree.items():
            write(self.folder / path, blob)

    def result(self, name: str) -> Result:
        """Build an image after its parents; return what is in it. Raises UnbuiltError where the engine refuses it."""
        self._build(name)
        told = json.loads(self.engine.run("image", "inspect", self._name(name)))[0]
        if not told["RootFS"].get("Layers"):
            return {}, {"config": told["Config"]}  # the engine exports no image without layers
        archive = self.folder.parent / f"{self.folder.name}.tar"
        self.engine.run("save", "--output", str(archive), self._name(name))
        with tarfile.open(archive) as tar:
            manifest = json.loads(_member(tar, "manifest.json"))[0]
            config = json.loads(_member(tar, manifest["Config"]))
            layers = [_member(tar, path) for path in manifest["Layers"]]
        return files_of(layers), {key: config[key] for key in ("config", "os", "architecture")}

    def remove(self) -> None:
        """Remove what was built."""
        if self.made:
            self.engine.run("image", "rm", "--force", *self.made)

    def _name(self, image: str) -> str:
        return f"mbuild-soundness/{image}:{self.tag}"

    def _build(self, name: str) -> None:
        if self._name(name) in self.made:
            return
        image, parents = self.repo.images[name], sorted(self.truth[name].parents)
        for each in parents:
            self._build(each)
        bound = {known: self._source(each) for each in parents for known in references(self.repo.images[each])}
        folders = {key: self.folder / value for key, value in image.contexts if ":" not in value}
        bound |= {key: str(place) for key, place in folders.items() if place.is_dir()}
        # BuildKit looks at a named context that is an image also where no stage that counts uses it.
        used = {key: value.removeprefix("image:") for key, value in image.contexts if ":" in value}
        bound |= {key: self._source(value) for key, value in used.items() if value in parents}
        options = [f"--build-context={key}={value}" for key, value in bound.items()]
        options += [f"--build-arg={key}={value}" for key, value in image.args]
        options += [f"--target={image.target}"] if image.target else []
        file, root = str(self.folder / image.dockerfile), str(self.folder / image.root)
        try:
            self.engine.run("buildx", "build", "--load", "--tag", self._name(name), "--file", file, *options, root)
        except CalledProcessError as error:
            raise UnbuiltError(f"{name}: {error.stderr.decode()}") from error
        self.made.append(self._name(name))

    def _source(self, image: str) -> str:
        return f"docker-image://{self._name(image)}"


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    found = tar.extractfile(name)
    assert found is not None
    return found.read()


def files_of(layers: list[bytes]) -> dict[str, tuple[object, ...]]:
    """Return the files that layers make, one on top of the other (OCI image specification, layer.md)."""
    files: dict[str, tuple[object, ...]] = {}
    for layer in layers:
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            for member, path in _members(tar):
                above, _, name = path.rpartition("/")
                if name.startswith(".wh."):
                    gone = f"{above}/{name[4:]}".lstrip("/")
                    files = {key: each for key, each in files.items() if key != gone and not key.startswith(f"{gone}/")}
                else:
                    files[path] = _facts(tar, member)
    return files


def _members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, str]]:
    return ((member, member.name.rstrip("/")) for member in tar)


def _facts(tar: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[object, ...]:
    content = tar.extractfile(member) if member.isreg() else None
    digest = hashlib.sha256(content.read()).hexdigest() if content else ""
    return (member.type, member.mode, member.uid, member.gid, member.linkname, digest)
