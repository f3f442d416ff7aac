"""Both sides of the comparison: a plain docker build of the checkout, and mbuild from what it selects."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import EngineUnderTest
from tests.oracle.minimal.cases import Case, Image, Monorepo
from tests.oracle.minimal.results import Known, Result, result_of
from tests.oracle.minimal.trees import EXEC, LINK, Tree
from tests.support import AUTHOR, Answer, mbuild

BROKEN = ("Cannot connect", "Unavailable", "no space left", "error reading from server", "connection refused")
"""Signs of a failure of the surroundings, which must not count as "both fail"."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A repository on disk and an engine that has the base. client: a ``docker.APIClient`` to it.

    known: what images have in them whose layers were read already.
    """

    engine: EngineUnderTest
    client: Any
    repo: Monorepo
    top: Path
    known: Known = field(default_factory=dict)

    @property
    def elsewhere(self) -> Path:
        """A folder for what is no part of the repository."""
        return self.top.parent

    @property
    def checkout(self) -> Path:
        """The files that git has, without ``.git``, which is no input: what a plain build is given."""
        return self.top.with_name(f"{self.top.name}-plain")

    def check_out(self) -> None:
        """Commit the files and check them out."""
        self.top.mkdir()
        write(self.top, self.repo.files)
        checkout = ("checkout-index", "-a", f"--prefix={self.checkout}/")
        for args in (("init", "-q"), ("add", "-A", "-f"), ("commit", "-q", "-m", "all"), checkout):
            environment = os.environ | AUTHOR
            subprocess.run(["git", *args], cwd=self.top, env=environment, check=True, capture_output=True, umask=0o022)

    def name(self, image: Image, side: str) -> str:
        return f"{self.repo.project}/{image.name}:{side}"

    def build_parents(self) -> None:
        """Build the parents as their Dockerfiles' users would: children find them by name."""
        for image in self.repo.parents:
            failed = self._buildx(*self._plain(image, "latest"), str(self.checkout / image.context))
            assert not failed, failed

    def full(self, case: Case) -> Result:
        """Build from everything, with the user's own ignore file."""
        argv = self._plain(case.image, "full")
        failed = self._buildx(*argv, *(["--no-cache"] if case.fresh else []), str(self.checkout / case.image.context))
        return self._result(case.image, "full", failed)

    def ours(self, case: Case) -> Result:
        """Build from what mbuild selects, with one of its builders or by hand."""
        if case.way == "context":
            return self._result(case.image, "ours", self._by_hand(case))
        command = ("build", case.image.name, "--force", "--tag", "ours", "--builder")
        answer = self.mbuild(case, *command, case.way)
        if answer.code == 4 and case.way == "docker" and "buildx" in answer.err:
            # What the engine's API cannot express is refused before anything is built (docs/reference.md, Builders).
            answer = self.mbuild(case, *command, "buildx")
        return self._result(case.image, "ours", _failure(answer))

    def mbuild(self, case: Case, *args: str) -> Answer:
        """Run mbuild in this process on the case's own build.yaml, which is outside of the repository."""
        config = self.elsewhere / f"{case.image.name}.yaml"
        config.write_text(self.repo.config(case))
        return mbuild("-C", str(self.top), "--config", str(config), "--progress", "quiet", *args)

    def instructions(self, case: Case) -> str:
        """Return the text of the Dockerfile, and of the parent's that may have triggers for it."""
        paths = [case.image.dockerfile] + [each.dockerfile for each in self.repo.parents if each.name in case.features]
        return "".join(self.repo.files[path].data.decode("utf-8", "replace") for path in paths)

    def is_exact(self, case: Case) -> bool:
        """Tell whether mbuild says that it knows what the image reads."""
        return bool(self.mbuild(case, "context", case.image.name, "--format", "json").json["exact"])

    def _by_hand(self, case: Case) -> str:
        """Hand ``mbuild context --output`` to docker: as it is where it holds the Dockerfile, else unpacked."""
        image = case.image
        packed = self.elsewhere / f"{image.name}.tar"
        answer = self.mbuild(case, "context", image.name, "--output", str(packed))
        if answer.code:
            return _failure(answer)
        inside = os.path.relpath(image.dockerfile, image.context or ".")
        listed = subprocess.run(["tar", "-tf", packed, "--", inside], capture_output=True)
        argv = self._plain(image, "ours")
        if listed.returncode == 0:
            argv[argv.index("--file") + 1] = inside
            return self._buildx(*argv, "-", stdin=packed.read_bytes())
        folder = self.elsewhere / f"{self.repo.project}-{self.repo.seed}-{image.name}"
        folder.mkdir()
        subprocess.run(["tar", "-xpf", packed, "-C", folder], check=True)
        # The ignore file has been applied; one that lies in the context is mere content now.
        alone = self.elsewhere / f"{image.name}.Dockerfile"
        alone.write_bytes((self.checkout / image.dockerfile).read_bytes())
        alone.with_name(f"{alone.name}.dockerignore").write_text("# nothing\n")
        argv[argv.index("--file") + 1] = str(alone)
        return self._buildx(*argv, str(folder))

    def _plain(self, image: Image, side: str) -> list[str]:
        argv = ["build", "--progress", "plain", "--load", "--tag", self.name(image, side)]
        argv += ["--file", str(self.checkout / image.dockerfile)]
        argv += ["--target", image.target] if image.target else []
        argv += [f"--build-arg={name}={value}" for name, value in image.args.items()]
        return argv + [f"--build-context={name}={self.checkout / value}" for name, value in image.contexts.items()]

    def _buildx(self, *args: str, stdin: bytes | None = None) -> str:
        """Run buildx; return "" or what it said when it failed."""
        environment = os.environ | {"DOCKER_HOST": self.engine.host}
        done = subprocess.run([*self.engine.buildx, *args], env=environment, input=stdin, capture_output=True)
        return _sound(done.stderr.decode("utf-8", "replace")[-2000:] or "failed") if done.returncode else ""

    def _result(self, image: Image, side: str, failed: str) -> Result:
        return Result(error=failed) if failed else result_of(self.client, self.name(image, side), self.known)


def _failure(answer: Answer) -> str:
    # 1: the build failed; 2: the Dockerfile is refused. Anything else is no judgement of the Dockerfile.
    assert answer.code in (0, 1, 2), answer
    return _sound(answer.err or "failed") if answer.code else ""


def _sound(message: str) -> str:
    assert not any(sign in message for sign in BROKEN), message
    return message


def write(top: Path, files: Tree) -> None:
    """Write files below a folder."""
    for path, each in files.items():
        place = top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if each.kind == LINK:
            place.symlink_to(os.fsdecode(each.data))
        else:
            place.write_bytes(each.data)
            place.chmod(0o755 if each.kind == EXEC else 0o644)
