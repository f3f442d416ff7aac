"""BuildKit through ``docker buildx build``.

How the context gets there (``docs/decisions/0003-contexts-for-buildkit.md``): as a tar on standard input where the
Dockerfile inside it can be seen by no instruction, else as a staged folder with the Dockerfile beside it. Both carry
exactly the selected entries, verified while they are sent.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mbuild.builders import advice, progress
from mbuild.builders.engine_store import EngineStore
from mbuild.builders.foreseen import triggered
from mbuild.builders.leftovers import scratch
from mbuild.builders.protocol import BuildRequest, BuildResult, Cancel
from mbuild.builders.sending import dockerfile_in_tar, own_path
from mbuild.context.stage import stage
from mbuild.context.tar import write_tar_to_fd
from mbuild.dockerfile.epoch import NAME as EPOCH
from mbuild.errors import EnvironmentFault, Problem, Where
from mbuild.events import Emit
from mbuild.images import ImageDef
from mbuild.passed import ssh_option
from mbuild.process import Process, run, start
from mbuild.values import dataclass, field

if TYPE_CHECKING:
    from mbuild.registry.registries import Registries


def find_docker() -> str | None:
    """Return the first ``docker`` on PATH that has buildx: a client without it may come first."""
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        candidate = Path(folder) / "docker"
        if os.access(candidate, os.X_OK) and not candidate.is_dir():
            with contextlib.suppress(EnvironmentFault):
                if run([str(candidate), "buildx", "version"], timeout=20).code == 0:
                    return str(candidate)
    return None


@dataclass(slots=True)
class Buildx(EngineStore):
    """Builds with one ``docker`` client into one engine, or into registries where its builder is apart from the engine.

    pushed: content names that builds have pushed themselves → digest.
    """

    docker: str
    name: str = "buildx"
    pushed: dict[str, str] = field(default_factory=dict)
    _apart: list[bool] = field(default_factory=list)
    _asking: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_apart(self) -> bool:
        """Whether the chosen buildx builder is not the engine's own: then it sees no image that the engine has."""
        with self._asking:
            if not self._apart:
                asked = run([self.docker, "buildx", "inspect"], env=environment(self.engine.host), timeout=60)
                driver = re.search(rb"^Driver:\s+(\S+)", asked.out, re.MULTILINE)
                self._apart.append(driver is not None and driver[1] != b"docker")
            return self._apart[0]

    def accepts(self, definition: ImageDef) -> bool:
        """Tell whether it is for one platform: those every store can hold."""
        return len(definition.platforms) < 2

    def check(self, request: BuildRequest) -> tuple[Problem, ...]:
        """Return what the engine's store cannot hold; of everything else BuildKit is the judge."""
        if len(request.platforms) < 2 or self.engine.containerd_store or self._pushes(request):
            return ()
        message = f"image '{request.image}': an image for several platforms needs the containerd image store"
        hints = (
            "switch it on in the engine (features: containerd-snapshotter)",
            "or push it (--push, no test) from a buildx builder of its own: docker buildx create --use",
            "or build one of them: --platform P",
        )
        return (Problem(message, Where(request.dockerfile_path), hints),)

    def push(self, name: str, registries: Registries) -> str:
        """Push one name, unless its build did, and return the digest that was read back. Raises RegistryError."""
        if name in self.pushed:
            return registries.verified(name, self.pushed[name]).digest
        return EngineStore.push(self, name, registries)

    def pull(self, name: str, registries: Registries) -> bool:
        """Bring an image into the engine, if that is where builds look for it. Raises RegistryError."""
        return not self.is_apart and EngineStore.pull(self, name, registries)

    def _pushes(self, request: BuildRequest) -> bool:
        """Tell whether a build goes into its registry at once: a test needs the image in the engine."""
        return request.push and request.test is None and self.is_apart

    def build(self, request: BuildRequest, emit: Emit, cancel: Cancel) -> BuildResult:
        """Build one image and load it into the engine."""
        if problems := triggered(request, self.engine.triggers):
            return BuildResult("failed", problems=problems)
        with scratch(request.owner) as (folder, descriptor):
            with self._context(request, folder) as (dockerfile, context, tar):
                argv = self._command(request, folder, dockerfile, context)
                told = progress.Progress(request.image, emit)
                before = self.engine.bases(request)
                code = self._run(argv, told, tar, request, descriptor, cancel)
            result = self._result(request, told, code, folder / "metadata.json", before, cancel)
        if result.status in ("built", "cached") and not self._pushes(request) and request.names[1:]:
            self.engine.tag(self._id(result), request.names[1:])
        return result

    @contextlib.contextmanager
    def _context(
        self, request: BuildRequest, folder: Path
    ) -> Iterator[tuple[str, str, tuple[tuple[str, bytes], ...] | None]]:
        """Prepare the context; yields the value of ``--file``, the context, and what the tar has besides it."""
        inside = dockerfile_in_tar(request)
        if inside is not None:
            path, extra = inside
            yield path, "-", extra
            return
        # The presence of <Dockerfile>.dockerignore keeps BuildKit from applying a .dockerignore that is mere content.
        (folder / "Dockerfile").write_bytes(request.dockerfile)
        (folder / "Dockerfile.dockerignore").write_bytes(b"# nothing: the context is already selected\n")
        target = folder / f"{request.image.replace('/', '_')}-context"
        stage(request.context, target, epoch=request.epoch)
        yield str(folder / "Dockerfile"), str(target), None

    def _command(self, request: BuildRequest, folder: Path, dockerfile: str, context: str) -> list[str]:
        pushes = self._pushes(request)
        argv = [self.docker, "buildx", "build", "--progress=rawjson", "--provenance=false"]
        argv += ["--push" if pushes else "--load"]
        argv += [f"--metadata-file={folder / 'metadata.json'}", f"--file={dockerfile}"]
        # Killed with this process, or not, a client may end its build later: by then another run may have given out the
        # other names. They are given here, and what it pushes gets them when all is there.
        argv += [f"--tag={tag}" for tag in request.names[:1]]
        if request.target:
            argv.append(f"--target={request.target}")
        argv += [f"--platform={','.join(request.platforms)}"] if request.platforms else []
        argv += [f"--build-arg={name}={value}" for name, value in request.args.items()]
        argv += [f"--label={name}={value}" for name, value in sorted(request.labels.items())]
        argv += [f"--secret={each.option}" for each in request.secrets]
        argv += [f"--ssh={ssh_option(each)}" for each in request.ssh]
        argv += [f"--cache-from={each}" for each in request.cache_from]
        argv += [f"--cache-to={each}" for each in request.cache_to]
        argv += [f"--build-context={name}=docker-image://{tag}" for name, tag in request.parents.items()]
        argv += [f"--build-context={name}={value}" for name, value in request.external.items()]
        for name, source in request.folders.items():
            target = folder / f"{request.image.replace('/', '_')}-{name.replace('/', '_')}"
            stage(source, target, epoch=request.epoch)
            argv.append(f"--build-context={name}={target}")
        return [*argv, "--", context]

    def _run(
        self,
        argv: list[str],
        told: progress.Progress,
        tar: tuple[tuple[str, bytes], ...] | None,
        request: BuildRequest,
        descriptor: int,
        cancel: Cancel,
    ) -> int:
        env = environment(self.engine.host, request.date)
        child = start(argv, env=env, stdin=tar is not None, inherited=(descriptor,))
        sender = _Sender(child, request, tar)
        code = followed(child, told, cancel, sender.join)
        if sender.error is not None and not cancel:
            raise sender.error
        return code if code is not None else 1

    def _result(
        self,
        request: BuildRequest,
        told: progress.Progress,
        code: int,
        metadata: Path,
        before: Mapping[str, str],
        cancel: Cancel,
    ) -> BuildResult:
        if cancel and code != 0:
            return BuildResult("cancelled", sent=told.sent)
        if code != 0:
            if told.is_of_surroundings:
                raise EnvironmentFault(f"building '{request.image}': {told.error}")
            error = told.error
            hints = advice.on_parent(error, request) + advice.on_names(error, request) + advice.on_lost_layer(error)
            problem = Problem(told.error, Where(request.dockerfile_path, told.line), hints)
            return BuildResult("failed", problems=(problem,), sent=told.sent, log=told.log)
        described = json.loads(metadata.read_bytes()) if metadata.exists() else {}
        image_id, digest = progress.identity(described)
        if self._pushes(request):
            digest = str(described.get("containerimage.digest"))
            self.pushed[request.tags[0]] = digest
        own = _is_engine(str(described.get("buildx.build.ref", "")))
        used = self.engine.used(request, told.bases, before if own else {})
        return BuildResult("cached" if told.cached else "built", image_id, digest, sent=told.sent, bases=used)


