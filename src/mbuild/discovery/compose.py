"""Compose files of a tree → the builds they state. Pure.

Our own reader, for every tree: the answer has to be the same in every clone, with and without Docker. That it is what
``docker buildx bake --print`` makes of the same files is tested (``tests/discovery/test_compose_agrees.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mbuild.discovery import composebake
from mbuild.discovery.composefile import Loader, Services
from mbuild.discovery.composemodel import Part, Service, Spec, over
from mbuild.discovery.composeservice import APART, OUTSIDE, PROJECT, UNHELD, UNNAMED, UNSET
from mbuild.discovery.looking import Looker
from mbuild.discovery.model import ANY, BUILD, EXTERNAL, FOLDER, Build, Look, Other, Stated, build_key
from mbuild.discovery.notes import Notes
from mbuild.discovery.paths import base, is_remote, joined, parent
from mbuild.errors import Where
from mbuild.images import Secret
from mbuild.references import quoted
from mbuild.tree import follow
from mbuild.values import dataclass, field, replace

# compose-go ``cli/options.go``: DefaultFileNames, DefaultOverrideFileNames.
DEFAULTS = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_NAME = re.compile(r"(.+[-._])?(docker-)?compose([-._].+)?\.ya?ml", re.IGNORECASE)

_STAND_INS = ("linux", "0" * 64, f"sha256:{'0' * 64}")
"""What a variable in FROM may stand for: a platform, a name, a tag; the end of a digest; a digest."""


def is_compose(path: str) -> bool:
    """Return whether a file is called as compose files are."""
    return _NAME.fullmatch(base(path)) is not None


def discover(look: Look) -> Stated:
    """Return the builds that the compose files among the paths state."""
    notes = Notes()
    loader = Loader(look.tree, notes)
    builds: list[Build] = []
    project = ""
    for found in folders(loader, notes, look.paths, look.stated):
        there = composebake.without_doubles(look.looker, tuple(found.builds()))
        builds.extend(_set_aside(each, look.looker, notes) if each.unset else each for each in there)
        project = project or ("" if found.folder else found.project())
    return Stated(tuple(builds), notes.problems, project)


def _set_aside(build: Build, looker: Looker, notes: Notes) -> Build:
    """Set a build aside whose FROM lacks values that only the caller's environment has.

    As an image, it would be an error of every question about others, as a plain Dockerfile that needs args would.
    """
    lacking = looker.look(build.dockerfile, build.target, build.args).lacking
    if lacking is None or not any(_is_read(build, looker, each) for each in _STAND_INS):
        return build
    notes.add(f"service {quoted(build.name)} is left out: {lacking.message}", build.where, *lacking.hints)
    return replace(build, aside=f"needs args: {lacking.message}")


def _is_read(build: Build, looker: Looker, value: str) -> bool:
    """Return whether FROM can be read where the arguments without a value have this one."""
    args = {**dict(build.args), **dict.fromkeys(build.unset, value)}
    return looker.look(build.dockerfile, build.target, args.items()).lacking is None


def folders(loader: Loader, notes: Notes, paths: Iterable[str], targets: Sequence[Build] = ()) -> Iterator[Folder]:
    """Yield the folders with compose files among the paths, or whose ``.env`` names some, the upper ones first.

    targets: of bake files.
    """
    files: dict[str, list[str]] = {}
    for path in paths:
        if is_compose(path):
            files.setdefault(parent(path), []).append(path)
        elif path.endswith(".env") and base(path) == ".env" and loader.names_files(path):
            files.setdefault(parent(path), [])
    for folder in sorted(files, key=lambda each: (each.count("/") if each else -1, each)):
        yield Folder(loader, notes, folder, sorted(files[folder]), targets)


@dataclass(frozen=True, slots=True)
class Folder:
    """The compose files of one folder: the default set, and further ones that are read for themselves."""

    loader: Loader
    notes: Notes
    folder: str
    files: list[str]
    targets: Sequence[Build] = ()
    values: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", self.loader.environment(self.folder, {}))

    def builds(self) -> Iterator[Build]:
        """Yield what the default set states, then what each further file does."""
        defaults = self.defaults()
        services = self._default()
        yield from self._of(services, services)
        for file in self.files:
            if file not in defaults:
                yield from self._further(file, services)

    def default_builds(self) -> Iterator[Build]:
        """Yield what the default set alone states."""
        services = self._default()
        yield from self._of(services, services)

    def _default(self) -> Services:
        """Return the services of the default set.

        Its paths are relative to the folder of its first file, which ``COMPOSE_FILE`` may have in another place, and
        whose ``.env`` says what that of this folder does not (compose-go ``cli/options.go``: GetWorkingDir).
        """
        files = self.defaults()
        first = next((path for _, path in self._named() if path is not None), None)
        folder = self.folder if first is None else parent(first)
        values = self.values if folder == self.folder else self.loader.environment(folder, self.values)
        project = self.loader.project(files, folder, values)
        return self._load(files, folder, values, project, self.folder)

    def _load(
        self, files: Sequence[str], folder: str, values: Mapping[str, str], project: str, read_as: str
    ) -> Services:
        """Return the services of files. Others may read the same files, with other variables."""
        named = {**values, PROJECT: project or UNNAMED}
        found = self.loader.load(files, folder, named)
        return {name: replace(each, read_as=read_as, project=project) for name, each in found.items()}

    def project(self) -> str:
        """Return the ``name`` that the default set gives the project."""
        for file in self.defaults():
            for document in self.loader.documents(file):
                if name := document.get("name").text:
                    return "" if "$" in name else name
        return ""

    def defaults(self) -> list[str]:
        """Return the files that ``docker compose`` reads here by itself, ``COMPOSE_FILE`` of ``.env`` first."""
        if self.values.get("COMPOSE_FILE"):
            return [path for each in self._named() if (path := self._there(*each)) is not None]
        names = {base(each): each for each in self.files}
        first = next((names[each] for each in DEFAULTS if each in names), None)
        above = next((names[each] for each in OVERRIDES if each in names), None)
        return [] if first is None else [first] if above is None else [first, above]

    def _named(self) -> list[tuple[str, str | None]]:
        """Return the files that ``COMPOSE_FILE`` names: as written, and their paths, None for what lies outside."""
        separator = self.values.get("COMPOSE_PATH_SEPARATOR") or ":"
        written = self.values.get("COMPOSE_FILE", "").split(separator)
        return [(each, joined(self.folder, each)) for each in written if each]

    def _there(self, written: str, path: str | None) -> str | None:
        """Return the path of a file that ``COMPOSE_FILE`` names; None, noted, where it is not there: compose stops.

        The place is the file itself, so that what it states at the base counts as left out.
        """
        if path is None:
            env = Where(f"{self.folder}/.env".lstrip("/"))
            self.notes.add(f"COMPOSE_FILE names {quoted(written)}, which is not in this repository", env)
        elif follow(self.loader.tree, path) is None:
            self.notes.add("there is no such file, though COMPOSE_FILE of .env names it", Where(path))
            return None
        return path

    def _further(self, file: str, default: Services) -> Iterator[Build]:
        """Yield the builds of a file that is read for itself.

        Where it says nothing of context and Dockerfile, it is meant to lie over the default set.
        """
        # It may lie over the default set, whose name it then has.
        project = self.loader.project([*self.defaults(), file], self.folder, self.values)
        alone = self._load([file], self.folder, self.values, project, file)
        for name, each in alone.items():
            under = default.get(name)
            if each.build and under and under.build and not {"context", "dockerfile"} & each.build.parts.keys():
                alone[name] = replace(over(under, each), where=each.where)
        yield from self._of(alone, {**default, **alone})

    def _of(self, services: Services, known: Mapping[str, Service]) -> Iterator[Build]:
        around = composebake.Surroundings(self.folder, known, self.targets)
        for each in services.values():
            if each.build is not None and not each.build.broken:
                build = _Builder(each, each.build, known, self.notes).build()
                if build is not None:
                    yield from composebake.ways(build, each.build, around, self.notes)
            elif each.build is not None and each.build.broken != each.where.file:
                message = f"service {quoted(each.name)} is left out: it cannot be read in {each.build.broken}"
                self.notes.add(message, each.where)


@dataclass(frozen=True, slots=True)
class _Builder:
    service: Service
    spec: Spec
    known: Mapping[str, Service]
    notes: Notes

    def build(self) -> Build | None:
        """Return the build of a service; None, noted, where mbuild cannot know what it is made of."""
        context = self._text("context") if "context" in self.spec.parts else self.service.folder
        dockerfile = self._text("dockerfile") or "Dockerfile"
        if (refusal := self._refusal(context)) is not None:
            self._note(*refusal)
            return None
        path = joined(context, dockerfile)
        if path is None:
            self._note(f"its Dockerfile {quoted(dockerfile)} is not in this repository")
            return None
        tags = self._list("tags")
        image = self.service.image
        return Build(
            source="compose",
            name=self.service.name,
            where=self.service.where,
            dockerfile=path,
            context=context,
            target=self._text("target") or None,
            args=tuple((name, value) for name, value in sorted(self._mapping("args").items()) if value is not None),
            contexts=tuple(self._contexts()),
            published=tuple(dict.fromkeys(([image] if image else []) + [str(each) for each in tags])),
            called=() if image else tuple(self._called()),
            platforms=tuple(str(each) for each in self._list("platforms")),
            secrets=tuple(
                each for each in self._list("secrets") if isinstance(each, Secret) and (each.env or each.file)
            ),
            ssh=tuple(str(each) for each in self._list("ssh")),
            labels=tuple((name, value or "") for name, value in sorted(self._mapping("labels").items())),
            cache_from=tuple(str(each) for each in self._list("cache_from")),
            cache_to=tuple(str(each) for each in self._list("cache_to")),
            unheld=tuple(self._unheld()),
            apart=tuple(self._settings(APART)),
            unset=tuple(sorted(name for name, value in self._mapping(UNSET).items() if value is None)),
            read_as=self.service.read_as,
        )

    def _called(self) -> Iterator[str]:
        """Yield what compose calls the image, and what its first version did."""
        project = self.service.project or ANY
        yield from (f"{project}{separator}{self.service.name}" for separator in "-_")

    def _refusal(self, context: str) -> tuple[str, ...] | None:
        if "dockerfile_inline" in self.spec.parts:
            return "its Dockerfile is written inline", "write it to a file of its own and name that with 'dockerfile'"
        if context.startswith(OUTSIDE):
            return (f"its context {quoted(context.removeprefix(OUTSIDE))} is not in this repository",)
        if is_remote(context):
            return (f"its context {quoted(context)} is remote",)
        return None

    def _contexts(self) -> Iterator[tuple[str, Other]]:
        for name, value in sorted(self._mapping("additional_contexts").items()):
            other = None if value is None else self._other(value)
            if other is not None:
                yield name, other

    def _unheld(self) -> Iterator[tuple[str, str]]:
        """Yield the settings that RUN can see, and contexts that are left out."""
        yield from self._settings(UNHELD)
        for name, value in sorted(self._mapping("additional_contexts").items()):
            if value is not None and self._other(value) is None:
                yield "additional_contexts", json.dumps([name, value])

    def _settings(self, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield settings that build.yaml has no place for, which is noted."""
        for key in keys:
            if key in self.spec.parts:
                yield key, json.dumps(self.spec.parts[key].value, sort_keys=True)
                self.notes.unheld(f"service {quoted(self.service.name)}", key, self.service.where)

    def _other(self, value: str) -> Other | None:
        if not value.startswith("service:"):
            folder = value.removeprefix("folder:")
            if folder.startswith(OUTSIDE):
                self._leave_out(f"{quoted(folder.removeprefix(OUTSIDE))} is not in this repository")
                return None
            return Other(FOLDER, folder) if folder != value else Other(EXTERNAL, value)
        named = self.known.get(value.removeprefix("service:"))
        if named is None:
            self._leave_out(f"there is no service {quoted(value.removeprefix('service:'))}")
            return None
        if named.build is None:
            return Other(EXTERNAL, f"docker-image://{named.image}") if named.image else None
        return Other(BUILD, build_key(named.where.file, named.name, named.read_as))

    def _text(self, key: str) -> str:
        part = self.spec.parts.get(key, Part(""))
        return part.value if isinstance(part.value, str) else ""

    def _mapping(self, key: str) -> Mapping[str, str | None]:
        part = self.spec.parts.get(key, Part({}))
        return part.value if isinstance(part.value, Mapping) else {}

    def _list(self, key: str) -> tuple[object, ...]:
        part = self.spec.parts.get(key, Part(()))
        return part.value if isinstance(part.value, tuple) else ()

    def _leave_out(self, message: str) -> None:
        """Note why a context is left out."""
        self.notes.remark(
            f"a context of service {quoted(self.service.name)} is left out: {message}", self.service.where
        )

    def _note(self, message: str, *hints: str) -> None:
        where = Where(self.service.where.file, self.service.where.line)
        self.notes.add(f"service {quoted(self.service.name)} is left out: {message}", where, *hints)
