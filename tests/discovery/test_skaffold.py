"""Skaffold files: artifacts, what they require, what is reported."""

from __future__ import annotations

import pytest

from mbuild.errors import Remark
from tests.discovery.finding import SCRATCH, affected_by, find, images, notes, shown

HEAD = "apiVersion: skaffold/v4beta1\nkind: Config\n"


def test_artifacts_with_their_settings() -> None:
    files = {
        "skaffold.yaml": HEAD + "build:\n  platforms: [linux/arm64]\n  artifacts:\n"
        "  - image: gcr.io/acme/web\n    context: web\n"
        "    docker: {dockerfile: docker/Dockerfile.web, target: prod, buildArgs: {V: '1', N: 3.10}}\n"
        "  - image: gcr.io/acme/job\n    context: job\n    kaniko: {target: k}\n",
        "web/docker/Dockerfile.web": SCRATCH,
        "job/Dockerfile": SCRATCH,
    }
    assert {name: shown(each) for name, each in images(files).items()} == {
        "web": {
            "context": "web",
            "dockerfile": "web/docker/Dockerfile.web",
            "target": "prod",
            "args": {"V": "1", "N": "3.1"},
            "platforms": ["linux/arm64"],
        },
        "job": {"context": "job", "dockerfile": "job/Dockerfile", "target": "k", "platforms": ["linux/arm64"]},
    }


def test_requires_becomes_the_argument_that_skaffold_passes() -> None:
    files = {
        "skaffold.yaml": HEAD + "build:\n  artifacts:\n  - image: Acme_App\n    context: app\n"
        "    requires: [{image: acme/base_Image, alias: BASE}, {image: other}]\n"
        "  - {image: acme/base_image, context: base}\n",
        "app/Dockerfile": "ARG BASE\nFROM $BASE\n",
        "base/Dockerfile": SCRATCH,
    }
    assert shown(images(files)["acme_app"])["args"] == {"BASE": "acme/base_Image", "other": "other"}
    files["skaffold.yaml"] = files["skaffold.yaml"].replace("base_Image", "base_image")
    assert shown(images(files)["acme_app"])["args"] == {"BASE": "base_image", "other": "other"}


def test_artifacts_whose_images_end_in_one_name_are_two() -> None:
    files = {
        "skaffold.yaml": HEAD + "build:\n  artifacts:\n"
        "  - {image: eu.gcr.io/shop/api, context: a, docker: {buildArgs: {V: eu}}}\n"
        "  - {image: us.gcr.io/shop/api, context: a, docker: {buildArgs: {V: us}}}\n"
        "  - {image: app, context: b, requires: [{image: us.gcr.io/shop/api, alias: BASE}]}\n",
        "a/Dockerfile": SCRATCH,
        "b/Dockerfile": "ARG BASE\nFROM $BASE\n",
    }
    found = {name: shown(each)["args"] for name, each in images(files).items()}
    assert found == {"api": {"V": "eu"}, "us.gcr.io-shop-api": {"V": "us"}, "app": {"BASE": "us.gcr.io-shop-api"}}


def test_of_artifacts_of_one_name_the_nearest_is_required() -> None:
    one = HEAD + "build:\n  artifacts:\n  - {image: app, context: app, requires: [{image: base, alias: BASE}]}\n"
    base = HEAD + "build: {artifacts: [{image: base}]}\n"
    files = {
        **{f"{each}/skaffold.yaml": HEAD + "requires: [{path: ./app}, {path: ./base}]\n" for each in "xy"},
        **{f"{each}/app/skaffold.yaml": one.replace("context: app, ", "") for each in "xy"},
        **{f"{each}/base/skaffold.yaml": base for each in "xy"},
        **{f"{each}/{part}/Dockerfile": f"# {each}\n{SCRATCH}" for each in "xy" for part in ("app", "base")},
    }
    found = images(files)
    assert {name: shown(each).get("args") for name, each in found.items()} == {
        "x-app": {"BASE": "x-base"},
        "x-base": None,
        "y-app": {"BASE": "y-base"},
        "y-base": None,
    }


