"""Compose files: which are read, what is reported, what becomes one image."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.discovery.finding import SCRATCH, affected_by, find, images, loaded, notes, shown, written

ONE = "services: {a: {build: ./a}}\n"


NAMES = "compose.yaml compose.yml docker-compose.yml docker-compose.yaml compose.prod.yaml docker-compose-dev.yml"


@pytest.mark.parametrize("name", [*NAMES.split(), "local.compose.yml", "deploy/docker-compose.ci.yaml"])
def test_the_names_of_compose_files(name: str) -> None:
    folder = "deploy/" if "/" in name else ""
    assert list(images({name: ONE, f"{folder}a/Dockerfile": SCRATCH})) == ["a"]


def test_the_first_default_file_is_the_one_that_compose_takes() -> None:
    files = {
        "compose.yaml": "services: {a: {build: {context: ./a, target: one}}}\n",
        "docker-compose.yml": "services: {a: {build: {context: ./a, target: two}}}\n",
        "docker-compose.override.yml": "services: {a: {build: {args: {A: x}}}}\n",
        "a/Dockerfile": SCRATCH,
    }
    assert shown(images(files)["a"])["target"] == "one"
    assert shown(images(files)["a"])["args"] == {"A": "x"}


def test_compose_file_of_dotenv_names_the_default_set() -> None:
    files = {
        ".env": "COMPOSE_FILE=base.yml:top.yml\n",
        "base.yml": "services: {a: {build: ./a}}\n",
        "top.yml": "services: {a: {build: {target: t}}}\n",
        "compose.yaml": "services: {b: {build: ./b}}\n",
        "a/Dockerfile": SCRATCH,
        "b/Dockerfile": SCRATCH,
    }
    found = images(files)
    assert shown(found["a"]) == {"context": "a", "dockerfile": "a/Dockerfile", "target": "t"}
    assert "b" in found


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("no.yml:base.yml", "sub/no.yml: there is no such file, though COMPOSE_FILE of .env names it"),
        ("base.yml:a", "sub/a: there is no such file, though COMPOSE_FILE of .env names it"),
        ("base.yml:broken", "sub/broken: there is no such file, though COMPOSE_FILE of .env names it"),
        ("base.yml:../../x.yml", "sub/.env: COMPOSE_FILE names '../../x.yml', which is not in this repository"),
    ],
)
def test_a_file_that_compose_file_names_and_that_is_not_there_is_said(named: str, message: str) -> None:
    files: dict[str, str | tuple[str, str]] = {
        "sub/.env": f"COMPOSE_FILE={named}\n",
        "sub/base.yml": "services: {a: {build: {context: ./a, target: t}}}\n",
        "sub/broken": ("link", "nowhere"),
        "sub/a/Dockerfile": "FROM scratch AS t\n",
    }
    assert notes(files) == [message]
    assert shown(images(files)["a"])["target"] == "t"


def test_the_folder_of_the_first_file_is_that_of_the_project_though_it_is_not_there() -> None:
    files = {
        ".env": "COMPOSE_FILE=deploy/no.yml:base.yml\n",
        "base.yml": "services: {a: {build: {context: ./a, target: t}}}\n",
        "deploy/a/Dockerfile": "FROM scratch AS t\n",
    }
    assert shown(images(files)["a"]) == {"context": "deploy/a", "dockerfile": "deploy/a/Dockerfile", "target": "t"}


def test_a_change_of_whether_a_file_is_there_that_compose_file_names_is_seen() -> None:
    one = {
        ".env": "COMPOSE_FILE=base.yml:more.yml\n",
        "base.yml": "services: {a: {build: ./a}}\n",
        "a/Dockerfile": SCRATCH,
    }
    two = one | {"more.yml": "services: {a: {build: {args: {A: '1'}}}}\n", "a/Dockerfile": "FROM scratch\nARG A\n"}
    one |= {"a/Dockerfile": two["a/Dockerfile"]}
    assert affected_by(one, two) == affected_by(two, one) == {"a"}


def test_a_default_set_in_another_folder_has_its_paths_and_variables_from_there() -> None:
    """And the variables of both folders: those of the folder that names it come first."""
    files = {
        ".env": "COMPOSE_FILE=deploy/stack.yml:top.yml\nV=top\n",
        "deploy/.env": "V=deploy\nW=deploy\nX=$V\n",
        "deploy/stack.yml": 'services: {a: {build: {context: ./a, args: {V: "$V", W: "$W", X: "$X"}}}}\n',
        "top.yml": "services: {b: {build: ../b}}\n",
        "deploy/a/Dockerfile": SCRATCH,
        "b/Dockerfile": SCRATCH,
    }
    found = {name: (each.build.source, shown(each)) for name, each in images(files).items()}
    args = {"V": "top", "W": "deploy", "X": "top"}
    assert found == {
        "a": ("compose", {"context": "deploy/a", "dockerfile": "deploy/a/Dockerfile", "args": args}),
        "b": ("compose", {"context": "b", "dockerfile": "b/Dockerfile"}),
    }


def test_a_further_file_without_context_lies_over_the_default_one() -> None:
    files = {
        "compose.yaml": "services: {a: {build: {context: ./a, args: {V: '1'}}}}\n",
        "compose.prod.yaml": "services: {a: {build: {target: prod}}, b: {image: x}}\n",
        "a/Dockerfile": SCRATCH,
    }
    found = images(files)
    assert shown(found["a-prod"]) == {
        "context": "a",
        "dockerfile": "a/Dockerfile",
        "target": "prod",
        "args": {"V": "1"},
    }
    assert "target" not in shown(found["a"])


def test_several_services_with_one_build_are_one_image() -> None:
    files = {
        "compose.yaml": "x-app: &app {build: ./app, image: acme/app}\n"
        "services:\n  web: {<<: *app}\n  worker: {<<: *app}\n  app: {<<: *app}\n",
        "app/Dockerfile": SCRATCH,
    }
    assert {name: shown(each)["aliases"] for name, each in images(files).items()} == {"app": ["acme/app"]}


def test_two_services_with_one_dockerfile_and_other_args_are_two_images() -> None:
    files = {
        "compose.yaml": "services:\n  eu: {build: {context: ., args: {R: eu}}}\n"
        "  us: {build: {context: ., args: {R: us}}}\n",
        "Dockerfile": SCRATCH,
    }
    assert {name: shown(each)["args"] for name, each in images(files).items()} == {"eu": {"R": "eu"}, "us": {"R": "us"}}


def test_one_build_in_two_files_is_one_image() -> None:
    files = {"compose.yaml": ONE, "compose.ci.yaml": "services: {ci: {build: ./a}}\n", "a/Dockerfile": SCRATCH}
    assert list(images(files)) == ["a"]
    assert len(images(files)["a"].places) == 2


PROJECTS = {
    "a name": ({"x/compose.yaml": "name: shop\n"}, "shop"),
    "a wrong name": ({"x/compose.yaml": "name: ${X\n"}, ""),
    "the folder": ({"_My.Dir-1/compose.yaml": ""}, "mydir-1"),
    "the clone": ({"compose.yaml": ""}, ""),
    "the variable": ({"x/compose.yaml": "name: shop\n", "x/.env": "COMPOSE_PROJECT_NAME=other\n"}, "other"),
    "of the default set": ({"x/compose.yaml": "name: shop\n", "x/compose.dev.yaml": ""}, "shop"),
}


@pytest.mark.parametrize("separator", "-_")
@pytest.mark.parametrize("name", PROJECTS)
def test_the_name_that_compose_gives_an_image_is_an_alias_where_a_dockerfile_uses_it(name: str, separator: str) -> None:
    """And the name of the project is a variable."""
    files, project = PROJECTS[name]
    *_, file = (each for each in files if each.endswith(".yaml"))
    services = "services: {base: {build: {context: ./base, args: {P: $COMPOSE_PROJECT_NAME}}}, app: {build: ./app}}\n"
    folder = file.rpartition("/")[0]
    known = project or "x"
    found = images(
        {**files, file: files[file] + services}
        | {f"{folder}/base/Dockerfile".lstrip("/"): SCRATCH}
        | {f"{folder}/app/Dockerfile".lstrip("/"): f"FROM {known}{separator}base:latest\n"}
    )
    assert shown(found["base"])["args"] == {"P": project or "bake"}
    assert found["base"].aliases == (f"{known}{separator}base",)
    assert found["app"].aliases == ()
    said = f"{known}{separator}base is taken for what compose calls it in a clone called {known}"
    assert found["base"].guesses == (() if project else (said,))


@pytest.mark.parametrize(
    ("base", "alias"),
    [
        ("my-app_2-web-api", "my-app_2-web-api"),
        ("x-base:1.2", ""),
        ("x-base@sha256:" + "0" * 64, ""),
        ("x/y-base", ""),
        ("r.io/x-base", ""),
        ("-base", ""),
        ("r-base", ""),
        ("x-other", ""),
    ],
)
def test_in_a_project_without_a_name_any_may_be_meant(base: str, alias: str) -> None:
    """The longest name of a service counts, and not what Docker's library calls an image."""
    services = "services: {api: {build: a}, web-api: {build: b}, base: {build: c}, app: {build: d}}\n"
    files = dict.fromkeys(("a/Dockerfile", "b/Dockerfile", "c/Dockerfile"), SCRATCH)
    files |= {"compose.yaml": services, "d/Dockerfile": f"ARG B={base}\nFROM $B\n"}
    if base.startswith("-"):
        files["d/Dockerfile"] = f"FROM scratch\nCOPY --from={base} /x /\n"
    found = images(files)
    assert {name: each.aliases for name, each in found.items() if each.aliases} == (
        {"web-api": (alias,)} if alias else {}
    )


