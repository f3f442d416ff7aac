"""From the bytes of a build.yaml to the images of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbuild.config.findings import Findings
from mbuild.images import Project

if TYPE_CHECKING:
    from mbuild.config.discover import TreePaths
    from mbuild.config.nodes import Node
    from mbuild.config.written import Config


def load(
    text: bytes,
    *,
    shown: str,
    folder: str,
    tree_paths: TreePaths | None = None,
    path: str = "",
) -> Project:
    """Return the project that a build.yaml describes. The same arguments always give the same project.

    text:       the file's bytes. shown: the file as messages name it.
    folder:     that its paths are relative to, from the git root; "" is the git root, and also holds for a build.yaml
                outside of the repository.
    tree_paths: gives the paths of the tree below a folder, for ``discover``; only called when that is used.
    path:       of the build.yaml from the git root, "" when it lies outside; kept in the project.

    Raises ConfigError with every problem found, each with its place.
    """
    from mbuild.config.entries import Entries
    from mbuild.config.guard import read

    root = read(text, shown)
    findings = Findings(shown)
    config = _validated(root, findings)
    entries = Entries(config, root, folder, findings)
    images = entries.images(tree_paths)
    findings.raise_all()
    return Project(
        images,
        config.project or "",
        config.registry or "",
        path,
        shown,
        entries.patterns(),
        warnings=findings.warnings,
    )


def _validated(root: Node, findings: Findings) -> Config:
    """Return what is written, as far as it is valid. Raises ConfigError where the rest would mean something else."""
    from mbuild.config.nodes import plain
    from mbuild.config.quick import quick

    document = plain(root)
    found = quick(document)
    if found is not None:
        return found
    from pydantic import ValidationError

    from mbuild.config import models
    from mbuild.config.explain import explain
    from mbuild.config.partly import without
    from mbuild.config.written import written

    try:
        return written(models.Config.model_validate(document))
    except ValidationError as error:
        explain(error, root, findings)
        left = without(document, (each["loc"] for each in error.errors(include_url=False)))
        try:
            return written(models.Config.model_validate(left))
        except ValidationError:  # of nothing, or of what has a part less
            raise findings.error() from None
