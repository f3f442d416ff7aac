"""Bake files through buildx, and in JSON without it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from mbuild.app.discovering import bake
from mbuild.builders.buildx import find_docker
from mbuild.discovery.model import Bake
from mbuild.errors import ConfigError, EnvironmentFault, Remark
from tests.discovery.finding import SCRATCH, affected_by, find, images, notes, shown

needs_buildx = pytest.mark.skipif(find_docker() is None, reason="no docker client has buildx, which evaluates HCL")

HCL = """\
variable "TAG" { default = "1.0" }
group "default" { targets = ["web", "more"] }
group "more" { targets = ["mat"] }
target "_common" { args = { V = upper("v") } }
target "_private" { context = "web" }
target "base" { context = "base" }
target "web" {
  inherits = ["_common"]
  context = "web"
  contexts = { base = "target:base" }
  tags = ["acme/web:${TAG}"]
  platforms = ["linux/amd64"]
  secret = ["id=npm,env=NPM"]
}
target "mat" {
  name = "mat-${replace(v, ".", "-")}"
  matrix = { v = ["3.11", "3.12"] }
  args = { PYTHON = v }
  context = "mat"
}
target "lint" {
  context = "web"
  output = ["type=cacheonly"]
}
"""
DOCKERFILES = {"base/Dockerfile": SCRATCH, "web/Dockerfile": SCRATCH, "mat/Dockerfile": SCRATCH}


def test_what_is_handed_on_is_kept() -> None:
    target = {
        "context": "web",
        "ssh": ["default", "k=id,~/x", {"id": "o", "paths": ["p"]}],
        "labels": {"a": "1", "dev.mbuild.x": "2"},
        "cache-from": ["type=local,src=c", {"type": "registry", "ref": "r/x"}, "type=s3,token=x"],
        "cache-to": "type=inline",
    }
    files = {"sub/docker-bake.json": json.dumps({"target": {"web": target}}), "sub/web/Dockerfile": SCRATCH}
    found = images(files, None)["web"].build
    assert found.ssh == ("default", "k=sub/id,~/x", "o=sub/p")
    assert found.labels == (("a", "1"),)
    assert (found.cache_from, found.cache_to) == (("type=local,src=sub/c", "ref=r/x,type=registry"), ())


SETTINGS: dict[str, tuple[object, object]] = {
    "annotations": (["a=1"], ["a=2"]),
    "args": ({"A": "1"}, {"A": "2"}),
    "attest": (["type=sbom"], ["type=provenance,mode=max"]),
    "context": ("web", "base"),
    "contexts": ({"n": "base"}, {"n": "mat"}),
    "dockerfile": ("Dockerfile", "../base/Dockerfile"),
    "entitlements": (["network.host"], ["security.insecure"]),
    "extra-hosts": ({"h": "10.0.0.1"}, {"h": "10.0.0.2"}),
    "labels": ({"a": "1"}, {"a": "2"}),
    "network": ("host", "none"),
    "no-cache": (False, True),
    "no-cache-filter": (["a"], ["b"]),
    "output": (["type=image,compression=gzip"], ["type=image,compression=zstd"]),
    "platforms": (["linux/amd64"], ["linux/arm64"]),
    "secret": (["id=a,env=A"], ["id=b,env=A"]),
    "shm-size": ("1g", "2g"),
    "ssh": (["default"], ["default", "k=web/Dockerfile"]),
    "target": ("a", "b"),
    "ulimits": (["nofile=1"], ["nofile=2"]),
}
"""What buildx knows of a target and that makes another image; ``call`` tells whether it is one."""
OTHERWISE = {"cache-from", "cache-to", "call", "description", "dockerfile-inline", "inherits", "matrix", "name"} | {
    "policy",
    "pull",
    "tags",
}
MATRIX = {"matrix": {"x": ["1", "2"]}, "name": "m${x}", "dockerfile": "Dockerfile"}


@pytest.mark.parametrize("way", [pytest.param("buildx", marks=needs_buildx), "json", "inherited in json"])
@pytest.mark.parametrize("key", SETTINGS)
def test_a_change_of_any_setting_of_a_target_is_seen(key: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way != "buildx":
        monkeypatch.setattr("mbuild.app.discovering._docker", lambda: None)
    files = [_setting(key, said, inherited=way == "inherited in json") for said in SETTINGS[key]]
    assert "web" in affected_by(*files)


def _setting(key: str, said: object, *, inherited: bool) -> dict[str, str]:
    web = {"context": "web", key: said}
    target = {"web": {"inherits": ["_base"]}, "_base": web} if inherited else {"web": web}
    stages = "FROM scratch AS a\nRUN --mount=type=secret,id=a x\nRUN --mount=type=ssh x\nFROM scratch AS b\n"
    used = {"web/Dockerfile": f"ARG A\n{stages}FROM scratch\nARG A\nCOPY --from=n x* /\nCOPY --from=a /b /\n"}
    return {"docker-bake.json": json.dumps({"target": target}), **DOCKERFILES, **used, "mat/x": ""}


@needs_buildx
def test_what_an_older_buildx_passes_over_counts_for_every_target_beside_a_matrix() -> None:
    one, two = (_setting("network", each, inherited=False)["docker-bake.json"] for each in ("none", "host"))
    files = [
        {
            "docker-bake.json": json.dumps({"target": json.loads(text)["target"] | {"m": MATRIX}}),
            **DOCKERFILES,
            "Dockerfile": SCRATCH,
        }
        for text in (one, two)
    ]
    assert affected_by(*files) >= {"web"}


@needs_buildx
def test_all_that_buildx_prints_of_a_target_is_known_here() -> None:
    every = {key: said for key, (said, _) in SETTINGS.items()} | {"tags": ["x"], "pull": True}
    printed = json.loads(bake([("docker-bake.json", json.dumps({"target": {"web": every}}).encode())], ["web"]))
    assert set(printed["target"]["web"]) <= {*SETTINGS, *OTHERWISE}


def test_settings_that_build_yaml_has_no_place_for_are_noted() -> None:
    said = {"attest": ["type=sbom"], "network": "none", "output": ["type=image,name=x,push=true,compression=zstd"]}
    files = {"docker-bake.json": json.dumps({"target": {"web": {"context": "web", **said}}}), **DOCKERFILES}
    assert [each.rpartition(": ")[2] for each in notes(files, None)] == [
        f"{each} has no place in build.yaml and is left out"
        for each in ("network", "attest", "compression of its output")
    ]


@pytest.mark.parametrize(
    ("one", "two", "message"),
    [
        ("../x", "../y", "a context of target 'web' is left out: '../x' is not in this repository"),
        ("target:x", "target:y", "the context 'n' is left out: 'x' is no image here"),
    ],
)
def test_a_context_that_is_left_out_counts_and_is_no_more_than_a_remark(one: str, two: str, message: str) -> None:
    first, second = (
        {
            "docker-bake.json": json.dumps({"target": {"web": {"context": "web", "contexts": {"n": each}}}}),
            **DOCKERFILES,
        }
        for each in (one, two)
    )
    (said,) = find(first, None).problems
    assert (isinstance(said, Remark), said.message) == (True, message)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mbuild.app.discovering._docker", lambda: None)
        assert affected_by(first, second) == {"web"}


def test_what_no_instruction_sees_tells_no_images_apart() -> None:
    targets = {name: {"context": "web", **more} for name, more in (("web", {}), ("ci", {"attest": ["type=sbom"]}))}
    one, two = (
        {"docker-bake.json": json.dumps({"target": {**targets, "ci": each}}), **DOCKERFILES}
        for each in (targets["ci"], targets["web"])
    )
    assert "ci" not in images(one, None)
    assert affected_by(one, two) == {"web"}


@needs_buildx
def test_secrets_and_agents_need_not_be_there_to_be_handed_on() -> None:
    """buildx looks for them before it prints."""
    text = """target "web" {
  context = "web"
  ssh = ["default"]
  secret = ["id=n,src=.npmrc", "id=h,src=~/.x/token", "id=s,src=sub/token", "id=e,env=NOPE"]
}
target "base" {
  context = "base"
  secret = ["id=n,src=.npmrc"]
}
"""
    found = images({"docker-bake.hcl": text, **DOCKERFILES})
    assert notes({"docker-bake.hcl": text, **DOCKERFILES}) == []
    build = found["web"].build
    assert build.ssh == ("default",)
    assert [(each.id, each.file or each.env) for each in build.secrets] == [
        ("e", "NOPE"),
        ("h", "~/.x/token"),
        ("n", ".npmrc"),
        ("s", "sub/token"),
    ]


@needs_buildx
@pytest.mark.parametrize("file", ["/no/where", "../x", "../../x/y", "~/x", "sub/../x", "${HOME}/x", "${S}"])
def test_a_secret_or_a_key_may_lie_outside_of_the_repository(file: str) -> None:
    """buildx looks for them before it prints: what it finds must not depend on the machine."""
    text = f"""variable "HOME" {{}}