def test_what_a_services_own_dockerfile_uses_is_no_guess_at_its_name() -> None:
    files = {"compose.yaml": "services: {web: {build: a}}\n", "a/Dockerfile": "FROM nginx-web\n"}
    assert images(files)["web"].aliases == ()


def test_an_image_called_by_the_variable_is_found_in_a_project_without_a_name() -> None:
    services = (
        "services:\n  base: {build: a, image: '${COMPOSE_PROJECT_NAME}_base:v'}\n"
        "  more: {build: b}\n"
        "  app: {build: {context: c, args: {B: '${COMPOSE_PROJECT_NAME}_base:v', M: '${COMPOSE_PROJECT_NAME}-more'}}}\n"
    )
    files = {
        "compose.yaml": services,
        "a/Dockerfile": SCRATCH,
        "b/Dockerfile": "FROM scratch\nCOPY x /\n",
        "b/x": "",
        "c/Dockerfile": "ARG B\nARG M\nFROM $M\nFROM $B\nCOPY --from=0 /x /\n",
    }
    assert affected_by(files, files | {"a/Dockerfile": "FROM scratch\nENV A=1\n"}) == {"base", "app"}
    assert affected_by(files, files | {"b/x": "1"}) == {"more", "app"}
    said = "the project has the name of the clone's folder, for which 'bake' stands here"
    assert notes(files) == [f"compose.yaml:2: {said}"]


