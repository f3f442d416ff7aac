"""Files that say how others are checked out: what they say counts, and git is asked what was overlooked."""

from __future__ import annotations

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.graph.affected import affected
from mbuild.graph.attributes import MOST_BYTES, conversions, misnamed
from mbuild.graph.exclusion import exclusion
from mbuild.graph.readers import read_paths, readers, unread
from mbuild.graph.refresh import refresh
from mbuild.images import NamedContext
from tests.git.repo import Repo
from tests.graph.test_affected import compare, graph, image
from tests.graph.test_refresh import changes
from tests.trees import MemoryTree

ATTRIBUTES = ("text", "crlf", "eol", "ident", "filter", "working-tree-encoding")
PATHS = ("a.sh", "b c.sh", "d/a.sh", "x")

HARMLESS = [
    "", "# *.sh eol=crlf", "*.sh", "*.sh diff", "*.sh -diff merge=union", "d/** linguist-generated=true",
    "x gitlab-language=y", "x export-ignore export-subst", '"b c.sh" -merge whitespace=trailing-space', "  # text",
    "*.sh !delta conflict-marker-size=9",
]  # fmt: skip
CONVERTING = [
    "*.sh text", "*.sh -text diff", "*.sh eol=crlf", "  *.sh\teol=lf", '"b c.sh" text eol=crlf', "d/* crlf", "x ident",
    "* text=auto", "* !text", "x binary", "*.sh filter=lfs diff=lfs merge=lfs -text",
    "a.sh working-tree-encoding=UTF-16", '"a\\"b" text', "[attr]mine eol=crlf", "*.sh mine", "a#b.sh text",
    "x diff\ttext", "x diff text\r",
]  # fmt: skip


@pytest.mark.parametrize("line", HARMLESS)
def test_most_attributes_do_not_matter(line: str) -> None:
    assert conversions(f"{line}\n".encode()) == ""
    both = f"* text=auto\n{line}\n*.png -text".encode()
    assert conversions(both) == conversions(b"* text=auto\n\n# why\n*.png -text\n")


@pytest.mark.parametrize("line", CONVERTING)
def test_what_decides_on_conversions_counts(line: str) -> None:
    assert conversions(line.encode())
    assert conversions(f"* -text\n{line}".encode()) != conversions(b"* -text")
    assert conversions(b"\xef\xbb\xbf" + line.encode()) == conversions(line.encode())


def test_order_counts() -> None:
    assert conversions(b"* text\nx -text\n") != conversions(b"x -text\n* text\n")


lines = st.lists(st.sampled_from([*HARMLESS, *CONVERTING]) | st.text('* x.sh/#"!-=textol\t\r', max_size=12), max_size=4)


@settings(max_examples=150, deadline=None)
@given(lines, lines)
def test_git_finds_no_other_conversion_where_the_lines_are_the_same(one: list[str], other: list[str]) -> None:
    told = [conversions("\n".join(each).encode()) for each in (one, other)]
    with TemporaryDirectory() as folder:
        repo = Repo(Path(folder).resolve() / "repo")
        asked = []
        # What is harmless in one of them is taken away, so that many are the same.
        for each in (one, other, [line for line in one if conversions(line.encode())]):
            repo.write(".gitattributes", "\n".join(each))
            asked.append(repo.git("check-attr", *ATTRIBUTES, "--", *PATHS))
    assert asked[0] == asked[1] or told[0] != told[1]
    assert asked[0] == asked[2]


FILES: dict[str, str | tuple[str, str]] = {
    "web/Dockerfile": "FROM scratch\nCOPY run.sh /\nCOPY deep/src deep/*.sh /deep/\nCOPY empty* /\n",
    "web/.dockerignore": "**/.git*\ndeep/src/ignored\nempty/not\n",
    "web/run.sh": "echo\n",
    "web/deep/one.sh": "echo\n",
    "web/deep/src/a/b/two.sh": "echo\n",
    "web/deep/src/ignored/three.sh": "echo\n",
    "web/deeper/four.sh": "echo\n",
    "web/empty/not": "",
    "lib/go.sh": "echo\n",
    "job/Dockerfile": "FROM scratch\nCOPY --from=lib go.sh /\n",
    "job/x": "",
    "child/Dockerfile": "FROM shop/web\n",
    "linking/Dockerfile": "FROM scratch\nCOPY linked/z /\n",
    "linked": ("link", "job/to"),
    "job/to/z": "",
    "wild/Dockerfile": "FROM scratch\nCOPY wild/*/in/*.sh /\n",
    "wild/x/in/five.sh": "echo\n",
}
IMAGES = (
    image("web"),
    image("job", contexts=(NamedContext("lib", "folder", "lib"),)),
    image("child"),
    image("linking", root=""),
    image("wild", root=""),
)


