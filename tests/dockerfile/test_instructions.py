"""What each instruction must look like: what BuildKit's `instructions` package refuses, and what it takes."""

from __future__ import annotations

import difflib

import pytest

from mbuild.dockerfile.flags import parse_flags
from mbuild.dockerfile.gitsource import is_git, is_http, is_remote
from mbuild.dockerfile.instructions import check
from mbuild.dockerfile.model import Instruction
from mbuild.dockerfile.mounts import parse_mount, split_fields
from mbuild.dockerfile.refused import MAX_PROBLEMS, Problems, Refused
from mbuild.dockerfile.values import check_duration, check_mode, check_signal, ports
from mbuild.errors import DockerfileError, Where
from tests.dockerfile.evaluating import hints, last, operation, operations, problems, recipe_of

REFUSED = {
    "ADD x": "ADD needs a source and a destination",
    "COPY x": "COPY needs a source and a destination",
    "COPY --nope a b": "unknown flag: --nope",
    "COPY --from a b": "flag --from needs a value",
    "COPY --chown a b": "flag --chown needs a value",
    "COPY --exclude a b": "flag --exclude needs a value",
    "COPY --link= a b": "flag --link needs a value",
    "COPY --link=maybe a b": "flag --link is true or false, not maybe",
    "COPY --link --link a b": "flag --link is given twice",
    "COPY --chown=1 --chown=2 a b": "flag --chown is given twice",
    "COPY --keep-git-dir a b": "unknown flag: --keep-git-dir",
    "ADD --from=x a b": "unknown flag: --from",
    "ADD --parents a b": "unknown flag: --parents",
    "COPY a <<EOF\nEOF": "COPY cannot have a heredoc as its destination",
    "ENV": "ENV needs at least one argument",
    "ENV =b": "ENV needs names that are not blank",
    "LABEL": "LABEL needs at least one argument",
    "ARG": "ARG needs at least one argument",
    "ARG =b": "ARG needs names that are not blank",
    "FROM a b": "FROM takes an image, or: image AS name",
    "FROM a AS b c": "FROM takes an image, or: image AS name",
    "FROM a OF b": "FROM takes an image, or: image AS name",
    "FROM a AS 1b": "'1b' cannot be the name of a stage",
    "FROM a AS b!": "'b!' cannot be the name of a stage",
    "FROM --plat=linux/amd64 a": "unknown flag: --plat",
    "RUN --mont=target=/x true": "unknown flag: --mont",
    "RUN --mount=from=$x true": "a mount's 'from' cannot hold a variable",
    'RUN --mount=type=bind,target=\\"/x\\"y true': 'a mount has a stray ": type=bind,target="/x"y',
    "RUN --network=some true": "unknown network mode 'some'",
    "RUN --security=some true": "unknown security mode 'some'",
    "SHELL /bin/sh -c": 'SHELL needs a JSON array such as ["/bin/bash", "-c"]',
    "SHELL []": "SHELL needs at least one argument",
    "HEALTHCHECK": "HEALTHCHECK needs at least one argument",
    "HEALTHCHECK NONE x": "HEALTHCHECK NONE takes no arguments",
    "HEALTHCHECK SOME x": "unknown HEALTHCHECK type 'SOME'",
    "HEALTHCHECK CMD": "HEALTHCHECK CMD needs a command",
    "HEALTHCHECK --interval=x CMD y": "--interval is a duration such as 30s, not 'x'",
    "HEALTHCHECK --retries=-1 CMD y": "--retries is a number, not '-1'",
    "HEALTHCHECK --retries=2147483648 CMD y": "--retries is a number, not '2147483648'",
    "EXPOSE": "EXPOSE needs at least one argument",
    "EXPOSE 1 --x": "EXPOSE --x: a port is a number up to 65535",
    "USER a b": None,
    "VOLUME": "VOLUME needs at least one argument",
    'VOLUME [" "]': "VOLUME cannot be an empty word",
    "VOLUME $NOTHING": "VOLUME cannot be an empty word",
    "STOPSIGNAL": "STOPSIGNAL needs exactly one argument",
    "STOPSIGNAL SOME": "unknown signal 'SOME'",
    "WORKDIR": "WORKDIR needs exactly one argument",
    "ONBUILD": "ONBUILD needs at least one argument",
    "ONBUILD ONBUILD RUN x": "ONBUILD cannot be an ONBUILD trigger",
    "ONBUILD FROM x": "FROM cannot be an ONBUILD trigger",
    "onbuild Maintainer x": "MAINTAINER cannot be an ONBUILD trigger",
    "FNTRYPOINT x": "unknown instruction: FNTRYPOINT",
}


