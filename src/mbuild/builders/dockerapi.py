"""The Docker Engine API through docker-py: for a daemon whose client has no buildx.

BuildKit by the API (``version=2``, a tar and no session) where images live in a graph driver, else the classic builder.
Neither knows named contexts, so a parent is bound by its content tag in the copy of the Dockerfile that is sent, and
another image by its own name. A folder is imported as an image of its own for the time of the build. What a context
puts in the place of a stage cannot be said so.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any

from mbuild.builders.bases import SCHEME, parsed
from mbuild.builders.bind import pack
from mbuild.builders.engine_store import EngineStore
from mbuild.builders.foreseen import triggered
from mbuild.builders.kit.trace import decode
from mbuild.builders.leftovers import context_name
from mbuild.builders.pipe import Pipe
from mbuild.builders.progress import LOG_LINES, Progress
from mbuild.builders.protocol import BuildRequest, BuildResult, Cancel
from mbuild.builders.waiting import until_cancelled
from mbuild.context.source import ContextSource
from mbuild.dockerfile.epoch import NAME as EPOCH
from mbuild.errors import EnvironmentFault, Problem, Where
from mbuild.events import Emit, LogLine
from mbuild.images import ImageDef
from mbuild.references import context_key, printable
from mbuild.values import dataclass, replace

_STEP = "build"
_TRACE = "moby.buildkit.trace"
_ROOT = ("root", "0", "0:0", "root:root")
_CLASSIC_FLAGS = {"from", "chown", "platform", "interval", "timeout", "start-period", "retries"}

_WITH_BUILDX = "leave out --builder docker, or install docker buildx"
_WITHOUT_BUILDKIT = (
    "this engine has no BuildKit: use one that has, or a builder of your own (docker buildx create --use)"
)


class _Told:
    """What an engine's messages have said of a build. trace: what BuildKit has; the classic builder writes text."""

    def __init__(self, image: str, emit: Emit) -> None:
        self.image_id: str | None = None
        self.log: list[str] = []
        self.failure = ""
        self.trace = Progress(image, emit)
        self._image, self._emit = image, emit

    def take(self, message: dict[str, Any]) -> None:
        for line in str(message.get("stream", "")).splitlines():
            self.log.append(line)
            self._emit(LogLine(self._image, _STEP, line))
        self.failure = self.failure or str(message.get("error") or "")
        aux = message.get("aux")
        if isinstance(aux, dict) and "ID" in aux:
            self.image_id = str(aux["ID"])
        elif isinstance(aux, str) and message.get("id") == _TRACE:
            with contextlib.suppress(ValueError):  # what is no message of BuildKit's says nothing
                self.trace.take(decode(base64.b64decode(aux)))


