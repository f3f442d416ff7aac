"""``mbuild audit`` in real repositories, with a real engine and with none."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest

from mbuild.app.existing import Shown, outside
from mbuild.app.holdings import Holdings
from mbuild.app.workplaces import workplace
from mbuild.app.workspace import open_workspace
from mbuild.builders.engine import connect
from mbuild.builders.oci.layout import Layout
from mbuild.builders.registry import Surroundings, choose
from tests.conftest import EngineUnderTest
from tests.oracle.minimal.base import _root, import_base
from tests.support import Answer, Repo

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schema/audit.schema.json").read_text())
RANDOM = "cat /proc/sys/kernel/random/uuid"


class Shop(Repo):
    """A repository whose images have a project of their own."""

    project = ""
    base = ""

    def define(self, images: str, files: dict[str, str]) -> Shop:
        """Commit a build.yaml and files; PROJECT and BASE in them stand for the project and an image with a shell."""
        text = f"version: 1\nproject: {self.project}\nimages:\n{images}"
        self.commit({path: self.filled(each) for path, each in {"build.yaml": text, **files}.items()})
        return self

    def filled(self, text: str) -> str:
        return text.replace("PROJECT", self.project).replace("BASE", self.base)

    def audit(self, *args: str, base: str = "HEAD") -> Answer:
        return self.mbuild("--progress", "quiet", "audit", "--base", base, *args)

    def outcomes(self, *args: str, base: str = "HEAD") -> dict[str, str]:
        answer = self.audit("--format", "json", *args, base=base)
        assert answer.code in (0, 1, 4), answer
        jsonschema.validate(answer.json, SCHEMA)
        return {each["name"]: each["outcome"] for each in answer.json["images"]}


def image(answer: Answer, name: str) -> dict[str, Any]:
    return next(each for each in answer.json["images"] if each["name"] == name)


@pytest.fixture
def shop(tmp_path: Path, engine: EngineUnderTest) -> Iterator[Shop]:
    found = Shop(tmp_path / "repo")
    found.project = f"t{uuid.uuid4().hex[:12]}"
    found.base = f"{found.project}/shell:1"
    connection = connect()
    import_base(connection.client, found.base)
    yield found
    connection.close()
    engine.run("rmi", "--force", *_names(engine, f"{found.project}/*"))


def leftovers(engine: EngineUnderTest) -> set[str]:
    return _names(engine, "mbuild-audit/*")


def _labelled(name: str) -> str:
    """Return the option with which an image can be called by a content tag."""
    return f"--label=dev.mbuild.fingerprint={name.rpartition(':mb-')[2]}"


def _names(engine: EngineUnderTest, pattern: str) -> set[str]:
    return set(engine.run("images", "--format", "{{.Repository}}:{{.Tag}}", pattern).decode().split())


def assert_gone(engine: EngineUnderTest, names: set[str]) -> None:
    """Other audits may run in the same engine; what they make is gone after a while."""
    end = time.monotonic() + 60
    while names & leftovers(engine):
        assert time.monotonic() < end, names & leftovers(engine)
        time.sleep(1)


ONE = "  one: {dockerfile: one/Dockerfile, context: .}\n"


@pytest.mark.engine
class TestTheSame:
    def test_parents_stages_and_an_ignore_file(self, shop: Shop, engine: EngineUnderTest) -> None:
        before = leftovers(engine)
        shop.define(
            "  base: {dockerfile: base/Dockerfile}\n" + ONE,
            {
                "base/Dockerfile": "FROM scratch\nCOPY files /files\n",
                "base/files/x": "x",
                "one/Dockerfile": "FROM scratch AS a\nCOPY lib /lib\n"
                "FROM PROJECT/base\nCOPY --from=a /lib /lib\nCOPY app /\n",
                "one/Dockerfile.dockerignore": "app/*.md\n",
                "lib/l": "l",
                "app/main": "m",
                "app/notes.md": "n",
                "README": "r",
            },
        )
        shop.write({"app/notes.md": "changed", "README": "changed", "base/other": "new"})
        answer = shop.audit("--format", "json")
        assert answer.code == 0, answer.err
        assert {each["name"]: each["outcome"] for each in answer.json["images"]} == {"base": "same", "one": "same"}
        assert {each["path"] for each in image(answer, "one")["around"]} == {"app/notes.md", "README", "base/other"}
        assert answer.json["most_missed"] == 0
        assert_gone(engine, leftovers(engine) - before)
        assert shop.git("status", "--porcelain").split() == ["M", "README", "M", "app/notes.md", "??", "base/other"]

    def test_a_run_that_is_never_the_same_is_no_miss(self, shop: Shop) -> None:
        dockerfile = (
            f"FROM BASE\nRUN --network=none --mount=type=bind,source=src,target=/s cat /s/a >/a; {RANDOM} >/random\n"
        )
        shop.define(ONE, {"one/Dockerfile": dockerfile, "src/a": "a", "README": "r"})
        shop.write({"README": "changed"})
        assert shop.outcomes() == {"one": "same"}

    @pytest.mark.parametrize("builder", ["auto", "docker"])
    def test_what_git_converts(self, shop: Shop, builder: str) -> None:
        """A commit is built as it would be checked out, as the work tree is."""
        attributes = "*.sh eol=crlf\n*.txt ident\nDockerfile text eol=crlf\n"
        dockerfile = "FROM scratch\nCOPY app /\nCOPY <<EOF /here\none\ntwo\nEOF\n"
        files = {"app/run.sh": "a\nb\n", "app/i.txt": "$Id$\n", ".gitattributes": attributes}
        shop.define(ONE, {**files, "one/Dockerfile": dockerfile})
        for each in ("app/run.sh", "app/i.txt", "one/Dockerfile"):
            (shop.folder / each).unlink()
        shop.git("checkout", "-q", ".")
        assert (shop.folder / "app/run.sh").read_bytes() == b"a\r\nb\r\n"
        assert b"\r\n" in (shop.folder / "one/Dockerfile").read_bytes()
        shop.write({"README": "changed"})
        assert shop.outcomes("--builder", builder) == {"one": "same" if builder == "auto" else "undecided"}
        shop.commit({"README": "again"})
        answer = shop.audit("--builder", builder, "--head", "HEAD", "--format", "json", base="HEAD~1")
        found = image(answer, "one")
        assert found["outcome"] == ("same" if builder == "auto" else "undecided")
        if builder == "docker":
            assert found["reason"] == "a checkout has other content of app/i.txt (ident) than is sent"

    def test_affected_images_are_left_alone(self, shop: Shop) -> None:
        shop.define(ONE, {"one/Dockerfile": "FROM scratch\nCOPY app /\n", "app/main": "m"})
        shop.write({"app/main": "changed"})
        answer = shop.audit()
        assert answer.code == 0
        assert "1 image: 1 affected, 0 not affected\nnothing to audit: every image is affected\n" in answer.out

    def test_narrowed_contexts(self, shop: Shop) -> None:
        shop.define(
            "  one: {dockerfile: one/Dockerfile, context: ., include: ['app/**'], exclude: ['**/*.md']}\n"
            "  two: {dockerfile: one/Dockerfile, context: ., exclude: ['**/*.md', 'lib']}\n",
            {
                "one/Dockerfile": "FROM scratch\nCOPY . /all\n",
                "app/main": "m",
                "app/a.md": "a",
                "lib/l": "l",
                "b/b": "b",
            },
        )
        shop.write({"app/a.md": "changed", "lib/l": "changed"})
        assert shop.outcomes() == {"one": "same", "two": "same"}
        shop.commit()
        # A folder of which nothing is left is there, but not in a context that only some files are part of.
        shop.write({"app/docs/new.md": "new", "b/b": "changed"})
        assert shop.outcomes() == {"one": "same"}

    def test_named_contexts_and_args(self, shop: Shop) -> None:
        shop.define(
            "  tools: {dockerfile: tools/Dockerfile}\n"
            "  one: {dockerfile: one/Dockerfile, context: one, args: {WHAT: a}, target: last,\n"
            "        contexts: {lib: ./lib, kit: 'image:tools'}}\n",
            {
                "tools/Dockerfile": "FROM scratch\nCOPY t /t\n",
                "tools/t": "t",
                "one/Dockerfile": "ARG WHAT\nFROM scratch AS last\nARG WHAT\nCOPY --from=lib $WHAT /\n"
                "COPY --from=kit /t /t\nFROM last\nCOPY x /x\n",
                "one/x": "x",
                "lib/a": "a",
                "lib/b": "b",
            },
        )
        shop.write({"lib/b": "changed", "one/x": "changed"})
        assert shop.outcomes() == {"one": "same", "tools": "same"}


@pytest.mark.engine
class TestTheBuilders:
    @pytest.fixture
    def changed(self, shop: Shop) -> Shop:
        shop.define(
            "  base: {dockerfile: base/Dockerfile}\n" + ONE,
            {
                "base/Dockerfile": "FROM scratch\nCOPY files /files\n",
                "base/files/x": "x PROJECT",
                "base/files/notes.md": "n",
                "base/.dockerignore": "**/*.md\n",
                "one/Dockerfile": "FROM PROJECT/base\nCOPY app /app\n",
                "app/main": "m",
            },
        )
        shop.write({"base/files/notes.md": "changed", "README": "changed"})
        return shop

    @pytest.mark.parametrize("builder", ["auto", "buildx", "docker"])
    def test_each_builds_from_everything(self, changed: Shop, engine: EngineUnderTest, builder: str) -> None:
        before = leftovers(engine)
        assert changed.outcomes("--builder", builder) == {"base": "same", "one": "same"}
        assert_gone(engine, leftovers(engine) - before)

    def test_an_engine_without_a_client(self, changed: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "bin").mkdir()
        git = shutil.which("git")
        assert git is not None
        (tmp_path / "bin" / "git").symlink_to(git)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        answer = changed.audit("--format", "json")
        assert answer.code == 0, answer
        assert answer.json["builder"].startswith("buildkit in the engine at ")
        assert [each["outcome"] for each in answer.json["images"]] == ["same", "same"]

    def test_a_builder_that_cannot_forgets_no_doubt(self, changed: Shop, engine: EngineUnderTest) -> None:
        """The engine's API has no way past its cache, so a build that differs stays undecided."""
        changed.git("checkout", "-q", ".")
        assert changed.mbuild("all").code == 0
        answer = changed.audit("--builder", "docker", "--format", "json", "one")
        name = image(answer, "one")["existing"]["name"]
        engine.run("rmi", "--force", name)
        engine.run("build", _labelled(name), "--tag", name, "-", stdin=f"FROM {changed.base}\n".encode())
        answer = changed.audit("--builder", "docker", "--format", "json", "one")
        assert image(answer, "one")["outcome"] == "same"
        found = image(answer, "one")["existing"]
        assert (found["outcome"], found["reason"]) == (
            "undecided",
            "it differs, and whether it has to was not found out: this builder cannot build without its cache",
        )