@pytest.mark.parametrize(("line", "message"), REFUSED.items())
def test_refused(line: str, message: str | None) -> None:
    if message is None:
        assert operations(f"FROM scratch\n{line}")
    else:
        assert problems(f"FROM scratch\n{line}\n") == [f"2: {message}"]


def test_all_problems_of_a_file_are_reported_in_order() -> None:
    text = "FROM scratch\nCOPY x\nFROM b AS 9\nSHELL nope\nRUN --mount=type=bind,from=$x y"
    assert [each.split(":")[0] for each in problems(text)] == ["2", "3", "4", "5"]


def test_what_is_wrong_with_one_instruction_does_not_hide_the_next() -> None:
    assert problems("USER\nFORM a\nFROM a b\nCOPY x\n") == [
        "1: USER needs exactly one argument",
        "2: unknown instruction: FORM",
        "3: FROM takes an image, or: image AS name",
        "4: COPY needs a source and a destination",
    ]


def test_a_file_of_problems_is_not_read_to_its_end() -> None:
    found = problems("FROM a\n" + "x\n" * 1000)
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1] == f"{MAX_PROBLEMS + 2}: too many problems: the rest of the file is not read"


def test_near_names_are_hinted() -> None:
    assert hints("FROM scratch\nRUN --mont=type=tmpfs x") == ("did you mean 'mount'?",)
    assert hints("FROM scratch\nCOPY --parent a b") == ("did you mean 'parents'?",)
    assert hints("FROM scratch\nRUN --mount=typ=tmpfs x") == ("did you mean 'type'?",)
    assert hints("FROM scratch\nRUN --mount=type=tmp x") == ("did you mean 'tmpfs'?",)
    assert hints("FROM scratch\nCOPY --zzzzzz a b") == ()


def test_a_problem_is_noted_once() -> None:
    problems_ = Problems()
    for _ in range(2):
        problems_.add("wrong", Where("Dockerfile", 1), "hint")
    with pytest.raises(DockerfileError) as caught:
        problems_.check()
    assert len(caught.value.problems) == 1


def test_an_unknown_keyword() -> None:
    line = Instruction("FNTRYPOINT", ("x",), (), False, (), "FNTRYPOINT x", Where("Dockerfile", 1), 1)
    with pytest.raises(Refused, match="unknown instruction: FNTRYPOINT") as caught:
        check(line)
    assert caught.value.hints == ("did you mean 'ENTRYPOINT'?",)


def test_the_nearest_word_is_looked_for_once_in_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def nearest(word: str, *_: object, **__: object) -> list[str]:
        asked.append(word)
        return ["copy"]

    monkeypatch.setattr(difflib, "get_close_matches", nearest)
    for _ in range(3):
        assert hints("FROM scratch\nCOPYYY a b") == ("did you mean 'COPY'?",)
    assert asked == ["copyyy"]


def test_an_instruction_before_from() -> None:
    assert problems("RUN x\nFROM scratch") == ["1: RUN stands before the first FROM"]
    assert problems("ARG a\nRUN x") == [
        "1: the Dockerfile has no stage to build",
        "2: RUN stands before the first FROM",
    ]
    assert operations("ARG a=1\nFROM scratch\nARG a") == [("ARG", "a", "1")]


