"""The JSON Schema: current, and of one mind with the loader."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import mbuild.config
from mbuild.config.load import load
from mbuild.config.schema import schema, text
from mbuild.errors import ConfigError

FILE = Path(mbuild.config.__file__).with_name("schema.json")
VALIDATOR = jsonschema.Draft202012Validator(schema())

VALID = [
    "{}",
    "version: 1",
    "version: '1'",
    "images:",
    "images: {api: }",
    "images: {api: {}, a.b/c-d: {dockerfile: x/D, context: ., target: run, args: {A: 1.10, B: true, C: ''}}}",
    "images: {api: {contexts: {alpine: ./x}, aliases: ['a/b:1'], include: [x], exclude: ['!y'], tags: [1.0, x]}}",
    "images: {api: {secrets: [{id: a, env: A}, {id: b, file: /x}, {id: c, src: y}], platforms: [linux/arm/v7, arm64]}}",
    "images: {api: {depends_on: [web], builder: oci, dockerfile: ~}, web: }",
    "images: {api: {test: [/app, -x, 1, true]}, web: {test: {command: [a], timeout: 1m}}, db: {test: }}",
    "images: {api: {test: {files: {/a: , /b: {type: file, mode: '0755', owner: '0:0'}, /c: {type: absent}}}}}",
    "{project: shop, registry: 'r.io:5000/x', discover: ['!x']}",
    "defaults: {builder: auto, platforms: [], args: {A: x}, labels: {a: 1}, cache_from: [x], cache_to: [type=gha]}",
    "images: {api: {ssh: [default, 'x=~/.ssh/y,z'], labels: {a b: true}, cache_from: ['type=registry,ref=x']}}",
]
INVALID = [
    "[]",
    "version: 2",
    "imagse: {}",
    "images: []",
    "images: {API: }",
    "images: {api: {dockerfle: x}}",
    "images: {api: {dockerfile: ''}}",
    "images: {api: {dockerfile: [x]}}",
    "images: {api: {tags: v1}}",
    "images: {api: {args: [A]}}",
    "images: {api: {args: {A: }}}",
    "images: {api: {args: {A=B: x}}}",
    "images: {api: {depends_on: [API]}}",
    "images: {api: {secrets: [{env: A}]}}",
    "images: {api: {secrets: [{id: a}]}}",
    "images: {api: {secrets: [{id: a, env: A, file: b}]}}",
    "images: {api: {secrets: [{id: 'a,b', env: A}]}}",
    "images: {api: {platforms: [a/b/c/d]}}",
    "images: {api: {ssh: default}}",
    "images: {api: {ssh: [a b]}}",
    "images: {api: {labels: [a]}}",
    "images: {api: {labels: {dev.mbuild.image: x}}}",
    'images: {api: {labels: {"a\\tb": x}}}',
    'images: {api: {labels: {"a\\u2028b": x}}}',
    "images: {api: {cache_from: ['']}}",
    "images: {api: {builder: kaniko}}",
    "images: {api: {test: make}}",
    "images: {api: {test: []}}",
    "images: {api: {test: [[a]]}}",
    "images: {api: {test: {comand: [a]}}}",
    "images: {api: {test: {command: [a], files: [/a]}}}",
    "images: {api: {test: {files: {a: }}}}",
    "images: {api: {test: {files: {/a: {type: dir}}}}}",
    "defaults: {target: x}",
    "project: A",
    "registry: ''",
]


def test_the_file_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), f"python -m mbuild.config.schema > {FILE.name}"


def test_the_module_prints_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delitem(sys.modules, "mbuild.config.schema")
    runpy.run_module("mbuild.config.schema", run_name="__main__")
    assert capsys.readouterr().out == text()


def test_it_is_a_schema_without_identity_that_describes_every_key() -> None:
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)
    assert not {"$schema", "$id"} & set(made)
    parts = [made, *made["$defs"].values()]
    assert len(parts) == 6
    for part in parts:
        assert part["description"]
        assert part["additionalProperties"] is False
        assert all(each["description"] for each in part["properties"].values())
        assert not any("title" in each or "default" in each for each in part["properties"].values())


def accepts(raw: str) -> bool:
    try:
        load(raw.encode(), shown="b.yaml", folder="", tree_paths=lambda _: [])
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("raw", VALID)
def test_schema_and_loader_accept(raw: str) -> None:
    data: Any = yaml.safe_load(raw)
    VALIDATOR.validate(data)
    VALIDATOR.validate(json.loads(json.dumps(data)))
    assert accepts(raw)


@pytest.mark.parametrize("raw", INVALID)
def test_schema_and_loader_refuse(raw: str) -> None:
    assert not VALIDATOR.is_valid(yaml.safe_load(raw))
    assert not accepts(raw)
