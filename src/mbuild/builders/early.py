"""An engine that is connected to before anybody needs it, while something else is waited for. Imports little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbuild.errors import EnvironmentFault

if TYPE_CHECKING:
    from mbuild.builders.engine import Engine


class Early:
    """Connects once, ahead of time. What goes wrong is said by whoever needs the engine."""

    def __init__(self) -> None:
        """Begin nothing yet."""
        self._found: Engine | EnvironmentFault | None = None

    def begin(self, *, listing: bool = False) -> None:
        """Connect; another time does nothing. It takes as long as the engine does to answer.

        listing: have it say which images it holds, too, which is not waited for.
        """
        from mbuild.builders.engine import connect

        if self._found is None:
            try:
                self._found = connect()
            except EnvironmentFault as error:
                self._found = error
            else:
                if listing:
                    self._found.list_ahead()

    def connect(self) -> Engine:
        """Return the engine, for its caller to close. Raises EnvironmentFault as ``engine.connect`` does."""
        from mbuild.builders.engine import connect

        found, self._found = self._found, None
        if isinstance(found, EnvironmentFault):
            raise found
        return found or connect()

    def close(self) -> None:
        """Give the connection back, if nobody has taken it."""
        if self._found is not None and not isinstance(self._found, EnvironmentFault):
            self._found.close()
        self._found = None
