"""What a builder tells has no build secrets and no credentials of URLs in it, whatever it tells them in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mbuild.app.attempts import Attempts
from mbuild.builders.masking import MOST_BYTES, Mask, mask
from mbuild.builders.protocol import BuildRequest, BuildResult, Cancel
from mbuild.errors import EnvironmentFault, Problem
from mbuild.events import Event, ImageDone, LogLine, Sent, Step, StepDone
from mbuild.images import Secret
from mbuild.values import replace
from tests.app.test_attempts import request
from tests.app.test_running import FakeBuilder

ENV = {"TOKEN": "s3cret", "SHORT": "abc", "PADDED": " s3cret-too\n", "LINES": "user\nlong-enough\n\n  indented-line\n"}


def of_env(*names: str) -> Mask:
    return mask([Secret(each, env=each) for each in names], ENV)


@pytest.mark.parametrize(
    ("names", "text", "shown"),
    [
        (["TOKEN"], "+ login s3cret s3cret", "+ login *** ***"),
        (["SHORT"], "abc", "abc"),
        (["PADDED"], "<s3cret-too>", "<***>"),
        (["TOKEN", "PADDED"], "s3cret-too and s3cret", "*** and ***"),
        (["LINES"], "user: long-enough indented-line", "user: *** ***"),
        (["NOWHERE"], "s3cret", "s3cret"),
        ([], "s3cret https://u:p@host", "s3cret https://***@host"),
    ],
)
def test_values_from_variables(names: list[str], text: str, shown: str) -> None:
    assert of_env(*names).text(text) == shown


def test_values_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe\nBEGIN KEY\nabcdefgh\n")
    (tmp_path / "big").write_bytes(b"x" * MOST_BYTES + b"\nbeyond-it\n")
    found = mask([Secret(each, file=str(tmp_path / each)) for each in ("key", "big", "nowhere")], {})
    assert found.text("BEGIN KEY, abcdefgh, beyond-it") == "***, ***, beyond-it"


def test_every_event_with_text_is_masked() -> None:
    hide = of_env("TOKEN")
    assert hide.event(Step("a", "1", "RUN s3cret")) == Step("a", "1", "RUN ***")
    assert hide.event(StepDone("a", "1", error="s3cret")) == StepDone("a", "1", error="***")
    assert hide.event(LogLine("a", "1", "s3cret")) == LogLine("a", "1", "***")
    for each in (Sent("a", 1), ImageDone("a", "built", 1.0)):
        assert hide.event(each) is each


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> BuildRequest:
    monkeypatch.setenv("TOKEN", "s3cret")
    return replace(request(), secrets=(Secret("token", env="TOKEN"),))


def test_a_result_and_its_events_are_masked(asked: BuildRequest) -> None:
    def answer(asked: BuildRequest, cancel: Cancel) -> BuildResult:
        return BuildResult("failed", problems=(Problem("exit code 1: s3cret"),), log=("one", "s3cret"))

    events: list[Event] = []
    result = Attempts(FakeBuilder(answer), events.append, Cancel()).build(asked)
    assert ([each.message for each in result.problems], result.log) == (["exit code 1: ***"], ("one", "***"))


def test_an_error_is_masked(asked: BuildRequest) -> None:
    def answer(asked: BuildRequest, cancel: Cancel) -> BuildResult:
        raise EnvironmentFault("no space left for s3cret")

    with pytest.raises(EnvironmentFault) as caught:
        Attempts(FakeBuilder(answer), lambda event: None, Cancel()).build(asked)
    assert [each.message for each in caught.value.problems] == ["no space left for ***"]


def test_a_pipe_is_left_to_the_builder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert mask([Secret("token", file=str(tmp_path / "pipe"))], {}) == Mask()
