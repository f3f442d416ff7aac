"""Images with a test: no name before it has passed, by every builder, and nothing left of it afterwards."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mbuild.builders import container
from tests.conftest import EngineUnderTest
from tests.recovery.monorepo import BUSYBOX
from tests.registry.server import Proxy
from tests.support import Answer, Repo

ENGINES = ["auto", "buildx", "docker"]


@dataclass(frozen=True)
class Shop:
    """``base`` has a shell and a test; ``child`` is built from it. word: in no other repository, nor its commands."""

    repo: Repo
    project: str
    word: str

    def write(self, test: object, child: object = None, dockerfile: str = "", **more: object) -> None:
        """Write the monorepo. test, child: of the two images, as build.yaml takes them."""
        images: dict[str, Any] = {"base": {"test": test}, "child": {"test": child}}
        config = json.dumps({"project": self.project, "images": images, **more}, indent=1)
        base = f"FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\n{dockerfile}\nLABEL word={self.word}\n"
        self.repo.write(
            {
                "build.yaml": config,
                "base/Dockerfile": base,
                "child/Dockerfile": f"FROM {more.get('registry', self.project)}/base\nCOPY Dockerfile /\n",
            }
        )
        shutil.copy(BUSYBOX, self.repo.folder / "base" / "busybox")
        self.repo.commit({}, "shop")

    def link(self, name: str, target: str) -> None:
        """Put a link into the folder ``links`` of the context: COPY of a folder keeps what is in it."""
        folder = self.repo.folder / "base" / "links"
        folder.mkdir(parents=True)
        (folder / name).symlink_to(target)

    def shell(self, script: str) -> list[str]:
        """Return a command of the shell that can be told from all others."""
        return ["sh", "-c", f": {self.word}; {script}"]

    def build(self, builder: str, *args: str) -> Answer:
        return self.repo.mbuild("all", "--builder", builder, "--format", "json", *args)


@pytest.fixture
def shop(repo: Repo) -> Shop:
    if not BUSYBOX.exists():
        pytest.skip("needs /bin/busybox (Debian: busybox-static)")
    return Shop(repo, f"t{uuid.uuid4().hex[:12]}", uuid.uuid4().hex)


@dataclass(frozen=True)
class Traces:
    """What the engine holds of a shop."""

    engine: EngineUnderTest
    shop: Shop

    def names(self) -> list[str]:
        found = self.engine.run("images", "--format", "{{.Repository}}:{{.Tag}}", f"{self.shop.project}/*")
        return sorted(found.decode().split())

    def nameless(self) -> list[str]:
        filters = ["--filter", "dangling=true", "--filter", f"label=word={self.shop.word}"]
        return self.engine.run("images", "--quiet", *filters).decode().split()

    def containers(self) -> list[str]:
        listed = self.engine.run("ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Command}}")
        return [each.split()[0] for each in listed.decode().splitlines() if self.shop.word in each]


@pytest.fixture
def traces(engine: EngineUnderTest, shop: Shop) -> Iterator[Traces]:
    found = Traces(engine, shop)
    yield found
    for each in found.containers():
        engine.run("rm", "--force", "--volumes", each)
    left = [*found.names(), *found.nameless()]
    if left:
        engine.run("rmi", "--force", *left)


def states(answer: Answer) -> dict[str, tuple[str, str | None]]:
    """Return how images ended, and their tests; it does not matter here whether BuildKit's own cache helped."""
    images = [each for each in answer.json["images"] if "status" in each]
    return {each["name"]: (each["status"].replace("cached", "built"), each["test"]) for each in images}


