"""Our reader of compose files gives what ``docker buildx bake --print`` gives: small files, each with its own trap."""

from __future__ import annotations

import json
import os
import posixpath
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mbuild.builders.buildx import find_docker
from mbuild.discovery.compose import discover
from mbuild.discovery.composebake import COMPOSE
from mbuild.discovery.looking import Looker
from mbuild.discovery.model import BUILD, Build, Look
from tests.trees import MemoryTree

Case = dict[str, str]


def services(text: str) -> str:
    return f"services:\n  a:\n    build: {text}\n"


SCALARS = (
    "A: 3.10, B: 017, C: yes, D: 1e3, E: 0x10, F: true, H: 1_000, I: 2020-01-01, J: '3.10', K: 0o17, L: .5, M: 1.0, "
    "O: '', P: 1e21, Q: 123456789012345678901, R: 12345678.5, S: on, T: 'True', U: True, W: 0.00001, X: 0b11, Y: -1, "
    "Z: +1, AA: 1., AB: 1e-7, AC: 100000000.0, AD: 1E5, AE: 10:30, AG: 08, AH: 0x1G, AI: 1_0.5, AJ: 123456789.125, "
    "AK: a_b, AL: 1_a, AM: -0.5, AN: 1000000, AO: 1000000.0, AP: 123456.7, AQ: 0.0001, AR: 18446744073709551616, AS: 0"
)

