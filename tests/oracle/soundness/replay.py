"""Says what went wrong at a step, small enough to read."""

from __future__ import annotations

from tests.oracle.soundness.asking import Chain, Verdict
from tests.oracle.soundness.render import render
from tests.oracle.soundness.shrink import Pair, missed, shrink


def command(seed: int, step: int) -> str:
    """Return the command that replays a step."""
    return f"python -m tests.oracle.soundness {seed} {step}"


def story(chain: Chain, verdict: Verdict) -> str:
    """Return the text of a failure: seed, step, the command that replays it, and the shrunken pair of commits."""
    lines = [
        f"missed {sorted(verdict.missed)}: chain {chain.seed}, step {verdict.step} ({verdict.kind}; {verdict.how})",
        f"replay it: {command(chain.seed, verdict.step)}",
    ]
    pair = (chain.states[verdict.step - 1].repo, chain.states[verdict.step].repo)
    if not missed(pair):
        return "\n".join([*lines, "two commits do not show it: it is about the work tree or the plan"])
    return "\n".join([*lines, *shown(shrink(pair))])


def shown(pair: Pair) -> list[str]:
    """Return what two commits hold: the text of definitions, and the paths that differ."""
    old, new = (render(each) for each in pair)
    lines = [f"still missed in the smallest pair: {sorted(missed(pair))}"]
    for path in sorted({**old, **new}):
        if old.get(path) != new.get(path):
            lines.append(f"differs: {path!r}: {old.get(path)} -> {new.get(path)}")
        elif path in pair[1].dockerfiles or path in pair[1].ignores or path == "build.yaml":
            lines += [f"--- {path}", new[path].data.decode("utf-8", "backslashreplace").rstrip()]
    lines.append(
        f"other files: {sorted(path for path in new if path in pair[1].files and old.get(path) == new[path])!r}"
    )
    return lines
