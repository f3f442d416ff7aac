from __future__ import annotations

import pytest

from mbuild.audit.steps import is_step, line_of, looked_up
from mbuild.dockerfile.evaluate import evaluate
from mbuild.dockerfile.model import ExternalImage, Platform, Recipe
from mbuild.dockerfile.parser import parse

TEXT = """\
FROM shell AS build
WORKDIR /w
COPY a b /w/
RUN make \\
    all
FROM scratch
ENV A=b
COPY --from=build /w/x /x
COPY y /y
"""


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    parsed = parse(TEXT.encode(), "api/Dockerfile")
    return evaluate(
        parsed,
        target=None,
        args={},
        platform=Platform(),
        build_platform=Platform(),
        resolve=lambda reference: ExternalImage(reference.name),
        resolve_stage=lambda *_: None,
    )


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("[build 1/4] FROM docker.io/library/shell@sha256:0", 1),
        ("[build 2/4] WORKDIR /w", 2),
        ("[build 3/4] COPY a b /w/", 3),
        ("[build 4/4] RUN make     all", 4),
        # A named context stands for the image: the first number is then an instruction's.
        ("[build 1/4] WORKDIR /w", 2),
        ("[build 2/4] COPY a b /w/", 3),
        ("[stage-1 1/2] COPY --from=build /w/x /x", 8),
        ("[stage-1 2/2] COPY y /y", 9),
        ("[stage-1 2/2] COPY other /other", 0),
        ("[stage-1 2/5] COPY y /y", 0),
        ("[other 2/2] COPY y /y", 0),
        ("[2/2] COPY y /y", 0),
        ("[internal] load build definition from Dockerfile", 0),
        ("exporting to image", 0),
    ],
)
def test_lines(name: str, line: int, recipe: Recipe) -> None:
    found = line_of(name, recipe)
    assert (found.line if found else 0) == line
    assert found is None or found.file == "api/Dockerfile"


def test_steps_and_what_is_looked_up() -> None:
    names = [
        "[internal] load metadata for docker.io/shop/base:latest",
        "[context certs::linux/amd64] load metadata for docker.io/library/alpine:3",
        "[1/2] FROM docker.io/shop/base:latest",
        "[internal] load metadata for docker.io/shop/base:latest",
    ]
    assert looked_up(names) == (("", "docker.io/shop/base:latest"), ("certs", "docker.io/library/alpine:3"))
    assert [is_step(each) for each in names] == [False, False, True, False]