@pytest.mark.engine
@pytest.mark.parametrize("builder", ENGINES)
class TestWithAnEngine:
    def test_a_test_that_passes_gives_the_names(self, shop: Shop, traces: Traces, builder: str) -> None:
        shop.write(shop.shell("test $(busybox whoami) || true"), {"files": {"/Dockerfile": {"type": "file"}}})
        answer = shop.build(builder)
        assert answer.code == 0, answer.err
        assert states(answer) == {"base": ("built", "passed"), "child": ("built", "passed")}
        wanted = [tag for each in answer.json["images"] for tag in each["tags"]]
        assert traces.names() == sorted(wanted)
        for each in answer.json["images"]:
            (image,) = json.loads(traces.engine.run("image", "inspect", each["tags"][0]))
            assert image["Id"] in (each["image_id"], each["digest"])  # of the manifest in containerd's store
        assert traces.containers() == traces.nameless() == []
        assert states(shop.build(builder)) == {"base": ("reused", None), "child": ("reused", None)}
        assert states(shop.build(builder, "--force")) == states(answer)

    def test_a_test_that_fails_leaves_nothing(
        self, shop: Shop, traces: Traces, builder: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop.write(shop.shell("echo out; echo err >&2; exit 3"))
        answer = logged(monkeypatch, {b"err", b"out"}, lambda: shop.build(builder, "--tag", "v1"))
        assert answer.code == 1
        assert states(answer) == {"base": ("failed", "failed"), "child": ("skipped", None)}
        assert answer.image("base")["image_id"] is None
        assert sorted(re.findall(r"^  \| (.*)$", answer.err, re.MULTILINE)) == ["err", "out"]
        line = next(each for each in answer.err.splitlines() if each.startswith("error: "))
        assert line.startswith("error: build.yaml:5:4: image 'base': the test failed with exit code 3: sh -c ")
        assert traces.names() == traces.nameless() == traces.containers() == []

    def test_a_test_that_fails_takes_nothing_from_an_image_that_was_there(
        self, shop: Shop, traces: Traces, builder: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop.write(shop.shell("exit 0"))
        assert shop.build(builder).code == 0
        before = traces.names()
        run_instead(monkeypatch, shop.shell("exit 1"))
        assert states(shop.build(builder, "--force"))["base"] == ("failed", "failed")
        assert traces.names() == before

    def test_files(self, shop: Shop, traces: Traces, builder: str) -> None:
        user = "COPY --chown=7:8 Dockerfile /owned"
        good = {
            "/bin/sh": {"type": "file", "mode": "0755", "owner": "0:0"},
            "/bin": {"type": "directory"},
            "/owned": {"owner": "7:8"},
            "/nowhere/x": {"type": "absent"},
        }
        shop.write({"files": good}, dockerfile=user)
        assert shop.build(builder).code == 0
        bad = {
            "/bin/sh": {"mode": "4755"},
            "/bin": {"type": "symlink"},
            "/owned": {"owner": "7:9"},
            "/bin/busybox": {"type": "absent"},
            "/nowhere/x": None,
        }
        shop.write({"files": bad, "command": shop.shell("exit 9")}, dockerfile=user)
        answer = shop.build(builder)
        assert answer.code == 1
        assert [each.partition(": image 'base': the test failed: ")[2] for each in errors(answer)] == [
            "/bin is a directory, not a symbolic link",
            "/bin/busybox is there",
            "/bin/sh has the mode 0755, not 4755",
            "/nowhere/x is not there",
            "/owned belongs to 7:8, not to 7:9",
        ]
        assert traces.containers() == traces.nameless() == []

    def test_a_program_that_is_not_there(self, shop: Shop, traces: Traces, builder: str) -> None:
        shop.write(["/bin/nope", shop.word])
        answer = shop.build(builder)
        assert answer.code == 1
        (line,) = errors(answer)
        assert "the test failed: it cannot be started: " in line
        assert "/bin/nope" in line
        assert "runc" not in line
        assert traces.names() == traces.containers() == traces.nameless() == []


def run_instead(monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    """Have tests run another command than they say: one and the same image then stands its test or does not."""

    def made(client: Any, image: str, command: list[str], owner: str, seconds: float) -> container.Container:
        return container.make(client, image, argv, owner, seconds)

    monkeypatch.setattr("mbuild.builders.trial.make", made)


def logged(monkeypatch: pytest.MonkeyPatch, lines: set[bytes], build: Callable[[], Answer]) -> Answer:
    """Build until the engine's own log has all lines of a test.

    It waits two seconds for what a container has written before it ended (moby ``daemon/monitor.go``), and loses it
    where the machine stands still for so long.
    """
    kept: list[bytes] = []
    remove = container.Container.remove

    def kept_and_removed(self: container.Container) -> None:
        kept.append(self.client.logs(self.id))
        remove(self)

    with monkeypatch.context() as patch:
        patch.setattr(container.Container, "remove", kept_and_removed)
        for _ in range(3):
            answer = build()
            if set(kept[-1].rstrip(b"\n").split(b"\n")) == lines:
                return answer
    raise AssertionError(f"the engine does not have what the test wrote: {kept}")


def errors(answer: Answer) -> list[str]:
    return [each for each in answer.err.splitlines() if each.startswith("error: ")]


def events(answer: Answer, kind: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in answer.err.splitlines() if line.startswith("{")]
    return [each for each in found if each["event"] == kind]


@pytest.mark.engine
class TestInTheContainer:
    def test_the_command_is_all_that_runs_and_there_is_no_network(self, shop: Shop, traces: Traces) -> None:
        image = 'ENTRYPOINT ["/nowhere"]\nCMD ["/nowhere"]\nENV GREETING=hello\nWORKDIR /w\nUSER 5'
        links = "test $(busybox ls /sys/class/net) = lo"
        script = f'test "$GREETING $(busybox pwd) $(busybox id -u) $0 $*" = "hello /w 5 zero one two" && {links}'
        shop.write([*shop.shell(script), "zero", "one two"], dockerfile=image)
        answer = shop.build("auto")
        assert answer.code == 0, answer.err

    def test_a_time_limit(self, shop: Shop, traces: Traces) -> None:
        shop.write({"command": shop.shell("echo begun; busybox sleep 600"), "timeout": "1"})
        answer = shop.build("auto")
        assert answer.code == 1
        (line,) = errors(answer)
        assert "the test failed: it took longer than 1 s: sh -c" in line
        assert "hint: its 'timeout' says how long it may take" in answer.err
        assert "  | begun" in answer.err
        assert traces.names() == traces.containers() == traces.nameless() == []

    def test_the_time_limit_of_the_run_counts_for_the_test_too(self, shop: Shop, traces: Traces) -> None:
        shop.write(shop.shell("busybox sleep 600"))
        answer = shop.build("auto", "--timeout", "5")
        assert answer.code == 1
        assert "the build took longer than 5 s" in errors(answer)[0]
        assert traces.names() == traces.containers() == traces.nameless() == []

    def test_what_it_writes_is_bounded_and_means_nothing(
        self, shop: Shop, traces: Traces, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hostile = r"printf '\033[31m\377\r\n::error::x\n##[error]y\n##vso[z]'; exit 1"
        shop.write(shop.shell(f"busybox yes {'x' * 70} | busybox head -c 5000000; echo; {hostile}"))
        answer = shop.repo.mbuild("--progress", "json", "all")
        lines = [each["text"] for each in events(answer, "log") if each["step"] == "test"]
        assert 4 << 20 >= sum(len(each) + 1 for each in lines[:-1]) > 3 << 20
        assert lines[-1] == "(what is written beyond 4 MiB is not shown)"
        run_instead(monkeypatch, shop.shell(hostile))
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("TF_BUILD", "True")
        kept = {b"\x1b[31m\xef\xbf\xbd\r", b"::error::x", b"##[error]y", b"##vso[z]"}
        answer = logged(monkeypatch, kept, lambda: shop.repo.mbuild("all"))
        last = [each for each in answer.err.splitlines() if each.startswith("  | ")][-4:]
        assert last == ["  | \\x1b[31m�", "  | ::error::x", "  | \\x23#[error]y", "  | \\x23#vso[z]"]
        assert "\x1b" not in answer.err

    def test_a_line_without_end(self, shop: Shop, traces: Traces) -> None:
        shop.write(shop.shell("busybox head -c 3000000 /dev/zero"))
        answer = shop.repo.mbuild("--progress", "json", "all")
        assert answer.code == 0
        assert max(len(each["text"]) for each in events(answer, "log")) <= 8192

    def test_an_image_for_another_machine(self, shop: Shop, traces: Traces) -> None:
        shop.write({"command": ["/bin/sh", shop.word]}, defaults={"platforms": ["linux/s390x"]})
        (shop.repo.folder / "base" / "busybox").write_bytes(b"\x7fELF for another machine\n")
        answer = shop.build("auto")
        assert answer.code == 1
        assert "the test failed" in errors(answer)[0]
        assert re.search(
            r"hint: the image is for linux/s390x and the engine runs linux/\w+: it has to emulate", answer.err
        )

    def test_its_container_is_taken_away(self, shop: Shop, traces: Traces) -> None:
        shop.write(shop.shell("echo running; busybox sleep 600"))
        child = start(shop)
        (container,) = traces.containers()
        traces.engine.run("rm", "--force", container)
        _, err = child.communicate(timeout=30)
        assert child.returncode == 1
        assert "the test failed with exit code 137" in err

    def test_it_is_not_tried_again(self, shop: Shop, traces: Traces) -> None:
        shop.write(shop.shell("echo connection refused: i/o timeout; exit 1"))
        answer = shop.repo.mbuild("--progress", "json", "all", "--retries", "3")
        assert events(answer, "retrying") == []
        assert len([each for each in events(answer, "step") if each["step"] == "test"]) == 1

    def test_a_dry_run_says_that_there_is_a_test(self, shop: Shop, traces: Traces) -> None:
        shop.write(["/x"])
        out = shop.repo.mbuild("all", "--dry-run").out
        assert re.search(r"^  base +build, test +", out, re.MULTILINE)
        assert re.search(r"^  child +build +1 file", out, re.MULTILINE)

    def test_another_tool_does_not_test_and_that_is_said(self, shop: Shop, traces: Traces) -> None:
        shop.write(["/x"])
        answer = shop.repo.mbuild("all", "--dry-run", "--format", "bake")
        assert answer.code == 0
        assert "warning: build.yaml:5:4: image 'base': other tools give it its names without its test" in answer.err
        assert "image 'child'" not in answer.err


def start(shop: Shop) -> subprocess.Popen[str]:
    """Start a build in a process of its own, and wait until its test runs."""
    argv = [sys.executable, "-m", "mbuild", "--progress", "json", "-C", str(shop.repo.folder), "all"]
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    for line in child.stderr:
        if '"text": "running"' in line:
            return child
    raise AssertionError("the test was never run")


@pytest.mark.engine
class TestThatEndsEarly:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_ends_it_within_two_seconds(self, shop: Shop, traces: Traces, number: signal.Signals) -> None:
        shop.write(shop.shell("trap : INT TERM; echo running; busybox sleep 600"))
        child = start(shop)
        begun = time.monotonic()
        child.send_signal(number)
        _, err = child.communicate(timeout=30)
        assert time.monotonic() - begun < 2
        assert child.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
        ends = {each["image"]: each["status"] for each in map(json.loads, err.splitlines()) if "status" in each}
        assert ends == {"base": "cancelled", "child": "cancelled"}
        assert traces.names() == traces.containers() == traces.nameless() == []

    def test_two_signals_leave_no_container_either(self, shop: Shop, traces: Traces) -> None:
        shop.write(shop.shell("echo running; busybox sleep 600"))
        child = start(shop)
        child.send_signal(signal.SIGINT)
        time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)
        wait_until(lambda: not traces.containers())
        assert traces.names() == []

    def test_a_killed_run_has_given_no_name_and_the_next_removes_its_container(
        self, shop: Shop, traces: Traces, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop.write(shop.shell("echo running; busybox sleep 600"))
        child = start(shop)
        child.kill()
        child.communicate(timeout=30)
        assert traces.names() == []
        left = traces.containers()
        assert len(left) == 1
        run_instead(monkeypatch, shop.shell("exit 0"))
        answer = shop.build("auto")
        assert answer.code == 0, answer.err
        assert states(answer)["base"] == ("built", "passed")
        wait_until(lambda: not traces.containers())

    def test_the_next_run_removes_it_whatever_that_builds(self, shop: Shop, traces: Traces) -> None:
        shop.write(shop.shell("echo running; busybox sleep 600"))
        child = start(shop)
        child.kill()
        child.communicate(timeout=30)
        assert len(traces.containers()) == 1
        shop.repo.write({"base/Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
        shop.repo.write({"build.yaml": f"project: {shop.project}\nimages: {{base: }}\n"})
        assert shop.repo.mbuild("build", "base", "--dry-run").code == 0
        assert len(traces.containers()) == 1, "a dry run holds no lock"
        assert shop.repo.mbuild("build", "base").code == 0
        assert traces.containers() == []

    def test_another_work_tree_does_not_touch_it(self, shop: Shop, traces: Traces, tmp_path: Path) -> None:
        shop.write(shop.shell("echo running; busybox sleep 600"))
        child = start(shop)
        other = Repo(tmp_path / "other")
        other.write({"a/Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
        other.commit(
            {"build.yaml": f"project: {shop.project}\nimages: {{a: {{test: {{files: {{/Dockerfile: }}}}}}}}\n"}
        )
        assert other.mbuild("all").code == 0
        assert len(traces.containers()) == 1
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(100):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("it never became true")


@pytest.mark.engine
@pytest.mark.parametrize("builder", ["buildx", "docker"])
def test_a_failed_test_pushes_nothing(shop: Shop, traces: Traces, builder: str, proxy: Proxy) -> None:
    shop.write(shop.shell("exit 1"), registry=f"{proxy.host}/{shop.project}")
    answer = shop.build(builder, "--push", "--tag", "v1")
    assert answer.code == 1
    assert proxy.uploads() == []
    assert not any(path.endswith(("/v1", "/latest")) for _, path in proxy.seen)
    shop.write(shop.shell("exit 0"), registry=f"{proxy.host}/{shop.project}")
    answer = shop.build(builder, "--push", "--tag", "v1")
    assert answer.code == 0, answer.err
    assert answer.image("base")["pushed"] == answer.image("base")["tags"]
    proxy.seen.clear()
    assert states(shop.build(builder, "--push", "--tag", "v2"))["base"] == ("reused", None)
    names = traces.engine.run("images", "--format", "{{.Repository}}:{{.Tag}}", f"{proxy.host}/{shop.project}/*")
    traces.engine.run("rmi", "--force", *names.decode().split())


class TestWithoutAnEngine:
    @pytest.fixture(autouse=True)
    def no_engine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    def named(self, shop: Shop) -> Mapping[str, str]:
        index = json.loads((shop.repo.folder / ".mbuild/oci/index.json").read_text())
        marks = [each["annotations"] for each in index["manifests"]]
        return {each["org.opencontainers.image.ref.name"]: "" for each in marks}

    def test_a_command_is_not_run_and_nobody_says_so(self, shop: Shop) -> None:
        shop.write(shop.shell("exit 1"), {"files": {"/Dockerfile": {"type": "file"}}})
        answer = shop.build("auto")
        assert answer.code == 0, answer.err
        assert states(answer) == {"base": ("built", "checked"), "child": ("built", "passed")}
        warning = "image 'base': the test was not run, which needs an engine; sh is there and can be executed"
        assert f"warning: build.yaml:5:4: {warning}\n" in answer.err
        assert sorted(self.named(shop)) == sorted(tag for each in answer.json["images"] for tag in each["tags"])

    @pytest.mark.parametrize("program", ["nope", "/bin/nope", "/bin", "Dockerfile", "/bin/loop"])
    def test_a_program_that_cannot_be_one(self, shop: Shop, program: str) -> None:
        shop.link("loop", "loop")
        shop.write([program], dockerfile="COPY links /bin/\nCOPY Dockerfile /bin/Dockerfile")
        answer = shop.build("oci")
        assert answer.code == 1
        assert states(answer) == {"base": ("failed", "failed"), "child": ("skipped", None)}
        what = "cannot be executed" if program == "Dockerfile" else "is not there"
        assert errors(answer) == [f"error: build.yaml:5:4: image 'base': the test failed: {program} {what}"]
        assert self.named(shop) == {}

    @pytest.mark.parametrize("program", ["sh", "/bin/sh", "./sh", "link", "../bin/link"])
    def test_a_program_that_is_there(self, shop: Shop, program: str) -> None:
        shop.link("link", "/bin/sh")
        shop.write([program], dockerfile="COPY links /bin/\nWORKDIR /bin")
        assert states(shop.build("oci"))["base"] == ("built", "checked")

    def test_files(self, shop: Shop) -> None:
        shop.write({"files": {"/bin/sh": {"mode": "0700"}, "/bin": {"type": "file"}, "/x": None}})
        answer = shop.build("oci")
        assert [each.partition("the test failed: ")[2] for each in errors(answer)] == [
            "/bin is a directory, not a file",
            "/bin/sh has the mode 0755, not 0700",
            "/x is not there",
        ]
        assert self.named(shop) == {}

    def test_it_is_not_pushed_untested(self, shop: Shop, proxy: Proxy) -> None:
        shop.write(shop.shell("exit 1"), registry=f"{proxy.host}/{shop.project}")
        assert shop.build("oci").code == 0
        answer = shop.build("oci", "--push")
        assert answer.code == 4
        assert errors(answer) == [
            "error: build.yaml:5:4: image 'base': it is pushed only after its test, and running that needs an engine"
        ]
        assert proxy.uploads() == []
