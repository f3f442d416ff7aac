"""The image layout: names, concurrency, damage, export."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import threading
import uuid
from pathlib import Path

import pytest

from mbuild.builders.oci.blobs import STALE_SECONDS
from mbuild.builders.oci.descriptor import LAYER, MANIFEST, descriptor_from, digest_of
from mbuild.builders.oci.layout import Layout
from mbuild.errors import EnvironmentFault
from tests.builders.oci.support import Bench, plant
from tests.conftest import EngineUnderTest


def layout_in(folder: Path) -> Layout:
    return Layout(folder).open_or_create()


def test_blob_is_stored_under_its_digest(tmp_path: Path) -> None:
    layout = layout_in(tmp_path / "oci")
    desc = layout.write_blob(io.BytesIO(b"data"), LAYER)
    assert (desc.digest, desc.size, desc.media_type) == (digest_of(b"data"), 4, LAYER)
    assert (layout.blobs / desc.digest[7:]).read_bytes() == b"data"
    assert layout.write_blob(io.BytesIO(b"data"), LAYER) == desc


def test_blob_that_fails_leaves_nothing(tmp_path: Path) -> None:
    layout = layout_in(tmp_path)

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("gone")
            return super().read(3)

    with pytest.raises(OSError, match="gone"):
        layout.write_blob(Broken(b"abcdef"))
    assert list(layout.blobs.iterdir()) == list(layout.scratch.iterdir()) == []


def test_git_ignores_the_layout_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    layout_in(tmp_path / ".mbuild" / "oci").write_blob(io.BytesIO(b"x"))
    (tmp_path / "mine").touch()
    status = subprocess.run(["git", "-C", tmp_path, "status", "--porcelain"], check=True, capture_output=True)
    assert status.stdout == b"?? mine\n"


@pytest.mark.parametrize("name", ["mine", "index.json", "manifest.json"])
def test_folder_that_holds_something_else_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(EnvironmentFault, match="no OCI image layout"):
        layout_in(tmp_path)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [(name, "mine")]
    with pytest.raises(EnvironmentFault, match="cannot be used"):
        layout_in(tmp_path / name / "below")


def test_what_a_killed_run_has_begun_is_taken(tmp_path: Path) -> None:
    whole = layout_in(tmp_path)
    whole.write_blob(io.BytesIO(b"x"))
    (tmp_path / "oci-layout").unlink()
    assert len(list(layout_in(tmp_path).blobs.iterdir())) == 1


def manifest(name: str) -> bytes:
    """Return a manifest whose configuration's digest ends in ``name``."""
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": f"sha256:{name:0>64}", "size": 1}
    return json.dumps({"schemaVersion": 2, "config": config, "layers": []}).encode()


def test_names_are_found_in_short_and_full_form(tmp_path: Path) -> None:
    layout = layout_in(tmp_path)
    one, two = (
        layout.put_manifest(manifest("1"), ["shop/api:v1", "shop/api"]),
        layout.put_manifest(manifest("2"), ["other"]),
    )
    assert layout.names() == {"other:latest": two, "shop/api:latest": one, "shop/api:v1": one}
    assert layout.find("docker.io/shop/api:v1") == layout.find("shop/api") == layout.find("shop/api:latest") == one
    assert layout.find("library/other") == two
    assert layout.find("shop/api:v2") is None
    assert layout.tag("shop/api:v1", ["shop/api:v2", "other"]) == one
    assert layout.find("shop/api:v2") == layout.find("other") == one
    assert two not in layout.names().values()
    with pytest.raises(EnvironmentFault, match="missing: no such image"):
        layout.tag("missing", ["x"])


