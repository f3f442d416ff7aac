"""What CI providers are given, read back as they read it."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mbuild.output.formats.registry import FORMATS, render
from mbuild.output.formats.yamltext import as_yaml
from mbuild.output.report import Report
from mbuild.schedule.shards import split
from tests.output.formats.answers import EMPTY, HOSTILE, MANY, ODD, ODD_NAMES, PROVIDERS, SHOP, planned, spoiled

AGAIN = ("mbuild", "-C", "a folder", "build", "--tag=v1")


@dataclass(frozen=True, slots=True)
class Read:
    """A job as a provider understands it: the images it builds, the jobs it waits for, the command it runs."""

    images: str
    needs: tuple[str, ...]
    command: str


def github(text: str) -> dict[str, Read]:
    assert text.count("\n") == 1
    value = json.loads(text)
    assert value["has_images"] is bool(value["matrix"]["include"])
    assert len(value["matrix"]["include"]) <= 256
    return {each["name"]: Read(each["images"], (), each["command"]) for each in value["matrix"]["include"]}


def azure(text: str) -> dict[str, Read]:
    command = r"##vso\[task\.setvariable variable=(\w+);isOutput=true\](.*)"
    lines = [re.fullmatch(command, each) for each in text.splitlines()]
    found = {each[1]: each[2] for each in lines if each}
    assert len(lines) == len(found) == 2
    matrix = json.loads(found["matrix"].replace("%AZP25", "%"))
    assert json.loads(found["has_images"]) is bool(matrix)
    assert len(matrix) <= 256
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,99}", leg) for leg in matrix)
    return {each["name"]: Read(each["images"], (), each["command"]) for each in matrix.values()}


def gitlab(text: str) -> dict[str, Read]:
    value = yaml.safe_load(text)
    assert value.pop("workflow") == {"rules": [{"when": "always"}]}
    stages = value.pop("stages", ["test"])
    script = value.pop(".mbuild", {}).get("script", [])
    if not script:
        assert list(value) == ["nothing to build"]
        return {}
    assert len(value) <= 500
    found: dict[str, Read] = {}
    for name, job in value.items():
        assert set(job) <= {"extends", "stage", "needs", "variables"}
        assert job["extends"] == ".mbuild"
        before = stages[: stages.index(job["stage"])]
        # A job may wait for jobs of earlier stages only, by name, and for at most 50.
        assert all(value[each]["stage"] in before for each in job.get("needs", ()))
        assert len(job.get("needs", ())) <= 50
        images = job["variables"]["MBUILD_IMAGES"]
        (line,) = script
        command = line.replace("$MBUILD_IMAGES", images)
        found[name] = Read(images, tuple(job.get("needs", ())), command)
    return found


def buildkite(text: str) -> dict[str, Read]:
    steps = yaml.safe_load(text)["steps"]
    assert 1 <= len(steps) <= 500
    if "key" not in steps[0]:
        assert len(steps) == 1
        return {}
    keys = [step["key"] for step in steps]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[A-Za-z0-9_\-:.,]{1,100}", key) for key in keys)
    assert all(set(step.get("depends_on", ())) <= set(keys) for step in steps)
    return {
        step["key"]: Read(
            _images(step["command"]), tuple(step.get("depends_on", ())), step["command"].replace("$$", "$")
        )
        for step in steps
    }


def circleci(text: str) -> dict[str, Read]:
    value = yaml.safe_load(text)
    assert value["version"] == 2.1
    used = value["workflows"]["mbuild"]["jobs"]
    if used == ["nothing-to-build"]:
        assert list(value["jobs"]) == used
        return {}
    (definition,) = value["jobs"].values()
    line = definition["steps"][-1]["run"]["command"]
    found = {}
    for each in used:
        ((_, job),) = each.items()
        command = line.replace("<< parameters.images >>", job["images"]).replace("\\<<", "<<")
        found[job["name"]] = Read(job["images"], tuple(job.get("requires", ())), command)
    assert all(set(each.needs) <= set(found) for each in found.values())
    return found


READERS = {"github": github, "gitlab": gitlab, "buildkite": buildkite, "circleci": circleci, "azure": azure}


def _images(command: str) -> str:
    words = shlex.split(command)
    return " ".join(words[words.index("build") + 1 :])


def read(name: str, report: Report) -> dict[str, Read]:
    return READERS[name](render(name, report))


@pytest.mark.parametrize("name", PROVIDERS)
def test_one_job_for_each_image(name: str) -> None:
    found = read(name, SHOP)
    assert [each.images for each in found.values()] == ["base", "tools/lint", "api", "web"]
    if name not in ("github", "azure"):
        needs = {each.images: [found[job].images for job in each.needs] for each in found.values()}
        assert needs == {"base": [], "api": ["base"], "tools/lint": [], "web": ["api", "base"]}


@pytest.mark.parametrize("name", PROVIDERS)
def test_jobs_repeat_the_options_of_the_plan(name: str) -> None:
    found = read(name, replace(SHOP, again=AGAIN))
    commands = sorted(shlex.split(each.command) for each in found.values())
    assert commands == sorted([*AGAIN, image] for image in ("base", "tools/lint", "api", "web"))


@pytest.mark.parametrize("name", PROVIDERS)
def test_nothing_to_do_is_valid_too(name: str) -> None:
    assert read(name, EMPTY) == {}


@pytest.mark.parametrize("name", PROVIDERS)
def test_images_that_need_nothing_done_are_left_out_and_those_of_a_listing_are_in(name: str) -> None:
    images = tuple(replace(each, action="none") if each.name != "web" else each for each in SHOP.images)
    assert [each.images for each in read(name, replace(SHOP, images=images)).values()] == ["web"]
    listed = tuple(replace(each, action=None, affected=each.name == "api") for each in SHOP.images)
    assert [each.images for each in read(name, replace(SHOP, images=listed, listing=True)).values()] == ["api"]


@pytest.mark.parametrize("name", PROVIDERS)
def test_names_mean_nothing_but_themselves(name: str) -> None:
    found = read(name, ODD)
    assert len(found) == len(ODD_NAMES)
    assert sorted(each.images for each in found.values()) == sorted(ODD_NAMES)


@pytest.mark.unmeasured
@pytest.mark.parametrize("name", PROVIDERS)
def test_more_images_than_a_provider_takes_jobs_share_jobs(name: str) -> None:
    found = read(name, MANY)
    images = {image for each in found.values() for image in each.images.split()}
    assert images == {each.name for each in MANY.images}
    assert all(each.needs == () for each in found.values())
    assert all("i0000" in each.images.split() for each in found.values())


@pytest.mark.parametrize("name", PROVIDERS)
def test_shards_are_jobs(name: str) -> None:
    parts = split({"base": (), "api": ("base",), "web": ("base",)}, {}, 3)
    found = read(name, replace(SHOP, parts=parts))
    assert [each.images for each in found.values()] == ["base api", "base web"]


def test_a_job_that_waits_for_more_than_gitlab_takes_waits_for_its_stage() -> None:
    bases = {f"b{number:02d}": () for number in range(60)}
    found = gitlab(render("gitlab", planned(bases | {"all": tuple(bases)})))
    value = yaml.safe_load(render("gitlab", planned(bases | {"all": tuple(bases)})))
    assert found["build all"].needs == ()
    assert "needs" not in value["build all"]
    assert value["build all"]["stage"] == "wave 2"


def test_a_long_name_has_a_key_of_its_own() -> None:
    long = "x" * 120
    found = buildkite(render("buildkite", planned({f"{long}a": (), f"{long}b": (f"{long}a",)})))
    first, second = found
    assert found[second].needs == (first,)


def test_dollars_reach_the_shell_that_runs_the_command() -> None:
    text = render("buildkite", replace(SHOP, again=("mbuild", "-C", "$HOME", "build")))
    assert yaml.safe_load(text)["steps"][0]["command"] == "mbuild -C '$$HOME' build base"
    text = render("circleci", replace(SHOP, again=("mbuild", "-C", "<<x", "build")))
    assert "mbuild -C '\\<<x' build << parameters.images >>" in text.replace("\\\\", "\\")


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"bake"}))
@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_a_pull_request_chooses_is_in_no_format(name: str, text: str) -> None:
    assert render(name, spoiled(SHOP, text)) == render(name, SHOP)


KEYS = st.text(max_size=20)  # YAML takes keys on one line of up to 1024 characters
LEAVES = st.text() | st.booleans() | st.integers()
WRITABLE = st.dictionaries(
    KEYS, st.recursive(LEAVES, lambda some: st.lists(some) | st.dictionaries(KEYS, some), max_leaves=10)
)


@given(WRITABLE)
def test_yaml_says_what_was_put_into_it(value: dict[str, Any]) -> None:
    assert yaml.safe_load(as_yaml(value)) == value