def test_a_wrong_from_does_not_blame_what_follows() -> None:
    assert problems("FROM a b\nRUN x") == ["1: FROM takes an image, or: image AS name"]


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        ("COPY --link a b", [("link", "true")]),
        ("COPY --link=TRUE a b", [("link", "true")]),
        ("COPY --link=false --parents=False a b", []),
        ("ADD --unpack=false --keep-git-dir=false a b", [("unpack", "false"), ("keep-git-dir", "false")]),
        ("COPY --exclude=a --exclude=$B a b", [("exclude", "a"), ("exclude", "$B")]),
        ("RUN --network=default --security=sandbox x", []),
        ("RUN --network=host --security=insecure x", [("network", "host"), ("security", "insecure")]),
        ("HEALTHCHECK --interval=30s --retries=3 CMD x", [("interval", "30s"), ("retries", "3")]),
        ("HEALTHCHECK --interval= --retries= CMD x", [("interval", ""), ("retries", "")]),
    ],
)
def test_flags(line: str, flags: list[tuple[str, str]]) -> None:
    assert list(operation(f"FROM scratch\n{line}").flags) == flags


def test_flags_end_at_a_double_dash() -> None:
    assert operation("FROM scratch\nCOPY --link -- a b").flags == (("link", "true"),)
    assert parse_flags("COPY", ("--link", "--", "--nope")) == (("link", "true"),)
    with pytest.raises(Refused):
        parse_flags("COPY", ("-x",))


def test_healthcheck_none_ignores_flags() -> None:
    found = operation("FROM scratch\nHEALTHCHECK --nope none")
    assert (found.args, found.flags, found.json) == (("NONE",), (), False)


def test_healthcheck_forms() -> None:
    assert operation("FROM scratch\nHEALTHCHECK cmd curl -f x").args == ("CMD", "curl -f x")
    found = operation('FROM scratch\nHEALTHCHECK CMD ["curl", "x"]')
    assert (found.args, found.json) == (("CMD", "curl", "x"), True)


def test_the_json_form_counts_only_where_it_means_something() -> None:
    assert operation('FROM scratch\nCOPY ["a", "b"]').json is False
    assert operation('FROM scratch\nVOLUME ["a"]').json is False
    assert operation('FROM scratch\nCMD ["a"]').json is True
    assert operation("FROM scratch\nCMD a").json is False


def test_expose_is_sorted_and_spelled_out() -> None:
    assert operation("FROM scratch\nARG P='9 8/udp'\nEXPOSE 80-81/TCP $P").args == (
        *("9/tcp", "8/udp"),
        *("80/tcp", "81/tcp"),
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("80", ["80/tcp"]),
        ("8000-8002/udp", ["8000/udp", "8001/udp", "8002/udp"]),
        ("127.0.0.1:80:90", ["90/tcp"]),
        ("80:90/sctp", ["90/sctp"]),
        ("1-1", ["1/tcp"]),
    ],
)
def test_ports(text: str, found: list[str]) -> None:
    assert list(ports(text)) == found


@pytest.mark.parametrize("text", ["", "x", "70000", "2-1", "80/icmp", "x:80", "-1"])
def test_wrong_ports(text: str) -> None:
    with pytest.raises(Refused):
        ports(text)


@pytest.mark.parametrize("text", ["0", "644", "7777", "u=rwX,go=rX", "a+x", "=", "u+g", "+t"])
def test_modes(text: str) -> None:
    check_mode(text)


@pytest.mark.parametrize("text", ["64a", "10000", "888", "rw", "u", "u=rw,,g=r", "+z"])
def test_wrong_modes(text: str) -> None:
    with pytest.raises(Refused):
        check_mode(text)


def test_signals() -> None:
    for text in ("SIGTERM", "term", "9", "RTMIN+3", "SIGRTMAX-2"):
        check_signal(text)
    for text in ("0", "SIGNOPE", "RTMIN+16", "RTMAX-15", ""):
        with pytest.raises(Refused):
            check_signal(text)


