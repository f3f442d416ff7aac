"""The graph after a change, made from the one before: as if it had been made anew."""

from __future__ import annotations

import pytest

from mbuild.changes import Change, between
from mbuild.errors import DockerfileError
from mbuild.graph.affected import affected
from mbuild.graph.defined import Defined
from mbuild.graph.frozen import freeze, thaw
from mbuild.graph.node import Graph
from mbuild.graph.readers import readers, unread
from mbuild.graph.refresh import refresh
from mbuild.images import ImageDef
from tests.graph.test_affected import FILES, Files, graph, image
from tests.trees import MemoryTree

BASE, API = image("base"), image("api", root="")


def changes(before: Files, after: Files) -> list[Change]:
    return between(MemoryTree(before), MemoryTree(after))


def refreshed(before: Files, after: Files, *images: ImageDef, then: tuple[ImageDef, ...] | None = None) -> Graph:
    old = graph(before, *images)
    again = thaw(memoryview(freeze(old, ())), MemoryTree(before), "linux/amd64")[0]
    fresh = refresh(again, Defined(then) if then else None, MemoryTree(after), changes(before, after))
    new = graph(after, *(then or images))
    assert said(fresh) == said(new)
    found = changes(before, after)
    answer = affected([again], fresh, [found])
    assert answer == affected([old], new)
    assert unread(found, again, fresh) == unread(found, old, new) == unread(found, again, fresh, answer.idle)
    assert answer.taken.isdisjoint(unread(found, old, new))
    return fresh


def said(found: Graph) -> object:
    images = {name: (each.summary, each.outline, each.fingerprint) for name, each in found.nodes.items()}
    children = {name: sorted(each) for name, each in found.images.children.items() if each}
    return found.order, images, children, [found.images.written(name) for name in found.images.names]


def problems(before: Files, after: Files, *images: ImageDef) -> list[str]:
    with pytest.raises(DockerfileError) as caught:
        refresh(graph(before, *images), None, MemoryTree(after), changes(before, after))
    with pytest.raises(DockerfileError) as anew:
        graph(after, *images)
    assert caught.value.problems == anew.value.problems
    return [str(each) for each in caught.value.problems]


def test_what_is_not_touched_is_shared() -> None:
    before, after = FILES, FILES | {"libs/a/x.py": "x = 2\n"}
    old = graph(before, BASE, API)
    new = refresh(old, None, MemoryTree(after), changes(before, after))
    assert new.images is old.images
    assert new.index is old.index


def test_only_what_is_touched_is_made_again() -> None:
    after = FILES | {"api/Dockerfile": "FROM shop/base\nCOPY libs/b /b\n"}
    old = graph(FILES, BASE, API)
    new = refresh(old, None, MemoryTree(after), changes(FILES, after))
    assert new.nodes["base"].source.outline is old.nodes["base"].source.outline
    assert new.nodes["api"].source.outline is not old.nodes["api"].source.outline
    refreshed(FILES, after, BASE, API)


def test_a_child_that_is_gone_is_nobodys() -> None:
    assert not refreshed(FILES, FILES, BASE, API, then=(BASE,)).images.children["base"]


def test_a_child_that_is_one_since_the_last_change_is_affected_with_its_parent() -> None:
    child = image("child", "child/Dockerfile")
    files = FILES | {"child/Dockerfile": "FROM scratch\n"}
    uses = files | {"child/Dockerfile": "FROM shop/base\n"}
    before = refreshed(files, uses, BASE, child)
    after = uses | {"base/etc/os": "2\n"}
    found = changes(uses, after)
    head = refresh(before, None, MemoryTree(after), found)
    assert head.images is before.images
    assert set(affected([before], head, [found]).reasons) == {"base", "child"}
    # And no more where it is none again.
    later = refreshed(uses, files, BASE, child)
    edited = files | {"base/etc/os": "2\n"}
    found = changes(files, edited)
    assert set(affected([later], refresh(later, None, MemoryTree(edited), found), [found]).reasons) == {"base"}


