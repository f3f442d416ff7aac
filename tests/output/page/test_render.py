"""The page as text: well-formed, complete, and no text from outside is ever markup."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mbuild.errors import Problem, Where
from mbuild.graph.affected import Reason
from mbuild.output.page.model import Excerpt, Page
from mbuild.output.page.render import render
from mbuild.output.page.timeline import timeline, turns
from mbuild.output.recording import Moment, StepTime
from mbuild.output.report import BaseInfo, ContextInfo, Done, HeadInfo, ImageReport, Report
from tests.output.page.pages import BASE, HEAD, image, large, read, small

HOSTILE = '</script></style><img src=x onerror=alert(1)> "\' onload="x" <!-- ]]> &lt; \u2028\x00\udcff'


def page_of(text: str) -> Page:
    """Return a page that says this in every place that holds text from outside."""
    where = Where(text, 2)
    why = tuple(
        Reason(kind, path=text, change="modified", parent=text, where=where)
        for kind in ("file-changed", "parent-affected", "definition-changed")
    )
    done = Done("failed", 1.0, text, text, text, (text,), (text,), (Problem(text, where, (text,)),), 5)
    context = ContextInfo(1, 2, text, False, 3, 4)
    more: dict[str, Any] = {"action": "build", "fingerprint": text, "tags": (text, text), "context": context}
    built = replace(done, status="built", error=None)
    images = (
        ImageReport(text, True, why, text, text, text, (), (text,), **more, done=done),
        ImageReport(f"{text}2", True, why, text, text, text, (text,), (text,), **more, done=built),
        ImageReport(f"{text}3", False, (), text, text, None, (), (), "none"),
    )
    base, head = BaseInfo(text, text, text), HeadInfo(text, text, True)
    report = Report("affected", base, head, images, ((text,),), (text,), (text,), builder=text, place=text, seconds=3.0)
    moments = (Moment(text, "begun", 0.0), Moment(text, "again", 1.0, error=text), Moment(text, "ended", 2.0))
    line = timeline(turns(moments, 2.0), {}, moments)
    steps = (StepTime(3.0, text, text),)
    excerpts = {text: Excerpt(text, 1, 2, (text, text))}
    return Page(report, text, text, line, steps, 1, excerpts, (Problem(text, where, (text,)),))


fragments = st.sampled_from(
    ["<", ">", "&", '"', "'", "</script>", "<!--", "-->", "]]>", "\u2028", "\udc80", "\x1b[1m", "&#60;"]
)
texts = st.lists(st.one_of(fragments, st.text(max_size=5)), min_size=1, max_size=6).map("".join)


@given(texts)
@example(HOSTILE)
@example("</style><script>alert(1)</script>")
def test_no_text_changes_what_the_page_is_made_of(text: str) -> None:
    line = text.replace("\n", " ") or "x"
    found, plain = read(render(page_of(line))), read(render(page_of("x")))
    assert found.problems() == []
    assert found.structure == plain.structure


def test_text_from_outside_is_shown() -> None:
    shown = "".join(read(render(page_of("<b>&lt;\udcff\x1b"))).texts)
    assert shown.count(r"<b>&lt;\xff\x1b") > 20


def test_nothing_is_loaded_and_only_the_own_scripts_run() -> None:
    source = render(small())
    assert not re.search(r"https?://|url\(|@import|//[a-z]", source.replace('"use strict";\n//', ""))
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', source)
    directives = dict(each.strip().split(" ", 1) for each in policy.replace("&#x27;", "'").split(";"))
    assert directives["default-src"] == "'none'"
    assert {"base-uri", "form-action"} <= directives.keys()
    scripts = re.findall(r"<script>(.*?)</script>", source, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", source, re.DOTALL)
    assert (len(scripts), len(styles)) == (2, 1)
    for kind, pieces in (("script-src", scripts), ("style-src", styles)):
        digests = {f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'" for each in pieces}
        assert set(directives[kind].split()) == digests


def test_a_run_is_told_as_it_was() -> None:
    found = read(render(small()))
    assert found.problems() == []
    text = " ".join("".join(found.texts).split())
    assert "base: main aaaaaaaaaaaa (the default branch)" in text
    assert "interrupted" in text
    assert "api/Dockerfile:2: it broke" in text
    assert "hint: mend it" in text
    assert "→ 2 RUN false" in text
    assert "The last 2 lines of its log:one two" in text
    assert "1. " not in text  # numbers of lists are the browser's
    assert "3.0 kB instead of 30.0 kB (10%)" in text
    assert "1 image that nothing happens to" in text
    assert "libs/web.py modified (Dockerfile:3)" in text
    assert "2 steps of 9" in text
    assert "Removed since the base: old" in text
    assert "docs/a.md" in text
    assert "3.0 s ↻ 1" in text


def test_names_that_an_image_did_not_get_are_not_shown() -> None:
    source = render(small())
    assert "shop/web:latest" in source
    assert not [each for each in ("api", "e2e", "worker") if f"shop/{each}:latest" in source]


def test_signs_say_what_colours_say() -> None:
    source = render(small())
    for sign, word in (("✓", "built"), ("✗", "failed"), ("–", "skipped"), ("■", "cancelled"), ("=", "reused")):
        assert f'<span aria-hidden="true">{sign}</span> {word}</span>' in source


def test_a_plan_without_a_past_and_a_run_without_anything_to_do() -> None:
    plan = Page(Report("affected", BASE, HEAD, (image("api"),), (("api",),)), "now", "0.1")
    assert "None of these images was built before" in render(plan)
    assert "plan: nothing was built" in render(plan)
    nothing = Page(Report("all", None, HEAD, ()), "now", "0.1")
    assert read(render(nothing)).problems() == []
    assert "There is nothing to do for any image." in render(nothing)
    assert "Nothing ran." in render(nothing)


def test_what_was_not_counted_is_said() -> None:
    page = small()
    assert "of 1,234 images more it was not counted" in render(replace(page, unmeasured=1234))
    assert "it was not counted" not in render(page)


@pytest.mark.unmeasured
def test_many_images_make_no_huge_page() -> None:
    source = render(large())
    found = read(source)
    assert found.problems() == []
    assert len(source) < 4_000_000
    shown = source.partition('id="timeline"')[2].partition('id="graph"')[0]
    assert "100 of 2,000 images: failures, then the critical path" in shown
    assert "svc-1234</a> <span" in shown  # what failed is on the timeline
    assert sum(1 for tag, _ in found.structure if tag == "tr") > 2000


def test_colours_and_lines_written_over_are_left_out_of_logs() -> None:
    done = Done("failed", 1.0, error="x", log=("\x1b[1;32mgreen\x1b[0m", "10 %\r100 %", "\x1b]0;title\x07a\tb", "\x1b"))
    page = Page(Report("all", None, HEAD, (image("api", None, done=done),)), "now", "0.1")
    text = "".join(read(render(page)).texts)
    assert "green\n100 %\na       b\n\\x1b\n" in text


def test_what_is_too_long_is_cut() -> None:
    done = Done("failed", 1.0, error="x" * 100_000, log=("y" * 100_000,) * 20)
    page = Page(Report("all", None, HEAD, (image("api", None, done=done),)), "now", "0.1")
    assert len(render(page)) < 120_000
