"""``mbuild check``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from mbuild.cli.options import fetch_option, format_option
from mbuild.cli.settings import Settings

if TYPE_CHECKING:
    from mbuild.app.workspace import AnyTree, Workspace
    from mbuild.errors import Problem
    from mbuild.graph.node import Graph


EPILOG = """\b
Examples:
  mbuild check                    the work tree
  mbuild check --head v1.4        a commit, without checking it out
  mbuild check --format json      for a program
"""


@click.command("check", epilog=EPILOG)
@click.option("--head", metavar="REF", help="Which tree: a commit; default: the work tree.")
@fetch_option
@format_option("text", "json")
@click.pass_obj
def command(settings: Settings, head: str | None, format_: str) -> int:
    """Read the configuration and every Dockerfile; report all problems at once (exit 2), and what is not exact."""
    from mbuild.cli.answering import print_json
    from mbuild.cli.boundary import print_problems
    from mbuild.cli.looking import open_looking
    from mbuild.errors import ConfigError, ExitCode
    from mbuild.output.words import count

    workspace = open_looking(settings, head=head)
    problems: list[Problem] = []
    tree = workspace.head(head)
    try:
        snapshot = workspace.snapshot(tree, problems=problems)
    except ConfigError as error:  # what is wrong with build.yaml is an answer, too
        if format_ == "json":
            print_json(_answer(error.problems, ()))
        raise
    problems.extend(_missing(snapshot.graph))
    warnings = [*_doubtful(workspace, tree), *snapshot.notes, *_warnings(snapshot.graph)]
    if format_ == "json":
        print_json(_answer(problems, warnings))
    print_problems(warnings, "warning")
    print_problems(problems)
    if problems:
        return ExitCode.USAGE
    if format_ == "text":
        exact = sum(1 for node in snapshot.graph.nodes.values() if node.exact)
        images = count(len(snapshot.graph.nodes), "image")
        sys.stdout.write(f"{images}, {exact} of them read exactly: no problems\n")
    return ExitCode.DONE


def _doubtful(workspace: Workspace, tree: AnyTree) -> tuple[Problem, ...]:
    """Return what build.yaml most likely does not mean. It is read again: a graph that is remembered does not know."""
    project = None if workspace.is_guessed(tree) else workspace.project(tree)
    return project.warnings if project else ()


def _missing(graph: Graph) -> Iterator[Problem]:
    from mbuild.app.running import missing_problem

    for node in graph.nodes.values():
        for each in node.missing:
            yield missing_problem(each.source, node.name, each.where)


def _warnings(graph: Graph) -> Iterator[Problem]:
    from mbuild.errors import Problem

    for node in graph.nodes.values():
        for doubt in node.doubts:
            hint = "the whole context root counts as its input"
            yield Problem(f"image '{node.name}' is not read exactly: {doubt.reason}", doubt.where, (hint,))
        for warning in dict.fromkeys(one for recipe in node.recipes for one in recipe.warnings):
            yield Problem(warning.message, warning.where)


def _answer(errors: Iterable[Problem], warnings: Iterable[Problem]) -> dict[str, object]:
    return {
        "schema": 1,
        "errors": [problem_json(each) for each in errors],
        "warnings": [problem_json(each) for each in warnings],
    }


def problem_json(problem: Problem) -> dict[str, object]:
    """Return a problem as JSON answers have it."""
    where = problem.where
    place = {"file": where.file, "line": where.line or None, "col": where.col or None} if where else None
    return {"message": problem.message, "where": place, "hints": list(problem.hints)}