def test_a_parent_that_hands_on_something_else_changes_what_its_children_read() -> None:
    child = image("child")
    before = {
        **FILES,
        "base/Dockerfile": "FROM scratch\nENV DIR=one\n",
        "child/Dockerfile": "FROM shop/base\nCOPY $DIR /\n",
        "child/one": "1",
        "child/two": "2",
    }
    after = before | {"base/Dockerfile": "FROM scratch\nENV DIR=two\n"}
    found = refreshed(before, after, BASE, child)
    assert [each.sources for each in found.nodes["child"].reads] == [("two",)]


def test_a_parent_that_cannot_be_read_any_more() -> None:
    after = FILES | {"base/Dockerfile": "FROM scratch\nCOPPY etc /etc\n"}
    assert problems(FILES, after, BASE, API) == ["base/Dockerfile:2:1: unknown instruction: COPPY"]


def test_images_that_come_to_need_each_other() -> None:
    after = FILES | {"base/Dockerfile": "FROM shop/api\n"}
    assert "api" in problems(FILES, after, BASE, API)[0]


def test_a_name_that_comes_to_mean_another_image() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "one/Dockerfile": "FROM scratch\nENV DIR=x\n",
        "two/Dockerfile": "FROM scratch\nENV DIR=y\n",
        "web/Dockerfile": "FROM acme/tools\nCOPY $DIR /\n",
        "web/x": "1",
        "web/y": "1",
    }
    web, one, two = image("web"), image("one", aliases=("acme/tools",)), image("two", aliases=("acme/tools",))
    found = refreshed(files, files, one, image("two"), web, then=(image("one"), two, web))
    assert found.nodes["web"].parents == ("two",)
    assert refreshed(files, files, one, web, then=(image("one"), web)).nodes["web"].parents == ()


def test_a_context_root_that_is_gone() -> None:
    before = FILES | {"docker/web.Dockerfile": "FROM scratch\nCOPY . /\n", "web/index": "1"}
    after = {path: text for path, text in before.items() if path != "web/index"}
    web = image("web", "docker/web.Dockerfile", root="web")
    assert problems(before, after, web) == [
        "image 'web': the context is web, and there is no such folder",
    ]


@pytest.mark.parametrize("target", ["other", "nowhere"])
def test_a_link_to_a_context_root_that_leads_elsewhere(target: str) -> None:
    web = image("web", "docker/web.Dockerfile", root="link")
    before: dict[str, str | tuple[str, str]] = {
        "docker/web.Dockerfile": "FROM scratch\nCOPY x /\n",
        "link": ("link", "web"),
        "web/x": "1",
        "other/x": "2",
    }
    after = before | {"link": ("link", target)}
    if target == "nowhere":
        assert problems(before, after, web) == ["image 'web': the context is link, and there is no such folder"]
    else:
        assert refreshed(before, after, web).nodes["web"].contexts[0].root == "other"


def test_submodules_are_looked_at() -> None:
    before = FILES | {
        "web/Dockerfile": "FROM scratch\nCOPY sub/in/it /\n",
        "web/sub": ("submodule", "1" * 40),
        "web/other": ("submodule", "1" * 40),
        "all/Dockerfile": "FROM scratch\nCOPY . /\n",
        "all/sub": ("submodule", "1" * 40),
    }
    after = before | {f"{path}": ("submodule", "2" * 40) for path in ("web/sub", "web/other", "all/sub")}
    web, everything = image("web"), image("all")
    found = changes(before, after)
    old, new = graph(before, web, everything), graph(after, web, everything)
    assert affected([old], new, [found]) == affected([old], new)
    assert set(affected([old], new, [found]).reasons) == {"web", "all"}
    assert unread(found, old, new) == ("web/other",)


def test_a_narrowed_context_has_no_empty_folders() -> None:
    web = image("web", include=("*.py",))
    before = {"web/Dockerfile": "FROM scratch\nCOPY . /\n", "web/a.py": "1", "web/b.md": "1"}
    after = before | {"web/new/c.md": "1", "web/b.md": "2"}
    found = changes(before, after)
    old, new = graph(before, web), graph(after, web)
    assert affected([old], new, [found]) == affected([old], new)
    assert not affected([old], new, [found]).reasons
    assert set(unread(found, old, new)) == {"web/new/c.md", "web/b.md"}


