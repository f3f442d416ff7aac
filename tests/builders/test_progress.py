"""BuildKit's progress stream, in both of its forms."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mbuild.builders import progress
from mbuild.builders.progress import Progress, objects
from mbuild.events import Event, LogLine, Sent, Step, StepDone

STREAM: list[dict[str, Any]] = [
    {"vertexes": [{"digest": "a", "name": "[internal] load build context", "started": "t"}]},
    {"statuses": [{"id": "transferring dockerfile:", "vertex": "z", "current": 99}]},
    {"statuses": [{"id": "transferring context:", "vertex": "a", "current": 10}]},
    {"statuses": [{"id": "transferring context:", "vertex": "a", "current": 1200}]},
    {"vertexes": [{"digest": "b", "name": "[2/2] RUN make", "started": "t"}]},
    {"logs": [{"vertex": "b", "stream": 1, "data": base64.b64encode(b"one\ntwo\n").decode()}]},
    {"vertexes": [{"digest": "b", "name": "[2/2] RUN make", "completed": "t", "error": "exit code: 2"}]},
]
ERROR = """\
Dockerfile:4
--------------------
   3 |
   4 | >>> RUN make
--------------------
ERROR: failed to solve: process "make" did not complete successfully: exit code: 2
"""


def lines(indent: int | None) -> list[bytes]:
    text = "\n".join(json.dumps(each, indent=indent) for each in STREAM) + "\n" + ERROR
    return text.encode().splitlines(keepends=True)


@pytest.mark.parametrize("indent", [None, 2])
def test_both_forms_tell_the_same(indent: int | None) -> None:
    events: list[Event] = []
    told = Progress("api", events.append)
    told.read(lines(indent))
    assert events == [
        Step("api", "a", "[internal] load build context"),
        Sent("api", 10),
        Sent("api", 1200),
        Step("api", "b", "[2/2] RUN make"),
        LogLine("api", "b", "one"),
        LogLine("api", "b", "two"),
        StepDone("api", "b", False, "exit code: 2"),
    ]
    assert (told.sent, told.line, told.log) == (1200, 4, ("one", "two"))
    assert told.error == 'process "make" did not complete successfully: exit code: 2'
    assert not told.cached


def test_a_step_begins_when_it_is_started_not_when_it_is_announced() -> None:
    events: list[Event] = []
    told = Progress("api", events.append)
    make: dict[str, object] = {"digest": "b", "name": "[2/2] RUN make"}
    copy: dict[str, object] = {"digest": "a", "name": "[1/2] COPY a /"}
    stream = [{"vertexes": [copy, make]}, {"vertexes": [copy | {"started": "t"}]}]
    stream += [{"vertexes": [copy | {"started": "t", "completed": "t"}, make | {"completed": "t", "cached": True}]}]
    told.read([json.dumps(each).encode() + b"\n" for each in stream])
    assert events == [
        Step("api", "a", "[1/2] COPY a /"),
        StepDone("api", "a"),
        Step("api", "b", "[2/2] RUN make"),
        StepDone("api", "b", True),
    ]


def test_what_is_no_json_is_text() -> None:
    text: list[str] = []
    assert list(objects([b"{\n", b"  broken\n", b"}\n", b"{oops}\n", b"[1]\n", b"\n", b"{\n", b"cut"], text)) == []
    assert text == ["{\n  broken\n}", "{oops}", "[1]", "{", "cut"]


@pytest.mark.parametrize(
    ("vertexes", "cached"),
    [
        ([], False),
        ([("[internal] load", True)], False),
        ([("[1/2] FROM x", True), ("[build 2/2] COPY a b", True)], True),
        ([("[1/2] FROM x", True), ("[2/2] COPY a b", False)], False),
    ],
)
def test_cached_means_every_instruction(vertexes: list[tuple[str, bool]], cached: bool) -> None:
    told = Progress("api", lambda event: None)
    found = [{"digest": name, "name": name, "completed": "t", "cached": each} for name, each in vertexes]
    told.read([json.dumps({"vertexes": found}).encode()])
    assert told.cached is cached


@pytest.mark.parametrize(
    ("text", "error", "line"),
    [
        ("", "no message", 0),
        ("something odd", "something odd", 0),
        ("ERROR: failed to solve: dockerfile parse error on line 2: unknown flag: x", None, 2),
        (
            "ERROR: failed to solve: failed to compute cache key: "
            'failed to calculate checksum of ref a::b: "/x": not found',
            '"/x": not found',
            0,
        ),
    ],
)
def test_errors_are_one_line(text: str, error: str | None, line: int) -> None:
    told = Progress("api", lambda event: None)
    told.read([text.encode()])
    assert told.error == (error or "dockerfile parse error on line 2: unknown flag: x")
    assert told.line == line


def test_a_log_that_is_not_base64_is_kept_as_it_is() -> None:
    events: list[Event] = []
    Progress("api", events.append).read([b'{"logs": [{"vertex": "a", "data": "x"}]}'])
    assert events == [LogLine("api", "a", "x")]


class Clock:
    """Seconds that pass when somebody sleeps."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_build_is_not_cancelled_while_its_container_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    told = Progress("api", lambda event: None)
    told.settle()
    assert clock.now == 100, "nothing runs"
    told.take({"vertexes": [{"digest": "b", "name": "[2/2] RUN make", "started": "t"}]})
    clock.now += 0.125
    told.settle()
    assert clock.now == 100 + progress.START_SECONDS
    told.settle()
    assert clock.now == 100 + progress.START_SECONDS, "it runs by now"
    ended = {"started": "t", "completed": "t"}
    told.take({"vertexes": [{"digest": "c", "name": "[3/3] RUN make"} | ended, {"digest": "b"} | ended]})
    told.settle()
    assert clock.now == 100 + progress.START_SECONDS, "what has ended is not waited for"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (["ERROR: failed to solve: write /x: no space left on device"], True),
        (
            ["ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF"],
            True,
        ),
        (["ERROR: Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?"], True),
        (
            [
                'ERROR: failed to solve: process "/bin/sh -c echo \\"no space left on device\\" && exit 1" did not '
                "complete successfully: exit code: 1"
            ],
            False,
        ),
        ([">>> RUN echo no space left on device", "ERROR: failed to solve: exit code: 1"], False),
        ([' 3 | RUN echo "Cannot connect to the Docker daemon"', "ERROR: failed to solve: exit code: 1"], False),
        (
            [
                'ERROR: failed to solve: process "/bin/sh -c true" did not complete successfully: failed to create '
                "shim: write /run/x: no space left on device"
            ],
            True,
        ),
        ([], False),
    ],
)
def test_whether_the_surroundings_have_failed(text: list[str], expected: bool) -> None:
    told = Progress("api", lambda event: None)
    told.text += text
    assert told.is_of_surroundings == expected
