"""What failures mean, when they are tried again, and when a build takes too long: tables."""

from __future__ import annotations

import pytest

from mbuild.events import LogLine, Step, StepDone
from mbuild.schedule.failures import Failure, classify
from mbuild.schedule.retry import Policy, pause
from mbuild.schedule.watch import Activity, Limits, Verdict, judge, told

RESOLVE = "failed to resolve source metadata for docker.io/library/alpine:3: "
STATUS = "unexpected status from HEAD request to https://registry.example.com/v2/a/manifests/1: "


@pytest.mark.parametrize(
    "text",
    [
        f"{RESOLVE}{STATUS}503 Service Unavailable",
        f"{STATUS}500 Internal Server Error",
        "unexpected status from HEAD request to https://r.example.com:403/v2/401/manifests/404: 502 Bad Gateway",
        f"{STATUS}502 Bad Gateway",
        f"{STATUS}520 ",
        f"{STATUS}504 Gateway Timeout",
        f"{STATUS}429 Too Many Requests",
        "received unexpected HTTP status: 503 Service Unavailable",
        "failed to get state for index 0 on [3/3] RUN cat /etc/x509: not found",
        "failed to solve: inconsistent graph state in edge [2/2] COPY a b",
        "toomanyrequests: You have reached your pull rate limit.",
        f'{RESOLVE}failed to do request: Head "https://r.example.com/": read tcp 1.2.3.4:5: connection reset by peer',
        'failed to do request: Head "https://r.example.com/v2/": EOF',
        "failed to copy: httpReadSeeker: failed open: unexpected EOF",
        "dial tcp 10.0.0.1:443: connect: connection refused",
        "dial tcp 10.0.0.1:443: i/o timeout",
        "net/http: TLS handshake timeout",
        "Client.Timeout exceeded while awaiting headers",
        "dial tcp: lookup r.example.com: Temporary failure in name resolution",
        "lookup r.example.com on 10.0.0.2:53: server misbehaving",
        "stream error: stream ID 5; INTERNAL_ERROR",
        "context deadline exceeded",
    ],
)
def test_what_can_pass(text: str) -> None:
    assert classify(text) == Failure(True)


@pytest.mark.parametrize(
    "text",
    [
        'process "/bin/sh -c make" did not complete successfully: exit code: 2',
        'process "curl https://x | grep 503 Service Unavailable" did not complete successfully: exit code: 1',
        'process "/bin/sh -c pip install a" did not complete successfully: exit code: 1\nconnection reset by peer',
        'process "sh -c echo failed to get state for index 0 on" did not complete successfully: exit code: 1',
        "The command '/bin/sh -c curl -f x: 429 Too Many Requests' returned a non-zero code: 22",
        f"{STATUS}401 Unauthorized",
        f"{STATUS}403 Forbidden",
        f"{STATUS}404 Not Found",
        "pull access denied, repository does not exist or may require authorization: insufficient_scope",
        "denied: requested access to the resource is denied",
        "docker.io/library/nothing:1: not found",
        "dial tcp: lookup r.example.invalid: no such host",
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "dockerfile parse error on line 3: unknown instruction: RUM (connection reset)",
        'failed to compute cache key: "/a/503" not found',
        "web/index.html changed while mbuild was reading it",
        "exit code: 503",
        "",
    ],
)
def test_what_cannot(text: str) -> None:
    assert classify(text) == Failure(False)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("429 Too Many Requests (Retry-After: 30)", 30.0),
        ('toomanyrequests: retry-after: "7"', 7.0),
        ("503 Service Unavailable, retry-after=2", 2.0),
        ("401 Unauthorized, Retry-After: 5", None),
        ("429 Too Many Requests, Retry-After: soon", None),
    ],
)
def test_what_the_other_side_asks_for(text: str, after: float | None) -> None:
    assert classify(text).after == after


def test_pauses_double_up_to_a_limit_and_then_it_is_given_up() -> None:
    policy = Policy(retries=4, first=1.0, longest=5.0)
    found = [pause(policy, Failure(True), tried) for tried in range(1, 6)]
    assert found == [1.0, 2.0, 4.0, 5.0, None]
    assert pause(Policy(retries=0), Failure(True), 1) is None
    assert pause(policy, Failure(False), 1) is None


def test_what_the_other_side_asks_for_counts_where_it_is_bearable() -> None:
    policy = Policy(first=2.0, patience=60.0)
    assert pause(policy, Failure(True, after=45.0), 1) == 45.0
    assert pause(policy, Failure(True, after=0.0), 1) == 2.0
    assert pause(policy, Failure(True, after=61.0), 1) is None


def test_images_that_fail_together_come_back_one_by_one() -> None:
    found = {pause(Policy(first=4.0), Failure(True), 1, f"image{number}") for number in range(50)}
    assert len(found) > 45
    assert all(each is not None and 4.0 <= each < 5.0 for each in found)


LOAD, RUN = "[internal] load build context", "[2/3] RUN make"


@pytest.mark.parametrize(
    ("names", "now", "expected"),
    [
        ((), 5.0, Verdict(again=5.0)),
        ((), 25.0, Verdict(again=10.0)),
        ((LOAD,), 9.0, Verdict(again=1.0)),
        ((LOAD,), 10.0, Verdict("stall", LOAD)),
        (("[internal] load metadata for docker.io/library/alpine:3",), 11.0, Verdict("stall", "")),
        (("[auth] library/alpine:pull token for registry-1.docker.io",), 11.0, Verdict("stall", "")),
        (("[context proto] load from client",), 11.0, Verdict("stall", "")),
        (("resolve image config for docker.io/docker/dockerfile:1",), 11.0, Verdict("stall", "")),
        ((RUN,), 50.0, Verdict(again=10.0)),
        ((LOAD, RUN), 50.0, Verdict(again=10.0)),
        (("exporting to image",), 50.0, Verdict(again=10.0)),
        (("[1/3] FROM docker.io/library/alpine:3",), 50.0, Verdict(again=10.0)),
        ((LOAD,), 99.5, Verdict("stall", LOAD)),
        ((RUN,), 95.0, Verdict(again=5.0)),
        ((RUN,), 100.0, Verdict("timeout")),
        ((LOAD,), 100.0, Verdict("timeout")),
    ],
)
def test_too_long_and_stalled(names: tuple[str, ...], now: float, expected: Verdict) -> None:
    activity = Activity(0.0, 0.0)
    for number, name in enumerate(names):
        activity = told(activity, Step("api", str(number), name), 0.0)
    found = judge(activity, Limits(timeout=100.0, stall=10.0), now)
    assert (found.over, found.again) == (expected.over, expected.again)
    assert not expected.step or found.step == expected.step


def test_whatever_is_told_is_a_sign_of_life_and_steps_come_to_an_end() -> None:
    activity = told(told(Activity(0.0, 0.0), Step("api", "1", LOAD), 0.0), LogLine("api", "1", "x"), 8.0)
    limits = Limits(stall=10.0)
    assert judge(activity, limits, 12.0) == Verdict(again=6.0)
    assert judge(activity, limits, 18.0).over == "stall"
    assert judge(told(activity, StepDone("api", "1"), 9.0), limits, 50.0) == Verdict(again=10.0)


def test_without_limits_nobody_looks() -> None:
    assert judge(Activity(0.0, 0.0), Limits(), 1e9) == Verdict()
