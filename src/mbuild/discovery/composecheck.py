"""Compose files of a tree, read a second time by ``docker buildx bake --print``: what the two readers disagree on.

The answer stays that of our own reader, which is the same with and without Docker; where buildx is there and says
something else, a person who is about to write build.yaml is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from mbuild.discovery import compose
from mbuild.discovery.composefile import Loader
from mbuild.discovery.model import Bake, Build
from mbuild.discovery.notes import Notes
from mbuild.discovery.paths import base, joined
from mbuild.discovery.yamlfile import Node
from mbuild.errors import ConfigError, EnvironmentFault, Problem, Where
from mbuild.references import quoted
from mbuild.tree import Tree, follow
from mbuild.values import dataclass

AT_ONCE = 4
"""So many sets buildx is asked about at a time: each is a process that takes a tenth of a second."""


def check(tree: Tree, paths: tuple[str, ...], bake: Bake) -> tuple[Problem, ...]:
    """Return what buildx reads otherwise in the compose files that ``docker compose`` takes by itself.

    Files that name further ones (``include``, ``extends``) are left to our reader: buildx sees only what it is given.
    """
    notes, known = Notes(), Notes()
    folders = (_Default(tree, each, notes) for each in compose.folders(Loader(tree, known), known, paths))
    alone = [(each, ours) for each in folders if each.stands_alone() and (ours := each.builds())]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(partial(_asked, bake), [each.texts() for each, _ in alone])
        for (each, ours), answer in zip(alone, answers, strict=True):
            each.check(ours, answer)
    return notes.problems


def _asked(bake: Bake, texts: Sequence[tuple[str, bytes]]) -> bytes | ConfigError | None:
    """Return what buildx says, or why it does not; None: it cannot be asked."""
    try:
        return bake(texts, ())
    except EnvironmentFault:
        return None
    except ConfigError as error:
        return error


@dataclass(frozen=True, slots=True)
class _Default:
    """The default set of one folder."""

    tree: Tree
    found: compose.Folder
    notes: Notes

    def stands_alone(self) -> bool:
        """Tell whether the set can be read in an empty folder."""
        files = self.found.defaults()
        documents = [each for file in files for each in self.found.loader.documents(file)]
        inside = all(file.rpartition("/")[0] == self.found.folder for file in files)
        return bool(documents) and inside and not any(_names_others(each) for each in documents)

    def builds(self) -> Mapping[str, Build]:
        """Return what our reader finds, by the name of the service."""
        return {each.name: each for each in self.found.default_builds()}

    def check(self, ours: Mapping[str, Build], answer: bytes | ConfigError | None) -> None:
        """Compare what our reader finds with what buildx answered."""
        if isinstance(answer, ConfigError):
            files = self.found.defaults()
            # What our reader reports anyway is not said twice.
            if not any(each.where and each.where.file in files for each in self.found.notes.problems):
                self.notes.add(f"buildx does not read this: {self._why(answer)}", Where(files[0]))
        elif answer is not None:
            self._compare(ours, json.loads(answer))

    def _compare(self, ours: Mapping[str, Build], printed: Mapping[str, Any]) -> None:
        targets: Mapping[str, Mapping[str, Any]] = printed.get("target", {})
        for name, build in ours.items():
            # compose-go takes dots in names of services, a bake target has none (buildx ``bake/compose.go``).
            theirs = targets.get(name.replace(".", "_"))
            for what, one, other in () if theirs is None else self._differences(build, theirs):
                self.notes.add(
                    f"service {quoted(name)}: {what} is {_shown(one)}, buildx reads {_shown(other)}", build.where
                )

    def _why(self, error: ConfigError) -> str:
        """Return what buildx says. It quotes a .env, and people keep passwords there."""
        if any(name == ".env" for name, _ in self.texts()):
            return "docker buildx bake --print, run in its folder, says why"
        return error.problems[0].message

    def texts(self) -> list[tuple[str, bytes]]:
        """Return the files of the set, and the ``.env``, each with its name."""
        files = [*self.found.defaults(), f"{self.found.folder}/.env".lstrip("/")]
        entries = [(each, follow(self.tree, each)) for each in files]
        return [(base(path), self.tree.read(entry)) for path, entry in entries if entry is not None]

    def _differences(self, build: Build, theirs: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
        context = joined(self.found.folder, str(theirs.get("context", ".")))
        if context != build.context:
            yield "context", build.context or ".", theirs.get("context") if context is None else context or "."
        else:
            dockerfile = joined(context, str(theirs.get("dockerfile", "Dockerfile")))
            yield from _pair("dockerfile", build.dockerfile, dockerfile)
        yield from _pair("target", build.target, theirs.get("target") or None)
        yield from _pair("args", dict(build.args), dict(theirs.get("args") or {}))
        yield from _pair(
            "names of additional_contexts", sorted(dict(build.contexts)), sorted(theirs.get("contexts") or ())
        )


def _pair(what: str, ours: object, theirs: object) -> Iterator[tuple[str, object, object]]:
    if ours != theirs:
        yield what, ours, theirs


def _shown(value: object) -> str:
    return "unset" if value is None else quoted(value) if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _names_others(document: Node) -> bool:
    """Tell whether a document needs further files. Those of ``env_file`` too: compose-go reads them (``loader.go``)."""
    services = document.get("services").fields.values()
    extends = any(each.get("extends").fields.get("file") for each in services)
    return "include" in document.fields or extends or any(not each.get("env_file").is_null for each in services)
