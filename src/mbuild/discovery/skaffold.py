"""Skaffold files of a tree → the builds they state. Pure.

Read are the artifacts that are built with a Dockerfile: ``docker`` (the default) and ``kaniko``. ``requires`` of an
artifact becomes the build argument that skaffold passes: the alias, with the required image as value
(https://skaffold.dev/docs/builders/builder-types/docker, https://skaffold.dev/docs/references/yaml). Profiles change
artifacts when they are switched on; they are reported, not applied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import takewhile

from mbuild.discovery.goscalar import scalar_text
from mbuild.discovery.model import BUILD, Build, Look, Other, Stated
from mbuild.discovery.notes import Notes
from mbuild.discovery.paths import base, joined, parent
from mbuild.discovery.yamlfile import Node, read
from mbuild.errors import ConfigError, Where
from mbuild.images import Secret
from mbuild.references import NameProblem, parse_reference, quoted
from mbuild.tree import Tree, follow
from mbuild.values import dataclass, field, replace

NAMES = ("skaffold.yaml", "skaffold.yml")
_OTHER_BUILDERS = ("bazel", "buildpacks", "buildpack", "custom", "jib", "jibGradle", "jibMaven", "ko")
_IDENTIFIER = re.compile("[A-Za-z_][A-Za-z0-9_]*")


def discover(look: Look) -> Stated:
    """Return the builds that the skaffold files among the paths state, and those that they require by path."""
    notes = Notes()
    found = _Skaffold(look.tree, notes)
    for path in sorted((each for each in look.paths if base(each) in NAMES), key=lambda each: (each.count("/"), each)):
        found.read(path)
    return Stated(tuple(found.joined(each) for each in found.builds.values()), notes.problems)


@dataclass(frozen=True, slots=True)
class _Skaffold:
    tree: Tree
    notes: Notes
    builds: dict[str, Build] = field(default_factory=dict)
    _read: set[str] = field(default_factory=set)

    def read(self, path: str) -> None:
        """Read a file and those it requires, each once."""
        waiting = [path]
        while waiting:
            file = waiting.pop()
            entry = follow(self.tree, file)
            if file in self._read or entry is None:
                continue
            self._read.add(file)
            try:
                documents = read(self.tree.read(entry), file)
            except ConfigError as error:
                self.notes.take(error, file)
                continue
            for document in documents:
                if (document.get("apiVersion").text or "").startswith("skaffold/"):
                    self._document(document, file)
                    waiting.extend(self._required(document, file))

    def joined(self, build: Build) -> Build:
        """Return a build with the artifacts it requires: of its own file before those of others of that name."""
        found = {alias: self._nearest(build, other.value) for alias, other in build.requires}
        requires = tuple((alias, Other(BUILD, each.key)) for alias, each in found.items() if each is not None)
        missing = {alias: other.value for alias, other in build.requires if found[alias] is None}
        return replace(build, requires=requires, args=tuple(sorted({**missing, **dict(build.args)}.items())))

    def _nearest(self, build: Build, image: str) -> Build | None:
        """Return the artifact of a name that is stated nearest to a build, first of all in the same file."""
        named = [each for each in self.builds.values() if image in each.published and each.key != build.key]
        return max(named, key=lambda each: len(_shared(each.where.file, build.where.file)), default=None)

    def _document(self, document: Node, file: str) -> None:
        build = document.get("build")
        platforms = tuple(each.text or "" for each in build.get("platforms").items)
        for artifact in build.get("artifacts").items:
            made = _Artifact(self.notes, file, artifact, platforms).build()
            if made is not None:
                there = self.builds.get(made.key, made)
                # Images of two registries may end in one name.
                named = made if there.published == made.published else replace(made, name=made.published[0])
                self.builds.setdefault(named.key, named)
        for profile in document.get("profiles").items:
            patches = (each.get("path").text or "" for each in profile.get("patches").items)
            if profile.get("build", "artifacts").items or any(each.startswith("/build/artifacts") for each in patches):
                message = (
                    f"the profile {quoted(profile.get('name').text or '')} changes artifacts; profiles are not read"
                )
                self.notes.remark(message, Where(file, profile.line))

    def _required(self, document: Node, file: str) -> Iterator[str]:
        """Yield the files that a configuration requires: a file, or the skaffold.yaml of a folder."""
        for each in document.get("requires").items:
            if not each.get("git").is_null:
                self.notes.remark("requires: another repository is not read", Where(file, each.line))
            written = each.get("path").text
            path = None if written is None else joined(parent(file), written)
            if written is None or path is None:
                continue
            inside = [path, *(f"{path}/{name}" if path else name for name in NAMES)]
            found = next((name for name in inside if follow(self.tree, name) is not None), None)
            if found is None:
                self.notes.add(f"requires: there is no {quoted(written)}", Where(file, each.line))
            else:
                yield found


@dataclass(frozen=True, slots=True)
class _Artifact:
    notes: Notes
    file: str
    node: Node
    platforms: tuple[str, ...]

    @property
    def image(self) -> str:
        return self.node.get("image").text or self.node.get("imageName").text or ""

    def build(self) -> Build | None:
        """Return the build of an artifact; None, noted, where no Dockerfile makes it."""
        where = Where(self.file, self.node.line)
        other = next((each for each in _OTHER_BUILDERS if each in self.node.fields), None)
        written = self.node.get("context").text or self.node.get("workspace").text or "."
        context = joined(parent(self.file), written)
        said = self.node.get("docker") if not self.node.get("docker").is_null else self.node.get("kaniko")
        dockerfile = said.get("dockerfile").text or said.get("dockerfilePath").text or "Dockerfile"
        path = None if context is None else joined(context, dockerfile)
        refusal = self._refusal(other, written, context, dockerfile, path)
        if refusal:
            self.notes.add(f"artifact {quoted(self.image)} is left out: {refusal}", where)
            return None
        return Build(
            source="skaffold",
            name=_short(self.image),
            where=where,
            dockerfile=path or "",
            context=context or "",
            target=said.get("target").text,
            args=tuple(sorted(self._args(said).items())),
            unheld=tuple(self._unheld(said)),
            requires=tuple(self._requires()),
            published=(self.image,),
            platforms=tuple(each.text or "" for each in self.node.get("platforms").items) or self.platforms,
            secrets=tuple(_secrets(said)),
        )

    def _refusal(self, other: str | None, written: str, context: str | None, dockerfile: str, path: str | None) -> str:
        if not self.image or "{{" in self.image:
            return "it has no name of its own"
        if other is not None:
            return f"it is built by {other}, not from a Dockerfile"
        if context is None:
            return f"its context {quoted(written)} is not in this repository"
        return f"its Dockerfile {quoted(dockerfile)} is not in this repository" if path is None else ""

    def _requires(self) -> Iterator[tuple[str, Other]]:
        """Yield the arguments that skaffold passes for required artifacts; no Dockerfile can ask for other names."""
        for required in self.node.get("requires").items:
            image = required.get("image").text or ""
            alias = required.get("alias").text or image
            if image and _IDENTIFIER.fullmatch(alias):
                yield alias, Other(BUILD, image)

    def _args(self, said: Node) -> dict[str, str]:
        values = {name: scalar_text(node) for name, node in said.get("buildArgs").fields.items()}
        return {name: value for name, value in values.items() if value is not None and "{{" not in value}

    def _unheld(self, said: Node) -> Iterator[tuple[str, str]]:
        """Yield the arguments whose values nothing here says, which is noted."""
        for name, node in said.get("buildArgs").fields.items():
            value = scalar_text(node)
            if value is None or "{{" in value:
                why = "is known only when skaffold runs" if value else "takes its value from the caller's environment"
                self.notes.remark(f"the argument {quoted(name)} {why}, so it is left out", Where(self.file, node.line))
                yield "buildArgs", json.dumps([name, value])


def _shared(one: str, other: str) -> list[str]:
    """Return the folders that two paths have in common, and the file where they are one."""
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return [first for first, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]


def _secrets(said: Node) -> Iterator[Secret]:
    for each in said.get("secrets").items:
        identity, env = each.get("id").text, each.get("env").text
        file = each.get("src").text or ""
        if identity and (env or file):
            yield Secret(identity, env or "", "" if env else file)


def _short(image: str) -> str:
    """Return the last part of an image's name, without tag and digest."""
    try:
        return parse_reference(image).path.rpartition("/")[2]
    except NameProblem:
        return image.rpartition("/")[2].partition(":")[0]