def test_no_entry_is_lost_between_threads_and_processes(tmp_path: Path) -> None:
    layout_in(tmp_path)
    script = (
        "import sys; from pathlib import Path; from mbuild.builders.oci.layout import Layout\n"
        "layout = Layout(Path(sys.argv[1])).open_or_create()\n"
        "for n in range(10): layout.put_manifest(sys.argv[3].replace('X', f'{n}').encode(), [f'p/n:{sys.argv[2]}-{n}'])"
    )
    import sys

    processes = [
        subprocess.Popen([sys.executable, "-c", script, tmp_path, str(p), manifest("X").decode()]) for p in range(2)
    ]

    def work(thread: int) -> None:
        layout = layout_in(tmp_path)
        for number in range(10):
            layout.put_manifest(manifest(f"a{number}"), [f"thread/n:{thread}-{number}"])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each.wait() for each in processes] == [0, 0]
    assert len(Layout(tmp_path).names()) == 50
    listed = [tag for each in json.loads((tmp_path / "manifest.json").read_bytes()) for tag in each["RepoTags"]]
    assert sorted(listed) == sorted(Layout(tmp_path).names())


def test_leftovers_of_killed_runs_are_swept_and_live_ones_kept(tmp_path: Path) -> None:
    layout = layout_in(tmp_path)
    dead, fresh = layout.scratch / "part-dead", layout.scratch / "part-fresh"
    dead.write_bytes(b"x")
    fresh.write_bytes(b"x")
    with layout.blob_writer(LAYER) as live:
        live.write(b"x")
        for path in layout.scratch.iterdir():
            if path != fresh:
                os.utime(path, (1, path.stat().st_mtime - STALE_SECONDS - 1))
        layout_in(tmp_path)
        assert not dead.exists()
        assert len(list(layout.scratch.iterdir())) == 2
        live.commit()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"manifests": [{"digest": "sha256:../../etc", "size": 1}]}'])