def test_sources_that_are_looked_for_as_they_are_written() -> None:
    text = 'FROM scratch\nCOPY ["!no", " blank ", "x", "/"]\n'
    before: dict[str, str | tuple[str, str]] = {"web/Dockerfile": text, "web/blank": "1", "web/x": "1"}
    after = before | {"web/blank": ("link", "x")}
    web = image("web")
    found = changes(before, after)
    old, new = graph(before, web), graph(after, web)
    assert list(old.index.vague) == [0, 0]
    assert affected([old], new, [found]) == affected([old], new)


def test_what_was_frozen_is_what_it_was() -> None:
    old = graph(FILES, BASE, API)
    raw = freeze(old, ("a*",))
    again, beside = thaw(memoryview(raw), MemoryTree(FILES), "linux/amd64")
    assert freeze(again, beside) == raw
    assert beside == ["a*"]
    assert (len(again.index.rules), len(again.index.rooms)) == (len(old.index.rules), len(old.index.rooms))
    for cut in (raw[: raw.rindex(b"\n")], raw + b"\n{}", raw[:500], raw[:5], b"", b"x" * 40):
        with pytest.raises(ValueError, match=r"the parts of a graph|Expecting|Unterminated|invalid literal"):
            thaw(memoryview(cut), MemoryTree(FILES), "linux/amd64")


def test_few_summaries_are_decoded_or_all() -> None:
    images = [image(f"i{number:03d}", root="") for number in range(100)]
    files = {each.dockerfile: "FROM scratch\n" for each in images} | {"i000/Dockerfile": "FROM shop/i099\n"}
    old = graph(files, *images)
    for names in ([*old.images.names], [*reversed(old.images.names)]):
        found = thaw(memoryview(freeze(old, ())), MemoryTree(files), "linux/amd64")[0].images.summaries
        assert {name: found[name] for name in names} == old.images.summaries
        assert ([*found], len(found), found["i000"].parents) == (old.images.names, 100, ("i099",))
        with pytest.raises(KeyError):
            found["nothing"]
    fresh = thaw(memoryview(freeze(old, ())), MemoryTree(files), "linux/amd64")[0].images.summaries
    assert "nothing" not in fresh


@pytest.mark.parametrize(
    ("links", "dockerfile", "added"),
    [
        ({"web/.dockerignore": ("link", "../rules/ignore")}, "web/Dockerfile", "web/rules/ignore"),
        ({"web/Dockerfile.dockerignore": ("link", "rules/ignore")}, "web/Dockerfile", "web/rules/ignore"),
        ({"link": ("link", "web")}, "link/Dockerfile", "web/Dockerfile.dockerignore"),
    ],
)
def test_an_ignore_file_that_comes_to_be_behind_a_link(
    links: dict[str, str | tuple[str, str]], dockerfile: str, added: str
) -> None:
    web = image("web", dockerfile, root="web")
    files = {"web/Dockerfile": "FROM scratch\nCOPY src /\n", "web/src/x": "1", "web/src/y": "1"}
    before: dict[str, str | tuple[str, str]] = {**files, **links}
    found = refreshed(before, before | {added: "src/y\n"}, web)
    assert [each.path for each in found.nodes["web"].contexts[0].entries] == ["src/x"]


@pytest.mark.parametrize(
    ("name", "via"),
    [
        (".dockerignore", "ignore file"),
        ("Dockerfile.dockerignore", "ignore file"),
        ("Dockerfile", "Dockerfile"),
    ],
)
def test_what_defines_an_image_behind_a_link_is_read(name: str, via: str) -> None:
    web = image("web")
    texts = {"Dockerfile": ("FROM scratch\nCOPY x y /\n", "FROM scratch\nCOPY x /\n")}
    old, new = texts.get(name, ("", "y\n"))
    before: dict[str, str | tuple[str, str]] = {
        "web/Dockerfile": texts["Dockerfile"][0],
        "web/x": "1",
        "web/y": "1",
        f"web/{name}": ("link", "rules/file"),
        "web/rules/file": old,
        "web/rules/other": "",
    }
    after = before | {"web/rules/file": new, "web/rules/other": "1"}
    found, was, now = changes(before, after), graph(before, web), refreshed(before, after, web)
    assert unread(found, was, now) == ("web/rules/other",)
    assert [each.via for each in readers(now, "web/rules/file")] == [via]
    gone = {path: each for path, each in before.items() if path != "web/rules/file"}
    if name != "Dockerfile":
        assert unread(changes(before, gone), was, refreshed(before, gone, web)) == ()
        assert unread(changes(gone, before), graph(gone, web), refreshed(gone, before, web)) == ()


