"""Whatever the sources look like, what is written loads, and nothing is raised: files with random damage."""

from __future__ import annotations

import json
import os
import random

import pytest

from tests.discovery.finding import find
from tests.discovery.test_bake import JSON
from tests.discovery.test_compose_agrees import CASES
from tests.discovery.test_write import check

SKAFFOLD = """\
apiVersion: skaffold/v4beta1
requires: [{path: sub}]
build:
  artifacts:
  - image: acme/a
    context: a
    docker: {dockerfile: Dockerfile, target: t, buildArgs: {A: "1"}, secrets: [{id: s, env: S}]}
    requires: [{image: b, alias: B}]
  - {image: b, context: b}
profiles: [{name: p}]
"""
SOUND = [*CASES.values(), {"docker-bake.json": json.dumps(JSON)}, {"skaffold.yaml": SKAFFOLD}]
DAMAGE = [
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "\n",
    "*a",
    "&a ",
    "<<: ",
    "$",
    "${",
    "null",
    "!reset ",
    "\udcff",
    "\t",
    "'",
    '"',
]
DAMAGE += ["../", "~", "\u2028", "\0", "\\u0000", "\\ud800", ".", "=", "#", "a", "b", "http://"]
EXAMPLES = int(os.environ.get("MBUILD_ORACLE_EXAMPLES", "400"))


def damaged(text: str, dice: random.Random) -> str:
    for _ in range(dice.randint(0, 3)):
        start = dice.randint(0, len(text))
        text = text[:start] + dice.choice(DAMAGE) + text[start + dice.choice([0, 0, 1, 3, 8]) :]
    return text


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_never_break_it(seed: int) -> None:
    dice = random.Random(seed)
    dockerfiles = {f"{folder}Dockerfile": "FROM scratch\n" for folder in ("", "a/", "b/", "web/", "base/", "sub/")}
    for _ in range(EXAMPLES // 4):
        files = {name: damaged(text, dice) for name, text in dice.choice(SOUND).items()} | dockerfiles
        found = find(files, None)
        check(found, files)
        assert all("\n" not in str(each) for each in found.problems), files
