"""Binding parents by content tag in the copy of a Dockerfile, and hiding that copy in a tar."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.app.requests import Naming, request
from mbuild.app.workspace import Snapshot
from mbuild.builders import advice
from mbuild.builders.bind import bind_parents, pack
from mbuild.builders.dockerapi import DockerApi, beyond_classic, without_contexts
from mbuild.builders.engine import Engine
from mbuild.builders.protocol import BuildRequest
from mbuild.builders.sending import dockerfile_in_tar, hidden_name
from mbuild.dockerfile.evaluate import evaluate
from mbuild.dockerfile.model import ExternalImage, Inherited, ParentImage, Platform, Recipe
from mbuild.dockerfile.parser import parse
from mbuild.images import ImageDef, NamedContext, Secret
from mbuild.names import content_tag
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
        ("\ufeffFROM shop/base\n", "\ufeffFROM TAG\n"),
        ("FROM shop/\\\n # why\n\nbase\n", "FROM \\\n # why\n\nTAG\n"),
        ("# escape=`\nFROM --platform=linux/amd64`\n shop/base\n", "# escape=`\nFROM --platform=linux/amd64`\n TAG\n"),
        (
            "FROM scratch\nRUN --mount=from=shop/base,target=/x echo from=shop/base \\\n --from=shop/base\n",
            "FROM scratch\nRUN --mount=from=TAG,target=/x echo from=shop/base \\\n --from=shop/base\n",
        ),
        (
            "FROM scratch\nRUN --mount=from=shop/base,target=/x -- --mount=from=shop/base\n",
            "FROM scratch\nRUN --mount=from=TAG,target=/x -- --mount=from=shop/base\n",
        ),
        (
            "FROM scratch\nCOPY --from=shop/base /from=shop/base /é --from=shop/base\n",
            "FROM scratch\nCOPY --from=TAG /from=shop/base /é --from=shop/base\n",
        ),
        ("FROM scratch\nCOPY --from='shop'/\"b\\ase\" /a /b\n", "FROM scratch\nCOPY --from=''\"TAG\" /a /b\n"),
        (
            "FROM scratch\nCOPY --chown=1 --fr\\\nom=shop/base /a /b\n",
            "FROM scratch\nCOPY --chown=1 --fr\\\nom=TAG /a /b\n",
        ),
        (
            "FROM scratch\nRUN --mount=target=/x,From=shop/base,source=/from=shop/base true\n",
            "FROM scratch\nRUN --mount=target=/x,From=TAG,source=/from=shop/base true\n",
        ),
        (
            'FROM scratch\nRUN --mount=\'"from=shop/base","target=/x,from=shop/base"\' true\n',
            'FROM scratch\nRUN --mount=\'"from=TAG","target=/x,from=shop/base"\' true\n',
        ),
        (
            "FROM scratch\nRUN --mount=from=shop/base,target=/x <<E\nfrom=shop/base\nE\n",
            "FROM scratch\nRUN --mount=from=TAG,target=/x <<E\nfrom=shop/base\nE\n",
        ),
    ],
)
def test_only_the_reference_is_replaced(text: str, bound: str) -> None:
    one = asked({"a/Dockerfile": text, "base/Dockerfile": "FROM scratch\n"}, image("a"), image("base"))
    (tag,) = set(one.parents.values())
    assert bind_parents(one) == bound.replace("TAG", tag).encode()


@pytest.mark.parametrize(
    "text", ["FROM shop/onbuild\n", "FROM scratch AS s\nONBUILD COPY --from=shop/base /a /b\nFROM s\n"]
)
def test_what_a_trigger_names_is_not_found(text: str) -> None:
    files: Files = {
        "a/Dockerfile": text,
        "onbuild/Dockerfile": "FROM scratch\nONBUILD COPY --from=shop/base /x /\n",
        "base/Dockerfile": "FROM scratch\n",
    }
    assert bind_parents(asked(files, image("a"), image("base"), image("onbuild"))) is None


def test_a_stage_that_a_context_replaces_has_no_name_to_bind() -> None:
    text = "FROM shop/other AS st\nCOPY --from=shop/other /a /b\nFROM st\n"
    files: Files = {"a/Dockerfile": text, "base/Dockerfile": "FROM scratch\n", "other/Dockerfile": "FROM scratch\n"}
    replaced = image("a", contexts=(NamedContext("st", "image", "base"),))
    one = asked(files, replaced, image("base"), image("other"))
    assert (list(one.parents), one.is_bound) == (["st"], False)
    assert bind_parents(one) is None


def test_no_name_stands_for_two_parents() -> None:
    files: dict[str, str | tuple[str, str]] = {"a/Dockerfile": "ARG TARGETARCH\nFROM shop/$TARGETARCH\n"}
    files.update({f"{each}/Dockerfile": f"FROM scratch\nLABEL a={each}\n" for each in ("amd64", "arm64")})
    both = image("a", platforms=("linux/amd64", "linux/arm64"))
    assert bind_parents(asked(files, both, image("amd64"), image("arm64"))) is None


_STARTS = (
    "FROM shop/base",
    "from --platform=linux/amd64 shop/base as from",
    "FROM $B",
    "FROM 'shop'/base",
    "FROM scratch",
)
_STEPS = (
    "COPY --from=shop/base --chown=1 /from=shop/base /--from=shop/base",
    'copy  --chown="shop/base" --from="shop/base" ["/a", "/from=shop/base"]',
    "COPY --from=shop/'base' a b",
    "RUN --network=none --mount=type=bind,from=shop/base,target=/m echo --mount=from=shop/base",
    "RUN --mount=from=shop/base,target=/a --mount=target=/b,FROM=shop/base cat /from=shop/base",
    'RUN --mount=\'"from=shop/base","target=/a,from=shop/base"\' true from=shop/base',
    'RUN --mount=from=other,target=/from=shop/base ["from=shop/base"]',
    "RUN --mount=from=shop/base,target=/a -- --mount=from=shop/base",
    "RUN <<E --mount=from=shop/base\nCOPY --from=shop/base a b\nE",
    "RUN --mount=from=shop/base,target=/a <<E\nRUN --mount=from=shop/base,target=/a true\nE",
    "COPY --from=shop/base a b\nLABEL from=shop/base",
    "ENV from=shop/base é=from=shop/base",
    "ONBUILD COPY --from=shop/base a from=shop/base",
)


@settings(deadline=None)
@given(
    parts=st.lists(st.tuples(st.sampled_from(_STARTS), st.lists(st.sampled_from(_STEPS), max_size=3)), min_size=1),
    escape=st.sampled_from("\\`"),
    cuts=st.lists(st.tuples(st.integers(0, 400), st.sampled_from(("", "# from=shop/base\n", " \n"))), max_size=6),
    crlf=st.booleans(),
)
def test_all_that_is_bound_is_the_references(
    parts: list[tuple[str, list[str]]], escape: str, cuts: list[tuple[int, str]], crlf: bool
) -> None:
    lines = ["ARG B=shop/base", *(each for start, steps in parts for each in (start, *steps))]
    for at, between in cuts:
        line = lines[at % len(lines)]
        place = at % len(line)
        if "\n" not in line and line[place : place + 1] not in (" ", "#"):
            lines[at % len(lines)] = f"{line[:place]}{escape}\n{between}{line[place:]}"
    text = f"# escape={escape}\n" + "\n".join(lines) + "\n"
    files: Files = {"a/Dockerfile": text.replace("\n", "\r\n") if crlf else text, "base/Dockerfile": "FROM scratch\n"}
    one = asked(files, image("a"), image("base"))
    bound = bind_parents(one)
    assert bound is not None
    tag = content_tag("shop/base", "0" * 64)
    found = bound
    for each in one.parents.values():
        found = found.replace(each.encode(), tag.encode())
    before, after = (_evaluated(each) for each in (one.dockerfile, found))
    assert repr(after.stages).replace(tag, "shop/base") == repr(before.stages)
    assert {each.name for each, _ in after.references} <= {tag, "other"}
    assert len(after.references) == len(before.references)


def _evaluated(data: bytes) -> Recipe:
    return evaluate(
        parse(data, "a/Dockerfile"),
        target=None,
        args={},
        platform=Platform(),
        build_platform=Platform(),
        resolve=lambda each: ExternalImage("other") if each.name == "other" else ParentImage("base", Inherited()),
        resolve_stage=lambda _: None,
    )


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


FOLDER = NamedContext("conf", "folder", "conf")


def api() -> DockerApi:
    return DockerApi(Engine("", {}, lambda: None))


@pytest.mark.parametrize("written", ["alpine", "alpine:latest", "docker.io/library/alpine"])
def test_the_api_is_told_of_contexts_by_the_names_of_their_images(written: str) -> None:
    text = f"FROM {written}\nCOPY --from={written} /a /b\nCOPY --from=conf:latest /c /\n"
    other = NamedContext("alpine", "external", "docker-image://busybox:1")
    one = asked({"a/Dockerfile": text, "conf/c": ""}, image("a", contexts=(other, FOLDER)))
    assert api().check(one) == ()
    parcel = pack(without_contexts(one, {"conf": "mbuild/context:x"}))
    assert parcel is not None
    bound = b"FROM busybox:1\nCOPY --from=busybox:1 /a /b\nCOPY --from=mbuild/context:x /c /\n"
    assert dict(parcel.extra)[parcel.dockerfile] == bound


@pytest.mark.parametrize("value", ["https://example.com/x.git", "oci-layout://x@sha256:0", "docker-image://A"])
def test_the_api_refuses_contexts_from_elsewhere(value: str) -> None:
    other = NamedContext("alpine", "external", value)
    one = asked({"a/Dockerfile": "FROM alpine\n"}, image("a", contexts=(other,)))
    (problem,) = api().check(one)
    assert problem.message == "image 'a': the context 'alpine' is no folder and no image: that needs buildx"


@pytest.mark.parametrize("context", [FOLDER, NamedContext("conf:latest", "external", "docker-image://busybox:1")])
def test_the_api_refuses_contexts_in_the_place_of_stages(context: NamedContext) -> None:
    text = "FROM scratch AS conf\nCOPY x /\nFROM scratch\nCOPY --from=conf /c /\n"
    one = asked({"a/Dockerfile": text, "a/x": "", "conf/c": ""}, image("a", contexts=(context,)))
    (problem,) = api().check(one)
    assert problem.message == "image 'a': a context that replaces the stage 'conf' needs buildx"


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
