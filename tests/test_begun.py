"""Work that is begun in a thread: what it returns, what it raises."""

from __future__ import annotations

import pytest

from mbuild.errors import GitError
from mbuild.process.begun import Begun


def test_what_it_returns_is_returned_as_often_as_it_is_asked_for() -> None:
    begun = Begun(lambda: [1])
    assert begun.result() is begun.result()


def test_what_it_raises_is_raised_where_it_is_asked_for() -> None:
    def fail() -> None:
        raise GitError("no")

    begun = Begun(fail)
    begun.wait()
    with pytest.raises(GitError, match="no"):
        begun.result()
