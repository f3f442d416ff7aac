"""What was built before, named by hand in MBUILD_BEFORE: the provider does not say it, or somebody knows better."""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.ci.model import MERGE_QUEUE, PULL_REQUEST, PUSH, Against, Run
from mbuild.ci.values import Values
from mbuild.values import replace

VARIABLE = "MBUILD_BEFORE"
_NO_PROVIDER = "the environment"


def told(env: Mapping[str, str], run: Run | None) -> Run | None:
    """Return a run with what MBUILD_BEFORE says of it: the commit that was built before on this branch, or none.

    None is said by zeros and by nothing, which is what CircleCI puts in for the first pipeline of a branch; only unset,
    the variable says nothing. Tags, and pull requests whose target is known, are compared with something else.
    Raises GitError for what is no commit id.
    """
    if VARIABLE not in env:
        return run
    before = Values(env).commit(VARIABLE)
    run = run or Run(_NO_PROVIDER, PUSH)
    if run.tag or (run.against is not None and run.event in (PULL_REQUEST, MERGE_QUEUE)):
        return run
    if before:
        return replace(run, event=PUSH, against=Against(VARIABLE, commit=before), first=False)
    return replace(run, against=None, first=True)
