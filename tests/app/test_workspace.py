"""What all questions of one run are asked of."""

from __future__ import annotations

from pathlib import Path

from mbuild.app.workspace import open_workspace
from tests.support import Repo


def test_a_build_yaml_elsewhere_is_read_once(repo: Repo, tmp_path: Path) -> None:
    """What is remembered of it is found by its content: another one that is written meanwhile must not stand for it."""
    repo.commit({"api/Dockerfile": "FROM scratch\n"})
    config = tmp_path / "elsewhere.yaml"
    config.write_text("version: 1\nimages: {api: }\n")
    workspace = open_workspace(repo.folder, config)
    graphs = workspace.graphs
    config.write_text("version: 1\nimages: {web: }\n")
    project = graphs.project(workspace.tree(None))
    assert project is not None
    assert [each.name for each in project.images] == ["api"]
    assert workspace.graphs.kept == graphs.kept
