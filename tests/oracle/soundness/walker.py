"""The slow truth: what each image is made of, worked out from the monorepo as a value, without any code of mbuild.

An identity changes where the result of a build can: what the target's stages do once everything is expanded, the path,
mode and content of every file that they can see, and the identities of the images of the repository that they use. A
test is part of what an image is: it decides whether there is one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from tests.oracle.soundness.folders import UnbuildableError
from tests.oracle.soundness.render import render
from tests.oracle.soundness.scopes import Scope, expand
from tests.oracle.soundness.takes import Folders, Takes
from tests.oracle.soundness.values import Copy, Define, Image, Monorepo, Mount, Onbuild, Plain, Run, Stage, Step, Tree

REMOTE = "https://"


@dataclass(frozen=True)
class Truth:
    """One image. reads: paths from the git root that it is made of, its Dockerfile and ignore files aside."""

    identity: str
    reads: frozenset[str]
    definitions: frozenset[str]
    failing: bool
    parents: frozenset[str]
    env: Mapping[str, str]
    onbuild: tuple[Step, ...]


class Walker:
    """Answers for all images of one monorepo."""

    def __init__(self, repo: Monorepo, tree: Tree | None = None) -> None:
        """Take a monorepo, and its tree where that is not what the monorepo renders to (a dirty submodule)."""
        self.repo = repo
        self.folders = Folders(repo, render(repo) if tree is None else tree)
        self._done: dict[str, Truth] = {}
        self._begun: set[str] = set()

    def all(self) -> dict[str, Truth]:
        """Return the truth about every image. Raises UnbuildableError."""
        return {name: self.image(name) for name in self.repo.images}

    def image(self, name: str) -> Truth:
        """Return the truth about one image."""
        if name not in self._done:
            if name in self._begun or name not in self.repo.images:
                raise UnbuildableError(f"{name} needs itself, or is not there")
            self._begun.add(name)
            self._done[name] = _ImageWalk(self, self.repo.images[name]).truth()
        return self._done[name]

    def find(self, reference: str, asking: str) -> str | None:
        """Return the image that a reference means: by repository, among names, full names and aliases."""
        repository = reference.partition("@")[0]
        head, slash, tail = repository.rpartition("/")
        repository = head + slash + tail.partition(":")[0]
        for image in self.repo.images.values():
            names = {image.name, f"{self.repo.project}/{image.name}", *image.aliases}
            if repository in names and image.name != asking:
                return image.name
        return None


class _ImageWalk:
    """Goes through the stages that the target of one image needs."""

    def __init__(self, walker: Walker, image: Image) -> None:
        self.walker, self.image = walker, image
        if image.dockerfile not in walker.repo.dockerfiles:
            raise UnbuildableError(f"no {image.dockerfile}")
        self.file = walker.repo.dockerfiles[image.dockerfile]
        self.args = dict(image.args)
        self.contexts = dict(image.contexts)
        self.names = [each.name for each in self.file.stages]
        self.parents: set[str] = set(image.depends_on)
        self.takes = Takes(walker.folders, image, self.contexts)
        self.stages: dict[int, Scope] = {}
        self.shared: dict[str, str] = {}
        for each in self.file.shared:
            if each.name in self.args:
                self.shared[each.name] = self.args[each.name]
            elif each.value is not None:
                self.shared[each.name] = expand(each.value, self.shared)
        self._check_order()

    def _check_order(self) -> None:
        """Refuse a stage that takes from itself or a later one, also where a named context makes it idle."""
        for number, stage in enumerate(self.file.stages):
            steps = (step.inner if isinstance(step, Onbuild) else step for step in stage.steps)
            for step in steps:
                origins = [step.origin] if isinstance(step, Copy) else []
                origins += [each.origin for each in step.mounts] if isinstance(step, Run) else []
                if any(each in self.names[number:] or each == str(number) for each in origins if each):
                    raise UnbuildableError(f"stage {number} needs itself")

    def truth(self) -> Truth:
        self.takes.check_root()
        end = self.stage(self._target())
        files, sent, failing = self.takes.files(), sorted(self.takes.sent()), self.takes.failing()
        content = sorted((*key, blob.mode, blob.data) for key, blob in files.items())
        declared = sorted((each, self.walker.image(each).identity) for each in self.image.depends_on)
        return Truth(
            identity=_digest((self.file.syntax, end.identity, content, sent, failing, declared, self.image.test)),
            reads=frozenset(self.takes.path(context, path) for context, path in files),
            definitions=frozenset({self.image.dockerfile, *self.takes.ignores()}),
            failing=failing or any(self.walker.image(each).failing for each in self.parents),
            parents=frozenset(self.parents),
            env=end.env,
            onbuild=tuple(end.onbuild),
        )

    def _target(self) -> int:
        return self._stage_named(self.image.target) if self.image.target else len(self.names) - 1

    def _stage_named(self, name: str) -> int:
        found = [at for at, each in enumerate(self.names) if each == name]
        if not found:
            raise UnbuildableError(f"no stage {name}")
        return found[-1]

    def stage(self, number: int) -> Scope:
        """Go through a stage once; return what it ends with."""
        if number not in self.stages:
            stage = self.file.stages[number]
            replaced = bool(stage.name) and stage.name in self.contexts
            self.stages[number] = self._outside(stage.name, whole=True) if replaced else self._walk(number, stage)
        return self.stages[number]

    def _walk(self, number: int, stage: Stage) -> Scope:
        base = expand(stage.base, self.shared)
        if not base:
            raise UnbuildableError("FROM nothing")
        earlier = [at for at, each in enumerate(self.names[:number]) if each == base]
        if earlier:
            scope = self.stage(earlier[-1]).child()
        elif base == "scratch":
            scope = Scope.starting(base)
        else:
            scope = self._outside(base, whole=True)
        done = [scope.identity]
        done += [self._step(step, scope, number) for step in (*scope.triggers, *stage.steps)]
        scope.identity = _digest(done)
        return scope

    def _outside(self, name: str, *, whole: bool) -> Scope:
        """Return what a name that is no stage of the file stands for; whole: it is built upon, not copied from."""
        value = self.contexts.get(name, "")
        if value and ":" not in value:
            if whole:
                self.takes.take(name, "/")
            return Scope.starting(("folder", name))
        reference = value.removeprefix("docker-image://") or name
        parent = (
            value.removeprefix("image:") if value.startswith("image:") else self.walker.find(reference, self.image.name)
        )
        if parent is None:
            return Scope.starting(("external", reference))
        self.parents.add(parent)
        truth = self.walker.image(parent)
        return Scope(("image", truth.identity), dict(truth.env), dict(truth.env), truth.onbuild)

    def _origin(self, name: str, number: int, *, numbers: bool) -> tuple[object, str | None]:
        """Return the identity of what ``--from`` names, and the named context where it is a folder."""
        if numbers and name.isdigit() and int(name) >= number:
            raise UnbuildableError(f"stage {name} comes later, or is not there")
        if (numbers and name.isdigit()) or name in self.names:
            found = int(name) if name.isdigit() else self._stage_named(name)
            if found >= number:
                raise UnbuildableError(f"stage {name} comes later")
            if self.names[found] not in self.contexts:
                return self.stage(found).identity, None
            name = self.names[found]
        identity = self._outside(name, whole=False).identity
        return identity, name if identity == ("folder", name) else None

    def _step(self, step: Step, scope: Scope, number: int) -> object:
        match step:
            case Define():
                return self._define(step, scope)
            case Plain():
                return (step.keyword, step.text)
            case Onbuild():
                scope.onbuild.append(step.inner)
                return ("ONBUILD", repr(step.inner))
            case Run():
                return ("RUN", step.command, step.document, [self._mount(each, scope, number) for each in step.mounts])
            case Copy():
                return self._copy(step, scope, number)

    def _define(self, step: Define, scope: Scope) -> object:
        value = expand(step.value, scope.known) if step.value is not None else None
        if step.keyword == "ARG":
            value = self.args.get(step.name, self.shared.get(step.name) if value is None else value)
        if value is not None and step.keyword != "LABEL":
            scope.known[step.name] = value
        if value is not None and step.keyword == "ENV":
            scope.env[step.name] = value
        return (step.keyword, step.name, value)

    def _mount(self, mount: Mount, scope: Scope, number: int) -> object:
        source = expand(mount.source, scope.known)
        identity, context = self._origin(mount.origin, number, numbers=False) if mount.origin else (None, "")
        if context is not None and mount.kind == "bind":
            self.takes.take(context, source or "/")
        return (mount.kind, mount.target, source, identity)

    def _copy(self, step: Copy, scope: Scope, number: int) -> object:
        sources = [expand(each, scope.known) for each in step.sources]
        bodies = [repr(each.body) if each.quoted else expand(each.body, scope.known) for each in step.documents]
        identity, context = self._origin(step.origin, number, numbers=True) if step.origin else (None, "")
        if context is not None:
            for source in sources:
                if not source.startswith(REMOTE):
                    self.takes.take(context, source, step.excludes)
        documents = [(each.name, body) for each, body in zip(step.documents, bodies, strict=True)]
        flags = (step.dest, step.parents, step.excludes, step.chmod)
        return (step.keyword, sources, flags, documents, identity)


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "surrogateescape")).hexdigest()
