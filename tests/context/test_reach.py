"""What a source with wildcards covers, told from a path alone, is what ``cover.regions`` takes from a listing."""

from __future__ import annotations

import pytest

from mbuild.context import reach
from mbuild.context.cover import regions, sought
from mbuild.context.follow import parts_of
from mbuild.context.lookup import Lookup
from mbuild.context.reach import Wild
from mbuild.dockerfile.ignorepattern import Pattern, compile_pattern
from mbuild.tree import FILE, Entry

PATHS = ("a", "a.go", "d/b/c", "d/b/x/y", "d/bc", "d/e.go", "e/b/c", "z")


@pytest.mark.parametrize(
    "source", ["*", "*.go", "d/*", "d/*/c", "*/b", "*/b/x", "?/*/c", "**/*.go", "d/**", "*/b ", "d/b[^x]c"]
)
def test_a_path_alone_says_what_a_listing_says(source: str) -> None:
    found = sought(parts_of(source))
    assert found is not None
    lookup = Lookup([Entry(path, FILE, "") for path in PATHS])
    taken = {PATHS[each] for region in regions(parts_of(source), lookup) for each in region.positions}
    wild = Wild(found)

    below = [path for path in PATHS if not found.folder or path.startswith(f"{found.folder}/")]
    assert {path for path in below if wild.root(path) is not None} == taken
    assert taken


def test_the_root_is_what_the_pattern_fits() -> None:
    def root(source: str, path: str) -> str | None:
        found = sought(parts_of(source))
        assert found is not None
        return Wild(found).root(path)

    assert root("d/*", "d/b/x/y") == "d/b"
    assert root("d/*/c", "d/b") is None
    assert root("d/**/y", "d/b/x/y") == "d"
    assert root("d/**/y", "d/b/x") is None


def test_many_patterns_are_compiled_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []

    def counted(pattern: str) -> Pattern:
        compiled.append(pattern)
        return compile_pattern(pattern)

    monkeypatch.setattr(reach, "compile_pattern", counted)
    sources = [found for number in range(5000) if (found := sought(parts_of(f"many{number}*/x"))) is not None]
    for _ in range(2):
        assert len([each for each in sources if Wild(each).root("many4999/x")]) == 4
    assert len(compiled) == len(sources)


@pytest.mark.parametrize(
    ("source", "folder", "expected"),
    [
        ("p/*/x", "p", True),
        ("p/*/x", "p/any", True),
        ("p/a*/x", "p/b", False),
        ("p/*/x", "p/any/x", False),
        ("p/*/x", "q", False),
        ("**/x", "q/r", True),
    ],
)
def test_folders_that_a_source_leads_into(source: str, folder: str, expected: bool) -> None:
    found = sought(parts_of(source))
    assert found is not None
    assert Wild(found).leads_into(folder) == expected