CASES: dict[str, Case] = {
    "short form": {"compose.yaml": services("./a")},
    "dot": {"compose.yaml": services(".")},
    "long form": {"compose.yaml": services("{context: ./a, dockerfile: docker/Dockerfile.x, target: t}")},
    "no context": {"compose.yaml": services("{target: t}")},
    "empty context": {"compose.yaml": services("{context: ''}")},
    "trailing slash": {"compose.yaml": services("{context: ./a/}")},
    "dockerfile above its context": {"compose.yaml": services("{context: ./x, dockerfile: ../y/Dockerfile}")},
    "scalars": {"compose.yaml": services(f"{{context: ., args: {{{SCALARS}}}}}")},
    "nulls": {"compose.yaml": services("{context: ., args: {G: null, N: ~, M: , O: Null}}")},
    "args as a list": {"compose.yaml": services("{context: ., args: [A=1, B, C=, 'D=x=y', A=2, 'E= f ']}")},
    "args from .env": {"compose.yaml": services("{context: ., args: [A, B]}"), ".env": "A=1\n"},
    "null args from .env": {"compose.yaml": services("{context: ., args: {A: , B: }}"), ".env": "A=1\n"},
    "variables": {
        "compose.yaml": services('{context: ., args: {A: $A, B: "${A}", C: "$A-$B", D: "${A}b", E: x$A}}'),
        ".env": "A=1\nB=two\n",
    },
    "defaults": {
        "compose.yaml": services(
            '{context: ., args: {A: "${U:-d}", B: "${U-d}", C: "${E:-d}", D: "${E-d}", F: "${V:-d}", G: "${V-d}"}}'
        ),
        ".env": "E=\nV=v\n",
    },
    "alternatives": {
        "compose.yaml": services(
            '{context: ., args: {A: "${U:+a}", B: "${U+a}", C: "${E:+a}", D: "${E+a}", F: "${V:+a}"}}'
        ),
        ".env": "E=\nV=v\n",
    },
    "required and there": {
        "compose.yaml": services('{context: ., args: {A: "${V:?no}", B: "${V?no}"}}'),
        ".env": "V=v\n",
    },
    "nested defaults": {
        "compose.yaml": services('{context: ., args: {A: "${U:-${X:-n}}", B: "${U:-a${V}b}", C: "${V:+${U:-z}}"}}'),
        ".env": "V=v\n",
    },
    "default with punctuation": {"compose.yaml": services('{context: ., args: {A: "${U:-a:b/c.d-e}", B: "${U:-}"}}')},
    "dollars that begin nothing": {
        "compose.yaml": services('{context: ., args: {A: "10$", B: "$1", C: "^x.*$|y", D: "$ {A}", E: "$-", F: "a$é"}}')
    },
    "dollars": {"compose.yaml": services('{context: ., args: {A: "$$a", B: "a$$$$b", C: "$${X}"}}')},
    "a number through a variable stays text": {
        "compose.yaml": services("{context: ., args: {A: $V}}"),
        ".env": "V=017\n",
    },
    "variables in paths": {
        "compose.yaml": services('{context: "./$DIR", dockerfile: "${FILE}", target: "${T:-t}"}'),
        ".env": "DIR=a/b\nFILE=./x/Dockerfile\n",
    },
    "quotes in .env": {
        "compose.yaml": services("{context: ., args: {A: $A, B: $B, C: $C, D: $D, E: $E, F: $F, G: $G}}"),
        ".env": 'A=\'$X y\'  \nB="a b"   # c\nC=a # c\nD=a#c\nexport E=1\nF="x\\ny"\nG=$E-2\n# H=1\n\n',
    },
    "marks of comments in .env": {
        "compose.yaml": services("{context: ., args: {A: $A, B: $B, C: $C, D: $D, E: $E}}"),
        ".env": "A=#fff\nB=a\t#b\nC= #c\nD=a #b #c\nE='#' #x\n",
    },
    "escapes in .env": {
        "compose.yaml": services("{context: ., args: {A: $A, B: $B, C: $C, D: $D, E: $E, F: $F, G: $G, H: $H}}"),
        ".env": 'A="\\$100"\nB="a\\$X\\\\$X"\nC=\'it\\\'s \\n\'\nD="\\a\\b\\f\\v\\c\\x\\"\\\\"\n'
        'E="\\0101 \\0 \\012 \\0777 \\0189"\nF=5$\nG="$$X"\nH="\\\'"\n',
    },
    "two values on a line of .env": {
        "compose.yaml": services("{context: ., args: {A: $A, B: $B, C: $C}}"),
        ".env": "A=\"x\" B='y' C=z\n",
    },
    "lines in .env": {
        "compose.yaml": services("{context: ., args: {A: $A, B: $B, C: $C}}"),
        ".env": 'A="one\ntwo"\r\nB=x\r\nC=${U:-d}\n',
    },
    "anchors": {"compose.yaml": "x-b: &b {context: ./a, target: t}\nservices:\n  a: {build: *b}\n  b: {build: *b}\n"},
    "merge keys": {
        "compose.yaml": "x-b: &b {context: ., args: {A: 1}}\nservices:\n  a: {build: {<<: *b, dockerfile: D}}\n"
        "  b: {build: {<<: *b, args: {B: 2}}}\n"
    },
    "merge key with a list": {
        "compose.yaml": "x-b: &b {context: ., args: {A: 1}}\nx-c: &c {context: ./c, target: t}\n"
        "services:\n  a: {build: {<<: [*b, *c]}}\n"
    },
    "merge key of a service": {
        "compose.yaml": "services:\n  a: &a {build: ./a, image: x/a}\n  b:\n    <<: *a\n    image: x/b\n"
    },
    "names": {"compose.yaml": "services:\n  My_Svc: {build: .}\n  a-b: {build: ./b}\n"},
    "images": {"compose.yaml": "services:\n  a: {build: ., image: 'x/a:1'}\n  b: {image: y}\n"},
    "tags": {"compose.yaml": services("{context: ., tags: ['x:1', 'y:2']}")},
    "remote": {"compose.yaml": services("https://github.com/x/y.git#main:sub")},
    "inline": {"compose.yaml": services('{dockerfile_inline: "FROM scratch"}')},
    "contexts": {
        "compose.yaml": "services:\n  b: {build: ./b}\n  a:\n    build:\n      context: .\n      additional_contexts:\n"
        "        b: service:b\n        c: ./c\n        d: docker-image://alpine\n        e: https://x.y/z.git\n"
    },
    "contexts as a list": {
        "compose.yaml": services("{context: ., additional_contexts: ['c=./c', 'd=docker-image://x']}")
    },
    "override": {
        "compose.yaml": services("{context: ./a, args: {A: '1', B: '1'}, target: s}"),
        "compose.override.yaml": services("{args: [B=2, C=3], target: t, additional_contexts: {q: ./q}}"),
    },
    "override by the short form": {
        "compose.yaml": services("{context: ., args: {A: '1'}}"),
        "compose.override.yaml": services("./b"),
    },
    "short form overridden": {
        "compose.yaml": services("./a"),
        "compose.override.yaml": services("{dockerfile: D}"),
    },
    "override adds services": {
        "compose.yaml": services("./a"),
        "compose.override.yaml": "services:\n  b: {build: ./b}\n  a: {image: x}\n",
    },
    "!override": {
        "compose.yaml": services("{context: ./a, args: {A: '1'}}"),
        "compose.override.yaml": services("!override {target: v}"),
    },
    "!override of args": {
        "compose.yaml": services("{context: ./a, args: {A: '1'}}"),
        "compose.override.yaml": services("{args: !override {B: '2'}}"),
    },
    "!reset": {
        "compose.yaml": services("{context: ./a, args: {A: '1'}}") + "    image: x\n  b: {build: ./b}\n",
        "compose.override.yaml": services("!reset null"),
    },
    "!reset of args": {
        "compose.yaml": services("{context: ./a, args: {A: '1'}, target: t}"),
        "compose.override.yaml": services("{args: !reset {}, target: !reset null}"),
    },
    "!reset of what extends": {
        "compose.yaml": services("{context: ./a, args: {V: '1'}, target: t}"),
        "compose.override.yaml": "services:\n  b: {build: {context: ./b, args: {W: '2'}, target: u}}\n"
        "  a: {extends: b, build: {args: !reset {}}}\n",
    },
    "!override of what extends": {
        "compose.yaml": services("{context: ./a, args: {V: '1'}, target: t}"),
        "compose.override.yaml": "services:\n  b: {build: {context: ./b, args: {W: '2'}}}\n"
        "  a: {extends: b, build: {args: !override {X: '3'}}}\n  c: {extends: b, build: !override {context: ./c}}\n",
    },
    "!override of a build that extends": {
        "compose.yaml": services("{context: ./a, args: {V: '1'}}"),
        "compose.override.yaml": "services:\n  b: {build: {context: ./b, args: {W: '2'}}}\n"
        "  a: {extends: b, build: !override {context: ./c}}\n",
    },
    "!reset of what is extended": {
        "compose.yaml": services("{context: ./a, args: {V: '1'}}"),
        "compose.override.yaml": "services:\n  b: {build: {context: ./b, args: !reset {}}}\n  a: {extends: b}\n",
    },
    "!reset in a second document": {
        "compose.yaml": services("{context: ./a, args: {V: '1'}}"),
        "compose.override.yaml": services("{args: {W: '2'}}") + "---\n" + services("{args: !reset {}}"),
    },
    "extends": {
        "compose.yaml": "services:\n  base: {build: {context: ./b, args: {A: '1', B: '2'}}, image: base:1}\n"
        "  a: {extends: base, build: {args: [A=9, C=3]}}\n  c: {extends: {service: a}, image: z}\n"
    },
    "extends in a file": {
        "compose.yaml": "services:\n  a: {extends: {file: sub/base.yaml, service: base}, build: {args: {A: '2'}}}\n",
        "sub/base.yaml": "services:\n  base: {build: {context: ./bb, args: {A: '1', B: '2'}}, image: base:1}\n",
    },
    "extends through files": {
        "compose.yaml": "services:\n  a: {extends: {file: sub/one.yaml, service: one}}\n",
        "sub/one.yaml": "services:\n  one: {extends: {file: ../two.yaml, service: two}, build: {target: t}}\n",
        "two.yaml": "services:\n  two: {build: {context: ./two}}\n",
    },
    "name of the project": {
        "compose.yaml": "name: Shop-${V}\n" + services("{context: ., args: {A: $COMPOSE_PROJECT_NAME}}"),
        ".env": "V=1\n",
    },
    "name of the project that is the clone's": {
        "compose.yaml": services("{context: ., args: {A: $COMPOSE_PROJECT_NAME}}")
    },
    "name of the project in the last file and in what is included": {
        "compose.yaml": "name: one\ninclude: [sub/base.yaml]\n"
        + services("{context: ., args: [COMPOSE_PROJECT_NAME]}"),
        "compose.override.yaml": "name: two\n",
        "sub/base.yaml": "name: three\nservices:\n  b: {build: {context: ., args: {A: $COMPOSE_PROJECT_NAME}}}\n",
    },
    "include": {
        "compose.yaml": "include: [sub/base.yaml]\nservices:\n  a: {build: .}\n",
        "sub/base.yaml": "services:\n  b: {build: {context: ./bb}}\n",
    },
    "include with a project directory": {
        "compose.yaml": "include: [{path: sub/base.yaml, project_directory: other}]\nservices:\n  a: {build: .}\n",
        "sub/base.yaml": "services:\n  b: {build: ./bb}\n",
        "other/.keep": "",
    },
    "include with its own .env": {
        "compose.yaml": "include: [sub/base.yaml]\nservices:\n  a: {build: {context: ., args: {V: $V}}}\n",
        "sub/base.yaml": "services:\n  b: {build: {context: ., args: {V: $V, W: $W}}}\n",
        ".env": "V=outer\n",
        "sub/.env": "V=inner\nW=inner\n",
    },
    "include with files of variables": {
        "compose.yaml": "include: [{path: sub/base.yaml, env_file: [one.env, two.env]}]\n"
        "services:\n  a: {build: {context: ., args: {V: $V}}}\n",
        "sub/base.yaml": "services:\n  b: {build: {context: ., args: {V: $V, W: $W, X: $X, Y: $Y, Z: $Z}}}\n",
        ".env": "V=top\n",
        "one.env": "W=one\nX=${V}-one\nY=one\nV=one\n",
        "two.env": "Y=two\nZ=$W-$Y-$V\n",
    },
    "bytes that are no text in .env": {
        "compose.yaml": services("{context: ., args: {V: $V}}"),
        ".env": "A=\udce9\nV=1\n",
    },
    "include of several files": {
        "compose.yaml": "include: [{path: [sub/one.yaml, sub/two.yaml]}]\nservices:\n  a: {build: .}\n",
        "sub/one.yaml": "services:\n  b: {build: {context: ./b, target: x}}\n",
        "sub/two.yaml": "services:\n  b: {build: {target: y}}\n",
    },
    "two documents": {
        "compose.yaml": services("./a") + "---\nservices:\n  a: {build: {target: t}}\n  b: {build: ./b}\n"
    },
    "profiles": {"compose.yaml": "services:\n  a: {build: ./a, profiles: [x]}\n"},
    "x-bake": {
        "compose.yaml": services(
            "{context: ./a, additional_contexts: {k: ./k, o: ./o}, x-bake: {contexts: {o: other, m: m, s: 'target:b_c',"
            " i: 'docker-image://$V'}, tags: 'x/a:$V', context: ./z, target: t, args: {A: 1}, labels: {L: 1}}}"
        )
        + "  b.c: {build: {context: ./b, x-bake: {tags: [x/b, y/b]}}}\n",
        ".env": "V=v\n",
    },
    "x-bake that another file takes away": {
        "compose.yaml": services("{context: ./a, x-bake: {contexts: {m: m}, tags: [x/a]}}")
        + "  b: {build: {context: ./b, x-bake: {contexts: {m: m}, tags: [x/b]}}}\n"
        + "  c: {build: {context: ./c, x-bake: {contexts: {m: m}, tags: [x/c]}}}\n",
        "compose.override.yaml": services("{x-bake: !reset null}")
        + "  b: {build: {x-bake: !override {tags: [y/b]}}}\n"
        + "  c: {build: {x-bake: {contexts: !reset null, tags: !override [y/c]}}}\n",
    },
    "comments and quotes": {"compose.yaml": "services:\n  'a': # c\n    build: \"./a\" # d\n"},
}