@dataclass(slots=True)
class DockerApi(EngineStore):
    """Builds through one engine's HTTP interface."""

    name: str = "docker"

    @property
    def _asks_kit(self) -> bool:
        """Whether a build without a session can be BuildKit's."""
        return self.engine.has_buildkit and not self.engine.containerd_store

    def accepts(self, definition: ImageDef) -> bool:  # noqa: ARG002
        """Tell nothing: what the API can express is seen in a request only."""
        return False

    def check(self, request: BuildRequest) -> tuple[Problem, ...]:
        """Return what the API cannot express without a buildx client."""
        hint = (_WITH_BUILDX if self.engine.has_buildkit else _WITHOUT_BUILDKIT,)
        where = Where(request.dockerfile_path)
        found: list[Problem] = []
        if request.secrets:
            found.append(
                Problem(f"image '{request.image}': build secrets need a session with BuildKit, or buildx", where, hint)
            )
        if request.ssh:
            found.append(Problem(f"image '{request.image}': ssh needs a session with BuildKit, or buildx", where, hint))
        if len(request.platforms) > 1:
            found.append(Problem(f"image '{request.image}': several platforms need buildx", where, hint))
        if unknown := tuple(_beyond_names(request)):
            return (*found, *(Problem(f"image '{request.image}': {each}", where, hint) for each in unknown))
        # Named contexts that are folders are images by the time the build begins: any name stands for them here.
        parcel = pack(without_contexts(request, dict.fromkeys(request.folders, "mbuild/context:any")))
        if parcel is None:
            message = f"image '{request.image}': its Dockerfile needs a place that COPY does not see: that needs buildx"
            found.append(Problem(message, where, hint))
        elif parcel.classic or not self._asks_kit:
            for what, place in beyond_classic(request):
                message = f"image '{request.image}': {what} needs BuildKit, which this engine's API does not give"
                found.append(Problem(message, place, hint))
        return tuple(found)

    def build(self, request: BuildRequest, emit: Emit, cancel: Cancel) -> BuildResult:
        """Build one image in the engine."""
        if problems := triggered(request, self.engine.triggers):
            return BuildResult("failed", problems=problems)
        imported: dict[str, str] = {}
        try:
            for name, source in request.folders.items():
                imported[name] = self._import(source, request)
            request = without_contexts(request, imported)
            parcel = pack(request)
            assert parcel is not None, "check() was asked before"
            pipe = Pipe(request.context, request.epoch, parcel.extra)
            before = self.engine.bases(request)
            kit = not parcel.classic and self._asks_kit
            messages = self._post(request, parcel.dockerfile, kit, pipe, cancel)
            cancelled = BuildResult("cancelled")
            return until_cancelled(lambda: self._read(request, messages, before, pipe, emit, cancel), cancel, cancelled)
        finally:
            for tag in imported.values():
                self.engine.untag(tag)

    def _import(self, source: ContextSource, request: BuildRequest) -> str:
        """Make an image of a folder and return its name, which is this build's alone."""
        tag = context_name(request.owner, source.digest)
        pipe = Pipe(source, request.epoch)
        self.engine.import_tar(pipe.chunks(), tag)
        if pipe.error is not None:
            raise pipe.error
        return tag

    def _post(
        self, request: BuildRequest, name: str, kit: bool, pipe: Pipe, cancel: Cancel
    ) -> Iterator[dict[str, Any]]:
        """Start the build; yields the engine's messages."""
        client = self.engine.client
        params: dict[str, Any] = {
            "dockerfile": name,
            "t": list(request.names),
            "buildargs": json.dumps(dict(request.args)),
            "labels": json.dumps(dict(request.labels)),
            "rm": True,
            "forcerm": True,
        }
        if request.target:
            params["target"] = request.target
        if request.platforms:
            params["platform"] = request.platforms[0]
        if kit:
            params["version"] = "2"
            dated = {} if request.date is None else {EPOCH: str(request.date)}
            params["buildargs"] = json.dumps({**dated, **request.args})
        response = client._post(
            client._url("/build"),
            params=params,
            data=pipe.chunks(),
            headers={"Content-Type": "application/x-tar"},
            stream=True,
            timeout=None,
        )
        forget = cancel.on_cancel(lambda: _hang_up(response))
        try:
            client._raise_for_status(response)
            for line in response.iter_lines():
                if line.strip():
                    yield json.loads(line)
        finally:
            forget()
            response.close()

    def _read(
        self,
        request: BuildRequest,
        messages: Iterator[dict[str, Any]],
        before: Mapping[str, str],
        pipe: Pipe,
        emit: Emit,
        cancel: Cancel,
    ) -> BuildResult:
        from docker.errors import APIError
        from requests.exceptions import RequestException

        told = _Told(request.image, emit)
        try:
            for message in messages:
                told.take(message)
        except APIError as error:
            told.failure = str(error.explanation or error)
        except (RequestException, AttributeError, ValueError) as error:
            if not cancel and pipe.error is None:
                raise EnvironmentFault(f"building '{request.image}': the engine went away: {error}") from error
        if pipe.error is not None and not cancel:
            raise pipe.error
        if cancel:
            return BuildResult("cancelled", sent=pipe.sent)
        if told.failure:
            return self._failed(request, told.failure, pipe.sent, told.trace.log or tuple(told.log[-LOG_LINES:]))
        image_id = told.image_id
        if image_id is None and request.names:
            image_id = self.engine.image_id(request.names[0])
        bases = self.engine.used(request, told.trace.bases, before, pulled=True)
        status = "cached" if told.trace.cached else "built"
        return BuildResult(status, image_id, None, sent=pipe.sent, bases=bases)

    def _failed(self, request: BuildRequest, text: str, sent: int = 0, log: tuple[str, ...] = ()) -> BuildResult:
        line = " ".join(text.split())
        problem = Problem(line, Where(request.dockerfile_path))
        return BuildResult("failed", problems=(problem,), sent=sent, log=log)


def without_contexts(request: BuildRequest, folders: Mapping[str, str]) -> BuildRequest:
    """Return a request whose named contexts are all parents: folders as these images, others as the images they are."""
    others = {name: value.removeprefix(SCHEME) for name, value in request.external.items()}
    return replace(request, parents={**request.parents, **folders, **others}, folders={}, external={})


def _beyond_names(request: BuildRequest) -> Iterator[str]:
    """Yield which named contexts no image's name in the Dockerfile can stand for."""
    for name, value in request.external.items():
        if not value.startswith(SCHEME) or parsed(value) is None:
            yield f"the context '{printable(name)}' is no folder and no image: that needs buildx"
    contexts = {context_key(name) for name in (*request.parents, *request.folders, *request.external)}
    stages = {stage.name for recipe in request.recipes for stage in recipe.stages if stage.name}
    for name in sorted(stages):
        if context_key(name) in contexts:
            yield f"a context that replaces the stage '{name}' needs buildx"


def beyond_classic(request: BuildRequest) -> Iterator[tuple[str, Where]]:
    """Yield what the classic builder does not know, with its place; it would take some of it for something else."""
    users: set[int] = set()
    for at, stage in enumerate(request.recipes[0].stages):
        if stage.base in users:
            users.add(at)
        for operation in stage.operations:
            flags = [name for name, _ in operation.flags if name not in _CLASSIC_FLAGS]
            if operation.heredocs:
                yield "a heredoc", operation.where
            elif flags:
                yield f"{operation.keyword} --{flags[0]}", operation.where
            elif operation.keyword == "USER":
                (users.discard if operation.args[0] in _ROOT else users.add)(at)
            elif operation.keyword == "WORKDIR" and at in users:
                # The classic builder makes the folder root's, BuildKit the user's.
                yield "a WORKDIR that belongs to USER", operation.where


def _hang_up(response: Any) -> None:
    """End a streamed response at once: closing it would wait for its next message."""
    with contextlib.suppress(AttributeError, OSError):
        response.raw._fp.fp.raw._sock.shutdown(socket.SHUT_RDWR)
