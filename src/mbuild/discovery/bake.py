"""Bake files of a tree → the builds they state.

HCL is evaluated by ``docker buildx bake --print`` (it needs no daemon), JSON too where buildx is there; without it JSON
is read by ``bakejson``. buildx names every target, groups and matrices expanded, with inheritance and functions done.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mbuild.discovery import bakejson, bakeoutline
from mbuild.discovery.bakenewer import evaluated
from mbuild.discovery.bakeoutline import Block, Outline, is_private
from mbuild.discovery.compose import DEFAULTS, OVERRIDES
from mbuild.discovery.model import BUILD, EXTERNAL, FOLDER, Bake, Build, Look, Other, Stated, build_key
from mbuild.discovery.notes import Notes
from mbuild.discovery.paths import ancestors, base, beside, is_remote, joined, moved_cache, parent
from mbuild.errors import ConfigError, EnvironmentFault, Where
from mbuild.images import Secret
from mbuild.references import quoted
from mbuild.tree import Tree, follow
from mbuild.values import dataclass

# buildx ``bake.go``: dockerBakeFiles, without the compose files, which have a reader of their own.
MAIN = ("docker-bake.json", "docker-bake.override.json", "docker-bake.hcl", "docker-bake.override.hcl")
_FURTHER = re.compile(r"(docker-bake[-._].+|.+[-._](docker-)?bake|bake)\.(hcl|json)")
MOST_NAMED = 10
"""So many targets a note names."""
_TARGET = "target:"
_NO_IMAGE = ("cacheonly", "local", "tar")


def is_bake(path: str) -> bool:
    """Return whether a file is called as bake files are."""
    return base(path) in MAIN or _FURTHER.fullmatch(base(path)) is not None


def discover(look: Look) -> Stated:
    """Return the builds that the bake files among the paths state."""
    notes = Notes()
    sets: dict[tuple[str, ...], None] = {}
    listed = sorted(filter(is_bake, look.paths), key=lambda each: (each.count("/"), each))
    for path in listed:
        main = tuple(each for name in MAIN if (each := _beside(path, name)) in listed)
        sets[main if path in main else (path,)] = None
    builds = tuple(build for files in sets for build in _Files(look.tree, notes, look.bake, files).builds())
    return Stated(builds, notes.problems)


def _beside(path: str, name: str) -> str:
    return f"{parent(path)}/{name}" if parent(path) else name


@dataclass(frozen=True, slots=True)
class _Files:
    """Bake files that are read together."""

    tree: Tree
    notes: Notes
    bake: Bake | None
    files: tuple[str, ...]

    def builds(self) -> Iterator[Build]:
        texts = {each: self.tree.read(entry) for each in self.files if (entry := follow(self.tree, each)) is not None}
        outline = Outline.of(self._blocks(texts))
        answer = self._answer(texts, outline)
        if answer is None:
            return
        targets = {name: each for name, each in answer.get("target", {}).items() if isinstance(each, Mapping)}
        named = outline.images(answer) & targets.keys()
        folder, guess = self._root([targets[name] for name in sorted(_with_parents(named, targets))])
        named |= {each for each in _published(outline, named, targets) if self._exists(folder, targets[each])}
        idle = {
            each for each in named if _is_no_image(targets[each]) or outline.written(each, answer) in outline.asking
        }
        images = _with_parents(named - idle, targets)
        if left := sorted(idle - images):
            listed, more = ", ".join(quoted(each) for each in left[:MOST_NAMED]), len(left) - MOST_NAMED
            listed += f" and {more} more" if more > 0 else ""
            self.notes.add(f"left out, since their output is no image: {listed}", outline.where(left[0], answer))
        places = {each: outline.where(each, answer).file for each in targets}
        for name in sorted(images):
            where = outline.where(name, answer)
            build = _Target(self.notes, folder, where, name, targets[name], places).build(guess)
            if build is not None:
                yield build

    def _blocks(self, texts: Mapping[str, bytes]) -> Iterator[tuple[str, Block]]:
        """Yield the path and each block of the files; what is no text is noted."""
        for path, raw in texts.items():
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                self.notes.add("not UTF-8", Where(path))
                continue
            reader = bakejson if path.endswith(".json") else bakeoutline
            yield from ((path, each) for each in reader.blocks(text))

    def _answer(self, texts: Mapping[str, bytes], outline: Outline) -> dict[str, Any] | None:
        """Return what ``bake --print`` says of every target; None, noted, where it cannot."""
        if not outline.targets and not any(each.endswith(".json") for each in texts):
            return None
        try:
            return self._printed(self.bake, texts, outline) if self.bake and outline.targets else self._unprinted(texts)
        except ConfigError as error:
            self.notes.take(error, self.files[0])
        except EnvironmentFault as error:
            return self._unprinted(texts, error.problems[0].message)
        return None

    def _unprinted(self, texts: Mapping[str, bytes], why: str = "") -> dict[str, Any] | None:
        """Return what can be read without buildx: JSON. why: buildx cannot be run."""
        hcl = next((each for each in texts if each.endswith(".hcl")), None)
        try:
            if hcl is None:
                return bakejson.evaluate(texts)
            said = f"HCL is not read: {why or 'that needs docker with buildx'}"
            self.notes.add(said, Where(hcl), "install docker with buildx; bake files in JSON are read without it")
        except ConfigError as error:
            self.notes.take(error, self.files[0])
        return None

    def _printed(self, bake: Bake, texts: Mapping[str, bytes], outline: Outline) -> dict[str, Any]:
        files = [(base(path), text) for path, text in texts.items()]
        try:
            out = evaluated(bake, files, list(outline.targets))
        except ConfigError as error:
            # Targets may add to services of the compose files that bake reads along with its own.
            composed = self._compose_files()
            if not composed:
                raise _placed(error, self.files) from None
            try:
                files = [*composed, *files]
                out = evaluated(bake, files, list(outline.targets))
            except ConfigError:
                raise _placed(error, self.files) from None
        answer: dict[str, Any] = json.loads(out)
        # Its default group is what was asked for.
        named = {name: each for name, each in answer.get("group", {}).items() if name != "default"}
        return answer | {"group": named | _groups(bake, files, outline)}

    def _compose_files(self) -> list[tuple[str, bytes]]:
        paths = [_beside(self.files[0], name) for name in (*DEFAULTS, *OVERRIDES)]
        return [(base(path), self.tree.read(entry)) for path in paths if (entry := follow(self.tree, path)) is not None]

    def _root(self, targets: list[Mapping[str, Any]]) -> tuple[str, str]:
        """Return the folder that contexts are relative to: where bake is run, the nearest with the Dockerfiles."""
        own = parent(self.files[0])

        def existing(folder: str) -> int:
            return sum(self._exists(folder, each) for each in targets)

        best = max(ancestors(own), key=lambda folder: (existing(folder), len(folder)))
        if best == own or not targets:
            return own, ""
        return best, f"{base(self.files[0])} is taken to be run from {best or 'the top'}: its Dockerfiles are there"

    def _exists(self, folder: str, target: Mapping[str, Any]) -> bool:
        context = _local(str(target.get("context", ".")))
        path = None if is_remote(context) else joined(folder, context)
        path = None if path is None else joined(path, str(target.get("dockerfile", "Dockerfile")))
        return path is not None and follow(self.tree, path) is not None


def _groups(bake: Bake, files: Sequence[tuple[str, bytes]], outline: Outline) -> dict[str, Any]:
    """Return the groups, where it matters whether a target is in one: others inherit from it, or it is private.

    buildx tells of those that it is asked for; the default one by itself, since asked for with others it has them too.
    """
    found: dict[str, Any] = {}
    bases = {each for each in outline.targets if each in outline.inherited or is_private(each)}
    for asked in ({"default"}, {*outline.groups} - {"default"}) if bases else ():
        if not asked <= outline.groups or not asked:
            continue
        try:
            said = json.loads(evaluated(bake, files, sorted(asked))).get("group", {})
        except ConfigError:
            # A group may have what is not there. An image too many does no harm.
            found |= {name: {"targets": sorted(bases)} for name in asked}
        else:
            found |= {name: each for name, each in said.items() if name != "default" or name in asked}
    return found


def _placed(error: ConfigError, files: tuple[str, ...]) -> ConfigError:
    """Return an error of buildx with its place in the tree: it knows files by their last name."""
    text, said = error.problems[0].message, "not read, buildx says: "
    for file in files:
        match = re.match(rf"{re.escape(base(file))}:(\d+)(?:,(\d+))?[-,\d]*: ?", text)
        if match:
            return ConfigError(said + text[match.end() :], where=Where(file, int(match[1])))
    return ConfigError(said + text, where=Where(files[0]))


@dataclass(frozen=True, slots=True)
class _Target:
    notes: Notes
    folder: str
    where: Where
    name: str
    said: Mapping[str, Any]
    places: Mapping[str, str]

    def build(self, guess: str) -> Build | None:
        """Return the build of a target; None, noted, where it is no image or mbuild cannot know what it is made of."""
        written = _local(str(self.said.get("context", ".")))
        context = None if is_remote(written) else joined(self.folder, written)
        if (refusal := self._refusal(written, context)) is not None:
            self._note(*refusal)
            return None
        assert context is not None
        named = str(self.said.get("dockerfile", "Dockerfile"))
        dockerfile = joined(context, named) if named == _local(named) else joined(self.folder, _local(named))
        if dockerfile is None:
            self._note(f"its Dockerfile {quoted(str(self.said.get('dockerfile')))} is not in this repository")
            return None
        return Build(
            source="bake",
            name=self.name,
            where=self.where,
            dockerfile=dockerfile,
            context=context,
            target=self.said.get("target") or None,
            args=tuple(sorted((name, str(value)) for name, value in self._args().items() if value is not None)),
            contexts=tuple(self._contexts()),
            published=_tags(self.said),
            platforms=tuple(str(each) for each in self.said.get("platforms") or () if each != "local"),
            secrets=tuple(self._secrets()),
            ssh=tuple(self._ssh()),
            labels=tuple(sorted((name, str(value or "")) for name, value in (self.said.get("labels") or {}).items())),
            cache_from=tuple(self._caches("cache-from")),
            cache_to=tuple(self._caches("cache-to")),
            guesses=(guess,) if guess else (),
        )

    def _args(self) -> Mapping[str, Any]:
        return self.said.get("args") or {}

    def _refusal(self, written: str, context: str | None) -> tuple[str, ...] | None:
        if "dockerfile-inline" in self.said:
            return "its Dockerfile is written inline", "write it to a file of its own and name that with 'dockerfile'"
        if written.startswith(_TARGET):
            return ("its context is another target",)
        if context is None:
            return (f"its context {quoted(written)} is {'remote' if is_remote(written) else 'not in this repository'}",)
        return None

    def _contexts(self) -> Iterator[tuple[str, Other]]:
        for name, value in sorted((self.said.get("contexts") or {}).items()):
            other = self._other(str(value))
            if other is not None:
                yield name, other

    def _other(self, value: str) -> Other | None:
        if value.startswith(_TARGET):
            named = value.removeprefix(_TARGET)
            return Other(BUILD, build_key(self.places.get(named, self.where.file), named))
        value = _local(value)
        if is_remote(value) or value.startswith(("docker-image:", "oci-layout:")):
            return Other(EXTERNAL, value)
        path = joined(self.folder, value)
        if path is None:
            self._note(f"its context {quoted(value)} is not in this repository")
        return None if path is None else Other(FOLDER, path)

    def _secrets(self) -> Iterator[Secret]:
        for each in self.said.get("secret") or ():
            fields = each if isinstance(each, Mapping) else dict(part.partition("=")[::2] for part in each.split(","))
            identity, env = fields.get("id", ""), fields.get("env", "")
            file = fields.get("src") or fields.get("source") or ""
            if identity and not env and not file:
                env = identity
            if identity:
                yield Secret(identity, env, "" if env else file)

    def _ssh(self) -> Iterator[str]:
        for each in self._listed("ssh"):
            identity, _, written = str(each).partition("=")
            paths = written.split(",") if written else []
            if isinstance(each, Mapping):
                identity, paths = str(each.get("id", "default")), [str(path) for path in each.get("paths") or ()]
            moved = ",".join(beside(self.folder, path) for path in paths)
            yield f"{identity}={moved}" if moved else identity

    def _caches(self, key: str) -> Iterator[str]:
        for each in self._listed(key):
            if isinstance(each, Mapping):
                each = ",".join(f"{name}={value}" for name, value in sorted(each.items()))  # noqa: PLW2901
            yield moved_cache(str(each), self.folder)

    def _listed(self, key: str) -> Iterable[Any]:
        found = self.said.get(key)
        return found if isinstance(found, list) else ()

    def _note(self, message: str, *hints: str) -> None:
        self.notes.add(f"target {quoted(self.name)} is left out: {message}", self.where, *hints)


def _with_parents(names: Iterable[str], targets: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return targets and those that they are made from, which are images whatever becomes of them otherwise."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found or name not in targets:
            continue
        found.add(name)
        contexts = (targets[name].get("contexts") or {}).values()
        waiting += [each.removeprefix(_TARGET) for each in map(str, contexts) if each.startswith(_TARGET)]
    return frozenset(found)


def _published(outline: Outline, named: Iterable[str], targets: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the targets that others inherit from and that are images all the same: with tags that no image has."""
    tags = {tag for name in named for tag in _tags(targets[name])}
    for name in sorted(outline.inherited & targets.keys()):
        if not is_private(name) and not tags.issuperset(_tags(targets[name])):
            yield name


def _local(path: str) -> str:
    """Return a path as it is without the mark of those beside which bake is run (``bake.go``: ``cwd://``)."""
    return path.removeprefix("cwd://")


def _tags(target: Mapping[str, Any]) -> tuple[str, ...]:
    found = target.get("tags") or ()
    return (found,) if isinstance(found, str) else tuple(str(each) for each in found)


def _is_no_image(target: Mapping[str, Any]) -> bool:
    if str(target.get("call") or "build") != "build":
        return True  # it is not built, but asked about
    outputs = [_output_type(each) for each in target.get("output") or ()]
    return bool(outputs) and all(each in _NO_IMAGE for each in outputs)


def _output_type(output: object) -> str:
    if isinstance(output, Mapping):
        return str(output.get("type", ""))
    text = str(output)
    match = re.search(r"(?:^|,)type=([^,]+)", text)
    return match[1] if match else "local" if "=" not in text else ""
