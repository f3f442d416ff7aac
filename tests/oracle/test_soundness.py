"""Random monorepos, random edits: what is not affected builds to the same image, from its context or from everything.

The oracle is the embedded builder, which knows nothing of reads and fingerprints: it gets the whole context root, minus
the ignore file, and executes the instructions. (That it builds what BuildKit builds is shown in tests/builders/oci.)
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.builders.oci.builder import assemble
from mbuild.builders.oci.descriptor import Descriptor
from mbuild.builders.oci.layout import Layout
from mbuild.dockerfile.ignore import IgnoreMatcher
from mbuild.dockerfile.model import Platform
from mbuild.errors import DockerfileError, MbuildError
from mbuild.graph.affected import affected
from mbuild.graph.build import build_graph
from mbuild.graph.inputs import listing
from mbuild.graph.model import ContextUse
from mbuild.graph.node import Graph, Node
from mbuild.graph.places import ignore_lines
from mbuild.images import ImageDef, NamedContext, Project
from mbuild.tree import Entry, decode
from tests.trees import MemoryTree

Value = str | tuple[str, str]
Files = dict[str, Value]

EXAMPLES = int(os.environ.get("MBUILD_ORACLE_EXAMPLES", "150"))
"""How many monorepos each test makes up: a small share by default, thousands on demand."""

PATHS = ["x", "y.md", "lib/a", "lib/b.md", "lib/deep/c", "src/main", "src/run", "conf", "data/k", "Dockerfile"]
LINES = [
    "COPY x /",
    "COPY . /all/",
    "COPY lib /lib/",
    "COPY lib/*.md conf* /docs/",
    "COPY src/ ./src/",
    "COPY --exclude=*.md lib /l/",
    "COPY --parents lib/deep/c /p/",
    "COPY --chmod=0755 conf /bin/conf",
    "COPY now/ /now/",
    "COPY $WHAT /what/",
    "COPY --from=extra . /extra/",
    "COPY --from=shop/base / /base/",
    "COPY <<EOF /doc\nhello $WHAT\nEOF",
    "ADD conf data /add/",
    "ENV WHAT=lib",
    "ARG WHAT=src",
    "ARG WHAT",
    "WORKDIR /w",
    "LABEL a=$WHAT",
    "ONBUILD COPY conf /onbuild/",
    "# a comment",
    "FROM scratch AS other",
    "USER 1:1",
]
IGNORES = ["", "*.md\n", "lib\n!lib/deep\n", "**/c\n# no\n", "*\n!src\n", "Dockerfile*\n"]
ATTRIBUTES = [f"{folder}.gitattributes" for folder in ("", "base/", "one/", "one/lib/", "two/lib/deep/", "shared/")]
CONVERSIONS = ["* text eol=crlf\n", "*.md text eol=crlf\n", "* diff\n", "[attr]diff eol=crlf\n", "# none\n"]
VALUES: list[Value] = ["1", "2", "two\n", ("exec", "1"), ("link", "lib"), ("link", "../x")]

dockerfiles = st.builds(
    lambda base, lines, end: f"FROM {base} AS s\n" + "\n".join([*lines, f"FROM {end}", *lines[:2]]) + "\n",
    st.sampled_from(["scratch", "shop/base"]),
    st.lists(st.sampled_from(LINES), max_size=6),
    st.sampled_from(["s", "s", "s", "scratch"]),
)
trees = st.dictionaries(st.sampled_from(PATHS[:-1]), st.sampled_from(VALUES), min_size=3)


@st.composite
def monorepos(draw: st.DrawFn) -> Files:
    files: Files = {}
    for name in ("base", "one", "two"):
        files |= {f"{name}/{path}": value for path, value in draw(trees).items()}
        files[f"{name}/now"] = ("link", draw(st.sampled_from(["lib", "src", "lib/deep", "nowhere"])))
        files[f"{name}/.dockerignore"] = draw(st.sampled_from(IGNORES))
        text = draw(dockerfiles)
        files[f"{name}/Dockerfile"] = text.replace("shop/base", "scratch") if name == "base" else text
    files |= draw(st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from(CONVERSIONS), max_size=2))
    return files | {"shared/e": "1", "shared/f": "two\n", "README": "1"}


@st.composite
def edited(draw: st.DrawFn, files: Files) -> Files:
    after = dict(files)
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(sorted(after)))
        kind = draw(st.sampled_from(["write", "write", "delete", "rename", "add", "definition", "attributes"]))
        folder = path.split("/")[0]
        if kind == "definition" and folder in ("one", "two"):
            after[f"{folder}/.dockerignore"] = draw(st.sampled_from(IGNORES))
            after[f"{folder}/Dockerfile"] = draw(dockerfiles)
        elif kind == "attributes":
            after[draw(st.sampled_from(ATTRIBUTES))] = draw(st.sampled_from(CONVERSIONS))
        elif kind == "add":
            after[f"{folder}/{draw(st.sampled_from(['new', 'lib.new', 'z.md']))}"] = "new"
        elif path.endswith("Dockerfile"):
            after[path] = f"# {draw(st.integers())}\n{after[path]}"
        elif kind == "write":
            after[path] = "" if path.endswith("ignore") else draw(st.sampled_from(VALUES))
        else:
            value = after.pop(path)
            if kind == "rename":
                after[f"{path}.moved"] = value
    return without_shadows(after)


def without_shadows(files: Files) -> Files:
    """Leave out what lies below something that is no folder: no file system holds that."""
    return {path: value for path, value in files.items() if not any(path.startswith(f"{other}/") for other in files)}


def definitions(args: Sequence[str]) -> tuple[ImageDef, ...]:
    extra = (NamedContext("extra", "folder", "shared"),)
    return tuple(
        ImageDef(
            name, f"shop/{name}", f"{name}/Dockerfile", name, args=(("WHAT", what),) if what else (), contexts=extra
        )
        for name, what in zip(("base", "one", "two"), args, strict=True)
    )


def graph_of(files: Files, images: Iterable[ImageDef]) -> Graph | None:
    """Return the graph, or None where a Dockerfile is refused: then nothing is claimed."""
    try:
        return build_graph(Project(tuple(images)), MemoryTree(files), "linux/amd64")
    except DockerfileError:
        return None


@dataclass(frozen=True)
class Everything:
    """A whole folder of a tree as a builder's context."""

    tree: MemoryTree
    root: str
    listed: tuple[Entry, ...]
    known_folders: tuple[str, ...] = ()

    def entries(self) -> Sequence[Entry]:
        return [replace(each, size=size) for each, size in zip(self.listed, self.tree.sizes(self.listed), strict=True)]

    def folders(self) -> Sequence[str]:
        parents = {each.path.rpartition("/")[0] for each in self.listed} | set(self.known_folders)
        return sorted(parents - {""})

    def open(self, entry: Entry) -> BinaryIO:
        return self.tree.open(entry)

    def link(self, entry: Entry) -> str:
        return decode(self.tree.read(entry))


