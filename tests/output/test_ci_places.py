"""What CI systems take from a log and from files: no text from a repository may become a command or markup."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.errors import Problem, Where
from mbuild.events import Event, ImageDone, ImageStarted, LogLine, Step, StepDone
from mbuild.graph.affected import Reason
from mbuild.output.display import Plain, choose
from mbuild.output.github import annotation, cell, outputs_text, run_outputs, summary
from mbuild.output.grouped import Grouped
from mbuild.output.junit import render
from mbuild.output.report import BaseInfo, ContextInfo, Done, Report
from mbuild.output.runners import Guarded, disarmed, runner, unguarded
from tests.output.formats.answers import HOSTILE, SHOP

COMMANDS = (
    "::error::x",
    "  ::set-env name=a::b",
    "##[error]x",
    "y ##vso[task.setvariable variable=a]b",
    "##teamcity[x]",
    "a\n::group::b",
    "a\r::add-mask::b",
    "a\r\r\t::add-mask::b",
    "###[x]",
)


def acts_on(line: str) -> bool:
    """Tell whether a runner takes a line for a command."""
    return line.lstrip().startswith("::") or re.search(r"##(\w*)\[", line) is not None


@pytest.mark.parametrize("text", COMMANDS)
def test_commands_are_disarmed_and_can_still_be_read(text: str) -> None:
    assert any(acts_on(line) for line in text.splitlines())
    assert not any(acts_on(line) for line in disarmed(text).splitlines())
    assert disarmed(text).replace("\\x23", "#").replace("\\x3a", ":") == text


@given(st.text(alphabet="#:[avso \r\n"))
def test_nothing_is_a_command_once_disarmed(text: str) -> None:
    assert not any(acts_on(line) for line in disarmed(text).splitlines())


def test_other_text_stays_as_it_is() -> None:
    text = "a::b ## c #[d] error: x: y\n  Dockerfile:3:1: ##\n"
    assert disarmed(text) == text


def test_a_guarded_stream_lets_only_its_owner_give_commands() -> None:
    stream = io.StringIO()
    guarded = Guarded(stream)
    guarded.write("::error::a\n")
    guarded.writelines(["##[b]\n", "c\n"])
    unguarded(guarded).write("::group::d\n")
    assert unguarded(stream) is stream
    assert not guarded.isatty()
    assert stream.getvalue() == "\\x3a:error::a\n\\x23#[b]\nc\n::group::d\n"


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, ""),
        ({"GITHUB_ACTIONS": "true"}, "github"),
        ({"GITLAB_CI": "true"}, "gitlab"),
        ({"TF_BUILD": "True"}, "azure"),
    ],
)
def test_the_runner_is_known_by_its_variable(variables: dict[str, str], name: str) -> None:
    assert runner(variables) == name


def test_outputs_cannot_end_themselves() -> None:
    text = outputs_text({"a": "1", "b": "x\nc<<y\nz"})
    lines = text.splitlines()
    assert [line for line in lines if line.startswith("a<<")] == lines[:1]
    end = lines[3].partition("<<")[2]
    assert lines[3:] == [f"b<<{end}", "x", "c<<y", "z", end]
    known = f"x\n{end}\nevil<<{end}"
    (first, *_, last) = outputs_text({"a": known}).splitlines()
    assert first.partition("<<")[2] == last
    assert last not in known


def test_a_problem_is_shown_at_its_line() -> None:
    problem = Problem("50% of it\nfailed", Where("a,b:c/Dockerfile", 3, 7), ("look there",))
    assert annotation(problem, "error") == (
        "::error file=a%2Cb%3Ac/Dockerfile,line=3,col=7,title=mbuild error::50%25 of it%0Afailed%0Ahint: look there"
    )
    assert annotation(Problem("no place"), "warning") == "::warning title=mbuild warning::no place"


@pytest.mark.parametrize("text", HOSTILE)
def test_an_annotation_is_one_command_whatever_is_in_it(text: str) -> None:
    said = annotation(Problem(text, Where(text, 1), (text,)), "error")
    assert said.isprintable()
    properties = said.removeprefix("::error ").partition("::")[0]
    assert [each.partition("=")[0] for each in properties.split(",")] == ["file", "line", "title"]


def finished() -> Report:
    reasons = (Reason("file-changed", path="libs/a|b_c.py", change="modified", where=Where("api/Dockerfile", 3)),)
    api, base, lint, web = SHOP.images
    images = (
        replace(
            api,
            reasons=reasons,
            context=ContextInfo(2, 1500, "d", True),
            done=Done("built", 3.21, digest="sha256:" + "ab" * 32),
        ),
        replace(base, done=Done("reused", 0.1)),
        replace(
            lint, done=Done("failed", 61, error="tools/Dockerfile:2: <no> & @all\x00", log=("+ make", "no\x1brule]]>"))
        ),
        replace(web, done=Done("skipped", 0, error="'tools/lint' was not built")),
    )
    return replace(SHOP, images=images, seconds=64.5, base=BaseInfo("origin/main", "1" * 40, "--base"))


def cells(text: str) -> list[list[str]]:
    """Return the cells of the table, its head and its rule aside."""
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    return [[each.strip() for each in row.strip("|").split("|")] for row in rows][1:]


def test_a_summary_has_a_row_for_each_image() -> None:
    text = summary(finished())
    assert text.splitlines()[0] == "### mbuild affected"
    assert cells(text)[0] == [
        *("<b>api</b>", "built", "libs/a&#124;b&#95;c.py modified &#40;api/Dockerfile&#58;3&#41;"),
        *("2 files, 1.5 kB", "3.2 s", "<code>abababababab</code>"),
    ]
    assert [row[1] for row in cells(text)] == ["built", "reused", "failed", "skipped"]
    assert "&#60;no&#62; &#38; &#64;all" in text


def test_a_summary_of_a_plan_says_what_is_going_to_be_done() -> None:
    found = cells(summary(SHOP))
    assert [row[:2] for row in found] == [[f"<b>{name}</b>", "build"] for name in ("api", "base", "tools/lint", "web")]
    listed = replace(SHOP, listing=True, images=tuple(replace(each, action=None) for each in SHOP.images))
    assert len(cells(summary(listed))[0]) == 5


def test_a_summary_of_very_many_images_is_cut() -> None:
    many = replace(SHOP, images=tuple(replace(SHOP.images[0], name=f"i{number}") for number in range(700)))
    text = summary(many)
    assert len(cells(text)) == 500
    assert "and 200 more" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_is_neither_markdown_nor_html(text: str) -> None:
    said = cell(text)
    assert said.isascii() or said.isprintable()
    assert not set(re.sub(r"&#\d+;", "", said)) & set('|<>*_`[]()!@\\\n~#:"&$')


def test_outputs_of_a_run() -> None:
    said = {key: json.loads(value) for key, value in run_outputs(finished()).items()}
    assert said == {
        "has_images": True,
        "images": ["api", "base", "tools/lint", "web"],
        "failed": ["tools/lint", "web"],
        "digests": {"api": "sha256:" + "ab" * 32, "base": None},
    }
    assert json.loads(run_outputs(SHOP)["has_images"]) is False


def test_a_junit_report_has_a_case_for_each_image() -> None:
    top = ElementTree.fromstring(render(finished()))
    (suite,) = top
    assert suite.attrib == {
        "name": "mbuild affected",
        "tests": "4",
        "failures": "1",
        "skipped": "1",
        "errors": "0",
        "time": "64.500",
    }
    cases = {case.attrib["name"]: case for case in suite}
    assert cases["api"].attrib == {"classname": "mbuild", "name": "api", "file": "api/Dockerfile", "time": "3.210"}
    (failure,) = cases["tools/lint"]
    assert failure.tag == "failure"
    assert failure.attrib["message"] == "tools/Dockerfile:2: <no> & @all\ufffd"
    assert (failure.text or "").splitlines()[1:] == ["+ make", "no\ufffdrule]]>"]
    assert [each.tag for each in cases["web"]] == ["skipped"]
    assert [each.text for each in cases["base"]] == ["reused"]


@given(st.text(st.characters(), max_size=30))
def test_a_junit_report_is_well_formed_whatever_is_in_it(text: str) -> None:
    images = tuple(
        replace(each, dockerfile=text, done=Done("failed", 1, error=text, log=(text,))) for each in SHOP.images
    )
    assert len(list(ElementTree.fromstring(render(replace(SHOP, images=images)).encode("utf-8")).iter("failure"))) == 4


EVENTS: list[Event] = [
    ImageStarted("api", "build"),
    ImageStarted("tools/lint", "build"),
    Step("api", "1", "[internal] load build context"),
    Step("api", "2", "[1/2] RUN make"),
    LogLine("tools/lint", "2", "::error::from a RUN step"),
    LogLine("api", "2", "##[error]x\x1b[0K"),
    StepDone("api", "2"),
    ImageDone("tools/lint", "failed", 2, "tools/Dockerfile:2: ##vso[x]"),
    ImageStarted("web", "reuse"),
    ImageDone("web", "reused", 0.1),
    ImageDone("api", "built", 3),
]


def shown(monkeypatch: pytest.MonkeyPatch, variable: str) -> list[str]:
    for each in ("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(variable, "true")
    stream = io.StringIO()
    display = choose("auto", verbose=False, color=False, stream=stream)
    assert isinstance(display, Grouped)
    for event in EVENTS:
        display.show(event)
    display.close()
    return stream.getvalue().split("\n")


def test_github_folds_and_acts_on_nothing_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, "GITHUB_ACTIONS")
    token = lines[1].removeprefix("::stop-commands::")
    assert len(token) == 32
    assert lines[:6] == [
        *(
            "::group::tools/lint",
            f"::stop-commands::{token}",
            "  \\x3a:error::from a RUN step",
            f"::{token}::",
            "::endgroup::",
        ),
        "tools/lint | failed in 2.0 s: tools/Dockerfile:2: \\x23#vso[x]",
    ]
    assert lines[6:8] == ["web | reused", "::group::api"]
    assert lines[9:11] == ["[1/2] RUN make", "  \\x23#[error]x\\x1b[0K"]
    assert lines[8] != lines[1]


def test_gitlab_folds_with_times(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, "GITLAB_CI")
    started = re.fullmatch(
        r"\x1b\[0Ksection_start:(\d+):mbuild_tools_lint\[collapsed=true\]\r\x1b\[0Ktools/lint", lines[0]
    )
    ended = re.fullmatch(r"\x1b\[0Ksection_end:(\d+):mbuild_tools_lint\r\x1b\[0K", lines[2])
    assert started is not None
    assert ended is not None
    assert int(started[1]) <= int(ended[1])


def test_azure_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, "TF_BUILD")
    assert [line for line in lines if acts_on(line)] == [
        "##[group]tools/lint",
        "##[endgroup]",
        "##[group]api",
        "##[endgroup]",
    ]


def test_plain_stays_plain_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert isinstance(choose("plain", verbose=False, color=False, stream=io.StringIO()), Plain)


def test_json_is_json() -> None:
    from mbuild.cli.answering import as_text

    value = {"paths": ["##vso[x]", "###", "#"], "##": 1}
    assert json.loads(as_text(value)) == value
    assert "##" not in as_text(value)
