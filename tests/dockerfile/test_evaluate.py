"""Recipes of targets: variables, stages, reads and doubts as BuildKit's `dockerfile2llb` sees them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.dockerfile.evaluate import evaluate
from mbuild.dockerfile.model import ExternalImage, FolderContext, Inherited, ParentImage, Platform, Recipe
from mbuild.dockerfile.parser import parse
from mbuild.errors import DockerfileError
from mbuild.graph.brief import brief
from mbuild.graph.fingerprint import encode
from tests.dockerfile.evaluating import hints, last, operation, operations, problems, recipe_of, sources

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


# Variables


def test_global_args_count_in_from_and_where_a_stage_declares_them() -> None:
    text = 'ARG a1="foo bar" a2=box\nARG a3="$a2-foo"\nFROM busy$a2\nCOPY $a1 /\nARG a3\n'
    text += 'ARG a4="1 $a3" a1\nCOPY $a4 "$a1" /'
    stage = last(text)
    assert stage.base == ExternalImage("busybox")
    assert sources(text) == [("",), ("1 box-foo", "foo bar")]


def test_build_arguments_override_defaults_only_where_declared() -> None:
    text = "ARG g=1\nFROM scratch\nARG s=2 t\nARG g\nCOPY $g$s$t$u /"
    assert sources(text, args={"g": "G", "s": "S", "t": "T", "u": "U"}) == [("GST",)]
    assert sources(text) == [("12",)]
    assert sources("FROM scratch\nARG g=$x\nCOPY $g /", args={"g": "$HOME"}) == [("$HOME",)]


def test_a_default_in_a_stage_wins_over_a_global_default() -> None:
    assert operations("ARG a=1\nFROM scratch\nARG a=2 b") == [("ARG", "a", "2"), ("ARG", "b")]


def test_a_global_argument_without_a_value_is_not_defined() -> None:
    assert operations("ARG a\nFROM scratch\nARG a\nENV b=${a-unset}") == [("ARG", "a"), ("ENV", "b", "unset", "=")]


def test_arguments_of_one_line_see_those_before_them_and_variables_of_one_env_do_not() -> None:
    assert operations("FROM scratch\nARG a=1 b=$a\nENV c=$b d=$c") == [
        ("ARG", "a", "1"),
        ("ARG", "b", "1"),
        ("ENV", "c", "1", "=", "d", "", "="),
    ]


def test_platform_arguments() -> None:
    text = (
        "FROM scratch AS x\nARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM BUILDARCH TARGETSTAGE\n"
    )
    found = operations(text, platform=Platform("linux", "arm", "v7"))
    assert [each[2] for each in found] == ["linux/arm/v7", "linux", "arm", "v7", "linux/amd64", "amd64", "x"]
    assert operations("FROM scratch\nARG TARGETSTAGE")[0][2] == "default"
    assert operations("FROM scratch AS x\nARG TARGETSTAGE", target="X")[0][2] == "X"
    assert operations("FROM scratch\nARG TARGETARCH", args={"TARGETARCH": "s390x"})[0][2] == "s390x"
    assert sources("FROM scratch\nCOPY a$TARGETARCH /") == [("a",)]


def test_from_chooses_a_stage_by_platform() -> None:
    text = "FROM scratch AS s-linux\nCOPY a /\nFROM scratch AS s-darwin\nCOPY b /\nFROM s-$TARGETOS"
    assert sources(text) == [("a",)]
    assert sources(text, platform=Platform("darwin", "arm64")) == [("b",)]


WINDOWS = """\
# escape=`
FROM scratch AS first
COPY [".\\\\x.ps1", "conf\\\\*.conf", "C:\\\\z\\\\"]
COPY --exclude=*.md --exclude=a\\b C:\\a c:/b d:e \\f z\\
FROM --platform=linux/amd64 base
COPY --from=first a /
COPY a\\*b C:c /z/
"""


def test_between_folders_of_windows_stands_a_backslash() -> None:
    """On other systems it takes the meaning of a wildcard away from what follows, and a drive is a name."""
    found = recipe_of(WINDOWS, platform=Platform("windows", "amd64"))
    reads = [(each.sources, each.excludes) for each in found.reads]
    assert reads == [
        (("./x.ps1", "conf/*.conf"), ()),
        (("/a", "/b", "d:e", "/f"), ("*.md",)),
        (("a\\*b", "C:c"), ()),
    ]
    assert sources(WINDOWS)[0] == (".\\x.ps1", "conf\\*.conf")


def test_the_last_of_env_and_arg_wins_but_a_child_stage_sees_env() -> None:
    base = "FROM scratch AS b\nENV D=env\nARG D=arg\n"
    assert sources(f"{base}COPY $D /") == [("arg",)]
    assert sources(f"{base}FROM b\nCOPY $D /") == [("env",)]


def test_a_child_stage_inherits_arguments() -> None:
    assert sources("FROM scratch AS b\nARG D=a\nFROM b\nCOPY $D /") == [("a",)]
    assert sources("FROM scratch AS b\nARG D=a\nFROM scratch\nCOPY x$D /") == [("x",)]


def test_the_default_path() -> None:
    assert operations("FROM scratch\nENV P=$PATH")[0][2] == PATH
    assert recipe_of("FROM scratch").inherited.env == (("PATH", PATH),)
    assert operations("FROM alpine\nENV P=$PATH")[0][2] == PATH
    assert recipe_of("FROM alpine").inherited.env == ()


def test_arguments_buildkit_keeps_to_itself_are_no_variables() -> None:
    found = operations("FROM scratch\nARG BUILDKIT_SBOM_SCAN_STAGE=true\nENV a=$BUILDKIT_SBOM_SCAN_STAGE")
    assert found[1] == ("ENV", "a", "", "=")


def test_words_that_are_expanded() -> None:
    text = """
