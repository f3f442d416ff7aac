"""Which build.yaml holds for a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mbuild.config.find import find, misnamed, read
from mbuild.config.guard import MAX_BYTES
from mbuild.errors import ConfigError


def make(top: Path, *names: str) -> None:
    for name in names:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("version: 1\n")


def test_the_nearest_one_upward_holds(tmp_path: Path) -> None:
    make(tmp_path, "build.yaml", "a/b/c/x", "a/b/build.yaml")
    assert find(tmp_path / "a/b/c", tmp_path) == tmp_path / "a/b/build.yaml"
    assert find(tmp_path / "a/b", tmp_path) == tmp_path / "a/b/build.yaml"
    assert find(tmp_path / "a", tmp_path) == tmp_path / "build.yaml"
    assert find(tmp_path, tmp_path) == tmp_path / "build.yaml"


def test_nothing_above_the_top_holds(tmp_path: Path) -> None:
    make(tmp_path, "build.yaml", "top/a/x")
    assert find(tmp_path / "top/a", tmp_path / "top") is None
    assert find(tmp_path, tmp_path / "top") is None


def test_other_names_are_for_hints_only(tmp_path: Path) -> None:
    make(tmp_path, "build.yml", "a/x", "build.json")
    assert find(tmp_path / "a", tmp_path) is None
    assert misnamed(tmp_path / "a", tmp_path) == tmp_path / "build.yml"
    (tmp_path / "build.yml").unlink()
    assert misnamed(tmp_path / "a", tmp_path) == tmp_path / "build.json"
    (tmp_path / "build.json").unlink()
    assert misnamed(tmp_path / "a", tmp_path) is None


def test_a_folder_of_that_name_is_passed_over_and_a_broken_link_is_not(tmp_path: Path) -> None:
    make(tmp_path, "build.yaml", "a/build.yaml/x", "b/x")
    assert find(tmp_path / "a", tmp_path) == tmp_path / "build.yaml"
    (tmp_path / "b/build.yaml").symlink_to("nowhere")
    broken = find(tmp_path / "b", tmp_path)
    assert broken == tmp_path / "b/build.yaml"
    with pytest.raises(ConfigError) as caught:
        read(broken)
    assert str(caught.value) == f"{broken}: no such file"


def test_a_folder_that_cannot_be_looked_into_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 300)
    with pytest.raises(ConfigError) as caught:
        find(folder, tmp_path)
    assert str(caught.value) == f"{folder}/build.yaml: cannot be looked at: File name too long"


def test_reading_stops_soon_after_what_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "build.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES * 2)
    assert len(read(path)) == MAX_BYTES + 1
    path.write_bytes(b"version: 1\r\n")
    assert read(path) == b"version: 1\r\n"


def test_what_is_no_plain_file_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, tmp_path / "none"):
        with pytest.raises(ConfigError) as caught:
            read(path)
        assert str(caught.value) == f"{path}: no such file"
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / ("x" * 300))
    assert str(caught.value).endswith(": cannot be read: File name too long")
