"""The record of a release, for what deploys it."""

from __future__ import annotations

import subprocess

import pytest
import yaml

from mbuild.errors import UsageError
from mbuild.output.deploy import FORMATS, Deployed, deployed
from mbuild.output.report import Done, HeadInfo, ImageReport, Report

DIGEST = f"sha256:{'a' * 64}"
IMAGES = (
    Deployed("api", "r.example.com:5000/shop/api", "mb-1", DIGEST),
    Deployed("tools/lint", "shop/tools/lint", "mb-2"),
)


def image(name: str, tags: tuple[str, ...] | None, done: Done | None = None) -> ImageReport:
    return ImageReport(name, True, (), "Dockerfile", ".", None, (), (), action="build", tags=tags, done=done)


def report(*images: ImageReport) -> Report:
    return Report("all", None, HeadInfo("work tree", None, False), images)


def test_what_was_read_back_is_named_by_its_digest() -> None:
    pushed = Done("reused", 1.0, "sha256:id", DIGEST, None, ("r/a:mb-1", "r/a:v1"))
    built = Done("built", 1.0, "sha256:id", f"sha256:{'b' * 64}")
    found = deployed(report(image("a", ("r/a:mb-1", "r/a:v1"), pushed), image("b", ("r:5/b:mb-2",), built)))
    assert found == (Deployed("a", "r/a", "mb-1", DIGEST), Deployed("b", "r:5/b", "mb-2"))
    assert [each.reference for each in found] == [f"r/a@{DIGEST}", "r:5/b:mb-2"]


def test_a_record_that_would_lack_an_image_is_refused() -> None:
    with pytest.raises(UsageError, match="knows nothing of b"):
        deployed(report(image("a", ("r/a:mb-1",)), image("b", None)))


def test_variables() -> None:
    text = FORMATS["env"](IMAGES)
    assert text == f"API_IMAGE=r.example.com:5000/shop/api@{DIGEST}\nTOOLS_LINT_IMAGE=shop/tools/lint:mb-2\n"
    done = subprocess.run(["sh", "-ec", f"{text}\necho $TOOLS_LINT_IMAGE"], capture_output=True, text=True)
    assert done.stdout == "shop/tools/lint:mb-2\n"
    assert FORMATS["env"]((Deployed("7zip", "x", "t"),)) == "_7ZIP_IMAGE=x:t\n"


@pytest.mark.parametrize(("name", "called"), [("env", "A_B_IMAGE"), ("compose", "a-b")])
def test_two_images_that_another_program_would_call_the_same_are_refused(name: str, called: str) -> None:
    with pytest.raises(UsageError, match=f"'a-b' and 'a/b' would both be {called}"):
        FORMATS[name]((Deployed("a-b", "x", "t"), Deployed("a/b", "y", "t")))


def test_files() -> None:
    assert yaml.safe_load(FORMATS["compose"](IMAGES)) == {
        "services": {"api": {"image": IMAGES[0].reference}, "tools-lint": {"image": "shop/tools/lint:mb-2"}}
    }
    assert yaml.safe_load(FORMATS["kustomize"](IMAGES)) == {
        "images": [
            {"name": "r.example.com:5000/shop/api", "digest": DIGEST},
            {"name": "shop/tools/lint", "newTag": "mb-2"},
        ]
    }
    assert yaml.safe_load(FORMATS["helm"](IMAGES)) == {
        "images": {
            "api": {"repository": "r.example.com:5000/shop/api", "tag": "mb-1", "digest": DIGEST},
            "tools/lint": {"repository": "shop/tools/lint", "tag": "mb-2"},
        }
    }