FROM scratch
ENV n=name v=value
LABEL $n=$v a=b
ENV $n=x
WORKDIR /$v
USER $v:$v
VOLUME /$v /b
STOPSIGNAL $s
EXPOSE $p
ADD --chown=$v --chmod=$m https://example.com/$v $v
COPY --chown=$v:$v --chmod=$m $v.txt $v/
""".replace("FROM scratch", "FROM scratch\nARG s=TERM p=80 m=755")
    found = {each.keyword: each for each in last(text).operations}
    assert found["LABEL"].args == ("name", "value", "=", "a", "b", "=")
    assert found["ENV"].args == ("name", "x", "=")
    assert found["WORKDIR"].args == ("/value",)
    assert found["USER"].args == ("value:value",)
    assert found["VOLUME"].args == ("/value", "/b")
    assert found["STOPSIGNAL"].args == ("TERM",)
    assert found["EXPOSE"].args == ("80/tcp",)
    assert found["ADD"].args == ("https://example.com/value", "value")
    assert found["COPY"].args == ("value.txt", "value/")
    assert found["COPY"].flags == (("chown", "value:value"), ("chmod", "755"))


def test_words_that_stay_as_written() -> None:
    lines = ["RUN echo $n", "CMD $n", 'ENTRYPOINT ["$n"]', 'SHELL ["$n"]', "HEALTHCHECK CMD $n", "ONBUILD RUN $n"]
    text = "FROM scratch\nENV n=x\n" + "\n".join(lines)
    found = [each.args for each in last(text).operations[1:]]
    assert found == [("echo $n",), ("$n",), ("$n",), ("$n",), ("CMD", "$n"), ("RUN $n",)]


def test_the_escape_directive_counts() -> None:
    assert sources("# escape=`\nFROM scratch\nENV D=a\nCOPY `$D $D /") == [("$D", "a")]


def test_an_expansion_that_is_refused() -> None:
    assert problems("FROM scratch\nCOPY ${x:?must} /") == ["2: ${x:?must}: x: must"]
    assert problems("ARG a=${x?}\nFROM scratch")[0].startswith("1: ")
    assert problems("FROM ${x:?}")[0].startswith("1: ")
    assert problems("FROM scratch\nEXPOSE ${x")[0].startswith("2: ")
    assert problems("FROM scratch\nEXPOSE 8${x")[0].startswith("2: ")
    assert problems("FROM scratch\nCOPY --from=${x a /")[0].startswith("2: ")


# Stages and targets


def test_only_reachable_stages_count() -> None:
    text = "FROM scratch AS a\nCOPY a /\nFROM scratch AS b\nCOPY b /\nFROM a AS c\nCOPY c /\n"
    text += "FROM scratch\nCOPY --from=c x /"
    assert sources(text) == [("a",), ("c",)]
    assert sources(text, target="B") == [("b",)]
    assert [each.name for each in recipe_of(text).stages] == ["a", "c", ""]
    assert [each.index for each in recipe_of(text).stages] == [0, 2, 3]


def test_a_mount_makes_a_stage_reachable() -> None:
    text = "FROM scratch AS a\nCOPY a /\nFROM alpine\nRUN --mount=from=A,target=/x true"
    assert sources(text) == [("a",)]


def test_an_edit_that_cannot_matter_changes_nothing() -> None:
    before = "FROM scratch AS a\nCOPY a b /\nFROM scratch AS unused\nRUN one\nFROM a\nENV A=1\nCMD x"
    after = "# hi\n\nfrom scratch as a\ncopy  a   b /\n# x\nFROM scratch AS unused\nRUN two\nFrom a\nENV A 1\n\nCMD x\n"
    first, second = recipe_of(before), recipe_of(after)
    assert [_essence(each) for each in first.stages] == [_essence(each) for each in second.stages]


def _essence(stage: object) -> object:
    found = stage.operations  # type: ignore[attr-defined]
    return [(each.keyword, each.args, each.flags, each.json, each.heredocs) for each in found]


def test_the_names_of_stages_do_not_count_in_operations() -> None:
    text = "FROM alpine AS {0}\nFROM alpine\nCOPY --from={0} a /\nRUN --mount=from={0},target=/x true"
    first, second = (recipe_of(text.format(name)).stages[-1] for name in ("one", "two"))
    assert _essence(first) == _essence(second)
    assert [each.flags for each in first.operations] == [(("from", "0"),), (("mount", "from=0,target=/x"),)]
    assert first.sources == ((("one", 0),), (("one", 0),))
    assert operation("FROM alpine\nCOPY --from=redis:7 a /").flags == (("from", "redis:7"),)


def test_a_stage_shadows_an_image_from_there_on() -> None:
    text = "FROM busybox AS busybox\nFROM busybox\nRUN true"
    found = recipe_of(text)
    assert [each.base for each in found.stages] == [ExternalImage("busybox"), 0]
    assert found.stages[1].base_ref == ""
    assert recipe_of("FROM alpine AS scratch\nFROM scratch").stages[-1].base == 0


def test_from_takes_the_nearest_stage_before_it_and_copy_the_last_of_the_name() -> None:
    text = "FROM scratch AS s\nCOPY a /\nFROM s AS x\nFROM scratch AS s\nCOPY b /\nFROM x\nCOPY --from=s y /"
    assert sources(text) == [("a",), ("b",)]


def test_stage_names_are_lower_case_and_from_is_not_forgiving() -> None:
    assert sources("FROM scratch AS Base\nCOPY a /\nFROM base") == [("a",)]
    assert sources("FROM scratch AS Base\nCOPY a /\nFROM scratch\nCOPY --from=BASE x /") == [("a",)]
    assert len(problems("FROM scratch AS Base\nFROM BASE")) == 1
    assert hints("FROM scratch AS Base\nFROM BASE") == ("the stage is called 'base'",)


def test_targets() -> None:
    text = "FROM scratch AS build\nCOPY a /\nFROM scratch AS other"
    assert sources(text, target="BUILD") == [("a",)]
    assert sources(text, target="") == []
    assert problems(text, target="bulid") == ["0: target stage 'bulid' could not be found"]
    assert hints(text, target="bulid") == ("did you mean 'build'?", "stages: build, other")
    assert hints("FROM scratch", target="x") == ("stages: none has a name",)
    assert len(problems(text, target="0")) == 1


def test_copy_from_by_number() -> None:
    text = "FROM scratch\nCOPY a /\nFROM scratch\nCOPY --from={} a /"
    for number in ("0", "+0", "00"):
        assert sources(text.format(number)) == [("a",)]
    assert problems(text.format("2")) == ["4: COPY --from=2: there is no stage of that number"]
    assert problems(text.format("-1")) == ["4: COPY --from=-1: there is no stage of that number"]


def test_copy_from_a_number_may_mean_an_image_that_came_before() -> None:
    found = recipe_of("FROM scratch\nCOPY --from=alpine a /\nFROM scratch\nCOPY --from=2 b /")
    assert found.stages[-1].sources == ((("2", ExternalImage("alpine")),),)


def test_a_number_in_a_mount_is_an_image() -> None:
    found = recipe_of("FROM scratch\nFROM alpine\nRUN --mount=from=0,target=/x true")
    assert found.stages[-1].sources == ((("0", ExternalImage("0")),),)


def test_scratch_gives_nothing() -> None:
    found = recipe_of("FROM scratch\nCOPY --from=scratch a /\nRUN --mount=from=scratch,target=/x true")
    assert (found.references, found.reads) == ((), ())
    assert found.stages[0].sources == ((), ())


def test_copy_from_takes_no_variables() -> None:
    text = "FROM scratch AS a\nFROM scratch\nARG x=a\nCOPY --from=$x a /"
    assert problems(text) == ["4: COPY --from=$x: variables are not expanded here"]


def test_circles() -> None:
    assert problems("FROM scratch\nCOPY --from=0 a /") == [
        "2: stage number 0 needs itself, directly or through other stages"
    ]
    text = "FROM scratch AS a\nCOPY --from=b x /\nFROM scratch AS b\nCOPY --from=a x /\nFROM scratch"
    assert problems(text) == ["4: stage a needs itself, directly or through other stages"]


def test_a_stage_that_comes_later() -> None:
    text = "FROM scratch\nCOPY --from=b x /\nFROM scratch AS b\nFROM scratch AS c"
    assert sources(text) == []
    text = "FROM scratch AS a\nCOPY --from=b x /\nFROM scratch AS b\nFROM a"
    assert problems(text) == ["2: stage b comes later: it must stand before what uses it"]
    text = "FROM scratch AS a\nRUN --mount=from=b,target=/x true\nFROM scratch AS b\nFROM a"
    assert problems(text) == ["2: stage b comes later: it must stand before what uses it"]


def test_a_stage_called_scratch_is_what_mounts_without_from_wait_for() -> None:
    text = "FROM alpine AS scratch\nCOPY a /\nFROM alpine\nRUN --mount=type=cache,target=/x true"
    assert sources(text) == [("a",)]


def test_thousands_of_stages() -> None:
    text = "FROM scratch AS s0\nCOPY a /\n" + "".join(
        f"FROM scratch AS s{n}\nCOPY --from=s{n - 1} a /\n" for n in range(1, 3000)
    )
    assert len(recipe_of(text).stages) == 3000


def test_blank_and_wrong_base_names() -> None:
    assert problems("FROM $x") == ["1: the base name of FROM $x is blank"]
    unset = " has no value: give it a default in an ARG before the first FROM, or a value in args"
    assert hints("FROM $x") == (f"x{unset}",)
    assert hints("ARG x\nFROM a:$x$y") == (f"x{unset}", f"y{unset}")
    assert hints("ARG x=\nARG y=1\nFROM a:$x$y$z:") == (f"z{unset}", "x is empty")
    assert hints("ARG x=1\nFROM A:$x") == ("a repository is lower case: 'a:1'",)
    assert problems("FROM a:b:c\nFROM scratch") == ["1: 'a:b:c' is no image reference"]
    assert problems("FROM scratch\nCOPY --from=A:b x /\nFROM scratch") == ["2: 'A:b' is no image reference"]


def test_no_stage() -> None:
    assert problems("ARG a=b") == ["1: the Dockerfile has no stage to build"]


def test_a_child_stage_has_the_platform_of_its_base() -> None:
    found = recipe_of("FROM --platform=linux/arm64 alpine AS a\nFROM --platform=linux/s390x a")
    assert [each.platform for each in found.stages] == ["linux/arm64", "linux/arm64"]
    assert [each.platform for each, _ in found.references] == ["linux/arm64"]


# Names outside of the Dockerfile


def test_references_in_order_of_use() -> None:
    text = "FROM a AS x\nCOPY --from=b/c:1 f /\nFROM x\nRUN --mount=from=d,target=/m --mount=target=/n true\n"
    text += "COPY --from=b/c:1 f /"
    found = recipe_of(text, images={"d": ParentImage("dd")})
    assert [(each.name, each.kind, each.where.line) for each, _ in found.references] == [
        ("a", "from", 1),
        ("b/c:1", "copy", 2),
        ("d", "mount", 4),
        ("b/c:1", "copy", 5),
    ]
    assert found.references[2][1] == ParentImage("dd")
    assert found.stages[1].sources == ((("d", ParentImage("dd")),), (("b/c:1", ExternalImage("b/c:1")),))


def test_each_name_is_asked_for_once() -> None:
    asked = []

    def resolve(reference: object) -> ExternalImage:
        asked.append(reference.name)  # type: ignore[attr-defined]
        return ExternalImage("x")

    text = b"FROM a AS x\nFROM a AS y\nCOPY --from=x f /\nCOPY --from=b f /\nCOPY --from=b f /"
    evaluate(
        parse(text, "Dockerfile"),
        target=None,
        args={},
        platform=Platform(),
        build_platform=Platform(),
        resolve=resolve,
        resolve_stage=lambda _: None,
    )
    assert sorted(asked) == ["a", "b"]


def test_a_parent_gives_its_environment_and_workdir() -> None:
    base = ParentImage("base", Inherited((("A", "1"), ("PATH", "/p")), (), "/w"))
    text = "FROM base\nENV B=$A\nWORKDIR sub\nCOPY $A$PATH /"
    found = recipe_of(text, images={"base": base})
    assert found.inherited == Inherited((("A", "1"), ("PATH", "/p"), ("B", "1")), (), "/w/sub")
    assert sources(text, images={"base": base}) == [("1/p",)]
    assert found.doubts == ()
    assert found.stages[0].base_ref == "base"


def test_workdir_joins() -> None:
    assert recipe_of("FROM scratch\nWORKDIR a\nWORKDIR ../b/./c").inherited.workdir == "/b/c"
    assert recipe_of("FROM scratch\nWORKDIR //x").inherited.workdir == "/x"
    assert recipe_of("FROM alpine\nWORKDIR a").inherited.workdir == ""
    assert recipe_of("FROM alpine\nWORKDIR /a\nWORKDIR b").inherited.workdir == "/a/b"


def test_triggers_of_a_parent_run_first() -> None:
    base = ParentImage("base", Inherited((), ("COPY a /", "ARG D=1", "COPY --from=tools x /"), "/"))
    text = "FROM scratch AS tools\nCOPY t /\nFROM base\nCOPY b$D /"
    found = recipe_of(text, images={"base": base})
    assert [each.sources for each in found.reads] == [("t",), ("a",), ("b1",)]
    assert [each.from_onbuild for each in found.stages[-1].operations] == [True, True, True, False]
    assert {each.where.line for each in found.stages[-1].operations} == {3, 4}


def test_triggers_of_a_stage_run_once() -> None:
    text = "FROM scratch AS a\nONBUILD COPY x /\nFROM a AS b\nCOPY y /\nFROM b\nCOPY z /"
    assert sources(text) == [("x",), ("y",), ("z",)]
    assert recipe_of(text).inherited.onbuild == ()
    assert recipe_of(text, target="a").inherited.onbuild == ("COPY x /",)


def test_triggers_that_bring_triggers() -> None:
    text = "FROM scratch AS a\nONBUILD COPY --from=d x /\nFROM scratch AS c\nONBUILD COPY q /\nFROM c AS d\nFROM a"
    assert sources(text) == [("q",)]


@pytest.mark.parametrize(
    "trigger", ["", "COPY a /\nCOPY b /", "COPY a", "FROM x", "NOPE x", "COPY --from=9 a /", "COPY --from=$x a /"]
)
def test_wrong_triggers(trigger: str) -> None:
    base = ParentImage("base", Inherited((), (trigger,), "/"))
    assert [each[:2] for each in problems("ARG x\nFROM base", images={"base": base})] == ["2:"]


# Named contexts


def test_a_stage_that_a_named_context_replaces() -> None:
    text = "FROM scratch AS a\nCOPY a /\nFROM scratch AS b\nCOPY --from=a x /\nFROM b\nCOPY c /"
    parent = ParentImage("p", Inherited((("E", "1"),), (), "/w"))
    found = recipe_of(text, stages={"b": parent})
    assert [each.sources for each in found.reads] == [("c",)]
    assert [(each.base, each.base_ref) for each in found.stages] == [(parent, "b"), (0, "")]
    assert [(each.name, each.kind) for each, _ in found.references] == [("b", "from")]
    assert found.inherited.env[0] == ("E", "1")


def test_a_target_that_a_named_context_replaces() -> None:
    inherited = Inherited((("E", "1"),), ("RUN x",), "/w")
    found = recipe_of("FROM scratch AS a", stages={"a": ParentImage("p", inherited)}).inherited
    assert found == Inherited((("E", "1"),), (), "/w")
    assert recipe_of("FROM scratch AS a", stages={"a": ExternalImage("p")}).inherited == Inherited(unknown="p")


def test_a_replaced_stage_may_stand_later() -> None:
    text = "FROM scratch AS x\nCOPY --from=b y /\nFROM alpine AS b\nRUN true\nFROM x"
    found = recipe_of(text, stages={"b": ExternalImage("e")})
    assert [each.name for each in found.stages] == ["b", "x", ""]
    assert found.stages[1].sources == ((("b", 0),),)


def test_reads_of_a_folder_in_the_place_of_a_stage() -> None:
    text = "FROM scratch AS a\nCOPY z /\nFROM scratch\nCOPY --from=a x y /\nADD b /"
    found = recipe_of(text, stages={"a": FolderContext("a")})
    assert [(each.context, each.keyword, each.sources) for each in found.reads] == [
        ("a", "COPY", ("x", "y")),
        ("", "ADD", ("b",)),
    ]
    chain = recipe_of("FROM scratch AS a\nFROM a\nCOPY z /", stages={"a": FolderContext("a")})
    assert [(each.context, each.sources) for each in chain.reads] == [("a", ("/",)), ("", ("z",))]
    target = recipe_of("FROM scratch AS a", stages={"a": FolderContext("a")})
    assert [(each.context, each.keyword, each.sources) for each in target.reads] == [("a", "FROM", ("/",))]


def test_reads_of_a_folder_in_the_place_of_an_image() -> None:
    text = "FROM f\nCOPY --from=f x /\n"
    text += "RUN --mount=from=f,target=/a --mount=from=f,source=s,target=/b --mount=target=/c true"
    found = recipe_of(text, images={"f": FolderContext("f")})
    assert [(each.context, each.keyword, each.sources) for each in found.reads] == [
        ("f", "FROM", ("/",)),
        ("f", "COPY", ("x",)),
        ("f", "RUN", ("/", "s")),
        ("", "RUN", ("/",)),
    ]
    assert found.inherited.env == (("PATH", PATH),)


# Reads


@pytest.mark.parametrize(
    ("mount", "found"),
    [
        ("target=/x", [("/",)]),
        ("type=bind,source=a/b,target=/x", [("a/b",)]),
        ("type=cache,target=/x", []),
        ("type=cache,source=a,target=/x", []),
        ("type=tmpfs,target=/x", []),
        ("type=secret,id=a", []),
        ("type=ssh", []),
        ("from=alpine,source=a,target=/x", []),
        ("type=$T,source=$D,target=/x", [("dir",)]),
    ],
)
def test_reads_of_mounts(mount: str, found: list[tuple[str, ...]]) -> None:
    assert sources(f"FROM scratch\nARG T=bind D=dir\nRUN --mount={mount} true") == found


def test_a_cache_mount_reads_the_folder_it_names() -> None:
    found = recipe_of("FROM alpine\nRUN --mount=type=cache,from=f,target=/x true", images={"f": FolderContext("f")})
    assert [(each.context, each.sources) for each in found.reads] == [("f", ("/",))]
    found = recipe_of("FROM alpine\nRUN --mount=type=tmpfs,from=f,target=/x true", images={"f": FolderContext("f")})
    assert found.reads == ()


def test_reads_of_copy_and_add() -> None:
    text = """FROM scratch
