"""What a Dockerfile takes from its context and which images it names, as far as discovery asks. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from mbuild.config.globs import matches
from mbuild.context.select import check_wildcards
from mbuild.discovery.copied import Use, has_nothing, is_all, root_above, root_with, use_of
from mbuild.discovery.ends import Ends, ends
from mbuild.discovery.paths import ancestors, is_folder, parent
from mbuild.dockerfile.evaluate import evaluate
from mbuild.dockerfile.gotext import clean_path
from mbuild.dockerfile.model import Dockerfile, ExternalImage, Platform, Recipe
from mbuild.dockerfile.parser import read
from mbuild.dockerfile.reads import in_windows
from mbuild.dockerfile.recipe import is_windows
from mbuild.dockerfile.refused import Problems
from mbuild.dockerfile.stages import sections
from mbuild.dockerfile.syntax import syntax_doubts
from mbuild.errors import DockerfileError, Problem, Where
from mbuild.references import printable
from mbuild.tree import Entry, Tree, follow, follow_inside
from mbuild.values import dataclass, field

_WILD = re.compile(r"[*?\[]")
_WHATEVER_THE_VALUES = re.compile(
    r"^unknown instruction: |(?:^|: )(?:syntax error: |unsupported modifier \(|unexpected end of statement )"
)
_OF_WINDOWS = re.compile(r"^mcr\.microsoft\.com/(?:windows|dotnet/framework/)|nanoserver|servercore")


@dataclass(frozen=True, slots=True)
class Seen:
    """Local sources as written, and names of images outside of the Dockerfile with their places.

    lacking: what is wrong where FROM is all that is, and has variables: nobody has said their values.
    broken:  what BuildKit refuses whatever the values of variables are, and in any version: it gets new flags.
    is_template: whether it refuses the mark of a template engine, which is no mistake.
    use: what is done with a copy of the whole context.
    windows: what shows that it is one for Windows, "" for nothing.
    ends:    its stages that no other one needs, where it can be read.
    """

    sources: tuple[str, ...] = ()
    references: tuple[tuple[str, Where], ...] = ()
    lacking: Problem | None = None
    broken: Problem | None = None
    is_template: bool = False
    use: Use = Use()
    windows: str = ""
    ends: Ends | None = None


@dataclass(frozen=True, slots=True)
class Looker:
    """Looks at the Dockerfiles of one tree, each once for a target and arguments.

    entries: all of the tree. paths: of its files and folders, but not of links. linked: whether there is any link.
    """

    tree: Tree
    entries: Sequence[Entry]
    paths: Collection[str]
    linked: bool
    _seen: dict[tuple[object, ...], Seen] = field(default_factory=dict)
    _there: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def at(cls, tree: Tree) -> Looker:
        """Return what looks at a tree."""
        entries = tree.below("")
        paths = {each.path for each in entries if not each.is_link}
        for folder in {parent(each.path) for each in entries}:
            paths.update(ancestors(folder))
        return cls(tree, entries, paths, any(each.is_link for each in entries))

    def look(self, dockerfile: str, target: str | None = None, args: Iterable[tuple[str, str]] = ()) -> Seen:
        """Return what a Dockerfile reads and names; nothing where it cannot be read: ``check`` says why."""
        key = (dockerfile, target, tuple(args))
        if key not in self._seen:
            self._seen[key] = self._evaluate(dockerfile, target, dict(args))
        return self._seen[key]

    def _evaluate(self, dockerfile: str, target: str | None, args: Mapping[str, str]) -> Seen:
        entry = follow_inside(self.tree, dockerfile)[1]
        if entry is None:
            return Seen()
        text = self.tree.read(entry)
        file, problems = read(text, dockerfile)
        if problems:
            return _not_read(text, None if syntax_doubts(file, args) else problems[0])
        try:
            recipe = evaluate(
                file,
                target=target,
                args=args,
                platform=Platform(),
                build_platform=Platform(),
                resolve=lambda reference: ExternalImage(reference.name),
                resolve_stage=lambda _: None,
            )
        except DockerfileError as error:
            return _not_read(text, _broken(file, error.problems), _lacking(file, error.problems))
        windows = _windows(file, recipe)
        reads = map(in_windows, recipe.reads) if windows else recipe.reads
        sources = tuple(source for each in reads if not each.context for source in each.sources)
        references = tuple((reference.name, reference.where) for reference, _ in recipe.references)
        use = use_of(recipe) if any(map(is_all, sources)) else Use()
        unneeded = None if recipe.inherited.foreign else ends(file)
        return Seen(sources, references, broken=_refused(file, recipe), use=use, windows=windows, ends=unneeded)

    def context(self, dockerfile: str, folder: str) -> tuple[str, str]:
        """Guess the context root of a Dockerfile; returns it with the reason for a comment, "" where it is the default.

        It is the nearest folder, from the Dockerfile's own upward, in which all of its COPY sources exist; where there
        is none, the nearest in which most do. Where it copies all there is, what it does with that decides.
        """
        seen = self.look(dockerfile)
        sources = [each for each in dict.fromkeys(seen.sources) if not is_all(each)]
        if not sources:
            return self._of_all(folder, seen)
        if all(self._exists(folder, source) for source in sources):
            return folder, ""
        found = {each: sum(self._exists(each, source) for source in sources) for each in ancestors(folder)}
        best = max(found, key=lambda each: (found[each], len(each)))
        if best == folder:
            return (folder, "") if found[best] else self._of_all(folder, seen)
        first = next(each for each in sources if self._exists(best, each) and not self._exists(folder, each))
        return best, f"context guessed: {first} is there"

    def _of_all(self, folder: str, seen: Seen) -> tuple[str, str]:
        if not any(map(is_all, seen.sources)):
            return folder, ""
        root, inner = root_above(folder, seen.use.paths, self.paths)
        if inner:
            return root, f"context guessed: {inner} is used in the copy of it"
        root, file = root_with(folder, seen.use.files, self.paths)
        if file:
            return root, f"context guessed: {file} is there"
        if folder and has_nothing(each.path for each in self.tree.below(folder)):
            return "", f"context guessed: {folder} has nothing to copy"
        return folder, ""

    def _exists(self, root: str, source: str) -> bool:
        """Return whether a source of COPY matches anything below a context root, out of which no ``..`` leads."""
        inside = clean_path(f"/{source}").strip("/")
        if "\\" in inside or "\0" in inside:
            return False
        path = f"{root}/{inside}" if root and inside else root or inside
        if path not in self._there:  # Dockerfiles of one kind look for the same above their folders
            self._there[path] = self._matches(path)
        return self._there[path]

    def _matches(self, path: str) -> bool:
        wild = _WILD.search(path)
        if wild is None:
            return path in self.paths or (self.linked and _is_behind_link(self.tree, path))
        parts = path.split("/")
        below = self.tree.below(path[: wild.start()].rpartition("/")[0])
        return any(matches(path, "/".join(each.path.split("/")[: len(parts)])) for each in below)


def _is_behind_link(tree: Tree, path: str) -> bool:
    return follow(tree, path) is not None or is_folder(tree, path)


def _not_read(text: bytes, broken: Problem | None, lacking: Problem | None = None) -> Seen:
    return Seen(lacking=lacking, broken=broken, is_template=broken is not None and _is_marked(text, broken.where))


def _is_marked(text: bytes, where: Where | None) -> bool:
    """Return whether a line begins with a mark of Go's, Jinja's or ERB's templates."""
    lines = text.split(b"\n")
    at = where.line - 1 if where else -1
    return 0 <= at < len(lines) and lines[at].lstrip().startswith((b"{{", b"{%", b"<%"))


