"""Formats and shards at the command line, on a real repository."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mbuild.output.formats.registry import FORMATS
from tests.cli.shop import CONFIG, FILES
from tests.cli.test_answers import valid
from tests.output.formats.answers import PROVIDERS
from tests.output.formats.test_providers import READERS
from tests.support import Repo, mbuild

EVERYTHING = ("--base", "0" * 40, "--missing-base", "all")


@pytest.fixture
def shop(repo: Repo) -> Repo:
    repo.commit(FILES, "first")
    return repo


def outputs(path: Path) -> dict[str, str]:
    """Read a file of step outputs as GitHub's runner does."""
    found, lines = {}, iter(path.read_text().split("\n"))
    for line in lines:
        name, mark, end = line.partition("<<")
        if not mark:
            assert line == ""
            continue
        value = []
        for each in lines:
            if each == end:
                break
            value.append(each)
        found[name] = "\n".join(value)
    return found


def test_a_matrix_is_printed_and_set_as_outputs_of_the_step(
    shop: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "outputs"
    place.write_text("")
    monkeypatch.setenv("GITHUB_OUTPUT", str(place))
    shop.write({"base/etc/os": "2\n"})
    answer = shop.mbuild("affected", "--base", "HEAD", "--list", "--format", "github")
    assert (answer.code, answer.err) == (0, "")
    assert [each["images"] for each in answer.json["matrix"]["include"]] == ["base", "api"]
    said = outputs(place)
    assert said["has_images"] == "true"
    assert said["count"] == "2"
    assert json.loads(said["matrix"]) == answer.json["matrix"]

    nothing = shop.mbuild("affected", "--base", "HEAD", "--head", "HEAD", "--list", "--format", "github")
    assert nothing.json == {"has_images": False, "count": 0, "matrix": {"include": []}}
    assert outputs(place)["has_images"] == "false"


def test_outputs_that_cannot_be_written_are_said(shop: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path))
    answer = shop.mbuild("all", "--dry-run", "--format", "github", "--builder", "oci")
    assert answer.code == 4
    assert "GITHUB_OUTPUT" in answer.err


def test_jobs_are_run_with_the_options_that_count_everywhere(shop: Repo) -> None:
    head = shop.git("rev-parse", "HEAD")
    flags = ("--builder", "oci", "--tag", "v1", "--platform", "linux/amd64", "--jobs", "3", "--force")
    handed = ("--push", "--promote-from", "r.example.com/dev", "--no-annotations")
    taken = f"--head {head} --builder=oci --force"
    common = "--tag=v1 --platform=linux/amd64 $MBUILD_IMAGES"
    listing = ("affected", *EVERYTHING, "--list")
    also = "--push --no-annotations --promote-from=r.example.com/dev "
    for how, given, said in ((("all", "--dry-run"), flags, ""), (listing, (*flags, *handed), also)):
        answer = shop.mbuild(*how, "--head", "HEAD", "--format", "gitlab", *given)
        (line,) = yaml.safe_load(answer.out)[".mbuild"]["script"]
        assert line == f"mbuild build {taken} {said}{common}"


@pytest.mark.parametrize("flag", ["--junit", "--metadata", "--report"])
def test_a_list_makes_no_record(shop: Repo, tmp_path: Path, flag: str) -> None:
    answer = shop.mbuild("affected", "--base", "HEAD", "--list", flag, str(tmp_path / "file"))
    assert (answer.code, answer.out, (tmp_path / "file").exists()) == (2, "", False)
    assert "--list" in answer.err


def test_a_list_hands_on_no_tag_that_is_none(shop: Repo) -> None:
    answer = shop.mbuild("affected", "--base", "HEAD", "--list", "--format", "github", "--tag", "no tag")
    assert (answer.code, answer.out) == (2, "")


