"""Engines of the tests' own beside the one that ``docker`` uses: they may be killed, and have another image store."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 60
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def lacking() -> str:
    """Return why no engine can be started here, "" where one can."""
    if os.geteuid() != 0:
        return "starting a Docker Engine needs root"
    return "" if shutil.which("dockerd", path=_PATH) else "needs dockerd (Debian: docker.io)"


@dataclass(slots=True)
class OwnEngine:
    """An engine that lives in a folder. process: while it is meant to run."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"unix://{self.folder / 'docker.sock'}"

    def start(self) -> None:
        """Start it, and wait until it answers. Those of several workers start in turn: they share a bridge."""
        with (Path(tempfile.gettempdir()) / "mbuild-engines.lock").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            self._start()

    def _start(self) -> None:
        options = [f"--{name}={self.folder / name}" for name in ("data-root", "exec-root", "pidfile", "config-file")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["dockerd", *options, f"--host={self.host}"],
                env=os.environ | {"PATH": f"{_PATH}:{os.environ['PATH']}"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + PATIENCE_SECONDS
        while self.docker("version", check=False).returncode != 0:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < until, "the engine does not answer"
            time.sleep(0.2)

    def docker(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        environment = os.environ | {"DOCKER_HOST": self.host}
        return subprocess.run(["/usr/bin/docker", *args], env=environment, check=check, capture_output=True)

    def kill(self) -> None:
        """End it as a crash would: nothing is put in order. Its containerd goes, too."""
        assert self.process is not None
        process, self.process = self.process, None
        process.kill()
        process.wait()
        for file in self.folder.glob("exec-root/**/*.pid"):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int(file.read_text()), signal.SIGKILL)

    def stop(self) -> None:
        """End it in order. Fails where it has ended by itself: the tests that used it say nothing of why."""
        if self.process is None:
            return
        ended, said = self.process.poll(), (self.folder / "log").read_text(errors="replace")
        assert ended is None, f"the engine has ended by itself ({ended}):\n{said[-4000:]}"
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)


@contextlib.contextmanager
def own_engine(*, containerd_store: bool = False) -> Iterator[OwnEngine]:
    """Run an engine. It shares the bridge ``docker0``: one with another bridge would remove that from under others."""
    # The path of a socket may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="mbuild-engine-"))
    (folder / "config-file").write_text(json.dumps({"features": {"containerd-snapshotter": containerd_store}}))
    engine = OwnEngine(folder)
    try:
        engine.start()
        yield engine
    finally:
        try:
            engine.stop()
        finally:
            _unmount(folder)
            shutil.rmtree(folder, ignore_errors=True)  # a step that was not stopped may still write


def _unmount(folder: Path) -> None:
    """Take away what a killed engine has left mounted, the deepest first."""
    mounted = (line.split(" ")[1] for line in Path("/proc/self/mounts").read_text().splitlines())
    for place in sorted((each for each in mounted if each.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "--lazy", place], check=True)
