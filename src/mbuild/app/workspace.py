"""Where mbuild works: the repository, the build.yaml, and what both say at one tree."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.app.ahead import Ahead
from mbuild.app.graphs import Graphs, Made
from mbuild.app.kept import Kept, settings
from mbuild.app.links import ELSEWHERE, absolute, named_instead, refuse_link
from mbuild.app.platform import default_platform, native_platform
from mbuild.config.find import NAME, find
from mbuild.errors import ConfigError, DockerfileError, UsageError
from mbuild.git.trees import CommitTree, EmptyTree
from mbuild.store.cache import open_cache
from mbuild.tree import file_at
from mbuild.values import dataclass, field, replace

if TYPE_CHECKING:
    from mbuild.app.definitions import BuildFile, Stated
    from mbuild.errors import Problem
    from mbuild.git.repository import Repository
    from mbuild.git.worktree import WorkTree
    from mbuild.graph.node import Graph
    from mbuild.images import Project
    from mbuild.process.begun import Begun
    from mbuild.store.cache import Cache
    from mbuild.tree import Tree

    AnyTree = CommitTree | WorkTree | EmptyTree


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One tree with the graph it defines. top: of the repository on disk.

    notes: what discovery left out or guessed, where there is no build.yaml.
    """

    tree: AnyTree
    graph: Graph
    top: Path
    notes: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Workspace:
    """A repository and its build.yaml.

    config: the file on disk, or None where none was found.
    inside: its path from the git root, None when it lies elsewhere; then the paths in it are relative to the git root,
            and the same definitions serve base and head.
    platforms: replace those of every image, for base and head alike.
    default: the platform of images that name none, as the docker client has it; "": this machine's.
    looking: nothing will be built, so that where there is no build.yaml, what ``mbuild init`` would write stands in.
    ahead:   gives the work tree as the first question is to see it, where git looks at it already.
    start:  the folder, from the git root, from which build.yaml was looked for; None: it was named.
    """

    repository: Repository
    config: Path | None
    inside: str | None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    platforms: tuple[str, ...] = ()
    default: str = ""
    looking: bool = False
    ahead: Begun[AnyTree] | None = None
    start: str | None = None
    _texts: dict[Path, bytes] = field(default_factory=dict, compare=False, repr=False)

    @property
    def folder(self) -> Path:
        """The folder of build.yaml when that lies in the repository, else the git root: results are put below it."""
        if self.config is not None and self.inside is not None:
            return self.config.parent
        return self.repository.top

    @property
    def output(self) -> Path:
        """The folder that results are put in where no other is named."""
        return self.folder / ".mbuild"

    @property
    def shown(self) -> str:
        """The build.yaml as messages name it."""
        return self.inside or (str(self.config) if self.config else "build.yaml")

    @property
    def apart(self) -> str:
        """What tells this build.yaml from those that other steps build; "" for that at the top, and for none."""
        if self.config is None or self.inside == NAME:
            return ""
        return self.inside or str(self.config)

    def head(self, ref: str | None) -> AnyTree:
        """Return the tree to build: a commit, or the work tree for None."""
        return self.tree(None if ref is None else self.repository.resolve_commit(ref))

    def tree(self, commit: str | None) -> AnyTree:
        """Return the tree of a commit (id), or the work tree for None."""
        return self.repository.work_tree() if commit is None else self.repository.commit_tree(commit)

    def project(self, tree: Tree) -> Project | None:
        """Return what build.yaml says at a tree, or None where the tree has none. Raises ConfigError."""
        file = self._file(tree)
        return self._proposed(tree) if file is None else self._for_platforms(file.load())

    def stated(self, tree: Tree, cache: Cache) -> Stated | None:
        """Return the same as graphs need it, remembered. Raises ConfigError."""
        from mbuild.app.definitions import stated

        file = None if self.platforms or self.default else self._file(tree)
        if file is not None:
            return file.remembered(cache)
        project = self.project(tree)
        return None if project is None else stated(project)

    def _file(self, tree: Tree) -> BuildFile | None:
        from mbuild.app.definitions import BuildFile

        text = self._text(tree)
        if text is None:
            return None
        folder = self.inside.rpartition("/")[0] if self.inside else ""
        paths = lambda where: (each.path for each in tree.below(*where))  # noqa: E731
        known = (tree.tree_id,) if isinstance(tree, CommitTree) else ()
        return BuildFile(text, self.shown, folder, self.inside or "", paths, *known)

    def _for_platforms(self, project: Project) -> Project:
        if not self.platforms and not self.default:
            return project
        said = (self.platforms or each.platforms or (self.default,) for each in project.images)
        images = (replace(each, platforms=those) for each, those in zip(project.images, said, strict=True))
        return replace(project, images=tuple(images))

    def _proposed(self, tree: Tree) -> Project | None:
        """Return what ``mbuild init`` would write, where there is no build.yaml and nothing will be built."""
        if not self.looking or self.config is not None:
            return None
        from mbuild.app.discovering import propose

        return self._for_platforms(propose(tree).project)

    def is_guessed(self, tree: Tree) -> bool:
        """Tell whether the images of a tree are those that ``mbuild init`` would write: it has no build.yaml."""
        return self.looking and self.config is None and self._text(tree) is None

    def _text(self, tree: Tree) -> bytes | None:
        if self.inside is not None:
            text = _content(tree, self.inside)
            if text is not None:
                return text
            if isinstance(tree, CommitTree | EmptyTree):
                return None
        elif self.config is None and self.looking:
            # None on disk where mbuild was called, but the tree may be a commit that has one.
            return _content(tree, NAME)
        # Outside of the repository, or ignored by git: the file itself is all there is.
        return self._on_disk(self.config) if self.config is not None else None

    def _on_disk(self, path: Path) -> bytes:
        """Return the content of a file, of which all questions see the same. Raises ConfigError."""
        if path not in self._texts:
            try:
                self._texts[path] = path.read_bytes()
            except OSError as error:
                raise ConfigError(f"{path}: {error.strerror}") from error
        return self._texts[path]

    def _no_config_hints(self) -> tuple[str, ...]:
        from mbuild.config.find import misnamed

        found = None if self.config else misnamed(self.repository.top, self.repository.top)
        named = (f"there is {found.name}: mbuild reads build.yaml",) if found else ()
        return (*named, "mbuild init writes one from what is there; --config names one elsewhere")

    @property
    def graphs(self) -> Graphs:
        """What makes the graphs of trees."""
        # A build.yaml that git does not have is no part of any commit, so it is part of the settings.
        outside = self._on_disk(self.config) if self.config is not None and self.inside is None else b""
        parts = (self.inside, self.shown, outside, self.platforms, self.default, native_platform())
        known = None if self.config is None else settings(*parts)
        kept = Kept(open_cache(self.environ), known)
        return Graphs(self.project, self.stated, self.inside, native_platform(), kept)

    def snapshot(
        self,
        tree: AnyTree,
        *,
        problems: list[Problem] | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> Snapshot:
        """Return the graph at a tree. Without ``problems``, anything wrong is raised, all of it together.

        meanwhile: is called while another process makes the graph.
        """
        made = replace(self.graphs, meanwhile=meanwhile).at(tree)
        return self.snapshot_of(tree, made, problems=problems)

    def snapshot_of(self, tree: AnyTree, made: Made | None, *, problems: list[Problem] | None = None) -> Snapshot:
        """Return the graph at a tree, made before; None: it has no build.yaml. Raises as ``snapshot`` does."""
        if made is None:
            raise ConfigError(
                f"there is no {self.shown}" + (" in that commit" if isinstance(tree, CommitTree) else ""),
                *self._no_config_hints(),
            )
        if problems is not None:
            problems.extend(made.problems)
        elif not made.whole:
            raise DockerfileError(self._with_a_way_out(tree, made.problems))
        return Snapshot(tree, made.graph, self.repository.top, made.notes)

    def _with_a_way_out(self, tree: AnyTree, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Return problems of Dockerfiles with what can be done about an image that nobody has meant to define."""
        if not self.is_guessed(tree):
            return problems
        hint = f"it need not be an image: mbuild init writes a {NAME}, out of which it can be taken"
        return (*problems[:-1], replace(problems[-1], hints=(*problems[-1].hints, hint)))


def open_workspace(
    directory: Path,
    config: Path | None,
    platforms: tuple[str, ...] = (),
    *,
    looking: bool = False,
    ahead: Ahead | None = None,
) -> Workspace:
    """Open the repository that a folder belongs to and find its build.yaml. Raises MbuildError.

    ahead: where that has begun already.
    """
    if platforms:
        from mbuild.platforms import platform as checked_platform

        platforms = tuple(checked_platform(each) for each in platforms)
    default = default_platform(os.environ)
    if not directory.is_dir():
        raise UsageError(f"{directory}: no such folder")
    ahead = ahead or Ahead(directory)
    open_cache(os.environ).prepare()  # takes as long as git does
    repository = ahead.repository.result()
    top = Path(os.path.realpath(repository.top))
    here = Path(os.path.realpath(directory))
    if config is None:
        way_out = f"work in the folder that it leads to now: mbuild -C {here}"
        refuse_link(absolute(directory), here, top, str(directory), way_out)
        found = find(here, top)
        if found is not None and found.is_symlink():
            real = Path(os.path.realpath(found))
            refuse_link(found, real, top, NAME, named_instead(real, directory))
        inside = _inside(found, top) if found else None
        start = _inside(here, top)
        return Workspace(
            repository,
            found,
            inside,
            platforms=platforms,
            default=default,
            looking=looking,
            ahead=ahead.work_tree,
            start=start,
        )
    path = config if config.is_absolute() else directory / config
    if not path.is_file():
        raise ConfigError(f"{config}: no such file", "--config names the build.yaml to use")
    real = Path(os.path.realpath(path))
    refuse_link(absolute(path), real, top, str(config), named_instead(real, directory))
    return Workspace(repository, real, _inside(real, top), platforms=platforms, default=default, ahead=ahead.work_tree)


def _content(tree: Tree, path: str) -> bytes | None:
    """Return what a build.yaml holds at a tree, None where there is none. Raises ConfigError."""
    entry = file_at(tree, path)
    if entry is not None and entry.is_link:
        raise ConfigError(f"{path}: it is a link, {ELSEWHERE}")
    return tree.read(entry) if entry is not None else None


def _inside(path: Path, top: Path) -> str | None:
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else None
