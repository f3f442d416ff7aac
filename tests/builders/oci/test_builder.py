"""Assembling whole images: determinism, parents, contexts, refusals, failure without leftovers."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc
from pathlib import Path
from typing import BinaryIO

import pytest

from mbuild.builders.oci.builder import CancelledError
from mbuild.builders.oci.refusal import refusals
from mbuild.dockerfile.model import ExternalImage
from mbuild.errors import BuildFailedError, EnvironmentFault, ExitCode
from mbuild.tree import Entry
from tests.builders.oci import engine_cases as cases
from tests.builders.oci.support import Bench, FolderFiles, plant

WHOLE = (
    "FROM scratch AS base\nCOPY . /all/\nWORKDIR /w\nADD plain.tgz hardlinks.tar /add/\nENV A=1\nLABEL b=2 a=1\n"
    "FROM base\nCOPY --chown=5 --from=base /all/d /d\nCMD x\n"
)


def test_same_inputs_same_digests_in_different_folders(tmp_path: Path) -> None:
    results = []
    for name, umask_mode in (("one", 0o600), ("two/deeper", 0o664)):
        bench = Bench(tmp_path / name)
        bench.contexts[""] = plant(tmp_path / name / "context", cases.TREE)
        (tmp_path / name / "context" / "a").chmod(umask_mode)
        results.append(bench.assemble(WHOLE, "test/image", labels={"z": "1", "y": "2"}))
    assert results[0] == results[1]


def test_digests_do_not_change_between_versions(bench: Bench, tmp_path: Path) -> None:
    """The tar inside a layer is a promise: a change here makes every image in every registry new."""
    bench.contexts[""] = plant(tmp_path / "c", {"d/x": "x\n", "run*": "r\n", "l@": "d/x"})
    bench.assemble('FROM scratch\nCOPY --chown=1:2 . /app\nWORKDIR /app/w\nCMD ["/run"]\n')
    assert bench.config()["rootfs"]["diff_ids"] == [
        "sha256:fddb7e9493637e777e75b492873006695d4a6d4edd98a1195cf4279a145639fd",
        "sha256:1d3099693a387f7360e57e46b8c53cbdc9c31c523363fb8027e4cc80fea7776d",
    ]
    for layer in bench.layout.layers(bench.parent("test/image")):
        header = (bench.layout.blobs / layer.digest[7:]).read_bytes()[:9]
        assert header[3:8] == bytes(5), "neither a name nor a time in the gzip header"


def test_epoch_is_every_date(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a"})
    bench.assemble("FROM scratch\nARG X=1\nCOPY a /a\nENV B=1\n", epoch=0)
    config = bench.config()
    assert {config["created"], *(each["created"] for each in config["history"])} == {"1970-01-01T00:00:00Z"}


def test_result_says_what_it_made(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a"})
    done = bench.assemble("FROM scratch\nCOPY a /a\nCOPY a /b\n")
    manifest = bench.layout.read_manifest(bench.parent("test/image"))
    assert done.digest == bench.parent("test/image").digest
    assert done.image_id == manifest["config"]["digest"]  # type: ignore[index]
    assert done.size == sum(path.stat().st_size for path in bench.layout.blobs.iterdir())


def test_layers_of_stages_that_only_give_files_are_not_written(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a", "big": "b" * 10000})
    bench.assemble(
        "FROM scratch AS one\nCOPY . /x\nFROM one AS files\nWORKDIR /y\nFROM scratch\nCOPY --from=files /x/a /a\n"
    )
    assert len(list(bench.layout.blobs.iterdir())) == 3


def test_parent_of_this_repository(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", cases.TREE)
    bench.assemble(
        "FROM scratch\nCOPY passwd group /etc/\nADD hardlinks.tar hostile.tar /h/\nENV A=1 PATH=/opt\nWORKDIR /w\n"
        'USER app\nLABEL l=parent\nONBUILD COPY a /triggered\nCMD ["x"]\n',
        "test/parent",
    )
    before = bench.layout.layers(bench.parent("test/parent"))

    bench.assemble(
        "FROM test/parent\nCOPY --chown=app:grp b .\nENV B=$A\n"
        "FROM scratch AS files\nCOPY --from=test/parent /h/two /two\n"
        "FROM test/parent AS last\nCOPY --from=0 /w/b /from0\nCOPY --from=files / /files/\n"
        "COPY --from=test/parent /h /h2\n",
        "test/child",
    )

    assert bench.layout.layers(bench.parent("test/child"))[: len(before)] == before
    found = bench.shape_of("test/child")
    assert found["/etc/passwd"][1:4] == ("0o644", 0, 0)
    assert found["/from0"][1:4] == ("0o644", 77, 99)
    assert found["/triggered"][0] == "file"
    assert found["/files/two"][-1] == hashlib.sha256(b"same").hexdigest()
    assert {path.replace("/h2", "/h"): node for path, node in found.items() if path.startswith("/h2/")} == {
        path: node for path, node in found.items() if path.startswith("/h/")
    }
    config = bench.config("test/child")["config"]
    assert config["Env"] == ["PATH=/opt", "A=1"]
    assert (config["WorkingDir"], config["User"], config["Labels"], config["Cmd"]) == (
        "/w",
        "app",
        {"l": "parent"},
        ["x"],
    )
    assert "OnBuild" not in config
    assert bench.leftovers() == []


def test_hard_links_stay_one_file(bench: Bench, tmp_path: Path) -> None:
    import tarfile

    bench.contexts[""] = plant(tmp_path / "c", cases.TREE)
    bench.assemble("FROM scratch AS one\nADD hardlinks.tar /h\nFROM scratch\nCOPY --from=one /h /x\n")
    (layer,) = bench.layout.layers(bench.parent("test/image"))
    with tarfile.open(bench.layout.blobs / layer.digest[7:]) as tar:
        links = {each.name: each.linkname for each in tar if each.islnk()}
    assert links == {"x/one": "x/d/three", "x/two": "x/d/three"}


def test_folder_contexts(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "main"})
    bench.contexts["proto"] = plant(tmp_path / "p", {"a": "proto", "d/b*": "b", "e/": None, "l@": "d"})
    bench.assemble("FROM proto\nCOPY a /main\nCOPY --from=proto l /copied\n")
    found = bench.shape_of("test/image")
    assert found["/a"][-1] == hashlib.sha256(b"proto").hexdigest()
    assert found["/main"][-1] == hashlib.sha256(b"main").hexdigest()
    assert sorted(found) == ["/a", "/copied", "/copied/b", "/d", "/d/b", "/e", "/l", "/main"]
    assert len(bench.config()["history"]) == len(bench.config()["rootfs"]["diff_ids"]) == 3


def test_labels_from_outside_win(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {})
    bench.assemble("FROM scratch\nLABEL a=1 b=2\n", labels={"b": "3", "c": "4"})
    assert bench.config()["config"]["Labels"] == {"a": "1", "b": "3", "c": "4"}


def test_sizes_need_not_be_known(tmp_path: Path) -> None:
    bench, other = Bench(tmp_path / "1"), Bench(tmp_path / "2")
    bench.contexts[""] = plant(tmp_path / "c", cases.TREE)
    other.contexts[""] = FolderFiles(tmp_path / "c", sized=False)
    assert bench.assemble(WHOLE) == other.assemble(WHOLE)


@pytest.mark.parametrize(
    ("dockerfile", "line", "said"),
    [
        ("FROM scratch\nCOPY a /\nRUN make\nRUN again", 3, "RUN needs an engine"),
        ("FROM alpine\nRUN make", 2, "RUN needs an engine"),
        ("FROM alpine:3.20\nCOPY a /", 1, "FROM alpine:3.20"),
        ("FROM scratch\nCOPY --from=alpine /a /", 2, "COPY --from=alpine"),
        ("FROM scratch\nADD https://example.com/x /", 2, "no network"),
        ("FROM scratch\nADD git@example.com:a/b.git /", 2, "no network"),
    ],
)
def test_what_needs_an_engine_is_refused(dockerfile: str, line: int, said: str, bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a"})
    with pytest.raises(EnvironmentFault) as caught:
        bench.assemble(dockerfile, "test/api")
    (problem,) = caught.value.problems
    assert problem == refusals(bench.recipe(dockerfile), "test/api")[0]
    assert problem.where is not None
    assert (problem.where.file, problem.where.line) == ("Dockerfile", line)
    assert "image test/api" in problem.message
    assert said in problem.message
    assert "--builder buildx" in problem.hints[0]
    assert caught.value.exit_code == ExitCode.ENVIRONMENT
    assert list(bench.layout.blobs.iterdir()) == []


def test_what_no_reachable_stage_does_is_not_refused(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a"})
    bench.assemble("FROM alpine AS unused\nRUN make\nFROM scratch\nCOPY a /\n")
    assert refusals(bench.recipe("FROM alpine\n"), "x")[0].where is not None
    assert ExternalImage("alpine") not in [stage.base for stage in bench.recipe("FROM scratch\n").stages]


def test_all_problems_without_run_are_reported(bench: Bench) -> None:
    recipe = bench.recipe("FROM alpine\nADD http://x/a http://x/b /\nCOPY --from=debian /a /\n")
    assert [problem.where.line if problem.where else 0 for problem in refusals(recipe, "x")] == [1, 2, 2, 3]


def test_cancelling_leaves_no_image_and_no_temporary_files(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", cases.TREE)
    for stop_at in (1, 2, 10, 60, 100):
        asked = iter(range(10**6))
        with pytest.raises(CancelledError):
            bench.assemble(WHOLE, cancelled=lambda asked=asked, stop_at=stop_at: next(asked) >= stop_at)
        assert bench.leftovers() == []
        assert bench.layout.names() == {}


class Shrinking(FolderFiles):
    """A context whose files change between being listed and being read."""

    delta = b""

    def open(self, entry: Entry) -> BinaryIO:
        (self.root / entry.path).write_bytes(self.delta)
        return super().open(entry)


@pytest.mark.parametrize("content", [b"", b"longer than before"])
def test_file_that_changes_while_it_is_read_fails_the_build(content: bytes, bench: Bench, tmp_path: Path) -> None:
    plant(tmp_path / "c", {"a": "before"})
    bench.contexts[""] = Shrinking(tmp_path / "c")
    Shrinking.delta = content
    with pytest.raises(BuildFailedError, match=r"^Dockerfile:2.*changed while it was read") as caught:
        bench.assemble("FROM scratch\nCOPY a /\n")
    assert "\n" not in str(caught.value)
    assert bench.leftovers() == []
    assert bench.layout.names() == {}


class Vanished(EnvironmentFault):
    """What a context raises when it must be made anew."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} changed")
        self.path = path


