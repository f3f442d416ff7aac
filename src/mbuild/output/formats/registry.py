"""The formats there are. A new one is a file beside this one, with ``render``, and one line here."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.output.report import Report


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    listed: it can say what ``--list`` finds. targets: it needs to know how each image is built. jobs: it is a whole
    pipeline, whose jobs begin at the top of a checkout.
    """

    about: str
    listed: bool = True
    targets: bool = False
    jobs: bool = False


FORMATS = {
    "github": Format("matrix of a GitHub Actions job"),
    "gitlab": Format("child pipeline of GitLab CI", jobs=True),
    "buildkite": Format("steps for buildkite-agent pipeline upload", jobs=True),
    "circleci": Format("configuration to continue a CircleCI pipeline with", jobs=True),
    "azure": Format("output variables of Azure Pipelines, for a matrix"),
    "bake": Format("file for docker buildx bake", listed=False, targets=True),
    "dot": Format("graph for Graphviz"),
    "mermaid": Format("graph for Mermaid"),
}


def render(name: str, report: Report) -> str:
    """Return an answer in one of FORMATS."""
    module = importlib.import_module(f"mbuild.output.formats.{name}")
    return cast("Callable[[Report], str]", module.render)(report)
