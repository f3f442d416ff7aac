"""What ignore files leave of a context root: each path by itself says the same, on disk and in a commit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.context.full import Counter, InTree, OnDisk, Size
from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher

NAMES = st.sampled_from(["a", "b", "c.md", "d"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
LINES = st.lists(
    st.one_of(
        st.sampled_from(["*", "**", "**/*.md", "*/b", "!*.md", "!a/b", "!**/d", "a*", "?/d", "[ab]/**"]),
        PATHS,
        PATHS.map(lambda path: f"!{path}"),
    ),
    max_size=5,
).map(lambda patterns: tuple(IgnoreLine(each, number) for number, each in enumerate(patterns, 1)))


def files_of(paths: Iterable[str]) -> dict[str, int]:
    """Return files with their sizes; none lies below another one."""
    every = sorted(paths)
    files = [path for path in every if not any(other.startswith(f"{path}/") for other in every)]
    return {path: number + 1 for number, path in enumerate(files)}


def left(files: dict[str, int], lines: tuple[IgnoreLine, ...]) -> Size:
    matcher = IgnoreMatcher(lines)
    kept = [size for path, size in files.items() if not matcher.ignored(path)]
    return Size(len(kept), sum(kept))


@settings(deadline=None)
@given(st.sets(PATHS, max_size=12), st.lists(LINES, max_size=4))
def test_every_path_by_itself_says_the_same(paths: set[str], questions: list[tuple[IgnoreLine, ...]]) -> None:
    files = files_of(paths)
    in_tree = Counter(InTree(files.items()))
    with TemporaryDirectory() as folder:
        for path, size in files.items():
            place = Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(b"x" * size)
        on_disk = Counter(OnDisk(folder))
        for lines in questions:
            assert in_tree.count(lines) == on_disk.count(lines) == left(files, lines)


def test_what_lies_in_a_folder_is_counted_once_for_all_lines_that_say_the_same_of_it() -> None:
    files = {f"{folder}/{number}": 1 for folder in ("lib", "a", "b") for number in range(10)}
    found = Counter(InTree(files.items()))
    for own, counted in (("a", 20), ("b", 30), ("a", 30)):
        lines = [IgnoreLine(each, 1) for each in ("*", "!lib", f"!{own}")]
        assert found.count(lines) == Size(20, 20)
        assert found.counted == counted


def test_what_cannot_be_looked_at_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"12")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "up").symlink_to(".")  # what is sent is the link
    on_disk = OnDisk(str(tmp_path))
    assert Counter(on_disk).count(()) == Size(3, 4)
    assert Counter(OnDisk(str(tmp_path / "nothing"))).count(()) == Size()
    listed = list(on_disk.scan(""))
    (tmp_path / "a").unlink()
    monkeypatch.setattr(on_disk, "scan", lambda _: listed)
    assert Counter(on_disk).count(()) == Size(3, 2)


def test_a_folder_may_be_left_out(tmp_path: Path) -> None:
    for path in ("own/a", "x/own/a", "own.b"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"1")
    assert Counter(OnDisk(str(tmp_path), str(tmp_path / "own"))).count(()) == Size(2, 2)
    assert Counter(OnDisk(str(tmp_path / "x"), str(tmp_path / "own"))).count(()) == Size(1, 1)
    assert Counter(OnDisk(str(tmp_path / "x"), str(tmp_path / "x/own"))).count(()) == Size()


def test_very_deep_paths() -> None:
    path = "d/" * 2000 + "e"
    found = Counter(InTree([(path, 3)]))
    assert found.count(()) == Size(1, 3)
    assert found.count([IgnoreLine("**/e", 1)]) == Size()


def test_submodules_have_no_bytes() -> None:
    assert Counter(InTree([("a/sub", -1)])).count(()) == Size(1, 0)
