"""``mbuild simulate``."""

from __future__ import annotations

import sys

import click

from mbuild.cli.options import fetch_option, format_option
from mbuild.cli.settings import Settings
from mbuild.errors import Problem

EPILOG = """\b
Examples:
  mbuild simulate --last 200            the last 200 commits of this branch
  mbuild simulate v1.0..v1.1            what came between two releases
  mbuild simulate --last 50 --cost 90   with building time, at 90 seconds an image
"""


@click.command("simulate", epilog=EPILOG)
@click.argument("range_", metavar="[RANGE]", required=False)
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Replay N commits; default: 50 without RANGE.")
@click.option(
    "--cost",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="What building an image takes; default: what builds here took.",
)
@fetch_option
@format_option("text", "json")
@click.pass_obj
def command(settings: Settings, range_: str | None, last: int | None, cost: float | None, format_: str) -> None:
    """Replay history: what each commit would have rebuilt, against building everything.

    Commits are those along first parents, each compared with its parent, from git objects alone.
    """
    from mbuild.app.capacity import this_machine
    from mbuild.app.past import open_history
    from mbuild.app.simulating import Part, commits_of, costs_of, doubts, replay_all
    from mbuild.cli.answering import print_json
    from mbuild.cli.boundary import print_problems
    from mbuild.cli.looking import open_looking
    from mbuild.output.simulation import Simulation, as_json, as_text
    from mbuild.schedule.estimate import Costs

    workspace = open_looking(settings)

    def warn(problem: Problem) -> None:
        print_problems([problem], "warning")

    whole = Part(
        settings.directory, settings.config, commits_of(workspace, last if last or range_ else 50, range_, warn)
    )
    commits = replay_all(workspace, whole, this_machine().processors)
    print_problems(doubts(workspace, commits), "warning")
    costs = Costs({}, cost) if cost is not None else costs_of(open_history(workspace, warn), commits)
    found = Simulation(commits, costs, given=cost is not None)
    if format_ == "json":
        print_json(as_json(found))
    else:
        sys.stdout.write(as_text(found))
