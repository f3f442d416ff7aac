"""Images that are written by hand are what the library writes of the same values."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from mbuild.errors import Where
from mbuild.graph.affected import Reason
from mbuild.graph.images import Images, Summary, read, written
from mbuild.output.asjson import _image, as_json, listing, reason
from mbuild.output.encoded import Encoded
from mbuild.output.report import ContextInfo, HeadInfo, ImageReport, Report
from mbuild.values import replace

# Names of files may hold bytes that are no text, which are surrogates in Python.
texts = st.text(st.characters(), max_size=8) | st.sampled_from(
    ["a", '"', "\\", "\x00\n", "##", "\udcff", "é", "\U0001f600"]
)
tuples = st.lists(texts, max_size=3).map(tuple)
summaries = st.builds(Summary, texts, texts, st.none() | texts, tuples, tuples)
places = st.none() | st.builds(Where, texts, st.integers(0, 99), st.just(1))
reasons = st.builds(Reason, texts, st.none() | texts, st.none() | texts, st.none() | texts, places)


EMPTY = Report("affected", None, HeadInfo("HEAD", None, False), (), listing=True)


def expected(name: str, about: Summary, found: tuple[Reason, ...] | None) -> dict[str, Any]:
    return {
        "name": name,
        "affected": found is not None,
        "dockerfile": about.dockerfile,
        "context_root": about.context_root or ".",
        "target": about.target,
        "parents": list(about.parents),
        "platforms": list(about.platforms),
        "reasons": [reason(each) for each in found or ()],
    }


@given(
    st.dictionaries(texts, st.tuples(summaries, st.none() | st.lists(reasons, max_size=3).map(tuple)), max_size=4),
)
def test_lines_are_what_json_writes(found: dict[str, tuple[Summary, tuple[Reason, ...] | None]]) -> None:
    names = sorted(found)
    images = cast("Images", SimpleNamespace(names=names, written=lambda name: written(found[name][0])))
    affected = {name: each for name, (_, each) in found.items() if each is not None}
    assert listing(EMPTY, images, affected)["images"] == [json.dumps(expected(name, *found[name])) for name in names]


@given(st.lists(summaries.filter(lambda each: each.context_root != "."), min_size=1, max_size=4))
def test_what_is_written_is_read_again(found: list[Summary]) -> None:
    lines = [written(each) for each in found]
    assert [*read("\n".join(lines).encode())] == found
    assert [each for line in lines for each in read(line)] == found


reports = st.builds(
    ImageReport,
    texts,
    st.booleans(),
    st.lists(reasons, max_size=3).map(tuple),
    texts,
    texts.filter(bool),
    st.none() | texts,
    tuples,
    tuples,
    action=st.sampled_from([None, "none"]),
)


@given(st.lists(reports, max_size=3))
def test_images_that_a_plan_leaves_out_are_what_json_writes(found: list[ImageReport]) -> None:
    images = [replace(each, reasons=each.reasons if each.affected else ()) for each in found]
    said = as_json(replace(EMPTY, images=tuple(images)))["images"]
    assert all(type(each) is Encoded for each in said)
    assert said == [json.dumps(_image(each)) for each in images]


def test_images_of_a_plan_are_values() -> None:
    context = ContextInfo(1, 1, "sha256:0", exact=True)
    one = ImageReport("a", True, (), "Dockerfile", ".", None, (), (), "build", "0", (), context)
    left = replace(one, action="none", fingerprint=None, tags=None, context=None)
    value, text = as_json(replace(EMPTY, images=(one, left)))["images"]
    assert value["context"]["files"] == 1
    assert json.loads(text)["fingerprint"] is None
