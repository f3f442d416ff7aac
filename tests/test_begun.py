"""Work that is begun in a thread, or done later: what it returns, what it raises."""

from __future__ import annotations

import pytest

from mbuild.errors import GitError
from mbuild.process.begun import Begun, Later

both = pytest.mark.parametrize("kind", [Begun, Later])


@both
def test_what_it_returns_is_returned_as_often_as_it_is_asked_for(kind: type[Begun[list[int]]]) -> None:
    begun = kind(lambda: [1])
    assert begun.result() is begun.result()


def test_what_is_not_asked_for_is_not_done() -> None:
    done: list[int] = []
    later = Later(lambda: done.append(1))
    later.wait()
    assert done == []
    later.result()
    assert done == [1]


@both
def test_what_it_raises_is_raised_where_it_is_asked_for(kind: type[Begun[None]]) -> None:
    def fail() -> None:
        raise GitError("no")

    begun = kind(fail)
    begun.wait()
    with pytest.raises(GitError, match="no"):
        begun.result()
