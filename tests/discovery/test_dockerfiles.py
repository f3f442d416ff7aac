"""Plain Dockerfiles: which count, what they are called, where their context is."""

from __future__ import annotations

import pytest

from mbuild.errors import Broken
from tests.discovery.finding import SCRATCH, Files, affected_by, find, images, notes

NAMES = {
    "Dockerfile": "app",
    "api/Dockerfile": "api",
    "api/Containerfile": "api",
    "services/api/docker/Dockerfile": "api",
    "src/cart/src/Dockerfile": "cart",
    "docker/Dockerfile.api": "api",
    "docker/api.Dockerfile": "api",
    "docker/api.dockerfile": "api",
    "api/Dockerfile.worker": "api-worker",
    "api/worker.Dockerfile": "api-worker",
    "Dockerfile.worker": "worker",
    "Dockerfile-worker": "worker",
    "NodeBase/Dockerfile": "node-base",
    "My_App/Dockerfile": "my_app",
    "a b/Dockerfile": "a-b",
    "__/Dockerfile": "image",
}


@pytest.mark.parametrize("path", NAMES)
def test_names_come_from_folders(path: str) -> None:
    assert list(images({path: SCRATCH})) == [NAMES[path]]


def test_a_dockerfile_inside_the_folder_of_another_is_called_behind_it() -> None:
    files = {"img/py/Dockerfile": SCRATCH, "img/py/cuda12/Dockerfile": SCRATCH, "img/py/Dockerfile.dev": SCRATCH}
    assert list(images(files)) == ["py", "py-dev", "py-cuda12"]


@pytest.mark.parametrize("name", ["Dockerfile.dockerignore", "Dockerfile.bak", "Dockerfile.orig", "mydockerfile"])
def test_what_is_only_called_alike_is_no_dockerfile(name: str) -> None:
    assert list(images({f"a/{name}": SCRATCH, "b/Dockerfile": SCRATCH})) == ["b"]


AS_DOCKERFILES_BEGIN = [
    SCRATCH,
    "\ufeff# syntax=docker/dockerfile:1\n\n  # x\r\n\r\nfrom --platform=$BUILDPLATFORM golang AS b\r\nRUN x\n",
    "ARG V=1\nFROM scratch\n",
    "FROM \\\n  scratch\n",
    "FROM scratch",
    "FROM scratch\nRUN echo a@b.c @ NAME %x%\n",
]
ENDS = ["Dockerfile.go", "Dockerfile.PY", "Dockerfile-ci.yaml", "Dockerfile.j2", "Dockerfile.in"]


@pytest.mark.parametrize("text", AS_DOCKERFILES_BEGIN)
@pytest.mark.parametrize("name", ENDS)
def test_what_begins_as_a_dockerfile_is_one_though_it_is_called_like_something_else(name: str, text: str) -> None:
    assert [each.build.dockerfile for each in find({name: text}).images] == [name]


def test_a_mistake_does_not_make_it_something_else() -> None:
    files = {"a/Dockerfile.go": SCRATCH + "RUNN what is a mistake\n", "b/Dockerfile": SCRATCH}
    (said,) = notes(files)
    assert said.startswith("a/Dockerfile.go:2:1: left out: unknown instruction")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dockerfile.go", "package main\n\nconst text = `\nFROM scratch\n`\n"),
        ("Dockerfile.py", "from string import Template\ntext = '\\\nFROM scratch\n'\n"),
        ("Dockerfile.sh", "#!/bin/sh\ncat > Dockerfile <<EOT\nFROM scratch\nEOT\n"),
        ("Dockerfile.md", "# About\n\nFrom here on all is prose.\n\n```\nFROM scratch\n```\n"),
        ("Dockerfile.json", '{"a":\nFROM scratch\n'),
        ("Dockerfile.j2", "FROM scratch\nRUN echo {{ name }}\n"),
        ("Dockerfile.j2", "{% if x %}\nFROM scratch\n{% endif %}\n"),
        ("Dockerfile.erb", "FROM scratch\nRUN echo <%= name %>\n"),
        ("Dockerfile.in", "FROM scratch\nRUN echo @NAME@\n"),
        ("Dockerfile.template", "FROM balenalib/%%BALENA_MACHINE_NAME%%-node\n"),
    ],
)
def test_what_is_in_another_language_or_to_be_filled_in_is_no_dockerfile(name: str, text: str) -> None:
    found = find({f"a/{name}": text, "b/Dockerfile": SCRATCH, f"vendor/{name}": text})
    assert [each.name for each in found.images] == ["b"]
    assert not found.asides
    assert not found.problems