def _lacking(file: Dockerfile, problems: Sequence[Problem]) -> Problem | None:
    starts = {each.where for each in file.instructions if each.keyword == "FROM" and "$" in each.original}
    return problems[0] if all(each.where in starts for each in problems) else None


def _broken(file: Dockerfile, problems: Sequence[Problem]) -> Problem | None:
    fixed = _settled(file) | _misshapen(file)
    found = (each for each in problems if each.where in fixed or _WHATEVER_THE_VALUES.search(each.message))
    return next(found, None)


def _misshapen(file: Dockerfile) -> frozenset[Where]:
    """Return the places of instructions that are refused before any variable is looked at, not for a flag.

    BuildKit's ``instructions/parse.go`` goes by words as they are written; a flag may be one that is not known here.
    """
    refused = Problems()
    sections(file.instructions, refused)
    flagged = {each.where for each in file.instructions if each.flags}
    return frozenset(each.where for each in refused.found if each.where) - flagged


def _settled(file: Dockerfile) -> frozenset[Where]:
    """Return the places of instructions without variables and flags."""
    return frozenset(each.where for each in file.instructions if "$" not in each.original and "--" not in each.original)


def _windows(file: Dockerfile, recipe: Recipe) -> str:
    """Return what shows that a Dockerfile is one for Windows: no image for Linux starts from an image of Windows."""
    if file.escape == "`":
        return "its escape character is `"
    bases = (each.base_ref for each in recipe.stages if not is_windows(each.platform))
    found = next((each for each in bases if _OF_WINDOWS.search(each)), "")
    return f"it starts from {printable(found)}" if found else ""


def _refused(file: Dockerfile, recipe: Recipe) -> Problem | None:
    """Return what is wrong with a wildcard, where nothing can make another one of it."""
    fixed = _settled(file)
    for read_ in recipe.reads:
        if read_.where not in fixed:
            continue
        try:
            check_wildcards(read_)
        except DockerfileError as error:
            return error.problems[0]
    return None
