"""Pull requests through real clones; ``python -m tests.ci.clones`` prints them all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ci.clones import CLONES, play
from tests.ci.histories import HISTORIES, make
from tests.support import Repo


@pytest.mark.parametrize("history", HISTORIES, ids=lambda each: each.__name__)
def test_every_kind_of_clone_finds_the_truth(history: Callable[[Repo], None], tmp_path: Path) -> None:
    request = make(history, tmp_path / "remote")
    wrong = {}
    for number, kind in enumerate(CLONES):
        folder = tmp_path / str(number)
        folder.mkdir()
        if problem := play(request, kind, folder):
            wrong[kind] = problem
    assert not wrong
    assert len(HISTORIES) == 12
