"""Containers of tests: what is left of killed runs, and engines that go away."""

from __future__ import annotations

import io
import socket
import tarfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mbuild.builders import container as module
from mbuild.builders.container import LABEL, Container, make
from mbuild.builders.engine import Engine, connect
from mbuild.builders.engine_store import EngineStore
from mbuild.builders.protocol import BuildResult, Cancel
from mbuild.dockerfile.model import Platform
from mbuild.errors import EnvironmentFault
from mbuild.images import ExpectedFile, ImageTest
from tests.app.test_attempts import request
from tests.conftest import EngineUnderTest
from tests.recovery.monorepo import BUSYBOX


@pytest.fixture
def found(engine: EngineUnderTest) -> Iterator[Engine]:
    opened = connect()
    yield opened
    opened.close()


@pytest.fixture
def image(engine: EngineUnderTest) -> Iterator[str]:
    """A name of an image that has a shell."""
    if not BUSYBOX.exists():
        pytest.skip("needs /bin/busybox (Debian: busybox-static)")
    name = f"t{uuid.uuid4().hex[:12]}:x"
    dockerfile = "FROM scratch\nCOPY bin/busybox /bin/busybox\n"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        about = tarfile.TarInfo("Dockerfile")
        about.size = len(dockerfile)
        tar.addfile(about, io.BytesIO(dockerfile.encode()))
        tar.add(BUSYBOX, "bin/busybox")
    engine.run("build", "--quiet", "--tag", name, "-", stdin=packed.getvalue())
    yield name
    engine.run("rmi", "--force", name)


def is_there(engine: Engine, container: Container) -> bool:
    return any(each["Id"] == container.id for each in engine.client.containers(all=True))


@pytest.mark.engine
class TestLeftovers:
    def test_what_is_ones_own_goes_once(self, found: Engine, image: str) -> None:
        mine, others = (make(found.client, image, ["/x"], uuid.uuid4().hex, 300) for _ in range(2))
        owner = found.client.inspect_container(mine.id)["Config"]["Labels"][LABEL]
        found.clear(owner)
        assert not is_there(found, mine)
        assert is_there(found, others)
        later = make(found.client, image, ["/x"], owner, 300)
        found.clear(owner)  # of this very run
        assert is_there(found, later)
        for each in (later, others):
            each.remove()

    def test_what_is_late_goes_whose_ever_it_is(
        self, found: Engine, image: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Under a label of its own: those of tests that run now are not late.
        monkeypatch.setattr(module, "LABEL", f"{LABEL}.{uuid.uuid4().hex}")
        late, early = (make(found.client, image, ["/x"], uuid.uuid4().hex, seconds) for seconds in (0, 600))
        monkeypatch.setattr(module, "LATE_SECONDS", -60)
        found.clear(uuid.uuid4().hex)
        assert not is_there(found, late)
        assert is_there(found, early)
        early.remove()
        early.remove()

    def test_nobody_clears_without_a_mark(self, found: Engine, image: str) -> None:
        unmarked = make(found.client, image, ["/x"], "", 300)
        found.clear("")
        assert is_there(found, unmarked)
        unmarked.remove()


@pytest.mark.engine
def test_an_image_that_has_a_name_is_not_discarded(found: Engine, image: str) -> None:
    store = EngineStore(found)
    built = BuildResult("built", found.image_id(image))
    store.discard(built)
    assert found.image_id(image) == built.image_id
    store.discard(BuildResult("built", f"sha256:{'0' * 64}"))  # is not there: nothing to do


def try_out(engine: Engine, image: str, test: ImageTest, cancel: Cancel | None = None) -> Any:
    asked = replace(request(), test=test, platform=Platform("linux", "amd64", ""))
    return EngineStore(engine).test(asked, BuildResult("built", image), lambda event: None, cancel or Cancel())


def _hang_up(listener: socket.socket) -> None:
    listener.accept()[0].close()


@pytest.mark.engine
class TestFaults:
    def test_an_image_that_is_gone_is_no_failed_test(self, found: Engine) -> None:
        with pytest.raises(EnvironmentFault, match=r"failed in a test: .*No such image"):
            try_out(found, f"sha256:{'0' * 64}", ImageTest(("/x",)))

    def test_an_image_that_nobody_named(self, found: Engine) -> None:
        with pytest.raises(EnvironmentFault, match="did not say which image it built"):
            EngineStore(found).admit(request(), BuildResult("built"))

    def test_an_engine_that_goes_away(self, tmp_path: Path) -> None:
        import docker

        path = str(tmp_path / "docker.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            threading.Thread(target=_hang_up, args=(listener,), daemon=True).start()
            going: Any = docker.APIClient(base_url=f"unix://{path}", version="1.43")
            with pytest.raises(EnvironmentFault, match="the Docker Engine at nowhere failed in a test"):
                try_out(Engine("nowhere", {}, lambda: going), "x", ImageTest(("/x",)))
            going.close()

    def test_a_container_that_vanishes_while_it_is_looked_at(
        self, found: Engine, image: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        look = Container.look

        def vanished(self: Container, path: str) -> Any:
            Container(self.client, self.id).remove()
            return look(self, path)

        monkeypatch.setattr(Container, "look", vanished)
        with pytest.raises(EnvironmentFault, match="No such container"):
            try_out(found, image, ImageTest(files=(ExpectedFile("/x"),)))

    @pytest.mark.parametrize("seconds", [0.0001, 0.01, 0.03, 0.1])
    def test_a_test_that_is_late_before_it_begins(self, found: Engine, image: str, seconds: float) -> None:
        done = try_out(found, image, ImageTest(("/bin/busybox", "sleep", "600"), seconds))
        assert done.status == "failed"
        assert [each.message.partition(" s: ")[0] for each in done.problems] == [
            f"the test failed: it took longer than {seconds:g}"
        ]

    def test_a_test_that_is_cancelled_before_it_begins(self, found: Engine, image: str) -> None:
        cancel = Cancel()
        cancel.cancel()
        begun = time.monotonic()
        assert try_out(found, image, ImageTest(("/bin/busybox", "sleep", "600")), cancel).status == "cancelled"
        assert time.monotonic() - begun < 5
