"""Which references are images, and what BuildKit's progress says of them."""

from __future__ import annotations

import pytest

from mbuild.builders import bases

D1, D2 = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("alpine", "docker.io/library/alpine:latest"),
        ("docker-image://alpine:3.20", "docker.io/library/alpine:3.20"),
        (f"127.0.0.1:5000/a/b:1@{D1}", "127.0.0.1:5000/a/b:1"),
        (f"alpine@{D1}", "docker.io/library/alpine:latest"),
    ],
)
def test_images_are_looked_up_by_their_full_name(text: str, key: str) -> None:
    assert bases.key(text) == key
    assert bases.only_images([text]) == (text,)
    assert bases.pinned(text) == (D1 if D1 in text else "")


@pytest.mark.parametrize(
    "text", ["https://example.com/a.tar", "git@example.com:a/b.git", "github.com/a/b", f"oci-layout:///x@{D1}", "a b"]
)
def test_what_is_no_image_is_left_out(text: str) -> None:
    assert bases.only_images([text]) == ()
    assert bases.key(text) == text
    assert bases.pinned(text) == ""


def test_progress_names_what_buildkit_resolved() -> None:
    vertexes = [
        f"[x 1/2] FROM 127.0.0.1:5000/lib/base:1@{D1}",
        f"FROM docker.io/library/alpine:3.20@{D2}",
        f"FROM docker.io/library/alpine:3.20@{D1}",
        "[1/2] FROM docker.io/library/local:1",
        f"[2/2] RUN echo FROM evil:1@{D2}",
        f"[2/2] RUN [x 1/1] FROM evil:1@{D2}",
    ]
    statuses = [f"resolve docker.io/library/other:1@{D1}", "resolve docker.io/library/none:1", f"resolve a b@{D1}"]
    assert bases.told(vertexes, statuses) == {
        "127.0.0.1:5000/lib/base:1": D1,
        "docker.io/library/alpine:3.20": D2,
        "docker.io/library/other:1": D1,
    }


def test_a_reference_that_names_its_build_needs_nobody_to_say_so() -> None:
    found = {"docker.io/library/alpine:3.20": D2}
    wanted = ["alpine:3.20", f"alpine@{D1}", "busybox"]
    assert bases.used(wanted, found) == {"alpine:3.20": D2, f"alpine@{D1}": D1, "busybox": None}
