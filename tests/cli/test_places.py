"""Files that options name: whole or not at all, and never in place of something that is no file."""

from __future__ import annotations

import os
import stat
import tarfile
import threading
from pathlib import Path

import pytest

from mbuild.cli.places import whole, write_whole
from mbuild.errors import EnvironmentFault
from tests.support import Repo

FILES = {"build.yaml": "version: 1\nimages: {app: {}}\n", "app/Dockerfile": "FROM scratch\nCOPY a /\n", "app/a": "a"}


def read_in_background(path: Path) -> tuple[threading.Thread, list[bytes]]:
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(path.read_bytes()), daemon=True)
    thread.start()
    return thread, found


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    thread, found = read_in_background(pipe)
    write_whole(pipe, "text ä")
    thread.join(10)
    assert found == ["text ä".encode()]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [each.name for each in (tmp_path).iterdir()] == ["pipe"]


def test_a_link_stays_and_its_end_is_written(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "link"
    link.symlink_to("far/file")
    for text in ("new", "newer"):
        write_whole(link, text)
        assert link.is_symlink()
        assert (tmp_path / "far/file").read_text() == text
    assert [each.name for each in (tmp_path / "far").iterdir()] == ["file"]


def test_what_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    with pytest.raises(ZeroDivisionError), whole(file) as stream:
        stream.write(b"half")
        raise ZeroDivisionError
    assert file.read_text() == "old"
    assert [each.name for each in (tmp_path).iterdir()] == ["file"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="no/file: No such file or directory"):
        write_whole(tmp_path / "no/file", "")


def test_a_device_stays_one(repo: Repo) -> None:
    """As root, ``--report /dev/null`` took the machine's away: the device here is the test's own."""
    repo.write(FILES)
    device = repo.folder / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        device.open("wb").close()
    except OSError:
        pytest.skip("making a device needs root, and a file system that has them")
    for option in ("--metadata", "--junit", "--report"):
        answer = repo.mbuild("all", "--builder", "oci", "--force", option, str(device))
        assert answer.code == 0, answer.err
    assert repo.mbuild("context", "app", "--output", str(device)).code == 0
    assert stat.S_ISCHR(device.stat().st_mode)


def test_a_context_through_a_pipe(repo: Repo, tmp_path: Path) -> None:
    repo.write(FILES)
    os.mkfifo(tmp_path / "pipe")
    thread, found = read_in_background(tmp_path / "pipe")
    assert repo.mbuild("context", "app", "--output", str(tmp_path / "pipe")).code == 0
    thread.join(10)
    (tmp_path / "tar").write_bytes(found[0])
    with tarfile.open(tmp_path / "tar") as archive:
        assert archive.getnames() == ["a"]