def test_the_names_that_compose_gives_images_leave_the_registry_of_the_others_alone() -> None:
    services = "a: {build: a, image: r.io/a}, b: {build: b, image: r.io/b}, c: {build: c}"
    files = dict.fromkeys(("a/Dockerfile", "c/Dockerfile"), SCRATCH) | {"b/Dockerfile": "FROM shop-c\n"}
    found = find({"compose.yaml": f"{{name: shop, services: {{{services}}}}}\n", **files})
    assert (found.registry, {each.name: each.aliases for each in found.images}) == (
        "r.io",
        {"a": (), "b": (), "c": ("shop-c",)},
    )


READ_TWICE = {
    "included by two": {
        "p1/compose.yaml": "include: [{path: ../common/svc.yaml, env_file: e.env}]\n",
        "p1/e.env": "V=1\n",
        "p2/compose.yaml": "include: [{path: ../common/svc.yaml, env_file: e.env}]\n",
        "p2/e.env": "V=2\n",
        "common/svc.yaml": "SERVICES",
    },
    "included and alone": {
        "compose.yaml": "include: [api/compose.yaml]\n",
        ".env": "V=1\n",
        "api/compose.yaml": "SERVICES",
        "api/.env": "V=2\n",
    },
    "named by COMPOSE_FILE and alone": {
        ".env": "COMPOSE_FILE=deploy/compose.yaml\nV=1\n",
        "deploy/compose.yaml": "SERVICES",
        "deploy/.env": "V=2\n",
    },
}


@pytest.mark.parametrize("name", READ_TWICE)
def test_a_file_that_is_read_twice_with_other_variables_states_two_images(name: str) -> None:
    services = (
        'services: {base: {build: {context: ../base, args: {V: "$V"}}}, '
        "a: {build: {context: ../a, additional_contexts: {b: 'service:base'}}}}\n"
    )
    files = {path: text.replace("SERVICES", services) for path, text in READ_TWICE[name].items()}
    found = images({**files, "a/Dockerfile": SCRATCH, "base/Dockerfile": SCRATCH})
    args = {each.name: each.build.args for each in found.values()}
    made_from = {args[dict(each.contexts)["b"].removeprefix("image:")] for each in found.values() if each.contexts}
    assert len(found) == 4
    assert made_from == {(("V", "1"),), (("V", "2"),)}


