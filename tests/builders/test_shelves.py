"""Looking into images: of an engine, and of a layout."""

from __future__ import annotations

import io
import tarfile
import uuid
from pathlib import Path

import pytest

from mbuild.audit.image import Root, differences
from mbuild.builders.engine import connect
from mbuild.builders.oci.layout import Layout
from mbuild.builders.shelves import EngineShelf, LayoutShelf, _member
from mbuild.errors import EnvironmentFault
from tests.conftest import EngineUnderTest


@pytest.mark.engine
def test_an_image_without_layers_can_be_looked_into(engine: EngineUnderTest, tmp_path: Path) -> None:
    """The engine cannot save one."""
    project = f"t{uuid.uuid4().hex[:12]}"
    (tmp_path / "x").write_text("x")
    for name, text in (("empty", "FROM scratch\nENV A=b\n"), ("full", "FROM scratch\nENV A=b\nCOPY x /x\n")):
        (tmp_path / "Dockerfile").write_text(text)
        engine.run("buildx", "build", "--load", "--tag", f"{project}/{name}", str(tmp_path))
    connection = connect()
    shelf = EngineShelf(connection)
    empty, full = shelf.image(f"{project}/empty:latest"), shelf.image(f"{project}/full:latest")
    assert empty.root() == Root({}, {})
    assert [(str(each), each.made_by) for each in differences(empty, full)] == [("/x: absent → file", "COPY x /x")]
    for name in ("empty", "full"):
        shelf.remove(f"{project}/{name}:latest")
    with pytest.raises(EnvironmentFault):
        shelf.image(f"{project}/full:latest")
    connection.close()


def test_a_layout_without_the_image(tmp_path: Path) -> None:
    shelf = LayoutShelf(Layout(tmp_path / "oci").open_or_create())
    with pytest.raises(EnvironmentFault, match="does not hold shop/api:1 any more"):
        shelf.image("shop/api:1")
    shelf.remove("shop/api:1")


def test_an_archive_with_a_folder_in_place_of_a_layer() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        folder = tarfile.TarInfo("layer.tar")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as archive, pytest.raises(tarfile.ReadError, match=r"layer\.tar is no file"):
        _member(archive, "layer.tar")