variable "S" {{ default = "/no/where" }}
target "web" {{
  context = "web"
  args = {{ A = "/no/where" }}
  secret = ["id=n,src={file}", "id=m,src=/no/else"]
  ssh = ["k={file}.key"]
}}
"""
    files = {"docker-bake.hcl": text, **DOCKERFILES}
    assert notes(files) == []
    build = images(files)["web"].build
    there = {"sub/../x": "x", "${HOME}/x": "~/x", "${S}": "/no/where"}.get(file, file)
    assert [(each.id, each.file) for each in build.secrets] == [("m", "/no/else"), ("n", there)]
    assert (build.args, build.ssh) == ((("A", "/no/where"),), (f"k={there}.key",))


def test_secrets_are_looked_for_where_bake_is_run_and_may_be_variables() -> None:
    said = {"context": "web", "secret": ["id=n,src=key", "id=m,type=env,src=M", {"id": "o", "src": "~/o"}]}
    files = {"sub/docker-bake.json": json.dumps({"target": {"web": said}}), "sub/web/Dockerfile": SCRATCH}
    secrets = images(files, None)["web"].build.secrets
    assert [(each.id, each.env, each.file) for each in secrets] == [
        ("m", "M", ""),
        ("n", "", "sub/key"),
        ("o", "", "~/o"),
    ]


@needs_buildx
def test_groups_matrices_inheritance_functions_and_contexts() -> None:
    found = {name: shown(each) for name, each in images({"docker-bake.hcl": HCL, **DOCKERFILES}).items()}
    mat = {"context": "mat", "dockerfile": "mat/Dockerfile"}
    assert found == {
        "base": {"context": "base", "dockerfile": "base/Dockerfile"},
        "mat-3-11": {**mat, "args": {"PYTHON": "3.11"}},
        "mat-3-12": {**mat, "args": {"PYTHON": "3.12"}},
        "web": {
            "context": "web",
            "dockerfile": "web/Dockerfile",
            "args": {"V": "V"},
            "contexts": {"base": "image:base"},
            "aliases": ["acme/web"],
            "platforms": ["linux/amd64"],
        },
    }


@needs_buildx
def test_places_and_what_is_no_image() -> None:
    files = {"docker-bake.hcl": HCL, **DOCKERFILES}
    found = images(files)
    assert str(found["web"].build.where) == "docker-bake.hcl:7"
    assert str(found["mat-3-11"].build.where) == "docker-bake.hcl:15"
    assert notes(files) == ["docker-bake.hcl:21: left out, since their output is no image: 'lint'"]


@needs_buildx
def test_the_environment_of_the_caller_never_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET", "leaked")
    files = {
        "docker-bake.hcl": 'variable "TARGET" { default = "t" }\ntarget "a" { target = TARGET }\n',
        "Dockerfile": SCRATCH,
    }
    assert shown(images(files)["a"])["target"] == "t"


@needs_buildx
def test_an_override_file_lies_over_the_main_one() -> None:
    files = {
        "docker-bake.hcl": 'target "a" { target = "one" }\n',
        "docker-bake.override.hcl": 'target "a" { target = "two" }\n',
        "Dockerfile": SCRATCH,
    }
    assert shown(images(files)["a"])["target"] == "two"


@needs_buildx
def test_a_target_may_add_to_a_service() -> None:
    files = {
        "compose.yaml": "services: {db: {build: ./db}}\n",
        "docker-bake.hcl": 'target "app" {\n  inherits = ["db"]\n  target = "app"\n}\n',
        "db/Dockerfile": SCRATCH,
    }
    found = images(files)
    assert shown(found["app"]) == {"context": "db", "dockerfile": "db/Dockerfile", "target": "app"}
    assert "db" in found


def _over_compose(bake_file: str, compose: str, **more: str) -> dict[str, str]:
    files = {"docker-bake.hcl": bake_file, "compose.yaml": f"services: {{{compose}}}\n"}
    return files | {"web/Dockerfile": SCRATCH, "base/Dockerfile": SCRATCH} | more


@needs_buildx
def test_a_target_lies_over_the_service_that_is_called_so() -> None:
    text = 'target "we_b" {\n  args = { W = "1" }\n  contexts = { b = "target:base" }\n}\ntarget "base" {\n}\n'
    compose = "we.b: {build: {context: ./web, args: {V: $V}}}, base: {build: ./base}"
    files = _over_compose(text, compose, **{".env": "V=env\n"})
    found = {name: shown(each) for name, each in images(files).items()}
    web = {"context": "web", "dockerfile": "web/Dockerfile"}
    assert found == {
        "we_b": {**web, "args": {"V": "env", "W": "1"}, "contexts": {"b": "image:base"}},
        "we.b": {**web, "args": {"V": "env"}},
        "base": {"context": "base", "dockerfile": "base/Dockerfile"},
    }
    assert notes(files) == []


@needs_buildx
def test_what_a_target_is_without_the_service_is_an_image_too() -> None:
    """People give bake its file by name, where the compose file is for developers: then nothing lies under it."""
    text = 'target "web" {\n  context = "web"\n  tags = ["acme/web:1"]\n  contexts = { b = "target:base" }\n}\n'
    text += 'target "base" {\n  context = "base"\n}\n'
    compose = "web: {build: {context: ./web, target: dev}}, base: {build: {context: ./base, args: {A: 1}}}"
    found = images(_over_compose(text, compose))
    assert {name: (each.build.target, dict(each.contexts), each.aliases) for name, each in found.items()} == {
        "web": ("dev", {"b": "image:base"}, ("acme/web",)),
        "web-alone": (None, {"b": "image:base-alone"}, ()),
        "web-dev": ("dev", {}, ()),
        "base": (None, {}, ()),
        "base-alone": (None, {}, ()),
    }
    assert found["web-alone"].guesses == ("as docker-bake.hcl says it without the compose file",)


@needs_buildx
@pytest.mark.parametrize(
    "compose",
    ["db: {image: web}", "web: {image: x}", "web: {build: {context: ./web, dockerfile: Dockerfile}}"],
)
def test_a_service_that_adds_nothing_makes_no_other_image(compose: str) -> None:
    files = _over_compose('target "web" {\n  context = "web"\n}\n', compose)
    assert [name for name, each in images(files).items() if each.build.dockerfile == "web/Dockerfile"] == ["web"]
    assert notes(files) == []


@needs_buildx
def test_bake_files_called_otherwise_lie_over_no_service() -> None:
    files = {"x.bake.hcl": 'target "web" {\n  context = "web"\n}\n'}
    files |= {"compose.yaml": "services: {web: {build: {context: ./web, target: dev}}}\n", "web/Dockerfile": SCRATCH}
    assert {name: each.build.target for name, each in images(files).items()} == {"web": None, "web-dev": "dev"}


@needs_buildx
@pytest.mark.parametrize(
    ("environment", "why"),
    [({}, "validating : services.web.build must be"), ({".env": "A=secret\n"}, "buildx refuses that")],
)
def test_what_it_may_add_to_a_compose_file_that_is_not_read_is_noted(environment: dict[str, str], why: str) -> None:
    files = _over_compose('target "web" {\n  context = "web"\n}\n', "web: {build: [1]}", **environment)
    assert "web" in images(files)
    (said,) = (each for each in notes(files) if each.startswith("docker-bake.hcl"))
    assert said.startswith(f"docker-bake.hcl: read without compose.yaml, to which it may add: {why}")


def test_without_buildx_what_bake_adds_to_a_compose_file_is_noted() -> None:
    files = {"docker-bake.json": json.dumps({"target": {"web": {"args": {"A": "1"}}}}), "Dockerfile": SCRATCH}
    alone = files | {"compose.yaml": "services: {db: {image: x}}\n"}
    assert notes(alone, None) == []
    assert notes(alone | {"docker-compose.yml": "services: {web: {build: .}}\n"}, None) == [
        "docker-bake.json: read without compose.yaml, to which it may add: that needs docker with buildx"
    ]


@needs_buildx
def test_a_service_of_the_override_file_may_be_inherited_from() -> None:
    """Which buildx reads only where it is told to."""
    files = _over_compose('target "app" {\n  inherits = ["db"]\n  target = "app"\n}\n', "web: {build: ./web}")
    files["compose.override.yaml"] = "services: {db: {build: ./base}}\n"
    assert shown(images(files)["app"])["context"] == "base"


@needs_buildx
def test_bake_is_taken_to_be_run_where_its_dockerfiles_are() -> None:
    files = {"build/docker-bake.hcl": 'target "a" { context = "svc" }\n', "svc/Dockerfile": SCRATCH}
    image = images(files)["a"]
    assert shown(image) == {"context": "svc", "dockerfile": "svc/Dockerfile"}
    assert image.guesses == ("docker-bake.hcl is taken to be run from the top: its Dockerfiles are there",)


@needs_buildx
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('target "a" { b', "docker-bake.hcl:1: not read, buildx says: "),
        ('target "a" { context = nope }', "docker-bake.hcl:1: not read, buildx says: "),
        ('target "a" { inherits = ["b"] }', "docker-bake.hcl: not read, buildx says: "),
        ('target "a\udcff" {}', "docker-bake.hcl: not UTF-8"),
        ('target "a" { context = "../x" }', "docker-bake.hcl:1: target 'a' is left out: its context '../x' is not in"),
        ('target "a" { context = "https://x.y/z.git" }', "docker-bake.hcl:1: target 'a' is left out: its context"),
        (
            'target "a" { dockerfile-inline = "FROM scratch" }',
            "docker-bake.hcl:1: target 'a' is left out: its",
        ),
        (
            'target "a" { dockerfile = "nope" }',
            "docker-bake.hcl:1: target 'a' is left out: there is no Dockerfile",
        ),
    ],
)
def test_what_is_wrong_gives_one_line_and_the_rest_still_works(text: str, message: str) -> None:
    files = {
        "docker-bake.hcl": text + "\n",
        "sub/compose.yaml": "services: {b: {build: .}}\n",
        "sub/Dockerfile": SCRATCH,
    }
    assert list(images(files)) == ["b"]
    (said,) = notes(files)
    assert said.startswith(message)


NEWER = """\
variable "TAG" {
  default = "1.0"
  description = "Which one, \\"quoted\\" # and so on"  # said to people
  type = string
}
variable "LIST" {
  type = list(string)
  description = "More"
  default = ["a"]
  validation {
    condition = TAG != "}" && "${TAG}" != ""  # }
    error_message = "TAG is {needed"
  }
}
group "more" {
  description = "A group"
  targets = ["web"]
}
target "web" {
  description = "A target"
  context = "web"
  args = {
    description = "kept"
    type = "kept"
    call = "kept"
  }
  tags = ["acme/web:${TAG}"]
}
target "checked" {
  context = "web"
  target = "some"
  call = "check"
}
target "built" {
  context = "web"
  call = "build"
}
target "as-usual" {
  context = "mat"
  call = ""
}
target "matrix" {
  name = "matrix-${v}"
  matrix = { v = ["a", "b"] }
  context = "web"
  call = "lint"
}
"""


@needs_buildx
def test_what_an_older_buildx_does_not_know_and_makes_no_other_image_is_left_out() -> None:
    files = {"docker-bake.hcl": NEWER, **DOCKERFILES}
    found = images(files)
    assert {"web", "built", "as-usual"} <= set(found)
    assert not {"checked", "matrix-a", "matrix-b"} & set(found)
    build = found["web"].build
    assert build.args == (("call", "kept"), ("description", "kept"), ("type", "kept"))
    assert build.published == ("acme/web:1.0",)
    assert build.where.line == 19
    assert notes(files) == [
        "docker-bake.hcl:29: left out, since their output is no image: 'checked', 'matrix-a', 'matrix-b'"
    ]


@needs_buildx
def test_in_json_it_is_left_out_as_well() -> None:
    text = {
        "variable": {
            "TAG": {"default": "1.0", "description": "x", "type": "string", "validation": [{"condition": True}]},
            "MORE": {"description": "y"},
        },
        "group": {"more": {"targets": ["web"], "description": "z"}},
        "target": {
            "web": {
                "context": "web",
                "description": "A target",
                "args": {"description": "kept", "type": "kept"},
                "tags": ["acme/web:${TAG}"],
            }
        },
    }
    files = {"docker-bake.json": json.dumps(text, indent=1), **DOCKERFILES}
    build = images(files)["web"].build
    assert build.args == (("description", "kept"), ("type", "kept"))
    assert build.published == ("acme/web:1.0",)
    assert notes(files) == []
    unknown = text | {"variable": {"TAG": {"nonsense": "x", "description": "x"}}}
    (said,) = notes({"docker-bake.json": json.dumps(unknown), **DOCKERFILES})
    assert "not read, buildx says: " in said


IN_PARTS = {
    "twice": '"target": {"a": {"context": "web"}}, "target": {"b": {"context": "base"}}',
    "one in parts": '"target": {"a": {"context": "web"}}, '
    '"target": {"a": {"args": {"K": "v"}}, "b": {"context": "base"}}',
    "a list of blocks": '"target": [{"a": {"context": "web"}}, {"b": {"context": "base"}}]',
    "a list of parts": '"target": {"a": [{"context": "web"}, {"args": {"K": "v"}}], "b": {"context": "base"}}',
    "a name twice": '"target": {"a": {"context": "web"}, "b": {"context": "base"}, "a": {"args": {"K": "v"}}}',
    "inherited": '"target": {"a": {"context": "web"}}, "target": {"b": {"inherits": ["a"], "context": "base"}}, '
    '"group": {"all": {"targets": ["a"]}}, "group": {"more": {"targets": ["b"]}}',
}


@needs_buildx
@pytest.mark.parametrize("before", ["", '"variable": {"A": {"description": "x"}}, '], ids=["plain", "described"])
@pytest.mark.parametrize("blocks", IN_PARTS.values(), ids=IN_PARTS)
def test_in_json_no_part_of_a_block_is_lost(blocks: str, before: str) -> None:
    """HCL reads a name that is there twice, and a list, as several blocks."""
    files = {"docker-bake.json": "{" + before + blocks + "}", **DOCKERFILES}
    found = {name: shown(each) for name, each in images(files).items()}
    assert found["a"]["context"] == "web"
    assert found["b"]["context"] == "base"
    assert found["a"].get("args") == ({"K": "v"} if '"K"' in blocks else None)
    assert found == {name: shown(each) for name, each in images(files, None).items()}
    assert notes(files) == notes(files, None) == []


@needs_buildx
@pytest.mark.parametrize(
    "text",
    [
        'variable "A" {\n  description = upper("x")\n}\n',
        'variable "A" {\n  description = <<EOT\nx\nEOT\n}\n',
        'variable "A" { description = "x" }\n',
        'variable "A" {\n  nonsense = "x"\n}\n',
        'variable "A" {\n  type = "${string}"\n}\n',
        'group "g" {\n  targets = ["a"]\n  validation {\n',
        'function "f" {\n  type = string\n  params = []\n}\n',
    ],
)
def test_what_cannot_be_left_out_is_said_as_buildx_says_it(text: str) -> None:
    """Only a newer buildx reads what describes; what none reads is said by all."""
    try:
        bake([("docker-bake.hcl", b'target "a" {}\nvariable "A" {\n  description = "x"\n}\n')], ["a"])
        newer = True
    except ConfigError:
        newer = False
    files = {"docker-bake.hcl": f'target "a" {{ context = "web" }}\n{text}', **DOCKERFILES}
    said = notes(files)
    assert all(each.startswith("docker-bake.hcl") and "not read, buildx says: " in each for each in said)
    assert said or (newer and "description" in text)


GROUPS = """\
target "app" {
  context = "web"
}
target "debug" {
  inherits = ["app"]
  args = { DEBUG = "1" }
}
target "matrix" {
  name = "matrix-${v}"
  matrix = { v = ["a", "b"] }
  inherits = ["app"]
  args = { V = v }
}
"""


@needs_buildx
@pytest.mark.parametrize(
    ("groups", "is_image"),
    [
        ('group "default" {\n  targets = ["app", "debug"]\n}\n', True),
        ('group "default" {\n  targets = ["more"]\n}\ngroup "more" {\n  targets = ["app"]\n}\n', True),
        ('group "more" {\n  targets = ["app", "matrix"]\n}\n', True),
        ('group "default" {\n  targets = ["app", "nowhere"]\n}\n', True),
        ('group "default" {\n  targets = ["debug"]\n}\ngroup "more" {\n  targets = ["matrix"]\n}\n', False),
        ("", False),
    ],
)
def test_what_others_inherit_from_is_an_image_where_it_is_in_a_group(groups: str, is_image: bool) -> None:
    found = images({"docker-bake.hcl": groups + GROUPS, **DOCKERFILES})
    assert set(found) - {"base", "mat"} == {"debug", "matrix-a", "matrix-b"} | ({"app"} if is_image else set())


PARENTS = """\
target "web" {
  context = "web"
  contexts = { base = "target:_base", tools = "target:tools", checked = "target:checked" }
}
target "_base" { context = "base" }
target "tools" {
  context = "mat"
  contexts = { lib = "target:lib" }
  output = ["type=cacheonly"]
}
target "lib" {
  context = "lib"
}
target "lib-all" {
  inherits = ["lib"]
  platforms = ["linux/amd64", "linux/arm64"]
}
target "checked" {
  context = "checked"
  call = "check"
}
target "_unused" { context = "web" }
target "idle" {
  context = "web"
  output = ["type=local,dest=out"]
}
"""


@needs_buildx
def test_what_an_image_is_made_from_is_an_image() -> None:
    """Though others inherit from it, it is private, its output is none, or it is asked about: a change in it counts."""
    folders = ("web", "base", "mat", "lib", "checked")
    files = {"docker-bake.hcl": PARENTS} | {f"{each}/Dockerfile": SCRATCH for each in folders}
    found = images(files)
    assert set(found) == {"web", "base", "tools", "lib", "checked"}
    assert found["lib"].build.platforms == ("linux/amd64", "linux/arm64")  # as ``lib-all``, which is the same
    assert dict(found["web"].contexts) == {"base": "image:base", "checked": "image:checked", "tools": "image:tools"}
    assert dict(found["tools"].contexts) == {"lib": "image:lib"}
    assert notes(files) == ["docker-bake.hcl:23: left out, since their output is no image: 'idle'"]


@needs_buildx
def test_places_are_those_of_the_file_though_something_is_left_out() -> None:
    checked = '  validation {\n    condition = A != "x"\n    error_message = "x"\n  }\n'
    text = f'variable "A" {{\n{checked}}}\ntarget "b" {{\n  context = nope\n}}\n'
    (said,) = notes({"docker-bake.hcl": text, **DOCKERFILES}, bake)
    assert said.startswith("docker-bake.hcl:8: not read, buildx says: ")


def test_targets_that_a_newer_buildx_tells_to_be_asked_about_are_no_images() -> None:
    said = {"target": {"a": {"context": "web", "call": "check"}, "b": {"context": "web", "call": "build"}}}
    files = {"docker-bake.hcl": 'target "a" {}\ntarget "b" {}\n', **DOCKERFILES}
    found = images(files, lambda *_: json.dumps(said).encode())
    assert "b" in found
    assert "a" not in found


@pytest.mark.parametrize("text", ["\n" * 400_000, 'target "a" {\n args = {\n' + ' call = "x"\n' * 400_000 + "}\n}\n"])
def test_a_long_file_is_gone_through_once(text: str) -> None:
    """Once for each of its lines takes longer than a test may."""
    (said,) = notes({"docker-bake.hcl": text + 'target "b" { output = [] }\n', "Dockerfile": SCRATCH}, _none)
    assert said == "docker-bake.hcl: not read, buildx says: nothing"


def _none(files: Sequence[tuple[str, bytes]], targets: Sequence[str]) -> bytes:
    raise ConfigError("nothing")


def test_no_more_targets_are_named_than_can_be_read() -> None:
    targets = {f"t{number:02}": {"output": ["type=cacheonly"]} for number in range(12)}
    files = {"docker-bake.hcl": "".join(f'target "{name}" {{}}\n' for name in targets)}
    (said,) = notes(files, lambda *_: json.dumps({"target": targets}).encode())
    assert said.endswith("'t08', 't09' and 2 more")


JSON = {
    "variable": {"TAG": {"default": "2"}, "EMPTY": {}},
    "group": {"default": {"targets": ["web"]}},
    "target": {
        "_common": {"args": {"A": "1", "B": "1"}},
        "base": {"context": "base"},
        "web": {
            "inherits": ["_common"],
            "context": "web",
            "args": {"B": "2", "T": "t-${TAG}"},
            "contexts": {"base": "target:base"},
            "tags": ["acme/web:${TAG}"],
        },
    },
}


@needs_buildx
def test_json_without_buildx_is_what_buildx_says() -> None:
    files = {"docker-bake.json": json.dumps(JSON), **DOCKERFILES}
    with_buildx = {name: shown(each) for name, each in images(files, bake).items()}
    without = {name: shown(each) for name, each in images(files, None).items()}
    assert without == with_buildx
    assert without["web"]["args"] == {"A": "1", "B": "2", "T": "t-2"}


A, B = {"context": "web", "args": {"A": "1"}, "contexts": {"n": "mat"}, "tags": ["acme/a"]}, {"inherits": ["a"]}
READ = {
    "null says nothing": (B | {"context": None, "args": {"A": None, "B": "2"}, "tags": None}, {"A": "1", "B": "2"}),
    "an empty Dockerfile is none": (B | {"dockerfile": ""}, {"A": "1"}),
    "an empty context takes away": (B | {"contexts": {"n": ""}}, {"A": "1"}),
    "what takes away is not inherited": ({"inherits": ["a", "gone"]}, {"A": "1"}),
    "each part inherits": ([{"inherits": ["a"]}, {"inherits": ["more"]}], {"A": "1", "M": "1"}),
    "numbers": (
        B | {"args": {"A": 1e3, "B": 2.50, "C": 7, "D": True}},
        {"A": "1000", "B": "2.5", "C": "7", "D": "true"},
    ),
    "variables of variables": (B | {"args": {"A": "${V}-${V}"}}, {"A": "w1.5-w1.5"}),
    "dollars": (B | {"args": {"A": "$${V} %%{x} $x"}}, {"A": "${V} %{x} $x"}),
}


@pytest.mark.parametrize("door", [pytest.param(bake, marks=needs_buildx), None], ids=["buildx", "json"])
@pytest.mark.parametrize("case", READ)
def test_in_json_a_target_gets_what_buildx_gives_it(case: str, door: Bake | None) -> None:
    said, args = READ[case]
    text = {
        "variable": {"V": {"default": "${W}${N}"}, "W": {"default": "w"}, "N": {"default": 1.5}},
        "target": {"a": A, "gone": {"contexts": {"n": ""}}, "more": {"args": {"M": "1"}}, "b": said},
    }
    files = {"docker-bake.json": json.dumps(text), **DOCKERFILES}
    build = next(each.build for each in images(files, door).values() if each.build.name == "b")
    assert (build.dockerfile, dict(build.args)) == ("web/Dockerfile", args)
    assert bool(build.contexts) == (case != "an empty context takes away")


def test_much_that_inherits_and_grows_is_gone_through_once() -> None:
    targets = {f"t{number}": {"inherits": [f"t{number - 1}"] * 2} for number in range(1, 30)}
    targets["t0"] = {"inherits": []}
    variables = {f"V{number}": {"default": f"${{V{number - 1}}}" * 2} for number in range(1, 30)}
    variables["V0"] = {"default": "much"}
    files = {"docker-bake.json": json.dumps({"target": targets, "variable": variables}), "Dockerfile": SCRATCH}
    assert "t29" in images(files, None)
    targets["t0"] = {"annotations": ["a=b"]}
    said = notes({"docker-bake.json": json.dumps({"target": targets}), "Dockerfile": SCRATCH}, None)
    assert "docker-bake.json: a target inherits more than 10,000 annotations" in said
    more = {"target": {"a": {"args": {"A": "${V29}"}}}, "variable": variables}
    (unread,) = notes({"docker-bake.json": json.dumps(more), "Dockerfile": SCRATCH}, None)
    assert "is not read without docker buildx" in unread


BROKEN_JSON = "Expecting property name enclosed in double quotes"


def no_buildx(files: Sequence[tuple[str, bytes]], targets: Sequence[str]) -> bytes:
    raise EnvironmentFault("there is no docker with buildx")


def test_hcl_without_buildx_is_reported_as_unread() -> None:
    files = {"docker-bake.hcl": HCL, "compose.yaml": "services: {b: {build: ./web}}\n", **DOCKERFILES}
    assert notes(files, no_buildx)[0] == "docker-bake.hcl: HCL is not read: there is no docker with buildx"
    assert "b" in images(files, no_buildx)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{", ""),
        ('{"target": {"a": {"matrix": {"x": ["1"]}, "name": "a-1"}}}', "a matrix is not read without docker buildx"),
        ('{"target": {"a": {"inherits": ["nope"]}}}', "a target inherits from 'nope', which is not there"),
        ('{"target": {"a": {"inherits": ["a"]}}}', "a target inherits from 'a', in a circle"),
        ('{"target": {"a": {"context": "%{ if x }"}}}', "'%{ if x }' is not read without docker buildx"),
        (
            '{"variable": {"A": {"default": "${A}"}}, "target": {"a": {"context": "${A}"}}}',
            "'${A}' is not read without docker buildx",
        ),
        ('{"target": {"a": {"context": "${upper(x)}"}}}', "'${upper(x)}' is not read without docker buildx"),
    ],
)
def test_json_that_cannot_be_read_without_buildx(said: str, message: str) -> None:
    found = notes({"docker-bake.json": said, "sub/Dockerfile": SCRATCH}, no_buildx)
    assert found == (
        [f"docker-bake.json: {message}"] if message else ["docker-bake.json:1: not valid JSON: " + BROKEN_JSON]
    )


INHERITED = """\
target "app" {
  context = "web"
  tags = ["acme/app:1"]
}
target "app-debug" {
  inherits = ["app"]
  context = "base"
  tags = ["acme/app-debug:1"]
}
target "settings" {
  context = "mat"
  tags = ["acme/web:1"]
}
target "web" { inherits = ["settings"] }
target "nowhere" {
  context = "there-is-none"
  tags = ["acme/nowhere:1"]
}
target "other" {
  inherits = ["nowhere"]
  context = "mat"
  tags = ["acme/other:1"]
  args = { OTHER = "1" }
}
"""


@needs_buildx
def test_what_others_inherit_from_is_an_image_where_it_is_published_under_a_name_of_its_own() -> None:
    files = {"docker-bake.hcl": INHERITED, **DOCKERFILES}
    assert set(images(files)) - {"base", "mat"} == {"app", "app-debug", "web", "other"}
    assert notes(files) == []


@needs_buildx
def test_a_private_target_is_an_image_where_a_group_has_it() -> None:
    groups = 'group "default" {\n  targets = ["_release"]\n}\n'
    text = 'target "_release" {\n  context = "web"\n}\ntarget "_other" {\n  context = "mat"\n}\n'
    found = images({"docker-bake.hcl": groups + text, **DOCKERFILES})
    assert [each.build.context for each in found.values() if each.build.source == "bake"] == ["web"]


@needs_buildx
def test_an_argument_called_as_that_of_a_target_means_nothing() -> None:
    text = 'target "a" {\n  context = "web"\n}\ntarget "b" {\n  context = "base"\n  args = {\n    call = "check"\n'
    text += (
        '    inherits = join("", ["a"])\n  }\n}\ntarget "c" {\n  labels = { inherits = "a" }\n  context = "mat"\n}\n'
    )
    assert {"a", "b", "c"} <= set(images({"docker-bake.hcl": text, **DOCKERFILES}))


def test_in_json_a_target_that_is_asked_about_is_none() -> None:
    said = {"a": {"context": "web", "call": "check,format=json"}, "b": {"context": "base", "call": "build"}}
    found = images({"docker-bake.json": json.dumps({"target": said}), **DOCKERFILES}, None)
    assert {each.build.name for each in found.values() if each.build.source == "bake"} == {"b"}


def test_tags_may_be_one_text() -> None:
    said = {"a": {"context": "web", "tags": "acme/a:1"}, "b": {"inherits": "a", "tags": [["odd"]]}}
    found = images({"docker-bake.json": json.dumps({"target": said}), **DOCKERFILES}, None)
    assert found["a"].build.published == ("acme/a:1",)


@pytest.mark.parametrize("door", [pytest.param(bake, marks=needs_buildx), None], ids=["buildx", "json"])
@pytest.mark.parametrize("turned", [False, True])
def test_what_another_file_of_the_set_states_is_an_image_to_this_one(door: Bake | None, turned: bool) -> None:
    web = {"web": {"context": "web", "contexts": {"base": "target:base"}}}
    said = [{"target": web}, {"target": {"base": {"context": "base"}}}]
    one, two = reversed(said) if turned else said
    files = {"docker-bake.json": json.dumps(one), "docker-bake.override.json": json.dumps(two)}
    assert dict(images(files | DOCKERFILES, door)["web"].contexts) == {"base": "image:base"}


@needs_buildx
def test_folders_beside_which_bake_is_run_are_folders() -> None:
    target = {"context": "cwd://web", "dockerfile": "cwd://base/Dockerfile", "contexts": {"n": "cwd://mat"}}
    found = images({"docker-bake.json": json.dumps({"target": {"a": target}}), **DOCKERFILES})["a"]
    assert shown(found) == {"context": "web", "dockerfile": "base/Dockerfile", "contexts": {"n": "./mat"}}


@needs_buildx
def test_an_inherited_target_is_found_by_the_dockerfile_that_buildkit_takes() -> None:
    text = 'target "app" {\n  context = "low"\n  tags = ["acme/app:1"]\n}\n'
    text += 'target "far" {\n  context = "low"\n  dockerfile = "cwd://mat/Dockerfile"\n  tags = ["acme/far:1"]\n}\n'
    text += 'target "dev" {\n  inherits = ["app", "far"]\n  context = "web"\n  tags = ["acme/dev:1"]\n}\n'
    found = images({"docker-bake.hcl": text, "low/dockerfile": SCRATCH, **DOCKERFILES})
    assert {name: found[name].build.dockerfile for name in ("app", "far")} == {
        "app": "low/dockerfile",
        "far": "mat/Dockerfile",
    }


def test_names_that_are_none_to_buildx_are_left_out_without_it_too() -> None:
    files = {"docker-bake.json": json.dumps({"target": {"a.b": {"context": "web"}}}), **DOCKERFILES}
    assert set(images(files, None)) == {"base", "mat", "web"}
