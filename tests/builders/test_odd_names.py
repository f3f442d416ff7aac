"""Names that are not UTF-8: git and file systems have them, and newer BuildKits do not take them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest

from mbuild.builders.advice import on_names
from tests.conftest import EngineUnderTest
from tests.support import Repo

REFUSED = "grpc: failed to unmarshal the received message: string field contains invalid UTF-8"
HINT = "the name of odd\\xff is not UTF-8, and this engine's BuildKit takes no such names"


@dataclass
class Sent:
    """What is looked at of a request."""

    @dataclass
    class Source:
        @dataclass
        class Entry:
            path: str

        entries: list[Entry] = field(default_factory=list)

    context: Source = field(default_factory=Source)
    folders: dict[str, Source] = field(default_factory=dict)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize(
    ("error", "path", "expected"),
    [(REFUSED, "odd\udcff", HINT), (REFUSED, "é", ""), ("no space left", "odd\udcff", "")],
)
def test_advice(named: bool, error: str, path: str, expected: str) -> None:
    source = Sent.Source([Sent.Source.Entry("a"), Sent.Source.Entry(path)])
    request = Sent(folders={"conf": source}) if named else Sent(source)
    assert on_names(error, request)[:1] == ((expected,) if expected else ())  # type: ignore[arg-type]


@pytest.mark.engine
@pytest.mark.parametrize("builder", ["auto", "buildx", "docker"])
def test_a_build(repo: Repo, engine: EngineUnderTest, project: str, builder: str) -> None:
    repo.write({"build.yaml": f"version: 1\nproject: {project}\nimages: {{app: {{}}}}\n", "app/a": "a"})
    repo.write({"app/Dockerfile": "FROM scratch\nCOPY . /all/\n"})
    (repo.folder / "app" / os.fsdecode(b"odd\xff")).write_text("odd")
    answer = repo.mbuild("all", "--builder", builder, "--retries", "0")
    if answer.code == 0:
        # Docker 26 takes them, and a tar, which the other two may send, can have any.
        assert engine.major <= 26 or builder != "auto"
    else:
        assert engine.major > 26
        assert builder != "docker"
        assert "hint: the name of app/odd\\xff is not UTF-8" in answer.err
        assert "--builder docker" in answer.err
