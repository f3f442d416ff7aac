"""What the record of a run says of images, and when it would not be complete."""

from __future__ import annotations

import pytest

from mbuild.app.record import Pulled, lacking
from mbuild.events import Event, Step
from mbuild.output.report import Done, HeadInfo, ImageReport, Made, Parent, Report

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("step", "reference", "digest"),
    [
        (f"[1/2] FROM docker.io/library/alpine:3.20@{DIGEST}", "alpine:3.20", DIGEST),
        (f"[build 1/9] FROM docker.io/library/alpine:latest@{DIGEST}", "alpine", DIGEST),
        (f"[1/1] FROM registry.example.com:5000/a/b:1@{DIGEST}", "registry.example.com:5000/a/b:1", DIGEST),
        (f"[1/2] FROM docker.io/library/alpine:3.20@{DIGEST}", "alpine:3.21", None),
        ("[1/2] FROM docker.io/library/alpine:3.20", "alpine:3.20", None),
        (f"[2/2] RUN echo FROM docker.io/library/alpine:3.20@{DIGEST}", "alpine:3.20", None),
        ("[1/2] COPY x /", f"alpine@{DIGEST}", DIGEST),
    ],
)
def test_what_an_external_image_was(step: str, reference: str, digest: str | None) -> None:
    told: list[Event] = []
    pulled = Pulled(told.append)
    event = Step("app", "1", step)
    pulled.take(event)
    assert told == [event]
    assert pulled.digest("app", reference) == digest
    assert pulled.digest("other", reference) == (digest if "@" in reference else None)


def report(done: Done | None, made: Made | None) -> Report:
    image = ImageReport("api", True, (), "api/Dockerfile", "api", None, ("base",), (), done=done, made=made)
    return Report("all", None, HeadInfo("HEAD", None, False), (image,))


def test_what_a_record_lacks() -> None:
    whole = Made(5, (Parent("base", None, DIGEST),))
    assert lacking(report(Done("built", 1.0, DIGEST), whole)) == []
    assert lacking(report(None, None)) == []
    found = lacking(report(Done("built", 1.0), Made(None, (Parent("base", None, None),))))
    assert [each.message for each in found] == [
        "the record is not complete: image 'api' has no size and no digest and no digest of its parent 'base'"
    ]
