"""Looks at repositories in a process of its own: ``python -m tests.oracle.determinism.look`` with a task on stdin.

Task: {"user": id or null, "own": a repository of this user, "folders": [[folder, commit or null, told], …], "plant":
name or ""}. Answer, for each folder: image → [fingerprint, digest of its contexts, sha256 of the tar of each]. Where
``told`` is true, what the command line says and writes is checked against that.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from mbuild.app.reporting import context_info
from mbuild.app.requests import context_source
from mbuild.app.workspace import Snapshot, open_workspace
from mbuild.cli.boundary import run
from mbuild.context.tar import write_tar
from mbuild.graph.measuring import measured
from mbuild.graph.node import Node
from tests.oracle.determinism import plants


def main() -> None:
    task = json.load(sys.stdin)
    if task["user"] is not None:
        look(
            task["own"], None, told=True
        )  # loads everything: the interpreter's own files may be closed to the other user
        _become(task["user"])
    plants.plant(task["plant"])
    json.dump([look(folder, head, told=told) for folder, head, told in task["folders"]], sys.stdout)


def _become(user: int) -> None:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def look(folder: str, head: str | None, *, told: bool) -> dict[str, list[Any]]:
    """Return what mbuild makes of one folder, or of a commit in it. told: ask the command line too."""
    with tempfile.TemporaryDirectory() as cache:  # every view has to come to its answer by itself
        os.environ["MBUILD_CACHE_DIR"] = cache
        found = _looked(folder, head)
        if told:
            _check_plan(folder, head, found)
            _check_output(folder, head, found)
        return found


def _looked(folder: str, head: str | None) -> dict[str, list[Any]]:
    workspace = open_workspace(Path(folder), None)
    snapshot = workspace.snapshot(workspace.head(head))
    nodes = snapshot.graph.nodes
    snapshot.graph.workshop.inputs.weigh(use for node in nodes.values() for use in node.contexts)
    for node in nodes.values():
        node.measured = measured(node.outline, node.contexts)  # of the contexts that are written below
    return {name: _image(snapshot, node) for name, node in nodes.items()}


def _image(snapshot: Snapshot, node: Node) -> list[Any]:
    tars = []
    for use in node.contexts:
        digest = hashlib.sha256()
        write_tar(context_source(snapshot.tree, use), digest.update, epoch=0)
        tars.append(digest.hexdigest())
    return [node.fingerprint, context_info(snapshot, node).digest, tars]


def _check_plan(folder: str, head: str | None, found: dict[str, list[Any]]) -> None:
    """See that a plan says the same."""
    told = json.loads(_command(folder, head, "all", "--dry-run", "--format", "json"))["images"]
    assert {each["name"] for each in told} == set(found)
    for each in told:
        assert [each["fingerprint"], each["context"]["digest"]] == found[each["name"]][:2], each["name"]


def _check_output(folder: str, head: str | None, found: dict[str, list[Any]]) -> None:
    """See that ``context --output`` writes the tar that was looked at."""
    name = sorted(found)[len(folder) % len(found)]
    with tempfile.TemporaryDirectory() as scratch:
        written = Path(scratch, "x.tar")
        _command(folder, head, "context", name, "--output", str(written))
        assert hashlib.sha256(written.read_bytes()).hexdigest() == found[name][2][0], name


def _command(folder: str, head: str | None, *args: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["-C", folder, *args, *(["--head", head] if head else [])])
    assert code == 0, err.getvalue()
    return out.getvalue()


if __name__ == "__main__":
    main()
