"""``discover``: what the patterns match, which images come of it, and that no pattern makes matching slow."""

from __future__ import annotations

import re
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.config import globs
from mbuild.config.globs import Below, below, matches, matching
from mbuild.config.load import load
from mbuild.images import Project

MATCHES = [
    ("Dockerfile", "Dockerfile", True),
    ("Dockerfile", "a/Dockerfile", False),
    ("*/Dockerfile", "a/Dockerfile", True),
    ("*/Dockerfile", "Dockerfile", False),
    ("*/Dockerfile", "a/b/Dockerfile", False),
    ("**/Dockerfile", "Dockerfile", True),
    ("**/Dockerfile", "a/b/c/Dockerfile", True),
    ("**/Dockerfile", "a/xDockerfile", False),
    ("a/**/Dockerfile", "a/Dockerfile", True),
    ("a/**/Dockerfile", "a/b/c/Dockerfile", True),
    ("a/**/Dockerfile", "ab/Dockerfile", False),
    ("a/**", "a/b/c", True),
    ("**", "a/b", True),
    ("**/**", "a", True),
    ("**/b/**/d", "a/b/c/b/x/d", True),
    ("**/b/**/d", "a/c/d", False),
    ("a**/D", "abc/D", True),
    ("a**/D", "a/b/D", False),
    ("a/Docker*", "a/Dockerfile.dev", True),
    ("a/Docker*", "a/docker", False),
    ("a/?/D", "a/b/D", True),
    ("a/?/D", "a/bc/D", False),
    ("a/[bc]/D", "a/c/D", True),
    ("a/[!bc]/D", "a/c/D", False),
    ("a/[*]/D", "a/*/D", True),
    ("a/[*]/D", "a/b/D", False),
    ("a/.b/D", "a/.b/D", True),
    ("*/D", ".b/D", True),
    ("a.b/D", "axb/D", False),
    ("*/D", "a\nb/D", True),
    ("*/D", "\udcff/D", True),
]


@pytest.mark.parametrize(("pattern", "path", "match"), MATCHES)
def test_a_pattern_matches_whole_paths_part_by_part(pattern: str, path: str, match: bool) -> None:
    assert matches(pattern, path) is match
    assert list(matching(pattern, [path])) == ([path] if match else [])


def by_regex(pattern: str, path: str) -> bool:
    """Say the same with one regular expression; too slow for hostile patterns, and so an independent check."""
    parts = [re.escape(part).replace(r"\*", "[^/]*").replace(r"\?", "[^/]") for part in pattern.split("/")]
    text = "".join("(?:[^/]+/)*" if part == re.escape("**").replace(r"\*", "[^/]*") else f"{part}/" for part in parts)
    return re.fullmatch(text, f"{path}/", re.DOTALL) is not None


PARTS = st.sampled_from(["a", "b", "ab", "*", "?", "a*", "*b", "**", "D"])


@given(
    st.lists(PARTS, min_size=1, max_size=5),
    st.lists(st.sampled_from(["a", "b", "ab", "abb", "D"]), min_size=1, max_size=5),
)
def test_patterns_agree_with_regular_expressions(pattern: list[str], path: list[str]) -> None:
    expected = by_regex("/".join(pattern), "/".join(path))
    assert matches("/".join(pattern), "/".join(path)) is expected
    assert bool(list(matching("/".join(pattern), ["/".join(path)]))) is expected
    where = below("/".join(pattern))
    if expected and "/".join(path) != where.folder:  # what is a folder in the pattern is not looked at as a file
        assert is_in("/".join(path), where)


def is_in(path: str, where: Below) -> bool:
    inside = path.removeprefix(f"{where.folder}/") if where.folder else path
    return (inside != path or not where.folder) and (where.levels is None or len(inside.split("/")) <= where.levels)


def test_no_more_is_looked_through_than_a_pattern_may_match() -> None:
    assert below("Dockerfile") == below("*") == Below("", 1)
    assert below("a/b/Dockerfile") == Below("a/b", 1)
    assert below("jobs/*/Dockerfile") == Below("jobs", 2)
    assert below("a/b*/c/D") == Below("a", 3)
    assert below("a/**/D") == Below("a")
    assert below("a/b**/D") == Below("a", 2), "two stars within a part are one"


def test_hostile_patterns_end() -> None:
    path = "/".join(["a" * 50] * 50)
    assert not matches("/".join(["**", "a*" * 20 + "b"] * 20), path)
    assert not matches("/".join(["**/*"] * 200) + "/b", path)
    assert not matches("*a" * 5000 + "b", "a" * 20_000)


def test_many_patterns_are_compiled_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    translated: list[str] = []

    def counted(part: str) -> str:
        translated.append(part)
        return translate(part)

    monkeypatch.setattr(globs, "translate", counted)
    parts = [f"many{number}" for number in range(2000)]
    for _ in range(2):
        assert [each for each in parts if matches(f"many/{each}/a", "many/many7/a")] == ["many7"]
    assert len(set(translated)) == len(translated)
    assert set(parts) <= set(translated)


def project(text: str, tree: list[str], folder: str = "") -> Project:
    return load(text.encode(), shown="b.yaml", folder=folder, tree_paths=lambda _: tree)


def found(text: str, tree: list[str], folder: str = "") -> dict[str, tuple[str, str]]:
    return {each.name: (each.dockerfile, each.context_root) for each in project(text, tree, folder).images}


TREE = [
    "a/api/Dockerfile",
    "a/web/Dockerfile",
    "a/web/Dockerfile.dockerignore",
    "a/web/x.py",
    "b/api/Dockerfile",
    "Dockerfile",
]


