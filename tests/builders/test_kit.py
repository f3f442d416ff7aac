"""The same requests by BuildKit's own interface and by ``docker buildx build``: the same images, errors and events."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from mbuild.builders.auto import Client, client_settings
from mbuild.builders.engine import connect
from tests.conftest import EngineUnderTest
from tests.oracle.minimal.results import Result, result_of
from tests.support import Answer, Repo

WAYS = ("auto", "buildx")
CONFIG = """\
version: 1
project: {project}
images:
  base: {{context: base}}
  app:
    context: .
    dockerfile: app/Dockerfile
    target: final
    args: {{LEVEL: "7"}}
    contexts: {{conf: ./conf, dockerfile: ./conf, base: "image:base", "docker.io/library/tools:latest": ./conf}}
"""
APP = """\
FROM base AS early
COPY --from=conf *.ini /etc/
COPY --from=dockerfile b.ini /named
FROM scratch AS tools
COPY app-b /
FROM {project}/base:latest AS final
ARG LEVEL
ENV LEVEL=$LEVEL
WORKDIR /srv
COPY . .
COPY --from=tools a.ini /replaced
COPY --from=early /etc /etc
RUN --mount=type=bind,source=app,target=/m ["/busybox", "sh", "-c", "/busybox cat /m/x.sh > /copied"]
CMD ["/busybox"]
"""
FILES = {
    "base/Dockerfile": 'FROM scratch\nCOPY busybox /busybox\nCOPY a a-b a.c /\nLABEL kind="é, \\"quoted\\""\n',
    "base/a": "",
    "base/a-b": "1",
    "base/a.c": "2",
    "app/x.sh": "#!/bin/sh\n",
    "app/Dockerfile.dockerignore": "**/*.md\n",
    "app/ä/ö.txt": "text",
    "app-b": "between app and app/x.sh by bytes",
    ".dockerignore": "app/x.sh\n",
    "conf/a.ini": "a",
    "conf/b.ini": "b" * 300_000,
    "notes.md": "no",
}

pytestmark = pytest.mark.engine


@pytest.fixture
def shop(repo: Repo, engine: EngineUnderTest) -> Iterator[tuple[Repo, str]]:
    """Yield a repository with images of every kind of context, and its project."""
    if not Path("/bin/busybox").exists():
        pytest.skip("needs /bin/busybox (Debian: busybox-static)")
    project = f"kit-{uuid.uuid4().hex[:12]}"
    repo.write(FILES | {"build.yaml": CONFIG.format(project=project), "app/Dockerfile": APP.format(project=project)})
    shutil.copy("/bin/busybox", repo.folder / "base/busybox")
    (repo.folder / "app/x.sh").chmod(0o755)
    (repo.folder / "app/link").symlink_to("../conf/a.ini")
    yield repo, project
    names = engine.run("images", "--format", "{{.Repository}}:{{.Tag}}", f"{project}/*").decode().split()
    if names:
        engine.run("rmi", "--force", *names)


def built(repo: Repo, project: str, way: str) -> tuple[dict[str, Result], Answer]:
    answer = repo.mbuild("all", "--force", "--builder", way, "--format", "json")
    assert answer.code == 0, answer.err
    engine = connect()
    try:
        return {name: result_of(engine.client, f"{project}/{name}:latest") for name in ("base", "app")}, answer
    finally:
        engine.close()


def test_the_same_images(shop: tuple[Repo, str]) -> None:
    repo, project = shop
    (ours, answer), (theirs, _) = (built(repo, project, way) for way in WAYS)
    assert answer.json["builder"] == "buildkit"
    for name in ours:
        assert not ours[name].differences(theirs[name])
    assert "srv/notes.md" not in ours["app"].files
    assert ours["app"].files["srv/app/x.sh"][1] == "0755"
    assert ours["app"].files["srv/app/ä/ö.txt"][6] == 4


def test_an_edit_that_keeps_the_size_is_sent(shop: tuple[Repo, str]) -> None:
    repo, project = shop
    first, _ = built(repo, project, "auto")
    repo.write({"conf/a.ini": "z"})
    second, _ = built(repo, project, "auto")
    assert first["app"].files["etc/a.ini"] != second["app"].files["etc/a.ini"]
    assert not second["app"].differences(built(repo, project, "buildx")[0]["app"])


@pytest.mark.parametrize("source", [".dockerignore", "--from=n .dockerignore", ".dockerignore --from=n .dockerignore"])
def test_an_ignore_file_is_a_file(shop: tuple[Repo, str], source: str) -> None:
    repo, project = shop
    copies = "".join(f"COPY {each.strip()} /{at}/\n" for at, each in enumerate(re.findall(r"(?:--\S+ )?\S+", source)))
    config = f"version: 1\nproject: {project}\nimages: {{app: {{contexts: {{n: ./n}}}}}}\n"
    repo.write({"build.yaml": config, "app/Dockerfile": f"FROM scratch\n{copies}", "app/.dockerignore": "*.md\n"})
    repo.write({"n/.dockerignore": "*.txt\n"})
    (repo.folder / "app/Dockerfile.dockerignore").unlink()
    results = []
    for way in WAYS:
        assert (answer := repo.mbuild("build", "app", "--force", "--builder", way)).code == 0, answer.err
        engine = connect()
        results.append(result_of(engine.client, f"{project}/app:latest"))
        engine.close()
    assert not results[0].differences(results[1])
    assert any(name.endswith("/.dockerignore") for name in results[0].files)


def test_the_same_blob_checked_out_in_another_way_is_sent(shop: tuple[Repo, str]) -> None:
    repo, project = shop
    line = "conf/a.ini text working-tree-encoding=UTF-16{}E eol=lf\n"
    contents = []
    for order in ("L", "B"):
        repo.write({".gitattributes": line.format(order)})
        (repo.folder / "conf/a.ini").write_bytes("text\n".encode(f"utf-16-{order}e"))
        repo.git("add", "conf/a.ini")
        images, _ = built(repo, project, "auto")
        assert not images["app"].differences(built(repo, project, "buildx")[0]["app"])
        contents.append(images["app"].files["etc/a.ini"])
    assert contents[0] != contents[1]


def test_a_stage_that_is_called_as_its_parent_is_keeps_its_instructions(shop: tuple[Repo, str]) -> None:
    repo, project = shop
    text = "FROM --platform=$TARGETPLATFORM base AS Base\nCOPY c /stage\nFROM base\nCOPY --from=base /a-b /again\n"
    text += "COPY . /all/\n"
    config = f"version: 1\nproject: {project}\nimages: {{base: {{context: base}}, app: {{context: app}}}}\n"
    repo.write({"build.yaml": config, "app/Dockerfile": text, "app/c": "c", "app/Dockerfile.dockerignore": "d"})
    (ours, _), (theirs, _) = (built(repo, project, way) for way in WAYS)
    assert not ours["app"].differences(theirs["app"])
    assert {"stage", "again", "a-b", "all/c", "all/Dockerfile"} <= set(ours["app"].files)
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest in str(ours["app"].files["all/Dockerfile"]), "the copy that is sent is not the one that is seen"
    refused = repo.mbuild("all", "--dry-run", "--force", "--format", "bake")
    assert refused.code == 2
    assert (
        "app/Dockerfile:1:1: image 'app': the stage 'base' has the name of an image of this repository" in refused.err
    )


def test_a_stage_that_is_meant_to_be_an_image_of_the_repository_is_one(shop: tuple[Repo, str]) -> None:
    repo, project = shop
    text = "FROM scratch AS given\nCOPY c /stage\nFROM given\nCOPY --from=given /a-b /again\n"
    config = f"version: 1\nproject: {project}\nimages:\n  base: {{context: base}}\n"
    config += '  app: {context: app, contexts: {given: "image:base"}}\n'
    repo.write({"build.yaml": config, "app/Dockerfile": text, "app/c": "c"})
    (ours, _), (theirs, _) = (built(repo, project, way) for way in WAYS)
    assert not ours["app"].differences(theirs["app"])
    assert {"again", "a-b"} <= set(ours["app"].files)
    assert "stage" not in ours["app"].files


def sent(answer: Answer) -> int:
    events = [json.loads(line) for line in answer.err.splitlines() if line.startswith("{")]
    return max((each["bytes"] for each in events if each["event"] == "sent" and each["image"] == "app"), default=0)


def test_what_has_not_changed_is_not_sent_again(shop: tuple[Repo, str]) -> None:
    repo, _ = shop
    first = repo.mbuild("--progress", "json", "all", "--force")
    again = repo.mbuild("--progress", "json", "all", "--force")
    assert first.code == again.code == 0
    assert sent(first) > 300_000
    assert 0 < sent(again) < 5_000


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('FROM scratch\nCOPY . /\n\nRUN ["/busybox", "sh", "-c", "echo one; exit 3"]\n', 4),
        ('FROM scratch AS a\nCOPY a /\nFROM a\nRUN ["/nothing"]\n', 4),
        ("FROM nowhere.invalid/image:x\nCOPY a /\n", 1),
        ("FROM scratch\nCOPY a /\nCOPY --from=nowhere.invalid/x:1 /a /\n", 3),
    ],
)
def test_the_same_errors(shop: tuple[Repo, str], text: str, line: int) -> None:
    repo, _ = shop
    repo.write({"base/Dockerfile": text})
    ours, theirs = (repo.mbuild("build", "base", "--builder", way) for way in WAYS)
    assert ours.code == theirs.code == 1
    errors = [[each for each in one.err.splitlines() if each.startswith(("error: ", "  | "))] for one in (ours, theirs)]
    assert errors[0] == errors[1]
    assert f"base/Dockerfile:{line}: " in ours.err


def test_the_same_steps(shop: tuple[Repo, str]) -> None:
    repo, _ = shop
    repo.mbuild("all")
    steps = []
    for way in WAYS:
        answer = repo.mbuild("--progress", "json", "build", "base", "--force", "--builder", way)
        events = [json.loads(line) for line in answer.err.splitlines() if line.startswith("{")]
        names = {each["step"]: each["name"] for each in events if each["event"] == "step"}
        steps.append({names[each["step"]]: each["cached"] for each in events if each["event"] == "step-done"})
        assert answer.code == 0
    ours, theirs = ({name: value for name, value in one.items() if re.match(r"\[\d+/\d+\] ", name)} for one in steps)
    assert ours == theirs
    assert len(ours) == 2


def test_ctrl_c_ends_the_build_in_the_engine(shop: tuple[Repo, str]) -> None:
    repo, _ = shop
    mark = uuid.uuid4().hex
    run = f'RUN ["/busybox", "sh", "-c", ": {mark}; /busybox sleep 60; /busybox true"]'
    repo.write({"base/Dockerfile": f"FROM scratch\nCOPY busybox /\n{run}\n"})
    argv = [sys.executable, "-m", "mbuild", "--progress", "plain", "-C", str(repo.folder), "build", "base"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        assert any("RUN" in line for line in child.stderr)
        deadline = time.monotonic() + 30
        while not running(mark):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert child.returncode == 130, err
    assert out.startswith("cancelled")
    while running(mark):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("way", WAYS)
def test_ctrl_c_while_a_container_starts_leaves_none(shop: tuple[Repo, str], way: str) -> None:
    repo, _ = shop
    for mark in (uuid.uuid4().hex, uuid.uuid4().hex):  # where nothing waits, 11 of 12 are left
        run = f'RUN ["/busybox", "sh", "-c", ": {mark}; /busybox sleep 60; /busybox true"]'
        repo.write({"base/Dockerfile": f"FROM scratch\nCOPY busybox /\n{run}\n"})
        argv = [sys.executable, "-m", "mbuild", "--progress", "plain", "-C", str(repo.folder)]
        argv += ["build", "base", "--builder", way]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            assert child.stderr is not None
            assert any("RUN" in line for line in child.stderr)
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=30)
        assert child.returncode == 130, err
        time.sleep(2)
        assert not running(mark)


def running(mark: str) -> bool:
    """Whether a process with this word in its arguments runs on this machine, where the engine's containers are."""
    listed = (each / "cmdline" for each in Path("/proc").iterdir() if each.name.isdigit())
    for place in listed:
        try:
            arguments = place.read_bytes()
        except OSError:
            continue
        if arguments.startswith(b"/busybox\0") and mark.encode() in arguments:
            return True
    return False


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("config.json", "{}", Client()),
        ("config.json", '{"proxies": {"default": {"httpProxy": "http://p"}}}', Client(special=True)),
        ("config.json", '{"credsStore": "x"}', Client(logged_in=True)),
        ("config.json", "{", Client(special=True)),
        ("buildx/current", '{"Key": "x", "Name": "remote"}', Client(special=True)),
        ("buildx/current", '{"Key": "x", "Name": ""}', Client()),
    ],
)
def test_what_the_client_is_set_to(tmp_path: Path, name: str, text: str, expected: Client) -> None:
    (tmp_path / "buildx").mkdir()
    (tmp_path / name).write_text(text)
    assert client_settings({"DOCKER_CONFIG": str(tmp_path)}) == expected


def test_variables_of_buildx_are_its_own_business(tmp_path: Path) -> None:
    for name in (
        "BUILDX_BUILDER",
        "DOCKER_AUTH_CONFIG",
        "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY",
    ):
        assert client_settings({"DOCKER_CONFIG": str(tmp_path), name: "x"}).special
