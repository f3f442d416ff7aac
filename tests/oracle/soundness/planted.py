"""Bugs to plant: what change detection has got wrong elsewhere, or could here, each as one replaced function."""

from __future__ import annotations

import importlib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.oracle.soundness.asking import DISK, LIST, PLAIN
from tests.oracle.soundness.chain import KINDS
from tests.oracle.soundness.patterns import is_wild

Replace = Callable[[Any], Callable[..., Any]]
"""Takes the function that is there and returns the one to put in its place."""


@dataclass(frozen=True)
class Bug:
    """module and name say what is replaced. how: the way of asking in which it shows; kinds: the edits to try first.

    plain: it shows where Dockerfiles are plain.
    """

    module: str
    name: str
    replacement: Replace
    how: str = LIST
    kinds: tuple[str, ...] = ()
    plain: bool = False

    def first(self, *kinds: str) -> Bug:
        """Return it with the edits to try first."""
        assert set(kinds) <= set(KINDS)
        return replace(self, kinds=kinds)


class Planted:
    """A bug in its place. calls: how often the replaced function ran."""

    def __init__(self, bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
        """Plant it. Raises AttributeError where there is no such function (any more)."""
        self.calls = 0
        holder: Any = importlib.import_module(bug.module)
        *path, name = bug.name.split(".")
        for each in path:
            holder = getattr(holder, each)
        broken = bug.replacement(getattr(holder, name))

        def counted(*args: Any, **options: Any) -> Any:
            self.calls += 1
            return broken(*args, **options)

        monkeypatch.setattr(holder, name, counted)


def _without_edges(kind: str) -> Bug:
    def broken(edges: Any) -> Any:
        return lambda *args: tuple(each for each in edges(*args) if each.kind != kind)

    return Bug("mbuild.graph.outlines", "_edges", broken)


def _entries(seen: Callable[[str, int, str], object]) -> Bug:
    """Return a bug in what of each file is compared: changes between files that look the same are overlooked."""

    def looks(entry: Any) -> object:
        return seen(entry.path, entry.mode, entry.oid) if entry is not None else None

    def broken(between: Any) -> Any:
        def found(*trees: Any) -> Any:
            changes = between(*trees)
            gone, come = {looks(each.old) for each in changes}, {looks(each.new) for each in changes}

            def overlooked(change: Any) -> bool:
                stays = change.old is None or looks(change.old) in come
                return stays and (change.new is None or looks(change.new) in gone)

            return [each for each in changes if not overlooked(each)]

        return found

    return Bug("mbuild.git.diff", "_between", broken)


def _not_when(excused: Callable[[Any], bool]) -> Bug:
    """Return a bug that lets an image pass when its reasons look harmless."""

    def broken(compare: Any) -> Any:
        def compared(*args: Any) -> Any:
            reasons = compare(*args)
            return () if reasons and excused(reasons) else reasons

        return compared

    return Bug("mbuild.graph.affected", "_Comparison._reasons", broken)


def _only_deletions(reasons: Any) -> bool:
    return all(each.change == "deleted" for each in reasons)


def _only_additions(reasons: Any) -> bool:
    return all(each.change == "added" for each in reasons)


def _looks_renamed(reasons: Any) -> bool:
    return sorted(each.change or "" for each in reasons) == ["added", "deleted"]


def _with(**options: object) -> Replace:
    """Call it with other named arguments."""
    return lambda function: lambda *args, **given: function(*args, **{**given, **options})


def _returning(value: object) -> Replace:
    return lambda _: lambda *args, **options: value


def _first_file(file: Any) -> Any:
    """Read build.yaml once, and take it for that of both trees."""
    known: dict[int, tuple[Any, Any]] = {}

    def once(workspace: Any, tree: Any) -> Any:
        return known.setdefault(id(workspace), (workspace, file(workspace, tree)))[1]

    return once


def _by_path(read: Any) -> Any:
    """Remember Dockerfiles by their path, whatever they hold."""
    known: dict[str, Any] = {}
    return lambda data, path: known.setdefault(path, read(data, path))


def _unfollowed(follow: Any) -> Any:
    from mbuild.context.follow import Followed

    return lambda source, lookup, link_target: Followed((source,), (source,))


def _without_documents(operation: Any) -> Any:
    return lambda each: operation(replace(each, heredocs=()))


def _quoted(decode: Any) -> Any:
    """Take names as git prints them without ``-z``."""

    def quoted(raw: bytes) -> str:
        if raw.isascii() and not set(raw) & set(b'"\\\t\n'):
            return str(decode(raw))
        return '"' + "".join(chr(each) if 32 <= each < 127 else f"\\{each:03o}" for each in raw) + '"'

    return quoted


def _without_exceptions(parse: Any) -> Any:
    return lambda *args: tuple(each for each in parse(*args) if not each.pattern.startswith("!"))


def _as_it_stands(_: Any) -> Any:
    return lambda text: text


def _dots_kept(_: Any) -> Any:
    """Look for sources as they are written. Replaces what remembers its answers, so that no other test meets them."""
    from mbuild.context.cover import sought
    from mbuild.context.follow import Part

    def looked_for(source: str) -> Any:
        parts = tuple(Part(each, is_wild(each)) for each in source.split("/") if each)
        return parts, sought(parts)

    return looked_for


def _main_ignore_file(ignore: Any) -> Any:
    return lambda places, context, root, dockerfile: ignore(places, context, root, None)


def _no_default(value: Any) -> Any:
    return lambda name, default, scope: value(name, default, scope) if default is not None else (None, frozenset())


def _first_source(copied: Any) -> Any:
    return lambda *args: [replace(each, sources=each.sources[:1]) for each in copied(*args)]


def _without_test(written: Any) -> Any:
    return lambda definition: written(replace(definition, test=None))


def _only_copy(copied: Any) -> Any:
    return lambda operation, *args: [] if operation.keyword == "ADD" else copied(operation, *args)


def _forgetting(**lost: object) -> Replace:
    """Take an image's definition as if it did not say something."""
    return lambda brief: lambda plain, file, definition, *args: brief(plain, file, replace(definition, **lost), *args)


def _in_plain(module: str, name: str, replacement: Replace, *kinds: str) -> Bug:
    return replace(Bug(module, name, replacement).first(*kinds), plain=True)


def _build_context_only(context: Any) -> Any:
    return lambda origin: None if origin.word else context(origin)


def _as_in_index(line: Any) -> Any:
    """Take what is staged for what is on disk."""
    return lambda edits, each: line(edits, replace(each, state="staged") if each.state == "disk" else each)


def _no_deletions(changes: Any) -> Any:
    return lambda edits: {path: each for path, each in changes(edits).items() if each.kind != "deleted"}


def _clean_module(inside: Any) -> Any:
    return lambda repository, disk, path, recorded: replace(inside(repository, disk, path, recorded), oid=recorded)


LINK, FILE, EXECUTABLE, SUBMODULE = 0o120000, 0o100644, 0o100755, 0o160000

BUGS: Mapping[str, Bug] = {
    "deletions ignored": _not_when(_only_deletions).first("delete", "delete a folder"),
    "additions ignored": _not_when(_only_additions).first("add", "add a folder", "copy", "add an odd name"),
    "rename detection followed": _not_when(_looks_renamed).first("rename", "rename by case", "rename across images"),
    "modes ignored": _entries(lambda path, _, oid: (path, oid)).first("exec bit"),
    "links taken for files": _entries(lambda path, mode, oid: (path, FILE if mode == LINK else mode, oid)).first(
        "link or file of the same bytes"
    ),
    "paths without case": _entries(lambda path, mode, oid: (path.lower(), mode, oid)).first("rename by case"),
    "names normalised": _entries(lambda path, mode, oid: (unicodedata.normalize("NFC", path), mode, oid)).first(
        "rename by normal form"
    ),
    "content ignored": _entries(lambda path, mode, _: (path, mode)),
    "submodules forgotten": _entries(lambda path, mode, oid: (path, mode, "" if mode == SUBMODULE else oid)).first(
        "submodule"
    ),
    "names quoted": Bug("mbuild.git.diff", "decode", _quoted).first("add an odd name", "rename by normal form"),
    "ignore file of the Dockerfile forgotten": Bug("mbuild.graph.places", "Places._ruled", _main_ignore_file).first(
        "ignore file added or removed", "ignore pattern added", "ignore pattern removed"
    ),
    "exceptions of ignore files forgotten": Bug("mbuild.graph.places", "parse_ignore", _without_exceptions).first(
        "ignore pattern removed", "ignore patterns turned round", "ignore file added or removed", "write", "add"
    ),
    "patterns taken as written": Bug("mbuild.dockerfile.ignore", "ignore_pattern", _as_it_stands).first(
        "include", "exclude", "write", "add"
    ),
    "sources taken as written": Bug("mbuild.graph.filing", "_looked_for", _dots_kept).first(
        "write", "append", "line ends", "write the same size"
    ),
    "bind mounts forgotten": Bug("mbuild.dockerfile.reads", "_mounts", _returning([])),
    "ADD forgotten": Bug("mbuild.dockerfile.reads", "_copy", _only_copy).first(
        "write", "append", "line ends", "write the same size"
    ),
    "all sources but the first forgotten": Bug("mbuild.dockerfile.reads", "_copy", _first_source).first(
        "write", "append", "line ends", "write the same size"
    ),
    "heredocs ignored": Bug("mbuild.graph.fingerprint", "operation", _without_documents).first("heredoc"),
    "ONBUILD forgotten": Bug("mbuild.dockerfile.triggers", "_triggers", _returning(())).first(
        "write", "write the same size", "append", "exec bit", "line ends"
    ),
    "parents of FROM forgotten": _without_edges("from"),
    "parents of COPY --from forgotten": _without_edges("copy"),
    "parents of mounts forgotten": _without_edges("mount").first("write", "append"),
    "parents of named contexts forgotten": _without_edges("context").first(
        "write", "write the same size", "append", "exec bit", "line ends", "delete"
    ),
    "depends_on forgotten": _without_edges("declared").first("depends_on"),
    "named folders forgotten": Bug("mbuild.dockerfile.reads", "_context", _build_context_only).first(
        "named context", "write", "append"
    ),
    "global ARG forgotten": Bug("mbuild.dockerfile.operations", "_arg_value", _no_default).first("global ARG changed"),
    "args forgotten": Bug("mbuild.graph.recipes", "evaluate", _with(args={})).first("args"),
    "target forgotten": Bug("mbuild.graph.recipes", "evaluate", _with(target=None)).first("target"),
    "args forgotten in plain Dockerfiles": _in_plain("mbuild.graph.plain", "Plain.brief", _forgetting(args=()), "args"),
    "target forgotten in plain Dockerfiles": _in_plain(
        "mbuild.graph.plain", "Plain.brief", _forgetting(target=None), "target"
    ),
    "words with variables taken as written": _in_plain(
        "mbuild.graph.plainline", "is_plain", _returning(True), "args", "global ARG changed"
    ),
    "lines of plain Dockerfiles read nothing": _in_plain(
        "mbuild.graph.plainline", "_read", _returning(None), "write", "append"
    ),
    "tests forgotten": Bug("mbuild.graph.fingerprint", "_tests", _returning(())).first("test"),
    "tests not compared": Bug("mbuild.graph.defined", "written", _without_test).first("test"),
    "links not followed": Bug("mbuild.graph.filing", "follow", _unfollowed).first(
        "link elsewhere", "write behind a link"
    ),
    "links that change overlooked": Bug("mbuild.graph.index", "Index.near", _returning(set())).first(
        "submodule", "link elsewhere", "file to link", "link to file", "link or file of the same bytes"
    ),
    "changed Dockerfiles not read again": Bug("mbuild.graph.refresh", "_touched", _returning(())),
    "changed definitions not read again": Bug("mbuild.app.graphs", "Graphs._redefined", _returning(False)).first(
        "args", "target", "named context"
    ),
    "build.yaml of head for the base": Bug("mbuild.app.workspace", "Workspace._file", _first_file),
    "other definitions taken for the same": Bug(
        "mbuild.graph.refresh", "_redefined", lambda _: lambda base, now: iter(())
    ),
    "Dockerfiles remembered by path": Bug("mbuild.graph.recipes", "read", _by_path),
    "untracked files ignored": Bug("mbuild.git.edits", "Edits._untracked", _returning(None), DISK).first(
        "add", "add a folder", "copy"
    ),
    "unstaged edits ignored": Bug("mbuild.git.edits", "Edits.line", _as_in_index, DISK),
    "deletions on disk ignored": Bug("mbuild.git.edits", "Edits.changes", _no_deletions, DISK).first(
        "delete", "delete a folder"
    ),
    "exec bit on disk ignored": Bug("mbuild.git.edits", "mode_of", _returning(FILE), DISK).first("exec bit"),
    "edits in a submodule ignored": Bug("mbuild.git.edits", "inside", _clean_module, DISK),
}

SHOWN: dict[str, int] = {
    "exceptions of ignore files forgotten": 11,
    "bind mounts forgotten": 1,
    "all sources but the first forgotten": 26,
    "parents of FROM forgotten": 1,
    "parents of mounts forgotten": 1,
    "parents of named contexts forgotten": 30,
    "named folders forgotten": 9,
    "args forgotten in plain Dockerfiles": PLAIN + 4,
    "words with variables taken as written": PLAIN + 4,
    "lines of plain Dockerfiles read nothing": PLAIN + 11,
    "links not followed": 39,
    "links that change overlooked": 8,
    "build.yaml of head for the base": 1,
    "other definitions taken for the same": 1,
}
"""A chain in which a rare one shows: it is looked at before others, of which each takes a second to make."""