def test_each_match_is_an_image_named_after_its_folder() -> None:
    assert found("discover: [a/*/Dockerfile*]", TREE) == {
        "api": ("a/api/Dockerfile", "a/api"),
        "web": ("a/web/Dockerfile", "a/web"),
    }


def test_patterns_are_relative_to_the_folder_of_build_yaml() -> None:
    tree = ["x[1]/api/Dockerfile", "x1/web/Dockerfile", "api/Dockerfile", "x[1]/Dockerfile"]
    assert found("discover: ['*/Dockerfile']", tree, "x[1]") == {"api": ("x[1]/api/Dockerfile", "x[1]/api")}
    assert found("discover: ['../api/Dockerfile']", tree, "x[1]") == {"api": ("api/Dockerfile", "api")}
    assert found("discover: [Dockerfile]", ["x/Dockerfile", "Dockerfile"], "x") == {"x": ("x/Dockerfile", "x")}


def test_the_git_root_is_named_after_the_project() -> None:
    assert found("{project: shop, discover: [Dockerfile]}", TREE) == {"shop": ("Dockerfile", "")}


def test_a_mark_takes_matches_away_wherever_it_stands() -> None:
    only = {"api": ("b/api/Dockerfile", "b/api"), "web": ("a/web/Dockerfile", "a/web")}
    assert found("discover: ['!a/api/**', '*/*/Dockerfile']", TREE) == only
    assert found("discover: ['*/*/Dockerfile', '!a/api/**']", TREE) == only


def test_a_pattern_that_matches_nothing_or_the_same_again_is_fine() -> None:
    assert found("discover: [none/*/Dockerfile]", TREE) == {}
    assert found("discover: [a/web/*file, '*/web/Dockerfile']", TREE) == {"web": ("a/web/Dockerfile", "a/web")}


def test_an_entry_adds_to_what_is_discovered() -> None:
    text = "discover: [a/*/Dockerfile]\nimages:\n  api: {target: x}\n  web: {context: .}\n"
    images = {each.name: each for each in project(text, TREE).images}
    assert (images["api"].dockerfile, images["api"].context_root, images["api"].target) == (
        "a/api/Dockerfile",
        "a/api",
        "x",
    )
    assert (images["web"].dockerfile, images["web"].context_root) == ("a/web/Dockerfile", "")
    assert str(images["api"].where) == "b.yaml:3:3"
    assert str(images["api"].place("dockerfile")) == "b.yaml:1:12"


def test_an_entry_with_the_same_dockerfile_wins() -> None:
    text = "discover: [a/*/Dockerfile]\nimages: {api: {dockerfile: a/api/Dockerfile, context: a}}"
    image = project(text, TREE).images[0]
    assert (image.name, image.context_root, str(image.where)) == ("api", "a", "b.yaml:2:10")
    assert str(image.place("dockerfile")) == "b.yaml:2:28"


def test_an_entry_under_another_name_stands_beside_what_is_discovered() -> None:
    text = "discover: [a/web/Dockerfile]\nimages: {debug: {dockerfile: a/web/Dockerfile, target: debug}}"
    assert sorted(found(text, TREE)) == ["debug", "web"]


@pytest.mark.parametrize(("defined", "left"), [("a/api", "b/api"), ("b/api", "a/api")])
def test_of_two_with_one_name_the_one_defined_elsewhere_gives_way(defined: str, left: str) -> None:
    text = f"discover: ['*/api/Dockerfile']\nimages: {{other: {{dockerfile: {defined}/Dockerfile}}}}"
    expected = {"api": (f"{left}/Dockerfile", left), "other": (f"{defined}/Dockerfile", defined)}
    assert found(text, TREE) == expected
    assert found(text, TREE[::-1]) == expected


def test_a_folder_that_gives_no_name_is_fine_once_it_is_defined() -> None:
    text = "discover: ['*/Dockerfile']\nimages: {app: {dockerfile: My_App/Dockerfile}}"
    assert found(text, ["My_App/Dockerfile"]) == {"app": ("My_App/Dockerfile", "My_App")}


def test_images_called_as_keys_are_not_mistaken_for_them() -> None:
    shop = project("discover: ['*/Dockerfile']\ndefaults: {builder: oci}", ["images/Dockerfile", "defaults/Dockerfile"])
    assert [str(each.where) for each in shop.images] == ["b.yaml:1:12", "b.yaml:1:12"]
    assert [str(each.place("builder")) for each in shop.images] == ["b.yaml:2:21", "b.yaml:2:21"]


def test_discovered_images_can_be_named_by_others() -> None:
    text = "discover: [a/*/Dockerfile]\nimages: {x: {depends_on: [api], contexts: {c: 'image:web'}}}"
    assert project(text, TREE).images[2].depends_on == ("api",)


def test_what_is_taken_away_is_not_looked_for() -> None:
    tree = ["a/x/Dockerfile", "!a/x/Dockerfile"]
    assert project("discover: [a/*/Dockerfile, '!a/x/Dockerfile']", tree).images == ()


def test_each_place_is_listed_once() -> None:
    asked = []

    def paths(where: Below) -> list[str]:
        asked.append(where)
        return TREE

    text = b"discover: [a/*/Dockerfile, a/*/Dockerfile.dev, '!a/x/*', 'b/**/D', 'a/**/D', 'a/*']"
    load(text, shown="b", folder="", tree_paths=paths)
    assert asked == [Below("a", 2), Below("b"), Below("a"), Below("a", 1)]


def test_the_tree_is_only_listed_for_discover() -> None:
    def never(where: Below) -> list[str]:
        raise AssertionError("the tree was listed")

    assert load(b"images: {a: }", shown="b", folder="", tree_paths=never).images[0].name == "a"
