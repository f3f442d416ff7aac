"""Defects to plant in mbuild: what the comparison has to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mbuild.app import requests, running
from mbuild.builders.protocol import BuildRequest
from mbuild.context import headers, stage
from mbuild.context import select as selecting
from mbuild.context.follow import Followed
from mbuild.context.select import Selection
from mbuild.dockerfile import ignore
from mbuild.dockerfile.model import Inherited
from mbuild.graph import inputs, places
from mbuild.graph.recipes import _Asking

Plant = Callable[[pytest.MonkeyPatch], None]


def _selection(patch: pytest.MonkeyPatch, change: Callable[[Selection], Selection]) -> None:
    real = selecting.select
    patch.setattr(inputs, "select", lambda *args: change(real(*args)))


def _arguments(patch: pytest.MonkeyPatch, change: Callable[..., tuple[Any, ...]]) -> None:
    real = selecting.select
    patch.setattr(inputs, "select", lambda *args: real(*change(*args)))


def _request(patch: pytest.MonkeyPatch, change: Callable[[BuildRequest], BuildRequest]) -> None:
    real = requests.request
    patch.setattr(running, "request", lambda *args, **options: change(real(*args, **options)))


def one_file_less(patch: pytest.MonkeyPatch) -> None:
    _selection(patch, lambda found: replace(found, entries=found.entries[:-1]))


def no_exec_bits(patch: pytest.MonkeyPatch) -> None:
    real = headers.Headers.file
    patch.setattr(headers.Headers, "file", lambda self, name, size, mode: real(self, name, size, 0o644))
    patch.setattr(stage, "_mode", lambda entry: 0o644)


def no_reinclusion(patch: pytest.MonkeyPatch) -> None:
    real = ignore.parse_ignore
    patch.setattr(places, "parse_ignore", lambda *a: tuple(e for e in real(*a) if not e.pattern.startswith("!")))


def no_ignore_file(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(places, "parse_ignore", lambda *args: ())


def wrong_ignore_file(patch: pytest.MonkeyPatch) -> None:
    real = places.Places._ruled
    patch.setattr(places.Places, "_ruled", lambda self, context, root, dockerfile: real(self, context, root, None))


def no_bind_mounts(patch: pytest.MonkeyPatch) -> None:
    _arguments(patch, lambda listing, reads, *rest: (listing, [e for e in reads if e.keyword != "RUN"], *rest))


def no_wildcards(patch: pytest.MonkeyPatch) -> None:
    def change(listing: Any, reads: Any, *rest: Any) -> tuple[Any, ...]:
        kept = [replace(e, sources=tuple(s for s in e.sources if "*" not in s)) for e in reads]
        return (listing, kept, *rest)

    _arguments(patch, change)


def no_followed_links(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(selecting, "follow", lambda source, *_: Followed((source,), (source,)))


def no_links(patch: pytest.MonkeyPatch) -> None:
    _selection(patch, lambda found: replace(found, entries=tuple(e for e in found.entries if not e.is_link)))


def no_empty_folders(patch: pytest.MonkeyPatch) -> None:
    _selection(patch, lambda found: replace(found, folders=()))


def no_named_contexts(patch: pytest.MonkeyPatch) -> None:
    real = inputs.Inputs.use

    def use(self: inputs.Inputs, definition: Any, place: Any, *rest: Any) -> Any:
        found = real(self, definition, place, *rest)
        return replace(found, pieces=()) if place.context else found

    patch.setattr(inputs.Inputs, "use", use)


def no_triggers(patch: pytest.MonkeyPatch) -> None:
    real = _Asking._inherited
    patch.setattr(_Asking, "_inherited", lambda *args: _without_triggers(real(*args)))


def _without_triggers(found: Inherited) -> Inherited:
    return replace(found, onbuild=())


def no_unpacking(patch: pytest.MonkeyPatch) -> None:
    _request(patch, lambda asked: replace(asked, dockerfile=asked.dockerfile.replace(b"ADD ", b"COPY ")))


def no_arguments(patch: pytest.MonkeyPatch) -> None:
    _request(patch, lambda asked: replace(asked, args={}))


def no_target(patch: pytest.MonkeyPatch) -> None:
    _request(patch, lambda asked: replace(asked, target=None))


PLANTS: dict[Plant, frozenset[str]] = {
    one_file_less: frozenset({"folder"}),
    no_exec_bits: frozenset({"exec bits"}),
    no_reinclusion: frozenset({"re-inclusion"}),
    no_ignore_file: frozenset({"everything", "own ignore file"}),
    wrong_ignore_file: frozenset({"everything", "own ignore file"}),
    no_bind_mounts: frozenset({"bind source"}),
    no_wildcards: frozenset({"glob *"}),
    no_followed_links: frozenset({"through link"}),
    no_links: frozenset({"stray link"}),
    no_empty_folders: frozenset({"everything", "emptied folder"}),
    no_named_contexts: frozenset({"named context"}),
    no_triggers: frozenset({"base"}),
    no_unpacking: frozenset({"ADD tar.xz"}),
    no_arguments: frozenset({"build argument"}),
    no_target: frozenset({"target"}),
}
"""The defect → the features of the cases that may show it."""
