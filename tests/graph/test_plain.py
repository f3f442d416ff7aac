"""What counts of plain Dockerfiles (``tests/oracle/test_plain.py`` has random ones), and which are plain."""

from __future__ import annotations

from typing import Any

import pytest

from mbuild.dockerfile.model import ExternalImage, FolderContext, Inherited, ParentImage, Platform, Reference, Resolved
from mbuild.errors import DockerfileError
from mbuild.graph.build import build_frozen, build_graph
from mbuild.graph.frozen import freeze
from mbuild.graph.plain import Plain
from mbuild.graph.sharing import alone
from mbuild.images import ImageDef, NamedContext, Project
from tests.dockerfile.evaluating import evaluated, plain_of
from tests.graph.test_affected import image
from tests.trees import MemoryTree

IMAGES: dict[str, Resolved] = {
    "shop/base": ParentImage("base", Inherited((("ONE", "9"), ("PATH", "/p")), (), "/w")),
    "shop/hooks": ParentImage("hooks", Inherited(onbuild=("COPY a /a",))),
    "lib": FolderContext("lib"),
}


def found(text: str, **more: Any) -> tuple[bool, bool]:
    """Return whether a Dockerfile is sound and whether it is plain; where it is both, the answers are the same."""
    options: dict[str, Any] = {
        "target": None,
        "args": {},
        "platform": Platform("linux", "arm64"),
        "build_platform": Platform(),
        "resolve": lambda reference: IMAGES.get(reference.name, ExternalImage(reference.name)),
        "resolve_stage": lambda _: None,
    }
    data = text.encode("utf-8", "surrogateescape")
    try:
        evaluated(data, **(options | more))
    except DockerfileError:
        return False, False
    return True, plain_of(data, **(options | more)) is not None


PLAIN = [
    "FROM scratch",
    "# syntax=docker/dockerfile:1\nFROM scratch\nCOPY a b /c/",
    "# What it is.\n  # escape=`\nFROM scratch\n\n  COPY \\\n  a /a",
    "FROM shop/base AS build\nWORKDIR w\nFROM build AS test\nFROM build\nCOPY --from=Build b /\nCOPY --from=0 c /",
    "FROM shop/base AS build\nWORKDIR w\nCOPY $ONE .\nFROM build\nCOPY --from=build --chown=$ONE /$ONE /w/\nWORKDIR x",
    "FROM scratch AS build\nFROM scratch\nCOPY --from=Build a /\nCOPY --from=lib . l/\nCOPY --from=alpine:3 a /",
    "FROM lib\nCOPY --exclude=*.md --parents a/./b /\nADD x https://example.com/y /",
    "ARG BASE=shop/base\nFROM $BASE\nARG BASE ONE=1\nENV TWO=$ONE$BASE\nLABEL a=$TWO",
    "FROM --platform=$BUILDPLATFORM golang AS build\nFROM build\nFROM --platform=linux scratch\nCOPY --from=1 a /",
    'FROM windows\nRUN dir $X\nHEALTHCHECK CMD $X\nCMD ["x"]',
    "FROM scratch\nADD http://example.com/y /",
    "FROM scratch AS a\nFROM scratch\nCOPY --from=" + "0" * 5000 + " x /\nCOPY --from=" + "9" * 60 + " x /",
    "ARG ONE=1\nFROM scratch\nARG ONE\nCOPY --chown=$ONE a /a\n\t COPY b /b",
]


@pytest.mark.parametrize("text", PLAIN)
def test_plain(text: str) -> None:
    assert found(text) == (True, True)
    assert found(text, platform=Platform("windows"), args={"ONE": "b", "BASE": "alpine"}) == (True, True)


@pytest.mark.parametrize(
    "text",
    [
        "# escape=`\nFROM scratch",
        "# check=skip=all\nFROM scratch",
        "# syntax=mine/other\nFROM scratch",
        "# syntax=docker/dockerfile:1\n # escape=`\nFROM scratch\nCOPY a` b /",
        " # escape=`\nFROM scratch\nCOPY a` b /",
        "#!/bin/x\n# syntax=docker/dockerfile:1\nFROM scratch",
        "FROM scratch\nLABEL x=\u00e9",
        "FROM scratch\n" + "# long\n" * 10_000,
        "FROM scratch\nCOPY <<CMD /\nCMD a\nCMD",
        "FROM scratch\nONBUILD COPY a /",
        "FROM shop/hooks",
        "FROM shop/hooks AS h\nFROM h",
        "FROM alpine AS scratch\nFROM scratch",
        "FROM alpine\nRUN --mount=target=/x make",
        "FROM alpine\nCOPY $UNKNOWN /",
        "FROM alpine\nCOPY --from=scratch a /",
        "ARG SOURCE_DATE_EPOCH=0\nFROM scratch",
        "FROM scratch\nARG A=1 B=$A",
        'FROM scratch\nARG "A"=1',
        "FROM scratch\nARG TARGETSTAGE",
        "FROM $TARGETSTAGE",
        "FROM --platform=linux${TARGETSTAGE:+} alpine",
        "ARG A=$TARGETSTAGE\nFROM scratch",
        "ARG TARGETOS\nFROM scratch",
        "ARG A=1\nARG A\nFROM scratch",
        "FROM scratch\nCOPY --from=1 a /\nFROM scratch",
        '{"syntax": "x"}',
    ],
)
def test_not_plain(text: str) -> None:
    assert found(text) == (True, False)


