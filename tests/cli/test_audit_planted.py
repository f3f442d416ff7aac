"""Bugs put into mbuild, one at a time, so that it overlooks a change: an audit finds each, and says where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.test_audit import RANDOM, Shop, image, shop
from tests.oracle.soundness.planted import BUGS, Bug, Planted, _returning

__all__ = ["shop"]

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
    "mounted/Dockerfile": "FROM BASE\n"
    f"RUN --network=none --mount=type=bind,source=m,target=/m cat /m >/copy; {RANDOM} >/random\n",
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


@pytest.mark.engine
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


@pytest.mark.engine
def test_without_a_bug_nothing_is_found(shop: Shop) -> None:
    shop.define(IMAGES, FILES)
    shop.write({"README": "other PROJECT\n", "ignored/left.md": "other PROJECT\n", "base/y": "new\n", "lib/m": "new\n"})
    answer = shop.audit("--format", "json")
    assert answer.code == 0, answer
    assert {each["outcome"] for each in answer.json["images"]} == {"same"}
    assert answer.json["sampled"] == 9
    assert [each["path"] for each in image(answer, "child")["around"]] == ["base/y"]


BLIND = Bug("mbuild.graph.affected", "_Comparison._reasons", _returning(()))
"""Nothing is ever affected."""
ONE = "  one: {dockerfile: one/Dockerfile}\n"


@pytest.mark.engine
def test_other_conversions_of_git(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MBUILD_CACHE", "off")
    shop.define(ONE, {"one/Dockerfile": "FROM scratch\nCOPY x y.md /\n", "one/x": "a\nb\n", "one/y.md": "a\n"})
    shop.commit({"one/.gitattributes": "x eol=crlf\n"})
    Planted(BLIND, monkeypatch)
    answer = shop.audit(*COMPARED, base="HEAD~1")
    assert answer.code == 1, answer
    assert "differs: /x: 4 bytes" in answer.out
    assert "/y.md" not in answer.out


class TestWhenNothingIsReported:
    """With the embedded builder, as nothing has to be run."""

    @pytest.fixture
    def blind(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
        monkeypatch.setenv("MBUILD_CACHE", "off")
        monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        Planted(BLIND, monkeypatch)
        found = Shop(tmp_path / "repo")
        found.project = "shop"
        return found.define(ONE, {"one/Dockerfile": "FROM scratch\nCOPY x /x\n", "one/x": "x"})

    def said(self, blind: Shop, *signs: str, code: int = 1) -> None:
        answer = blind.audit()
        assert (answer.code, [sign for sign in signs if sign not in answer.out]) == (code, []), answer

    def test_a_file(self, blind: Shop) -> None:
        blind.write({"one/x": "other"})
        self.said(
            blind, "miss  one: head's image is another one than the base's", "differs: /x: 1 bytes", "(COPY x /x)"
        )
        answer = blind.audit()
        assert "error: said to be not affected, and not the same: one\nhint: this is a bug in mbuild" in answer.err
        assert "1 miss among 1 decided\nwrong skips: 1 of 1\nrecall: 0 %\n" in answer.out

    def test_a_setting(self, blind: Shop) -> None:
        blind.write({"one/Dockerfile": "FROM scratch\nCOPY x /x\nENV A=b\n"})
        self.said(blind, "differs: setting Env: ")

    def test_a_mode(self, blind: Shop) -> None:
        (blind.folder / "one" / "x").chmod(0o755)
        self.said(blind, "differs: /x: mode 0644 → mode 0755", "held not to matter: one/x (mode)")

    def test_a_file_that_is_gone(self, blind: Shop) -> None:
        (blind.folder / "one" / "x").unlink()
        self.said(blind, "miss  one: it builds at the base and fails at head: ")

    def test_a_file_that_was_not_there(self, blind: Shop) -> None:
        blind.commit({"one/Dockerfile": "FROM scratch\nCOPY y /y\n"})
        blind.write({"one/y": "y"})
        self.said(blind, "miss  one: it fails at the base and builds at head: ")

    def test_a_new_image(self, blind: Shop) -> None:
        blind.write({"build.yaml": (blind.folder / "build.yaml").read_text() + ONE.replace("one:", "two:")})
        self.said(blind, "miss  two: there is no such image at the base\n", "  same  one\n")

    def test_an_image_that_could_not_be_read(self, blind: Shop) -> None:
        blind.commit({"one/Dockerfile": "FROM scratch\nCOPYY x /x\n"})
        blind.write({"one/Dockerfile": "FROM scratch\nCOPY x /x\n"})
        self.said(blind, "undecided  one: there is no such image at the base: one/Dockerfile:2", code=4)

    def test_other_platforms(self, blind: Shop) -> None:
        text = (blind.folder / "build.yaml").read_text()
        blind.write({"build.yaml": text.replace("Dockerfile}", "Dockerfile, platforms: [linux/arm64]}")})
        self.said(blind, "miss  one: its platforms were this machine's and are linux/arm64")

    def test_each_platform_is_built(self, blind: Shop) -> None:
        text = (blind.folder / "build.yaml").read_text()
        files = {
            "build.yaml": text.replace("Dockerfile}", "Dockerfile, platforms: [linux/amd64, linux/arm64]}"),
            "one/Dockerfile": "FROM scratch\nARG TARGETARCH\nCOPY x-$TARGETARCH /x\n",
            "one/x-amd64": "x",
            "one/x-arm64": "x",
        }
        blind.commit(files)
        blind.write({"one/x-arm64": "other"})
        self.said(blind, "differs: /x: ")

    def test_with_two_bases_each_is_compared_with(self, blind: Shop) -> None:
        """A criss-cross merge has two merge bases; head is as one of them, and not as the other."""
        blind.git("checkout", "-q", "-b", "other")
        two = blind.commit({"one/x": "two"})
        blind.git("checkout", "-q", "main")
        one = blind.commit({"README": "one"})
        blind.git("merge", "-q", "-m", "merge", two)
        blind.git("checkout", "-q", "other")
        blind.git("merge", "-q", "-m", "merge", one)
        blind.commit({"README": "other"})
        answer = blind.audit(base="main")
        assert answer.code == 1, answer
        assert "miss  one" in answer.out