def test_the_content_of_other_peoples_files_decides_too() -> None:
    found = find({"vendor/Dockerfile.go": SCRATCH, "b/Dockerfile": SCRATCH})
    assert [each.build.dockerfile for each in found.asides] == ["vendor/Dockerfile.go"]


@pytest.mark.parametrize(
    "text", ["\ufeffFROM scratch\n", "FROM\\\n scratch\n", "# escape=`\nfrom`\n scratch\n", "# x\n\tFROM\tscratch\n"]
)
def test_a_from_may_stand_behind_a_mark_and_be_continued(text: str) -> None:
    assert list(images({"a/Dockerfile": text})) == ["a"]


def test_a_file_without_from_is_no_dockerfile() -> None:
    assert images({"a/Dockerfile": "all of this is prose\n"}) == {}


CONTEXTS = {
    "its folder where all sources are": ("COPY main.py lib /\n", "svc/api", False),
    "no sources": ("RUN true\n", "svc/api", False),
    "everything": ("COPY . .\n", "svc/api", False),
    "the top": ("COPY svc/api/main.py shared /\n", "", True),
    "a folder in between": ("COPY api/main.py /\n", "svc", True),
    "a wildcard": ("COPY shared/*.txt /\n", "", True),
    "as if out of it": ("COPY ../../api/./main.py /../shared/../api/lib /\n", "svc", True),
    "an argument": ("ARG D=shared\nCOPY ${D} /\n", "", True),
    "a bind mount": ("RUN --mount=type=bind,source=shared,target=/s true\n", "", True),
    "nothing anywhere": ("COPY dist target/app.jar /\n", "svc/api", False),
    "most of them": ("COPY shared svc/api/lib generated /\n", "", True),
    "another image's file": ("COPY --from=x shared /\n", "svc/api", False),
}


@pytest.mark.parametrize("name", CONTEXTS)
def test_the_context_is_where_the_sources_are(name: str) -> None:
    text, context, guessed = CONTEXTS[name]
    files = {
        "svc/api/Dockerfile": SCRATCH + text,
        "svc/api/main.py": "",
        "svc/api/lib/x": "",
        "shared/a.txt": "",
    }
    image = images(files)["api"]
    assert image.build.context == context
    assert bool(image.guesses) == guessed


@pytest.mark.parametrize(
    ("source", "context"),
    [
        ("shared/a.txt", ""),  # a file behind a link to a folder
        ("linked/a.txt", ""),
        ("linked", ""),
        ("deep/link/a.txt", ""),
        ("svc/own", ""),  # a link to a file
        ("dangling", "svc/api"),
        ("module", ""),
        ("linked/nothing", "svc/api"),
    ],
)
def test_sources_behind_links_are_there(source: str, context: str) -> None:
    files: Files = {
        "svc/api/Dockerfile": f"FROM scratch\nCOPY {source} /\n",
        "svc/own": ("link", "api/Dockerfile"),
        "shared/a.txt": "",
        "linked": ("link", "shared"),
        "deep/link": ("link", "../shared"),
        "dangling": ("link", "nowhere"),
        "module": ("submodule", "1" * 40),
    }
    assert images(files)["api"].build.context == context


