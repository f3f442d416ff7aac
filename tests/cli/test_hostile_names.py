"""What a stranger can choose (names of folders, URLs, subjects of commits) is never printed as it is.

Control characters move a terminal's cursor and end lines for CI runners, which take what begins the next for a command.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mbuild.cli.main import COMMANDS, cli
from tests.support import Repo

NASTY = "x\r::add-mask::e\x1b[2J\n::error::n\x7f\x9b"
FOLDER = f"svc{NASTY}"
ESCAPED = NASTY.encode("unicode_escape").decode()
CONFIG = f"""\
version: 1
images:
  a:
    dockerfile: "svc{ESCAPED}/Dockerfile"
    contexts: {{q: "https://h/{ESCAPED}", folder: "svc{ESCAPED}/folder"}}
  user: {{dockerfile: "svc{ESCAPED}/user"}}
  whole: {{dockerfile: "svc{ESCAPED}/whole"}}
"""
BROKEN = CONFIG + f'  b: {{dockerfile: "svc{ESCAPED}/nosuch"}}\n'
FILES = {
    "build.yaml": CONFIG,
    f"{FOLDER}/Dockerfile": "FROM scratch\nCOPY f /\nCOPY --from=q . /q/\nCOPY --from=folder . /folder/\n",
    f"{FOLDER}/user": "FROM a\nCOPY f /\n",
    f"{FOLDER}/whole": "FROM scratch\nCOPY folder/f /\n",
    f"{FOLDER}/f": "1",
    f"{FOLDER}/idle": "1",
    f"{FOLDER}/folder/f": "1",
}

QUESTIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "affected": (("--base", "HEAD", "--list"), ("--base", "HEAD", "--dry-run", "--builder", "oci")),
    "all": (("--dry-run", "--builder", "oci"), ("--builder", "oci")),
    "audit": (("--base", "HEAD", "--builder", "oci"),),
    "build": (("a", "--dry-run", "--builder", "oci"), ("whole", "--builder", "oci")),
    "check": ((), ("--head", "broken")),
    "context": (("a", "--list"),),
    "explain": (
        ("--path", f"{FOLDER}/f"),
        ("--path", f"{FOLDER}/Dockerfile"),
        ("--path", f"{FOLDER}/nosuch"),
        ("--image", "a", "--base", "HEAD"),
        ("--image", "user", "--base", "HEAD"),
        ("--image", "a", "--base", "HEAD^", "--head", "HEAD"),
    ),
    "graph": ((), ("--head", "broken")),
    "init": ((), ("--dry-run",)),
    "mark-success": (("--branch", NASTY), ()),
    "simulate": (("broken",),),
    "state": (),  # prints a folder of the user's own
}


def cases() -> Iterator[tuple[str, ...]]:
    """Yield every question in every format of its command."""
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        formats = [
            list(each.type.choices)
            for each in command.params
            if each.name == "format_" and isinstance(each.type, click.Choice)
        ]
        for question in QUESTIONS[name]:
            for chosen in formats[0] if formats else [None]:
                yield (name, *question, *(("--format", chosen) if chosen else ()))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repo = Repo(tmp_path_factory.mktemp("hostile") / "repo")
    repo.commit(FILES, NASTY)
    repo.git("branch", "first")
    repo.commit({"build.yaml": BROKEN, f"{FOLDER}/f": "2"}, NASTY)
    repo.git("branch", "broken")
    repo.git("reset", "-q", "--hard", "first")
    repo.commit({f"{FOLDER}/idle": "2"}, NASTY)
    return repo.folder


@pytest.fixture
def hostile(made: Path, tmp_path: Path) -> Repo:
    shutil.copytree(made, tmp_path / "repo", symlinks=True)
    return Repo(tmp_path / "repo")


def raw(text: str) -> set[str]:
    """Return what is no line break and should have been escaped."""
    return {each for each in text if not each.isprintable()} - {"\n"}


@pytest.mark.parametrize("question", tuple(cases()), ids=lambda each: " ".join(each).replace(NASTY, ""))
def test_no_control_character_is_printed(hostile: Repo, question: tuple[str, ...]) -> None:
    hostile.write({f"{FOLDER}/f": "2"})
    answer = hostile.mbuild(*question)
    assert answer.out or answer.err
    assert "bug" not in answer.err
    assert raw(answer.out) == set()
    assert raw(answer.err) == set()
    assert not any(line.startswith("::") for line in f"{answer.out}\n{answer.err}".split("\n"))


@pytest.mark.parametrize("question", [("init", "--dry-run"), ("init",), ("affected", "--base", "HEAD", "--list")])
def test_nor_where_nothing_is_configured(hostile: Repo, question: tuple[str, ...]) -> None:
    (hostile.folder / "build.yaml").unlink()
    hostile.commit({"compose.yaml": f'services: {{a: {{build: {{context: "svc{ESCAPED}"}}}}}}\n'})
    answer = hostile.mbuild(*question)
    assert answer.out
    assert raw(answer.out + answer.err) == set()
