"""Loads compose files of a tree: several laid over each other, ``include``, ``extends``, ``.env``. Pure."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence

from mbuild.discovery.composemodel import Service, over, settled
from mbuild.discovery.composeservice import Scope, service
from mbuild.discovery.dotenv import parse
from mbuild.discovery.interpolate import InterpolationError, expand
from mbuild.discovery.notes import Notes
from mbuild.discovery.paths import base, joined, parent
from mbuild.discovery.yamlfile import Node, read
from mbuild.errors import ConfigError, Problem, Where
from mbuild.references import quoted
from mbuild.tree import Tree, follow
from mbuild.values import dataclass, field, replace

MAX_INCLUDES = 500
AGAIN = " (again)"
"""Behind the name of a service that is included once more, as another one: no service is called so."""
Services = dict[str, Service]


@dataclass(frozen=True, slots=True)
class Loader:
    """Reads the compose files of one tree; every file is parsed once."""

    tree: Tree
    notes: Notes
    _documents: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    _includes: list[str] = field(default_factory=list)

    def documents(self, file: str) -> tuple[Node, ...]:
        """Return the documents of a file, none where it cannot be read: that is noted once."""
        if file not in self._documents:
            self._documents[file] = ()
            entry = follow(self.tree, file)
            if entry is not None:
                try:
                    self._documents[file] = read(self.tree.read(entry), file)
                except ConfigError as error:
                    self.notes.take(error, file)
        return self._documents[file]

    def environment(self, folder: str, outer: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of the ``.env`` of a folder, below those that hold already."""
        return self._said(f"{folder}/.env" if folder else ".env", outer) | dict(outer)

    def names_files(self, path: str) -> bool:
        """Tell whether a ``.env`` may name compose files: most are for something else, and are not looked into."""
        entry = follow(self.tree, path)
        return entry is not None and b"COMPOSE_FILE" in self.tree.read(entry)

    def _said(self, path: str, outer: Mapping[str, str]) -> dict[str, str]:
        """Return what a file of variables says, none where it is not there. outer: those that hold already."""
        entry = follow(self.tree, path)
        values, problems = parse(self.tree.read(entry), path, outer) if entry is not None else ({}, ())
        for problem in problems:
            self.notes.add(problem.message, problem.where or Where(path))
        return values

    def project(self, files: Sequence[str], folder: str, values: Mapping[str, str]) -> str:
        """Return the name of the project, "" where only the name of the clone would say it.

        compose-go ``cli/options.go``, ``loader/loader.go`` (projectName): the variable, the last ``name``, the folder.
        """
        names = [name for each in files for document in self.documents(each) if (name := document.get("name").text)]
        with contextlib.suppress(InterpolationError):
            written = values.get("COMPOSE_PROJECT_NAME") or expand(names[-1] if names else "", values)
            return re.sub("[^-_a-z0-9]", "", (written or base(folder)).lower()).lstrip("-_")
        return ""

    def load(
        self, files: Sequence[str], folder: str, values: Mapping[str, str], stack: tuple[str, ...] = ()
    ) -> Services:
        """Return the services of files laid over each other in this order, included ones too.

        stack: the files that led here by ``include``.
        """
        found: Services = {}
        secrets: dict[str, Node] = {}
        for file in files:
            for document in self.documents(file):
                secrets |= document.get("secrets").fields
        for file in files:
            for document in self.documents(file):
                scope = Scope(file, folder, values, self.notes, secrets)
                for name, each in self._document(document, scope, (*stack, file)).items():
                    found[name] = over(found[name], each) if name in found else each
        return {name: settled(each) for name, each in found.items()}

    def _document(self, document: Node, scope: Scope, stack: tuple[str, ...]) -> Services:
        found: Services = {}
        for item in document.get("include").items or ():
            for name, each in self._included(item, scope, stack).items():
                self._add(found, name, each, scope.where(item))
        services = document.get("services")
        if not services.is_null and not isinstance(services.value, dict):
            self.notes.add("'services' must be a mapping", scope.where(services))
        for name in services.fields:
            each = self._service(name, document, scope, ())
            found[name] = over(found[name], each) if name in found else each
        return found

    def _add(self, found: Services, name: str, service: Service, where: Where) -> None:
        """Add a service that is included.

        Of one that is there already compose makes one where both are the same, and otherwise refuses the project
        (compose-go ``loader/include.go``: importResources). Nothing of either is passed over here: both are images.
        """
        key = name
        while key in found and (found[key].image, found[key].build) != (service.image, service.build):
            key += AGAIN
        if key not in found:
            found[key] = replace(service, name=key) if key != name else service
            if key != name:
                message = f"include: service {quoted(name)} is there already and is another one, which compose refuses"
                self.notes.remark(message, where)

    def _included(self, item: Node, scope: Scope, stack: tuple[str, ...]) -> Services:
        try:
            paths = _texts(item if isinstance(item.value, str) else item.get("path"), scope)
            project = scope.text(item.get("project_directory"))
            env_files = _texts(item.get("env_file"), scope)
        except InterpolationError as error:
            self.notes.add(f"include: {error}", scope.where(item))
            return {}
        files = [self._reached(each, scope, item, "include") for each in paths]
        known = [each for each in files if each is not None]
        if not known or len(known) < len(files):
            return {}
        if set(known) & set(stack):
            self.notes.add("this file includes itself in a circle", scope.where(item))
            return {}
        self._includes.append(known[0])
        if len(self._includes) > MAX_INCLUDES:
            self.notes.add(f"more than {MAX_INCLUDES} includes: the rest is not read", scope.where(item))
            return {}
        folder = parent(known[0]) if project is None else joined(scope.folder, project)
        if folder is None:
            self.notes.add(f"include: {quoted(project or '')} leads out of the repository", scope.where(item))
            return {}
        return self.load(known, folder, self._included_values(folder, env_files, scope), stack)

    def _included_values(self, folder: str, env_files: Sequence[str], scope: Scope) -> Mapping[str, str]:
        if not env_files:
            return self.environment(folder, scope.values)
        # compose-go ``dotenv/env.go``: later files win, but may use what earlier ones say.
        values: Mapping[str, str] = {}
        for each in env_files:
            path = joined(scope.folder, each)
            values = values if path is None else {**values, **self._said(path, {**values, **scope.values})}
        return {**values, **scope.values}

    def _reached(self, written: str, scope: Scope, node: Node, what: str) -> str | None:
        """Return the path of a file that another one names; None, noted, where it is not there."""
        path = None if "://" in written else joined(scope.folder, written)
        if path is None:
            self.notes.add(f"{what}: {quoted(written)} is not in this repository", scope.where(node))
        elif follow(self.tree, path) is None:
            self.notes.add(f"{what}: there is no {quoted(path)}", scope.where(node))
            path = None
        return path

    def _service(self, name: str, document: Node, scope: Scope, seen: tuple[tuple[str, str], ...]) -> Service:
        """Return a service with what it extends below it."""
        node = document.get("services").fields[name]
        own = service(name, node, scope)
        extends = node.fields.get("extends")
        if extends is None or extends.is_null:
            return own
        if (scope.file, name) in seen:
            message = f"service {quoted(name)} extends itself in a circle"
            self.notes.once(frozenset(seen), Problem(message, scope.where(extends)))
            return own
        try:
            below = self._extended(extends, document, scope, (*seen, (scope.file, name)))
        except InterpolationError as error:
            self.notes.add(f"extends: {error}", scope.where(extends))
            below = None
        # compose-go ``loader/extends.go``: the tags of what is extended act on what that extends, and on nothing else.
        return own if below is None else over(replace(settled(below), name=name, where=own.where), own)

    def _extended(
        self, extends: Node, document: Node, scope: Scope, seen: tuple[tuple[str, str], ...]
    ) -> Service | None:
        named = (scope.text(extends) if isinstance(extends.value, str) else scope.text(extends.get("service"))) or ""
        written = scope.text(extends.get("file"))
        documents: Sequence[Node] = (document,)
        if written is not None:
            file = self._reached(written, scope, extends, "extends")
            if file is None:
                return None
            documents = self.documents(file)
            scope = Scope(file, parent(file), scope.values, self.notes)
        for each in documents:
            if named in each.get("services").fields:
                return self._service(named, each, replace(scope, secrets=each.get("secrets").fields), seen)
        self.notes.add(f"extends: there is no service {quoted(named)} in {scope.file}", scope.where(extends))
        return None


def _texts(node: Node, scope: Scope) -> list[str]:
    nodes = node.items or (node,)
    return [text for text in (scope.text(each) for each in nodes) if text]
