"""What Dockerfiles mean, as it is written for a fingerprint."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.dockerfile.model import (
    ExternalImage,
    FolderContext,
    Heredoc,
    Inherited,
    Operation,
    ParentImage,
    Recipe,
    StageRecipe,
)
from mbuild.errors import Where
from mbuild.graph.fingerprint import encode, operation, recipe

WHERE = Where("Dockerfile", 1)
PLAIN = Operation("COPY", ("a", "b"), (("link", "true"), ("chown", "1")), False, (), WHERE)
OPERATIONS = [
    PLAIN,
    replace(PLAIN, args=(), flags=()),
    replace(PLAIN, args=("ä", "b\udcff")),
    replace(PLAIN, flags=(("chown", "ü"),)),
    replace(PLAIN, json=True, from_onbuild=True),
    replace(PLAIN, heredocs=(Heredoc("EOF", "text\n"),)),
]


def stage(*operations: Operation) -> StageRecipe:
    return StageRecipe("", 0, None, "", "linux/amd64", operations, tuple(() for _ in operations), WHERE)


def of(*stages: StageRecipe) -> bytes:
    return encode(recipe(Recipe(stages, (), (), Inherited(), None)))


@pytest.mark.parametrize("each", OPERATIONS)
def test_an_operation_is_written_as_the_encoding_has_it(each: Operation) -> None:
    assert of(stage(each)) == encode((None, ((None, "linux/amd64", (operation(each),), ((),)),)))


words = st.text(st.characters(codec="utf-8") | st.sampled_from("a\udc80 :;l1s"), max_size=4)


@given(words, st.lists(words), st.lists(st.tuples(words, words)), st.booleans(), st.booleans())
def test_whatever_is_in_it(
    keyword: str, args: list[str], flags: list[tuple[str, str]], json: bool, from_onbuild: bool
) -> None:
    each = Operation(keyword, tuple(args), tuple(flags), json, (), WHERE, from_onbuild)
    assert of(stage(each)) == encode((None, ((None, "linux/amd64", (operation(each),), ((),)),)))


@pytest.mark.parametrize("documents", [(), (Heredoc("EOF", "text\n"),)])
def test_the_order_of_flags_counts_among_those_of_one_name(documents: tuple[Heredoc, ...]) -> None:
    one, two, link = ("mount", "source=a,target=/m"), ("mount", "source=b,target=/m"), ("link", "true")
    each = replace(PLAIN, heredocs=documents)
    first, moved, other = (of(stage(replace(each, flags=f))) for f in ((one, two, link), (link, one, two), (two, one)))
    assert first == moved
    assert of(stage(replace(each, flags=(one, two)))) != other


def test_sources_are_written_by_what_they_stand_for() -> None:
    sources = ((("x", 3),), (("a", ParentImage("p")), ("b", FolderContext("f"))), (("c", ExternalImage("e")),))
    found = replace(stage(PLAIN, PLAIN, PLAIN), base=ParentImage("p"), sources=sources)
    written = (
        ((None, 3),),
        (("a", ("parent", "p")), ("b", ("folder", "f"))),
        (("c", ("external", "e")),),
    )
    operations = (operation(PLAIN),) * 3
    assert of(found) == encode((None, ((("parent", "p"), "linux/amd64", operations, written),)))


def test_what_is_encoded_stays_as_it_is() -> None:
    assert encode(encode("a")) == b"s1:a"
    assert encode((encode("a"), (), None, 7)) == encode(("a", (), None, 7)) == b"l4:s1:al0:n;i7;"
