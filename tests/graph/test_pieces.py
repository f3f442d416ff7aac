"""What images take from a context is shared between them, and yet what each would take alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.context.order import context_digest
from mbuild.context.select import Selection, select
from mbuild.dockerfile.model import Read
from mbuild.errors import Where
from mbuild.graph import inputs as module
from mbuild.graph import measuring
from mbuild.graph.attributes import Attributes
from mbuild.graph.fingerprint import FORMAT, encode, entries, identity
from mbuild.graph.inputs import Inputs, Wanted, link_target, listing, missing_of
from mbuild.graph.measuring import measure, measured
from mbuild.graph.model import ContextUse
from mbuild.graph.outline import Outline, Place
from mbuild.graph.pieces import Piece, Recent, digest, in_order
from mbuild.graph.places import Places
from mbuild.images import ImageDef
from mbuild.tree import FILE, Entry
from tests.graph.test_affected import graph, image
from tests.trees import MemoryTree

PATHS = (
    ".dockerignore", "a", "a-b/x", "a.md", "b/c/d", "b/c/e.md", "b/f", "b0", "d/\udcff", "d/\U0001f600", "d/\ue000",
    "e/only.md", "e/deep/one.md", "l/link", "l/other",
)  # fmt: skip
SOURCES = (
    "/", "a*", "*", "b", "b/c", "b/*", "b/c/e.md", "d", "d/*", "d/\udcff", "d/\ue000", "e", "e/deep", "**/*.md",
    "l/link", "l", "none", "!a", "a ", "*/none",
)  # fmt: skip
RULES = ("", "**/*.md\n", "b\n!b/c\n", "e/deep\n", "*\n!d\n!e\n")
EXCLUDES = ((), (), (), ("*.md",))

trees = st.lists(st.sampled_from(PATHS[1:]), unique=True).map(sorted)
reads = st.builds(
    Read,
    st.just(""),
    st.just("COPY"),
    st.lists(st.sampled_from(SOURCES), min_size=1, max_size=3).map(tuple),
    st.just(Where("Dockerfile", 1)),
    st.sampled_from(EXCLUDES),
)


def _tree(paths: Sequence[str], root: str, rules: str) -> MemoryTree:
    files: dict[str, str | tuple[str, str]] = {path: path for path in paths}
    if "l/link" in files:
        files["l/link"] = ("link", "../b")
    if rules:
        files[".dockerignore"] = rules
    return MemoryTree({f"{root}/{path}" if root else path: value for path, value in files.items()})


def _whole(tree: MemoryTree, places: Places, image: Wanted) -> Selection:
    """Return what is taken when the whole root is listed and all sources are looked at together."""
    root = image.place.root
    matcher = places.matcher(image.definition, image.place)
    return select(listing(tree, root), image.reads, matcher, lambda entry: link_target(tree, root, entry))


@settings(max_examples=400, deadline=None)
@given(trees, st.sampled_from(["", "r"]), st.sampled_from(RULES), st.lists(st.lists(reads, max_size=3), max_size=4))
def test_what_is_shared_is_what_each_takes_alone(
    paths: Sequence[str], root: str, rules: str, asked: Sequence[Sequence[Read]]
) -> None:
    tree = _tree(paths, root, rules)
    places = Places(tree)
    inputs = Inputs(tree, places, Attributes(tree, tree.scattered))
    ignore = f"{root}/.dockerignore" if root else ".dockerignore"
    place = Place("", root, ignore if rules else "", tree.entry(ignore))
    images = [Wanted(ImageDef("i", "i", "Dockerfile", root), place, tuple(each)) for each in asked]
    inputs.announce(images)
    inputs.expect(images)
    uses = [inputs.use(*each) for each in images]
    inputs.weigh(uses)
    for wanted, use in zip(images, uses, strict=True):
        found = _whole(tree, places, wanted)
        assert (use.entries, use.folders, use.whole) == (found.entries, found.folders, found.whole)
        assert use.missing == missing_of(found, "")
        _check_measured(tree, root, use)


def _check_measured(tree: MemoryTree, root: str, use: ContextUse) -> None:
    """See that what is made of pieces is what the reference says, made of all entries."""
    own = Outline(Entry("Dockerfile", FILE, ""), "meaning", (), (), (), (), (), (), ())
    got = measured(own, (use,))
    assert got.digests == (context_digest("", use.entries, use.folders),)
    assert (got.files, got.bytes) == (len(use.entries), sum(_size(tree, use.path(each)) for each in use.entries))
    plain = tuple((each.path, each.mode, each.oid) for each in use.entries)
    context = encode(("", use.folders, plain))
    assert b"".join((b"l3:", encode(""), encode(use.folders), b"l%d:" % len(plain), entries(use.entries))) == context
    whole = encode((FORMAT, "meaning", (("", use.folders, plain),)))
    assert got.identity == identity("meaning", (use,)) == hashlib.sha256(whole).hexdigest()


def _size(tree: MemoryTree, path: str) -> int:
    entry = tree.entry(path)
    assert entry is not None
    return len(tree.read(entry))


def test_pieces_that_reach_into_each_other_become_one() -> None:
    one, other, last = (_piece(*each) for each in (("a", "c/x"), ("b",), ("d",)))
    found = in_order([last, other, one, _piece()])
    assert [[each.path for each in piece.entries] for piece in found] == [["a", "b", "c/x"], ["d"]]
    assert found[1] is last
    assert in_order([_piece("b"), one, other])[0].entries == found[0].entries
    whole = _piece("a", "b", "c/x")
    assert in_order([one, other, whole]) == (whole,), "what holds the others is used as it is"


def test_the_digest_goes_by_the_bytes_of_names() -> None:
    pieces = in_order([_piece("d/\ue000"), _piece("d/\udcff")])
    assert len(pieces) == 2
    use = ContextUse("", "", pieces, ("d",))
    assert digest(use) == context_digest("", use.entries, use.folders)


def _piece(*paths: str) -> Piece:
    return Piece(tuple(Entry(path, FILE, "1" * 40) for path in paths))


def test_what_several_images_take_is_selected_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = _tree(PATHS[1:], "", "**/*.md\n")
    asked: list[str] = []
    real = select

    def counted(listing: Sequence[Entry], reads: Sequence[Read], *rest: object) -> Selection:
        asked.extend(source for read in reads for source in read.sources)
        return real(listing, reads, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "select", counted)
    inputs = Inputs(tree, Places(tree), Attributes(tree, tree.scattered))
    place = Place("", "", ".dockerignore", tree.entry(".dockerignore"))
    where = Where("Dockerfile", 1)
    images = [
        Wanted(ImageDef("i", "i", "Dockerfile", ""), place, (Read("", "COPY", (own, "b"), where),))
        for own in ("a", "d", "l")
    ]
    inputs.announce(images)
    uses = [inputs.use(*each) for each in images]
    assert sorted(asked) == ["a", "b", "d", "l"]
    inputs.use(*images[0])
    assert sorted(asked) == ["a", "a", "b", "d", "l"], "what one image alone takes is not kept"
    assert uses[0].pieces[-1] is uses[1].pieces[0]


def test_the_values_used_last_are_kept() -> None:
    recent: Recent[str, int] = Recent(2)
    for key, value in (("a", 1), ("b", 2)):
        recent.put(key, value)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert {key: recent.get(key) for key in "abc"} == {"a": 1, "b": None, "c": 3}


def test_many_images_are_measured_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever groups, and where what is found goes from one process to another. What few take is kept."""
    images = [image(f"i{number}", root="") for number in range(5)]
    files = {f"i{number}/Dockerfile": f"FROM scratch\nCOPY a{number} shared /\n" for number in range(5)}
    files |= {f"a{number}": str(number) for number in range(5)} | {"shared": "1"}
    names = [each.name for each in images]
    expected = []
    for name in names:
        alone = graph(files, *images)
        measure(alone, [name])
        expected.append(alone.nodes[name].measured)
        taken = [use.entries for use in vars(alone.nodes[name])["contexts"]]
        assert taken == [use.entries for use in graph(files, *images).nodes[name].contexts]
    monkeypatch.setattr(measuring, "TOGETHER", 2)
    together = graph(files, *images)

    def elsewhere(work: Any, items: Any, fewest: int, dump: Any, load: Any, pieces: int = 1) -> Any:
        return [load(dump(work(items[:3]))), load(dump(work(items[3:])))]

    measure(together, names, elsewhere)
    assert [together.nodes[name].measured for name in names] == expected
    assert len({each.identity for each in expected if each}) == 5
    assert [name for name in names if "contexts" in vars(together.nodes[name])] == names[3:]