def _is_engine(ref: str) -> bool:
    """Tell whether a build (``BUILDER/NODE/ID``) was the engine's own: there both are called as docker's context is."""
    builder, _, rest = ref.partition("/")
    return builder == rest.partition("/")[0]


def followed(
    child: Process, told: progress.Progress, cancel: Cancel, ended: Callable[[], None] = lambda: None
) -> int | None:
    """Take down what a buildx tells until it ends; returns its exit code. ended: called before its pipes are closed."""
    forget = cancel.on_cancel(lambda: _stop(told, child))
    try:
        threading.Thread(target=_drain, args=(child.stdout,), daemon=True).start()
        told.read(child.stderr)
        return child.wait()
    finally:
        forget()
        child.end(0)
        ended()
        child.close()


def _stop(told: progress.Progress, child: Process) -> None:
    told.settle()
    child.end(1.0)


class _Sender:
    """Writes the context to the child from a thread of its own; an error ends the child and is kept."""

    def __init__(self, child: Process, request: BuildRequest, tar: tuple[tuple[str, bytes], ...] | None) -> None:
        self.error: BaseException | None = None
        self._thread: threading.Thread | None = None
        if tar is not None:
            self._thread = threading.Thread(target=self._send, args=(child, request, tar), daemon=True)
            self._thread.start()

    def _send(self, child: Process, request: BuildRequest, tar: tuple[tuple[str, bytes], ...]) -> None:
        try:
            # Killed in the middle, this process leaves a tar that buildx takes for whole: the Dockerfile is its end.
            last = own_path(request) or ""
            write_tar_to_fd(request.context, child.stdin.fileno(), epoch=request.epoch, extra=tar, last=last)
            child.stdin.close()
        except (BrokenPipeError, ConnectionResetError):
            return  # the builder has ended; its own message says why
        except ValueError as error:
            if not isinstance(child.stdin, io.IOBase) or not child.stdin.closed:
                self.error = error
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self.error = error
            child.end(0)  # without its end the tar must not be taken for whole

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join()


def _drain(stream: IO[bytes]) -> None:
    """Read a stream to its end and forget it, so that its writer never waits."""
    with contextlib.suppress(OSError, ValueError):
        while stream.read(65536):
            pass


def environment(host: str, date: int | None = None) -> dict[str, str]:
    """Return the child's environment: the user's, at the engine that was asked, with BuildKit's plain wording.

    date: of the image, in seconds since 1970; None: as the user's environment says.
    """
    found = {**os.environ, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "NO_COLOR": "1"}
    if host.startswith(("unix://", "tcp://", "ssh://", "npipe://", "http")):
        found.setdefault("DOCKER_HOST", host)
    if date is not None:
        found[EPOCH] = str(date)
    return found