@pytest.mark.engine
class TestUndecided:
    def test_what_builds_on_neither_side(self, shop: Shop) -> None:
        shop.define(ONE, {"one/Dockerfile": "FROM BASE\nRUN --network=none exit 3\n", "README": "r"})
        shop.write({"README": "changed"})
        answer = shop.audit()
        assert answer.code == 4
        assert "undecided  one: it builds neither at the base nor at head: " in answer.out
        assert "error: nothing could be decided\nhint: " in answer.err

    def test_a_dockerfile_that_only_the_builder_cannot_read(self, shop: Shop) -> None:
        """An old frontend refuses a new flag, be it in a stage that nobody builds."""
        text = "FROM scratch AS unused\nCOPY . /\nFROM scratch\nCOPY one/x /x\n"
        shop.define(ONE, {"one/Dockerfile": text, "one/x": "x"})
        shop.write({"one/Dockerfile": text.replace("COPY . /", "COPY --exclude=*.md . /")})
        answer = shop.audit("--format", "json")
        found = image(answer, "one")
        refused = found["reason"].startswith("this builder cannot read its Dockerfile: ")
        assert found["outcome"] == ("undecided" if refused else "same"), answer

    def test_a_submodule_that_moved(self, shop: Shop, tmp_path: Path) -> None:
        module = Repo(tmp_path / "module")
        module.commit({"f": "1"})
        shop.define(ONE, {"one/Dockerfile": "FROM scratch\nCOPY one /one\n"})
        shop.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(module.folder), "sub")
        shop.commit()
        module.commit({"f": "2"})
        shop.git("-C", "sub", "-c", "protocol.file.allow=always", "pull", "-q", "origin", "main")
        answer = shop.audit()
        assert answer.code == 4
        assert "the submodule sub changed" in answer.out