def test_durations() -> None:
    for text in ("", "0", "1ms", "1.5s", "1h30m", "1000000000ns1s"):
        check_duration("interval", text)
    for text in ("1", "s", "-1s", "10us"):
        with pytest.raises(Refused):
            check_duration("interval", text)


def test_maintainer_and_user_take_one_word() -> None:
    assert operations("FROM scratch\nMAINTAINER A $B <c@d>\nUSER $U:1", args={"U": "x"}) == [
        ("MAINTAINER", "A $B <c@d>"),
        ("USER", ":1"),
    ]


def test_heredocs_of_copy_are_files_and_no_sources() -> None:
    found = operation("FROM scratch\nENV n=v\nCOPY a <<one <<-'two' b /x/\n\t$n \"q\"\none\n\t$n\ntwo\n")
    assert found.args == ("a", "b", "/x/")
    assert [(each.name, each.content) for each in found.heredocs] == [("one", '\tv "q"\n'), ("two", "$n\n")]


def test_a_heredoc_word_without_a_document_is_an_empty_file() -> None:
    found = operation('FROM scratch\nCOPY ["<<EOF", "/x"]')
    assert found.args == ("/x",)
    assert [(each.name, each.content) for each in found.heredocs] == [("EOF", "")]


def test_a_word_that_is_no_heredoc_is_a_path() -> None:
    assert operation("FROM scratch\nCOPY '<<' x /y").args == ("<<", "x", "/y")
    assert problems("""FROM scratch\nCOPY ["<<'a", "/y"]""")[0].startswith("2: <<'a: ")


def test_heredocs_of_run_stay_as_written() -> None:
    found = operation("FROM scratch\nENV n=v\nRUN <<EOF\n\techo $n\nEOF\n")
    assert [(each.name, each.content) for each in found.heredocs] == [("EOF", "\techo $n\n")]


def test_onbuild_keeps_its_text_and_heredocs() -> None:
    text = "FROM scratch\nonbuild   COPY <<EOF /x\nbody\nEOF\n"
    assert operations(text) == [("ONBUILD", "COPY <<EOF /x\nbody\nEOF")]
    assert recipe_of(text).inherited.onbuild == ("COPY <<EOF /x\nbody\nEOF",)


def mount(text: str) -> dict[str, str]:
    found = parse_mount(text, lambda word: (word, False))
    return dict(found.fields) | {"type": found.type}


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("target=/x", {"type": "bind", "target": "/x"}),
        ("target=/a/..", {"type": "bind", "target": "/a/.."}),
        ("type=BIND,src=a,dst=/x", {"type": "bind", "source": "a", "target": "/x"}),
        ("TYPE=cache,destination=/x,sharing=LOCKED", {"type": "cache", "target": "/x", "sharing": "locked"}),
        ("target=/x,rw", {"type": "bind", "target": "/x", "ro": "false"}),
        ("target=/x,readonly", {"type": "bind", "target": "/x", "ro": "true"}),
        ("target=/x,readwrite=false", {"type": "bind", "target": "/x", "ro": "true"}),
        ("target=/x,ro=0", {"type": "bind", "target": "/x", "ro": "false"}),
        ("type=secret,id=a,required", {"type": "secret", "id": "a", "required": "true"}),
        ("type=ssh,required=1,uid=1,gid=2,mode=0600", None),
        ("type=tmpfs,target=/x,size=1.5g", {"type": "tmpfs", "target": "/x", "size": "1.5g"}),
        ("type=secret,id=a,env=TOKEN", {"type": "secret", "id": "a", "env": "TOKEN"}),
        ('"target=/a,b",src="c""d"', None),
        ('"target=/a,b","src=c""d"', {"type": "bind", "target": "/a,b", "source": 'c"d'}),
    ],
)
def test_mounts(text: str, fields: dict[str, str] | None) -> None:
    if fields is not None:
        assert mount(text) == fields
    elif text.startswith('"'):
        with pytest.raises(Refused):
            mount(text)
    else:
        assert mount(text)["mode"] == "0600"


