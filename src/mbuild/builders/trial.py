"""Tests of built images, in containers of a Docker Engine."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mbuild.builders import testing
from mbuild.builders.container import Container, make
from mbuild.builders.protocol import BuildRequest, Cancel, Examined
from mbuild.errors import EnvironmentFault, Problem
from mbuild.events import Emit
from mbuild.images import ImageTest
from mbuild.platforms import parse_platform
from mbuild.values import dataclass, field

if TYPE_CHECKING:
    from mbuild.builders.engine import Engine

_NOTHING = ("/",)
"""The command of a container that is never started: an engine wants one."""


@dataclass(slots=True)
class Trial:
    """One test of one image. image: its id in the engine."""

    engine: Engine
    request: BuildRequest
    image: str
    emit: Emit
    cancel: Cancel
    _is_late: bool = False
    _output: testing.Output = field(init=False)

    def __post_init__(self) -> None:
        self._output = testing.Output(self.request.image, self.emit)

    def run(self, test: ImageTest) -> Examined:
        """Test. Raises EnvironmentFault when the engine fails."""
        testing.begun(self.request.image, test, self.emit)
        problems = tuple(self._problems(test))
        testing.ended(self.request.image, self.emit, problems)
        if self.cancel:
            return Examined("cancelled")
        if problems:
            return Examined("failed", problems, self._output.close())
        return Examined("passed", tuple(self._not_done(test)))

    def _problems(self, test: ImageTest) -> Iterator[Problem]:
        with _faults(self.engine.host, self.cancel), self._container(test) as container:
            looked = ((each, container.look(each.path)) for each in test.files)
            found = list(testing.mismatches(test, looked))
            yield from found
            if test.command and not found and not self.cancel:
                yield from self._commanded(test, container)

    def _not_done(self, test: ImageTest) -> Iterator[Problem]:
        """Yield what is left to say of a test that passed."""
        count = len(self.request.platforms)
        if count > 1:
            message = f"the test was run for one of {count} platforms, the one that the engine takes"
            yield Problem(message, test.where)

    @contextlib.contextmanager
    def _container(self, test: ImageTest) -> Iterator[Container]:
        """Make a container, and see to it that it is gone afterwards: at once when cancelled."""
        container = make(self.engine.client, self.image, test.command or _NOTHING, self.request.owner, test.seconds)

        # On a thread of its own: who cancels must not wait for the engine.
        forget = self.cancel.on_cancel(lambda: threading.Thread(target=container.remove, daemon=True).start())
        try:
            yield container
        finally:
            forget()
            container.remove()

    def _commanded(self, test: ImageTest, container: Container) -> Iterator[Problem]:
        """Run the command and yield why that is a failure."""
        from docker.errors import APIError

        def late() -> None:
            self._is_late = True
            container.remove()

        failure: Problem | None = None
        clock = threading.Timer(test.seconds, late)
        clock.daemon = True
        try:
            code = container.run(self._output.feed, clock.start)
        except APIError as error:
            # Taken away before it was started, it cannot be: that it is late comes first.
            reason = " ".join(str(error.explanation or error).split())
            failure = testing.failed(f"it cannot be started: {_plain(reason)}", test.where, *self._hints())
        else:
            if code:
                message = f"the test failed with exit code {code}: {testing.shown(test.command)}"
                failure = Problem(message, test.where, self._hints())
        finally:
            clock.cancel()
        if self._is_late:
            reason = f"it took longer than {test.seconds:g} s: {testing.shown(test.command)}"
            failure = testing.failed(reason, test.where, "its 'timeout' says how long it may take")
        if failure is not None:
            yield failure

    def _hints(self) -> tuple[str, ...]:
        """Say so where the image is not for the engine's machine."""
        wanted, info = self.request.platform, self.engine.info
        own = parse_platform(f"{info.get('OSType') or 'linux'}/{info.get('Architecture') or wanted.arch}")
        if (wanted.os, wanted.arch) == own[:2]:
            return ()
        return (
            f"the image is for {wanted.os}/{wanted.arch} and the engine runs {own[0]}/{own[1]}: it has to emulate it",
        )


def _plain(reason: str) -> str:
    """Leave out the engine's own story of who called whom."""
    return reason.rpartition("unable to start container process: ")[2].removesuffix(": unknown")


@contextlib.contextmanager
def _faults(host: str, cancel: Cancel) -> Iterator[None]:
    """Turn failures of the engine into EnvironmentFault; what breaks because it was cancelled is no failure."""
    import tarfile

    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except (DockerException, RequestException, tarfile.TarError, OSError, ValueError) as error:
        if not cancel:
            raise EnvironmentFault(f"the Docker Engine at {host} failed in a test: {error}") from error
