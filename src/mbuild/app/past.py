"""What earlier builds say about this one, and what this one adds to them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from mbuild.builders.protocol import BuildResult
from mbuild.graph.node import Graph
from mbuild.schedule.estimate import complete, estimates, makespan
from mbuild.schedule.executor import Outcome
from mbuild.schedule.plan import BUILD, Plan, Step, make_plan
from mbuild.store.bases import Bases
from mbuild.store.builds import Build
from mbuild.store.history import History
from mbuild.store.logs import Logs
from mbuild.store.place import state_folder
from mbuild.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mbuild.app.workspace import Workspace
    from mbuild.store.history import Warn

# What is reused or never began says nothing about how long a build takes.
_RECORDED = ("built", "cached", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a plan will take. known: seconds of the images with a past; seconds: of all active ones, guessed or not."""

    known: Mapping[str, float]
    seconds: Mapping[str, float]

    def end(self, plan: Plan, jobs: int) -> float | None:
        """Return after how many seconds the run will be done, None where no image has a past."""
        return makespan(plan, self.seconds, jobs) if self.known else None


def open_history(workspace: Workspace, warn: Warn) -> History:
    """Return the history of the workspace's repository."""
    return History(state_folder(workspace.environ, workspace.repository.common_dir), warn)


def forecast(history: History, plan: Plan) -> Forecast:
    """Return what a plan will take, judged by what builds of its images took."""
    building = [step.image for step in plan.active if step.action == BUILD]
    known = estimates(history.latest(building)) if building else {}
    return Forecast(known, complete(plan, known))


def everything(history: History, graph: Graph, jobs: int) -> float | None:
    """Return how long building every image would take, judged by what builds took; None where no image has a past."""
    known = estimates(history.latest(graph.order))
    if not known:
        return None
    plan = make_plan(graph, dict.fromkeys(graph.order, ()), ())
    return makespan(plan, complete(plan, known), jobs)


def open_logs(workspace: Workspace, warn: Warn) -> Logs:
    """Return where what is told of a run's images is written down."""
    return Logs(state_folder(workspace.environ, workspace.repository.common_dir), warn)


def open_bases(workspace: Workspace) -> Bases:
    """Return what is remembered of the external images that images were made of."""
    return Bases(state_folder(workspace.environ, workspace.repository.common_dir))


def recorder(
    history: History, graph: Graph, bases: Bases, clock: Callable[[], float] = time.time
) -> Callable[[Step, Outcome], None]:
    """Return what remembers every build that ended. clock: seconds since 1970."""

    def record(step: Step, outcome: Outcome) -> None:
        if isinstance(outcome.detail, BuildResult):
            # Engines with containerd's store call an image by its manifest, others by its configuration.
            for name in {outcome.detail.image_id, outcome.detail.digest}:
                bases.put(name, outcome.detail.bases)
        if step.action == BUILD and outcome.status in _RECORDED:
            sent = outcome.detail.sent if isinstance(outcome.detail, BuildResult) else 0
            fingerprint = graph.nodes[step.image].fingerprint
            history.add(Build(step.image, fingerprint, outcome.status, outcome.seconds, sent, int(clock())))

    return record