INCLUDED_TWICE = {
    "with one content": ("[s.yaml, s.yaml]", ["0"]),
    "by two ways": ("[s.yaml, via/via.yaml]", ["0"]),
    "with variables": ("[{path: s.yaml, env_file: 1.env}, {path: s.yaml, env_file: 2.env}]", ["1", "2"]),
    "by two ways with variables": ("[{path: s.yaml, env_file: 1.env}, via/via.yaml]", ["1", "0"]),
    "for two folders": ("[s.yaml, {path: s.yaml, project_directory: via}]", ["0", "0"]),
    "three times": ("[s.yaml, %s, %s]" % (("{path: s.yaml, env_file: 1.env}",) * 2), ["0", "1"]),
}


@pytest.mark.parametrize("name", INCLUDED_TWICE)
def test_a_service_that_one_project_includes_twice_is_one_where_it_is_the_same(name: str) -> None:
    include, values = INCLUDED_TWICE[name]
    files = {
        "compose.yaml": f"include: {include}\nservices: {{}}\n",
        "s.yaml": 'services: {s: {build: {context: ., args: {V: "${V:-0}"}}}}\n',
        "via/via.yaml": "include: [../s.yaml]\n",
        "1.env": "V=1\n",
        "2.env": "V=2\n",
        "Dockerfile": SCRATCH,
        "via/Dockerfile": SCRATCH,
    }
    found = images(files)
    assert [value for each in found.values() for _, value in each.build.args] == values
    refused = "compose.yaml:1: include: service 's' is there already and is another one, which compose refuses"
    assert notes(files) == [refused] * (len(values) - 1)


def test_a_file_that_is_read_twice_is_not_missing_what_one_reading_finds() -> None:
    files = {
        "compose.yaml": "include: [{path: sub/compose.yaml, project_directory: .}]\n",
        "sub/compose.yaml": "services: {a: {build: ./a}}\n",
    }
    assert list(images({**files, "a/Dockerfile": SCRATCH})) == ["a"]
    assert notes({**files, "a/Dockerfile": SCRATCH}) == []
    assert notes(files) == [
        "sub/compose.yaml:1: service 'a' is left out: there is no folder 'a'",
        "sub/compose.yaml:1: service 'a' is left out: there is no folder 'sub/a'",
    ]


def test_a_service_context_is_the_image_that_it_became() -> None:
    files = {
        "compose.yaml": "services:\n  Base: {build: ./base}\n"
        "  app: {build: {context: ./app, additional_contexts: {base: 'service:Base', x: './x', p: 'service:pub'}}}\n"
        "  pub: {image: 'alpine:3.20'}\n",
        "base/Dockerfile": SCRATCH,
        "app/Dockerfile": SCRATCH,
        "x/f": "",
    }
    contexts = shown(images(files)["app"])["contexts"]
    assert contexts == {"base": "image:base", "p": "docker-image://alpine:3.20", "x": "./x"}


def test_secrets_and_platforms_are_kept() -> None:
    files = {
        "compose.yaml": "services:\n  a:\n    build:\n"
        "      {context: a, platforms: [linux/amd64], secrets: [n, {source: f, target: g}]}\n"
        "secrets: {n: {environment: TOKEN}, f: {file: ./s.txt}}\n",
        "a/Dockerfile": SCRATCH,
    }
    build = images(files)["a"].build
    assert build.platforms == ("linux/amd64",)
    assert [(each.id, each.env, each.file) for each in build.secrets] == [("g", "", "s.txt"), ("n", "TOKEN", "")]


def test_secrets_may_lie_outside_of_the_repository_and_in_another_file_of_the_project() -> None:
    files = {
        "sub/compose.yaml": "services: {a: {build: {context: ., secrets: [h, i, j, k]}}}\nsecrets: {h: {file: ~/h}}\n",
        "sub/compose.override.yaml": "secrets: {i: {file: /i}, j: {file: ../../j}, k: {environment: K}}\n",
        "sub/Dockerfile": SCRATCH,
    }
    secrets = [("h", "", "~/h"), ("i", "", "/i"), ("j", "", "../j"), ("k", "K", "")]
    assert [(each.id, each.env, each.file) for each in images(files)["a"].build.secrets] == secrets
    (image,) = loaded(written(files), files).images
    assert [(each.id, each.env, each.file) for each in image.secrets] == secrets
    assert notes(files) == []