@pytest.mark.parametrize("line", [r"COPY a\\b /", "COPY C:a /", r"COPY --exclude=a\\b . /"])
def test_paths_of_windows_are_not_plain(line: str) -> None:
    assert found(f"FROM scratch\n{line}") == (True, True)
    assert found(f"FROM scratch\n{line}", platform=Platform("windows")) == (True, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "# syntax=docker/dockerfile:1",
        "RUN a\nFROM scratch",
        "FROM scratch\nRUN a\0b",
        "FROM scratch\nNOTHING",
        "FROM scratch\nSTOPSIGNAL $SIG",
        "FROM scratch AS a\nCOPY --from=a a /",
        "FROM scratch AS one\nFROM scratch\nCOPY --from=-2 a /",
        "FROM scratch AS one\nFROM scratch\nCOPY --from=$X a /",
        "FROM scratch\nCOPY --from=Wrong a /",
        "FROM Wrong",
        "FROM $NOTHING",
        "FROM --platform=$NOTHING alpine",
        "FROM --platform=a/b/c/d/e alpine",
        "ARG X=${Y:?no}\nFROM scratch",
        "FROM alpine AS a..b",
    ],
)
def test_what_is_wrong_is_not_plain(text: str) -> None:
    assert found(text) == (False, False)


NINES = "9" * 5000


@pytest.mark.parametrize(
    "line",
    [
        f"COPY --from={NINES} a /",
        f"COPY --from=-{NINES} a /",
        f"STOPSIGNAL {NINES}",
        f"HEALTHCHECK --retries={NINES} CMD x",
        f"HEALTHCHECK --interval={NINES}s CMD x",
        f"RUN --mount=type=cache,target=/x,uid={NINES} x",
        f"COPY --chmod={NINES.replace('9', '7')} a /",
        f"EXPOSE {NINES}",
    ],
    ids=lambda line: line[:20],
)
def test_numbers_that_python_does_not_read(line: str) -> None:
    assert found(f"FROM alpine\n{line}") == (False, False)


def test_what_is_said_of_an_image() -> None:
    text = "FROM scratch AS one\nFROM alpine AS two\nCOPY a /"
    assert found(text, target="ONE") == found(text, target="") == (True, True)
    assert found(text, target="three") == (False, False)
    assert found(text, args={"BUILDKIT_SYNTAX": "mine/other"}) == (True, False)
    assert found(text, args={"SOURCE_DATE_EPOCH": "0"}) == (True, False)
    assert found(text, resolve_stage={"one": FolderContext("x")}.get) == (True, False)


def test_each_name_outside_is_asked_for_with_its_platform() -> None:
    asked: list[Reference] = []

    def resolve(reference: Reference) -> Resolved:
        asked.append(reference)
        return ExternalImage(reference.name)

    text = "FROM --platform=linux/arm/v6 a AS x\nCOPY --from=b f /\nFROM never\nFROM c\nCOPY --from=x f /"
    assert found(text, resolve=resolve) == (True, True)
    assert {(each.name, each.kind, each.platform, each.where.line) for each in asked} == {
        ("a", "from", "linux/arm/v6", 1),
        ("b", "copy", "", 2),
        ("c", "from", "", 4),
    }


def test_a_graph_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"{number}/Dockerfile": text for number, text in enumerate(PLAIN)}
    files |= {"base/Dockerfile": "FROM scratch\nENV ONE=9\nWORKDIR /w", "l/x": ""}
    both = ("linux/amd64", "linux/arm64")
    images: list[ImageDef] = [
        image(str(number), root="", platforms=both, contexts=(NamedContext("lib", "folder", "l"),))
        for number in range(len(PLAIN))
    ]
    images = sorted([*images, image("base")], key=lambda each: each.name)
    project, tree = Project(tuple(images)), MemoryTree(files)

    def answer() -> bytes:
        raw = build_frozen(project, tree, "linux/amd64", tuple, alone, ())
        assert raw == freeze(build_graph(project, tree, "linux/amd64"), ())
        return raw

    with_plain = answer()
    monkeypatch.setattr(Plain, "file", lambda *_: None)
    assert answer() == with_plain
