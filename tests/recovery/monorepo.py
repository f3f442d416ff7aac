"""A monorepo whose images are known file by file without mbuild: the truth for what a killed run may leave."""

from __future__ import annotations

import io
import json
import random
import shutil
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tests.support import Repo

BUSYBOX = Path("/bin/busybox")
FILES_EACH = 12

Content = dict[str, bytes]


@dataclass(frozen=True)
class Shop:
    """Images ``i0`` to ``iN``, each FROM scratch or from an earlier one, with files of its own; some RUN a command.

    Every other one has a test.
    """

    project: str
    salt: str
    parents: Mapping[str, str]
    runs: bool

    def expected(self, image: str) -> Content:
        """Return every file of an image that it or its ancestors put there."""
        parent = self.parents[image]
        found = self.expected(parent) if parent else ({"busybox": BUSYBOX.read_bytes()} if self.runs else {})
        found |= {f"{image}/{name}": text.encode() for name, text in self.own(image).items()}
        if self.runs:
            found[f"{image}/made"] = f"{image} {self.salt}\n".encode()
        return found

    def own(self, image: str) -> dict[str, str]:
        """Return the files of an image's own folder, small ones, so that a tar of them has many seams."""
        return {f"f{number:03}": f"{image} {number} {self.salt}" for number in range(FILES_EACH)}

    def test(self, image: str) -> str:
        """Return the test of an image for build.yaml; every other one has none."""
        if int(image[1:]) % 2:
            return ""
        command = 'command: ["/busybox", "sleep", "0.1"], ' if self.runs else ""
        return f", test: {{{command}files: {{/{image}/f000: {{type: file}}}}}}"

    def write(self, repo: Repo) -> None:
        """Write the monorepo."""
        lines = ["version: 1", f"project: {self.project}", "images:"]
        for image, parent in self.parents.items():
            lines.append(f"  {image}: {{dockerfile: {image}/Dockerfile{self.test(image)}}}")
            text = f"FROM {self.project}/{parent}\n" if parent else "FROM scratch\n"
            text += "COPY busybox /\n" if self.runs and not parent else ""
            text += f"COPY files /{image}\n"
            if self.runs:
                text += f'RUN ["/busybox", "sh", "-c", "echo {image} {self.salt} > /{image}/made"]\n'
            repo.write({f"{image}/Dockerfile": text})
            repo.write({f"{image}/files/{name}": content for name, content in self.own(image).items()})
            if self.runs and not parent:
                shutil.copy(BUSYBOX, repo.folder / image / "busybox")
        repo.commit({"build.yaml": "\n".join(lines) + "\n"})


def random_shop(random_: random.Random, project: str, images: int, *, runs: bool) -> Shop:
    """Return a random monorepo; nothing of it was ever built."""
    names = [f"i{number}" for number in range(images)]
    parents = {name: random_.choice(["", *names[:at]]) for at, name in enumerate(names)}
    return Shop(project, f"{random_.getrandbits(64):016x}", parents, runs)


def contents(read: Callable[[str], bytes]) -> dict[str, Content]:
    """Return the files of every image of a ``docker save`` archive, or of an image layout that has the same listing."""
    found = {}
    for image in json.loads(read("manifest.json")):
        files: Content = {}
        for layer in image["Layers"]:
            files |= _files(read(layer))
        for name in image["RepoTags"] or ():
            found[name.removeprefix("docker.io/")] = files
    return found


@lru_cache(maxsize=100)  # by all of its bytes: layers are looked at again and again
def _files(layer: bytes) -> Content:
    found: Content = {}
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        for member in tar:
            data = tar.extractfile(member) if member.isreg() else None
            if data is not None:
                found[member.name.removeprefix("./")] = data.read()
    return found
