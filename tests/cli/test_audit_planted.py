"""Bugs put into mbuild, one at a time, so that it overlooks a change: an audit finds each, and says where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.cli.test_audit import RANDOM, Shop, image, shop
from tests.oracle.soundness.planted import BUGS, Planted

__all__ = ["shop"]
pytestmark = [pytest.mark.engine, pytest.mark.no_cover]

IMAGES = """\
  base: {dockerfile: base/Dockerfile, context: base}
  triggers: {dockerfile: triggers/Dockerfile, context: triggers}
  child: {dockerfile: child/Dockerfile, context: child}
  parted: {dockerfile: parted/Dockerfile, context: parted}
  mounted: {dockerfile: mounted/Dockerfile, context: mounted}
  copied: {dockerfile: copied/Dockerfile, context: copied, args: {WHICH: a}}
  bound: {dockerfile: bound/Dockerfile, context: bound, contexts: {lib: ./lib}}
  grown: {dockerfile: grown/Dockerfile, context: grown}
  ignored: {dockerfile: ignored/Dockerfile, context: ignored}
"""
FILES = {
    "README": "r\n",
    "lib/l": "l PROJECT\n",
    "base/Dockerfile": "FROM scratch\nCOPY x /x\n",
    "base/x": "x PROJECT\n",
    "triggers/Dockerfile": "FROM scratch\nONBUILD COPY t /t\n",
    "triggers/f": "f PROJECT\n",
    "child/Dockerfile": "FROM PROJECT/base\nCOPY c /c\n",
    "child/c": "c PROJECT\n",
    "parted/Dockerfile": "FROM scratch\nCOPY --from=PROJECT/base:latest /x /from-base\n",
    "parted/f": "f PROJECT\n",
    "mounted/Dockerfile": f"FROM BASE\nRUN --mount=type=bind,source=m,target=/m cat /m >/copy; {RANDOM} >/random\n",
    "mounted/m": "m PROJECT\n",
    "copied/Dockerfile": "ARG DEFAULT=a\nFROM scratch\nARG DEFAULT\nCOPY it-${DEFAULT} /it\n"
    "ARG WHICH\nCOPY one two /both/\nADD added /added\nCOPY it-${WHICH} /which\n",
    **{f"copied/{name}": f"{name} PROJECT\n" for name in ("it-a", "it-b", "one", "two", "added")},
    "bound/Dockerfile": "FROM scratch\nCOPY --from=lib l /l\n",
    "bound/f": "f PROJECT\n",
    "grown/Dockerfile": "FROM PROJECT/triggers\n",
    "grown/t": "t PROJECT\n",
    "ignored/Dockerfile": "FROM scratch\nCOPY . /all\n",
    "ignored/Dockerfile.dockerignore": "*.md\n!kept.md\n",
    "ignored/kept.md": "kept PROJECT\n",
    "ignored/left.md": "left PROJECT\n",
}


@dataclass(frozen=True)
class Case:
    """A bug, an edit that it overlooks, and what is missed. signs: what is said of the first of them."""

    bug: str
    edit: Mapping[str, str]
    missed: frozenset[str]
    signs: tuple[str, ...] = field(default=())


def case(bug: str, edit: Mapping[str, str], missed: str, *signs: str) -> Case:
    return Case(bug, edit, frozenset(missed.split()), signs)


def edited(path: str, old: str, new: str) -> dict[str, str]:
    assert old in FILES[path]
    return {path: FILES[path].replace(old, new)}


WITHOUT_LINE = ("ONBUILD forgotten", "parents of FROM forgotten")
"""Then no step that is run anew is a line of the image's own Dockerfile."""
COMPARED = ("--head", "HEAD")
CASES = [
    case(
        "bind mounts forgotten",
        {"mounted/m": "other PROJECT\n"},
        "mounted",
        "differs: /copy: 16 bytes, sha256 ",
        "(RUN /bin/sh -c cat /m >/copy; ",
        "held not to matter: mounted/m (modified)",
    ),
    case("ADD forgotten", {"copied/added": "other PROJECT\n"}, "copied", "differs: /added: ", "(ADD added /added)"),
    case("all sources but the first forgotten", {"copied/two": "other PROJECT\n"}, "copied", "differs: /both/two: "),
    case("content ignored", {"child/c": "other PROJECT\n"}, "child", "(COPY c /c)"),
    case("parents of FROM forgotten", {"base/x": "other PROJECT\n"}, "child", "differs: /x: "),
    case("parents of COPY --from forgotten", {"base/x": "other PROJECT\n"}, "parted", "differs: /from-base: "),
    case("named folders forgotten", {"lib/l": "other PROJECT\n"}, "bound", "held not to matter: lib/l (modified)"),
    case("ONBUILD forgotten", {"grown/t": "other PROJECT\n"}, "grown", "differs: /t: "),
    case("global ARG forgotten", edited("copied/Dockerfile", "DEFAULT=a", "DEFAULT=b"), "copied", "differs: /it: "),
    case(
        "exceptions of ignore files forgotten",
        {"ignored/kept.md": "other PROJECT\n"},
        "ignored",
        "differs: /all/kept.md: ",
    ),
    case(
        "changed Dockerfiles not read again",
        edited("child/Dockerfile", "/c", "/d"),
        "child",
        "differs: /c: file → absent",
        "held not to matter: child/Dockerfile (modified)",
    ),
    case(
        "changed definitions not read again",
        {"build.yaml": IMAGES.replace("WHICH: a", "WHICH: b")},
        "copied",
        "differs: /which: ",
    ),
]


@pytest.mark.parametrize("planted", CASES, ids=lambda each: each.bug)
def test_an_overlooked_change_is_found(planted: Case, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MBUILD_CACHE", "off")
    shop.define(IMAGES, FILES)
    edit = dict(planted.edit)
    if "build.yaml" in edit:
        edit["build.yaml"] = f"version: 1\nproject: PROJECT\nimages:\n{edit['build.yaml']}"
    shop.commit({path: shop.filled(text) for path, text in edit.items()})

    whole = shop.mbuild("affected", *COMPARED, "--base", "HEAD~1", "--list", "--format", "json").affected()
    assert planted.missed <= whole, "what is to be overlooked has to be affected"
    bug = Planted(BUGS[planted.bug], monkeypatch)
    answer = shop.audit(*COMPARED, *sorted(whole), "--format", "json", base="HEAD~1")

    assert bug.calls
    assert answer.code == 1, answer
    missed = {each["name"] for each in answer.json["images"] if each["outcome"] == "miss"}
    assert planted.missed <= missed <= whole
    if planted.bug not in WITHOUT_LINE:
        (name,) = planted.missed
        assert any((step["where"] or "").startswith(f"{name}/Dockerfile:") for step in image(answer, name)["steps"])
    text = shop.audit(*COMPARED, *planted.missed, base="HEAD~1")
    assert text.code == 1
    assert all(sign in text.out for sign in planted.signs), text.out


def test_without_a_bug_nothing_is_found(shop: Shop) -> None:
    shop.define(IMAGES, FILES)
    shop.write({"README": "other PROJECT\n", "ignored/left.md": "other PROJECT\n", "base/y": "new\n", "lib/m": "new\n"})
    answer = shop.audit("--format", "json")
    assert answer.code == 0, answer
    assert {each["outcome"] for each in answer.json["images"]} == {"same"}
    assert answer.json["sampled"] == 9
    assert [each["path"] for each in image(answer, "child")["around"]] == ["base/y"]
