"""Stages that are part of no image: which are said, and when the last one is an image of its own."""

from __future__ import annotations

import pytest

from tests.discovery.finding import SCRATCH, find, images, notes

HINT = "to make one an image, name it as the target of one in build.yaml, or in a compose or bake file"

LEFT = {
    "nothing else": ("FROM scratch AS a\n", ""),
    "used by name": ("FROM scratch AS a\nFROM a AS b\nFROM b\n", ""),
    "copied from": ("FROM scratch AS A\nFROM scratch AS b\nFROM scratch\nCOPY --from=a / /\nCOPY --from=1 / /\n", ""),
    "mounted": ("FROM scratch AS a\nFROM scratch\nRUN --mount=type=bind,from=a,target=/a true\n", ""),
    "copied from in a trigger": ("FROM scratch AS a\nFROM scratch\nONBUILD COPY --from=a / /\n", ""),
    "without a name": ("FROM scratch\nFROM scratch\n", ""),
    "by a variable": ("ARG V=1\nFROM scratch AS v-1\nFROM scratch AS v-2\nFROM v-${V} AS b\nFROM b\n", ""),
    "one": ("FROM scratch AS a\nFROM scratch\n", "a/Dockerfile:1:1: stage a is part of no image"),
    "of two chains": (
        "FROM scratch AS a\nFROM a AS Nightly\nFROM a AS release\nFROM a\n",
        "a/Dockerfile:2:1: stages nightly, release are part of no image",
    ),
    "its own base": ("FROM alpine AS alpine\nFROM scratch\n", "a/Dockerfile:1:1: stage alpine is part of no image"),
    "another base": ("ARG V=1\nFROM scratch AS v-1\nFROM base-$V\n", "a/Dockerfile:2:1: stage v-1 is part of no image"),
    "many": (
        "".join(f"FROM scratch AS s{each}\n" for each in range(12)) + SCRATCH,
        "a/Dockerfile:1:1: stages s0, s1, s2, s3, s4, s5, s6, s7, s8, s9 and 2 more are part of no image",
    ),
    "in another language": ("# syntax=acme/frontend\nFROM scratch AS\nFROM scratch AS b\nFROM scratch\n", ""),
}


@pytest.mark.parametrize("name", LEFT)
def test_stages_that_nothing_needs_and_that_are_no_target_are_said(name: str) -> None:
    text, said = LEFT[name]
    found = find({"a/Dockerfile": text})
    assert [str(each) for each in found.problems] == ([said] if said else [])
    assert all(each.hints == (HINT,) for each in found.problems)


STAGES = "FROM scratch AS base\nFROM base AS dev\nFROM base AS Test\nFROM base AS final\n"
STATED = {
    "another stage": ("{a: {build: {context: a, target: dev}}}", {"a": "dev", "a-final": None}, "test"),
    "two others": ("{a: {build: {context: a, target: dev}}, t: {build: {context: a, target: TEST}}}", None, ""),
    "the last": ("{a: {build: {context: a, target: FINAL}}}", {"a": "FINAL"}, "dev, test"),
    "the last as well": (
        "{a: {build: {context: a, target: dev}}, b: {build: {context: a, target: final}}}",
        {"a": "dev", "b": "final"},
        "test",
    ),
    "no target": ("{a: {build: {context: a, target: dev}}, b: {build: a}}", {"a": "dev", "b": None}, "test"),
}


@pytest.mark.parametrize("name", STATED)
def test_the_last_stage_is_an_image_where_only_others_are_stated(name: str) -> None:
    """A compose file for developers says ``target: dev``; who releases builds the same folder without it."""
    services, expected, left = STATED[name]
    expected = expected or {"a": "dev", "a-final": None, "t": "TEST"}
    files = {"compose.yaml": f"services: {services}\n", "a/Dockerfile": STAGES}
    assert {name: each.build.target for name, each in images(files).items()} == expected
    what = f"stages {left} are" if ", " in left else f"stage {left} is"
    assert [each.partition(": ")[2] for each in notes(files)] == ([f"{what} part of no image"] if left else [])


def test_the_last_stage_is_made_from_what_the_others_are() -> None:
    build = "{context: ., dockerfile: a/Dockerfile, target: dev, args: {V: '1'}, tags: [acme/a:dev]}"
    files = {"compose.yaml": f"services: {{a: {{build: {build}, image: acme/a}}}}\n"}
    found = images(files | {"a/Dockerfile": "ARG V\nFROM base:$V AS dev\nFROM base:$V\n"})
    last = found["a-last"].build
    assert (last.context, last.args, last.published) == ("", (("V", "1"),), ())
    assert found["a-last"].guesses == ("what is built without a target: nothing states it",)


@pytest.mark.parametrize(
    ("folder", "text"),
    [
        ("tests", "FROM scratch AS dev\nFROM scratch\n"),
        ("vendor/a", "FROM scratch AS dev\nFROM scratch\n"),
        ("a", "FROM scratch\nCOPY --from=dev / /\nFROM scratch AS other\nFROM scratch AS dev\n"),
        ("a", "FROM scratch AS b\nCOPY --from=end / /\nFROM b AS dev\nFROM scratch AS end\n"),
        ("a", "FROM scratch AS dev\nCOPPY\nFROM scratch\n"),
        ("a", "FROM scratch AS dev\nFROM dev AS dev-envs\n"),
    ],
    ids=["a helper", "other people's", "the target", "the target needs it", "it cannot be read", "for developers"],
)
def test_the_last_stage_is_no_image_where_it_helps_or_is_part_of_one(folder: str, text: str) -> None:
    services = f"services: {{a: {{build: {{context: {folder}, target: dev}}}}, b: {{build: b}}}}\n"
    files = {"compose.yaml": services, f"{folder}/Dockerfile": text, "b/Dockerfile": SCRATCH}
    assert sorted(images(files)) == ["a", "b"]
