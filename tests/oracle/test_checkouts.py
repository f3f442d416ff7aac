"""Random monorepos and edits: git checks out the same bytes of all that an unaffected image takes."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.changes import between
from mbuild.graph.affected import affected
from mbuild.graph.node import Graph
from mbuild.tree import EXECUTABLE, FILE, SYMLINK
from tests.oracle.test_changes import graphs
from tests.oracle.test_soundness import EXAMPLES, Files
from tests.trees import MemoryTree

MODES = {FILE: b"100644", EXECUTABLE: b"100755", SYMLINK: b"120000"}


def _commit(files: Files) -> bytes:
    """Return a commit of files as git-fast-import(1) takes it."""
    tree = MemoryTree(files)
    lines = [b"commit refs/heads/main", b"committer a <a> 0 +0000", b"data 0", b"deleteall"]
    for each in tree.below(""):
        content = tree.read(each)
        lines += [b"M %b inline %b" % (MODES[each.mode], each.path.encode()), b"data %d" % len(content), content]
    return b"\n".join([*lines, b""])


def _checked_out(repo: Path, commit: str) -> Mapping[str, bytes]:
    """Return all files as they are checked out: git-archive(1) does the same with them."""
    done = subprocess.run(["git", "-C", repo, "archive", "--format=tar", commit], check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as found:
        return {each.name: file.read() for each in found if (file := found.extractfile(each) if each.isreg() else None)}


def _taken(graph: Graph, name: str, files: Mapping[str, bytes]) -> Mapping[str, bytes | None]:
    """Return what an image takes, None for links."""
    uses = graph.nodes[name].contexts
    return {path: files.get(path) for use in uses for each in use.entries for path in [use.path(each)]}


@settings(max_examples=EXAMPLES // 2)
@given(st.data())
def test_unaffected_images_are_sent_the_same_bytes(data: st.DataObject) -> None:
    drawn = graphs(data)
    if drawn is None:
        return
    before, after, (old, new) = drawn
    found = affected([old], new, [between(MemoryTree(before), MemoryTree(after))])
    with TemporaryDirectory() as folder:
        repo = Path(folder)
        subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True, env=os.environ)
        stream = _commit(before) + _commit(after)
        subprocess.run(["git", "-C", folder, "fast-import", "--quiet"], input=stream, check=True)
        was, now = _checked_out(repo, "main^"), _checked_out(repo, "main")
    for name in new.nodes.keys() & old.nodes.keys() - found.reasons.keys():
        assert _taken(new, name, now) == _taken(old, name, was)
