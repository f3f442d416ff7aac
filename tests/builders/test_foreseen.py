"""A build that reads more than its Dockerfile says: the triggers of an image that is not of this repository."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mbuild.builders.foreseen import unforeseen_paths
from mbuild.dockerfile.evaluate import evaluate
from mbuild.dockerfile.model import ExternalImage, FolderContext, Platform, Recipe
from mbuild.dockerfile.parser import parse
from tests.conftest import EngineUnderTest
from tests.support import Repo

WAYS = ("auto", "buildx", "docker")


def recipe(text: str, platform: Platform | None = None) -> Recipe:
    return evaluate(
        parse(text.encode(), "Dockerfile"),
        target=None,
        args={},
        platform=platform or Platform(),
        build_platform=Platform(),
        resolve=lambda each: FolderContext("conf") if each.name == "conf" else ExternalImage(each.name),
        resolve_stage=lambda _: None,
    )


@pytest.mark.parametrize(
    ("text", "asked", "beyond"),
    [
        ("COPY a /", ["a"], ()),
        ("COPY a /", ["a", "b"], ("/b",)),
        ("COPY a /", [], ("/",)),
        ("COPY . /", [], ()),
        ("COPY . /", ["a"], ()),
        ("COPY ./a//b/../c/ ../d *.txt /x/", ["*.txt", "a/c", "d"], ()),
        ('COPY ["a b ", "ä", "/x/", "/y/"]', ["a b", "x", "ä"], ()),
        ("ADD https://example.org/a git@example.org:b.git c /d/", ["c", "git@example.org:b.git"], ()),
        ("RUN --mount=type=bind,source=a,target=/a true", ["a"], ()),
        ("RUN --mount=type=bind,target=/a true", [], ()),
        ("COPY a /\nRUN --mount=type=tmpfs,target=/a true", [], ()),
        ("COPY --from=other a /", ["a"], ("/a",)),
        ("COPY <<x /y\nx", ["y"], ("/y",)),
        ("COPY --exclude=*.md --parents a/./b c* /y/", ["a/b", "c*"], ()),
        ("COPY $BASE_SAYS /y/", ["whatever"], ()),
    ],
)
def test_what_is_asked_for_beyond_the_instructions(text: str, asked: list[str], beyond: tuple[str, ...]) -> None:
    assert unforeseen_paths([recipe(f"FROM base\n{text}\n")], "", asked) == beyond


def test_what_is_copied_for_windows_is_asked_for_as_it_is_written() -> None:
    text = "# escape=`\nFROM base\nCOPY a\\b C:\\\n"
    assert unforeseen_paths([recipe(text, Platform("windows"))], "", ["a\\b"]) == ()
    assert unforeseen_paths([recipe(text, Platform("windows"))], "", ["a\\b", "c"]) == ("/c",)


@pytest.mark.parametrize(
    ("asked", "beyond"), [(["a"], ()), (["a", "b/c"], ()), (["d"], ("/d",)), (["a", "e"], ("/e",)), ([], ())]
)
def test_what_is_asked_for_of_a_named_context(asked: list[str], beyond: tuple[str, ...]) -> None:
    text = "FROM base\nCOPY e /\nCOPY --from=conf a /\nRUN --mount=from=conf,source=b/c,target=/c true\n"
    assert unforeseen_paths([recipe(text)], "conf", asked) == beyond


def tagged(engine: EngineUnderTest, project: str) -> list[str]:
    return engine.run("images", "--format", "{{.Repository}}:{{.Tag}}", f"{project}/app").decode().split()


def base(engine: EngineUnderTest, project: str, *triggers: str) -> str:
    text = "".join(("FROM scratch\nENV A=1\n", *(f"ONBUILD {each}\n" for each in triggers)))
    engine.run(
        "buildx", "build", "--load", "--provenance=false", "--tag", f"{project}/outside:1", "-", stdin=text.encode()
    )
    return f"FROM {project}/outside:1\n"


@pytest.mark.engine
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("trigger", "what"),
    [
        ("COPY . /all", "all of its context"),
        ("add a b* /x/", "a, b*"),
        ("RUN   --mount=type=bind,target=/m,source=a true", "a"),
    ],
)
def test_triggers_of_an_image_of_others_are_refused(
    repo: Repo, engine: EngineUnderTest, project: str, way: str, trigger: str, what: str
) -> None:
    text = base(engine, project, trigger) + "COPY c /\n"
    repo.write({"build.yaml": f"version: 1\nproject: {project}\nimages: {{app: {{}}}}\n", "app/Dockerfile": text})
    repo.write({"app/a": "a", "app/bb": "b", "app/c": "c"})
    for _ in range(2):  # the second time all steps are cached
        answer = repo.mbuild("all", "--builder", way)
        assert answer.code == 1
        assert "app/Dockerfile:1:1: image 'app': the build " in answer.err
        assert (f"reads {what}, and no" if way == "auto" else "may read what no instruction of its") in answer.err
        assert f"ONBUILD triggers of {project}/outside:1 do, most likely" in answer.err
        assert not tagged(engine, project)


@pytest.mark.engine
@pytest.mark.parametrize("said", ["secrets: [{id: a, env: A}]", "cache_from: ['localhost:1/a']", "ssh: [default]"])
def test_whatever_a_build_gets_besides(
    repo: Repo, engine: EngineUnderTest, project: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str
) -> None:
    text = base(engine, project, "COPY . /all") + "COPY c /\n"
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(tmp_path / "agent"))
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        repo.write({"build.yaml": f"version: 1\nproject: {project}\nimages: {{app: {{{said}}}}}\n"})
        repo.write({"app/Dockerfile": text, "app/c": "c"})
        answer = repo.mbuild("all", "--retries", "0")
    assert answer.code == 1
    assert "the build reads all of its context, and no instruction of its Dockerfile does" in answer.err


@pytest.mark.engine
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("trigger", ["ENV B=2", "LABEL x=y", "COPY c /again"])
def test_triggers_that_read_nothing_else_are_not(
    repo: Repo, engine: EngineUnderTest, project: str, way: str, trigger: str
) -> None:
    text = base(engine, project, trigger) + "COPY c /\n"
    repo.write({"build.yaml": f"version: 1\nproject: {project}\nimages: {{app: {{}}}}\n", "app/Dockerfile": text})
    repo.write({"app/a": "a", "app/c": "c"})
    answer = repo.mbuild("all", "--builder", way)
    if trigger.startswith("COPY") and way != "auto":
        assert answer.code == 1, "nobody tells what is asked for"
    else:
        assert answer.code == 0, answer.err
        assert tagged(engine, project)