REFUSED: dict[str, Case] = {
    "a key twice": {"compose.yaml": "services:\n  a: {build: .}\n  a: {build: ./b}\n"},
    "broken": {"compose.yaml": "services: [\n"},
    "required and not there": {"compose.yaml": services('{context: ., args: {A: "${NOPE:?set it}"}}')},
    "a wrong variable": {"compose.yaml": services('{context: ., args: {A: "${NO PE}"}}')},
    "a list for an argument": {"compose.yaml": services("{context: ., args: {A: [b]}}")},
    "extends what is not there": {"compose.yaml": "services:\n  a: {extends: nope, build: .}\n"},
    "extends in a circle": {"compose.yaml": "services:\n  a: {extends: b, build: .}\n  b: {extends: a}\n"},
    "services that are a list": {"compose.yaml": "services: [a]\n"},
}


@cache
def docker() -> str | None:
    return find_docker()


@pytest.fixture
def buildx() -> str:
    found = docker()
    if found is None:
        if os.environ.get("MBUILD_REQUIRE_ENGINE"):
            pytest.fail("docker with buildx is required")
        pytest.skip("no docker client on PATH has buildx, which is what our reader is compared with")
    return found


def ask(buildx: str, folder: Path, case: Case) -> subprocess.CompletedProcess[str]:
    for name, text in case.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    files = [each for each in ("compose.yaml", "compose.override.yaml") if each in case]
    given = [part for each in files for part in ("-f", each)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return subprocess.run(
        [buildx, "buildx", "bake", "--print", *given], cwd=folder, env=environment, capture_output=True, text=True
    )


def theirs(said: Mapping[str, Any]) -> dict[str, dict[str, object]]:
    """Return buildx's answer with the paths put together as it does when it builds."""
    found = {}
    for name, each in said["target"].items():
        context = each.get("context", ".")
        if "dockerfile-inline" in each or "://" in context:
            continue
        contexts = {
            key: value.removeprefix("service:").removeprefix("target:")
            for key, value in each.get("contexts", {}).items()
        }
        found[name] = {
            "context": posixpath.normpath(context),
            "dockerfile": posixpath.normpath(posixpath.join(context, each["dockerfile"])),
            "target": each.get("target"),
            "args": each.get("args", {}),
            "contexts": contexts,
            "tags": sorted(each.get("tags", [])),
        }
    return found


def ours(case: Case) -> tuple[dict[str, dict[str, object]], tuple[object, ...]]:
    tree = MemoryTree(case)
    stated = discover(Look(Looker.at(tree), tuple(case)))
    found = [each for each in stated.builds if each.where.file in _main(case) and not each.name.endswith(COMPOSE)]
    return {each.name.replace(".", "_"): _ours(each) for each in found}, stated.problems


def _main(case: Case) -> set[str]:
    """Return the files whose builds count: not those that are read for themselves besides."""
    return {each for each in case if each.endswith(".yaml")}


def _ours(build: Build) -> dict[str, object]:
    contexts = {
        name: other.value.rpartition("\0")[2].replace(".", "_") if other.kind == BUILD else other.value
        for name, other in build.contexts
    }
    return {
        "context": build.context or ".",
        "dockerfile": build.dockerfile,
        "target": build.target,
        "args": dict(build.args),
        "contexts": contexts,
        "tags": sorted(build.published),
    }


@pytest.mark.parametrize("name", CASES)
def test_we_read_what_buildx_reads(name: str, buildx: str, tmp_path: Path) -> None:
    answer = ask(buildx, tmp_path, CASES[name])
    assert answer.returncode == 0, answer.stderr
    assert ours(CASES[name])[0] == theirs(json.loads(answer.stdout))


@pytest.mark.parametrize("name", REFUSED)
def test_what_buildx_refuses_is_reported(name: str, buildx: str, tmp_path: Path) -> None:
    assert ask(buildx, tmp_path, REFUSED[name]).returncode != 0
    _, problems = ours(REFUSED[name])
    assert len(problems) == 1
    assert str(problems[0]).startswith("compose.yaml:")


def test_the_environment_of_the_caller_never_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    case = {"compose.yaml": services('{context: ., args: {A: "${MBUILD_SEEN:-default}", B: }}'), "Dockerfile": ""}
    monkeypatch.setenv("MBUILD_SEEN", "leaked")
    monkeypatch.setenv("B", "leaked")
    assert ours(case)[0]["a"]["args"] == {"A": "default"}