def test_required_files_of_other_names_are_read() -> None:
    files = {
        "skaffold.yaml": HEAD + "requires: [{path: deploy/images.yaml}, {path: ../x}, {git: {repo: y}}, {path: no}]\n",
        "deploy/images.yaml": HEAD + "build: {artifacts: [{image: a, context: ../a}]}\n",
        "a/Dockerfile": SCRATCH,
    }
    assert list(images(files)) == ["a"]
    assert notes(files) == [
        "skaffold.yaml:3: requires: another repository is not read",
        "skaffold.yaml:3: requires: there is no 'no'",
    ]


@pytest.mark.parametrize(
    ("artifact", "message"),
    [
        ("{image: a, jib: {}}", "artifact 'a' is left out: it is built by jib, not from a Dockerfile"),
        ("{image: a, context: ../a}", "artifact 'a' is left out: its context '../a' is not in this repository"),
        ("{image: a, context: no}", "artifact 'a' is left out: there is no folder 'no'"),
        ("{image: a, docker: {dockerfile: no}}", "artifact 'a' is left out: there is no Dockerfile 'no'"),
        ("{context: b}", "artifact '' is left out: it has no name of its own"),
    ],
)
def test_what_is_left_out_is_reported(artifact: str, message: str) -> None:
    files = {
        "skaffold.yaml": HEAD + f"build:\n  artifacts:\n  - {artifact}\n  - {{image: b, context: b}}\n",
        "b/Dockerfile": SCRATCH,
    }
    assert list(images(files)) == ["b"]
    assert notes(files) == [f"skaffold.yaml:5: {message}"]


def test_profiles_templates_and_the_environment_are_reported() -> None:
    files = {
        "skaffold.yaml": HEAD + "build:\n  artifacts:\n  - image: a\n    docker: {buildArgs: {A: '{{.B}}', C: null}}\n"
        "profiles:\n- {name: p, build: {artifacts: [{image: z}]}}\n- {name: q, deploy: {}}\n",
        "Dockerfile": SCRATCH,
    }
    assert notes(files) == [
        "skaffold.yaml:6: the argument 'A' is known only when skaffold runs, so it is left out",
        "skaffold.yaml:6: the argument 'C' takes its value from the caller's environment, so it is left out",
        "skaffold.yaml:8: the profile 'p' changes artifacts; profiles are not read",
    ]


@pytest.mark.parametrize(("one", "two"), [("'{{.B}}'", "'{{.C}}'"), ("null", "'{{.C}}'"), ("'{{.B}}'", "1")])
def test_a_change_of_an_argument_that_is_left_out_is_seen(one: str, two: str) -> None:
    said = "build:\n  artifacts:\n  - image: a\n    docker: {buildArgs: {A: %s}}\n"
    files = ({"skaffold.yaml": HEAD + said % each, "Dockerfile": SCRATCH} for each in (one, two))
    assert affected_by(*files) == {"a"}


def test_what_leaves_no_image_out_is_a_remark() -> None:
    files = {
        "skaffold.yaml": HEAD + "requires: [{git: {repo: x}}, {path: no}]\n"
        "build: {artifacts: [{image: a, docker: {buildArgs: {A: null}}}, {image: b, jib: {}}]}\n"
        "profiles: [{name: p, build: {artifacts: [{image: z}]}}]\n",
        "Dockerfile": SCRATCH,
    }
    plain = {each.message for each in find(files).problems if not isinstance(each, Remark)}
    assert plain == {
        "requires: there is no 'no'",
        "artifact 'b' is left out: it is built by jib, not from a Dockerfile",
    }


def test_broken_files_give_one_line() -> None:
    files = {
        "skaffold.yaml": "a: [\n",
        "sub/skaffold.yaml": HEAD + "build: {artifacts: [{image: b}]}\n",
        "sub/Dockerfile": SCRATCH,
    }
    assert list(images(files)) == ["b"]
    (said,) = notes(files)
    assert said.startswith("skaffold.yaml:2:1: not valid YAML")