def test_a_link_to_an_ignore_file_that_is_not_there_leads_elsewhere() -> None:
    web = image("web")
    before: dict[str, str | tuple[str, str]] = {
        "web/Dockerfile": "FROM scratch\nCOPY src /\n",
        "web/src/x": "1",
        "web/.dockerignore": ("link", "one"),
    }
    after = before | {"web/.dockerignore": ("link", "two")}
    found = refreshed(before, after, web)
    assert found.nodes["web"].outline.places[0].sought == ("web/two",)
    refreshed(after, after | {"web/two": "src/y\n"}, web)


def test_what_lies_behind_a_link_is_looked_at() -> None:
    web = image("web")
    before: dict[str, str | tuple[str, str]] = {
        "web/Dockerfile": "FROM scratch\nCOPY now/ /\n",
        "web/now": ("link", "lib"),
        "web/lib/a": "1",
        "web/other": "1",
    }
    for after, expected in ((before | {"web/lib/a": "2"}, {"web"}), (before | {"web/other": "2"}, set())):
        found = changes(before, after)
        old, new = graph(before, web), graph(after, web)
        assert affected([old], new, [found]) == affected([old], new)
        assert set(affected([old], new, [found]).reasons) == expected


def test_a_folder_that_comes_with_an_ignored_file_counts() -> None:
    web = image("web")
    before: dict[str, str | tuple[str, str]] = {
        "web/Dockerfile": "FROM scratch\nCOPY . /\n",
        "web/.dockerignore": "**/*.md\n",
        "web/a.md": "1",
        "web/deep/b": "1",
    }
    for added, expected in (("web/new/c.md", {"web"}), ("web/c.md", set()), ("web/deep/c.md", set())):
        after = before | {added: "1"}
        old, new = graph(before, web), graph(after, web)
        for found, was, now in ((changes(before, after), old, new), (changes(after, before), new, old)):
            assert affected([was], now, [found]) == affected([was], now)
            assert set(affected([was], now, [found]).reasons) == expected


def test_what_comes_where_an_image_looks_no_more_is_taken_by_none() -> None:
    before = {"web/Dockerfile": "FROM scratch\nCOPY . /\n", "web/a": "1"}
    after = {"web/Dockerfile": "FROM scratch\nCOPY a /\n", "web/a": "1", "web/new": "1"}
    head = refreshed(before, after, image("web"))
    found = changes(before, after)
    assert affected([graph(before, image("web"))], head, [found]).taken == {"web/Dockerfile"}
    assert unread(found, graph(before, image("web")), head) == ("web/new",)


def test_what_one_image_takes_is_not_idle_because_another_does_not() -> None:
    files = {f"{each}/Dockerfile": "FROM scratch\nCOPY src /\n" for each in "ab"} | {"src/x": "1", "src/y": "1"}
    images = image("a", root="", exclude=("src/y",)), image("b", root="", exclude=("src/x",))
    for path in ("src/x", "src/y"):
        after = files | {path: "2"}
        old = graph(files, *images)
        answer = affected([old], refresh(old, None, MemoryTree(after), changes(files, after)), [changes(files, after)])
        assert (answer.taken, answer.idle) == (frozenset((path,)), frozenset())


def test_what_is_idle_for_one_base_may_be_read_since_another() -> None:
    reads, edited = FILES | {"libs/b/y.py": "2"}, FILES | {"api/Dockerfile": "FROM shop/base\nCOPY libs/b /\n"}
    before, after = edited, edited | {"libs/a/x.py": "2", "libs/b/y.py": "2"}
    near, far = graph(before, BASE, API), graph(reads, BASE, API)
    head = refresh(near, None, MemoryTree(after), changes(before, after))
    assert near.owns_alike(head)
    answer = affected([near, far], head, [changes(before, after), changes(reads, after)])
    assert answer.idle == {"libs/a/x.py"}
    backwards = affected([far, near], head, [changes(FILES, after), changes(before, after)])
    assert backwards.idle == {"libs/a/x.py"}


