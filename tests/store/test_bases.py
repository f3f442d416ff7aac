"""External images remembered by image id: nothing that is wrong with the files is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbuild.store import bases as module
from mbuild.store.bases import FOLDER, Bases

D = f"sha256:{'1' * 64}"
USED = {"docker.io/library/alpine:3.20": D, "a:1": D}


def test_what_is_put_is_found_by_image_id(tmp_path: Path) -> None:
    bases = Bases(tmp_path / "state")
    assert bases.get(D) == {}
    bases.put(D, USED)
    assert bases.get(D) == USED
    assert Bases(tmp_path / "state").get(D) == USED
    assert bases.get(f"sha256:{'2' * 64}") == {}


@pytest.mark.parametrize("image_id", [None, "", "../../x", f"sha256:{'G' * 64}"])
def test_what_is_no_id_is_no_path(tmp_path: Path, image_id: str | None) -> None:
    bases = Bases(tmp_path)
    bases.put(image_id, USED)
    assert bases.get(image_id) == {}
    assert list(tmp_path.rglob("*.json")) == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"bases": {"a": "b"}, "checksum": "0"}', '{"bases": 1}', "[" * 9999])
def test_a_damaged_file_says_nothing(tmp_path: Path, text: str) -> None:
    bases = Bases(tmp_path)
    bases.put(D, USED)
    (tmp_path / FOLDER / f"{'1' * 64}.json").write_text(text)
    assert bases.get(D) == {}


def test_a_folder_that_cannot_be_made_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    bases = Bases(tmp_path / "file")
    bases.put(D, USED)
    assert bases.get(D) == {}


def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 4)
    bases = Bases(tmp_path)
    ids = [f"sha256:{n * 64}" for n in "123456"]
    for each in ids:
        bases.put(each, USED)
    assert bases.get(ids[-1]) == USED
    assert sum(bool(bases.get(each)) for each in ids) == 4
