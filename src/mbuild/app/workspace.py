"""Where mbuild works: the repository, the build.yaml, and what both say at one tree."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mbuild.config.find import NAME, find, misnamed
from mbuild.config.load import load
from mbuild.errors import ConfigError, Problem, UsageError
from mbuild.git.repository import Repository, open_repository
from mbuild.git.trees import CommitTree, EmptyTree
from mbuild.git.worktree import WorkTree
from mbuild.graph.build import build_graph
from mbuild.graph.model import Graph
from mbuild.images import Project
from mbuild.names import parse_platform
from mbuild.names import platform as checked_platform

AnyTree = CommitTree | WorkTree | EmptyTree


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One tree with the project and the graph it defines. top: of the repository on disk."""

    tree: AnyTree
    project: Project
    graph: Graph
    top: Path


@dataclass(frozen=True, slots=True)
class Workspace:
    """A repository and its build.yaml.

    config: the file on disk, or None where none was found.
    inside: its path from the git root, None when it lies elsewhere; then the paths in it are relative to the git root,
            and the same definitions serve base and head.
    platforms: replace those of every image, for base and head alike.
    looking: nothing will be built, so that where there is no build.yaml, what ``mbuild init`` would write stands in.
    """

    repository: Repository
    config: Path | None
    inside: str | None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    platforms: tuple[str, ...] = ()
    looking: bool = False

    @property
    def folder(self) -> Path:
        """The folder that results are put in: that of build.yaml when it lies in the repository, else the git root."""
        if self.config is not None and self.inside is not None:
            return self.config.parent
        return self.repository.top

    @property
    def shown(self) -> str:
        """The build.yaml as messages name it."""
        return self.inside or (str(self.config) if self.config else "build.yaml")

    def head(self, ref: str | None) -> AnyTree:
        """Return the tree to build: a commit, or the work tree for None."""
        if ref is None:
            return self.repository.work_tree()
        return self.repository.commit_tree(self.repository.resolve_commit(ref))

    def project(self, tree: AnyTree) -> Project | None:
        """Return what build.yaml says at a tree, or None where the tree has none. Raises ConfigError."""
        text = self._text(tree)
        if text is None:
            return self._proposed(tree)
        folder = self.inside.rpartition("/")[0] if self.inside else ""
        paths = lambda: (each.path for each in tree.below(""))  # noqa: E731
        return self._for_platforms(
            load(text, shown=self.shown, folder=folder, tree_paths=paths, path=self.inside or "")
        )

    def _for_platforms(self, project: Project) -> Project:
        if not self.platforms:
            return project
        return replace(project, images=tuple(replace(each, platforms=self.platforms) for each in project.images))

    def _proposed(self, tree: AnyTree) -> Project | None:
        """Return what ``mbuild init`` would write, where there is no build.yaml and nothing will be built."""
        if not self.looking or self.config is not None:
            return None
        from mbuild.app.discovering import propose

        return self._for_platforms(propose(tree).project)

    def _text(self, tree: AnyTree) -> bytes | None:
        if self.inside is not None:
            entry = tree.entry(self.inside)
            if entry is not None:
                return tree.read(entry)
            if not isinstance(tree, WorkTree):
                return None
        elif self.config is None and self.looking:
            # None on disk where mbuild was called, but the tree may be a commit that has one.
            entry = tree.entry(NAME)
            return tree.read(entry) if entry is not None else None
        # Outside of the repository, or ignored by git: the file itself is all there is.
        return _read(self.config) if self.config is not None else None

    def _no_config_hints(self) -> tuple[str, ...]:
        found = None if self.config else misnamed(self.repository.top, self.repository.top)
        named = (f"there is {found.name}: mbuild reads build.yaml",) if found else ()
        return (*named, "mbuild init writes one from what is there; --config names one elsewhere")

    def snapshot(self, tree: AnyTree, *, problems: list[Problem] | None = None) -> Snapshot:
        """Return the graph at a tree. Without ``problems``, anything wrong is raised, all of it together."""
        project = self.project(tree)
        if project is None:
            raise ConfigError(
                f"there is no {self.shown}" + ("" if isinstance(tree, WorkTree) else " in that commit"),
                *self._no_config_hints(),
            )
        graph = build_graph(project, tree, native_platform(), problems=problems)
        return Snapshot(tree, project, graph, self.repository.top)


def open_workspace(
    directory: Path, config: Path | None, platforms: tuple[str, ...] = (), *, looking: bool = False
) -> Workspace:
    """Open the repository that a folder belongs to and find its build.yaml. Raises MbuildError."""
    platforms = tuple(checked_platform(each) for each in platforms)
    if not directory.is_dir():
        raise UsageError(f"{directory}: no such folder")
    repository = open_repository(directory)
    top = Path(os.path.realpath(repository.top))
    if config is None:
        found = find(Path(os.path.realpath(directory)), top)
        inside = _inside(found, top) if found else None
        return Workspace(repository, found, inside, platforms=platforms, looking=looking)
    path = config if config.is_absolute() else directory / config
    if not path.is_file():
        raise ConfigError(f"{config}: no such file", "--config names the build.yaml to use")
    path = Path(os.path.realpath(path))
    return Workspace(repository, path, _inside(path, top), platforms=platforms)


def _inside(path: Path, top: Path) -> str | None:
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


def native_platform() -> str:
    """Return the platform of this machine as Docker names it: what images without ``platforms`` are built for."""
    return "/".join(part for part in parse_platform(f"linux/{platform.machine().lower() or 'amd64'}") if part)