def test_what_defines_an_image_is_read_though_none_takes_it() -> None:
    old = graph(FILES, BASE, API)
    found = changes(FILES, FILES | {"base/Dockerfile": "FROM scratch\n# more\nCOPY etc /etc\n", "README.md": "2"})
    idle = {each.path for each in found}
    assert old.index is not None
    assert old.owns_alike(old)
    assert unread(found, old, old, idle) == unread(found, old, old) == ("README.md",)


def test_what_copy_excludes_is_not_taken() -> None:
    before = {"web/Dockerfile": "FROM scratch\nCOPY --exclude=*.md src /\n", "web/src/a.md": "1", "web/src/b": "1"}
    found = changes(before, before | {"web/src/a.md": "2"})
    base = graph(before, image("web"))
    assert affected([base], refreshed(before, before | {"web/src/a.md": "2"}, image("web")), [found]).reasons == {}
    head = refreshed(before, before | {"web/src/b": "2"}, image("web"))
    assert set(affected([base], head, [changes(before, before | {"web/src/b": "2"})]).reasons) == {"web"}


def test_what_is_ignored_makes_no_folder_come() -> None:
    before = {"web/Dockerfile": "FROM scratch\nCOPY src /\n", "web/.dockerignore": "**/*.md\n", "web/src/b": "1"}
    fresh = {"web/src/new/a.md": "1", "web/src/new/b.md": "1", "web/src/c.md": "1"}
    for after, expected in ((before | fresh, True), (before | {"web/src/c.md": "1"}, False)):
        head = refreshed(before, after, image("web"))
        found = affected([graph(before, image("web"))], head, [changes(before, after)])
        assert ("web" in found.reasons) == expected, "an empty folder is sent, too"


def test_a_link_matters_to_those_whose_wildcards_may_pass_it() -> None:
    texts = {"web": "COPY a*/x /", "all": "COPY lib/b* /", "api": "COPY lib/sub/c* /"}
    before: dict[str, str | tuple[str, str]] = {
        f"{name}/Dockerfile": f"FROM scratch\n{each}\n" for name, each in texts.items()
    }
    before |= {"lib/b1": "1", "lib/sub/c1": "1", "a1/x": "1", "other": ("link", "a1")}
    images = [image(name, root="") for name in texts]
    after = before | {"lib/b2": ("link", "sub/c1"), "other": ("link", "lib")}
    head = refreshed(before, after, *images)
    assert set(affected([graph(before, *images)], head, [changes(before, after)]).reasons) == {"all"}


def test_an_image_holds_where_its_parents_hand_on_what_they_did() -> None:
    """Of a chain the first and the last have other Dockerfiles: the one between them need not be read again."""
    before = {
        "base/Dockerfile": "FROM scratch\nENV A=1\nCOPY a /\n", "base/a": "1", "base/b": "1",
        "mid/Dockerfile": "FROM shop/base\n", "web/Dockerfile": "FROM shop/mid\n",
    }  # fmt: skip
    images = (image("base"), image("mid"), image("web"))
    for line, handed_on in (("COPY b /", ("A",)), ("ENV B=1", ("A", "B"))):
        after = before | {
            "base/Dockerfile": f"FROM scratch\nENV A=1\n{line}\n",
            "web/Dockerfile": "FROM shop/mid\nENV C=1\n",
        }
        found = refreshed(before, after, *images).nodes["web"].outline.inherited[0]
        assert {name for name, _ in found.env} - {"PATH"} == {*handed_on, "C"}


@pytest.mark.parametrize(
    "pattern", ["src/../lib", "./lib", "lib/", " lib", "lib//x", "src/.././lib/x", "l?b", "**/lib"]
)
def test_patterns_of_build_yaml_need_not_be_clean(pattern: str) -> None:
    """What ``include`` and ``exclude`` say is compared as BuildKit cleans it, however it is written."""
    before = {"web/Dockerfile": "FROM scratch\nCOPY . /\n", "web/lib/x": "1", "web/src/y": "1"}
    after = before | {"web/lib/x": "2"}
    for web, expected in ((image("web", include=(pattern,)), {"web"}), (image("web", exclude=(pattern,)), set())):
        head = refreshed(before, after, web)
        assert set(affected([graph(before, web)], head, [changes(before, after)]).reasons) == expected
