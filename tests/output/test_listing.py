"""The images of a listing, written by hand, are what the library writes of the same values."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from mbuild.errors import Where
from mbuild.graph.affected import Reason
from mbuild.graph.images import Images, Summary
from mbuild.output import report
from mbuild.output.listing import lines

# Names of files may hold bytes that are no text, which are surrogates in Python.
texts = st.text(st.characters(), max_size=8) | st.sampled_from(
    ["a", '"', "\\", "\x00\n", "##", "\udcff", "é", "\U0001f600"]
)
tuples = st.lists(texts, max_size=3).map(tuple)
summaries = st.builds(Summary, texts, texts, st.none() | texts, tuples, tuples)
places = st.none() | st.builds(Where, texts, st.integers(0, 99), st.just(1))
reasons = st.builds(Reason, texts, st.none() | texts, st.none() | texts, st.none() | texts, places)


def expected(name: str, about: Summary, found: tuple[Reason, ...] | None) -> dict[str, Any]:
    return {
        "name": name,
        "affected": found is not None,
        "dockerfile": about.dockerfile,
        "context_root": about.context_root or ".",
        "target": about.target,
        "parents": list(about.parents),
        "platforms": list(about.platforms),
        "reasons": [report.reason(each) for each in found or ()],
    }


@given(
    st.dictionaries(texts, st.tuples(summaries, st.none() | st.lists(reasons, max_size=3).map(tuple)), max_size=4),
)
def test_lines_are_what_json_writes(found: dict[str, tuple[Summary, tuple[Reason, ...] | None]]) -> None:
    names = sorted(found)
    images = cast("Images", SimpleNamespace(names=names, summaries={name: about for name, (about, _) in found.items()}))
    affected = {name: each for name, (_, each) in found.items() if each is not None}
    assert lines(images, affected) == [json.dumps(expected(name, *found[name])) for name in names]