@pytest.mark.engine
class TestExisting:
    @pytest.fixture
    def built(self, shop: Shop) -> Shop:
        shop.define(ONE, {"one/Dockerfile": "FROM scratch\nCOPY app /\n", "app/main": "m", "README": "r"})
        assert shop.mbuild("all").code == 0
        shop.write({"README": "changed"})
        return shop

    def test_the_same(self, built: Shop) -> None:
        answer = built.audit("--format", "json")
        assert answer.code == 0
        assert image(answer, "one")["existing"]["outcome"] == "same"
        assert image(answer, "one")["existing"]["name"].startswith(f"{built.project}/one:mb-")

    @pytest.mark.parametrize("builder", ["auto", "docker"])
    def test_through_an_engine_on_another_machine(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch, builder: str
    ) -> None:
        here = os.uname()
        values = (here.sysname, here.nodename, here.release, here.version, "i686")
        monkeypatch.setattr(os, "uname", lambda: os.uname_result(values))
        dockerfile = "FROM scratch\nARG TARGETARCH\nENV ARCH=$TARGETARCH\nCOPY app /\n"
        shop.define(ONE, {"one/Dockerfile": dockerfile, "app/main": "m", "README": "r"})
        assert shop.mbuild("all", "--builder", builder).code == 0
        shop.write({"README": "changed"})
        answer = shop.audit("--builder", builder, "--format", "json")
        assert image(answer, "one")["existing"]["outcome"] == "same", answer

    def test_another(self, built: Shop, engine: EngineUnderTest, tmp_path: Path) -> None:
        name = image(built.audit("--format", "json"), "one")["existing"]["name"]
        (tmp_path / "stale").mkdir()
        (tmp_path / "stale" / "main").write_text("old")
        (tmp_path / "stale" / "Dockerfile").write_text("FROM scratch\nCOPY main /\n")
        engine.run("rmi", "--force", name)
        engine.run("buildx", "build", "--load", _labelled(name), "--tag", name, str(tmp_path / "stale"))
        answer = built.audit()
        assert answer.code == 1, answer
        assert "miss  one: it is what it was at the base, and the build that exists of it is another" in answer.out
        assert "differs: /main: 3 bytes" in answer.out

    def test_another_that_need_not_be_the_same(self, shop: Shop, engine: EngineUnderTest) -> None:
        """What a fingerprint cannot know of, and steps that give something else each time, are no proof."""
        shop.define(
            "  root: {dockerfile: root/Dockerfile}\n  own: {dockerfile: own/Dockerfile}\n" + ONE,
            {
                "one/Dockerfile": f"FROM BASE\nRUN --network=none {RANDOM} >/random\n",
                "own/Dockerfile": f"FROM PROJECT/root\nRUN --network=none {RANDOM} >/random\n",
                "root/Dockerfile": "FROM scratch\nADD root.tar /\nENV PATH=/bin\n",
                "README": "r",
            },
        )
        (shop.folder / "root" / "root.tar").write_bytes(_root())
        shop.commit()
        assert shop.mbuild("all").code == 0
        plan = shop.mbuild("all", "--dry-run", "--format", "json")
        for name in ("one", "own"):
            # The cache has what was made last, and no image that exists.
            for tag in (plan.image(name)["tags"][0], f"{shop.project}/{name}:last"):
                argv = ("buildx", "build", "--no-cache", "--load", _labelled(tag), "--tag", tag, "-")
                if tag in _names(engine, tag):
                    engine.run("rmi", "--force", tag)
                engine.run(*argv, stdin=(shop.folder / name / "Dockerfile").read_bytes())
        shop.write({"README": "changed"})
        answer = shop.audit("--format", "json")
        found = {each["name"]: each["existing"] for each in answer.json["images"]}
        assert answer.code == 0, answer
        assert found["root"]["outcome"] == "same"
        assert found["one"]["outcome"] == found["own"]["outcome"] == "undecided"
        assert f"it differs, and {shop.base} may have been another one then" in found["one"]["reason"]
        assert "building head twice does not give the same: /random: 37 bytes" in found["own"]["reason"]
        assert "the build that exists, " in shop.audit().out

    def test_only_in_a_registry(self, built: Shop, engine: EngineUnderTest, registry: str) -> None:
        """It is brought for the comparison, and is not there any more afterwards."""
        text = (built.folder / "build.yaml").read_text()
        built.commit({"build.yaml": text.replace("images:", f"registry: {registry}/{built.project}\nimages:")})
        assert built.mbuild("all", "--push").code == 0
        (name,) = {each for each in _names(engine, f"{registry}/{built.project}/*") if ":mb-" in each}
        engine.run("rmi", "--force", name)
        built.write({"README": "again"})
        answer = built.audit("--format", "json")
        assert answer.code == 0, answer
        assert image(answer, "one")["existing"] == {"name": name, "outcome": "same", "reason": "", "differences": []}
        assert not _names(engine, f"{registry}/{built.project}/*")
        assert image(built.audit("--format", "json", "--no-reuse"), "one")["existing"] is None

    def test_what_no_fingerprint_knows_is_named(self, built: Shop, tmp_path: Path) -> None:
        """An external image, a secret and what ADD fetches may have been others when a build was made."""
        (built.folder / "token").write_text("t")
        secret = "  two: {dockerfile: two/Dockerfile, secrets: [{id: token, file: token}]}\n"
        files = {
            "two/Dockerfile": "FROM scratch\nCOPY f /f\n",
            "two/f": "f",
            "three/Dockerfile": "FROM scratch\nADD https://example.invalid/f /f\n",
            "four/Dockerfile": "FROM PROJECT/two\n",
        }
        more = "  three: {dockerfile: three/Dockerfile}\n  four: {dockerfile: four/Dockerfile}\n"
        built.define(ONE + secret + more, files)
        workspace = open_workspace(built.folder, None)
        graph = workspace.snapshot(workspace.head(None)).graph
        found = {name: outside(graph, graph.nodes[name]) for name in graph.nodes}
        assert found == {
            "one": "",
            "two": "the secret token",
            "three": "https://example.invalid/f",
            "four": "the secret token",
        }

    def test_one_that_is_gone_by_then(self, built: Shop, engine: EngineUnderTest, tmp_path: Path) -> None:
        """It was there when the audit began."""
        name = image(built.audit("--format", "json"), "one")["existing"]["name"]
        workspace = open_workspace(built.folder, None)
        graph = workspace.snapshot(workspace.head(None)).graph
        engine.run("rmi", "--force", name)
        builder = choose("auto", Surroundings(tmp_path)).builder
        place = workplace(builder, built.folder, tmp_path)
        shown = Shown(graph, Holdings(here=frozenset(["one"])), place, None)
        side: Any = type("Side", (), {"graph": graph})
        found = shown.judged("one", side)
        builder.close()
        assert found is not None
        assert (found.verdict.outcome, "No such image" in found.verdict.reason) == ("undecided", True)

    def test_several_platforms_are_not_compared(self, built: Shop) -> None:
        text = (built.folder / "build.yaml").read_text()
        built.commit({"build.yaml": text.replace("context: .", "context: ., platforms: [linux/amd64, linux/arm64]")})
        workspace = open_workspace(built.folder, None)
        graph = workspace.snapshot(workspace.head(None)).graph
        shown = Shown(graph, Holdings(here=frozenset(["one"])), cast("Any", None), None)
        found = shown.judged("one", cast("Any", type("Side", (), {"graph": graph})))
        assert found is not None
        assert found.verdict.reason == "it is for several platforms"


