"""Static facts about the sample and the schemas: what has to hold before anything is built."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mbuild.config.load import load
from mbuild.dockerfile.parser import parse
from mbuild.images import ImageDef, Project

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample_monorepo"
SCHEMAS = ROOT / "docs" / "schema"
FEATURES = ("target", "args", "contexts", "aliases", "include", "exclude", "depends_on", "tags", "platforms")
INSTRUCTIONS = """ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL ONBUILD SHELL STOPSIGNAL USER VOLUME
WORKDIR"""


def paths() -> list[str]:
    return [
        (Path(folder) / name).relative_to(ROOT).as_posix() for folder, _, names in os.walk(SAMPLE) for name in names
    ]


def project() -> Project:
    return load((ROOT / "build.yaml").read_bytes(), shown="build.yaml", folder="", tree_paths=lambda _: paths())


def instructions(image: ImageDef) -> list[Any]:
    return list(parse((ROOT / image.dockerfile).read_bytes(), image.dockerfile).instructions)


def test_there_are_many_images_and_all_lie_in_the_sample() -> None:
    images = project().images
    assert len(images) >= 10
    assert all(each.dockerfile.startswith("sample_monorepo/") for each in images)
    assert all((ROOT / each.dockerfile).is_file() for each in images)
    assert all((ROOT / each.context_root).is_dir() for each in images)


def test_every_dockerfile_is_an_image() -> None:
    named = {path for path in paths() if path.rpartition("/")[2] == "Dockerfile"}
    assert named == {each.dockerfile for each in project().images}


def test_nothing_needs_an_engine_or_a_network() -> None:
    for image in project().images:
        found = instructions(image)
        stages = {each.args[2].lower() for each in found if each.keyword == "FROM" and len(each.args) == 3}
        for each in found:
            assert each.keyword != "RUN", each.where
            if each.keyword == "FROM":
                assert each.args[0] == "scratch" or each.args[0].lower() in stages or each.args[0].startswith("shop/")
            if each.keyword == "ADD":
                assert not any("://" in word for word in each.args), each.where


def test_the_sample_uses_every_instruction_but_run() -> None:
    used = {each.keyword for image in project().images for each in instructions(image)}
    assert used == set(INSTRUCTIONS.split())
    assert any(each.heredocs for image in project().images for each in instructions(image))


@pytest.mark.parametrize("feature", FEATURES)
def test_build_yaml_shows_every_key(feature: str) -> None:
    assert any(getattr(each, feature) for each in project().images)


def test_the_archive_is_what_its_script_writes(tmp_path: Path) -> None:
    script = tmp_path / "make-rootfs"
    script.write_bytes((SAMPLE / "images/base/make-rootfs").read_bytes())
    subprocess.run([sys.executable, str(script)], check=True, capture_output=True)
    assert (tmp_path / "rootfs.tar").read_bytes() == (SAMPLE / "images/base/rootfs.tar").read_bytes()


def test_make_bulk_writes_the_size_asked_for_and_takes_it_away(tmp_path: Path) -> None:
    script = tmp_path / "make-bulk"
    script.write_bytes((SAMPLE / "make-bulk").read_bytes())
    subprocess.run([sys.executable, str(script), "2500K"], check=True, capture_output=True)
    files = [path for path in (tmp_path / "bulk").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) == 2500 * 1024
    assert len({path.read_bytes() for path in files}) == len(files) == 3
    subprocess.run([sys.executable, str(script), "0"], check=True, capture_output=True)
    assert not (tmp_path / "bulk").exists()
    refused = subprocess.run([sys.executable, str(script), "lots"], capture_output=True, text=True)
    assert refused.returncode == 1
    assert "'lots' is no size" in refused.stderr


def test_the_modes_that_matter_are_there() -> None:
    assert os.access(SAMPLE / "jobs/backup/backup", os.X_OK)
    assert (SAMPLE / "services/worker/bin/loop").readlink() == Path("../worker.py")
    assert (SAMPLE / "services/web/public/help.html").is_symlink()


@pytest.mark.parametrize("name", ["plan", "context", "graph", "explain", "check"])
def test_the_schemas_are_json_schemas(name: str) -> None:
    Draft202012Validator.check_schema(json.loads((SCHEMAS / f"{name}.schema.json").read_text()))


def plan() -> dict[str, Any]:
    """Return the shortest answer that says something, as docs/reference.md shows it."""
    image = {
        "name": "api",
        "affected": True,
        "action": "build",
        "fingerprint": "a" * 64,
        "dockerfile": "api/Dockerfile",
        "context_root": ".",
        "target": None,
        "parents": [],
        "tags": [f"shop/api:mb-{'a' * 20}"],
        "platforms": ["linux/amd64"],
        "reasons": [{"kind": "file-changed", "path": "api/main.py", "change": "modified", "where": "api/Dockerfile:2"}],
        "context": {"files": 1, "bytes": 10, "digest": f"sha256:{'b' * 64}", "exact": True},
        "estimate_seconds": None,
    }
    base = {"ref": "HEAD^", "commit": "c" * 40, "how": "--base"}
    head = {"ref": "work tree", "commit": "d" * 40, "dirty": False}
    return {
        "schema": 1,
        "command": "affected",
        "base": base,
        "head": head,
        "images": [image],
        "order": [["api"]],
        "estimate_seconds": None,
        "unowned": [],
        "removed": [],
    }


def accepts(value: dict[str, Any]) -> bool:
    return Draft202012Validator(json.loads((SCHEMAS / "plan.schema.json").read_text())).is_valid(value)


def listed() -> dict[str, Any]:
    value = plan()
    del value["order"], value["estimate_seconds"]
    for key in ("action", "fingerprint", "tags", "context", "estimate_seconds"):
        del value["images"][0][key]
    return value


def test_the_plan_schema_accepts_what_the_reference_shows() -> None:
    assert accepts(plan())
    assert accepts(listed())
    assert all(accepts(plan() | {"builder": name}) for name in ("buildkit", "buildx", "docker", "oci"))
    more: dict[str, Any] = plan() | {"new_key": 1}
    more["images"][0]["new_key"] = {}
    assert accepts(more)


def test_the_plan_schema_knows_the_example_of_the_reference() -> None:
    text = (ROOT / "docs" / "reference.md").read_text()
    shown = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])
    assert set(shown) == {*plan(), "estimate_seconds"}
    assert set(shown["images"][0]) == set(plan()["images"][0])


def test_the_plan_schema_misses_every_key() -> None:
    for value in (plan(), listed()):
        for key in value.keys() - {"removed"}:
            assert not accepts({name: each for name, each in value.items() if name != key}), key
        for part in (value["images"][0], value["base"], value["head"]):
            for key in list(part):
                kept = part.pop(key)
                assert not accepts(value), key
                part[key] = kept
        assert accepts(value)


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (("schema",), 2),
        (("command",), "list"),
        (("base",), None),
        (("base", "commit"), "HEAD"),
        (("head", "dirty"), "no"),
        (("images", 0, "name"), "API"),
        (("images", 0, "affected"), 1),
        (("images", 0, "action"), "none"),
        (("images", 0, "fingerprint"), None),
        (("images", 0, "tags"), []),
        (("images", 0, "reasons"), []),
        (("images", 0, "reasons", 0, "kind"), "because"),
        (("images", 0, "reasons", 0, "change"), "renamed"),
        (("images", 0, "reasons", 0), {"kind": "file-changed"}),
        (("images", 0, "reasons", 0), {"kind": "parent-affected"}),
        (("images", 0, "context", "bytes"), -1),
        (("images", 0, "context", "exact"), None),
        (("images", 0, "estimate_seconds"), "soon"),
        (("images", 0, "status"), "built"),
        (("order",), ["api"]),
        (("unowned",), [1]),
    ],
)
def test_the_plan_schema_refuses(place: tuple[str | int, ...], wrong: object) -> None:
    value: Any = plan()
    part = value
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = wrong
    assert not accepts(value)


def test_the_plan_schema_knows_finished_builds() -> None:
    done = {"status": "built", "image_id": f"sha256:{'e' * 64}", "digest": None, "seconds": 0.5, "error": None}
    value = plan()
    value["images"][0] |= done
    assert accepts(value)
    for key in done:
        part = {name: each for name, each in value["images"][0].items() if name != key}
        assert not accepts(value | {"images": [part]}), key
    value["images"][0]["status"] = "failed"
    assert not accepts(value)
    value["images"][0]["error"] = "no space left"
    assert accepts(value)
