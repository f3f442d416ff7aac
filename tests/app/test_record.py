"""What the record of a run says of images, and when it would not be complete."""

from __future__ import annotations

from mbuild.app.record import lacking
from mbuild.output.report import Done, External, HeadInfo, ImageReport, Made, Parent, Report

DIGEST = "sha256:" + "a" * 64


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


def test_an_external_image_nobody_took_note_of() -> None:
    external = (External("alpine:3.20", None), External("busybox", DIGEST))
    (found,) = lacking(report(Done("reused", 0.0, DIGEST), Made(5, (), external)))
    assert found.message == (
        "the record is not complete: image 'api' has no digest of the alpine:3.20 it was built with"
    )
    assert found.hints == ("pin it by digest, as in alpine:3.20@sha256:…", "or build it again: --force")