class TestWithoutAnEngine:
    @pytest.fixture(autouse=True)
    def no_engine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    @pytest.fixture
    def plain(self, tmp_path: Path) -> Shop:
        found = Shop(tmp_path / "repo")
        found.project = "shop"
        files = {
            "base/Dockerfile": "FROM scratch\nCOPY files /files\n",
            "base/files/x": "x",
            "one/Dockerfile": "FROM shop/base\nCOPY app /\n",
            "one/Dockerfile.dockerignore": "**/*.md\n",
            "app/main": "m",
            "app/notes.md": "n",
        }
        return found.define("  base: {dockerfile: base/Dockerfile}\n" + ONE, files)

    def test_the_embedded_builder(self, plain: Shop) -> None:
        assert plain.mbuild("all").code == 0
        before = sorted(each for each in (plain.folder / ".mbuild").rglob("*"))
        plain.write({"app/notes.md": "changed"})
        answer = plain.audit("--format", "json")
        assert answer.code == 0, answer
        assert [(each["outcome"], each["existing"]["outcome"]) for each in answer.json["images"]] == [
            ("same", "same")
        ] * 2
        assert sorted(each for each in (plain.folder / ".mbuild").rglob("*")) == before

    def test_a_layout_that_holds_another(self, plain: Shop) -> None:
        assert plain.mbuild("all", "--tag", "kept").code == 0
        plain.write({"app/notes.md": "changed"})
        name = image(plain.audit("--format", "json"), "one")["existing"]["name"]
        Layout(plain.folder / ".mbuild" / "oci").tag("shop/base:kept", [name])
        answer = plain.audit()
        assert answer.code == 1, answer
        assert f"the build that exists, {name}: miss: the build that exists is another one than head's" in answer.out
        assert "differs: /main: absent → file (COPY app /)" in answer.out

    def test_a_layout_that_is_damaged(self, plain: Shop) -> None:
        assert plain.mbuild("all").code == 0
        plain.write({"app/notes.md": "changed"})
        layout = Layout(plain.folder / ".mbuild" / "oci")
        name = image(plain.audit("--format", "json"), "one")["existing"]["name"]
        layout.tag(image(plain.audit("--format", "json"), "base")["existing"]["name"], [name])
        found = layout.find(name)
        assert found is not None
        for each in layout.layers(found):
            blob = layout.blobs / each.digest.removeprefix("sha256:")
            blob.chmod(0o644)
            blob.write_bytes(b"x" * each.size)
        answer = plain.audit("--format", "json")
        existing = image(answer, "one")["existing"]
        assert (existing["outcome"], "its files cannot be read" in existing["reason"]) == ("undecided", True)

    def test_what_needs_an_engine_is_undecided(self, plain: Shop) -> None:
        plain.commit({"one/Dockerfile": "FROM shop/base\nRUN true\n"})
        plain.write({"app/notes.md": "changed"})
        assert plain.outcomes() == {"base": "same", "one": "undecided"}
        assert plain.audit().code == 0


