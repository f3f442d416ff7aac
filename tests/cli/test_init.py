"""``mbuild init`` on a real repository, and what looks at a repository without a build.yaml."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.support import Repo

FILES = {
    "compose.yaml": "services:\n  api: {build: {context: ., dockerfile: api/Dockerfile}}\n  web: {build: ./web}\n"
    "  far: {build: ../far}\n",
    "api/Dockerfile": "FROM scratch\nCOPY libs api/main.py /app/\n",
    "api/main.py": "print()\n",
    "libs/a.py": "",
    "web/Dockerfile": "FROM scratch\nCOPY . /srv\n",
    "web/index.html": "<p>\n",
}

BUILD_YAML = """\
# Written by mbuild init from compose.yaml. docs/reference.md of mbuild explains each key.
version: 1
images:
  api:
    dockerfile: api/Dockerfile
    context: .
  web:
"""

NOTE = "note: compose.yaml:4: service 'far' is left out: its context '../far' is not in this repository\n"


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


@pytest.fixture
def shop(repo: Repo) -> Repo:
    repo.commit(FILES, "first")
    return repo


def test_a_dry_run_prints_and_writes_nothing(shop: Repo) -> None:
    answer = shop.mbuild("init", "--dry-run")
    assert (answer.code, answer.out, answer.err) == (0, BUILD_YAML, NOTE)
    assert shop.git("status", "--porcelain") == ""


def test_it_writes_what_the_dry_run_says_and_check_reads_it(shop: Repo) -> None:
    answer = shop.mbuild("init")
    assert (answer.code, answer.err) == (0, NOTE)
    assert answer.out == "wrote build.yaml: 2 images; mbuild check reads all of it\n"
    assert (shop.folder / "build.yaml").read_text() == BUILD_YAML
    assert shop.git("status", "--porcelain") == "?? build.yaml"
    assert shop.mbuild("check").out == "2 images, 2 of them read exactly: no problems\n"


def test_it_is_written_at_the_top_also_from_a_folder(shop: Repo) -> None:
    assert shop.mbuild("-C", str(shop.folder / "web"), "init").code == 0
    assert (shop.folder / "build.yaml").read_text() == BUILD_YAML


def test_running_it_twice_changes_nothing(shop: Repo) -> None:
    shop.mbuild("init")
    before = written(shop.folder / "build.yaml")
    answer = shop.mbuild("init")
    assert (answer.code, answer.out) == (0, "build.yaml has every image that is stated here; it stays as it is\n")
    assert written(shop.folder / "build.yaml") == before
    assert shop.mbuild("init", "--dry-run").out == BUILD_YAML


def written(file: Path) -> tuple[int, ...]:
    """Return what changes with every write, also of the same bytes; the time of access changes by reading."""
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def test_a_build_yaml_that_is_there_is_kept_and_told_what_it_lacks(shop: Repo) -> None:
    text = "images: {mine: {dockerfile: api/Dockerfile, context: .}}\n"
    shop.write({"build.yaml": text})
    answer = shop.mbuild("init")
    assert answer.code == 0
    assert answer.out == "build.yaml stays as it is. It lacks 1 image stated elsewhere:\n  web:\n"
    assert (shop.folder / "build.yaml").read_text() == text


BASE_AND_WEB = {
    "compose.yaml": "services:\n  web: {image: reg.io/shop/web, build: web}\n"
    "  base: {image: 'reg.io/shop/base:1', build: base}\n",
    "base/Dockerfile": "FROM scratch\nCOPY x /x\n",
    "base/x": "",
    "web/Dockerfile": "FROM reg.io/shop/base:1\nCOPY y /y\n",
    "web/y": "",
    "other/Dockerfile": "FROM scratch\n",
}
LACKING = {
    "the registry of the others": (
        BASE_AND_WEB,
        "build.yaml",
        "images:\n  web: {}\n  other: {}\n",
        "  base:\n    aliases: [reg.io/shop/base]\n",
        {"base", "web"},
    ),
    "the registry, which it has already": (
        BASE_AND_WEB,
        "build.yaml",
        "registry: reg.io/shop\nimages:\n  web: {}\n  other: {}\n",
        "  base:\n",
        {"base", "web"},
    ),
    "a name that it has for something else": (
        BASE_AND_WEB,
        "build.yaml",
        "images:\n  web: {}\n  base: {dockerfile: other/Dockerfile}\n",
        "  # not called base: that means something else in build.yaml\n"
        "  base-2:\n    context: base\n    aliases: [reg.io/shop/base]\n",
        {"base-2", "web"},
    ),
    "a name that is an alias of something else": (
        BASE_AND_WEB,
        "build.yaml",
        "images:\n  web: {}\n  other: {aliases: [base]}\n",
        "  # not called base: that means something else in build.yaml\n"
        "  base-2:\n    context: base\n    aliases: [reg.io/shop/base]\n",
        {"base-2", "web"},
    ),
    "a name that is used and that it has for something else": (
        {
            **BASE_AND_WEB,
            "compose.yaml": "services: {base: {build: base, image: base}, web: {build: web}}\n",
            "web/Dockerfile": "FROM base\n",
        },
        "build.yaml",
        "images:\n  base: {dockerfile: other/Dockerfile}\n",
        "  # not called base: that means something else in build.yaml\n"
        "  base-2:\n    context: base\n"
        "  web:\n    contexts: {base: image:base-2}\n",
        {"base-2", "web"},
    ),
    "an image that it does not know by the name that is used": (
        BASE_AND_WEB,
        "build.yaml",
        "images:\n  mine: {context: base}\n  other: {}\n",
        "  web:\n    contexts: {reg.io/shop/base:1: image:mine}\n    aliases: [reg.io/shop/web]\n",
        {"mine", "web"},
    ),
    "an image that it calls otherwise": (
        {
            **BASE_AND_WEB,
            "compose.yaml": "services:\n  base: {build: base}\n"
            "  web: {build: {context: web, additional_contexts: {'reg.io/shop/base:1': 'service:base'}}}\n",
        },
        "build.yaml",
        "images:\n  mine: {context: base}\n  other: {}\n",
        "  web:\n    contexts: {reg.io/shop/base:1: image:mine}\n",
        {"mine", "web"},
    ),
    "arguments and platforms that all have": (
        {
            "compose.yaml": "services:\n  a: {build: {context: a, args: {V: '1'}, platforms: [linux/arm64]}}\n"
            "  b: {build: {context: b, args: {V: '1', W: '2'}, platforms: [linux/arm64]}}\n",
            **{f"{each}/Dockerfile": "FROM scratch\nARG V\nLABEL v=$V\nCOPY base/x /\n" for each in "ab"},
            **{f"{each}/base/x": "" for each in "ab"},
            "base/x": "",
        },
        "build.yaml",
        "images:\n",
        '  a:\n    args: {V: "1"}\n    platforms: [linux/arm64]\n'
        '  b:\n    args: {V: "1", W: "2"}\n    platforms: [linux/arm64]\n',
        set(),
    ),
    "paths from the folder of build.yaml": (
        {
            "compose.yaml": "services:\n  base: {build: base}\n  lib: {build: sub/lib}\n"
            "  web:\n    build:\n      context: .\n      dockerfile: sub/web.Dockerfile\n"
            "      additional_contexts: {a: base, b: sub, c: sub/lib, d: 'service:base', e: .}\n"
            "      cache_from: ['type=local,src=base/cache']\n      secrets: [in, out, home]\n"
            "      ssh: ['k=sub/key']\n"
            "secrets: {in: {file: s}, out: {file: ../s}, home: {file: /s}}\n",
            "base/Dockerfile": "FROM scratch\nCOPY x /\n",
            "base/x": "",
            "sub/lib/Dockerfile": "FROM scratch\nCOPY x /\n",
            "sub/lib/x": "",
            "sub/web.Dockerfile": "FROM scratch\nCOPY base/x /\n",
        },
        "sub/build.yaml",
        "images:\n",
        "  base:\n    context: ../base\n  lib:\n  web:\n    dockerfile: web.Dockerfile\n    context: ..\n"
        "    contexts: {a: ../base, b: ., c: ./lib, d: image:base, e: ..}\n"
        "    secrets: [{id: home, file: /s}, {id: in, file: ../s}, {id: out, file: ../../s}]\n"
        '    ssh: [k=key]\n    cache_from: ["type=local,src=../base/cache"]\n',
        {"base", "web"},
    ),
}


@pytest.mark.parametrize("name", LACKING)
def test_what_a_build_yaml_is_said_to_lack_can_be_put_below_it(name: str, repo: Repo) -> None:
    """With entries that say less, a change of what they are made from would be no change of them."""
    files, path, text, said, reached = LACKING[name]
    repo.commit(files | {path: text})
    config = ("--config", path)
    answer = repo.mbuild(*config, "init")
    assert answer.code == 0
    assert answer.out.partition("\n")[2] == said
    repo.commit({path: text + said})
    assert repo.mbuild(*config, "init").out == f"{path} has every image that is stated here; it stays as it is\n"
    checked = repo.mbuild(*config, "check")
    assert (checked.code, checked.err) == (0, "")
    repo.commit({"base/x": "changed"})
    question = ("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    assert repo.mbuild(*config, *question).affected() == reached


def test_nothing_to_write_is_an_error(repo: Repo) -> None:
    repo.commit({"README.md": ""})
    answer = repo.mbuild("init")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: nothing was found to write")
    assert not (repo.folder / "build.yaml").exists()


def test_json(shop: Repo) -> None:
    shop.write({"build.yaml": "images: {mine: {dockerfile: api/Dockerfile, context: .}}\n"})
    answer = shop.mbuild("init", "--format", "json")
    schema = Path(__file__).parents[2] / "docs" / "schema" / "init.schema.json"
    jsonschema.validate(answer.json, json.loads(schema.read_text()))
    assert answer.json["written"] is False
    assert answer.json["text"] == BUILD_YAML
    assert {each["name"]: each["lacking"] for each in answer.json["images"]} == {"api": False, "web": True}
    assert answer.json["images"][1]["stated_by"] == ["compose.yaml:3"]
    assert answer.json["notes"][0]["where"] == {"file": "compose.yaml", "line": 4, "col": None}


def test_every_run_gives_the_same_bytes(shop: Repo) -> None:
    more = {f"{folder}/{file}": "FROM acme/b\n" for folder in "xyz" for file in ("a/Dockerfile", "b/Dockerfile")}
    bake = "".join(f'target "{each}" {{ context = "x/{each}" }}\n' for each in "ba")
    shop.commit({**more, "docker-bake.hcl": bake, "y/compose.yaml": "services: {a: {build: a, image: acme/b}}\n"})
    command = [sys.executable, "-m", "mbuild", "-C", str(shop.folder), "init", "--dry-run"]
    seeds = [os.environ | {"PYTHONHASHSEED": each} for each in ("0", "1", "2")]
    runs = {subprocess.run(command, env=each, capture_output=True, check=True).stdout for each in seeds}
    assert len(runs) == 1


def test_untracked_files_count_and_ignored_ones_do_not(shop: Repo) -> None:
    shop.write({".gitignore": "gone\n", "gone/Dockerfile": "FROM scratch\n", "new/Dockerfile": "FROM scratch\n"})
    answer = shop.mbuild("init", "--dry-run")
    assert "new:" in answer.out
    assert "gone" not in answer.out


def test_a_folder_that_cannot_be_written_to(shop: Repo) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    shop.folder.chmod(0o555)
    try:
        answer = shop.mbuild("init")
    finally:
        shop.folder.chmod(0o755)
    assert answer.code == 4


LOOKING = (
    ["affected", "--list", "--base", "HEAD"],
    ["affected", "--dry-run", "--base", "HEAD"],
    ["all", "--dry-run"],
    ["build", "web", "--dry-run"],
    ["explain", "--image", "web", "--base", "HEAD"],
    ["explain", "web/index.html"],
    ["context", "web", "--list"],
    ["graph"],
    ["check"],
)


@pytest.mark.parametrize("args", LOOKING, ids=" ".join)
def test_commands_that_look_answer_as_if_it_had_been_written(shop: Repo, args: list[str]) -> None:
    without = shop.mbuild(*args)
    shop.commit({"build.yaml": BUILD_YAML})
    shop.git("checkout", "-q", "-b", "topic")
    with_it = shop.mbuild(*args)
    assert without.code == with_it.code == 0
    # Answers name the commit, which is another one now.
    assert [each for each in without.out.splitlines() if "HEAD" not in each and "work tree" not in each] == [
        each for each in with_it.out.splitlines() if "HEAD" not in each and "work tree" not in each
    ]


def test_base_and_head_are_each_read_as_they_are(shop: Repo) -> None:
    shop.commit({"libs/a.py": "x"})
    answer = shop.mbuild("affected", "--list", "--format", "json")
    assert answer.affected() == {"api"}
    shop.commit({"compose.yaml": FILES["compose.yaml"].replace("build: ./web", "build: {context: ./web, target: t}")})
    shop.commit({"web/Dockerfile": "FROM scratch AS t\nCOPY . /srv\n"})
    answer = shop.mbuild("affected", "--list", "--base", "HEAD~2", "--format", "json")
    assert answer.affected() == {"web"}


def test_places_are_those_of_the_source(shop: Repo) -> None:
    shop.write({"compose.yaml": "services:\n  a: {build: {context: web, target: nope}}\n"})
    answer = shop.mbuild("explain", "a", "--base", "HEAD", "--format", "json")
    assert answer.code == 2
    shop.write({"compose.yaml": "services:\n  a: {build: {context: web, additional_contexts: {b: libs}}}\n"})
    shop.write({"web/Dockerfile": "FROM scratch\nCOPY --from=b nothing /\n"})
    answer = shop.mbuild("check")
    assert answer.code == 2
    assert "web/Dockerfile:2:1: image 'a': nothing in the context matches 'nothing'" in answer.err


def test_what_was_left_out_is_said_where_it_matters(shop: Repo) -> None:
    assert "1 notes on what was left out" not in shop.mbuild("graph").err
    assert "warning: 1 note on what was left out or guessed" in shop.mbuild("affected", "--list", "--base", "HEAD").err
    assert "warning: compose.yaml:4: service 'far' is left out" in shop.mbuild("check").err


def test_what_a_change_leaves_out_is_said(shop: Repo) -> None:
    """The plain Dockerfile answers in place of a service that is left out: it may look untouched."""
    before = shop.mbuild("affected", "--list", "--base", "HEAD").err
    text = (shop.folder / "compose.yaml").read_text()
    shop.write({"compose.yaml": f"# one line more\n{text}  further: {{build: 'https://x.y/z.git'}}\n"})
    after = shop.mbuild("affected", "--list", "--base", "HEAD").err
    assert "left out:" not in before, "the base has it, too"
    assert "service 'further' is left out: its context 'https://x.y/z.git' is remote" in after
    assert "service 'far'" not in after
    assert "warning: 2 notes on what was left out" in after


def test_a_setting_that_build_yaml_has_no_place_for_counts(repo: Repo) -> None:
    plain = {"web/Dockerfile": "FROM scratch\nCOPY x /\n", "web/x": ""}
    repo.commit({"compose.yaml": "services: {web: {build: {context: web, shm_size: 1g}}}\n"} | plain)
    repo.commit({"compose.yaml": "services: {web: {build: {context: web, shm_size: 2g}}}\n"})
    answer = repo.mbuild("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    assert (answer.code, answer.affected()) == (0, {"web"})


LEAVING_OUT = {
    "inline": ({"compose.yaml": "services: {web: {build: {context: web, dockerfile_inline: FROM x}}}\n"}, "inline"),
    "remote": ({"compose.yaml": "services: {web: {build: 'https://x.y/z.git'}}\n"}, "is remote"),
    "a variable": ({"compose.yaml": 'services: {web: {build: "${X:?}"}}\n'}, "${X} must have a value"),
    "no YAML": ({"compose.yaml": "services: [\n"}, "not valid YAML"),
    "an argument of FROM": (
        {
            "compose.yaml": "services: {web: {build: {context: web, args: {B: $B}}, image: web}}\n",
            "web/Dockerfile": "ARG B=scratch\nFROM $B\nCOPY x /\n",
        },
        "service 'web' is left out: the base name of FROM $B is blank",
    ),
    "above": (
        {"compose.override.yaml": 'services: {web: {build: {target: "${X:?}"}}}\n'},
        "service 'web' is left out: it cannot be read in compose.override.yaml",
    ),
}


@pytest.mark.parametrize("name", LEAVING_OUT)
def test_what_a_change_leaves_out_is_affected_where_its_dockerfile_answers(name: str, repo: Repo) -> None:
    """It would look untouched, as its plain Dockerfile is; so would what is made from it."""
    plain = "FROM scratch\nCOPY x /\n"
    child = {"child/Dockerfile": "FROM web\nCOPY x /\n", "child/x": "", "other/Dockerfile": plain, "other/x": ""}
    repo.commit(
        {"compose.yaml": "services: {web: {build: web, image: web}}\n", "web/Dockerfile": plain, "web/x": ""} | child
    )
    change, said = LEAVING_OUT[name]
    repo.commit({**change, "other/x": "1"})
    answer = repo.mbuild("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    assert (answer.code, answer.affected()) == (0, {"web", "child", "other"})
    assert said in answer.err
    repo.commit({"README": ""})
    after = repo.mbuild("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    assert (after.code, after.affected()) == (0, set())


def test_what_a_file_stated_that_compose_file_names_still_is_affected_or_an_error(repo: Repo) -> None:
    plain = {"web/Dockerfile": "FROM scratch AS t\nCOPY x /\n", "web/x": ""}
    repo.commit({".env": "COMPOSE_FILE=stack.yml\n", "stack.yml": "services: {web: {build: web}}\n"} | plain)
    question = ("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    repo.git("rm", "-q", "stack.yml")
    repo.commit({})
    answer = repo.mbuild(*question)
    assert (answer.code, answer.affected()) == (0, {"web"})
    assert "stack.yml: there is no such file, though COMPOSE_FILE of .env names it" in answer.err
    repo.commit({"stack.yml": "services: {web: {build: web}, api: {build: {context: web, target: t}}}\n"})
    repo.git("rm", "-q", "stack.yml")
    repo.commit({})
    gone = repo.mbuild(*question)
    assert (gone.code, gone.out) == (2, "")
    assert "hint: the base has it as an image: api;" in gone.err


def test_what_a_change_leaves_out_is_an_error_where_nothing_answers_for_it(repo: Repo) -> None:
    plain = "FROM scratch\nCOPY x /\n"
    services = "services:\n  web: {build: web}\n  api: {build: {context: web, target: t}}\n"
    repo.commit({"compose.yaml": services, "web/Dockerfile": plain.replace("scratch", "scratch AS t"), "web/x": ""})
    question = ("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    repo.commit({"compose.yaml": "services:\n  web: {build: web}\n  api: {build: 'https://x.y/z.git'}\n"})
    gone = repo.mbuild(*question)
    assert (gone.code, gone.out) == (2, "")
    assert "error: compose.yaml:3: service 'api' is left out: its context 'https://x.y/z.git' is remote\n" in gone.err
    assert "hint: the base has it as an image: api;" in gone.err
    repo.commit({"compose.yaml": services})
    repo.commit({"compose.yaml": "services:\n  web: {build: {context: web, args: {V: $V}}}\n"})
    removed = repo.mbuild(*question)
    assert (removed.code, removed.affected()) == (0, set())
    assert "${V} has no value here" in removed.err


SET_ASIDE = {
    "a variant beside what is stated": (
        {"Dockerfile": "FROM scratch\n", "Dockerfile.worker": "FROM scratch\nCOPY x /\n"},
        {"compose.yaml": "services: {app: {build: .}}\n"},
        "Dockerfile.worker: left out: in the folder of app, not stated by any compose, bake or skaffold file",
    ),
    "another of that name": (
        {"Dockerfile.worker": "FROM scratch\nCOPY x /\n"},
        {"compose.yaml": "services: {worker: {build: .}}\n", "Dockerfile": "FROM scratch\n"},
        "Dockerfile.worker: left out: in the folder of worker, not stated by any compose, bake or skaffold file",
    ),
    "a folder for helpers": (
        {"examples/worker/Dockerfile": "FROM scratch\nCOPY x /\n", "examples/worker/x": ""},
        {"web/Dockerfile": "FROM scratch\n"},
        "examples/worker/Dockerfile: left out: it is taken for no image of its own any more",
    ),
    "a folder for helpers beside one of that name": (
        {"examples/worker/Dockerfile": "FROM scratch\nCOPY x /\n", "examples/worker/x": ""},
        {"worker/Dockerfile": "FROM scratch\n"},
        "examples/worker/Dockerfile: left out: it is taken for no image of its own any more",
    ),
    "a variant that is stated no more": (
        {
            "compose.yaml": "services: {worker: {build: {context: ., dockerfile: Dockerfile.worker}}}\n",
            "Dockerfile.worker": "FROM scratch\nCOPY x /\n",
        },
        {"compose.yaml": "services: {app: {build: .}}\n", "Dockerfile": "FROM scratch\n"},
        "Dockerfile.worker: left out: in the folder of app, not stated by any compose, bake or skaffold file",
    ),
}


@pytest.mark.parametrize("name", SET_ASIDE)
def test_an_image_of_the_base_that_a_change_sets_aside_is_an_error(name: str, repo: Repo) -> None:
    """It would be removed for what is said of others, and nothing of what it reads would count."""
    files, change, said = SET_ASIDE[name]
    repo.commit(files | {"x": ""})
    repo.commit(change)
    gone = repo.mbuild("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    assert (gone.code, gone.out) == (2, "")
    assert f"error: {said}\nhint: the base has it as an image: " in gone.err
    assert "worker; mbuild init writes a build.yaml without it\n" in gone.err
    replayed = json.loads(repo.mbuild("simulate", "--last", "1", "--format", "json").out)
    assert said in str(replayed)
    repo.commit({"build.yaml": "images: {web: {dockerfile: Dockerfile}}\n", "Dockerfile": "FROM scratch\n"})
    written = repo.mbuild("affected", "--base", "HEAD~2", "--head", "HEAD", "--list", "--format", "json")
    assert (written.code, written.affected()) == (0, {"web"}), "a build.yaml says which images there are"


def test_an_image_whose_dockerfile_goes_with_it_is_removed(repo: Repo) -> None:
    plain = {
        "web/Dockerfile": "FROM scratch\n",
        "api/Dockerfile": "FROM scratch\n",
        "made/api.docker": "FROM scratch\n",
    }
    repo.commit(plain | {"compose.yaml": "services: {made: {build: {context: made, dockerfile: api.docker}}}\n"})
    repo.git("rm", "-q", "api/Dockerfile", "compose.yaml")
    (repo.folder / "api").mkdir()
    (repo.folder / "api" / "Dockerfile").symlink_to("../web/Dockerfile")
    repo.commit({})
    answer = repo.mbuild("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    assert (answer.code, json.loads(answer.out)["removed"]) == (0, ["api", "made"])


def test_one_line_says_where_the_images_come_from(shop: Repo) -> None:
    said = "note: there is no build.yaml: images are those that mbuild init --dry-run shows\n"
    assert shop.mbuild("graph").err == said
    shop.commit({"build.yaml": BUILD_YAML})
    assert shop.mbuild("graph").err == ""


def test_an_error_of_what_nobody_meant_as_an_image_says_the_way_out(shop: Repo) -> None:
    shop.write({"web/Dockerfile": "ARG TAG\nFROM base:$TAG\n"})
    shop.write({"compose.yaml": 'services:\n  a: {build: {context: web, args: {TAG: ""}}}\n'})
    said = "error: web/Dockerfile:2:1: 'base:' is no image reference\nhint: TAG is empty\n"
    way_out = "hint: it need not be an image: mbuild init writes a build.yaml, out of which it can be taken\n"
    for question in (("graph",), ("affected", "--list", "--base", "HEAD")):
        answer = shop.mbuild(*question)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.endswith(said + way_out)
    assert shop.mbuild("init").code == 0
    assert shop.mbuild("graph").err == said


def test_a_service_that_lacks_values_is_in_the_way_of_no_other(repo: Repo) -> None:
    services = "services:\n  api: {build: api}\n  web: {build: {context: web, args: {TAG: $TAG}}}\n"
    files = {"api/Dockerfile": "FROM scratch\n", "web/Dockerfile": "ARG TAG\nFROM base:$TAG\n", ".env": "TAG=1\n"}
    repo.commit(files | {"compose.yaml": services, "api/x": ""})
    question = ("affected", "--base", "HEAD~1", "--list", "--format", "json")
    repo.commit({".env": "# nothing\n"})
    gone = repo.mbuild(*question)
    assert gone.code == 2
    said = "compose.yaml:3: service 'web' is left out: 'base:' is no image reference\nhint: TAG is empty\n"
    assert f"error: {said}hint: the base has it as an image: web;" in gone.err
    repo.commit({"api/Dockerfile": "FROM scratch\nLABEL a=b\n"})
    answer = repo.mbuild(*question)
    assert (answer.code, answer.affected()) == (0, {"api"})
    written = repo.mbuild("init")
    assert written.code == 0
    assert f"note: {said}" in written.err
    assert "#   web: {dockerfile: web/Dockerfile}  # needs args: " in repo.folder.joinpath("build.yaml").read_text()
    assert repo.mbuild("graph").code == 0


def test_of_files_that_are_made_elsewhere_no_change_is_seen_and_that_is_said(repo: Repo) -> None:
    """Somebody else builds these images: mbuild would find nothing there to copy, and say so."""
    files = {"main.go": "", ".gitignore": "out\n", "made/Dockerfile": "FROM scratch\nCOPY out/app /\n"}
    repo.commit(files | {"made/out/app": "", "plain/Dockerfile": "FROM scratch\nCOPY x /\n", "plain/x": ""})
    repo.commit({"main.go": "1"})
    question = ("affected", "--base", "HEAD~1", "--list", "--format", "json")
    answer = repo.mbuild(*question)
    assert (answer.code, answer.affected()) == (0, set())
    said = "warning: a change of files that git does not have is not seen, and these images copy some: made\n"
    assert said + "hint: mbuild check says which\n" in answer.err
    repo.commit({"made/Dockerfile": files["made/Dockerfile"] + "COPY out/lib /\n"})
    assert "is not seen" not in repo.mbuild(*question).err
    repo.commit({"build.yaml": "images: {made: , plain: }\n"})
    assert "is not seen" not in repo.mbuild(*question).err


def test_the_build_yaml_of_another_program_can_stay(shop: Repo) -> None:
    shop.commit({"build.yaml": "fleetVersion: 1\nshell: 2\n"})
    refused = shop.mbuild("graph")
    assert refused.code == 2
    assert "error: build.yaml:1:1: none of these keys is mbuild's" in refused.err
    written = shop.mbuild("init", "--dry-run")
    assert written.code == 0
    shop.write({"mbuild.yaml": written.out})
    assert shop.mbuild("--config", "mbuild.yaml", "graph").code == 0


@pytest.mark.parametrize("args", [["affected"], ["all"], ["build", "web"]], ids=" ".join)
def test_commands_that_build_need_a_build_yaml(shop: Repo, args: list[str]) -> None:
    answer = shop.mbuild(*args)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines() == [
        "error: there is no build.yaml",
        "hint: mbuild init writes one from what is there; --config names one elsewhere",
    ]


def test_a_commit_that_has_a_build_yaml_is_read_by_it(shop: Repo) -> None:
    first = shop.commit({"build.yaml": "images: {only: {dockerfile: web/Dockerfile}}\n"})
    shop.git("rm", "-q", "build.yaml")
    shop.commit()
    answer = shop.mbuild("graph", "--head", first, "--format", "json")
    assert [each["name"] for each in answer.json["images"]] == ["only"]


def test_a_change_that_breaks_a_dockerfile_or_brings_a_broken_one_is_an_error(repo: Repo) -> None:
    """Without a build.yaml it would be no image, and nobody would build what the change means."""
    question = ("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    template = {"t/Dockerfile": "FROM scratch\nCOPY ${a.b} /\n"}
    repo.commit({"a/Dockerfile": "FROM scratch\nCOPY x /\n", "a/x": ""} | template, "a template")
    repo.commit({"a/x": "1", "t/Dockerfile": template["t/Dockerfile"] + "# more\n"}, "changed, and broken before")
    quiet = repo.mbuild(*question)
    assert (quiet.code, quiet.affected()) == (0, {"a"})
    assert "warning: 1 note on what was left out" in quiet.err
    repo.commit({"a/x": "2", "b/Dockerfile": "FROM scratch\nCOPPY x /\n"}, "brought")
    brought = repo.mbuild(*question)
    assert (brought.code, brought.out) == (2, "")
    assert "error: b/Dockerfile:2:1: left out: unknown instruction: COPPY\nhint: did you mean 'COPY'?\n" in brought.err
    assert "t/Dockerfile" not in brought.err
    repo.commit({"b/Dockerfile": "FROM scratch\nCOPY x /\n", "b/x": ""}, "mended")
    mended = repo.mbuild(*question)
    assert (mended.code, mended.affected()) == (0, {"b"})
    repo.write({"b/Dockerfile": "FROM scratch\nCOPPY x /\n"})
    broken = repo.mbuild("affected", "--base", "HEAD", "--list")
    assert broken.code == 2
    assert broken.err.count("error: b/Dockerfile:2:1: left out: unknown instruction: COPPY") == 1
    new = repo.mbuild("affected", "--base", "0" * 40, "--missing-base", "all", "--list", "--format", "json")
    assert (new.code, new.affected()) == (0, {"a"})


@pytest.mark.parametrize("mark", ["{{ if x }}", "  {% if x %}", "<%= x %>"])
def test_a_template_that_a_change_brings_is_no_mistake(mark: str, repo: Repo) -> None:
    plain = "FROM scratch\nCOPY x /\n"
    repo.commit({"a/Dockerfile": plain, "a/x": ""})
    repo.commit({"t/Dockerfile.linux": f"FROM scratch\n{mark}\nCOPY x /\n", "a/x": "1"})
    question = ("affected", "--base", "HEAD~1", "--list", "--format", "json")
    brought = repo.mbuild(*question)
    assert (brought.code, brought.affected()) == (0, {"a"})
    assert "warning: 1 note on what was left out" in brought.err
    repo.commit({"a/Dockerfile": f"FROM scratch\n{mark}\n", "b/Dockerfile": plain, "b/x": ""})
    lost = repo.mbuild(*question)
    assert lost.code == 2
    assert "error: a/Dockerfile:2:" in lost.err
    repo.write({"x/keep": ""})
    repo.git("mv", "b", "x/a")  # the name of the image that is lost, for another
    repo.git("commit", "-q", "-m", "renamed")
    renamed = repo.mbuild("affected", "--base", "HEAD~2", "--list")
    assert renamed.code == 2
    assert "error: a/Dockerfile:2:" in renamed.err
    repo.git("mv", "x/a", "b")
    repo.commit({"a/Dockerfile": plain, "b/Dockerfile": "FROM scratch\nRUN echo \\\n{{x}}\nCOPPY x /\n"})
    assert "error: b/Dockerfile:4:1: left out: unknown instruction: COPPY" in repo.mbuild(*question).err


def test_an_image_that_loses_the_arguments_of_its_from_is_an_error(repo: Repo) -> None:
    """Without a build.yaml it would be no image any more, and nobody would build what the change has broken."""
    whole, lacking = ({"b/Dockerfile": f"ARG V{value}\nFROM base:$V\nCOPY x /\n"} for value in ("=1", ""))
    repo.commit({"a/Dockerfile": "FROM scratch\nCOPY x /\n", "a/x": "", "b/x": ""} | whole, "whole")
    repo.commit(lacking | {"a/x": "1"}, "lacking")
    lost = repo.mbuild("affected", "--base", "HEAD~1", "--head", "HEAD", "--list")
    assert lost.code == 2
    assert "error: b/Dockerfile:2:1: left out: 'base:' is no image reference\nhint: V has no value" in lost.err
    repo.commit({"a/x": "2", "b/x": "2"}, "still lacking")
    still = repo.mbuild("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    assert (still.code, still.affected()) == (0, {"a"})
    assert "warning: 1 note on what was left out" in still.err
    repo.commit(whole, "whole again")
    again = repo.mbuild("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    assert (again.code, again.affected()) == (0, {"b"})
    repo.git("rm", "-rq", "b")
    repo.commit({}, "gone")
    gone = repo.mbuild("affected", "--base", "HEAD~1", "--head", "HEAD", "--list", "--format", "json")
    assert (gone.code, gone.json["removed"]) == (0, ["b"])