@pytest.mark.parametrize(
    "text",
    [
        "typ=tmpfs",
        "type=tmp",
        "target",
        "",
        "type=bind,required",
        "type=bind,required=true,target=/x",
        "type=bind,size=1,target=/x",
        "size=1,type=tmpfs,target=/x",
        "type=tmpfs,size=big,target=/x",
        "type=bind,uid=1,target=/x",
        "uid=1,target=/x",
        "type=cache,uid=x,target=/x",
        "type=cache,uid=4294967296,target=/x",
        "type=cache,mode=9,target=/x",
        "type=cache,sharing=some,target=/x",
        "type=bind,sharing=shared,target=/x",
        "target=/x,ro=maybe",
        "type=secret",
        "type=secret,id=a,source=b",
        "type=secret,id=a,from=b",
        "target=/",
        "target=.",
        "target=a/..",
        "",
    ],
)
def test_wrong_mounts(text: str) -> None:
    assert len(problems(f"FROM scratch\nRUN --mount={text} true")) == 1


def test_a_mount_is_checked_only_when_its_stage_is_reached() -> None:
    text = "FROM scratch AS a\nRUN --mount=type=nope x\nFROM scratch\nWORKDIR /x"
    assert operations(text) == [("WORKDIR", "/x")]
    assert problems(text, target="a") == ["2: unknown mount type 'nope'"]


def test_a_mount_has_one_spelling() -> None:
    one = operation("FROM scratch\nWORKDIR /x\nRUN --mount=type=bind,dst=y,src=z,readonly true")
    two = operation("FROM scratch\nWORKDIR /x\nRUN --mount=source=z,target=y,ro true")
    assert one.flags == two.flags == (("mount", "ro=true,source=z,target=y"),)
    quoted = operation('FROM scratch\nRUN --mount=\\"target=/a,b\\" true')
    assert quoted.flags == (("mount", '"target=/a,b"'),)


def test_split_fields() -> None:
    assert split_fields("a,b=,") == ["a", "b=", ""]
    assert split_fields('"a,b",c') == ["a,b", "c"]


@pytest.mark.parametrize(
    ("source", "git", "http"),
    [
        ("https://a.b/c.git", True, False),
        ("https://a.b/c.git#main:sub", True, False),
        ("https://a.b/c.git?ref=x", True, False),
        ("https://a.b/c", False, True),
        ("http://a.b/c.tar.gz", False, True),
        ("HTTPS://a.b/c", False, False),
        ("HTTPS://a.b/c.git", True, False),
        ("git://a.b/c", True, False),
        ("ssh://git@a.b/c", True, False),
        ("git@github.com:a/b", True, False),
        ("user@host:path", True, False),
        ("ftp://a.b/c.git", False, False),
        ("github.com/a/b", False, False),
        ("github.com/a/b.git", False, False),
        ("./git@github.com:a/b", False, False),
        ("../a@b:c", False, False),
        ("a/b.git", False, False),
        ("https://[a/c.git", False, True),
        ("a@b:c\nd", False, False),
    ],
)
def test_which_sources_are_remote(source: str, git: bool, http: bool) -> None:
    assert (is_git(source), is_http(source), is_remote(source)) == (git, http, git or http)


def test_platform_of_a_stage() -> None:
    assert last("FROM --platform=linux/arm64/v8 alpine").platform == "linux/arm64"
    assert last("FROM --platform=$BUILDPLATFORM alpine").platform == "linux/amd64"
    assert problems("FROM --platform=$NOPE alpine") == ["1: the platform of FROM --platform=$NOPE is blank"]
    assert len(problems("FROM --platform=a/b/c/d alpine")) == 1