def test_what_is_handed_on_is_kept() -> None:
    files = {
        "sub/compose.yaml": "services:\n"
        "  a: {build: {context: ../a, ssh: [default, k=./id], labels: [x=1, y], "
        "cache_from: [r/a, 'type=local,src=./c']}}\n"
        "  b: {build: {context: ../b, ssh: {default: ~, k: ~/.ssh/id}, labels: {z: 2}, "
        "cache_to: ['type=inline', 'no cache=']}}\n",
        "a/Dockerfile": SCRATCH,
        "b/Dockerfile": SCRATCH,
    }
    a, b = (images(files)[name].build for name in "ab")
    assert (a.ssh, a.labels, a.cache_from) == (
        ("default", "k=sub/id"),
        (("x", "1"), ("y", "")),
        ("r/a", "type=local,src=sub/c"),
    )
    assert (b.ssh, b.labels, b.cache_to) == (("default", "k=~/.ssh/id"), (("z", "2"),), ("type=inline",))


UNHELD = {
    "entitlements": ("[network.host]", "[security.insecure]"),
    "extra_hosts": ("['h:10.0.0.1']", "['h:10.0.0.2']"),
    "hosts by name": ("{h: 10.0.0.1}", "{h: 10.0.0.2}"),
    "network": ("none", "host"),
    "privileged": ("false", "true"),
    "shm_size": ("$SIZE", "48m"),
    "ulimits": ("{nofile: 1000}", "{nofile: 2000}"),
    "soft and hard": ("{nofile: {soft: 1, hard: 3}}", "{nofile: {soft: 2, hard: 3}}"),
}
SETTINGS = {"hosts by name": "extra_hosts", "soft and hard": "ulimits"}


@pytest.mark.parametrize("name", UNHELD)
def test_a_setting_that_build_yaml_has_no_place_for_tells_images_apart_and_is_noted(name: str) -> None:
    key, (one, other) = SETTINGS.get(name, name), UNHELD[name]
    services = [
        f"  {each}: {{build: {{context: a, {key}: {said}}}}}\n" for each, said in zip("ab", (one, other), strict=True)
    ]
    files = {"compose.yaml": f"services:\n{''.join(services)}", ".env": "SIZE=32m\n", "a/Dockerfile": SCRATCH}
    assert list(images(files)) == ["a", "b"]
    said = [f"compose.yaml:{line}: service '{each}': {key} has no place in" for line, each in ((2, "a"), (3, "b"))]
    assert [each.partition(" build.yaml")[0] for each in notes(files)] == said
    assert list(images({**files, "compose.yaml": "services:\n" + services[0].replace(" a:", " b:") + services[0]})) == [
        "a"
    ]


APART = {
    "no_cache": ("false", "true"),
    "no_cache_filter": ("[a]", "[b]"),
    "provenance": ("false", "mode=max"),
    "sbom": ("false", "true"),
    "x-bake: no-cache": ("{no-cache: false}", "{no-cache: true}"),
    "x-bake: no-cache-filter": ("{no-cache-filter: a}", "{no-cache-filter: b}"),
    "x-bake: output": ("{output: 'type=image,compression=gzip'}", "{output: ['type=image,compression=zstd']}"),
}


@pytest.mark.parametrize("name", APART)
def test_a_setting_that_no_instruction_sees_tells_no_images_apart_and_counts(name: str) -> None:
    key = name.partition(":")[0]
    one, two = (
        {
            "compose.yaml": f"services:\n  a: {{build: {{context: a, {key}: {each}}}}}\n  b: {{build: a}}\n",
            "a/Dockerfile": SCRATCH,
        }
        for each in APART[name]
    )
    assert list(images(one)) == ["a"]
    assert affected_by(one, two) == {"a"}
    assert "has no place in build.yaml" in notes(one)[0]


@pytest.mark.parametrize("value", ["../out", "service:none"])
def test_a_context_that_is_left_out_tells_images_apart_and_is_noted(value: str) -> None:
    services = f"services:\n  a: {{build: a}}\n  b: {{build: {{context: a, additional_contexts: {{n: '{value}'}}}}}}\n"
    files = {"compose.yaml": services, "a/Dockerfile": SCRATCH}
    assert list(images(files)) == ["a", "b"]
    (said,) = notes(files)
    assert said.startswith("compose.yaml:3: a context of service 'b' is left out: ")


