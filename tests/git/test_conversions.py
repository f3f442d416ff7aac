"""What a checkout makes of blobs, against git: a clone has other bytes on disk where, and only where, we say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbuild.git.conversions import Conversions
from tests.git.repo import Repo, git

CONTENTS = {
    "lf.txt": b"a\nb\n",
    "crlf.txt": b"a\r\nb\r\n",
    "mixed.txt": b"a\r\nb\n",
    "none.txt": b"ab",
    "empty.txt": b"",
    "zero.txt": b"a\0b\n",
    "id.txt": b"x $Id$ y",
    "deep/er/lf.txt": b"a\n",
    "deep/é b.txt": b"a\n",
}
NOT_SURE = {"mixed.txt", "empty.txt"}
"""Git's ``auto`` leaves a file alone that has CRLF in it already, and filters get no file that is empty: never mind."""

LINES = (
    "* text=auto",
    "* text",
    "* -text",
    "* text eol=crlf",
    "* text=auto eol=crlf",
    "* eol=crlf",
    "* eol=lf",
    "* crlf",
    "* -crlf",
    "* crlf=input",
    "*.txt ident",
    "deep/** eol=crlf",
    "* filter=none",
    "* filter=known",
    "* filter=clean",
    "* filter",
    "* -filter",
    "[attr]win text eol=crlf\nlf.txt win",
    "* working-tree-encoding=UTF-8",
    "lf.txt working-tree-encoding=UTF-16LE",
    "* diff=x merge=y",
)
SETTINGS: tuple[tuple[str, ...], ...] = (
    ("core.autocrlf=input",),
    ("core.eol=crlf",),
    ("core.autocrlf=input", "core.eol=crlf"),
)
CASES = [
    *((line, settings) for line in LINES for settings in ((), ("core.autocrlf=true",))),
    *((line, settings) for line in ("* text=auto", "* text", "*.txt ident") for settings in SETTINGS),
]


def ours(repo: Repo) -> set[str]:
    repository = repo.open()
    entries = repository.commit_tree(repo.git("rev-parse", "HEAD")).below("")
    attributes = [each for each in entries if each.path == ".gitattributes"]
    return {each.path for each, _ in Conversions(repository, attributes).of(entries)}


def gits(repo: Repo, clone: Path, settings: tuple[str, ...]) -> set[str]:
    """Return what a clone has on disk otherwise than as a blob."""
    git(repo.top, "clone", "-q", "--no-checkout", ".", str(clone))
    for each in settings:
        git(clone, "config", *each.split("=", 1))
    git(clone, "checkout", "-q", "main")
    paths = (*CONTENTS, ".gitattributes")
    return {path for path in paths if (clone / path).read_bytes() != git(clone, "cat-file", "blob", f"HEAD:{path}")}


@pytest.mark.parametrize(("line", "settings"), CASES)
def test_what_git_makes_of_blobs(repo: Repo, tmp_path: Path, line: str, settings: tuple[str, ...]) -> None:
    for name, content in CONTENTS.items():
        repo.write(name, content)
    repo.git("add", "-A")  # as they are: nothing converts yet
    repo.write(".gitattributes", f"{line}\n")
    repo.git("add", ".gitattributes")
    repo.git("commit", "-q", "-m", "all")
    settings = (*settings, "filter.known.smudge=tr a-z A-Z", "filter.clean.clean=cat")
    for each in settings:
        repo.git("config", *each.split("=", 1))
    expected, found = gits(repo, tmp_path / "clone", settings), ours(repo)
    assert expected <= found
    assert found - expected <= NOT_SURE


def test_neither_links_nor_submodules_are_converted(repo: Repo) -> None:
    repo.write("f", "a\n$Id$\n")
    repo.write(".gitattributes", "* text eol=crlf ident\n")
    (repo.top / "link").symlink_to("f")
    repo.git("add", "-A")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    repo.git("commit", "-q", "-m", "all")
    assert ours(repo) == {"f", ".gitattributes"}