OF_ALL = {
    "a file of the copy, in another stage": ("COPY . /src\nFROM scratch\nCOPY --from=0 /src/cmd/cli/cli /\n", ""),
    "a command with a path of the copy": ("COPY ./ /src\nRUN chmod +x /src/cmd/cli/run.sh\n", ""),
    "a command in the folder of the copy": ("WORKDIR /src\nCOPY . .\nRUN go build -o /out ./cmd/cli/...\n", ""),
    "a folder that only the base image knows": ("COPY . .\nRUN go build ./cmd/cli\n", ""),
    "a heredoc": ("COPY . /src\nRUN <<END\ncd /src/cmd/cli && make\nEND\n", ""),
    "a working directory": ("COPY * /src/\nWORKDIR /src/cmd\nWORKDIR cli\n", ""),
    "a stage made from the one with the copy": (
        "FROM scratch AS b\nWORKDIR /src\nCOPY . .\nFROM b\nRUN make -C cmd/cli\n",
        "",
    ),
    "what it runs": ('ADD . /src\nCMD ["/src/cmd/cli/run.sh"]\n', ""),
    "a file below the folder above": ("COPY . /src\nCMD /src/cli/main.go\n", "cmd"),
    "a file that nothing has as well": ("COPY dist /x\nCOPY . /src\nRUN /src/cmd/cli/run.sh\n", ""),
    "a file that the folder has as well": ("COPY main.go /x\nCOPY . /src\nRUN ls /src/cmd/cli\n", "cmd/cli"),
    "what is built may be called as the folder": ("COPY . /src\nRUN go build -o /src/cli .\n", "cmd/cli"),
    "a folder that begins alike": ("COPY . /src\nRUN ls /src/cmd/client\n", "cmd/cli"),
    "elsewhere": ("COPY . /src\nRUN ls /opt/cmd/cli\n", "cmd/cli"),
    "a page about it": ("COPY . /src\nLABEL url=https://example.com/src/cmd/cli\n", "cmd/cli"),
    "nothing said": ("COPY . /src\nRUN make\n", "cmd/cli"),
}


@pytest.mark.parametrize("name", OF_ALL)
def test_the_context_of_a_copy_of_all_is_what_its_use_says(name: str) -> None:
    text, context = OF_ALL[name]
    files = {"cmd/cli/Dockerfile": SCRATCH + text, "cmd/cli/main.go": "", "go.mod": "", "cmd/x": ""}
    image = images(files)["cli"]
    assert image.build.context == context
    inner = "cmd/cli".removeprefix(f"{context}/") if context else "cmd/cli"
    guess = () if context == "cmd/cli" else (f"context guessed: {inner} is used in the copy of it",)
    assert image.guesses == guess


TOOLS = {
    "make": ("WORKDIR /src\nCOPY . .\nRUN make clean all\n", "Makefile"),
    "go": ("COPY . /src\nWORKDIR /src\nRUN --mount=type=cache,target=/c set -e; go build .\n", "go.mod"),
    "cargo": ("WORKDIR /src\nCOPY . .\nRUN cargo build --release\n", "Cargo.toml"),
    "what needs no file": ("WORKDIR /src\nCOPY . .\nRUN go install x.example.com/y@latest\n", ""),
    "behind what may make the file": ("WORKDIR /src\nCOPY . .\nRUN ./configure\nRUN make\n", ""),
    "elsewhere": ("COPY . /src\nWORKDIR /other\nRUN make\n", ""),
    "without a copy of all": ("WORKDIR /src\nCOPY --from=x . .\nRUN make\n", ""),
    "of a file that is nowhere": ("WORKDIR /src\nCOPY . .\nRUN poetry build\n", ""),
}


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("has_it", [True, False])
def test_the_context_of_a_copy_of_all_has_what_runs_there_first_needs(name: str, has_it: bool) -> None:
    text, file = TOOLS[name]
    files = {"sub/app/Dockerfile": SCRATCH + text, "sub/app/x": "", "Makefile": "", "go.mod": "", "sub/Cargo.toml": ""}
    files |= {f"sub/app/{file}": ""} if has_it and file else {}
    image = images(files)["app"]
    root = "sub/app" if has_it or not file else "sub" if file == "Cargo.toml" else ""
    assert image.build.context == root
    assert image.guesses == (() if root == "sub/app" else (f"context guessed: {file} is there",))


def test_a_folder_that_has_the_path_itself_is_its_context() -> None:
    text = "FROM scratch\nCOPY . /src\nRUN ls /src/cmd/cli\n"
    files = {"cmd/cli/Dockerfile": text, "cmd/cli/cmd/cli/main.go": "", "go.mod": ""}
    assert images(files)["cli"].build.context == "cmd/cli"


@pytest.mark.parametrize(
    ("files", "context"),
    [
        ({}, ""),
        (
            {
                "docker/app/Dockerfile.dev": SCRATCH,
                "docker/app/Dockerfile.dockerignore": "",
                "docker/app/README.md": "",
            },
            "",
        ),
        ({"docker/app/.dockerignore": "", "docker/app/run.sh": ""}, "docker/app"),
        ({"docker/app/sub/x": ""}, "docker/app"),
    ],
)
def test_nobody_copies_a_folder_of_dockerfiles(files: Files, context: str) -> None:
    image = images({"docker/app/Dockerfile": "FROM scratch\nCOPY . /\n", "main.go": "", **files})["app"]
    assert image.build.context == context
    assert image.guesses == (() if context else ("context guessed: docker/app has nothing to copy",))


