"""Which entries reads take: literal paths, wildcards, links, the ignore file, `--exclude`, submodules."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.context.select import Selection, check_wildcards, reader_of, select
from mbuild.dockerfile.ignore import IgnoreMatcher, parse_ignore
from mbuild.dockerfile.model import Read
from mbuild.errors import DockerfileError, Where
from mbuild.tree import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Entry

HERE = Where("Dockerfile", 2)
MODES = {"link": SYMLINK, "sub": SUBMODULE, "exec": EXECUTABLE}

# A path, or a path and what it is: `a -> target`, `a (sub)`.
Files = str


def listing_of(files: Files) -> tuple[list[Entry], dict[str, str]]:
    entries, targets = [], {}
    for line in filter(None, map(str.strip, files.splitlines())):
        path, arrow, target = line.partition(" -> ")
        path, submodule, _ = path.partition(" (sub)")
        entries.append(Entry(path, SYMLINK if arrow else SUBMODULE if submodule else FILE, ""))
        targets[path] = target
    return sorted(entries, key=lambda entry: entry.path), targets


def copy(*sources: str, excludes: tuple[str, ...] = (), parents: bool = False) -> Read:
    return Read("", "COPY", sources, HERE, excludes, parents)


def taken(files: Files, *reads: Read | str, ignore: str = "") -> Selection:
    entries, targets = listing_of(files)
    wanted = [copy(each) if isinstance(each, str) else each for each in reads]
    matcher = IgnoreMatcher(parse_ignore(ignore.encode())) if ignore else None
    return select(entries, wanted, matcher, lambda entry: targets[entry.path])


def paths(files: Files, *reads: Read | str, ignore: str = "") -> list[str]:
    return [entry.path for entry in taken(files, *reads, ignore=ignore).entries]


def missing(files: Files, *reads: Read | str, ignore: str = "") -> list[str]:
    return [source for _, source in taken(files, *reads, ignore=ignore).missing]


PLAIN = """
a
a-b
a.b
a/b
a/b/c
ab/c
d/e/f
d/e/g.go
d/h.go
"""


def without(files: Files, *gone: str) -> Files:
    return "\n".join(line for line in files.split() if line not in gone)


TREE = without(PLAIN, "a", "a/b")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a", ["a/b/c"]),
        ("a/", ["a/b/c"]),
        ("/a/b", ["a/b/c"]),
        ("./d/../a", ["a/b/c"]),
        ("../../a", ["a/b/c"]),
        ("//a", ["a/b/c"]),
        ("d/e/f", ["d/e/f"]),
        ("a-b", ["a-b"]),
        ("nope", []),
        ("a*", ["a-b", "a.b", "a/b/c", "ab/c"]),
        ("a?b", ["a-b", "a.b"]),
        ("a[.]b", ["a.b"]),
        ("*/*.go", ["d/h.go"]),
        ("d/*", ["d/e/f", "d/e/g.go", "d/h.go"]),
        ("*/e/g*", ["d/e/g.go"]),
        ("**/*.go", ["d/e/g.go", "d/h.go"]),
        ("d/**/f", ["d/e/f"]),
        ("a/**", ["a/b/c"]),
        ("a-b/*", []),
        ("a\\-b", ["a-b"]),
    ],
)
def test_sources(source: str, found: list[str]) -> None:
    assert paths(TREE, source) == found


@pytest.mark.parametrize("source", [".", "/", "", "./", "a/.."])
def test_the_whole_context(source: str) -> None:
    found = taken(TREE, source)
    assert [entry.path for entry in found.entries] == sorted(TREE.split())
    assert found.folders == ("a", "a/b", "ab", "d", "d/e")
    assert found.whole
    assert not taken(TREE, "*").whole
    assert not taken(TREE, "**/*.go").whole


def test_reads_are_united() -> None:
    assert paths(TREE, copy("a", "d/h.go"), "a-b", "a") == ["a-b", "a/b/c", "d/h.go"]
    assert taken(TREE).entries == ()


def test_names_that_are_not_utf8() -> None:
    name = b"caf\xe9/x".decode("utf-8", "surrogateescape")
    assert paths(f"{name}\n\U0001f600/y", name.split("/")[0]) == [name]
    assert paths(f"{name}\n\U0001f600/y", "caf*") == [name]


def test_very_deep_folders() -> None:
    deep = "/".join(["a"] * 2000)
    assert paths(deep, "/".join(["*"] * 1500)) == paths(deep, "**/a") == paths(deep, deep) == [deep]


def test_special_characters_of_expressions_mean_nothing() -> None:
    assert paths("a+b/x.go\naab/x.go\nc(1)/y", "a+b/*.go", "c(1)/*") == ["a+b/x.go", "c(1)/y"]


def test_a_class_and_an_alternative_reach_across_folders() -> None:
    assert paths("a/c\na.c\nx", "a[^b]c") == ["a.c", "a/c"]
    assert paths("a/c\na.c\nx", "a[.-9]c") == ["a.c", "a/c"]
    assert paths("a/c\nb\nc", "a/*|b") == ["a/c", "b"]
    assert paths("d/a/c\nx/a/c", "d/a[^b]c") == ["d/a/c"]


@pytest.mark.parametrize(("source", "found"), [(" x", ["x"]), ("x ", ["x"]), (" ", []), ("!x", []), ("y*", ["y "])])
def test_blanks_around_a_pattern_go_and_an_exclamation_mark_takes_nothing(source: str, found: list[str]) -> None:
    entries = [Entry(path, FILE, "") for path in (" ", " x", "!x", "x", "x ", "y ")]
    taken_ = select(entries, [copy(source)], None, lambda _: "")
    assert [each.path for each in taken_.entries] == found


def test_with_a_blank_goes_the_slash_before_it() -> None:
    entries = [Entry(path, FILE, "") for path in ("d/ ", "d/x", "e")]
    found = select(entries, [copy("d/ ")], None, lambda _: "")
    assert [each.path for each in found.entries] == ["d/ ", "d/x"]
    assert found.missing == ()
    assert not found.whole


@pytest.mark.parametrize(
    ("sources", "missing"),
    [
        (["!x"], ["!x"]),
        ([" x "], [" x "]),
        (["d/ "], []),
        (["d/  "], ["d/  "]),
        (["!x", "."], []),
        ([" x ", "."], []),
        ([" x ", "*"], []),
        (["*", " x "], []),
        ([" y", "!y", "."], [" y", "!y"]),
        ([" d"], [" d"]),
        ([" e", "."], []),
        (["l ", "."], []),
        (["l ", "x"], ["l "]),
        (["s/ in"], []),
    ],
)
def test_what_is_asked_for_by_another_name_has_to_come_with_something_else(
    sources: list[str], missing: list[str]
) -> None:
    entries = [Entry(path, FILE, "") for path in (" e/f", " x ", "!x", "d/ ", "d/x", "x")]
    entries += [Entry("l ", SYMLINK, ""), Entry("s", SUBMODULE, "")]
    entries.sort(key=lambda each: each.path)
    found = select(entries, [copy(each) for each in sources], None, lambda _: "x")
    assert [source for _, source in found.missing] == missing


def test_a_malformed_wildcard_is_refused_at_its_line() -> None:
    for source in ("a[", "x/a[", "**/a[", "nowhere*/a["):
        with pytest.raises(DockerfileError) as caught:
            taken("a[\nx/a[\nl -> m\nx/l -> m", source)
        assert caught.value.problems[0].where == HERE


# Links


@pytest.mark.parametrize(
    ("files", "source", "found"),
    [
        ("l -> t\nt", "l", ["l", "t"]),
        ("l -> t\nt/x\nt/y", "l/x", ["l", "t/x"]),
        ("l -> t\nt/x\nt/y", "l", ["l", "t/x", "t/y"]),
        ("l -> t/\nt/x", "l/", ["l", "t/x"]),
        ("a/l -> ../t\nt/x", "a/l/x", ["a/l", "t/x"]),
        ("a/l -> /t\nt/x", "a/l/x", ["a/l", "t/x"]),
        ("a/l -> ../../../../t\nt", "a/l", ["a/l", "t"]),
        ("a -> b\nb -> c\nc", "a", ["a", "b", "c"]),
        ("a -> a", "a", ["a"]),
        ("a -> b\nb -> a", "a/x", ["a", "b"]),
        ("a -> a/b", "a/x", ["a"]),
        ("a -> gone", "a", ["a"]),
        ("d/l1 -> t\nd/l2 -> ../u\nd/t\nd/x\nu", "d/l*", ["d/l1", "d/l2", "d/t", "u"]),
        ("d/l -> ../t\nd/m/x\nd/m/y\nt/x\nt/z", "d/*/x", ["d/l", "d/m/x", "d/m/y", "t/x"]),
        ("d/l -> ../t\nt/x", "*/l", ["d/l"]),
        ("d/*/l -> ../../t\nt", "d/*/l", ["d/*/l", "t"]),
        ("d/l -> ../t[1]\nt1\nt[1]", "d/l", ["d/l", "t1"]),
        ("d/l -> ../t*\nd/x/y\nt*/a/b\nt1/a/b", "d/l/**/b", ["d/l", "t*/a/b", "t1/a/b"]),
        ("l -> *\na\nd/b", "l", ["a", "d/b", "l"]),
        ("a\\-b -> t\na-b\nt/x", "a\\-b", ["a-b", "t/x"]),
        ("l -> .\nx/y", "l", ["l", "x/y"]),
        ("l -> t\nt/a/x\nt/a/y\nt/b/x", "l/*/x", ["l", "t/a/x", "t/b/x"]),
    ],
)
def test_links(files: Files, source: str, found: list[str]) -> None:
    assert paths(files, source) == found


def test_two_ways_through_one_link() -> None:
    assert paths("l -> t\nt/x\nt/y\nt/z", "l/x", "l/y") == ["l", "t/x", "t/y"]


def test_more_ways_than_can_be_followed_take_everything() -> None:
    links = "\n".join(f"{name} -> {name}/{other}" for name in "abcdefgh" for other in "x")
    wild = "\n".join(f"d/{name}{n} -> ../d/{name}{n}/*" for name in "ab" for n in range(9))
    assert "other" in paths(f"{links}\n{wild}\nother", "d/*/*/*/*", ".")
    fan = "\n".join(f"l{n} -> ." for n in range(101))
    assert paths(f"{fan}\nx", "/".join(["l*", "l*", "l*"]))
    many = "\n".join(f"l{n} -> m{n}" for n in range(10_001))
    assert "other" in paths(f"{many}\nother", "l*/x")


# The ignore file


def test_what_is_ignored_is_not_taken() -> None:
    assert paths(TREE, ".", ignore="d\n!d/e/f\n*.b") == ["a-b", "a/b/c", "ab/c", "d/e/f"]
    assert paths(TREE, "d/e", "a-b", ignore="**/*.go\na-b") == ["d/e/f"]


def test_an_ignored_link_is_followed_all_the_same() -> None:
    assert paths("l -> t\nt", "l", ignore="l") == ["t"]


def test_folders_that_end_up_empty() -> None:
    assert taken("docs/a\ndocs/x/b\nsrc/m", "docs", ignore="docs/*").folders == ("docs",)
    assert taken("docs/a\ndocs/x/b\nsrc/m", ".", ignore="**/b").folders == ("docs", "docs/x", "src")
    assert taken("docs/a\ndocs/x/b\nsrc/m", ".", ignore="docs").folders == ("src",)
    assert taken("docs/a/b/c", ".", ignore="docs/a/b/c").folders == ("docs", "docs/a", "docs/a/b")
    assert taken("a/b/c/d\na/x", "a/b", ignore="**/d").folders == ("a", "a/b", "a/b/c")
    assert taken("a/b/c\na/d", "**/b", ignore="**/c").folders == ("a", "a/b")
    assert taken("a/b/c\na/d", "**/b", ignore="**/[cd]").folders == ("a", "a/b")
    assert taken("e/b\nx", "**/b", ignore="**/b").folders == ()


def test_folders_above_entries() -> None:
    assert taken(TREE, "d/e/f").folders == ("d", "d/e")
    assert taken("x/a/b\nx/c", "x/a/b", ignore="x\n!x/a/b").folders == ("x", "x/a")


# Missing sources


def test_missing_sources() -> None:
    assert missing(TREE, "nope", "a", "a/b/c", ".", "*nope") == ["nope"]
    assert missing(TREE, "d", ignore="d") == ["d"]
    assert missing(TREE, "d", ignore="d/**/*") == []
    assert missing(TREE, "d/h.go", ignore="d/h.go") == ["d/h.go"]
    assert missing(TREE, "d", ignore="d\n!d/h.go") == []
    assert missing(TREE, "a-b/x") == ["a-b/x"]


def test_a_wildcard_needs_the_folder_it_is_looked_up_in() -> None:
    assert missing(TREE, "d/*.nope") == ["d/*.nope"]
    assert missing(TREE, "d/*.nope", "d/h.go") == []
    assert missing(TREE, "d/*.nope", ".", ignore="d/*") == []
    assert missing(TREE, "nope/*", "nope/*") == ["nope/*"]
    assert missing(TREE, "**/*.nope", "*") == []
    assert missing("l -> d\nd/x/y", "l/*", "l/x/*", "l/z/*") == ["l/z/*"]
    assert missing("d/l -> ../e\nd/x\ne/y", "d/?/z", "d/*/*/z") == []


def test_a_source_that_buildkit_takes_for_an_exclusion_is_missing() -> None:
    tree = "!a\n!d/x\nd/!b\nl -> !a"
    assert missing(tree, "!a", "!d", "!d/x", "l", "d/!b", "[!]b") == ["!a", "!d", "!d/x", "l"]
    assert missing(tree, "!a", ".") == []
    assert missing(tree, "!*") == []
    assert missing(tree, "!d/*") == ["!d/*"]
    assert paths(tree, "!*", "l") == ["l"]


def test_links_that_lead_nowhere_are_missing() -> None:
    assert missing("l -> gone", "l") == ["l"]
    assert missing("l -> t\nt/x", "l", "l/x") == []
    assert missing("l -> t\nt/x", "l/y") == ["l/y"]
    assert missing("l -> .\nx", "l") == []


def test_missing_says_which_read() -> None:
    read = copy("a", "nope")
    assert taken(TREE, read).missing == ((read, "nope"),)


# --exclude


def test_exclude_takes_away_what_no_other_read_takes() -> None:
    narrow = copy("d", excludes=("*.go", "e"))
    assert paths(TREE, narrow) == []
    assert taken(TREE, narrow).folders == ("d", "d/e")
    assert taken(TREE, narrow).missing == ()
    assert paths(TREE, narrow, "d/e/f") == ["d/e/f"]
    assert paths(TREE, narrow, copy("d", excludes=("e/f",))) == ["d/e/g.go", "d/h.go"]
    assert paths(TREE, copy(".", excludes=("d", "a*"))) == []
    assert not taken(TREE, copy(".", excludes=("d",))).whole
    assert paths(TREE, copy("d*", excludes=("e",))) == ["d/h.go"]


def test_exclude_takes_nothing_away_in_doubt() -> None:
    assert paths(TREE, copy("d", excludes=("*.go", "!h.go"))) == ["d/e/f", "d/e/g.go", "d/h.go"]
    assert paths(TREE, copy("d", excludes=("*.go",), parents=True)) == ["d/e/f", "d/e/g.go", "d/h.go"]
    assert paths(TREE, copy("d", excludes=("a[",))) == ["d/e/f", "d/e/g.go", "d/h.go"]
    assert paths(TREE, copy("d/h.go", excludes=("*.go", "*"))) == ["d/h.go"]
    assert paths(TREE, copy("**/*.go", excludes=("*.go",))) == ["d/e/g.go", "d/h.go"]
    assert paths(TREE, copy("**/*.go", excludes=("**/*.go",))) == ["d/e/g.go", "d/h.go"]
    assert paths("l -> d\nd/x", copy("l", excludes=("x",))) == ["d/x", "l"]


def test_exclude_and_the_ignore_file() -> None:
    assert paths(TREE, copy("d", excludes=("e",)), ignore="d/h.go") == []
    assert taken(TREE, copy("d", excludes=("e",)), ignore="d/e").folders == ("d",)


# --parents


def test_parents_pivot() -> None:
    assert paths(TREE, copy("d/./e/f", parents=True)) == ["d/e/f"]
    assert paths(TREE, copy("*/./e", parents=True)) == ["d/e/f", "d/e/g.go"]


# Submodules


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("vendor/lib", True),
        ("vendor/lib/src/x.c", True),
        ("vendor", True),
        ("vendor/*", True),
        ("vendor/*/src", True),
        ("*/lib/src", True),
        ("*/*/*.c", True),
        ("vendor/lib/*.c", True),
        ("vendor/lib/**/x", True),
        ("**/*.c", True),
        ("vendor/**/x", True),
        ("vendor/l/x", False),
        ("vendor/library", False),
        ("vendor/x*/y", False),
        ("vendor/other/**", False),
    ],
)
def test_submodules(source: str, found: bool) -> None:
    selection = taken("vendor/lib (sub)\nvendor/other/x", source)
    assert ("vendor/lib" in [entry.path for entry in selection.entries]) == found
    assert ("vendor/lib/x" in source) <= (selection.missing == ())


def test_submodules_and_the_ignore_file() -> None:
    files = "vendor/lib (sub)\nx"
    assert paths(files, ".", ignore="vendor/lib") == ["x"]
    assert paths(files, ".", ignore="vendor/lib\n!vendor/lib/keep") == ["vendor/lib", "x"]
    assert paths(files, ".", ignore="vendor/lib/drop") == ["vendor/lib", "x"]


def test_a_link_into_a_submodule() -> None:
    assert paths("l -> lib/src\nlib (sub)", "l/x.c") == ["l", "lib"]


# Which reads take a path


def test_reader_of() -> None:
    reads = (copy("a"), copy("d/*.go"), copy("d", excludes=("h.go",)), Read("", "RUN", ("/",), HERE))
    assert reader_of("a/b/c", reads) == (reads[0], reads[3])
    assert reader_of("d/h.go", reads) == (reads[1], reads[3])
    assert reader_of("d/e/f", reads) == (reads[2], reads[3])
    assert reader_of("z", reads[:3]) == ()


def test_reader_of_a_path_behind_a_link() -> None:
    entries, targets = listing_of("l -> t\nt/x\nu")
    reads = (copy("l/x"), copy("t"))
    assert reader_of("t/x", reads) == (reads[1],)
    assert reader_of("t/x", reads, entries, lambda entry: targets[entry.path]) == reads
    assert reader_of("nope", reads, entries) == ()


# Properties

_NAMES = st.sampled_from(["a", "b", "ab", "a.b", "a-b"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)
_TREES = st.dictionaries(_PATHS, st.one_of(st.just(""), _PATHS, st.just("..")), max_size=8).map(
    lambda found: {
        path: target
        for path, target in found.items()
        if not any(other != path and path.startswith(f"{other}/") for other in found)
    }
)
_SOURCES = st.lists(st.sampled_from(["a", "b", "*", "a*", "?", "[ab]", "**", "ab", ".."]), min_size=1, max_size=3).map(
    "/".join
)


def chosen(tree: Mapping[str, str], sources: list[str], ignore: IgnoreMatcher | None = None) -> Selection:
    entries = [Entry(path, SYMLINK if target else FILE, "") for path, target in sorted(tree.items())]
    return select(entries, [copy(each) for each in sources], ignore, lambda entry: tree[entry.path])


@settings(deadline=None)
@given(_TREES, st.lists(_SOURCES, min_size=1, max_size=3))
def test_a_selection_selects_itself(tree: dict[str, str], sources: list[str]) -> None:
    once = chosen(tree, sources)
    again = chosen({entry.path: tree[entry.path] for entry in once.entries}, sources)
    assert again.entries == once.entries


@settings(deadline=None)
@given(_TREES, _SOURCES, _SOURCES)
def test_more_sources_never_take_less(tree: dict[str, str], one: str, other: str) -> None:
    both = set(chosen(tree, [one, other]).entries)
    assert both == set(chosen(tree, [one]).entries) | set(chosen(tree, [other]).entries)


@settings(deadline=None)
@given(_TREES, _SOURCES, st.lists(_SOURCES, min_size=1, max_size=2))
def test_the_ignore_file_only_takes_away(tree: dict[str, str], source: str, patterns: list[str]) -> None:
    matcher = IgnoreMatcher(parse_ignore("\n".join(patterns).encode()))
    kept = chosen(tree, [source], matcher)
    free = chosen(tree, [source])
    assert list(kept.entries) == [entry for entry in free.entries if not matcher.ignored(entry.path)]
    assert set(kept.folders) <= set(free.folders) or any(tree.values())


_LINES = st.sampled_from(["**", "*", "a", "a/*", "*/b", "!a", "!a/b", "!b/**", "ab/a", "!ab/a/b", "!**/a"])


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every listing taken for a long one."""
    monkeypatch.setattr("mbuild.context.stretches.FEW", 0)


