"""Plain Dockerfiles that no other source states: names, context roots, and which are rather helpers. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from mbuild.config.paths import from_root
from mbuild.discovery.looking import Looker, Seen
from mbuild.discovery.model import Build, Look, Stated
from mbuild.discovery.notes import Notes
from mbuild.discovery.paths import ancestors, base, is_text, parent, variant_of
from mbuild.errors import Broken, Problem, Where, printable
from mbuild.references import NameProblem
from mbuild.tree import Tree, follow_inside
from mbuild.values import dataclass, field, replace

_PLAIN = re.compile("(Dockerfile|Containerfile)", re.IGNORECASE)
_NOT_DOCKERFILES = re.compile(r".*\.(dockerignore|containerignore|bak|orig|swp)", re.IGNORECASE)
# ``Dockerfile.go`` may be the Dockerfile of what is written in Go, or a program that writes Dockerfiles.
_OTHER_LANGUAGES = re.compile(r".*\.(md|txt|rst|lock|py|go|js|ts|sh|html|json|ya?ml)", re.IGNORECASE)
_TEMPLATES = re.compile(r".*\.(tt|j2|jinja2?|tmpl|tpl|template|erb|in)", re.IGNORECASE)
_FROM = re.compile(rb"^(?:\xef\xbb\xbf)?[ \t]*FROM[ \t\\`]", re.IGNORECASE | re.MULTILINE)
_FIRST = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:[ \t]*(?:#[^\n]*)?\n|[ \t]*\r\n)*[ \t]*"
    rb"(?:ARG[ \t\\`]|FROM(?:[ \t]*[\\`]|(?:[ \t]+--\S+)*[ \t]+[^\s-]\S*(?:[ \t]+AS[ \t]+\S+)?[ \t]*(?:[\r\n]|\Z)))",
    re.IGNORECASE,
)
_TO_FILL_IN = re.compile(rb"\{\{|\{%|\{#|<%|\[%|@\w+@|%%\w+%%")
"""Marks of template engines."""

_HELPERS = re.compile(
    r"tests?|testing|__tests__|test[-_].*|.*[-_]tests?|e2e|integration|examples?|samples?|docs?|binder|hack|templates?|\..*"
)
"""Folders whose Dockerfiles are rarely images that a repository ships."""
_UNSTATED = "not stated by any compose, bake or skaffold file"

_OF_DEVELOPERS = re.compile(r"(.+[-_.])?(dev(el|elop|elopment)?|debug|tests?|testing|lint|ci|docs?)([-_.].+)?")
"""Stages that are rarely what a repository ships (``dev-envs``), wherever they stand."""

# Folders that say what lies in them, not what it is for: an image is called after the folder above.
_GENERIC = frozenset(
    ("src", "docker", "dockerfiles", "build", "container", "containers", "deploy", "deployment", "image", "ci")
)


def is_dockerfile(path: str) -> bool:
    """Return whether a file is called as Dockerfiles are; of some names it is the content that decides."""
    name = base(path)
    if _NOT_DOCKERFILES.fullmatch(name):
        return False
    return _PLAIN.fullmatch(name) is not None or bool(variant_of(name))


def discover(look: Look) -> Stated:
    """Return a build for each Dockerfile that nothing states yet."""
    notes = Notes()
    said = {each.dockerfile for each in look.stated if each.aside}  # and why
    there = [
        each for each in look.stated if not each.aside and follow_inside(look.tree, each.dockerfile)[1] is not None
    ]
    stated = {each.dockerfile for each in there}
    files = [each for each in look.paths if is_dockerfile(each) and each not in stated and _is_one(look.tree, each)]
    plain = _Plain(look.looker, [each for each in files if _usable(each, notes)], there)
    builds = [*plain.builds(), *_vendored(look)]
    if not there and all(each.aside for each in builds):
        builds = [each if each.where.file in look.vendored else replace(each, aside="") for each in builds]
    builds += _last_stages(look, there)
    for each in builds:
        if each.aside.endswith(_UNSTATED) and each.dockerfile not in said:
            notes.add(f"left out: {each.aside}", each.where)
    seen = {each: look.looker.look(each.dockerfile, args=each.args) for each in builds if not each.aside}
    if there or not all(each.lacking or each.broken for each in seen.values()):
        builds = [
            _set_aside(each, seen[each], Notes() if each.dockerfile in said else notes) if each in seen else each
            for each in builds
        ]
        builds = [each for each in builds if not each.aside or each.dockerfile not in said]
    return Stated(tuple(builds), notes.problems)


def _last_stages(look: Look, there: Iterable[Build]) -> Iterator[Build]:
    """Yield what a build without a target makes of Dockerfiles of which only other stages are stated.

    A compose file for developers may say ``target: dev``, and who releases builds the same folder without it. A stage
    that is called as one for developers is not released by that: it is only noted, as others are that are of no image.
    """
    stating: dict[str, list[Build]] = {}
    for each in there:
        stating.setdefault(each.dockerfile, []).append(each)
    for path, builds in stating.items():
        if not all(each.target for each in builds) or _helper(path) or path in look.vendored:
            continue
        first = builds[0]
        ends = look.looker.look(path, first.target, first.args).ends
        if not ends or not ends.open or _OF_DEVELOPERS.fullmatch(ends.last):
            continue
        if all(each.target and each.target.lower() != ends.last for each in builds):
            name = f"{first.name}-{ends.last or 'last'}"
            guess = "what is built without a target: nothing states it"
            of_none = replace(first, published=(), called=(), read_as="", guesses=(guess,))
            yield replace(of_none, source="dockerfile", name=name, where=Where(path), target=None)


def _set_aside(build: Build, seen: Seen, notes: Notes) -> Build:
    """Set a build aside that lacks arguments or is broken: its error would be that of every question about others.

    One that a change breaks is an error, though (``app.question``).
    """
    wrong = seen.broken or seen.lacking
    if wrong is None:
        return build
    kind = Broken if seen.broken and not seen.is_template else Problem
    why = "cannot be built" if seen.broken else "needs args"
    notes.leave_out(kind(f"left out: {wrong.message}", wrong.where or build.where, wrong.hints))
    return replace(build, aside=f"{why}: {wrong.message}")


def _usable(path: str, notes: Notes) -> bool:
    """Return whether build.yaml can name a Dockerfile; one that it cannot is noted, and stops no other answer."""
    why = _why_not(path)
    if why:
        notes.add(f"{why}, so build.yaml cannot hold it", Where(printable(path)))
    return not why


def _why_not(path: str) -> str:
    if not is_text(path):
        return "its name is not UTF-8"
    try:
        from_root("", parent(path) if base(path) == "Dockerfile" and parent(path) else path)
    except NameProblem as error:
        return error.problems[0].message
    return ""


def _is_one(tree: Tree, path: str) -> bool:
    """Return whether a file has a FROM: not every file that is called so is a Dockerfile."""
    entry = tree.entry(path)
    if entry is None or entry.is_link:
        return False
    text = tree.read(entry)
    return _FROM.search(text) is not None and (not _is_doubtful(path) or _is_written_as_one(base(path), text))


def _is_doubtful(path: str) -> bool:
    """Return whether a name says that the file may be written in another language, or has to be filled in."""
    return any(each.fullmatch(base(path)) for each in (_OTHER_LANGUAGES, _TEMPLATES))


def _is_written_as_one(name: str, text: bytes) -> bool:
    """Return whether a file begins as a Dockerfile, and is not to be filled in first."""
    return _FIRST.match(text) is not None and not (_TEMPLATES.fullmatch(name) and _TO_FILL_IN.search(text))


def _vendored(look: Look) -> Iterator[Build]:
    for path in look.vendored:
        if is_dockerfile(path) and is_text(path) and (not _is_doubtful(path) or _is_one(look.tree, path)):
            name = base(parent(path)) or "image"
            yield Build("dockerfile", name, Where(path), path, parent(path), aside="other people's code or test data")


@dataclass(frozen=True, slots=True)
class _Plain:
    looker: Looker
    files: list[str]
    stated: Collection[Build]
    firm: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Gather the folders of what is stated outside of those for helpers, each with the first name in it."""
        for each in self.stated:
            if not _helper(each.where.file):
                self.firm.setdefault(parent(each.dockerfile), each.name)

    def builds(self) -> Iterator[Build]:
        """Yield a build for each file, folders before what lies in them."""
        names: dict[str, str] = {}
        for each in sorted(self.stated, key=lambda each: not _PLAIN.fullmatch(base(each.dockerfile))):
            names.setdefault(parent(each.dockerfile), each.name)
        ordered = sorted(
            self.files, key=lambda each: (each.count("/"), parent(each), not _PLAIN.fullmatch(base(each)), each)
        )
        for path in ordered:
            name = self._name(path, names)
            if _PLAIN.fullmatch(base(path)):
                names[parent(path)] = name
            context, guess = self.looker.context(path, parent(path))
            guesses = (guess,) if guess else ()
            build = Build("dockerfile", name, Where(path), path, context, guesses=guesses, aside=self._aside(path))
            yield _for_windows(build, self.looker.look(path).windows)

    def _name(self, path: str, names: dict[str, str]) -> str:
        """Return the name of an image: its folder's, behind that of an image whose folder it lies in."""
        folder = parent(path)
        label = variant_of(base(path))
        own = "" if not folder else _folder_name(folder)
        above = next((names[each] for each in ancestors(folder)[1:] if each and each in names), "")
        if above and own:
            own = f"{above}-{own}"
        if not label:
            return own or "app"
        if folder in names:
            return f"{names[folder]}-{label}"
        return f"{own}-{label}" if own and not _is_generic(folder) else label

    def _aside(self, path: str) -> str:
        """Return why a Dockerfile is rather no image of its own, "" where it is one."""
        if place := _helper(path):
            return f"below {place}/"
        folder = parent(path)
        # What lies at the top concerns no folder, only variants beside it.
        near = [each for each in ancestors(folder) if each or (not folder and not _PLAIN.fullmatch(base(path)))]
        inside = next((self.firm[each] for each in near if each in self.firm), "")
        return f"in the folder of {inside}, {_UNSTATED}" if inside else ""


def _for_windows(build: Build, why: str) -> Build:
    """Return a build with the platform that its Dockerfile is written for, if that is Windows."""
    if not why:
        return build
    return replace(build, platforms=("windows/amd64",), guesses=(*build.guesses, f"platforms guessed: {why}"))


def _helper(path: str) -> str:
    """Return the folder on a path that says that what is in it helps, "" where there is none."""
    return next((each for each in path.split("/")[:-1] if _HELPERS.fullmatch(each)), "")


def _is_generic(folder: str) -> bool:
    return base(folder) in _GENERIC


def _folder_name(folder: str) -> str:
    """Return the last part of a folder that says what it is for."""
    parts = folder.split("/")
    part = next((each for each in reversed(parts) if each not in _GENERIC), parts[-1])
    # ``NodeBase`` is published as ``node-base``: a repository has no capitals.
    return re.sub("(?<=[a-z0-9])(?=[A-Z])", "-", part)
