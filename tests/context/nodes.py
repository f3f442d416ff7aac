"""Generated trees with the names and sizes that archives get wrong."""

from __future__ import annotations

from hypothesis import strategies as st

from mbuild.tree import EXECUTABLE, FILE, SYMLINK
from tests.context.folders import Node

_part = st.one_of(
    st.sampled_from(
        [b"a", b"b", b"a-b", b"a0", b"\xff\xfe", b"new\nline", b" ", b"-rf", b"\\", b'"', b"\xc3\xa9", b"*"]
    ),
    st.sampled_from([b"n" * 99, b"n" * 100, b"n" * 101, b"x" * 255, b"\xe9" * 130]),
    st.binary(min_size=1, max_size=6).map(lambda raw: raw.translate(None, b"/\0")).filter(lambda raw: raw.strip(b".")),
)
_path = st.lists(_part, min_size=1, max_size=6).map(b"/".join)
_size = st.one_of(st.sampled_from([0, 1, 511, 512, 513, 1023, 1024, 1025, 4096]), st.integers(0, 3000))
_content = st.builds(lambda size, seed: bytes((seed + at * 7) % 256 for at in range(size)), _size, st.integers(0, 255))
_target = st.one_of(_path, st.sampled_from([b"../" * 40 + b"x", b"t" * 100, b"t" * 101, b"/etc/passwd", b"\xff" * 99]))
_node: st.SearchStrategy[Node] = st.one_of(
    st.tuples(st.sampled_from([FILE, EXECUTABLE]), _content), st.tuples(st.just(SYMLINK), _target)
)


def _possible(found: dict[bytes, Node]) -> dict[bytes, Node]:
    """Leave out what lies below another entry."""
    kept: dict[bytes, Node] = {}
    for path, node in found.items():
        above = {path[:at] for at in range(len(path)) if path[at : at + 1] == b"/"}
        if not above & kept.keys() and not any(each.startswith(path + b"/") for each in kept):
            kept[path] = node
    return kept


trees: st.SearchStrategy[dict[bytes, Node]] = st.dictionaries(_path, _node, max_size=8).map(_possible)
