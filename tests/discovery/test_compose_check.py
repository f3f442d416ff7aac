"""Compose files read a second time by buildx: ``mbuild init`` says where the two readers disagree."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from mbuild.app.discovering import bake
from mbuild.builders.buildx import find_docker
from mbuild.discovery.composecheck import check
from mbuild.errors import ConfigError, EnvironmentFault
from tests.discovery.test_compose_agrees import CASES, REFUSED
from tests.trees import MemoryTree

needs_buildx = pytest.mark.skipif(find_docker() is None, reason="no docker client has buildx, which gives the opinion")

COMPOSE = {"shop/compose.yaml": "services:\n  a:\n    build: {context: ./a, target: t, args: {A: '1'}}\n"}


class Door:
    """Stands for buildx: answers one thing and keeps what it was asked."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self.answer = answer
        self.asked: list[list[str]] = []

    def __call__(self, files: Sequence[tuple[str, bytes]], targets: Sequence[str]) -> bytes:
        self.asked.append([name for name, _ in files])
        if isinstance(self.answer, Exception):
            raise self.answer
        return json.dumps({"target": {"a": self.answer}}).encode()


def said(files: dict[str, str], door: Door) -> list[str]:
    return [str(each) for each in check(MemoryTree(files), tuple(files), door)]


SAME = {"context": "a", "dockerfile": "Dockerfile", "target": "t", "args": {"A": "1"}}
AT = "shop/compose.yaml:2: service 'a': "


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({}, None),
        ({"context": "b"}, "context is 'shop/a', buildx reads 'shop/b'"),
        ({"dockerfile": "D"}, "dockerfile is 'shop/a/Dockerfile', buildx reads 'shop/a/D'"),
        ({"target": "u"}, "target is 't', buildx reads 'u'"),
        ({"target": ""}, "target is 't', buildx reads unset"),
        ({"args": {"A": "2"}}, """args is {"A": "1"}, buildx reads {"A": "2"}"""),
        ({"contexts": {"x": "y"}}, """names of additional_contexts is [], buildx reads ["x"]"""),
    ],
)
def test_what_buildx_reads_otherwise_is_said(change: dict[str, Any], note: str | None) -> None:
    assert said(COMPOSE, Door({**SAME, **change})) == ([AT + note] if note else [])


def test_what_only_buildx_refuses_is_said() -> None:
    assert said(COMPOSE, Door(ConfigError("no good"))) == ["shop/compose.yaml: buildx does not read this: no good"]


def test_what_buildx_says_of_variables_is_not_repeated() -> None:
    quoting = Door(ConfigError('unexpected character "+" in variable name near "+s3cret"'))
    assert said({**COMPOSE, "shop/.env": "+s3cret\n"}, quoting) == [
        "shop/compose.yaml: buildx does not read this: docker buildx bake --print, run in its folder, says why"
    ]


def test_what_both_refuse_is_left_to_our_reader() -> None:
    broken = {"compose.yaml": "services:\n  a: {build: ./a}\n  b: {extends: nope, build: .}\n"}
    assert said(broken, Door(ConfigError("no good"))) == []


def test_no_opinion_where_buildx_cannot_run() -> None:
    assert said(COMPOSE, Door(EnvironmentFault("gone"))) == []


@pytest.mark.parametrize(
    "compose",
    [
        "include: [other.yaml]\nservices: {a: {build: .}}\n",
        "services: {a: {extends: {file: other.yaml, service: b}, build: .}}\n",
        "services: {a: {env_file: x.env, build: .}}\n",
        "services: {a: {image: x}}\n",
        "services: [\n",
    ],
)
def test_files_that_need_others_are_not_asked_about(compose: str) -> None:
    door = Door(SAME)
    assert said({"compose.yaml": compose, "other.yaml": "services: {b: {build: .}}\n"}, door) == []
    assert door.asked == []


def test_overrides_and_variables_are_handed_over_by_their_last_names() -> None:
    door = Door(SAME)
    said({**COMPOSE, "shop/compose.override.yml": "services: {}\n", "shop/.env": "A=1\n", ".env": "A=2\n"}, door)
    assert door.asked == [["compose.yaml", "compose.override.yml", ".env"]]


@needs_buildx
def test_the_real_one_agrees_with_our_reader() -> None:
    found = {name: check(MemoryTree(each), tuple(each), bake) for name, each in CASES.items()}
    assert {name: each for name, each in found.items() if each} == {}


@needs_buildx
def test_the_real_one_adds_nothing_to_what_our_reader_reports() -> None:
    found = {name: check(MemoryTree(each), tuple(each), bake) for name, each in REFUSED.items()}
    assert {name: each for name, each in found.items() if each} == {}


@needs_buildx
def test_the_real_one_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B", "leaked")
    files = {"compose.yaml": "services:\n  a: {build: {context: ., args: {A: $A, B: }}}\n", ".env": "A=1\n"}
    asked: list[bytes] = []

    def door(given: Sequence[tuple[str, bytes]], targets: Sequence[str]) -> bytes:
        asked.append(bake(given, targets))
        return asked[-1]

    assert check(MemoryTree(files), tuple(files), door) == ()
    assert json.loads(asked[0])["target"]["a"]["args"] == {"A": "1"}