@pytest.mark.parametrize(
    ("path", "concerned"),
    [
        (".gitattributes", {"web", "job", "child", "linking", "wild"}),
        ("web/.gitattributes", {"web", "child"}),
        ("lib/.gitattributes", {"job"}),
        ("web/deep/.gitattributes", {"web", "child"}),
        ("web/deep/src/.gitattributes", {"web", "child"}),
        ("web/deep/src/a/.gitattributes", {"web", "child"}),
        ("web/deep/src/a/b/.gitattributes", {"web", "child"}),
        ("web/deep/src/ignored/.gitattributes", set()),
        ("web/deeper/.gitattributes", set()),
        ("web/empty/.gitattributes", set()),
        ("webs/.gitattributes", set()),
        ("job/to/.gitattributes", {"linking"}),
        ("wild/.gitattributes", {"wild"}),
        ("wild/x/.gitattributes", {"wild"}),
        ("wild/y/.gitattributes", set()),
        ("other.gitattributes", set()),
    ],
)
def test_images_with_a_context_there_are_affected(path: str, concerned: set[str]) -> None:
    states = [FILES, *(FILES | {path: text} for text in ("*.sh eol=crlf\n", "*.sh eol=lf\n", "*.sh diff\n"))]
    same = {(0, 3), (3, 0)}
    for (one, before), (two, after) in itertools.permutations(enumerate(states), 2):
        expected = set() if (one, two) in same else concerned
        assert set(compare(before, after, *IMAGES).reasons) == expected
        old, new = graph(before, *IMAGES), graph(after, *IMAGES)
        # Made from the graph before it is the same graph.
        made = refresh(old, None, MemoryTree(after), changes(before, after))
        found = affected([old], made, [changes(before, after)])
        assert set(found.reasons) == expected
        assert unread(changes(before, after), old, made, found.idle) == (() if expected else (path,))
        for name, node in new.nodes.items():
            assert made.nodes[name].outline == node.outline
            assert made.nodes[name].fingerprint == node.fingerprint
            assert (old.nodes[name].fingerprint != node.fingerprint) == (name in expected)


def test_git_reads_one_that_is_executable_too() -> None:
    before, after = (FILES | {"lib/.gitattributes": ("exec", f"*.sh eol={each}\n")} for each in ("lf", "crlf"))
    assert set(compare(before, after, *IMAGES).reasons) == {"job"}


def test_it_is_said_why() -> None:
    after = FILES | {".gitattributes": "*.sh eol=crlf\n"}
    found = compare(FILES, after, *IMAGES).reasons
    assert [(each.kind, each.path) for each in found["web"]] == [("definition-changed", ".gitattributes")]
    child = [("definition-changed", None), ("parent-affected", "web")]  # its Dockerfile lies below as well
    assert [(each.kind, each.parent) for each in found["child"]] == child
    made = graph(after, *IMAGES)
    assert [(each.image, each.via) for each in readers(made, ".gitattributes")] == [
        ("child", "definition"),
        ("job", "definition"),
        ("linking", "definition"),
        ("web", "definition"),
        ("wild", "definition"),
    ]
    assert ".gitattributes" in read_paths([made])
    assert ".gitattributes" not in read_paths([graph(FILES | {".gitattributes": "*.sh diff\n"}, *IMAGES)])


def test_the_file_that_changed_is_named() -> None:
    before = FILES | {".gitattributes": "* -text\n", "web/.gitattributes": "* text\n"}
    found = compare(before, before | {"web/.gitattributes": "*.sh text\n"}, *IMAGES).reasons
    assert [(each.kind, each.path) for each in found["web"]] == [("definition-changed", "web/.gitattributes")]


def test_a_macro_may_have_a_harmless_name() -> None:
    for macro in ("diff", "linguist-x"):
        before = FILES | {".gitattributes": f"[attr]{macro} eol=crlf\n"}
        after = before | {"web/.gitattributes": f"*.sh {macro}\n"}
        assert set(compare(before, after, *IMAGES).reasons) == {"web", "child"}
        made = refresh(graph(before, *IMAGES), None, MemoryTree(after), changes(before, after))
        assert made.nodes["web"].fingerprint == graph(after, *IMAGES).nodes["web"].fingerprint
        assert made.nodes["web"].fingerprint != graph(before, *IMAGES).nodes["web"].fingerprint
    assert not misnamed(b"[attr]mine text\n[attr]\n*.sh diff\n")