WINDOWS = {
    "escape": ("# escape=`\nFROM scratch\nCOPY .\\conf\\a.conf C:\\a\\\n", "its escape character is `"),
    "a tag": (
        "FROM mcr.microsoft.com/powershell:lts-nanoserver-ltsc2022\nCOPY conf/a.conf C:/\n",
        "it starts from mcr.microsoft.com/powershell:lts-nanoserver-ltsc2022",
    ),
    "a repository": (
        "ARG V=1\nFROM mcr.microsoft.com/windows/server:$V\nCOPY conf/a.conf C:/\n",
        "it starts from mcr.microsoft.com/windows/server:1",
    ),
    "another stage's base": (
        "FROM golang AS b\nCOPY conf/a.conf /\nFROM openjdk:8-windowsservercore\nCOPY --from=b /x /\n",
        "it starts from openjdk:8-windowsservercore",
    ),
    "a stage that says it by itself": (
        "FROM --platform=windows/amd64 mcr.microsoft.com/windows AS b\nFROM scratch\nCOPY --from=b /x /\nCOPY conf /\n",
        "",
    ),
    "only files of Windows": ("FROM scratch\nCOPY --from=mcr.microsoft.com/windows /x /\nCOPY conf /\n", ""),
    "Linux": ("FROM mcr.microsoft.com/powershell:lts-alpine\nCOPY conf/a.conf /\n", ""),
    "a stage that nothing needs": ("FROM mcr.microsoft.com/windows\nFROM alpine\nCOPY conf/a.conf /\n", ""),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_what_is_written_for_windows_is_for_that_platform(name: str) -> None:
    text, why = WINDOWS[name]
    files = {"a/agent/Dockerfile": text, "a/agent/conf/a.conf": "1"}
    image = images(files)["agent"]
    assert image.build.platforms == (("windows/amd64",) if why else ())
    assert image.guesses == ((f"platforms guessed: {why}",) if why else ())
    assert affected_by(files, files | {"a/agent/conf/a.conf": "2"}) == {"agent"}


def test_the_context_of_what_is_written_for_windows_is_where_its_sources_are() -> None:
    files = {"a/Dockerfile": "# escape=`\nFROM scratch\nCOPY shared\\x .\n", "shared/x": ""}
    assert images(files)["a"].build.context == ""


def test_an_unreadable_dockerfile_keeps_its_folder() -> None:
    assert images({"a/Dockerfile": "FROM scratch\nCOPY\n"})["a"].build.context == "a"


UNSET = "x has no value: give it a default in an ARG before the first FROM, or a value in args"


@pytest.mark.parametrize(
    ("text", "wrong", "hints"),
    [
        ("ARG x\nFROM base:$x\nCOPY . /\n", "2:1: left out: 'base:' is no image reference", (UNSET,)),
        ("FROM ${x}\n", "1:1: left out: the base name of FROM ${x} is blank", (UNSET,)),
    ],
)
def test_what_nobody_states_the_arguments_of_is_set_aside(text: str, wrong: str, hints: tuple[str, ...]) -> None:
    """As an image, it would be an error of every question about any other."""
    found = find({"a/Dockerfile": text, "b/Dockerfile": SCRATCH})
    assert [each.name for each in found.images] == ["b"]
    assert [each.build.aside for each in found.asides] == [f"needs args: {wrong.partition(': left out: ')[2]}"]
    assert [(str(each), each.hints) for each in found.problems] == [(f"a/Dockerfile:{wrong}", hints)]


@pytest.mark.parametrize(
    "text",
    [
        "ARG x\nFROM base:$x\nCOPY --from=$x a /\n",
        "FROM base\nCOPY ${x:?needed} /\n",
        "FROM base\nCOPY --newer a /\n",
        "FROM base\nCOPY --newer=$x a\n",
        "FROM base\nRUN --mount=type=newer true\n",
        "FROM base\nARG x\nCOPY a[$x /\n",
        "# syntax=acme/frontend\nCOPPY . /\n FROM x\n",
        "# syntax=acme/frontend\nFROM x\nENV A\n",
        "ARG x=1\nFROM base:$x\n",
        "FROM scratch\nARG x\nCOPY $x /\n",
    ],
)
def test_what_is_wrong_otherwise_stays_an_image(text: str) -> None:
    """What is wrong may be right with other values, another frontend, or a newer BuildKit than is known here."""
    found = find({"a/Dockerfile": text, "b/Dockerfile": SCRATCH})
    assert [each.name for each in found.images] == ["a", "b"]
    assert not found.problems


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("FROM base\nCOPPY . /\n", "2:1: left out: unknown instruction: COPPY"),
        ("ARG x\nFROM base:$x\nCOPPY . /\n", "3:1: left out: unknown instruction: COPPY"),
        ('FROM base\nesac && echo "$X"\n', "2:1: left out: unknown instruction: ESAC"),
        ("FROM base\ndone --all $x\n", "2:1: left out: unknown instruction: DONE"),
        ("FROM base\n--all $x\n", "2:1: left out: unknown instruction: --ALL"),
        ("FROM base\nRUN --newer x\nfi $x\n", "3:1: left out: unknown instruction: FI"),
        ("FROM base\nSHELL $x\n", "2:1: left out: SHELL needs a JSON array"),
        ("FROM base\nCOPY a$x--b\n", "2:1: left out: COPY needs a source and a destination"),
        ("FROM base AS $x\n", "1:1: left out: '$x' cannot be the name of a stage"),
        ("CMD $x\nFROM base\n", "1:1: left out: CMD stands before the first FROM"),
        ("FROM ${a.b}\n", "1:1: left out: ${a.b}: unsupported modifier (.) in substitution"),
        ("FROM base\nCOPY t/${a.b}.jar /\n", "2:1: left out: t/${a.b}.jar: unsupported modifier (.) in substitution"),
        ("FROM base\nENV A\n", "2:1: left out: ENV must have two arguments"),
        ("FROM base\nENV A=${B\n", "2:1: left out: ${B: syntax error: missing '}'"),
        (
            "# escape=`\nFROM base\nCOPY .\\out /\n",
            "3:1: left out: COPY .\\out: malformed pattern: \\o has no meaning there",
        ),
        ("FROM A:b\n", "1:1: left out: "),
    ],
)
def test_what_buildkit_refuses_is_set_aside(text: str, wrong: str) -> None:
    """Most such are templates, and nothing states them: their errors would be those of every question."""
    found = find({"a/Dockerfile": text, "b/Dockerfile": SCRATCH})
    assert [each.name for each in found.images] == ["b"]
    (said,) = found.problems
    assert isinstance(said, Broken)
    assert str(said).startswith(f"a/Dockerfile:{wrong}")
    assert [each.build.aside for each in found.asides] == [
        f"cannot be built: {said.message.removeprefix('left out: ')}"
    ]
    stated = {"compose.yaml": "services: {a: {build: {context: a}}}\n", "a/Dockerfile": text}
    assert list(images(stated)) == ["a"]


