"""Folders that nobody but mbuild writes to, which may lie in a work tree."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mbuild.store.place import make_own


def test_what_hides_a_folder_from_git_is_whole_when_it_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def link(source: str, target: Path, **more: Any) -> None:
        seen.append((tmp_path / "own/.gitignore").exists())
        os_link(source, target, **more)
        assert (tmp_path / "own/.gitignore").read_bytes() == b"*\n"

    os_link = os.link
    monkeypatch.setattr(os, "link", link)
    assert make_own(tmp_path / "own")
    assert seen == [False]
    assert [each.name for each in (tmp_path / "own").iterdir()] == [".gitignore"]


@pytest.mark.parametrize("lacking", ["O_TMPFILE", "link"])
def test_where_there_are_no_files_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    monkeypatch.delattr(os, lacking)
    assert make_own(tmp_path / "own")
    assert (tmp_path / "own/.gitignore").read_bytes() == b"*\n"


@pytest.mark.parametrize(("there", "then"), [(b"", b"*\n"), (b"mine\n", b"mine\n")])
def test_what_is_there_already(tmp_path: Path, there: bytes, then: bytes) -> None:
    (tmp_path / ".gitignore").write_bytes(there)
    assert make_own(tmp_path)
    assert (tmp_path / ".gitignore").read_bytes() == then
