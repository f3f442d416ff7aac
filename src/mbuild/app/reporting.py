"""From the graph, the plan and the run to the report that formats arrange."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from mbuild.app.requests import Naming
from mbuild.app.running import Run
from mbuild.app.together import ask_together
from mbuild.app.workspace import Snapshot
from mbuild.graph.affected import Reason
from mbuild.graph.measuring import measure
from mbuild.graph.node import Node
from mbuild.output.report import ContextInfo, Done, ImageReport, listed
from mbuild.schedule.plan import BUILD, Plan, Step
from mbuild.values import dataclass, field, replace

if TYPE_CHECKING:
    from pathlib import Path


def context_info(snapshot: Snapshot, node: Node) -> ContextInfo:
    """Return what an image's contexts hold, named ones included."""
    measure(snapshot.graph, [node.name])
    found = node.measured
    assert found is not None
    return ContextInfo(files=found.files, bytes=found.bytes, digest=_digest(found.digests), exact=node.exact)


def _digest(digests: Sequence[str]) -> str:
    """Return the digest of the main context, or of all of them where there are named ones."""
    import hashlib

    if len(digests) == 1:
        return digests[0]
    return "sha256:" + hashlib.sha256("\n".join(digests).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class View:
    """What is known when images are reported. plan: None where only the answer was asked for.

    unnamed: images that get no name but their content tag.
    """

    snapshot: Snapshot
    affected: Mapping[str, tuple[Reason, ...]]
    naming: Naming
    plan: Plan | None = None
    estimates: Mapping[str, float] = field(default_factory=dict)
    unnamed: Collection[str] = ()


def image_reports(view: View) -> tuple[ImageReport, ...]:
    """Return a report of every image, sorted by name."""
    plan, graph = view.plan, view.snapshot.graph
    active = {each.image: each for each in plan.active} if plan else {}
    actions = {each.image: each.action for each in plan.steps} if plan else {}
    ask_together(view.snapshot, active)
    return tuple(
        [
            _planned(view, graph.nodes[each.name], active[each.name], each) if each.name in active else each
            for each in listed(graph, view.affected, actions)
        ]
    )


def _planned(view: View, node: Node, step: Step, said: ImageReport) -> ImageReport:
    """Add what the plan says to the report of an image."""
    return replace(
        said,
        reasons=step.reasons or said.reasons,
        fingerprint=node.fingerprint,
        tags=view.naming.tags(node)[: 1 if node.name in view.unnamed else None],
        context=context_info(view.snapshot, node),
        estimate_seconds=view.estimates.get(step.image) if step.action == BUILD else None,
        tested=step.action == BUILD and node.said("test") is not None,
    )


def done(run: Run, name: str, log_file: Path | None = None) -> Done | None:
    """Return how an image ended in a run, None where it was no part of it. log_file: has all that was told of it."""
    if name not in run.outcomes:
        return None
    outcome = run.outcomes[name]
    result = run.result(name)
    published = run.published.get(name)
    return Done(
        status=outcome.status,
        seconds=outcome.seconds,
        image_id=result.image_id if result else None,
        digest=published.digest if published else result.digest if result else None,
        error=outcome.error or None,
        pushed=published.names if published else (),
        log=result.log if result else (),
        problems=result.problems if result else (),
        sent=result.sent if result else 0,
        test=(result.test or None) if result else None,
        promoted_from=published.source if published else "",
        log_file=str(log_file) if log_file else None,
    )
