"""The displays of a running build."""

from __future__ import annotations

import io
import json
import re

import pytest
from rich.console import Console

from mbuild.events import Event, ImageDone, ImageStarted, LogLine, Retrying, Sent, Step, StepDone
from mbuild.output.display import JsonEvents, Plain, Quiet, choose
from mbuild.output.live import Live
from mbuild.output.words import count, duration, size

EVENTS: list[Event] = [
    ImageStarted("api", "build"),
    ImageStarted("web", "reuse"),
    Step("api", "1", "[internal] load build context"),
    Sent("api", 1200),
    Step("api", "2", "[1/2] COPY a\x1b[31m /"),
    LogLine("api", "2", "warn\x07ing"),
    StepDone("api", "2", cached=True),
    ImageDone("web", "reused", 0.1),
    ImageDone("api", "failed", 61.2, "Dockerfile:2: no\nmore"),
]


def written(verbose: bool) -> str:
    stream = io.StringIO()
    display = Plain(stream, verbose=verbose)
    for event in EVENTS:
        display.show(event)
    display.close()
    return stream.getvalue()


def test_plain_lines() -> None:
    assert written(verbose=False) == (
        "api | building\napi | [1/2] COPY a\\x1b[31m /\nweb | reused\napi | failed in 1 min 01 s: Dockerfile:2: no\n"
    )
    assert "api | warn\\x07ing\n" in written(verbose=True)


def test_json_lines() -> None:
    stream = io.StringIO()
    display = JsonEvents(stream)
    for event in EVENTS:
        display.show(event)
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert found[0] == {"event": "image-started", "image": "api", "action": "build"}
    assert found[-1] == {
        "event": "image-done",
        "image": "api",
        "status": "failed",
        "seconds": 61.2,
        "error": "Dockerfile:2: no\nmore",
    }
    assert {each["event"] for each in found} == {"image-started", "step", "sent", "log", "step-done", "image-done"}


def test_live_table_shows_what_runs_and_keeps_what_is_done() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80, no_color=True, highlight=False)
    display = Live(color=False, console=console, expected={"api": 100.0, "web": 1.0})
    try:
        for event in EVENTS[:-1]:
            display.show(event)
        with console.capture() as shot:
            console.print(display._table())
        display.show(EVENTS[-1])
    finally:
        display.close()
    assert re.search(r"api +\d+\.\d s +1 min 40 s left +1\.2 kB +1 cached ", shot.get()), shot.get()
    assert "warn\\x07ing" in shot.get()
    assert "web  reused" in stream.getvalue()
    assert "api  failed in 1 min 01 s: Dockerfile:2: no" in stream.getvalue()


def test_an_image_that_takes_longer_than_ever_has_no_time_left() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, no_color=True, highlight=False)
    display = Live(color=False, console=console, expected={"api": 0.0})
    try:
        display.show(ImageStarted("api", "build"))
        display.show(ImageStarted("db", "build"))
        with console.capture() as shot:
            console.print(display._table())
    finally:
        display.close()
    assert "left" not in shot.get()


@pytest.mark.parametrize(("mode", "kind"), [("quiet", Quiet), ("json", JsonEvents), ("plain", Plain), ("auto", Plain)])
def test_choosing(mode: str, kind: type) -> None:
    display = choose(mode, verbose=False, color=True, stream=io.StringIO())
    assert type(display) is kind
    display.show(EVENTS[0])
    display.close()


def test_a_terminal_gets_the_live_table(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "dumb")
    assert type(choose("auto", verbose=False, color=True, stream=Terminal())) is Plain
    monkeypatch.setenv("TERM", "xterm")
    display = choose("auto", verbose=False, color=True, stream=Terminal())
    display.close()
    assert type(display) is Live


def test_words() -> None:
    assert [size(each) for each in (0, 999, 1000, 999_949, 999_950, 10**15)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "999.9 kB",
        "1.0 MB",
        "1000.0 TB",
    ]
    assert (count(1, "entry", "entries"), count(2_000, "file")) == ("1 entry", "2,000 files")
    assert (duration(0.04), duration(59.99), duration(3725)) == ("0.0 s", "60.0 s", "62 min 05 s")


def test_that_a_build_is_tried_again() -> None:
    event = Retrying("api", 1, 2.5, "503 Service\x07 Unavailable\nmore")
    plain, events, screen = io.StringIO(), io.StringIO(), io.StringIO()
    Plain(plain, verbose=False).show(event)
    assert plain.getvalue() == "api | trying again in 2.5 s: 503 Service\\x07 Unavailable\n"
    JsonEvents(events).show(event)
    assert json.loads(events.getvalue())["event"] == "retrying"
    live = Live(color=False, console=Console(file=screen, force_terminal=True, width=100))
    live.show(ImageStarted("api", "build"))
    live.show(event)
    table = live._table()
    live.close()
    assert [str(each) for each in table.columns[-1].cells] == ["trying again in 2.5 s: 503 Service\\x07 Unavailable"]
