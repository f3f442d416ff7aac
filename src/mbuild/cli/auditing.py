"""One audit at the command line: the sample, the builder, what exists already, and how it ends."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.app import auditing
from mbuild.app.capacity import this_machine
from mbuild.app.existing import Shown
from mbuild.app.holdings import look
from mbuild.app.question import chosen as checked
from mbuild.app.workplaces import workplace
from mbuild.audit.draw import draw
from mbuild.audit.judge import MISS, UNDECIDED
from mbuild.cli.answering import print_json
from mbuild.cli.boundary import print_problems
from mbuild.cli.planning import chosen
from mbuild.errors import ExitCode, Problem
from mbuild.graph.measuring import measure
from mbuild.output.audit import Audit, as_json, as_text
from mbuild.output.display import choose as choose_display
from mbuild.process.share import share
from mbuild.registry.registries import Registries
from mbuild.schedule.jobs import default_jobs
from mbuild.values import dataclass, replace

if TYPE_CHECKING:
    from mbuild.app.auditing import Ended
    from mbuild.app.question import Answer
    from mbuild.app.workplaces import Workplace
    from mbuild.app.workspace import Workspace
    from mbuild.builders.registry import Chosen
    from mbuild.cli.settings import BuildOptions, Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """What is audited: the answer, the images named, how many of them (None: all), drawn by which seed."""

    workspace: Workspace
    answer: Answer
    images: tuple[str, ...]
    sample: int | None
    seed: int


def work(settings: Settings, asked: Asked, options: BuildOptions) -> int:
    """Draw, build, judge and say so. Returns the exit code."""
    answer, graph = asked.answer, asked.answer.snapshot.graph
    considered = checked(graph, asked.images) if asked.images else tuple(graph.nodes)
    eligible = [name for name in considered if name not in answer.affected.reasons]
    drawn = draw(eligible, asked.sample, asked.seed)
    numbers = (len(considered), len(considered) - len(eligible), len(eligible))
    found = Audit(answer.base, answer.head, asked.seed, *numbers, again=_again(asked))
    if not drawn:
        _show(found, options.format_)
        return ExitCode.DONE
    picked = chosen(asked.workspace, answer.snapshot, options)
    assert picked is not None, "only a dry run does without"
    with contextlib.ExitStack() as stack:
        stack.callback(picked.builder.close)
        registries = Registries(picked.builder.plain_registries)
        stack.callback(registries.close)
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mbuild-audit-")))
        place = workplace(picked.builder, asked.workspace.repository.top, scratch)
        _note_missing_engine(picked, settings)
        shown = _shown(answer, drawn, place, registries if options.reuse else None)
        ended = _ended(settings, asked, drawn, place, shown, options.jobs)
    return _finish(ended, replace(found, builder=place.words), options.format_)


def _ended(
    settings: Settings, asked: Asked, drawn: tuple[str, ...], place: Workplace, shown: Shown, jobs: int | None
) -> Ended:
    display = choose_display(settings.progress, verbose=settings.verbose > 0, color=settings.color)
    at_once = jobs or default_jobs(place.builder.capacity or this_machine())
    run = auditing.Run(asked.workspace, place, display.show, at_once, _epoch(asked), shown)
    try:
        return auditing.audit(run, drawn, asked.answer.trees, asked.answer.snapshot.tree)
    finally:
        display.close()


def _shown(answer: Answer, drawn: tuple[str, ...], place: Workplace, registries: Registries | None) -> Shown:
    """Find out which of the images exist as builds of their fingerprints."""
    graph = answer.snapshot.graph
    measure(graph, graph.with_parents(dict.fromkeys(drawn)), share)
    found = look(graph, drawn, place.builder, registries, False, lambda each: print_problems([each], "warning"))
    return Shown(graph, found, place, registries)


def _epoch(asked: Asked) -> int:
    """Return the time of everything in contexts: one for both trees, so that it makes no difference."""
    commit = asked.answer.head.commit or asked.answer.base.commit
    return asked.workspace.repository.commit_time(commit) if commit else 0


def _again(asked: Asked) -> tuple[str, ...]:
    size = "all" if asked.sample is None else str(asked.sample)
    base, head = asked.answer.base.commit, asked.answer.head
    compared = (
        *(("--base", base) if base else ()),
        *(("--head", head.commit) if head.commit and not head.dirty else ()),
    )
    return ("mbuild", "audit", *compared, "--sample", size, "--seed", str(asked.seed), *asked.images)


def _note_missing_engine(picked: Chosen, settings: Settings) -> None:
    if picked.no_engine and settings.progress not in ("json", "quiet"):
        why = picked.no_engine.problems[0].message
        print_problems([Problem(f"{why}; building with the embedded builder")], "note")


def _finish(ended: Ended, found: Audit, format_: str) -> int:
    if ended.caught:
        return ExitCode.TERMINATED if ended.caught[0] == signal.SIGTERM else ExitCode.INTERRUPTED
    found = replace(found, results=ended.results)
    _show(found, format_)
    if found.number(MISS):
        missed = ", ".join(each.name for each in found.results if each.verdict.outcome == MISS)
        hint = (
            "this is a bug in mbuild, which would have kept an old image: please report it with what is printed above"
        )
        print_problems([Problem(f"said to be not affected, and not the same: {missed}", hints=(hint,))])
        return ExitCode.FAILED
    if found.number(UNDECIDED) == len(found.results):
        hint = "an audit that could look at nothing is no proof: see the reasons"
        print_problems([Problem("nothing could be decided", hints=(hint,))])
        return ExitCode.ENVIRONMENT
    return ExitCode.DONE


def _show(found: Audit, format_: str) -> None:
    if format_ == "json":
        print_json(as_json(found))
    else:
        sys.stdout.write(as_text(found))