def test_where_all_lack_arguments_they_are_the_images() -> None:
    """There would be nothing to write, and nothing to give the arguments to."""
    text = "FROM base:$x\n"
    found = find({"a/Dockerfile": text, "b/Dockerfile": text, "vendor/c/Dockerfile": SCRATCH})
    assert [each.name for each in found.images] == ["a", "b"]
    assert not found.problems
    beside = {"compose.yaml": "services: {c: {build: {context: c}}}\n", "c/Dockerfile": SCRATCH, "a/Dockerfile": text}
    assert list(images(beside)) == ["c"]


def test_what_states_arguments_states_an_image() -> None:
    files = {"compose.yaml": "services: {a: {build: {context: a}}}\n", "a/Dockerfile": "ARG x\nFROM base:$x\n"}
    assert list(images(files)) == ["a"]


ASIDES = {
    "tests/Dockerfile": "below tests/",
    "docs/x/Dockerfile": "below docs/",
    ".devcontainer/Dockerfile": "below .devcontainer/",
    "api/Dockerfile.dev": "in the folder of api, not stated by any compose, bake or skaffold file",
    "api/tool/Dockerfile": "in the folder of api, not stated by any compose, bake or skaffold file",
    "api/tool/x/y.Dockerfile": "in the folder of api, not stated by any compose, bake or skaffold file",
    "vendor/x/Dockerfile": "other people's code or test data",
    "testdata/Dockerfile": "other people's code or test data",
}


