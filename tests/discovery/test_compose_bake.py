"""``x-bake`` of compose files: what bake takes of it is the image, and so is what compose makes without it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.discovery.finding import SCRATCH, images, notes, shown

STAGES = "FROM scratch AS n\nCOPY y /\nFROM scratch\nCOPY --from=n x /\n"
ELSEWHERE = "FROM scratch\nCOPY --from={} x /\n"


def _files(baked: object, dockerfile: str = SCRATCH, more: Mapping[str, object] | None = None) -> dict[str, str]:
    services = {"a": {"build": {"context": "./a", "x-bake": baked, **(more or {})}}, "b.c": {"build": "./b"}}
    files = {"compose.yaml": json.dumps({"services": services}), "a/Dockerfile": dockerfile, "b/Dockerfile": SCRATCH}
    return files | {"a/x": "", "a/y": "", "n/x": "", "m/x": ""}


def test_what_bake_takes_of_it_counts() -> None:
    said = {
        "contexts": {"n": "./n", "s": "target:b_c", "t": "service:b.c", "e": "docker-image://alpine"},
        "platforms": ["linux/amd64", "linux/arm64"],
        "tags": "acme/a:1",
        "secret": ["id=k,src=key"],
        "ssh": ["default"],
        "cache-from": ["type=local,src=c"],
        "cache-to": "type=local,dest=c",
        "args": {"A": "1"},
        "target": "t",
        "context": "./m",
    }
    found = images({f"sub/{name}": text for name, text in _files(said).items()})["a"]
    assert shown(found) == {
        "context": "sub/a",
        "dockerfile": "sub/a/Dockerfile",
        "contexts": {"e": "docker-image://alpine", "n": "./sub/n", "s": "image:b.c", "t": "image:b.c"},
        "platforms": ["linux/amd64", "linux/arm64"],
        "aliases": ["acme/a"],
    }
    build = found.build
    assert [(each.id, each.file) for each in build.secrets] == [("k", "sub/key")]
    assert (build.ssh, build.cache_from, build.cache_to) == (
        ("default",),
        ("type=local,src=sub/c",),
        ("type=local,dest=sub/c",),
    )


def test_its_contexts_may_be_targets_of_the_bake_file_beside_it() -> None:
    files = _files({"contexts": {"n": "target:base"}}, ELSEWHERE.format("n"))
    files["docker-bake.json"] = json.dumps({"target": {"base": {"context": "n"}}})
    files["other/docker-bake.json"] = json.dumps({"target": {"base": {"context": "m"}}})
    found = images(files | {"n/Dockerfile": SCRATCH, "other/m/Dockerfile": SCRATCH}, None)
    assert found["base"].build.context == "n"
    assert dict(found["a"].contexts) == {"n": "image:base"}


def test_it_adds_to_what_compose_says() -> None:
    said = {"contexts": {"n": "./m", "m": "./m"}, "platforms": ["linux/arm64"], "tags": ["acme/x"]}
    more = {"additional_contexts": {"n": "./n"}, "platforms": ["linux/amd64"], "tags": ["acme/y"]}
    found = shown(images(_files(said, more=more))["a"])
    assert found["contexts"] == {"m": "./m", "n": "./n"}
    assert found["platforms"] == ["linux/amd64", "linux/arm64"]
    assert found["aliases"] == ["acme/y", "acme/x"]


@pytest.mark.parametrize(
    ("name", "context", "dockerfile", "also_compose"),
    [
        ("n", "./n", STAGES, True),
        ("n", "./n", "FROM scratch\n", True),
        ("n", "./n", ELSEWHERE.format("n"), False),
        ("n", "./n", ELSEWHERE.format("n:latest"), False),
        ("n", "target:b_c", ELSEWHERE.format("n"), False),
        ("acme/n", "target:b_c", ELSEWHERE.format("acme/n"), False),
        ("acme/n", "./n", ELSEWHERE.format("acme/n"), True),
    ],
)
def test_what_compose_makes_without_its_contexts_is_an_image_too(
    name: str, context: str, dockerfile: str, also_compose: bool
) -> None:
    """Unless it cannot be built without: the name of the context is made up, and nothing else is called so."""
    files = _files({"contexts": {name: context}, "tags": ["acme/a:1"]}, dockerfile)
    found = images(files)
    assert list(found) == ["a", *(["a-compose"] if also_compose else []), "b.c"]
    assert list(dict(found["a"].contexts)) == [name]
    assert found["a"].aliases == ("acme/a",)
    if also_compose:
        assert shown(found["a-compose"]) == {"context": "a", "dockerfile": "a/Dockerfile"}
    assert notes(files) == []


def test_without_contexts_compose_makes_no_other_image() -> None:
    assert list(images(_files({"platforms": ["linux/arm64"], "tags": ["acme/a"]}))) == ["a", "b.c"]


def test_several_files_add_to_it() -> None:
    """As compose-go ``override/merge.go`` has it now; older ones replace it. More is read than either does."""
    files = _files({"contexts": {"n": "./n", "m": "./m"}, "tags": ["acme/a:1"]})
    above = {"contexts": {"n": "./b"}, "tags": ["other/a:2"]}
    files["compose.override.yaml"] = json.dumps({"services": {"a": {"build": {"x-bake": above}}}})
    found = images(files)["a"]
    assert dict(found.contexts) == {"m": "./m", "n": "./b"}
    assert found.aliases == ("acme/a", "other/a")


@pytest.mark.parametrize(
    ("baked", "message"),
    [
        ({"contexts": {"n": "${"}}, "compose.yaml:1: service 'a' cannot be read: "),
        ({"contexts": {"n": "../../n"}}, "compose.yaml:1: a context of target 'a' is left out: '../../n' is not in"),
        ({"contexts": {"n": "target:nope"}}, "compose.yaml:1: the context 'n' is left out: 'nope' is no image here"),
    ],
)
def test_what_is_wrong_in_it_is_said(baked: object, message: str) -> None:
    (said,) = notes(_files(baked))
    assert said.startswith(message)


@pytest.mark.parametrize("baked", [None, [], "x", {"contexts": ["n"], "tags": [{"a": 1}], "platforms": None}])
def test_what_cannot_be_meant_is_passed_over(baked: object) -> None:
    assert shown(images(_files(baked))["a"]) == {"context": "a", "dockerfile": "a/Dockerfile"}
