"""The image configuration where no engine is needed to know it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbuild.builders.oci import gofmt
from mbuild.builders.oci.config import normalized
from mbuild.builders.oci.reference import canonical, with_tag
from mbuild.dockerfile.model import Platform
from tests.builders.oci.support import Bench, plant


@pytest.mark.parametrize(
    ("text", "total", "shown"),
    [
        ("1m30s", 90_000_000_000, "1m30s"),
        ("1.5s", 1_500_000_000, "1.5s"),
        ("250ms", 250_000_000, "250ms"),
        ("1.0005ms", 1_000_500, "1.0005ms"),
        ("2h", 7_200_000_000_000, "2h0m0s"),
        ("90m5.25s", 5_405_250_000_000, "1h30m5.25s"),
        (".5h", 1_800_000_000_000, "30m0s"),
        ("1500us", 1_500_000, "1.5ms"),
        ("0", 0, "0s"),
        ("", 0, "0s"),
    ],
)
def test_durations(text: str, total: int, shown: str) -> None:
    assert gofmt.nanoseconds(text) == total
    assert gofmt.duration(total) == shown


def test_quoted_words() -> None:
    odd = b"\xff".decode("utf-8", "surrogateescape")
    assert gofmt.quoted_words(["a b", 'q"\\', "\t\n\x01", "é", "\u200b", odd]) == (
        r'["a b" "q\"\\" "\t\n\x01" "é" "\u200b" "\xff"]'
    )


def test_history_reads_like_buildkits(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a"})
    bench.assemble(
        "FROM scratch\nARG A=1 B\nARG C=2\nEXPOSE 80 53/udp\nHEALTHCHECK --interval=90s --retries=2 CMD x y\n"
        "COPY --chown=1 --chmod=600 a <<E /d/\nt\nE\nVOLUME /a /b\nONBUILD USER x\n"
    )
    assert [each["created_by"] for each in bench.config()["history"]] == [
        "ARG A=1 B",
        "ARG C=2",
        "EXPOSE [53/udp 80/tcp]",
        "HEALTHCHECK {Test:[CMD-SHELL x y] Interval:1m30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:2}",
        "COPY --chown=1 --chmod=600 a <<E /d/",
        "VOLUME [/a /b]",
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Platform("linux", "amd64"), ("linux", "amd64", "")),
        (Platform("linux", "arm64", "v8"), ("linux", "arm64", "")),
        (Platform("linux", "arm64", "v9"), ("linux", "arm64", "v9")),
        (Platform("linux", "arm"), ("linux", "arm", "v7")),
        (Platform("linux", "arm", "v6"), ("linux", "arm", "v6")),
    ],
)
def test_platforms(given: Platform, expected: tuple[str, str, str]) -> None:
    assert normalized(given) == expected


def test_names() -> None:
    assert [with_tag(each) for each in ("a", "docker.io/library/a", "r.io:5/a/b:c")] == [
        "a:latest",
        "a:latest",
        "r.io:5/a/b:c",
    ]
    assert [canonical(each) for each in ("a", "b/c:d", "r.io/a", "NOT A NAME")] == [
        "docker.io/library/a:latest", "docker.io/b/c:d", "r.io/a:latest", "NOT A NAME",
    ]  # fmt: skip


def test_bytes_that_are_not_utf8_become_valid_json(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {})
    bench.assemble(b"FROM scratch\nLABEL a=\xff\n".decode("utf-8", "surrogateescape"))
    assert bench.config()["config"]["Labels"] == {"a": "\ufffd"}
