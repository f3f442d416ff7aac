"""From valid entries to image definitions: defaults filled in, paths from the git root, names that exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from mbuild.config.clashes import check_names
from mbuild.config.contexts import known_image, parse_context
from mbuild.config.discover import Found, TreePaths, discover, rooted_patterns
from mbuild.config.findings import Findings
from mbuild.config.nodes import Key, Node, closest
from mbuild.config.paths import file_from_root, from_root, parent, secret_file
from mbuild.config.places import places
from mbuild.config.written import Config, Defaults, FileEntry, ImageEntry, ImageTestEntry
from mbuild.durations import seconds
from mbuild.errors import Where
from mbuild.images import TEST_SECONDS, ExpectedFile, ImageDef, ImageTest, NamedContext, Secret, Ssh
from mbuild.passed import parse_ssh, placed
from mbuild.references import NameProblem, context_key, parse_reference, quoted

T = TypeVar("T")


class Entries:
    """The entries of one valid build.yaml."""

    def __init__(self, config: Config, root: Node, folder: str, findings: Findings) -> None:
        """Take what ``load`` has read; what is wrong goes to the findings."""
        self._config = config
        self._root = root
        self._folder = folder
        self._findings = findings
        self._defaults = config.defaults or Defaults()
        self._written = {name: entry or ImageEntry() for name, entry in (config.images or {}).items()}
        self._names: frozenset[str] = frozenset(self._written)

    def images(self, tree_paths: TreePaths | None) -> tuple[ImageDef, ...]:
        """Return all images, sorted by name."""
        found = self._discovered(tree_paths)
        self._names |= frozenset(found)
        images = tuple(self._image(name, found.get(name)) for name in sorted(self._names))
        check_names(images, self._findings)
        return images

    def patterns(self) -> tuple[str, ...]:
        """Return the patterns of ``discover`` that find Dockerfiles, from the git root; () where it is not used."""
        written = [(text, self._at("discover", index)) for index, text in enumerate(self._config.discover or ())]
        rooted = rooted_patterns(written, self._folder, self._findings)
        return tuple(pattern for pattern, _ in rooted if not pattern.startswith("!"))

    def _discovered(self, tree_paths: TreePaths | None) -> dict[str, Found]:
        written = self._config.discover or ()
        patterns = [(text, self._at("discover", index)) for index, text in enumerate(written)]
        if not patterns:
            return {}
        explicit = ((name, entry.dockerfile) for name, entry in self._written.items())
        defined = {self._dockerfile(name, written) for name, written in explicit if written is not None}
        return discover(patterns, self._folder, tree_paths, self._config.project or "", defined, self._findings)

    def _image(self, name: str, found: Found | None) -> ImageDef:
        entry = self._written.get(name) or ImageEntry()
        stands = self._places(name, found)
        dockerfile, context_root = self._files(name, entry, found)
        return ImageDef(
            name=name,
            full_name=self._full_name(name, stands["name"]),
            dockerfile=dockerfile,
            context_root=context_root,
            target=entry.target,
            args=_merged(self._defaults.args, entry.args),
            contexts=self._contexts(name, entry),
            aliases=_once(entry.aliases),
            include=self._patterns(name, "include", entry.include),
            exclude=self._patterns(name, "exclude", entry.exclude),
            depends_on=self._depends_on(name, entry),
            secrets=self._secrets(name, entry),
            ssh=self._ssh(name, entry),
            labels=_merged(self._defaults.labels, entry.labels),
            cache_from=self._caches(self._defaults.cache_from if entry.cache_from is None else entry.cache_from),
            cache_to=self._caches(self._defaults.cache_to if entry.cache_to is None else entry.cache_to),
            tags=_once(entry.tags),
            platforms=_once(entry.platforms or self._defaults.platforms),
            builder=entry.builder or self._defaults.builder or "auto",
            test=_test(entry.test, stands),
            where=stands.pop("name"),
            places=tuple(stands.items()),
        )

    def _places(self, name: str, found: Found | None) -> dict[str, Where]:
        """Return where the image and its keys stand: its own, what the defaults say, the pattern that found it."""
        result: dict[str, Where] = {}
        if self._config.defaults is not None:
            result |= self._inner_places("defaults")
        if found is not None:
            result |= {"name": found.where, "dockerfile": found.where}
        if name in self._written:
            result |= self._inner_places("images", name)
        return result

    def _inner_places(self, *path: Key) -> dict[str, Where]:
        key, value = closest(self._root, path)
        inner = {each: self._where(node) for each, node in places(value)}
        return inner | {"name": self._where(key or value)}

    def _files(self, name: str, entry: ImageEntry, found: Found | None) -> tuple[str, str]:
        """Return the Dockerfile and the context root, from the git root."""
        context = None if entry.context is None else self._context_root(name, entry.context)
        if entry.dockerfile is not None:
            dockerfile = self._dockerfile(name, entry.dockerfile)
            self._check_discovered(name, dockerfile, found)
        elif found is not None:
            dockerfile = found.dockerfile
        else:
            folder = from_root(self._folder, name) if context is None else context
            dockerfile = f"{folder}/Dockerfile" if folder else "Dockerfile"
        return dockerfile, parent(dockerfile) if context is None else context

    def _check_discovered(self, name: str, dockerfile: str, found: Found | None) -> None:
        if found is not None and found.dockerfile != dockerfile:
            place = self._at("images", name, "dockerfile")
            message = f"the image '{name}' is {quoted(dockerfile)} here, and discover finds {quoted(found.dockerfile)}"
            pattern = f"the pattern is at {found.where}"
            self._findings.add(message, place, pattern, "rename this image, or take that file away with a '!' pattern")

    def _full_name(self, name: str, where: Where) -> str:
        prefix = self._config.registry or self._config.project
        full = f"{prefix}/{name}" if prefix else name
        if full == "scratch":
            self._findings.add("an image cannot be called 'scratch': Docker keeps that name", where, "set 'project'")
        try:
            parse_reference(full)
        except NameProblem as error:
            self._findings.add(f"images.{name}: {error.problems[0].message}", where)
        return full

    def _contexts(self, name: str, entry: ImageEntry) -> tuple[NamedContext, ...]:
        if not entry.contexts:
            return ()
        result: dict[str, NamedContext] = {}
        for label, written in entry.contexts.items():
            where = self._at("images", name, "contexts", label)
            context = self._checked(
                partial(parse_context, label, written, self._folder, self._names, where),
                NamedContext(label, "external", written, where),
                ("images", name, "contexts", label),
                f"images.{name}.contexts.{label}",
            )
            if context.kind == "image" and context.value == name:
                self._findings.add(f"images.{name}.contexts.{label}: an image cannot need itself", where)
            first = result.setdefault(context_key(label), context)
            if first is not context:
                self._findings.add(f"images.{name}.contexts: '{first.name}' and '{label}' are the same name", where)
        return tuple(result[key] for key in sorted(result))

    def _patterns(self, name: str, key: str, written: Sequence[str] | None) -> tuple[str, ...]:
        """Return patterns as an ignore file would have them read."""
        if not written:
            return ()
        from mbuild.dockerfile.gomatch import PatternError
        from mbuild.dockerfile.ignore import ignore_pattern

        found = []
        for index, text in enumerate(written):
            try:
                found.append(ignore_pattern(text))
            except PatternError as error:
                self._findings.add(f"images.{name}.{key}: {error}", self._at("images", name, key, index))
        return tuple(found)

    def _depends_on(self, name: str, entry: ImageEntry) -> tuple[str, ...]:
        for index, each in enumerate(entry.depends_on or ()):
            path = ("images", name, "depends_on", index)
            if each == name:
                self._findings.add(f"images.{name}.depends_on: an image cannot need itself", self._at(*path))
            self._checked(partial(known_image, each, self._names), "", path, f"images.{name}.depends_on")
        return _once(entry.depends_on)

    def _secrets(self, name: str, entry: ImageEntry) -> tuple[Secret, ...]:
        if not entry.secrets:
            return ()
        result: dict[str, Secret] = {}
        for index, each in enumerate(entry.secrets):
            if each.id in result:
                where = self._at("images", name, "secrets", index)
                self._findings.add(f"images.{name}.secrets: the id '{each.id}' is there twice", where)
            file = each.file or each.src
            result[each.id] = Secret(each.id, each.env or "", secret_file(self._folder, file) if file else "")
        return tuple(result[key] for key in sorted(result))

    def _ssh(self, name: str, entry: ImageEntry) -> tuple[Ssh, ...]:
        if not entry.ssh:
            return ()
        result: dict[str, Ssh] = {}
        for index, text in enumerate(entry.ssh):
            each = parse_ssh(text)
            if each.id in result:
                where = self._at("images", name, "ssh", index)
                self._findings.add(f"images.{name}.ssh: the id '{each.id}' is there twice", where)
            result[each.id] = Ssh(each.id, tuple(secret_file(self._folder, path) for path in each.paths))
        return tuple(result[key] for key in sorted(result))

    def _caches(self, written: Sequence[str] | None) -> tuple[str, ...]:
        return _once(placed(each, partial(secret_file, self._folder)) for each in written) if written else ()

    def _dockerfile(self, name: str, written: str) -> str:
        path = ("images", name, "dockerfile")
        return self._checked(partial(file_from_root, self._folder, written), "", path, f"images.{name}.dockerfile")

    def _context_root(self, name: str, written: str) -> str:
        path = ("images", name, "context")
        return self._checked(partial(from_root, self._folder, written), "", path, f"images.{name}.context")

    def _checked(self, check: Callable[[], T], otherwise: T, path: Sequence[Key], label: str) -> T:
        try:
            return check()
        except NameProblem as error:
            self._findings.add(f"{label}: {error.problems[0].message}", self._at(*path), *error.problems[0].hints)
            return otherwise

    def _at(self, *path: Key) -> Where:
        return self._where(closest(self._root, path)[1])

    def _where(self, node: Node) -> Where:
        return self._findings.where(node.line, node.col)


def _test(entry: ImageTestEntry | None, stands: Mapping[str, Where]) -> ImageTest | None:
    if entry is None:
        return None
    where = stands.get("test", stands["name"])
    files = ((path, each or FileEntry()) for path, each in sorted((entry.files or {}).items()))
    return ImageTest(
        command=tuple(entry.command or ()),
        seconds=seconds(entry.timeout) if entry.timeout else TEST_SECONDS,
        files=tuple(ExpectedFile(path, each.type or "", each.mode or "", each.owner or "") for path, each in files),
        where=stands.get("test.command", where),
        files_where=stands.get("test.files", where),
    )


def _once(values: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values)) if values else ()


def _merged(defaults: Mapping[str, T] | None, own: Mapping[str, T] | None) -> tuple[tuple[str, T], ...]:
    return tuple(sorted({**(defaults or {}), **(own or {})}.items())) if defaults or own else ()