REPORTED = {
    "inline": ("{dockerfile_inline: FROM scratch}", "service 'a' is left out: its Dockerfile is written inline"),
    "remote": ("https://x.y/z.git", "service 'a' is left out: its context 'https://x.y/z.git' is remote"),
    "outside": ("../x", "service 'a' is left out: its context '../x' is not in this repository"),
    "absolute": ("/x", "service 'a' is left out: its context '/x' is not in this repository"),
    "home": ("~/x", "service 'a' is left out: its context '~/x' is not in this repository"),
    "dockerfile outside": (
        "{context: ., dockerfile: ../D}",
        "service 'a' is left out: its Dockerfile '../D' is not in this repository",
    ),
    "no folder": ("./nope", "service 'a' is left out: there is no folder 'nope'"),
    "no dockerfile": ("./there", "service 'a' is left out: there is no Dockerfile 'there/Dockerfile'"),
    "required": ('"${X:?set X}"', "service 'a' cannot be read: ${X} must have a value: set X"),
    "args of the wrong kind": (
        "{context: ., args: {A: {}}}",
        "service 'a' cannot be read: 'build.args.A' must be text",
    ),
    "an empty variable": ('"${}"', "service 'a' cannot be read: '${}' is no variable"),
    "a variable without an end": ('"${X"', "service 'a' cannot be read: '${X' has a '${' without a '}'"),
    "a wrong variable": ('"${X Y}"', "service 'a' cannot be read: '${X Y}' is no variable"),
}


@pytest.mark.parametrize("name", REPORTED)
def test_what_cannot_be_built_is_reported_and_the_rest_is_found(name: str) -> None:
    build, message = REPORTED[name]
    files = {
        "compose.yaml": f"services:\n  a:\n    build: {build}\n  b: {{build: ./b}}\n",
        "there/f": "",
        "b/Dockerfile": SCRATCH,
    }
    assert list(images(files)) == ["b"]
    (said,) = notes(files)
    assert said in (f"compose.yaml:2: {message}", f"compose.yaml:3: {message}")


