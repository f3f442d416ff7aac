"""An engine that is connected to ahead of time: the same engine, and the same error, once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mbuild.builders import engine
from mbuild.builders.early import Early
from mbuild.errors import EnvironmentFault


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Note every connection that is made, and whether it is open."""
    found: list[Any] = []

    def connect() -> Any:
        each = SimpleNamespace(open=True, listed=0)
        each.list_ahead = lambda: setattr(each, "listed", each.listed + 1)
        each.close = lambda: setattr(each, "open", False)
        found.append(each)
        return each

    monkeypatch.setattr(engine, "connect", connect)
    return found


def test_one_connection_is_made_however_often_it_is_begun(made: list[Any]) -> None:
    early = Early()
    early.begin()
    early.begin()
    assert early.connect() is made[0]
    early.close()
    assert [each.open for each in made] == [True], "whoever has taken it closes it"


def test_the_listing_is_asked_for_once_where_that_is_wanted(made: list[Any]) -> None:
    for listing in (False, True):
        early = Early()
        early.begin(listing=listing)
        early.begin(listing=True)
        early.close()
    assert [each.listed for each in made] == [0, 1]


def test_nothing_that_was_not_begun_is_needed(made: list[Any]) -> None:
    early = Early()
    assert early.connect() is made[0]
    early.close()


def test_a_connection_that_nobody_takes_is_closed(made: list[Any]) -> None:
    early = Early()
    early.begin()
    early.close()
    assert [each.open for each in made] == [False]


def test_no_engine_is_told_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bool] = []

    def connect() -> Any:
        tried.append(True)
        raise EnvironmentFault("no Docker Engine answers")

    monkeypatch.setattr(engine, "connect", connect)
    early = Early()
    early.begin()
    early.begin()
    with pytest.raises(EnvironmentFault, match="no Docker Engine answers"):
        early.connect()
    early.close()
    assert tried == [True], "an engine that says nothing is waited for once"
