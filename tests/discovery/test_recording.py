"""Where nothing has changed that discovery goes by, it need not be asked again."""

from __future__ import annotations

import json
from unittest.mock import patch

from hypothesis import event, given, settings
from hypothesis import strategies as st

from mbuild.changes import between
from mbuild.discovery.merge import merge
from mbuild.discovery.recording import may_differ
from mbuild.discovery.sources import discover
from tests.discovery.finding import Files
from tests.support import Repo
from tests.trees import MemoryTree

_DOCKERFILES = ["FROM scratch\nCOPY src /\n", "FROM scratch\n", "FROM a\nCOPY ../x/src /\n", "FROM $B\n", "prose\n"]
_BAKE = [json.dumps({"target": {"t": {"context": each}}}) for each in ("a", "x", "nowhere")]
FILES: dict[str, list[str | tuple[str, str]]] = {
    "a/Dockerfile": [*_DOCKERFILES, ("link", "../x/Dockerfile")],
    "x/Dockerfile": [*_DOCKERFILES],
    "x/y/Dockerfile": [*_DOCKERFILES],
    "a/odd.name": [*_DOCKERFILES],
    "compose.yaml": [
        "services: {s: {build: {context: a, dockerfile: odd.name}, image: $N}}\n",
        "services: {s: {extends: {file: base.inc, service: b}}}\n",
        "include: [more.inc]\n",
        "services: {s: {env_file: some.env, build: x}}\n",
        "services: [\n",
    ],
    "base.inc": ["services: {b: {build: a}}\n", "services: {b: {build: x}}\n"],
    "more.inc": ["services: {m: {build: a}}\n", "services: {n: {build: x/y}}\n"],
    ".env": ["N=one\n", "N=two\nCOMPOSE_FILE=base.inc\n"],
    "some.env": ["A=1\n", "A=2\n"],
    "docker-bake.json": [*_BAKE],
    "skaffold.yaml": [
        f"apiVersion: skaffold/v4beta6\nkind: Config\nbuild:\n  artifacts: [{{image: i, context: {each}}}]\n"
        for each in ("a", "x")
    ],
    "src": ["1", "2", ("exec", "1"), ("link", "x")],
    "x/src/main.py": ["1", "2"],
    "x/y/main.py": ["1", "2"],
    "a/.dockerignore": ["src\n", "*\n"],
    ".gitattributes": ["* text\n", "* -text\n"],
}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Files, Files]:
    """Draw two trees that differ little."""
    before = {path: draw(st.sampled_from(some)) for path, some in FILES.items() if draw(st.integers(0, 3))}
    after = dict(before)
    for path in draw(st.lists(st.sampled_from(list(FILES)), min_size=1, max_size=3)):
        if draw(st.integers(0, 4)) or path not in after:
            after[path] = draw(st.sampled_from(FILES[path]))
        else:
            del after[path]
    return before, after


@settings(max_examples=600)
@given(pairs())
def test_what_need_not_be_asked_again_would_say_the_same(drawn: tuple[Files, Files]) -> None:
    old, new = map(MemoryTree, drawn)
    found = discover(old)
    again = may_differ(found.read, between(old, new))
    event("asked again" if again else "not asked again")
    if not again:
        assert discover(new) == found


def test_a_change_of_what_it_does_not_go_by_is_answered_without_it(repo: Repo) -> None:
    repo.commit({"a/Dockerfile": "FROM scratch\nCOPY x /\n", "a/x": "1", "b/Dockerfile": "FROM scratch\n"})
    repo.commit({"a/x": "2"})
    repo.commit({"b/Dockerfile": "FROM scratch\nCOPY y /\n", "b/y": ""})
    question = ("affected", "--list", "--format", "json", "--base")
    with patch("mbuild.discovery.sources.merge", wraps=merge) as asked:
        edited = repo.mbuild(*question, "HEAD~2", "--head", "HEAD~1")
        assert (edited.affected(), asked.call_count) == ({"a"}, 1)
        brought = repo.mbuild(*question, "HEAD~1", "--head", "HEAD")
        assert (brought.affected(), asked.call_count) == ({"b"}, 3)
