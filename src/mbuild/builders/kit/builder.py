"""BuildKit by its own interface: what ``docker buildx build`` asks of an engine, without a process for each image.

Requests are those of buildx with the same options: the same images (``docs/decisions/0017-buildkit.md``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from functools import partial

from mbuild.builders import advice, progress
from mbuild.builders.engine_store import EngineStore
from mbuild.builders.foreseen import sources_of, unforeseen, unforeseen_paths
from mbuild.builders.kit.agent import agents, lending
from mbuild.builders.kit.channel import Gone
from mbuild.builders.kit.control import Control, Solve, Solved
from mbuild.builders.kit.filesync import Folder
from mbuild.builders.kit.services import Login, Services, handing_out, logging_in, unreadable
from mbuild.builders.kit.session import CONTEXT, DOCKERFILE, Session
from mbuild.builders.protocol import BuildRequest, BuildResult, Cancel
from mbuild.dockerfile.epoch import NAME as EPOCH
from mbuild.errors import EnvironmentFault, Problem, Where
from mbuild.events import Emit, Sent
from mbuild.images import ImageDef
from mbuild.passed import cache_parts
from mbuild.references import context_key
from mbuild.values import dataclass, replace

_IGNORE_FILE = "/.dockerignore"
_IGNORE = b"# nothing: the context is already selected\n"
_NAMED = "moby.buildkit.frontend.contexts+forward"


@dataclass(slots=True)
class Kit(EngineStore):
    """Builds with the BuildKit of one engine. login: gives credentials for registries; None: there are none."""

    control: Control
    login: Login | None = None
    name: str = "buildkit"

    def accepts(self, definition: ImageDef) -> bool:  # noqa: ARG002
        """Tell that BuildKit is the judge of everything."""
        return True

    def check(self, request: BuildRequest) -> tuple[Problem, ...]:  # noqa: ARG002 - BuildKit is the judge
        """Return nothing: what cannot be asked for in this way is not asked here (``auto.is_plain``)."""
        return ()

    def build(self, request: BuildRequest, emit: Emit, cancel: Cancel) -> BuildResult:
        """Build one image in the engine."""
        if reason := unreadable(request.secrets):
            return BuildResult("failed", problems=(Problem(reason, Where(request.dockerfile_path)),))
        told, before = progress.Progress(request.image, emit), self.engine.bases(request)
        session = Session(
            _folders(request),
            _slot(request),
            lambda sent: emit(Sent(request.image, sent)),
            partial(_beyond, request),
            tuple(_local(name) for name in request.folders if sources_of(request.recipes, name) == {_IGNORE_FILE}),
            self._services(request),
        )
        caches = request.cache_from, request.cache_to
        solve = Solve(session.id, attributes(request), request.names, told.take, *caches)
        forget = cancel.on_cancel(lambda: _stop(told, solve, session))
        try:
            session.open(self.control.address)
            solved = solve.run(self.control)
        except (Gone, OSError) as error:
            if cancel:
                return BuildResult("cancelled", sent=session.sent)
            raise EnvironmentFault(f"building '{request.image}': the engine went away: {error}") from error
        finally:
            forget()
            session.close()
        if cancel and solved.error:
            return BuildResult("cancelled", sent=session.sent)
        if session.error is not None:
            raise session.error
        if session.refused:
            return BuildResult("failed", problems=(unforeseen(request, session.refused),), sent=session.sent)
        result = _result(request, told, solved, session.sent)
        return replace(result, bases=self.engine.used(request, told.bases, before)) if not solved.error else result

    def _services(self, request: BuildRequest) -> Services:
        lent = lending(agents(request.ssh, os.environ) or {})
        return {**logging_in(self.login), **handing_out(request.secrets, os.environ), **lent}

    def close(self) -> None:
        """Close all connections to the engine."""
        self.control.close()
        self.engine.close()


def attributes(request: BuildRequest) -> dict[str, str]:
    """Return what is said to BuildKit's Dockerfile frontend."""
    found = {"filename": "Dockerfile", "image-resolve-mode": "local"}
    if request.target:
        found["target"] = request.target
    if request.platforms:
        found["platform"] = ",".join(request.platforms)
    args = {**({} if request.date is None else {EPOCH: str(request.date)}), **request.args}
    found |= {f"build-arg:{name}": value for name, value in args.items()}
    found |= {f"label:{name}": value for name, value in request.labels.items()}
    if request.cache_from:
        caches = [dict(zip(("Type", "Attrs"), cache_parts(each), strict=True)) for each in request.cache_from]
        found["cache-imports"] = json.dumps(caches)
    named = {name: f"docker-image://{tag}" for name, tag in request.parents.items()} | dict(request.external)
    named |= {name: f"local:{_local(name)}" for name in request.folders}
    # The frontend looks for the short form alone, which the docker client makes of what it is given, too.
    found |= {f"context:{context_key(name)}": value for name, value in named.items()}
    return found | ({"frontend.caps": _NAMED} if named else {})


def _beyond(request: BuildRequest, folder: str, asked: Collection[str]) -> Collection[str]:
    """Return what is asked for of a folder, by the name that the engine knows it by, and must not be."""
    contexts = {CONTEXT: ""} | {_local(name): name for name in request.folders}
    return unforeseen_paths(request.recipes, contexts[folder], asked) if folder in contexts else ()


def _local(name: str) -> str:
    """Return the name under which the engine asks for a named context that is a folder, clear of the two fixed ones."""
    return f"_{name}" if name in (CONTEXT, DOCKERFILE) else name


def _folders(request: BuildRequest) -> dict[str, Folder]:
    # The presence of <Dockerfile>.dockerignore keeps BuildKit from applying a .dockerignore that is mere content.
    dockerfile = (("Dockerfile", request.dockerfile), ("Dockerfile.dockerignore", _IGNORE))
    named = {_local(name): Folder(request.epoch, source) for name, source in request.folders.items()}
    return named | {
        CONTEXT: Folder(request.epoch, request.context),
        DOCKERFILE: Folder(request.epoch, files=dockerfile),
    }


def _slot(request: BuildRequest) -> str:
    return "\0".join(("mbuild", request.tags[0].rpartition(":")[0] if request.tags else "", request.image))


def _stop(told: progress.Progress, solve: Solve, session: Session) -> None:
    told.settle()
    solve.cancel()
    session.close()


def _result(request: BuildRequest, told: progress.Progress, solved: Solved, sent: int) -> BuildResult:
    if not solved.error:
        image_id, digest = progress.identity(solved.answer)
        return BuildResult("cached" if told.cached else "built", image_id, digest, sent=sent)
    told.text.append(f"ERROR: failed to solve: {solved.error}")
    if told.is_of_surroundings:
        raise EnvironmentFault(f"building '{request.image}': {told.error}")
    where = Where(request.dockerfile_path, solved.line or told.line)
    hints = advice.on_names(told.error, request) + advice.on_lost_layer(told.error)
    problem = Problem(told.error, where, hints)
    return BuildResult("failed", problems=(problem,), sent=sent, log=told.log)