def whole(tree: MemoryTree, use: ContextUse) -> Everything:
    lines = ignore_lines(tree, use.ignore)
    matcher = IgnoreMatcher(lines) if lines else None
    listed = listing(tree, use.root)
    folders = {each.path.rpartition("/")[0] for each in listed}
    kept = tuple(each for each in listed if matcher is None or not matcher.ignored(each.path))
    return Everything(
        tree, use.root, kept, tuple(each for each in folders if matcher is None or not matcher.ignored(each))
    )


def minimal(tree: MemoryTree, use: ContextUse) -> Everything:
    return Everything(tree, use.root, use.entries, use.folders)


def built(files: Files, graph: Graph, folder: Path, *, everything: bool) -> Mapping[str, str]:
    """Return for every image the digest it builds to, or "failed"."""
    tree, found = MemoryTree(files), {}
    layout = Layout(folder).open_or_create()
    made: dict[str, Descriptor] = {}
    for name in graph.order:
        node = graph.nodes[name]
        context = whole if everything else minimal
        found[name] = _built(node, layout, made, {use.name: context(tree, use) for use in node.contexts})
    return found


def _built(node: Node, layout: Layout, made: dict[str, Descriptor], contexts: Mapping[str, Everything]) -> str:
    if node.missing or any(parent not in made for parent in node.parents):
        # A wildcard in a folder of which nothing is sent fails in BuildKit, and is fine where the folder is there.
        return "failed"
    # Without the variables that only an engine could know, a doubtful Dockerfile reads nothing in particular.
    try:
        done = assemble(
            replace(node.recipes[0], reads=()),
            image=node.name,
            names=[f"{node.name}:x"],
            contexts=contexts,
            parents=made.__getitem__,
            layout=layout,
            labels={},
            platform=Platform(),
            epoch=0,
            emit=lambda text: None,
            cancelled=lambda: False,
        )
    except MbuildError:
        return "failed"
    descriptor = layout.find(f"{node.name}:x")
    assert descriptor is not None
    made[node.name] = descriptor
    return done.digest


@settings(max_examples=EXAMPLES)
@given(st.data())
def test_not_affected_means_the_same_image(data: st.DataObject) -> None:
    before = without_shadows(data.draw(monorepos()))
    after = data.draw(edited(before))
    args = [data.draw(st.sampled_from(["", "", "lib", "src"])) for _ in range(3)]
    old, new = graph_of(before, definitions(args)), graph_of(after, definitions(args))
    if old is None or new is None:
        return
    reasons = affected([old], new).reasons
    with tempfile.TemporaryDirectory() as scratch:
        was = built(before, old, Path(scratch, "a"), everything=True)
        now = built(after, new, Path(scratch, "b"), everything=True)
    for name in new.nodes:
        assert name in reasons or was[name] == now[name], name


@settings(max_examples=EXAMPLES)
@given(monorepos(), st.lists(st.sampled_from(["", "", "lib", "src"]), min_size=3, max_size=3))
def test_the_context_is_all_that_an_image_needs(files: Files, args: Sequence[str]) -> None:
    files = without_shadows(files)
    graph = graph_of(files, definitions(args))
    if graph is None:
        return
    with tempfile.TemporaryDirectory() as scratch:
        full = built(files, graph, Path(scratch, "a"), everything=True)
        small = built(files, graph, Path(scratch, "b"), everything=False)
    assert small == full
