"""Where the blocks of a bake file stand, whatever comments, texts and heredocs look like: held against buildx."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.app.discovering import bake
from mbuild.builders.buildx import find_docker
from mbuild.discovery.bakeoutline import blocks
from mbuild.errors import ConfigError

needs_buildx = pytest.mark.skipif(find_docker() is None, reason="no docker client has buildx, which evaluates HCL")

DECOY = 'target "decoy" {'
FRAGMENTS = [
    "/*",
    "*/",
    "#",
    "//",
    '"',
    "\n",
    f"\n{DECOY}\n",
    "}",
    "{",
    "${",
    "%{",
    "$",
    "%",
    "\\",
    "EOT",
    "\nEOT",
    "é",
    '\n  call = "check"\n',
    '\n  inherits = ["t0"]\n',
]
garbage = st.lists(st.sampled_from([*FRAGMENTS, " ", "x"]), max_size=8).map("".join)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    # A mark before a quote or a brace could begin something else.
    return '"' + escaped.replace("$", "$ ").replace("%", "% ").replace("$ {", "$${").replace("% {", "%%{") + '"'


def _heredoc(text: str, indented: bool) -> str:
    lines = text.replace("$", "$ ").replace("%", "% ").replace("$ {", "$${").replace("% {", "%%{").split("\n")
    body = "".join(f"{'.' if each.strip() == 'EOT' else ''}{each}\n" for each in lines)
    return f"<<-EOT\n{body}    EOT" if indented else f"<<EOT\n{body}EOT"


def _comment(text: str, kind: str) -> str:
    return f"/*{text.replace('*/', '')}.*/" if kind == "/*" else kind + text.replace("\n", " ") + "\n"


def _around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return expressions with others within them."""
    called = inner.map(lambda each: f"upper({each})")
    in_text = st.tuples(garbage, inner).map(lambda each: f'{_quoted(each[0])[:-1]} ${{{each[1]}}} tail"')
    in_heredoc = st.tuples(garbage, inner).map(
        lambda each: f"<<EOT\n{_heredoc(each[0], False)[6:-4]}\n ${{{each[1]}\n}}EOT\nEOT\n"
    )
    return called | in_text | in_heredoc.map(lambda each: f"upper({each})")


values = st.recursive(
    garbage.map(_quoted) | st.tuples(garbage, st.booleans()).map(lambda each: f"upper({_heredoc(*each)}\n)"),
    _around,
    max_leaves=4,
)
comments = st.tuples(garbage, st.sampled_from(["#", "//", "/*"])).map(lambda each: _comment(*each))
arguments = st.tuples(st.sampled_from(["A", "target", "call", "inherits"]), values).map(
    lambda each: "  {} = {}\n".format(*each)
)
maps = st.lists(arguments, max_size=2).map(lambda each: "args = {\n" + "".join(each) + "}\n")
bodies = st.tuples(comments, maps, st.none() | garbage).map(
    lambda each: (
        f"\n{each[0]}\n{each[1]}" + ("" if each[2] is None else f"dockerfile-inline = {_heredoc(each[2], True)}\n")
    )
)
files = st.lists(
    st.tuples(comments, st.sampled_from(['target "{}"', "target {}", 'target /*"*/ "{}" /*{{*/ ']), bodies),
    min_size=1,
    max_size=4,
)


def _text(parts: list[tuple[str, str, str]]) -> str:
    return "".join(
        f"{comment}\n{label.format(f't{number}')} {{{body}}}\n" for number, (comment, label, body) in enumerate(parts)
    )


@needs_buildx
@settings(max_examples=80, deadline=None)
@given(files)
def test_the_targets_are_those_that_buildx_knows(parts: list[tuple[str, str, str]]) -> None:
    text = _text(parts)
    names = [f"t{number}" for number in range(len(parts))]
    assert [each.name for each in blocks(text)] == names
    assert not any(each.inherits or each.asks for each in blocks(text))
    bake([("docker-bake.hcl", text.encode())], names)  # it knows all
    with pytest.raises(ConfigError, match="failed to find target decoy"):
        bake([("docker-bake.hcl", text.encode())], ["decoy"])