def test_jobs_of_a_pipeline_begin_at_the_top(shop: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.commit({"team a/build.yaml": "images: {web: {}}\n", "team a/web/Dockerfile": "FROM scratch\nCOPY . /\n"})
    monkeypatch.chdir(shop.folder / "team a")
    for name in ("gitlab", "buildkite", "circleci"):
        (job,) = READERS[name](mbuild("affected", *EVERYTHING, "--list", "--format", name).out).values()
        assert job.command.startswith("mbuild -C 'team a' build "), name
    (job,) = READERS["github"](mbuild("affected", *EVERYTHING, "--list", "--format", "github").out).values()
    assert job.command.startswith("mbuild build ")  # a step of somebody's workflow, in the folder that is said there


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"bake"}))
@pytest.mark.parametrize(
    "how",
    [
        ("affected", "--base", "HEAD", "--list"),
        ("affected", "--base", "HEAD", "--dry-run"),
        ("all", "--dry-run"),
        ("build", "web", "--dry-run"),
    ],
)
def test_every_format_answers_every_question(shop: Repo, name: str, how: tuple[str, ...]) -> None:
    shop.write({"web/index.html": "new"})
    answer = shop.mbuild(*how, "--format", name, "--builder", "oci")
    assert (answer.code, answer.err) == (0, "")
    assert re.search(r"\bweb\b", answer.out)


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_jobs_of_a_plan_build_all_of_it(shop: Repo, name: str, tmp_path: Path) -> None:
    """Run each job as its provider would: in a shell, in the order of what it waits for."""
    script = tmp_path / "mbuild"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m mbuild "$@"\n')
    script.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    plan = shop.mbuild("all", "--dry-run", "--format", name, "--builder", "oci", "--tag", "it's")
    assert plan.code == 2
    plan = shop.mbuild("all", "--dry-run", "--format", name, "--builder", "oci", "--tag", "v1")
    waiting = READERS[name](plan.out)
    done: set[str] = set()
    while waiting:
        job = next(job for job, read in waiting.items() if set(read.needs) <= done)
        command = waiting.pop(job).command
        ran = subprocess.run(["sh", "-c", command], cwd=shop.folder, env=environment, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        done.add(job)
    after = shop.mbuild("all", "--dry-run", "--format", "json", "--builder", "oci").json
    assert {image["action"] for image in after["images"]} == {"reuse"}


def test_formats_that_describe_a_plan_need_one(shop: Repo) -> None:
    answer = shop.mbuild("all", "--format", "gitlab", "--builder", "oci")
    assert (answer.code, answer.out) == (2, "")
    assert "add --dry-run" in answer.err
    answer = shop.mbuild("affected", "--base", "HEAD", "--list", "--format", "bake")
    assert (answer.code, answer.out) == (2, "")
    assert "use --dry-run" in answer.err


def test_a_context_that_only_mbuild_can_make_is_in_no_bake_file(shop: Repo) -> None:
    narrow = CONFIG.replace("web: {", "web: {exclude: ['*.css'], ")
    shop.commit({"build.yaml": narrow})
    assert shop.mbuild("all", "--dry-run", "--format", "bake", "--builder", "oci").code == 0
    shop.write({"web/a.css": ""})
    answer = shop.mbuild("all", "--dry-run", "--format", "bake", "--builder", "oci")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: build.yaml:6:9: image 'web': its context is narrower")
    assert shop.mbuild("build", "api", "--dry-run", "--format", "bake", "--builder", "oci").code == 0


def test_a_folder_that_looks_like_an_address_is_in_no_bake_file(shop: Repo) -> None:
    shop.write({"github.com/x/Dockerfile": "FROM scratch\nCOPY a /\n", "github.com/x/a": ""})
    shop.write({"build.yaml": CONFIG + "  odd: {context: github.com/x}\n"})
    answer = shop.mbuild("all", "--dry-run", "--format", "bake", "--builder", "oci")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: build.yaml:7:3: image 'odd': other tools take github.com/x for an address")


def test_a_bake_file_holds_no_command_of_a_runner(shop: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = "##vso[task.setvariable variable=PATH]evil"
    shop.write({f"{folder}/Dockerfile": "FROM scratch\nARG A\nCOPY a /\n", f"{folder}/a": ""})
    shop.write({"build.yaml": CONFIG + f"  odd: {{context: '{folder}', args: {{A: '##[add-mask]x'}}}}\n"})
    monkeypatch.setenv("TF_BUILD", "True")
    answer = shop.mbuild("build", "odd", "--dry-run", "--format", "bake", "--builder", "oci")
    assert answer.code == 0
    assert "##" not in answer.out
    odd = answer.json["target"]["odd"]
    assert (odd["context"], odd["args"]["A"]) == (f"./{folder}", "##[add-mask]x")


@pytest.mark.parametrize(
    ("key", "written", "said"),
    [
        ("secrets", "{id: t, file: ~/tok}", ("secret", "id=t,src={home}/tok")),
        ("ssh", "k=~/key", ("ssh", "k={home}/key")),
        ("cache_from", "'type=local,src=~/c/{name}'", ("cache-from", "type=local,src={home}/c/web")),
        ("cache_to", "'type=local,dest=~/c/{name}'", ("cache-to", "type=local,dest={home}/c/web")),
    ],
)
def test_a_bake_file_names_the_paths_that_mbuild_would_take(
    shop: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, written: str, said: tuple[str, str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    shop.write({"build.yaml": CONFIG.replace("web: {", f"web: {{{key}: [{written}], ")})
    answer = shop.mbuild("build", "web", "--dry-run", "--format", "bake", "--builder", "oci")
    assert (answer.code, answer.err) == (0, "")
    where, text = said
    assert answer.json["target"]["web"][where] == [text.format(home=tmp_path)]


def test_files_that_git_ignores_and_bake_would_read_are_said(shop: Repo) -> None:
    shop.commit({".gitignore": "*.log\nnode_modules/\n"})
    shop.write({"web/node_modules/x.js": "", "web/a.log": "", "api/b.log": "", "libs/c.log": ""})
    answer = shop.mbuild("all", "--dry-run", "--format", "bake", "--builder", "oci")
    assert answer.code == 0
    assert (
        answer.err.splitlines()[0]
        == "warning: image 'web': git ignores web/a.log and 1 more, which only mbuild leaves out"
    )
    assert answer.err.count("warning:") == 1
    shop.write({"web/.dockerignore": "*.log\nnode_modules\n"})
    assert shop.mbuild("all", "--dry-run", "--format", "bake", "--builder", "oci").err == ""


@pytest.mark.parametrize("most", [0, 500])
@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("p/*/package.json", "p/new/package.json"),
        ("p/*/*/x", "p/new/deep/x"),
        ("**/x", "p/new/deep/x"),
        ("p/o*/package.json", ""),
        ("p/*/other", ""),
        ("p/one/package.json", ""),
    ],
)
def test_what_a_wildcard_takes_in_ignored_folders_is_said(
    shop: Repo, source: str, found: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbuild.git.ignored.MOST_NAMED", most)
    shop.write({".gitignore": "new/\n", "web/p/one/package.json": "1", "web/p/new/package.json": "2"})
    shop.write({"web/p/new/deep/x": "", "web/Dockerfile": f"FROM scratch\nCOPY {source} /\n"})
    answer = shop.mbuild("build", "web", "--dry-run", "--builder", "oci", "--format", "bake")
    assert answer.code == 0
    said = f"warning: image 'web': git ignores web/{found}, which only mbuild leaves out"
    assert (said in answer.err.splitlines()) == bool(found), answer.err
    assert answer.err.count("which only mbuild leaves out") == bool(found)


def test_a_bake_file_that_would_take_the_git_folder_says_so(shop: Repo) -> None:
    shop.write({"Dockerfile": "FROM scratch\nCOPY . /\n", "build.yaml": CONFIG + "  top: {context: .}\n"})
    asked = ("build", "top", "--dry-run", "--format", "bake", "--builder", "oci")
    answer = shop.mbuild(*asked)
    assert answer.code == 0
    assert answer.err.startswith("warning: image 'top': its instructions take .git, which only mbuild leaves out")
    shop.write({".dockerignore": ".git\n"})
    assert shop.mbuild(*asked).err == ""


def test_a_context_with_files_that_are_not_on_the_disk_is_in_no_bake_file(shop: Repo) -> None:
    shop.git("sparse-checkout", "set", "--no-cone", "/*", "!/web/index.html")
    answer = shop.mbuild("build", "web", "--dry-run", "--format", "bake", "--builder", "oci")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: image 'web': the sparse checkout leaves out web/index.html")
    assert shop.mbuild("build", "base", "--dry-run", "--format", "bake", "--builder", "oci").code == 0


def test_a_context_with_a_submodule_is_in_no_bake_file(shop: Repo) -> None:
    shop.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},web/sub")
    (shop.folder / "web/sub").mkdir()
    answer = shop.mbuild("build", "web", "--dry-run", "--format", "bake", "--builder", "oci")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: image 'web': web/sub is a submodule")


def test_a_bake_file_is_of_what_is_checked_out(shop: Repo) -> None:
    answer = shop.mbuild("all", "--head", "HEAD", "--dry-run", "--format", "bake", "--builder", "oci")
    assert answer.code == 0
    shop.write({"web/index.html": "new"})
    answer = shop.mbuild("all", "--head", "HEAD", "--dry-run", "--format", "bake", "--builder", "oci")
    assert (answer.code, answer.out) == (2, "")
    assert "not what is checked out" in answer.err


def test_shards_hold_everything_and_each_is_built_by_itself(shop: Repo) -> None:
    whole = shop.mbuild("all", "--dry-run", "--format", "json", "--builder", "oci", "--shards", "2").json
    valid(whole, "plan")
    assert whole["shard"] is None
    parts = [set(part["images"]) for part in whole["shards"]]
    assert parts == [{"base", "api"}, {"web"}]
    for number, images in enumerate(parts, 1):
        each = shop.mbuild(
            "all", "--dry-run", "--format", "json", "--builder", "oci", "--shards", "2", "--shard", str(number)
        ).json
        valid(each, "plan")
        assert each["shard"] == number
        assert {image["name"] for image in each["images"] if image["action"] == "build"} == images
        # What others build is affected all the same.
        assert all(image["affected"] for image in each["images"])


def test_a_shard_without_images_has_nothing_to_do(shop: Repo) -> None:
    answer = shop.mbuild("all", "--builder", "oci", "--shards", "5", "--shard", "5")
    assert answer.code == 0
    assert "nothing to do" in answer.out
    assert not (shop.folder / ".mbuild").exists()


def test_a_shard_is_built(shop: Repo) -> None:
    answer = shop.mbuild("all", "--builder", "oci", "--shards", "2", "--shard", "2", "--format", "json")
    assert answer.code == 0
    assert {image["name"] for image in answer.json["images"] if "status" in image} == {"web"}


def test_what_a_machine_has_built_does_not_change_the_shards(shop: Repo) -> None:
    plan = ("all", "--dry-run", "--format", "json", "--builder", "oci", "--shards", "2", "--shard")
    before = [shop.mbuild(*plan, number).json["shards"] for number in "12"]
    assert shop.mbuild("all", "--builder", "oci", "--shards", "2", "--shard", "1").code == 0
    assert shop.mbuild(*plan, "1").image("base")["action"] == "reuse"
    assert [shop.mbuild(*plan, number).json["shards"] for number in "12"] == before
    assert before[0] == before[1]


def test_shards_of_a_listing(shop: Repo) -> None:
    shop.write({"web/index.html": "new", "base/etc/os": "2\n"})
    listed = ("affected", "--base", "HEAD", "--list", "--shards", "2")
    assert [part["images"] for part in shop.mbuild(*listed, "--format", "json").json["shards"]] == [
        ["base", "api"],
        ["web"],
    ]
    text = shop.mbuild(*listed, "--shard", "2").out
    assert "shard 2 of 2" in text
    assert "web" in text
    assert "api" not in text
    both = shop.mbuild(*listed).out
    assert "shard 1 of 2: base, api" in both
    jobs = shop.mbuild(*listed, "--format", "github").json["matrix"]["include"]
    assert [each["images"] for each in jobs] == ["base api", "web"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--shard", "1"), "add --shards N"),
        (("--shards", "2", "--shard", "3"), "--shard 3 is none of 2"),
        (("--shards", "2"), "--shards alone builds nothing"),
        (("--shards", "0"), "--shards"),
    ],
)
def test_shards_that_make_no_sense(shop: Repo, flags: tuple[str, ...], said: str) -> None:
    answer = shop.mbuild("all", "--builder", "oci", *flags)
    assert answer.code == 2
    assert said in answer.err