@pytest.mark.parametrize(
    ("ignore", "expected"),
    [
        ("b", ["a/x", "c/d/x", "c/x", "e"]),
        ("a", ["b/c/x", "b/x", "c/d/x", "c/x", "e"]),
        ("e\nc", ["a/x", "b/c/x", "b/x"]),
        ("**\n!c/d", ["c/d/x"]),
        ("**\n!c/d/**\nb", ["c/d/x"]),
        ("**/x", ["e"]),
        ("none", ["a/x", "b/c/x", "b/x", "c/d/x", "c/x", "e"]),
        ("*", []),
    ],
)
@pytest.mark.usefixtures("many")
def test_folders_that_are_shut_are_passed_over(ignore: str, expected: list[str]) -> None:
    assert paths("a/x\nb/c/x\nb/x\nc/d/x\nc/x\ne", ".", ignore=ignore) == expected


@pytest.mark.usefixtures("many")
def test_a_folder_above_one_that_is_shut_may_be_sent_empty() -> None:
    assert taken("a/b/x\nc", ".", ignore="a/b").folders == ("a",)
    assert taken("a/x\nb/x", ".", ignore="b").folders == ("a",)
    assert taken("a/b/x\nc", ".", ignore="a/b\na").folders == ()
    assert paths("a/lib (sub)\na/x", ".", ignore="!a/lib/keep\na") == ["a/lib"]


@settings(deadline=None)
@given(_TREES, st.lists(_SOURCES, min_size=1, max_size=2), st.lists(_LINES, min_size=1, max_size=4), st.booleans())
def test_in_long_listings_the_same_is_taken(
    tree: dict[str, str], sources: list[str], lines: list[str], submodules: bool
) -> None:
    kind = SUBMODULE if submodules else SYMLINK
    entries = [Entry(path, kind if target else FILE, "") for path, target in sorted(tree.items())]
    wanted = [copy(each) for each in [".", *sources]]
    found = []
    for few in (0, 1000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mbuild.context.stretches.FEW", few)
            ignore = IgnoreMatcher(parse_ignore("\n".join(lines).encode()))
            found.append(
                [select(entries, some, ignore, lambda entry: tree[entry.path]) for some in (wanted, wanted[1:])]
            )
    assert found[0] == found[1]


def test_wildcards_are_checked_without_a_folder_to_look_them_up_in() -> None:
    check_wildcards(copy("a", "[ab]/c", "**/x", "x*", "!a**"))
    with pytest.raises(DockerfileError, match=r"\[a"):
        check_wildcards(copy("a", "[a"))
