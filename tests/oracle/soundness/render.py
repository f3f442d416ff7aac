"""From a monorepo to the files of a tree. Spelling varies with a seed; what is meant does not."""

from __future__ import annotations

import json
import random
from functools import lru_cache

from tests.oracle.soundness.spelling import dockerfile_text
from tests.oracle.soundness.values import Blob, Dockerfile, Ignore, Image, Monorepo, Tree

CONFIG = "build.yaml"


class ClashError(ValueError):
    """No file system holds this tree: one path lies below another that is no folder, or is there twice."""


def render(repo: Monorepo) -> Tree:
    """Return the files of a monorepo. Raises ClashError."""
    tree: dict[str, Blob] = {CONFIG: Blob(config_text(repo).encode())}
    parts = (
        repo.files,
        {path: Blob(_dockerfile(file)) for path, file in repo.dockerfiles.items()},
        {path: Blob(_ignore(ignore)) for path, ignore in repo.ignores.items()},
    )
    for part in parts:
        if tree.keys() & part.keys():
            raise ClashError(f"twice: {sorted(tree.keys() & part.keys())}")
        tree |= part
    for path in tree:
        above = path
        while above := above.rpartition("/")[0]:
            if above in tree:
                raise ClashError(f"{path} lies below {above}")
    return tree


@lru_cache(maxsize=10_000)
def _dockerfile(file: Dockerfile) -> bytes:
    return dockerfile_text(file).encode("utf-8", "surrogateescape")


@lru_cache(maxsize=10_000)
def _ignore(ignore: Ignore) -> bytes:
    pick = random.Random(ignore.spelling)
    lines = []
    for pattern in ignore.patterns:
        if pick.random() < 0.2:
            lines.append(pick.choice(["# a comment", "", "   "]))
        lines.append(pattern + pick.choice(["", "", "", "  "]))
    end = "\r\n" if ignore.crlf else "\n"
    return "".join(line + end for line in lines).encode("utf-8", "surrogateescape")


def config_text(repo: Monorepo) -> str:
    """Return build.yaml: every scalar quoted, in an order and with comments that the seed decides."""
    pick = random.Random(repo.spelling)
    names = sorted(repo.images)
    pick.shuffle(names)
    lines = ["version: 1", f"project: {repo.project}"]
    if names:
        lines.append("images:")
    for name in names:
        if pick.random() < 0.3:
            lines.append(f"  # {name}, {repo.spelling}")
        lines.append(f"  {name}:")
        lines += [f"    {key}: {json.dumps(value)}" for key, value in _keys(repo.images[name])]
    return "\n".join(lines) + "\n"


def _keys(image: Image) -> list[tuple[str, object]]:
    keys = [
        ("dockerfile", image.dockerfile),
        ("context", image.root or "."),
        ("target", image.target),
        ("args", dict(image.args)),
        ("contexts", dict(image.contexts)),
        ("aliases", list(image.aliases)),
        ("depends_on", list(image.depends_on)),
        ("exclude", list(image.exclude)),
        ("include", list(image.include)),
        ("test", list(image.test)),
    ]
    return [(key, value) for key, value in keys if value]
