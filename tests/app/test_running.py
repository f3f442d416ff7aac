"""Running a plan with a fake builder: the seam the design names."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from mbuild.app import attempts, running
from mbuild.app.requests import Naming, placeholders
from mbuild.app.workspace import Snapshot, open_workspace
from mbuild.builders.protocol import BuildRequest, BuildResult, Cancel, Examined, Stored
from mbuild.errors import BuildFailedError, ChangedWhileRead, EnvironmentFault, ExitCode, Problem, UsageError, Where
from mbuild.events import Emit, Event
from mbuild.images import ImageDef
from mbuild.registry.registries import Registries
from mbuild.schedule.jobs import Capacity
from mbuild.schedule.plan import make_plan
from tests.cli.shop import FILES
from tests.support import Repo

OPTIONS = running.Options(jobs=1, fail_fast=False, epoch=0)


@dataclass
class FakeBuilder:
    """Answers as it is told; remembers what it was asked."""

    answer: Callable[[BuildRequest, Cancel], BuildResult] = lambda request, cancel: BuildResult("built")
    asked: list[BuildRequest] = field(default_factory=list)
    tagged: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    did: list[tuple[str, str]] = field(default_factory=list)
    verdict: Examined = field(default_factory=lambda: Examined("passed"))
    accepted: Collection[str] = ()
    name: str = "fake"
    place: str = "nowhere"
    capacity: Capacity | None = None
    runs_tests: bool = True

    @property
    def plain_registries(self) -> Collection[str]:
        return ()

    def existing(self, names: Collection[str]) -> Mapping[str, str]:
        return {}

    def stored(self, names: Collection[str], *, again: bool) -> Mapping[str, Stored]:
        return {}

    def tag(self, existing: str, names: Sequence[str]) -> None:
        self.tagged.append((existing, tuple(names)))

    def accepts(self, definition: ImageDef) -> bool:
        return definition.name in self.accepted

    def check(self, request: BuildRequest) -> tuple[Problem, ...]:
        self.did.append(("check", request.image))
        return ()

    def build(self, request: BuildRequest, emit: Emit, cancel: Cancel) -> BuildResult:
        self.asked.append(request)
        return self.answer(request, cancel)

    def test(self, request: BuildRequest, built: BuildResult, emit: Emit, cancel: Cancel) -> Examined:
        self.did.append(("test", request.image))
        return self.verdict

    def clear(self, owner: str) -> bool:
        return True

    def admit(self, request: BuildRequest, built: BuildResult) -> None:
        self.did.append(("admit", request.image))

    def discard(self, built: BuildResult) -> None:
        self.did.append(("discard", ""))

    def push(self, name: str, registries: Registries) -> str:
        return "sha256:pushed"

    def pull(self, name: str, registries: Registries) -> bool:
        return True

    def close(self) -> None:
        pass


@pytest.fixture
def snapshot(repo: Repo) -> Snapshot:
    repo.commit(FILES)
    workspace = open_workspace(repo.folder, None)
    return workspace.snapshot(workspace.head(None))


def run(
    snapshot: Snapshot, builder: FakeBuilder, existing: Collection[str] = (), naming: Naming | None = None
) -> running.Run:
    events: list[Event] = []
    wanted = dict.fromkeys(snapshot.graph.nodes, ())
    plan = make_plan(snapshot.graph, wanted, existing)
    return running.run(plan, snapshot, builder, naming or Naming(), OPTIONS, events.append)


def statuses(done: running.Run) -> dict[str, str]:
    return {name: outcome.status for name, outcome in done.outcomes.items()}


def test_a_request_says_everything_a_builder_needs(snapshot: Snapshot) -> None:
    builder = FakeBuilder()
    assert run(snapshot, builder).code == ExitCode.DONE
    api = next(each for each in builder.asked if each.image == "api")
    base = snapshot.graph.nodes["base"].fingerprint[:20]
    assert api.parents == {"shop/base": f"shop/base:mb-{base}"}
    assert api.images == {"base": f"shop/base:mb-{base}"}
    assert [each.path for each in api.context.entries] == ["api/main.py", "libs/money/money.py"]
    assert api.tags[1:] == ("shop/api:latest",)
    assert api.labels["dev.mbuild.fingerprint"] == snapshot.graph.nodes["api"].fingerprint


def test_what_a_builder_accepts_by_its_definition_is_not_looked_at(snapshot: Snapshot) -> None:
    names = sorted(snapshot.graph.nodes)
    builder = FakeBuilder(accepted=names[1:])
    running.check(make_plan(snapshot.graph, dict.fromkeys(names, ()), ()), snapshot, builder, Naming(), OPTIONS)
    assert builder.did == [("check", names[0])]
    assert [name for name in names if "recipes" in vars(snapshot.graph.nodes[name])] == names[:1]


def test_a_dockerfile_that_is_edited_meanwhile_is_not_built_under_the_name_of_the_planned_one(
    snapshot: Snapshot, repo: Repo
) -> None:
    def edit(request: BuildRequest, cancel: Cancel) -> BuildResult:
        repo.write({"api/Dockerfile": FILES["api/Dockerfile"] + "LABEL later=true\n"})
        return BuildResult("built")

    builder = FakeBuilder(edit)
    done = run(snapshot, builder)
    assert statuses(done)["base"] == "built"
    assert statuses(done)["api"] == "failed"
    assert "api/Dockerfile changed while" in done.problems[0].message
    assert "api" not in {each.image for each in builder.asked}


def test_a_file_that_changes_for_a_moment_is_tried_again(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "RETRY_SECONDS", 0.0)

    def once(request: BuildRequest, cancel: Cancel) -> BuildResult:
        if [each.image for each in builder.asked].count("web") == 1 and request.image == "web":
            raise ChangedWhileRead("web/index.html")
        return BuildResult("built")

    builder = FakeBuilder(once)
    assert set(statuses(run(snapshot, builder)).values()) == {"built"}
    assert [each.image for each in builder.asked].count("web") == 2


def test_a_file_that_keeps_changing_fails_its_image_and_no_other(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "RETRY_SECONDS", 0.0)

    def always(request: BuildRequest, cancel: Cancel) -> BuildResult:
        if request.image == "web":
            raise ChangedWhileRead("web/index.html")
        return BuildResult("built")

    done = run(snapshot, FakeBuilder(always))
    assert statuses(done) == {"api": "built", "base": "built", "web": "failed"}
    assert done.code == ExitCode.FAILED
    assert "web/index.html changed while" in done.problems[0].message


def test_an_error_of_one_image_is_a_failure_of_that_image(snapshot: Snapshot) -> None:
    def broken(request: BuildRequest, cancel: Cancel) -> BuildResult:
        raise BuildFailedError(Problem("no", Where("web/Dockerfile", 2)))

    done = run(snapshot, FakeBuilder(broken))
    assert statuses(done) == {"api": "skipped", "base": "failed", "web": "failed"}
    assert [str(each.where) for each in done.problems] == ["web/Dockerfile:2"] * 2


def test_an_error_of_the_surroundings_ends_the_run(snapshot: Snapshot) -> None:
    def broken(request: BuildRequest, cancel: Cancel) -> BuildResult:
        raise EnvironmentFault("disk full")

    with pytest.raises(EnvironmentFault, match="disk full"):
        run(snapshot, FakeBuilder(broken))


def test_what_exists_is_only_tagged(snapshot: Snapshot) -> None:
    builder = FakeBuilder()
    assert set(statuses(run(snapshot, builder, {"api", "base", "web"})).values()) == {"reused"}
    assert builder.asked == []
    assert sorted(names for _, names in builder.tagged) == [(f"shop/{each}:latest",) for each in ("api", "base", "web")]
    silent = FakeBuilder()
    run(snapshot, silent, {"api", "base", "web"}, Naming(latest=False))
    assert silent.tagged == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_and_is_reported(snapshot: Snapshot, number: signal.Signals, code: int) -> None:
    before = signal.getsignal(number)

    def interrupted(request: BuildRequest, cancel: Cancel) -> BuildResult:
        os.kill(os.getpid(), number)
        told: list[bool] = []
        cancel.on_cancel(lambda: told.append(True))
        while not cancel:
            pass
        return BuildResult("cancelled")

    done = run(snapshot, FakeBuilder(interrupted))
    assert set(statuses(done).values()) == {"cancelled"}
    assert done.code == code
    assert signal.getsignal(number) is before


def test_cancelling_calls_back_once_whenever_it_was_asked_for() -> None:
    cancel, told = Cancel(), []
    cancel.on_cancel(lambda: told.append("early"))
    forget = cancel.on_cancel(lambda: told.append("forgotten"))
    forget()
    forget()
    cancel.cancel()
    cancel.cancel()
    cancel.on_cancel(lambda: told.append("late"))()
    assert told == ["early", "late"]


def test_placeholders_never_name_changes_as_the_commit() -> None:
    commit = "0123456789abcdef" * 2 + "01234567"
    assert placeholders(commit, False, "feature/x") == {
        "commit": commit,
        "short_commit": "0123456789ab",
        "branch": "feature/x",
    }
    assert placeholders(commit, True, None)["commit"] == f"{commit}-dirty"
    assert placeholders(None, True, None) == {"commit": "", "short_commit": "", "branch": ""}


def test_a_tag_without_its_value_is_an_error(snapshot: Snapshot) -> None:
    naming = Naming(("{branch}",), values=placeholders(None, True, None))
    with pytest.raises(UsageError, match="needs a branch"):
        naming.tags(snapshot.graph.nodes["web"])
    filled = Naming(("{branch}",), values=placeholders(None, True, "feature/x"))
    assert filled.tags(snapshot.graph.nodes["web"])[1:] == ("shop/web:feature-x",)