@pytest.mark.parametrize("path", ASIDES)
def test_what_nothing_states_and_looks_like_a_helper_is_set_aside(path: str) -> None:
    files = {"compose.yaml": "services: {api: {build: ./api}}\n", "api/Dockerfile": SCRATCH, path: SCRATCH}
    found = find(files)
    assert [each.name for each in found.images] == ["api"]
    assert [(each.build.dockerfile, each.build.aside) for each in found.asides] == [(path, ASIDES[path])]
    # Their folders say of the others what they are.
    said = [f"{path}: left out: {ASIDES[path]}"] if ASIDES[path].startswith("in ") else []
    assert [str(each) for each in found.problems] == said


def test_at_the_top_only_a_variant_beside_what_is_stated_is_set_aside() -> None:
    files = {"compose.yaml": "services: {app: {build: .}}\n", "Dockerfile": SCRATCH}
    further = {
        "Dockerfile.dev": SCRATCH,
        "Containerfile": SCRATCH,
        "web/Dockerfile": SCRATCH,
        "web/x.Dockerfile": SCRATCH,
    }
    found = find(files | further)
    assert [each.build.dockerfile for each in found.asides] == ["Dockerfile.dev"]
    assert [str(each) for each in found.problems] == [
        "Dockerfile.dev: left out: in the folder of app, not stated by any compose, bake or skaffold file"
    ]


@pytest.mark.parametrize("path", ["Dockerfile.worker", "worker.Dockerfile", "api-too/Dockerfile.worker"])
def test_what_is_stated_elsewhere_says_nothing_of_a_variant(path: str) -> None:
    """A compose file of one team would make the images of all others vanish."""
    files = {"compose.yaml": "services: {api: {build: ./api}}\n", "api/Dockerfile": SCRATCH, path: SCRATCH}
    found = find(files)
    assert {each.build.dockerfile for each in found.images} == {"api/Dockerfile", path}
    assert not found.problems


@pytest.mark.parametrize("path", ["Dockerfile.worker", "api/Dockerfile.worker"])
def test_what_a_folder_for_helpers_states_makes_no_other_a_helper(path: str) -> None:
    files = {"tests/compose.yaml": "services: {t: {build: {context: .., dockerfile: Dockerfile}}}\n"}
    found = find(files | {"Dockerfile": SCRATCH, path: SCRATCH})
    assert {each.build.dockerfile for each in found.images} == {"Dockerfile", path}


def test_a_dockerfile_of_its_own_counts_beside_what_others_state() -> None:
    files = {"compose.yaml": "services: {api: {build: ./api}}\n", "api/Dockerfile": SCRATCH, "web/Dockerfile": SCRATCH}
    assert list(images(files)) == ["api", "web"]


def test_where_there_are_only_helpers_they_are_the_images() -> None:
    assert list(images({"examples/a/Dockerfile": SCRATCH, "vendor/b/Dockerfile": SCRATCH})) == ["a"]


def test_variants_count_where_nothing_is_stated() -> None:
    assert list(images({"Dockerfile.a": SCRATCH, "Dockerfile.b": SCRATCH})) == ["a", "b"]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("a\udcff/Dockerfile", "its name is not UTF-8"),
        (r"dev-disk\x2da/Dockerfile", r"'dev-disk\x2da' has a backslash"),
        (r"a\b.Dockerfile", r"'a\b.Dockerfile' has a backslash"),
        ("git@a/Dockerfile", "'git@a' is not in this repository"),
    ],
)
def test_file_names_that_build_yaml_cannot_hold_are_reported(path: str, why: str) -> None:
    files = {path: SCRATCH, "b/Dockerfile": SCRATCH, "c\udcff": "x", r"c\d": "x"}
    assert list(images(files)) == ["b"]
    shown = path.replace("\udcff", r"\xff")
    assert notes(files) == [f"{shown}: {why}, so build.yaml cannot hold it"]


def test_a_submodule_is_no_file() -> None:
    files: Files = {
        "Dockerfile": ("submodule", "a" * 40),
        "compose.yaml": ("submodule", "a" * 40),
        "b/Dockerfile": SCRATCH,
    }
    assert list(images(files)) == ["b"]


def test_links_are_no_second_dockerfile() -> None:
    assert list(images({"a/Dockerfile": SCRATCH, "b/Dockerfile": ("link", "../a/Dockerfile")})) == ["a"]
