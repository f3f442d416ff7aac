"""Builds of what is on no disk: what a checkout would have otherwise is not sent as it lies in git's objects."""

from __future__ import annotations

import pytest

from tests.support import Repo

CONFIG = "version: 1\nimages: {win: {context: win}, plain: {context: plain}}\n"
FILES = {
    "build.yaml": CONFIG,
    "win/Dockerfile": "FROM scratch\nCOPY run.bat /\n",
    "win/run.bat": "echo\n",
    "win/unread.bat": "echo\n",
    "plain/Dockerfile": "FROM scratch\nCOPY run.bat /\n",
    "plain/run.bat": "echo\n",
}


@pytest.mark.parametrize(
    ("attributes", "converted"),
    [
        ({"win/.gitattributes": "*.bat eol=crlf\n"}, "run.bat"),
        ({"win/.gitattributes": "Dockerfile eol=crlf\n"}, "Dockerfile"),
        ({"win/.gitattributes": "unread.bat eol=crlf\n"}, ""),
        ({".gitattributes": "* text=auto\n*.bat diff=x\n"}, ""),
        ({}, ""),
    ],
)
def test_a_commit_is_built_only_as_it_is_checked_out(repo: Repo, attributes: dict[str, str], converted: str) -> None:
    repo.commit(FILES)
    repo.commit(attributes)
    answer = repo.mbuild("all", "--builder", "oci", "--head", "HEAD")
    assert answer.code == (2 if converted else 0), answer.err
    if converted:
        assert f"build.yaml:2:10: image 'win': win/{converted} is other content where it is checked out" in answer.err
        assert "(eol=crlf)\nhint: git worktree add" in answer.err
    assert repo.mbuild("all", "--builder", "oci").code == 0, "what is on disk is sent as it is there"


def test_what_a_sparse_checkout_leaves_out_is_built_only_as_it_would_be_there(repo: Repo) -> None:
    repo.commit(FILES | {"win/.gitattributes": "*.bat eol=crlf\n"})
    repo.git("sparse-checkout", "set", "plain")
    answer = repo.mbuild("all", "--builder", "oci")
    assert answer.code == 2
    assert "image 'win': win/run.bat is other content where it is checked out (eol=crlf)" in answer.err
    assert "hint: git sparse-checkout add its folder" in answer.err
    assert repo.mbuild("build", "plain", "--builder", "oci").code == 0