def test_damaged_index_is_one_clear_line(text: str, tmp_path: Path) -> None:
    layout = layout_in(tmp_path)
    entry = json.loads(text)["manifests"][0] if "manifests" in text else None
    if entry:
        entry |= {"mediaType": "x", "annotations": {"org.opencontainers.image.ref.name": "n"}}
        text = json.dumps({"manifests": [entry]})
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(EnvironmentFault, match=r"index\.json") as caught:
        layout.names()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[", "{}", "[" * 100_000, None])
def test_the_listing_is_made_anew_where_it_cannot_be_read(text: str | None, bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a", "b": "b"})
    bench.assemble("FROM scratch\nCOPY a /\n", "test/a")
    bench.layout.tag("test/a", ["test/a:second"])
    bench.assemble("FROM scratch\nCOPY b /\n", "test/b")
    bench.layout.put_manifest(manifest("1"), ["test/half"])
    path, gone = bench.layout.folder / "manifest.json", bench.parent("test/half")
    before = json.loads(path.read_bytes())
    (bench.layout.blobs / gone.digest[7:]).unlink()
    path.unlink() if text is None else path.write_text(text)
    bench.layout.tag("test/b", ["test/b:latest"])
    after = json.loads(path.read_bytes())
    assert sorted(after, key=str) == sorted(
        (each for each in before if each["RepoTags"] != ["test/half:latest"]), key=str
    )


def test_an_image_is_whole_where_all_its_blobs_are(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a"})
    bench.assemble("FROM scratch\nCOPY a /\n")
    desc, layout = bench.parent("test/image"), bench.layout
    config = descriptor_from(layout.read_manifest(desc)["config"], "")
    for each in (desc, config, *layout.layers(desc)):
        assert layout.is_whole(desc)
        path = layout.blobs / each.digest[7:]
        data = path.read_bytes()
        path.write_bytes(data[:-1])
        assert not layout.is_whole(desc)
        path.unlink()
        assert not layout.is_whole(desc)
        path.write_bytes(data)
    assert not layout.is_whole(layout.write_bytes(b"{}", MANIFEST))


def test_damaged_blob_is_noticed(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a"})
    bench.assemble("FROM scratch\nCOPY a /\n")
    desc = bench.layout.layers(bench.parent("test/image"))[0]
    path = bench.layout.blobs / desc.digest[7:]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(EnvironmentFault, match="damaged"):
        bench.assemble("FROM test/image\nCOPY a /b\n", "test/child")
    path.unlink()
    with pytest.raises(EnvironmentFault, match="damaged"):
        bench.assemble("FROM test/image\nCOPY a /b\n", "test/child")


def test_the_listing_names_what_the_index_names(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a", "b": "b"})
    bench.assemble("FROM scratch\nCOPY a /\n", "test/a")
    bench.layout.tag("test/a", ["test/a:second"])
    bench.assemble("FROM scratch\nCOPY b /\n", "test/b")

    def listing() -> list[list[str]]:
        return [each["RepoTags"] for each in json.loads((bench.layout.folder / "manifest.json").read_bytes())]

    assert listing() == [["test/a:latest", "test/a:second"], ["test/b:latest"]]
    bench.layout.tag("test/b", ["docker.io/test/a:latest"])
    assert listing() == [["test/a:second"], ["test/a:latest", "test/b:latest"]]
    bench.layout.tag("test/b", ["test/a:second"])
    assert listing() == [["test/a:latest", "test/a:second", "test/b:latest"]]
    assert sorted(name for each in listing() for name in each) == sorted(bench.layout.names())


@pytest.mark.engine
def test_docker_loads_a_tar_of_the_folder(engine: EngineUnderTest, bench: Bench, tmp_path: Path) -> None:
    name, other = f"mbuild-oci-test:{uuid.uuid4().hex}", f"mbuild-oci-test/other:{uuid.uuid4().hex}"
    odd = b"caf\xe9".decode("utf-8", "surrogateescape")
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a", odd: "odd", "d/e*": "x"})
    done = bench.assemble('FROM scratch\nCOPY . /\nWORKDIR /d\nWORKDIR /d\nCMD ["/d/e"]\nLABEL l=é\n', name)
    bench.layout.tag(name, [other])
    archive = tmp_path / "layout.tar"
    subprocess.run(["tar", "-C", str(bench.layout.folder), "-cf", str(archive), "."], check=True)
    try:
        engine.run("load", "--input", str(archive))
        shown = json.loads(engine.run("image", "inspect", name))[0]
        assert sorted(shown["RepoTags"]) == sorted([name, other])
        assert shown["Config"]["Labels"] == {"l": "é"}
        assert shown["Id"] in (done.image_id, done.digest)
    finally:
        engine.run("image", "rm", "--force", name, other)


def test_skopeo_finds_images_by_name(bench: Bench, tmp_path: Path) -> None:
    skopeo = shutil.which("skopeo")
    if skopeo is None:
        pytest.skip("skopeo is not installed")
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a", "b": "b"})
    one = bench.assemble("FROM scratch\nCOPY a /\n", "registry.example.com:5000/shop/a:v1")
    two = bench.assemble("FROM scratch\nCOPY b /\n", "shop/b:v1")
    for name, done in (("registry.example.com:5000/shop/a:v1", one), ("shop/b:v1", two)):
        argv = [skopeo, "inspect", "--raw", f"oci:{bench.layout.folder}:{name}"]
        raw = subprocess.run(argv, check=True, capture_output=True).stdout
        assert digest_of(raw) == done.digest
    copy = [skopeo, "--insecure-policy", "copy", f"oci:{bench.layout.folder}:shop/b:v1", f"dir:{tmp_path / 'out'}"]
    subprocess.run(copy, check=True, capture_output=True)
    assert digest_of((tmp_path / "out" / "manifest.json").read_bytes()) == two.digest


def test_a_layout_that_another_run_makes_meanwhile_is_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Layout(tmp_path / "l").open_or_create()
    exists = Path.exists
    # As if the marker had been written right after it was looked for.
    monkeypatch.setattr(Path, "exists", lambda self: self.name != "oci-layout" and exists(self))
    Layout(tmp_path / "l").open_or_create()
