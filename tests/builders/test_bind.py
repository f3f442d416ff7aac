"""Binding parents by content tag in the copy of a Dockerfile, and hiding that copy in a tar."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mbuild.app.requests import Naming, request
from mbuild.app.workspace import Snapshot
from mbuild.builders import advice
from mbuild.builders.bind import bind_parents, pack
from mbuild.builders.dockerapi import beyond_classic
from mbuild.builders.protocol import BuildRequest
from mbuild.builders.sending import dockerfile_in_tar, hidden_name
from mbuild.images import ImageDef, Secret
from mbuild.tree import Entry
from tests.graph.test_affected import Files, graph, image
from tests.trees import MemoryTree


def asked(files: Files, *images: ImageDef) -> BuildRequest:
    found = graph(files, *images)
    snapshot = Snapshot(MemoryTree(files), found, None)  # type: ignore[arg-type]
    return request(snapshot, found.nodes["a"], Naming(), epoch=0)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("FROM shop/base\n", "FROM TAG\n"),
        ("from --platform=linux/amd64  shop/base:1  as x\n", "from --platform=linux/amd64  TAG  as x\n"),
        ("ARG B=shop/base\nFROM ${B}\n", "ARG B=shop/base\nFROM TAG\n"),
        ("FROM \\\n  # why\n  shop/base AS x\n", "FROM \\\n  # why\n  TAG AS x\n"),
        ("FROM scratch\nCOPY --from=shop/base /a /b\n", "FROM scratch\nCOPY --from=TAG /a /b\n"),
        (
            "FROM scratch\nRUN --mount=type=bind,from=shop/base,target=/x \\\n true\n",
            "FROM scratch\nRUN --mount=type=bind,from=TAG,target=/x \\\n true\n",
        ),
        (
            "FROM scratch\nRUN --network=none \\\n  --mount=from=shop/base,target=/x true\n",
            "FROM scratch\nRUN --network=none \\\n  --mount=from=TAG,target=/x true\n",
        ),
        ("FROM shop/base\nLABEL from=shop/base\n", "FROM TAG\nLABEL from=shop/base\n"),
    ],
)
def test_only_the_reference_is_replaced(text: str, bound: str) -> None:
    one = asked({"a/Dockerfile": text, "base/Dockerfile": "FROM scratch\n"}, image("a"), image("base"))
    (tag,) = set(one.parents.values())
    assert bind_parents(one) == bound.replace("TAG", tag).encode()


def test_a_dockerfile_that_is_an_input_is_sent_as_it_is() -> None:
    files: Files = {"a/Dockerfile": "FROM scratch\nCOPY . /\n", "a/x": ""}
    one = asked(files, image("a"))
    assert dockerfile_in_tar(one) == ("Dockerfile", ())
    packed = pack(one)
    assert packed is not None
    assert (packed.dockerfile, packed.extra, packed.classic) == ("Dockerfile", (), False)


def test_a_dockerfile_that_no_instruction_would_see_is_hidden() -> None:
    one = asked({"a/Dockerfile": "FROM scratch\nCOPY x /\n", "a/x": ""}, image("a"))
    assert dockerfile_in_tar(one) == (hidden_name(one), ((hidden_name(one), one.dockerfile),))


@pytest.mark.parametrize(
    ("target", "source", "seen"),
    [(".", "up", True), ("..", "sub/up", True), ("/", "up*", True), ("x", "up", False), ("sub", "up", False)],
)
def test_a_link_may_lead_to_a_hidden_dockerfile(target: str, source: str, seen: bool) -> None:
    link = "a/sub/up" if source.startswith("sub") else "a/up"
    files: Files = {
        "d/Dockerfile": f"FROM scratch\nCOPY {source} /\n",
        link: ("link", target),
        "a/x": "",
        "a/sub/y": "",
    }
    one = asked(files, image("a", dockerfile="d/Dockerfile", root="a"))
    assert (dockerfile_in_tar(one) is None) == seen


@pytest.mark.parametrize("source", [".", "*", ".mbuild*", "?mbuild-*"])
def test_a_dockerfile_that_would_be_seen_is_kept_out_of_the_tar(source: str) -> None:
    files: Files = {
        "a/Dockerfile": f"FROM scratch\nCOPY {source} /\n",
        "a/Dockerfile.dockerignore": "Dockerfile*\n",
        "a/x": "",
    }
    one = asked(files, image("a"))
    assert dockerfile_in_tar(one) is None
    packed = pack(one)
    assert packed is not None
    assert packed.classic
    assert packed.extra[1] == (".dockerignore", f"{hidden_name(one)}\n.dockerignore\n".encode())
    copied = replace(one, context=replace(one.context, entries=(Entry("a/.dockerignore", 0o100644, "0" * 40),)))
    assert pack(copied) is None


def test_a_parent_that_buildx_cannot_see_gets_a_hint() -> None:
    one = asked({"a/Dockerfile": "FROM shop/base\n", "base/Dockerfile": "FROM scratch\n"}, image("a"), image("base"))
    (tag,) = one.parents.values()
    assert advice.on_parent(f"{tag}: failed to resolve source metadata for docker.io/{tag}: not found", one)
    assert advice.on_parent("alpine:3: failed to resolve source metadata", one) == ()


def test_secrets_are_quoted_as_csv() -> None:
    assert Secret("npm", env="TOKEN").option == "id=npm,env=TOKEN"
    assert Secret("npm", file='/a,b/"c').option == 'id=npm,"src=/a,b/""c"'


def test_what_the_classic_builder_does_not_know_is_found_with_its_line() -> None:
    text = (
        "FROM scratch\nCOPY --chown=1 x /\nCOPY --chmod=755 x /\nCOPY <<EOF /y\nhi\nEOF\nRUN --mount=target=/m true\n"
    )
    one = asked({"a/Dockerfile": text + "HEALTHCHECK --interval=1s CMD x\n", "a/x": ""}, image("a"))
    assert [(what, where.line) for what, where in beyond_classic(one)] == [
        ("COPY --chmod", 3),
        ("a heredoc", 4),
        ("RUN --mount", 7),
    ]


def test_the_classic_builder_makes_working_folders_roots() -> None:
    text = "FROM scratch AS one\nWORKDIR /a\nUSER 5\nWORKDIR /b\nUSER root\nWORKDIR /c\nUSER 5\nFROM one\nWORKDIR /d\n"
    one = asked({"a/Dockerfile": text}, image("a"))
    assert [(what, where.line) for what, where in beyond_classic(one)] == [
        ("a WORKDIR that belongs to USER", 4),
        ("a WORKDIR that belongs to USER", 9),
    ]
