"""Engines that die or lose what they have: neither is the fault of a Dockerfile, and what comes next works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from mbuild.builders.engine import connect
from tests.engines import OwnEngine
from tests.oracle.minimal.base import import_base
from tests.support import Answer, Repo


def states(answer: Answer) -> dict[str, str]:
    return {each["name"]: each["status"] for each in answer.json["images"]}


def test_an_engine_that_dies_is_no_failing_build_and_the_next_run_ends_it(
    repo: Repo, mortal_engine: OwnEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", mortal_engine.host)
    found, project = connect(), f"mortal{uuid.uuid4().hex[:8]}"
    import_base(found.client, f"{project}/busybox:1")
    found.close()
    files = {
        "build.yaml": f"version: 1\nproject: {project}\nimages: {{first: , slow: }}\n",
        "first/Dockerfile": f"FROM {project}/busybox:1\nRUN echo 1 > /1\n",
        "slow/Dockerfile": f"FROM {project}/first\nCOPY seconds /\nRUN sleep $(cat /seconds)\n",
        "slow/seconds": "60",
    }
    repo.commit(files)
    for builder in ("auto", "buildx", "docker"):
        repo.write({"slow/seconds": "60", "first/Dockerfile": files["first/Dockerfile"] + f"ENV BY={builder}\n"})
        command = [sys.executable, "-m", "mbuild", "--progress", "json", "all", "--builder", builder, "--retries", "0"]
        running = subprocess.Popen(command, cwd=repo.folder, stderr=subprocess.PIPE, env=os.environ)
        assert running.stderr is not None
        lines: list[str] = []
        for raw in running.stderr:
            lines.append(raw.decode())
            if "sleep $(cat /seconds)" in lines[-1]:
                break
        time.sleep(1)
        mortal_engine.kill()
        rest = running.communicate(timeout=60)[1].decode()
        assert running.returncode == 4, (builder, lines, rest)
        assert "error: " in rest
        assert "Traceback" not in rest
        mortal_engine.start()
        repo.write({"slow/seconds": "0"})
        again = repo.mbuild("all", "--builder", builder, "--format", "json")
        assert again.code == 0, again.err
        assert states(again) == {"first": "reused", "slow": "built"}


def test_an_engine_that_has_lost_a_layer_is_told_from_a_broken_dockerfile(
    repo: Repo, mortal_engine: OwnEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", mortal_engine.host)
    repo.commit(
        {
            "build.yaml": "version: 1\nproject: lost\nimages: {base: , app: }\n",
            "base/Dockerfile": "FROM scratch\nCOPY a /\n",
            "base/a": "1",
            "app/Dockerfile": "FROM lost/base\nCOPY b /\n",
            "app/b": "1",
        }
    )
    for builder in ("auto", "buildx"):
        command = ("all", "--builder", builder, "--format", "json")
        assert repo.mbuild(*command).code == 0
        (image,) = json.loads(mortal_engine.docker("image", "inspect", "lost/base").stdout)
        shutil.rmtree(Path(image["GraphDriver"]["Data"]["UpperDir"]).parent)
        repo.write({"app/b": builder})
        failed = repo.mbuild(*command)
        assert failed.code == 1
        assert "app/Dockerfile:2: image 'app': failed to prepare sha256:" in failed.err
        assert "hint: the engine has lost files of the image that this one is made from" in failed.err
        assert "hint: docker system prune --all makes it forget them" in failed.err
        mortal_engine.docker("system", "prune", "--all", "--force")
        assert states(repo.mbuild(*command)) == {"base": "built", "app": "built"}