ADD https://a.b/c git@a.b:c/d https://a.b/c.git#x local /x
ADD https://a.b/c /x
COPY --parents --exclude=*.md --exclude=b a/./b ../c /
COPY <<EOF /x
EOF
COPY --from=alpine a /
"""
    reads = recipe_of(text).reads
    assert [(each.keyword, each.sources, each.excludes, each.parents, each.where.line) for each in reads] == [
        ("ADD", ("local",), (), False, 2),
        ("COPY", ("a/./b", "../c"), ("*.md", "b"), True, 4),
    ]


def test_remote_sources_of_copy() -> None:
    assert problems("FROM scratch\nCOPY https://a.b/c /") == ["2: COPY cannot fetch https://a.b/c"]
    assert problems("FROM scratch\nCOPY git@a.b:c /") == ["2: COPY cannot fetch git@a.b:c"]


def test_checksums_and_modes() -> None:
    good = (
        "FROM scratch\nADD --checksum=$s https://a.b/c /\nADD --checksum=$s https://a.b/c.git /\nADD --checksum= a b /"
    )
    assert len(operations(good.replace("scratch\n", f"scratch\nARG s=sha256:{'0' * 64}\n"))) == 4
    assert problems("FROM scratch\nADD --checksum=sha256:0 https://a.b/c /") == [
        "2: --checksum is a digest such as sha256:…, not 'sha256:0'"
    ]
    assert len(operations("FROM alpine\nADD --checksum=sha256:$s https://a.b/c.git?ref=$r /")) == 1
    assert problems("FROM scratch\nADD --checksum=x a /") == [
        "2: --checksum=x needs a source that is an http(s) URL or a git repository"
    ]
    assert problems("FROM scratch\nADD --checksum=x https://a.b/c d /") == ["2: --checksum=x needs exactly one source"]
    assert len(problems("FROM scratch\nCOPY --chmod=64a a /")) == 1
    assert operation("FROM scratch\nCOPY --chmod=$m a /").flags == (("chmod", ""),)


def test_a_tmpfs_makes_buildkit_send_everything_once_anything_else_is_read() -> None:
    mount = "RUN --mount=type=tmpfs,target=/x true"
    assert recipe_of(f"FROM scratch\n{mount}").reads == ()
    assert [each.sources for each in recipe_of(f"FROM scratch\n{mount}\nCOPY a /").reads] == [("a",), ("/",)]
    other = recipe_of(f"FROM scratch AS s\n{mount}\nFROM scratch AS t\nCOPY a /")
    assert [each.sources for each in other.reads] == [("a",)]


# Doubts


@pytest.mark.parametrize("base", ["alpine", "parent"])
@pytest.mark.parametrize(
    "line",
    [
        "COPY $D /",
        "COPY $PATH /",
        "ADD a${D:-b} /",
        "COPY ${D:?must} /",
        "COPY ${D:+x} /",
        "RUN --mount=source=$D,target=/x true",
        "RUN --mount=type=$D,target=/x true",
        "ENV E=$D\nCOPY $E /",
        "ARG E=$D\nCOPY $E /",
        "ENV E=$D\nENV F=$E\nCOPY x$F /",
        "ARG D\nCOPY $D /",
        "ADD $D://a.b/c /",
    ],
)
def test_a_variable_that_a_base_may_define(base: str, line: str) -> None:
    images = {"parent": ParentImage("parent", Inherited((("X", "1"),), (), "/", "alpine"))}
    for text in (f"FROM {base}\n{line}", f"FROM {base} AS b\nFROM b\n{line}"):
        doubts = recipe_of(text, images=images).doubts
        assert len(doubts) == 1
        assert "alpine" in doubts[0].reason
        assert doubts[0].where.line == text.count("\n") + 1


# The second path is what BuildKit 0.12 reads (engine 26.1).
@pytest.mark.parametrize(
    ("text", "args", "newer", "older"),
    [
        ("FROM scratch\nARG A=x B=$A\nCOPY f-$B /", {}, "f-x", "f-"),
        ("FROM scratch\nARG A=y\nARG A=x B=$A\nCOPY f-$B /", {}, "f-x", "f-y"),
        ("FROM scratch\nARG A=x B=$A\nCOPY f-$B /", {"A": "y"}, "f-y", "f-"),
        ("ARG A=x\nFROM scratch\nARG A B=$A\nCOPY f-$B /", {}, "f-x", "f-"),
        ('FROM scratch\nARG "A"=x\nCOPY f-$A /', {}, "f-", "f-x"),
        ('FROM scratch\nARG "A"=x\nCOPY f-$A /', {"A": "y"}, "f-", "f-y"),
        ("FROM scratch\nARG N=A\nARG $N=x\nCOPY f-$A /", {}, "f-", "f-x"),
        ("ARG A=x\nARG A\nFROM scratch\nARG A\nCOPY f-${A-none} /", {}, "f-x", "f-none"),
        ("ARG TARGETOS\nFROM scratch\nARG TARGETOS\nCOPY f-$TARGETOS /", {}, "f-linux", "f-"),
        ("FROM scratch\nARG TARGETSTAGE\nCOPY f-$TARGETSTAGE /", {}, "f-default", "f-"),
        ("ARG S=$TARGETSTAGE\nFROM scratch\nARG S\nCOPY f-$S /", {}, "f-default", "f-"),
        ("FROM scratch AS b\nONBUILD ARG A=x B=$A\nFROM b\nCOPY f-$B /", {}, "f-x", "f-"),
    ],
)
def test_what_an_older_buildkit_reads_by_arg_counts_too(
    text: str, args: dict[str, str], newer: str, older: str
) -> None:
    found = recipe_of(text, args=args)
    assert found.older
    assert [each.stages[-1].operations[-1].args[0] for each in (found, found.older)] == [newer, older]
    assert [each.sources for each in found.reads] == [(newer,), ("/",)]
    (doubt,) = found.doubts
    assert "before 0.14" in doubt.reason
    assert "ARG" in text.split("\n")[doubt.where.line - 1] or "ONBUILD" in text


@pytest.mark.parametrize(
    "text",
    [
        "ARG A=x B=$A\nFROM scratch\nARG B\nCOPY f-$B /",
        'FROM scratch\nARG A="x y" B=z\nCOPY f-$A$B /',
        "FROM scratch\nARG A=x\nARG A\nARG B=$A\nCOPY f-$B /",
        "FROM scratch\nARG C=x\nARG A=1 B=$C\nCOPY f-$B /",
        "ARG A\nFROM scratch\nARG A\nCOPY f-$A /",
        "FROM scratch\nARG TARGETSTAGE=x\nCOPY y /",
        'FROM scratch AS other\nARG "A"=x\nFROM scratch\nCOPY y /',
        "FROM scratch\nARG A=x A=y\nCOPY f-$A /",
    ],
)
def test_what_an_older_buildkit_reads_alike(text: str) -> None:
    found = recipe_of(text)
    assert (found.doubts, found.older) == ((), None)


def test_what_an_older_buildkit_refuses_is_read_by_newer_ones_alone() -> None:
    found = recipe_of("ARG P=x\nARG P\nFROM scratch\nARG P\nCOPY f-${P:?none} /")
    assert ([each.sources for each in found.reads], found.older, found.doubts) == ([("f-x",)], None, ())


def test_where_an_older_buildkit_starts_counts_too() -> None:
    images = {each: ParentImage(each, Inherited()) for each in ("base-default", "base-default-x")}
    found = recipe_of("FROM base-default${TARGETSTAGE:+-x}\nRUN make", images=images)
    assert [each.name for each, _ in brief(found).references] == ["base-default-x", "base-default"]
    assert [each.name for each, _ in found.references] == ["base-default-x"], "FROM is given what it names here"
    assert found.doubts == (), "nothing else is read"
    external = recipe_of("FROM base-default${TARGETSTAGE:+-x}\nRUN make")
    assert [each.name for each, _ in brief(external).references] == ["base-default-x"], "registries are asked no more"


def test_what_an_older_buildkit_hands_on_otherwise_is_not_known() -> None:
    found, other = (recipe_of(f"FROM scratch\n{each}ARG A=x B=$A\nENV C=$B\nRUN make") for each in ("", "ARG A=y\n"))
    assert encode(brief(found).meaning) != encode(brief(other).meaning)
    assert (found.doubts, found.inherited.foreign, found.inherited.env) == ((), True, ())
    child = recipe_of("FROM parent\nCOPY f-$C /", images={"parent": ParentImage("parent", found.inherited)})
    assert len(child.doubts) == 2


def test_a_guess_does_not_pass_from_image_to_image_as_a_fact() -> None:
    parent = recipe_of("FROM alpine\nENV D=$UNKNOWN E=1").inherited
    assert parent.env == (("E", "1"),)
    images = {"parent": ParentImage("parent", parent)}
    assert recipe_of("FROM parent\nCOPY $E /", images=images).doubts == ()
    assert len(recipe_of("FROM parent\nCOPY x$D /", images=images).doubts) == 1


@pytest.mark.parametrize(
    "line",
    [
        "COPY x$D /",
        "COPY x /$D",
        "ENV D=1\nCOPY $D /",
        "ENV D=$X\nENV D=2\nCOPY $D /",
        "ARG D=1\nCOPY $D /",
        "COPY --exclude=$D a /",
        "COPY --chmod=$D --chown=$D a /",
        "ADD https://a.b/$D /",
        "RUN --mount=type=cache,target=$D,uid=$D,id=$D true",
        "RUN --mount=type=tmpfs,target=/x,size=$D true",
        "RUN --mount=type=bind,target=/x,ro=$D true",
        "STOPSIGNAL $D",
        "EXPOSE $D",
        "VOLUME $D",
        "WORKDIR $D",
        "COPY <<EOF /x\n$D\nEOF",
        "LABEL a=$D",
    ],
)
def test_what_leaves_no_doubt(line: str) -> None:
    base = "scratch" if line == "COPY x$D /" else "alpine"
    assert recipe_of(f"FROM {base}\n{line}").doubts == ()


def test_an_error_stays_an_error_next_to_an_unknown_variable() -> None:
    assert len(problems("FROM alpine\nCOPY ${D /")) == 1
    assert len(problems("FROM alpine\nENV E=\nCOPY ${E:?empty} /")) == 1
    assert len(problems("FROM scratch\nCOPY ${D:?must} /")) == 1


@pytest.mark.parametrize(
    ("syntax", "doubts"),
    [
        ("docker/dockerfile", 0),
        ("docker/dockerfile:1", 0),
        ("docker/dockerfile:1.7-labs", 0),
        ("docker.io/docker/dockerfile:1", 0),
        ("docker/dockerfile-upstream:master-labs", 0),
        ("docker/dockerfile:1@sha256:" + "0" * 64, 0),
        ("docker/dockerfile-x", 1),
        ("example.com/docker/dockerfile:1", 1),
        ("tonistiigi/llb", 1),
    ],
)
def test_frontends(syntax: str, doubts: int) -> None:
    found = recipe_of(f"# syntax={syntax}\nFROM scratch")
    assert (len(found.doubts), found.syntax) == (doubts, syntax)
    assert all(each.where.line == 1 for each in found.doubts)
    assert len(recipe_of("FROM scratch", args={"BUILDKIT_SYNTAX": syntax}).doubts) == doubts
    assert [each.sources for each in found.reads] == [("/",)] * doubts


def test_a_file_in_another_language_reads_everything() -> None:
    for text in ("// syntax=a/b\nwhatever", "# syntax=a/b\nFROM a b", "# syntax=a/b\nFROM a\nCOPY --from=9 a /"):
        found = recipe_of(text)
        assert ([each.sources for each in found.reads], len(found.doubts), found.stages) == ([("/",)], 1, ())
    for text in ("FROM a b", "// syntax=docker/dockerfile:1\nwhatever"):
        assert problems(text)


@pytest.mark.parametrize("text", ["# syntax=a/b\nINCLUDE x", "# syntax=a/b\nFROM scratch\nENV D=x\nONBUILD COPY x /"])
def test_what_another_frontend_hands_on_is_not_known(text: str) -> None:
    parent = recipe_of(text).inherited
    assert parent == Inherited(unknown="the frontend a/b", foreign=True)
    images = {"parent": ParentImage("parent", parent)}
    found = recipe_of("FROM parent AS base\nFROM base\nCOPY $D /\n", images=images)
    assert [(each.where.line, "a/b" in each.reason) for each in found.doubts] == [(1, True), (3, True)]
    assert found.inherited == Inherited(unknown="the frontend a/b")
    # No trigger is run where only files are taken. One of what stands in for a stage is, in what starts from that.
    assert recipe_of("FROM scratch\nCOPY --from=parent x /", images={"parent": ParentImage("parent")}).doubts == ()
    replaced = recipe_of("FROM scratch AS base\nFROM base", stages={"base": images["parent"]})
    assert [(each.where.line, "a/b" in each.reason) for each in replaced.doubts] == [(2, True)]
    assert replaced.inherited == Inherited(unknown="the frontend a/b")
    itself = recipe_of("FROM scratch AS base", stages={"base": images["parent"]})
    assert (itself.doubts, itself.inherited) == ((), replaced.inherited)


def test_devices_need_an_experimental_frontend() -> None:
    text = "FROM scratch\nRUN --device=a/b=c true"
    assert problems(text) == ["2: RUN --device needs a labs frontend"]
    assert problems(f"# syntax=docker/dockerfile:1\n{text}") == ["3: RUN --device needs a labs frontend"]
    for syntax in ("docker/dockerfile:1-labs", "docker/dockerfile-upstream", "a/b"):
        assert recipe_of(f"# syntax={syntax}\n{text}").stages


# The argument SOURCE_DATE_EPOCH


@pytest.mark.parametrize("value", ["", "0", "-1", "1700000000", "context", "ctx", "SRC"])
def test_epochs(value: str) -> None:
    text = "FROM scratch AS src\nARG U\nADD https://a.b/c /\nFROM scratch"
    assert recipe_of(text, args={"SOURCE_DATE_EPOCH": value}, stages={"ctx": ExternalImage("x")}).stages


@pytest.mark.parametrize(
    "text",
    [
        "FROM scratch",
        "FROM alpine AS src\nADD https://a.b/c /\nFROM scratch",
        "FROM scratch AS src\nFROM scratch",
        "FROM scratch AS src\nADD a /\nFROM scratch",
        "FROM scratch AS src\nADD <<EOF /a\nEOF\nFROM scratch",
        "FROM scratch AS src\nADD https://a.b/c /\nRUN x\nFROM scratch",
        "FROM scratch AS src\nADD https://a.b/c /\nADD https://a.b/d /\nFROM scratch",
    ],
)
def test_wrong_epochs(text: str) -> None:
    assert len(problems(text, args={"SOURCE_DATE_EPOCH": "src"})) == 1
    assert len(problems(f"ARG SOURCE_DATE_EPOCH=src\n{text}")) == 1


def test_an_epoch_stage_with_a_variable() -> None:
    text = "FROM scratch AS src\nARG U=https://a.b\nADD $U/c /\nFROM scratch"
    assert recipe_of(text, args={"SOURCE_DATE_EPOCH": "src"}).stages


def test_warnings_are_passed_on() -> None:
    assert recipe_of("FROM scratch\nRUN a \\\n\n b").warnings


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "FROM scratch",
                "FROM a AS b",
                "FROM b",
                "COPY --from=b x /",
                "COPY $x y /",
                "ARG x=1",
                "RUN --mount=from=b,target=/q z",
                "ENV x=$x$y",
                "ONBUILD COPY --from=b q /",
                "COPY --from=1 x /",
            ]
        ),
        max_size=9,
    )
)
def test_any_file_has_a_recipe_or_problems_with_places(lines: list[str]) -> None:
    try:
        found: Recipe = recipe_of("\n".join(lines))
    except DockerfileError as error:
        assert error.problems
        return
    for position, stage in enumerate(found.stages):
        assert len(stage.operations) == len(stage.sources)
        used = [target for each in stage.sources for _, target in each] + [stage.base]
        assert all(each < position for each in used if isinstance(each, int))