def test_errors_of_the_context_come_through_as_they_are(bench: Bench, tmp_path: Path) -> None:
    class Moving(FolderFiles):
        def open(self, entry: Entry) -> BinaryIO:
            raise Vanished(entry.path)

    plant(tmp_path / "c", {"a": "a"})
    bench.contexts[""] = Moving(tmp_path / "c")
    for keyword in ("COPY", "ADD"):
        with pytest.raises(Vanished) as caught:
            bench.assemble(f"FROM scratch\n{keyword} a /\n")
        assert caught.value.path == "a"
        assert bench.leftovers() == []


def test_memory_is_bounded(bench: Bench, tmp_path: Path) -> None:
    size = 48 << 20
    context = plant(tmp_path / "c", {})
    with (tmp_path / "c" / "big").open("wb") as file:
        file.truncate(size)
    with gzip.open(tmp_path / "c" / "big.gz", "wb", compresslevel=1) as packed:
        packed.write(bytes(size))
    bench.contexts[""] = context
    tracemalloc.start()
    try:
        bench.assemble("FROM scratch AS one\nADD big big.gz /\nFROM scratch\nCOPY --from=one / /\n", "test/parent")
        bench.assemble("FROM scratch\nCOPY --from=test/parent /big /b\n")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 << 20


def test_steps_are_told(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a"})
    lines: list[str] = []
    bench.assemble("FROM scratch AS one\nCMD []\nCOPY a <<E /x/\nt\nE\nFROM one\nENV A=1\n", emit=lines.append)
    assert lines == ["[one 1/2] CMD", "[one 2/2] COPY a <<E /x/", "[stage-1 1/1] ENV A=1"]
