"""What a build gets besides folders, by BuildKit's own interface and by buildx: secrets, ssh agents, caches."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mbuild.builders.engine import Engine
from mbuild.builders.masking import MOST_BYTES
from tests.oracle.minimal.base import import_base
from tests.oracle.minimal.results import Result, result_of
from tests.support import Answer, Repo

pytestmark = pytest.mark.engine

WAYS = ("auto", "buildx")
Build = Callable[[str, str, str], Answer]
"""Builds one image by a builder, of an entry of build.yaml and what follows FROM."""


@pytest.fixture
def build(
    repo: Repo, project: str, engine_door: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Build]:
    """Yield what builds an image; ``auto`` finds no docker client, so that it has to ask the engine itself."""
    import_base(engine_door.client, f"{project}/base:1")
    only_git = tmp_path / "only-git"
    only_git.mkdir()
    (only_git / "git").symlink_to(shutil.which("git") or "git")

    def build(builder: str, entry: str, rest: str) -> Answer:
        config = f"version: 1\nproject: {project}\nimages: {{app: {entry}}}\n"
        # No step may be taken from a cache: what a secret is does not count there.
        lines = f"FROM {project}/base:1\nENV UNIQUE={uuid.uuid4().hex}\n{rest}"
        repo.write({"build.yaml": config, "app/Dockerfile": lines})
        with monkeypatch.context() as patch:
            if builder == "auto":
                patch.setenv("PATH", str(only_git))
            return repo.mbuild(
                "--progress", "json", "all", "--force", "--builder", builder, "--format", "json", "--retries", "0"
            )

    yield build
    engine_door.untag(f"{project}/base:1")


def result(engine_door: Engine, project: str) -> Result:
    return result_of(engine_door.client, f"{project}/app:latest")


@pytest.mark.parametrize("builder", WAYS)
@pytest.mark.parametrize("kind", ["env", "unset", "file", "binary", "largest", "other id", "absent"])
def test_secrets(
    build: Build,
    project: str,
    engine_door: Engine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    builder: str,
    kind: str,
) -> None:
    values = {"file": b"a\nb\n", "binary": b"\0\xff\n", "largest": b"z" * MOST_BYTES}
    value = values.get(kind, b"")
    entry, copied = f"{{secrets: [{{id: a, file: {tmp_path / 'secret'}}}]}}", "/run/secrets/a"
    (tmp_path / "secret").write_bytes(value)
    if kind in ("env", "unset"):
        entry, value = "{secrets: [{id: a, env: MBUILD_TEST_SECRET}]}", b"caf\xc3\xa9" if kind == "env" else b""
        monkeypatch.setenv("MBUILD_TEST_SECRET", value.decode())
        if kind == "unset":
            monkeypatch.delenv("MBUILD_TEST_SECRET")
    mounted = "b" if kind == "other id" else "a"
    if kind == "absent":
        entry = "{}"
    expected = kind not in ("other id", "absent")
    run = f"cp {copied} /copied" if expected else f"test ! -e {copied} && echo none > /copied"
    answer = build(builder, entry, f"RUN --mount=type=secret,id={mounted} {run}\n")
    assert answer.code == 0, answer.err
    files = result(engine_door, project).files
    content = value if expected else b"none\n"
    assert files["copied"][6:] == (len(content), hashlib.sha256(content).hexdigest())
    assert not [name for name in files if name.startswith("run/secrets/")]


@pytest.mark.parametrize("builder", WAYS)
@pytest.mark.parametrize("env", [False, True])
def test_a_secret_that_is_required(build: Build, builder: str, env: bool) -> None:
    mount = "type=secret,id=a,required" + (",env=A" if env else "")
    answer = build(builder, "{}", f"RUN --mount={mount} true\n")
    assert answer.code == 1
    # The engine's own frontend may be older than secrets in variables.
    assert re.search(r"app/Dockerfile:3: image 'app': (secret a: not found|unexpected key 'env')", answer.err)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.write_bytes(b"x" * (MOST_BYTES + 1)), f"has more than {MOST_BYTES} bytes"),
    ],
)
def test_a_secret_that_cannot_be_read(
    build: Build, tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / "the secret"
    make(path)
    answer = build("auto", f"{{secrets: [{{id: a, file: '{path}'}}]}}", "RUN --mount=type=secret,id=a true\n")
    assert answer.code == 1
    assert f"app/Dockerfile: image 'app': secret 'a' cannot be read: {path}" in answer.err
    assert reason in answer.err


def libraries(program: str) -> list[str]:
    """Return the files that a dynamically linked program needs, itself included."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return [program, *re.findall(r"(/\S+) \(0x", listed)]


@pytest.fixture
def client(repo: Repo) -> str:
    """Put a real client of ssh agents into the repository; returns the lines that put it into an image."""
    program = shutil.which("ssh-add")
    if program is None or shutil.which("ssh-agent") is None:
        pytest.skip("needs ssh-agent and ssh-add (Debian: openssh-client)")
    with tarfile.open(fileobj=(packed := io.BytesIO()), mode="w", dereference=True) as archive:
        for each in libraries(program):
            archive.add(each)
    (repo.folder / "app").mkdir()
    (repo.folder / "app/client.tar").write_bytes(packed.getvalue())
    return f"ADD client.tar /\nENV CLIENT={program}\n"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """Yield the socket of an agent that holds one key, called ``mine``."""
    socket = str(tmp_path / "agent.sock")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    while not Path(socket).exists():
        assert process.poll() is None
    key = str(tmp_path / "key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "mine", "-f", key], check=True)
    subprocess.run(["ssh-add", "-q", key], env={"SSH_AUTH_SOCK": socket}, check=True)
    yield socket
    process.terminate()
    process.wait()


def keys(agent: str) -> str:
    """Return what an agent holds, as told on this machine."""
    return subprocess.run(["ssh-add", "-l"], env={"SSH_AUTH_SOCK": agent}, capture_output=True, text=True).stdout


@pytest.mark.parametrize("builder", WAYS)
@pytest.mark.parametrize("named", [False, True])
def test_an_agent_lists_and_signs_and_stays_as_it_is(
    build: Build,
    client: str,
    agent: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    repo: Repo,
    builder: str,
    named: bool,
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nonexistent" if named else agent)
    shutil.copy(tmp_path / "key.pub", repo.folder / "app/key.pub")
    steps = (
        '"$CLIENT" -l > /l && grep -q mine /l',
        # -T signs something with the key, and verifies it.
        '"$CLIENT" -T /key.pub',
        '! "$CLIENT" -D 2> /e && "$CLIENT" -l | grep -q mine',
        # Each has a connection of its own.
        'for i in 1 2 3 4 5 6 7 8 9 10; do "$CLIENT" -l | grep -q mine || exit 1; done',
    )
    mount = "--mount=type=ssh,required" + (",id=other" if named else "")
    lines = "".join(f"RUN {mount} {each}\n" for each in steps)
    ssh = f"other={agent}" if named else "default"
    answer = build(builder, f"{{ssh: ['{ssh}']}}", f"{client}COPY key.pub /\n{lines}")
    assert answer.code == 0, answer.err
    assert "mine" in keys(agent)


@pytest.mark.parametrize("builder", WAYS)
@pytest.mark.parametrize("required", [False, True])
def test_an_agent_that_is_not_given(
    build: Build, agent: str, monkeypatch: pytest.MonkeyPatch, builder: str, required: bool
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", agent)
    mount = "--mount=type=ssh,id=other" + (",required" if required else "")
    answer = build(builder, "{ssh: [default]}", f'RUN {mount} test ! -e "$SSH_AUTH_SOCK"\n')
    assert answer.code == int(required), answer.err
    assert ("app/Dockerfile:3: image 'app':" in answer.err) == required


def test_an_image_of_elsewhere_as_a_context(build: Build, project: str, engine_door: Engine) -> None:
    entry = f"{{contexts: {{tools: 'docker-image://{project}/base:1'}}}}"
    found = []
    for builder in WAYS:
        answer = build(builder, entry, "COPY --from=tools /bin/list /taken\n")
        assert answer.code == 0, answer.err
        found.append(result(engine_door, project).files)
    assert found[0] == found[1]
    assert "taken" in found[0]


def test_caches(build: Build, project: str, engine_door: Engine) -> None:
    """What reads and writes a cache in a registry is ``test_passed.py``'s; here, that it needs no client."""
    entry = "{cache_to: [type=inline], cache_from: ['localhost:1/none:1']}"
    answer = build("auto", entry, "RUN true\n")
    assert answer.code == 0, answer.err
    assert "importing cache manifest from localhost:1/none:1" in answer.err
