"""Systems that are not Linux: what Python has on Linux only is never needed."""

from __future__ import annotations

import fcntl
import os
import sys
from types import ModuleType

import pytest

from mbuild.platforms import of_machine
from tests.cli.shop import FILES
from tests.support import Repo

LINUX_ONLY: list[tuple[ModuleType, tuple[str, ...]]] = [
    (os, ("memfd_create", "sched_getaffinity", "pidfd_open", "posix_fadvise", "copy_file_range", "eventfd", "O_PATH")),
    (fcntl, ("F_SETPIPE_SZ", "F_OFD_SETLK")),
]
"""By the "Availability" of Python's documentation."""


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what there is on Linux only."""
    monkeypatch.setattr(sys, "platform", "darwin")
    for module, names in LINUX_ONLY:
        for name in names:
            monkeypatch.delattr(module, name)


@pytest.mark.usefixtures("elsewhere")
def test_questions_and_builds(repo: Repo) -> None:
    repo.commit(FILES)
    built = repo.mbuild("all", "--builder", "oci", "--format", "json")
    assert built.code == 0, built.err
    assert {each["status"] for each in built.json["images"]} == {"built"}
    repo.write({"libs/money/money.py": "VAT = 25\n", "new": ""})
    for more in (("--list",), ("--dry-run", "--builder", "oci"), ("--builder", "oci")):
        answer = repo.mbuild("affected", "--base", "HEAD", *more, "--format", "json")
        assert (answer.code, answer.affected()) == (0, {"api"}), answer.err
    for command in (("graph",), ("check",), ("explain", "--image", "api"), ("context", "api")):
        assert repo.mbuild(*command).code == 0


def test_their_names_of_machines() -> None:
    assert (of_machine("arm64"), of_machine("x86_64")) == ("linux/arm64", "linux/amd64")