class TestTheCommandLine:
    @pytest.fixture
    def many(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        found = Shop(tmp_path / "repo")
        found.project = "shop"
        images = "".join(f"  i{number:02}: {{dockerfile: d/Dockerfile}}\n" for number in range(30))
        return found.define(images, {"d/Dockerfile": "FROM scratch\nCOPY f /\n", "d/f": "f"})

    def test_a_seed_draws_the_same_again(self, many: Shop) -> None:
        one = many.audit("--sample", "3", "--format", "json")
        two = many.audit("--sample", "3", "--seed", str(one.json["seed"]), "--format", "json")
        assert [each["name"] for each in one.json["images"]] == [each["name"] for each in two.json["images"]]
        assert (one.json["eligible"], one.json["sampled"], one.json["most_missed"]) == (30, 3, 18)
        assert len(many.outcomes()) == 20
        assert len(many.outcomes("--sample", "all")) == 30
        text = many.audit("--sample", "3", "--seed", "5").out
        assert f"mbuild audit --base {many.git('rev-parse', 'HEAD')} --head" in text
        assert "--sample 3 --seed 5" in text

    def test_only_some_images(self, many: Shop) -> None:
        assert many.outcomes("i03", "i01") == {"i01": "same", "i03": "same"}

    @pytest.mark.parametrize("sample", ["0", "-1", "x", ""])
    def test_a_sample_that_is_none(self, many: Shop, sample: str) -> None:
        answer = many.audit("--sample", sample)
        assert answer.code == 2
        assert f"'{sample}' is neither a number from 1 nor 'all'" in answer.err

    def test_an_image_that_there_is_not(self, many: Shop) -> None:
        answer = many.audit("i99")
        assert (answer.code, answer.out) == (2, "")
        assert "there is no image 'i99'" in answer.err


@pytest.mark.engine
def test_ctrl_c_leaves_nothing(shop: Shop, engine: EngineUnderTest, tmp_path: Path) -> None:
    marker = uuid.uuid4().hex
    shop.define(
        ONE, {"one/Dockerfile": f"FROM BASE\nRUN --network=none : {marker}; while :; do :; done\n", "README": "r"}
    )
    shop.write({"README": "changed"})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    argv = [sys.executable, "-m", "mbuild", "-C", str(shop.folder), "--progress", "plain", "audit", "--base", "HEAD"]
    child = subprocess.Popen(argv, env=os.environ | {"TMPDIR": str(scratch)}, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    for line in child.stderr:
        if marker in line:
            break
    (run,) = {each.name.split("-")[2] for each in scratch.glob("mbuild-audit-*/*/*/mbuild-audit-*")}
    child.send_signal(signal.SIGINT)
    _, rest = child.communicate(timeout=30)
    assert child.returncode == 130, rest
    assert "Traceback" not in rest
    assert list(scratch.iterdir()) == []
    assert not _names(engine, f"mbuild-audit/{run}")
