"""Bake files of a tree → the builds they state.

HCL is evaluated by ``docker buildx bake --print`` (it needs no daemon), JSON too where buildx is there; without it JSON
is read by ``bakejson``. buildx names every target, groups and matrices expanded, with inheritance and functions done.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from mbuild.discovery import bakejson, bakeoutline
from mbuild.discovery.bakenewer import evaluated, with_passed_over
from mbuild.discovery.bakeoutline import MOST_WAYS, Block, Outline, is_private
from mbuild.discovery.baketarget import OTHER_TARGET, Target, dockerfile_of, tags_of
from mbuild.discovery.compose import DEFAULTS, OVERRIDES
from mbuild.discovery.model import Bake, Build, Look, Stated, build_key
from mbuild.discovery.notes import Notes
from mbuild.discovery.paths import ancestors, base, dockerfile_at, parent
from mbuild.errors import ConfigError, EnvironmentFault, Where, listed
from mbuild.references import quoted
from mbuild.tree import Tree, follow
from mbuild.values import dataclass

# buildx ``bake.go``: dockerBakeFiles, without the compose files, which have a reader of their own.
MAIN = ("docker-bake.json", "docker-bake.override.json", "docker-bake.hcl", "docker-bake.override.hcl")
_FURTHER = re.compile(r"(docker-bake[-._].+|.+[-._](docker-)?bake|bake)\.(hcl|json)")
MOST_NAMED = 10
"""So many targets a note names."""
ALONE = " (alone)"
"""Behind the name of a target as it is without the compose files: no target is called so."""
ENVIRONMENT = ".env"
_SERVICE = re.compile(rb"[A-Za-z0-9_.-]+")
_NO_IMAGE = ("cacheonly", "local", "tar")

Reading = tuple[dict[str, Any], str]
"""What ``bake --print`` says of bake files, and what stands behind the names of images that are made of it."""


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
        known: dict[str, str] = {}
        for answer, mark in self._readings(texts, outline):
            yield from self._built(answer, outline, known, mark)

    def _built(self, answer: dict[str, Any], outline: Outline, known: dict[str, str], mark: str) -> Iterator[Build]:
        """Yield the builds of what is printed. known: the key of each image so far by its target; takes those of these.

        mark: ALONE, or "". What has no Dockerfile when it is read alone is not meant to be.
        """
        targets = {name: each for name, each in answer.get("target", {}).items() if isinstance(each, Mapping)}
        named = outline.images(answer) & targets.keys()
        folder, guess = self._root([targets[name] for name in sorted(_with_parents(named, targets))])
        named |= {each for each in _published(outline, named, targets) if self._exists(folder, targets[each])}
        idle = {
            each for each in named if _is_no_image(targets[each]) or outline.written(each, answer) in outline.asking
        }
        images = _with_parents(named - idle, targets)
        if left := sorted(idle - images):
            named_first = listed(left, MOST_NAMED, quoted)
            self.notes.add(f"left out, since their output is no image: {named_first}", outline.where(left[0], answer))
        if mark:
            images = frozenset(each for each in images if self._exists(folder, targets[each]))
        known.update((each, build_key(outline.where(each, answer).file, each + mark)) for each in images)
        guesses = tuple(filter(None, (guess, mark and f"as {base(self.files[0])} says it without the compose file")))
        for name in sorted(images):
            target = Target(self.notes, folder, outline.where(name, answer), name, targets[name], known, mark)
            build = target.build(guesses)
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

    def _readings(self, texts: Mapping[str, bytes], outline: Outline) -> list[Reading]:
        """Return what ``bake --print`` says of every target, each way the files can be meant; nothing where it cannot.

        What cannot be read is noted.
        """
        if not outline.targets and not any(each.endswith(".json") for each in texts):
            return []
        try:
            if self.bake and outline.targets:
                if outline.tangled:
                    raise _entangled(outline)
                return self._printed(self.bake, texts, outline)
            return self._unprinted(texts)
        except ConfigError as error:
            self.notes.take(error, self.files[0])
        except EnvironmentFault as error:
            return self._unprinted(texts, error.problems[0].message)
        return []

    def _unprinted(self, texts: Mapping[str, bytes], why: str = "") -> list[Reading]:
        """Return what can be read without buildx: JSON. why: buildx cannot be run."""
        hcl = next((each for each in texts if each.endswith(".hcl")), None)
        why = why or "that needs docker with buildx"
        try:
            if hcl is None:
                answer = bakejson.evaluate(texts)
                if composed := self._below(answer):
                    self._note_alone(composed, why)
                return [(answer, "")]
            said = f"HCL is not read: {why}"
            self.notes.add(said, Where(hcl), "install docker with buildx; bake files in JSON are read without it")
        except ConfigError as error:
            self.notes.take(error, self.files[0])
        return []

    def _printed(self, bake: Bake, texts: Mapping[str, bytes], outline: Outline) -> list[Reading]:
        files = [(base(path), text) for path, text in texts.items()]
        try:
            alone = _printed(bake, files, outline)
        except ConfigError as error:
            # Targets may inherit from services of the compose files that bake reads along with its own.
            for composed in dict.fromkeys(map(self._compose_files, (DEFAULTS, (*DEFAULTS, *OVERRIDES)))):
                with suppress(ConfigError):
                    return [(_printed(bake, [*composed, *files], outline), "")]
            raise _placed(error, self.files) from None
        composed = self._below(alone)
        if not composed:
            return [(alone, "")]
        try:
            return [(_printed(bake, [*composed, *files], outline), ""), (alone, ALONE)]
        except ConfigError as error:
            is_quoted = any(name == ENVIRONMENT for name, _ in composed)  # people keep passwords there
            self._note_alone(composed, "buildx refuses that" if is_quoted else error.problems[0].message)
            return [(alone, "")]

    def _note_alone(self, composed: Sequence[tuple[str, bytes]], why: str) -> None:
        self.notes.add(f"read without {composed[0][0]}, to which it may add: {why}", Where(self.files[0]))

    def _below(self, answer: Mapping[str, Any]) -> tuple[tuple[str, bytes], ...]:
        """Return the compose files that bake lays its own over, where a target may be called as a service is.

        Any word of them may be the name of a service: they are parsed only by those who read them.
        """
        composed = self._compose_files(DEFAULTS) if base(self.files[0]) in MAIN else ()
        # buildx ``bake/compose.go``: sanitizeTargetName.
        words = {
            each.replace(b".", b"_").decode()
            for name, text in composed
            if name != ENVIRONMENT
            for each in _SERVICE.findall(text)
        }
        return () if words.isdisjoint(answer.get("target", ())) else composed

    def _compose_files(self, names: Sequence[str]) -> tuple[tuple[str, bytes], ...]:
        """Return the name and the content of the compose files beside these, and of their ``.env``."""
        found = tuple(self._found(names))
        return (*found, *self._found((ENVIRONMENT,))) if found else ()

    def _found(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for name in names:
            if (entry := follow(self.tree, _beside(self.files[0], name))) is not None:
                yield name, self.tree.read(entry)

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
        path = dockerfile_of(target, folder)
        return path is not None and dockerfile_at(self.tree, path) is not None


def _printed(bake: Bake, files: Sequence[tuple[str, bytes]], outline: Outline) -> dict[str, Any]:
    """Return what ``bake --print`` says of every target and of the groups that matter. Raises ConfigError."""
    answer: dict[str, Any] = json.loads(evaluated(bake, files, list(outline.targets)))
    answer = with_passed_over(answer, dict(files))
    # Its default group is what was asked for.
    named = {name: each for name, each in answer.get("group", {}).items() if name != "default"}
    return answer | {"group": named | _groups(bake, files, outline)}


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


def _entangled(outline: Outline) -> ConfigError:
    message = f"not read: {quoted(outline.tangled)} inherits on more than {MOST_WAYS:,} ways, and buildx goes each"
    hint = "let each target inherit from another once, directly or by others"
    return ConfigError(message, hint, where=outline.targets[outline.tangled])


def _placed(error: ConfigError, files: tuple[str, ...]) -> ConfigError:
    """Return an error of buildx with its place in the tree: it knows files by their last name."""
    text, said = error.problems[0].message, "not read, buildx says: "
    for file in files:
        match = re.match(rf"{re.escape(base(file))}:(\d+)(?:,(\d+))?[-,\d]*: ?", text)
        if match:
            return ConfigError(said + text[match.end() :], where=Where(file, int(match[1])))
    return ConfigError(said + text, where=Where(files[0]))


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
        waiting += [each.removeprefix(OTHER_TARGET) for each in map(str, contexts) if each.startswith(OTHER_TARGET)]
    return frozenset(found)


def _published(outline: Outline, named: Iterable[str], targets: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the targets that others inherit from and that are images all the same: with tags that no image has."""
    tags = {tag for name in named for tag in tags_of(targets[name])}
    for name in sorted(outline.inherited & targets.keys()):
        if not is_private(name) and not tags.issuperset(tags_of(targets[name])):
            yield name


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
