"""What counts of plain Dockerfiles: the same whether or not a recipe is made. What is refused is never plain.

``tests.dockerfile.evaluating`` holds both against each other, here for random lines in random order.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.dockerfile.model import ExternalImage, FolderContext, Inherited, ParentImage, Platform, Reference, Resolved
from mbuild.errors import DockerfileError
from tests.dockerfile.evaluating import evaluated, plain_of
from tests.oracle.test_soundness import EXAMPLES

BEGIN = (
    "FROM scratch",
    "FROM alpine:3.20",
    "FROM shop/base AS build",
    "FROM shop/hooks",
    "FROM lib AS other",
    "from build as Test",
    "FROM build",
    "FROM test",
    "FROM other AS scratch",
    "FROM $BASE",
    "FROM ${BASE:-build} AS late",
    "FROM --platform=$BUILDPLATFORM golang:1.22 AS build",
    "FROM --platform=$NOTHING golang:1.22",
    "FROM --platform=linux/arm64/v8 scratch AS arm",
    "FROM --platform=linux arm",
    "FROM Wrong",
    "FROM a b",
    "FROM x AS 9",
)
OTHERS = (
    "ARG BASE=shop/base",
    "ARG BASE",
    "ARG ONE=1 TWO=$ONE",
    "ARG SOURCE_DATE_EPOCH=0",
    "ARG TARGETARCH",
    "ENV ONE=2",
    "ENV TWO=${ONE}x THREE=${UNKNOWN:-$TWO}",
    "ENV ONE $UNKNOWN",
    "ENV =1",
    "WORKDIR /app",
    "WORKDIR sub/../more",
    "WORKDIR $TWO",
    "COPY a b /c/",
    "COPY src/*.py ./",
    "COPY $TWO /two",
    "COPY $UNKNOWN /",
    "COPY --chown=1:$ONE --exclude=*.md a /a",
    "COPY --parents a/./b /",
    "COPY --from=build /out /out",
    "COPY --from=Build --chown=$ONE /out/$TWO /out",
    "COPY --from=0 /out /out",
    "COPY --from=1 /out /out",
    "COPY --from=-1 /out /out",
    "COPY --from=+0 /out /out",
    "COPY --from=alpine:3.20 /bin /bin",
    "COPY --from=shop/base /etc /etc",
    "COPY --from=lib a b /l/",
    "COPY --from=lib $UNKNOWN /l/",
    "COPY --from=scratch a /",
    "COPY --from=$ONE a /",
    "COPY --from= a /",
    "COPY github.com/a/b /",
    "COPY https://a/b /",
    'COPY ["a b", "/"]',
    "COPY one",
    "COPY <<END /doc\n$ONE\nEND",
    "ADD a.tar https://example.com/x /",
    "ADD --checksum=$ONE https://example.com/x /",
    "RUN make $UNKNOWN",
    'RUN ["make"]',
    "RUN []",
    "RUN --network=none make \\\n # no comment\n  all",
    "RUN --mount=type=bind,target=/x make",
    "RUN --mount=from=lib,target=/x make",
    "RUN <<END\nmake\nEND",
    "EXPOSE 80 $ONE",
    "EXPOSE nothing",
    "LABEL a=$TWO b='x y'",
    "USER $ONE",
    "VOLUME /data $UNKNOWN",
    "STOPSIGNAL SIGTERM",
    "STOPSIGNAL SIGNOTHING",
    'SHELL ["sh", "-c"]',
    "HEALTHCHECK NONE",
    "CMD $ONE",
    'ENTRYPOINT ["a", "$ONE"]',
    "MAINTAINER me",
    "ONBUILD COPY a b",
    "NOTHING at all",
    "# a comment",
    "   ",
    "  RUN indented",
)
FIRST = (
    *["# What it is."] * 5,
    "# syntax=docker/dockerfile:1",
    "#syntax = docker/dockerfile:1-labs ",
    "# escape=`",
    "# syntax=mine/other",
    "# check=skip=all",
    "#!/usr/bin/env x",
    " # syntax=docker/dockerfile:1",
    "#\u00e9",
)
IMAGES: dict[str, Resolved] = {
    "shop/base": ParentImage("base", Inherited((("ONE", "9"), ("PATH", "/p")), (), "/w")),
    "shop/hooks": ParentImage("hooks", Inherited((), ("COPY a /a",), "", "external")),
    "lib": FolderContext("lib"),
}


def resolve(reference: Reference) -> Resolved:
    found = IMAGES.get(reference.name, ExternalImage(reference.name))
    return ParentImage(found.image) if isinstance(found, ParentImage) and reference.kind != "from" else found


def files() -> st.SearchStrategy[str]:
    alone = (b"ARG BASE=build\nFROM scratch AS build\nFROM scratch\n%b\n" % line.encode() for line in OTHERS)
    plain = [line for line, text in zip(OTHERS, alone, strict=True) if plain_of(text)]
    begin = st.sampled_from([*BEGIN[:10] * 5, *BEGIN])
    stage = st.tuples(begin, st.lists(st.sampled_from([*plain * 9, *OTHERS]), max_size=4))
    stages = st.lists(stage, min_size=1, max_size=4)
    lines = st.tuples(
        st.sampled_from([*FIRST[:7] * 5, *FIRST]), st.lists(st.sampled_from(OTHERS[:4]), max_size=2), stages
    )
    return lines.map(lambda found: "".join([f"{each}\n" for each in joined(*found)]))


def joined(first: str, shared: list[str], stages: list[tuple[str, list[str]]]) -> list[str]:
    return [first, *shared, *(line for begin, rest in stages for line in (begin, *rest))]


ARGS = st.dictionaries(
    st.sampled_from(["BASE", "ONE", "TARGETARCH", "BUILDKIT_SYNTAX", "SOURCE_DATE_EPOCH"]),
    st.sampled_from(["build", "1", "alpine"]),
    max_size=1,
)
TARGETS = st.sampled_from([None, None, None, "", "build", "TEST", "nowhere"])
PLATFORMS = st.sampled_from([Platform(), Platform("linux", "arm64", "v8"), Platform("windows", "amd64")])
NAMED = st.sampled_from([(), (), ("build",), ("lib",)])


def test_random_dockerfiles() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES * 5)
    @given(files(), ARGS, TARGETS, PLATFORMS, NAMED)
    def check(text: str, args: dict[str, str], target: str | None, platform: Platform, named: tuple[str, ...]) -> None:
        options: dict[str, Any] = {"target": target, "args": args, "platform": platform, "build_platform": Platform()}
        options |= {"resolve": resolve, "resolve_stage": {each: FolderContext(each) for each in named}.get}
        data = text.encode()
        try:
            evaluated(data, **options)
        except DockerfileError:
            seen["refused"] += 1
        else:
            seen["plain" if plain_of(data, **options) else "other"] += 1

    check()
    assert min(seen["plain"], seen["refused"], seen["other"]) > EXAMPLES // 2, seen