BROKEN = {
    "yaml": ("services: [\n", "compose.yaml:2:1: not valid YAML"),
    "not utf-8": ("services: {a: {build: '\udcff'}}\n", "compose.yaml:1:24: not UTF-8"),
    "a key twice": ("services: {}\nservices: {}\n", "compose.yaml:2: the key 'services' is there twice"),
    "an alias without an anchor": ("services: *x\n", "compose.yaml:1: "),
    "an alias of another document": (
        "x: &x {}\n---\nservices: *x\n",
        "compose.yaml:3: the alias '*x' has no anchor before",
    ),
    "an alias of itself": ("services: &x {a: *x}\n", "compose.yaml:1: the alias '*x' has no anchor before it"),
    "too deep": ("services: " + "{a: " * 80 + "}" * 80, "compose.yaml:1: nested more than 64 deep"),
    "laughs": (
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{n}: &{n} [{','.join(['*' + m] * 9)}]\n" for m, n in pairwise("abcdefghi"))
        + "services: *i\n",
        "compose.yaml:10: 'services' must be a mapping",
    ),
    "merged laughs": (
        "a: &a {"
        + ",".join(f"k{i}: 1" for i in range(1000))
        + "}\n"
        + "services:\n"
        + "".join(f"  s{i}: {{<<: *a}}\n" for i in range(200)),
        "compose.yaml:103: merge keys copy more than 100,000 values",
    ),
    "includes itself": (
        "include: [compose.yaml]\nservices: {}\n",
        "compose.yaml:1: this file includes itself in a circle",
    ),
    "includes what is not there": ("include: [x.yaml]\n", "compose.yaml:1: include: there is no 'x.yaml'"),
    "includes from outside": (
        "include: [../x.yaml]\n",
        "compose.yaml:1: include: '../x.yaml' is not in this repository",
    ),
    "a circle of extends": (
        "services: {a: {extends: b}, b: {extends: a}}\n",
        "compose.yaml:1: service 'a' extends itself in a circle",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_gives_one_line_and_the_rest_still_works(name: str) -> None:
    text, message = BROKEN[name]
    files = {"compose.yaml": text, "sub/compose.yaml": "services: {b: {build: .}}\n", "sub/Dockerfile": SCRATCH}
    assert list(images(files)) == ["b"]
    (said,) = notes(files)
    assert said.startswith(message)


def test_a_tower_of_includes_comes_to_an_end() -> None:
    files = {f"l{n}.yaml": f"include: [{', '.join([f'l{n + 1}.yaml'] * 8)}]\n" for n in range(12)}
    files |= {
        "compose.yaml": "include: [l0.yaml]\nservices: {a: {build: ./a}}\n",
        "l12.yaml": "{}\n",
        "a/Dockerfile": SCRATCH,
    }
    assert list(images(files)) == ["a"]
    assert any("more than 500 includes" in each for each in notes(files))


def test_variables_without_a_value_are_reported_once_where_they_matter() -> None:
    files = {
        "compose.yaml": "services:\n  a:\n    image: x:${T}\n    command: $C\n    build:\n      context: .\n"
        "      args: {A: $U, B: $U, C: }\n",
        "Dockerfile": SCRATCH,
    }
    assert notes(files) == [
        "compose.yaml:7: ${U} has no value here and counts as empty",
        "compose.yaml:7: the argument 'C' takes its value from the caller's environment, so it is left out",
    ]
    assert shown(images(files)["a"])["args"] == {"A": "", "B": ""}


LACKING = {
    "a tag": ("{TAG: $TAG}", "ARG TAG\nFROM base:$TAG\n"),
    "as a list": ('["TAG=$TAG"]', "ARG TAG\nFROM base:$TAG\n"),
    "the caller's": ("[TAG]", "ARG TAG\nFROM base:$TAG\n"),
    "null": ("{TAG: }", "ARG TAG\nFROM base:$TAG\n"),
    "all of a name": ("{FROM: $TAG}", "ARG FROM\nFROM $FROM\n"),
    "a part of it": ('{FROM: "$TAG/base"}', "ARG FROM\nFROM $FROM\n"),
    "by way of another": ("{TAG: $TAG}", "ARG TAG\nARG FROM=base:$TAG\nFROM $FROM\n"),
    "a platform": ("{ON: $TAG}", "ARG ON\nFROM --platform=$ON base\n"),
    "a digest": ("{TAG: $TAG}", "ARG TAG\nFROM base@$TAG\n"),
    "the end of a digest": ("{TAG: $TAG}", "ARG TAG\nFROM base@sha256:$TAG\n"),
    "not the first": ("{TAG: $TAG}", "ARG TAG\nFROM base AS b\nFROM base:$TAG\n"),
}


@pytest.mark.parametrize("name", LACKING)
def test_a_service_whose_from_lacks_values_is_set_aside(name: str) -> None:
    """As an image, it would be an error of every question about any other, and of the build.yaml that init writes."""
    args, text = LACKING[name]
    files = {"compose.yaml": f"services:\n  b: {{build: b}}\n  a: {{build: {{context: a, args: {args}}}}}\n"}
    found = find(files | {"a/Dockerfile": text, "b/Dockerfile": SCRATCH})
    assert [each.name for each in found.images] == ["b"]
    ((aside, why),) = [(each.name, each.build.aside) for each in found.asides if each.build.source == "compose"]
    assert (aside, why[:12]) == ("a", "needs args: ")
    (said,) = [str(each) for each in found.problems if "left out: " in str(each)]
    assert said == f"compose.yaml:3: service 'a' is left out: {why[12:]}"


def test_what_a_dockerfile_is_without_arguments_is_an_image_beside_a_service_that_lacks_some() -> None:
    files = {"compose.yaml": "services: {b: {build: b}, a: {build: {context: a, args: {TAG: $TAG}}}}\n"}
    files |= {"a/Dockerfile": "ARG TAG=1\nFROM base:$TAG\n", "b/Dockerfile": SCRATCH}
    found = find(files)
    assert {each.name: each.build.source for each in found.images} == {"a": "dockerfile", "b": "compose"}
    assert [each.build.aside for each in found.asides] == ["needs args: 'base:' is no image reference"]


def test_a_helper_that_a_service_states_without_values_is_listed_once() -> None:
    files = {"compose.yaml": "services: {b: {build: b}, a: {build: {context: tests, args: {TAG: $TAG}}}}\n"}
    found = find(files | {"tests/Dockerfile": "ARG TAG\nFROM base:$TAG\n", "b/Dockerfile": SCRATCH})
    assert [(each.name, each.build.source) for each in found.asides] == [("a", "compose")]


GIVEN = {
    "a value": ("compose.yaml", "args: {TAG: 'A b'}"),
    "a default": ("compose.yaml", "args: {TAG: '${TAG:-A b}'}"),
    "another argument": ("compose.yaml", "args: {TAG: 'A b', OTHER: $OTHER}"),
    "nothing": ("compose.yaml", "target: "),
    "a value above": ("compose.override.yaml", "args: {TAG: 'A b'}"),
    "nothing above": ("compose.override.yaml", "args: !reset null"),
    "others instead": ("compose.override.yaml", "args: !override {OTHER: x}"),
}


@pytest.mark.parametrize("name", GIVEN)
def test_a_service_whose_from_is_wrong_otherwise_stays_an_image(name: str) -> None:
    file, build = GIVEN[name]
    files = {"compose.yaml": "services: {a: {build: {context: a, args: {TAG: $TAG}}}}\n"}
    files |= {file: f"services: {{a: {{build: {{context: a, {build}}}}}}}\n"}
    found = find(files | {"a/Dockerfile": "ARG TAG\nFROM base:$TAG\n", "b/Dockerfile": SCRATCH})
    assert [each.name for each in found.images] == ["a", "b"]
    assert not found.asides


def test_vendored_files_are_not_read() -> None:
    files = {
        "node_modules/x/compose.yaml": "services: [\n",
        "node_modules/x/Dockerfile": SCRATCH,
        "Dockerfile": SCRATCH,
    }
    assert list(images(files)) == ["app"]
    assert notes(files) == []


def test_a_value_that_no_yaml_can_hold_is_left_out_and_reported() -> None:
    files = {
        ".env": "A=x\0y\nT=ok\n",
        "compose.yaml": "services: {a: {build: {context: ., args: {A: $A, T: $T}}}}\n",
        "Dockerfile": SCRATCH,
    }
    assert shown(images(files)["a"])["args"] == {"T": "ok"}
    said = "service 'a': argument left out: 'A' has a value that build.yaml cannot hold"
    assert notes(files) == [f"compose.yaml:1: {said}"]


@pytest.mark.parametrize("labels", ['{"my label": "1"}', '["my label=1"]'])
def test_a_label_may_have_blanks_in_its_name(labels: str) -> None:
    files = {"compose.yaml": f"services: {{a: {{build: {{context: ., labels: {labels}}}}}}}\n", "Dockerfile": SCRATCH}
    assert images(files)["a"].build.labels == (("my label", "1"),)
    assert notes(files) == []
    (image,) = loaded(written(files), files).images
    assert image.labels == (("my label", "1"),)


REFUSED = {
    "a label": "labels: {a=b: '%s'}",
    "a label of mbuild's": "labels: {dev.mbuild.x: '%s'}",
    "a blank argument": "args: {A B: '%s'}",
    "the value of an argument": "args: {A: '${V%s}'}",
    "a context": "additional_contexts: {A B: ./%s}",
    "a platform": "platforms: [linux/%s/x/y]",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_change_of_what_build_yaml_refuses_is_seen(name: str) -> None:
    files = {"a/Dockerfile": SCRATCH, ".env": "V1=\0\nV2=\0\0\n", "1/x": "", "2/x": ""}
    one, two = (
        {**files, "compose.yaml": f"services:\n  a: {{build: {{context: a, {REFUSED[name] % each}}}}}\n"}
        for each in "12"
    )
    assert [each for each in notes(one) if "left out: " in each]
    assert affected_by(one, one) == set()
    assert affected_by(one, two) == {"a"}


@pytest.mark.parametrize("name", ["a", "a, dockerfile: Dockerfile", "., dockerfile: a/Dockerfile"])
def test_buildkit_takes_a_file_in_lower_case_where_there_is_no_other(name: str) -> None:
    text = f"services: {{a: {{build: {{context: {name}, args: {{V: '1'}}}}}}}}\n"
    found = images({"compose.yaml": text, "a/dockerfile": SCRATCH})["a"].build
    assert (found.source, found.dockerfile, found.args) == ("compose", "a/dockerfile", (("V", "1"),))
    both = images({"compose.yaml": text, "a/dockerfile": SCRATCH, "a/Dockerfile": SCRATCH})["a"].build
    assert both.dockerfile == "a/Dockerfile"


@pytest.mark.parametrize("text", ['A="x" ' * 400_000, 'A="x"\n' * 400_000], ids=["line", "lines"])
def test_a_long_file_of_variables_is_gone_through_once(text: str) -> None:
    """Once for each of its values takes longer than a test may."""
    files = {".env": text + "\nV=1\n", "compose.yaml": "services: {a: {build: {context: ., args: {V: $V}}}}\n"}
    assert images({**files, "Dockerfile": SCRATCH})["a"].build.args == (("V", "1"),)
