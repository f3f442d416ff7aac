"""COPY and ADD where the engine at hand cannot be asked: newer flags, and rules of one function."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mbuild.builders.oci.chmod import parse_chmod
from mbuild.builders.oci.filesystem import MAX_DEPTH, FileSystem
from mbuild.builders.oci.nodes import Directory, FileSystemError, Meta, Symlink
from mbuild.builders.oci.patterns import expand, has_wildcards
from mbuild.errors import BuildFailedError, DockerfileError
from tests.builders.oci.support import Bench, plant


def paths(bench: Bench, dockerfile: str, *, folder: str = "") -> list[str]:
    """Return the paths of everything but folders below one folder of the image."""
    found = bench.shape(f"FROM scratch\n{dockerfile}\n")
    return [
        path.removeprefix(folder) for path, node in found.items() if node[0] != "folder" and path.startswith(folder)
    ]


PARENTS_TREE = dict.fromkeys(
    ["t/a/b/c/d/foo", "t/a/b/c/d/e/bay", "t/a/b2/c/d/e/bar", "t/a/b/c2/d/e/baz", "t/a/b/c2/d/e2/baz"], ""
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("t/a/b/./c/d", ["/c/d/e/bay", "/c/d/foo"]),
        ("t/a/b/c/d/.", ["/t/a/b/c/d/e/bay", "/t/a/b/c/d/foo"]),
        ("./t/a/b/c/d", ["/t/a/b/c/d/e/bay", "/t/a/b/c/d/foo"]),
        ("/t/a/./b/./c", ["/b/c/d/e/bay", "/b/c/d/foo"]),
        ("t/a/./*/c", ["/b/c/d/e/bay", "/b/c/d/foo", "/b2/c/d/e/bar"]),
        ("t/a/b*/./c/**/e", ["/c/d/e/bar", "/c/d/e/bay"]),
        ("t/a/b/c*/./d/**/baz t/a/b*/./c/**/bar", ["/c/d/e/bar", "/d/e/baz", "/d/e2/baz"]),
        ("t/a/b2*x/c", []),
        ("t/a/b/./c3*", []),
        ("**/baz", ["/t/a/b/c2/d/e/baz", "/t/a/b/c2/d/e2/baz"]),
    ],
)
def test_parents(source: str, expected: list[str], bench: Bench, tmp_path: Path) -> None:
    """The cases of BuildKit ``dockerfile_parents_test.go``."""
    bench.contexts[""] = plant(tmp_path / "c", PARENTS_TREE)
    assert paths(bench, f"COPY --parents {source} /out/", folder="/out") == expected


def test_parents_makes_only_folders_that_are_needed(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {**PARENTS_TREE, "t/z/": None, "u/v": ""})
    found = bench.shape("FROM scratch\nCOPY --parents --chown=3 t/a/*/c/d/foo /o\n")
    assert {path: node[2] for path, node in found.items()} == dict.fromkeys(
        ["/o", "/o/t", "/o/t/a", "/o/t/a/b", "/o/t/a/b/c", "/o/t/a/b/c/d", "/o/t/a/b/c/d/foo"], 3
    )


def test_parents_of_what_is_missing(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", PARENTS_TREE)
    with pytest.raises(BuildFailedError, match=r"/t/none: not found"):
        paths(bench, "COPY --parents t/none /out/")


EXCLUDED_FROM = """d1/1.png d1/2.txt d1/3.jpeg d2/1.pdf d2/2.jpeg d2/3.png d3/1.mp3 d3/2.mpeg d4/1.txt top.png"""
EXCLUDE_TREE = dict.fromkeys(re.split(" ", EXCLUDED_FROM), "")


@pytest.mark.parametrize(
    ("flags", "source", "expected"),
    [
        ("--exclude=*/*.png --exclude=*/*.jpeg", ".", "d1/2.txt d2/1.pdf d3/1.mp3 d3/2.mpeg d4/1.txt top.png"),
        (
            "--exclude=*/*.pdf --exclude=*/*.txt",
            ".",
            "d1/1.png d1/3.jpeg d2/2.jpeg d2/3.png d3/1.mp3 d3/2.mpeg top.png",
        ),
        ("--exclude=*.mp3", "d3/", "2.mpeg"),
        ("--exclude=*.mp3 --exclude=*.jpeg --exclude=*.p* --exclude=*.txt", "d*", "2.mpeg"),
        ("--exclude=*", "d*", ""),
        ("--exclude=d1 --exclude=!d1/2.txt --exclude=d[24]", ".", "d1/2.txt d3/1.mp3 d3/2.mpeg top.png"),
        ("--exclude=**/*.txt", "./d1 d4/1.txt", "1.png 1.txt 3.jpeg"),
    ],
)
def test_exclude(flags: str, source: str, expected: str, bench: Bench, tmp_path: Path) -> None:
    """The cases of BuildKit ``exclude_patterns_test.go``, and some of re-inclusion. A source is never excluded."""
    bench.contexts[""] = plant(tmp_path / "c", EXCLUDE_TREE)
    assert paths(bench, f"COPY {flags} {source} /o/", folder="/o/") == expected.split()


@pytest.mark.parametrize(
    ("text", "before", "folder", "after"),
    [
        ("644", 0o755, False, 0o644),
        ("07777", 0, True, 0o7777),
        ("0", 0o777, False, 0),
        ("u+x", 0o644, False, 0o744),
        ("+x", 0o644, False, 0o755),
        ("a-w", 0o666, False, 0o444),
        ("go-rwx", 0o755, False, 0o700),
        ("u=rw,go=r", 0o777, False, 0o644),
        ("u=rwX,go=rX", 0o600, True, 0o755),
        ("u=rwX,go=rX", 0o600, False, 0o644),
        ("u=rwX,go=rX", 0o700, False, 0o755),
        ("g=u", 0o640, False, 0o660),
        ("o=g-w", 0o664, False, 0o664),
        ("u+s,g+s", 0o755, False, 0o6755),
        ("o+s", 0o755, False, 0o755),
        ("+t", 0o755, True, 0o1755),
        ("o+t", 0o755, True, 0o755),
        ("=", 0o4755, False, 0),
        ("u=", 0o4755, False, 0o055),
    ],
)
def test_chmod(text: str, before: int, folder: bool, after: int) -> None:
    assert oct(parse_chmod(text)(before, folder)) == oct(after)


@pytest.mark.parametrize("text", ["10000", "8", "64a", "u", "x+u", "u+x,", "u+q", ""])
def test_wrong_chmod(text: str) -> None:
    with pytest.raises(ValueError, match="--chmod="):
        parse_chmod(text)


def test_symbolic_chmod_of_a_tree(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"d/x": "", "d/run*": "", "d/l@": "x"})
    found = bench.shape("FROM scratch\nCOPY --chmod=go-rx d /d\nCOPY --chmod=u=rwX,go=X d /e/\nCOPY --chmod=g+w . /f\n")
    assert {path: node[1] for path, node in found.items() if node[0] != "link"} == {
        "/d": "0o755", "/d/run": "0o700", "/d/x": "0o600",
        "/e": "0o755", "/e/run": "0o711", "/e/x": "0o600",
        "/f": "0o755", "/f/d": "0o775", "/f/d/run": "0o775", "/f/d/x": "0o664",
    }  # fmt: skip


def test_owners(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(
        tmp_path / "c", {"passwd": "app:x:77:88::/:\nodd:x:q\n", "group": "grp:x:99:\n", "a": "a"}
    )
    chowns = ["5", "5:6", "5:", ":6", "app", "app:grp", "app:5", "none", "none:none", "odd", "root:grp"]
    copies = "".join(f"COPY --chown={each} a /{number}\n" for number, each in enumerate(chowns))
    found = bench.shape(f"FROM scratch\nCOPY passwd group /etc/\n{copies}")
    assert [found[f"/{number}"][2:4] for number in range(len(chowns))] == [
        (5, 5), (5, 6), (5, 0), (0, 6), (77, 88), (77, 99), (77, 5), (0, 0), (0, 0), (0, 0), (0, 99),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("dockerfile", "said"),
    [
        ("COPY d /x/a\nCOPY a /x", "cannot replace the folder /x/a by a file"),
        ("COPY a /x\nCOPY d /x", "cannot copy a folder over /x"),
        ("COPY a /m/l\nCOPY . /n\nCOPY d /m/l", "cannot copy a folder over /m/l"),
        ("COPY a /x\nCOPY a /x/y", "/x: not a folder"),
        ("COPY gone /x", "/gone: not found"),
    ],
)
def test_what_cannot_be_copied(dockerfile: str, said: str, bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "a", "d/b": "b"})
    with pytest.raises(BuildFailedError, match=said) as caught:
        bench.shape(f"FROM scratch\n{dockerfile}\n")
    assert str(caught.value).startswith("Dockerfile:")


def test_link_does_not_follow_what_is_below(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"a": "", "d/real/x": "", "d/l@": "real"})
    found = bench.shape("FROM scratch\nCOPY --chown=5 d /d\nCOPY --link a /d/l/\nCOPY a /d/real/\n")
    assert found["/d/l"] == ("folder", "0o755", 0, 0, ())
    assert found["/d"][2] == 0
    assert "/d/l/a" in found


def test_link_cannot_look_names_up(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"passwd": "app:x:1:1::/:\n"})
    with pytest.raises(BuildFailedError, match="use a number"):
        bench.shape("FROM scratch\nCOPY passwd /etc/\nCOPY --link --chown=app passwd /x\n")


def test_names_that_mean_deletions_are_refused(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"d/.wh.x": "", "d/x": ""})
    with pytest.raises(BuildFailedError, match=r"Dockerfile:2.*\.wh\."):
        bench.shape("FROM scratch\nCOPY d /d\n")


def test_invalid_chmod_is_a_mistake_in_the_dockerfile(bench: Bench) -> None:
    with pytest.raises(DockerfileError):
        bench.shape("FROM scratch\nCOPY --chmod=99 a /\n")


def test_loops_of_links_are_errors(bench: Bench, tmp_path: Path) -> None:
    bench.contexts[""] = plant(tmp_path / "c", {"one@": "two", "two@": "one", "d/in@": "in/deeper"})
    for source in ("one", "d/in", "one/x"):
        with pytest.raises(BuildFailedError, match="too many links"):
            bench.shape(f"FROM scratch\nCOPY {source} /x\n")
    with pytest.raises(BuildFailedError, match="too many links"):
        bench.shape("FROM scratch\nCOPY . /m/\nCOPY d /m/one/x\n")


def test_links_resolve_inside_the_root() -> None:
    fs = FileSystem()
    fs.make_folders("/a/b", Meta(0o755))
    fs.put("/a/up", Symlink(Meta(0o777), "../../../a/./b//"))
    fs.put("/a/abs", Symlink(Meta(0o777), "/a/up/x"))
    fs.put("/a/b/self", Symlink(Meta(0o777), "."))
    assert fs.resolve("a/up") == "/a/b"
    assert fs.resolve("/a/abs/../y") == "/a/y"
    assert fs.resolve("/a/b/self/self/z") == "/a/b/z"
    assert fs.resolve("/a/up", last=False) == "/a/up"
    assert fs.resolve("/../..") == "/"
    assert fs.resolve("/missing/x") == "/missing/x"
    assert fs.resolve("/a/abs") == "/a/b/x"


def test_depth_is_bounded() -> None:
    fs = FileSystem()
    with pytest.raises(FileSystemError, match="folders deep"):
        fs.make_folders("/x" * (MAX_DEPTH + 2), Meta(0o755))
    fs.make_folders("/x" * MAX_DEPTH, Meta(0o755))
    assert isinstance(fs.clone().get("/x" * MAX_DEPTH), Directory)


@pytest.mark.parametrize(
    ("name", "wild"), [("a", False), ("a*", True), (r"a\*", False), (r"a\\*", True), ("[a]", True), ("a?", True)]
)
def test_what_counts_as_a_wildcard(name: str, wild: bool) -> None:
    assert has_wildcards(name) is wild


def test_wildcards_name_paths() -> None:
    fs = FileSystem()
    for folder in ("/a/x", "/a/y/x", "/b", "/c*"):
        fs.make_folders(folder, Meta(0o755))
    fs.put("/l", Symlink(Meta(0o777), "a"))
    assert expand(fs, "*") == ["/a", "/b", "/c*", "/l"]
    assert expand(fs, "a/*") == ["/a/x", "/a/y"]
    assert expand(fs, "*/x") == ["/a/x"]
    assert expand(fs, "l/*/x") == ["/a/y/x"]
    assert expand(fs, "[^b]/x") == ["/a/x"]
    assert expand(fs, "a[^x]y") == ["/a/y"]
    assert expand(fs, "[") == []
    assert expand(fs, "a/../b/") == ["/a/../b"]
    with pytest.raises(FileSystemError, match="/none: not found"):
        expand(fs, "none/*")