def test_what_is_too_big_to_read_counts_whole() -> None:
    harmless = "*.sh diff\n" * (MOST_BYTES // 10)
    small, big, other = (FILES | {".gitattributes": harmless + more} for more in ("", "x diff\n", "y diff\n"))
    assert compare(small, FILES, *IMAGES).reasons == {}
    for before, after in ((small, big), (big, other)):
        assert set(compare(before, after, *IMAGES).reasons) == {each.name for each in IMAGES}
    nested = big | {"web/.gitattributes": "*.sh diff\n"}
    assert set(compare(big, nested, *IMAGES).reasons) == {"web", "child"}, "diff may be a macro there"


def test_a_link_says_nothing() -> None:
    # What a link holds is where it points: here it reads like a line.
    linked = FILES | {".gitattributes": ("link", "web/attributes text"), "web/attributes text": "*.sh eol=crlf\n"}
    assert compare(FILES, linked, *IMAGES).reasons == {}


HEREDOC = "FROM scratch\nCOPY <<EOF /x\na\nEOF\n"


@pytest.mark.parametrize("linked", [False, True])
def test_a_dockerfile_is_checked_out_as_well(linked: bool) -> None:
    files = FILES | {"away/Dockerfile": HEREDOC}
    if linked:
        files = FILES | {"away/Dockerfile": ("link", "there/Dockerfile"), "away/there/Dockerfile": HEREDOC}
    there = image("away", root="job")
    for folder, concerned in (("", True), ("away/there/", linked), ("away/", True), ("job/", False)):
        after = files | {f"{folder}.gitattributes": "Dockerfile eol=crlf\n"}
        expected = {"away"} if concerned else set()
        assert set(compare(files, after, there).reasons) == expected
        old = graph(files, there)
        made = refresh(old, None, MemoryTree(after), changes(files, after))
        found = affected([old], made, [changes(files, after)])
        assert set(found.reasons) == expected
        assert bool(unread(changes(files, after), old, made, found.idle)) != concerned


@pytest.mark.parametrize("other", [("link", "go.sh"), ("submodule", "1" * 40)])
def test_what_is_no_file_any_more_says_nothing(other: tuple[str, str]) -> None:
    path = "lib/.gitattributes"  # which no source is near
    file, none = FILES | {path: "*.sh eol=crlf\n"}, FILES | {path: other}
    for before, after in ((file, none), (none, file)):
        assert set(compare(before, after, *IMAGES).reasons) == {"job"}
        old = graph(before, *IMAGES)
        made = refresh(old, None, MemoryTree(after), changes(before, after))
        assert set(affected([old], made, [changes(before, after)]).reasons) == {"job"}


def test_a_context_that_may_be_read_is_read() -> None:
    # What ${FOO} is decides alpine, so all of the build's context counts beside the one that is named.
    files = FILES | {"x/Dockerfile": "FROM alpine\nCOPY --from=lib ${FOO} /\n", "deep/job/x": ""}
    doubtful = image("x", root="deep/job", contexts=(NamedContext("lib", "folder", "lib"),))
    assert {each.context for each in graph(files, doubtful).nodes["x"].outline.reads} == {"lib"}
    assert set(compare(files, files | {"deep/.gitattributes": "* text\n"}, doubtful).reasons) == {"x"}


def test_a_change_that_means_the_same_is_told_as_one() -> None:
    made = graph(FILES | {".gitattributes": "*.sh diff\n"}, *IMAGES)
    assert exclusion(made, "web", ".gitattributes").kind == "definition"
    assert exclusion(made, "web", "lib/.gitattributes").kind == "outside"


def test_whoever_takes_files_otherwise_now_is_checked_out_otherwise() -> None:
    path = "web/deeper/.gitattributes"
    without = FILES | {path: "*.sh eol=crlf\n"}
    taking = without | {"web/Dockerfile": "FROM scratch\nCOPY deeper /\n"}
    for before, after, taken in ((without, taking, True), (taking, without, False)):
        old = graph(before, *IMAGES)
        made = refresh(old, None, MemoryTree(after), changes(before, after))
        for each, held in ((old, not taken), (made, taken), (graph(after, *IMAGES), taken)):
            assert each.owns(path, MemoryTree(after).entry(path)) == held
            assert [*each.checked_out_by(path)] == (["web"] if held else [])
        assert made.nodes["web"].fingerprint == graph(after, *IMAGES).nodes["web"].fingerprint
        found = affected([old], made, [changes(before, after)]).reasons["web"]
        assert path not in {each.path for each in found}, "it says what it said"
