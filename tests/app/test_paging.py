"""What a page is made of, where a run did not go as it should or there is too much to count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mbuild.app import paging
from mbuild.app.past import Forecast
from mbuild.app.sizes import Sizes
from mbuild.app.workspace import open_workspace
from mbuild.errors import ExitCode, Problem, Where
from mbuild.output.recording import Moment, Recording
from mbuild.output.report import ContextInfo, Done, HeadInfo, Report
from mbuild.schedule.plan import Plan
from tests.cli.shop import FILES
from tests.output.page.pages import image
from tests.support import Repo

HEAD = HeadInfo("work tree", None, True)


@pytest.mark.parametrize(
    ("code", "word"),
    [(ExitCode.INTERRUPTED, "interrupted"), (ExitCode.TERMINATED, "terminated"), (ExitCode.FAILED, "")],
)
def test_a_run_that_was_stopped_says_how(code: ExitCode, word: str) -> None:
    assert [each.message.split()[3].rstrip(":") for each in paging.stopped(code)] == ([word] if word else [])


def test_of_a_run_that_broke_is_told_what_was_noted() -> None:
    moments = (
        Moment("a", "begun", 0.0),
        Moment("a", "ended", 2.0, "built"),
        Moment("b", "begun", 2.0),
        Moment("c", "ended", 3.0, "skipped", "'b' was not built"),
    )
    images = (*(image(name) for name in "abcd"), image("idle", action="none"))
    found = paging.broken(Report("all", None, HEAD, images), Recording(moments))
    assert found.seconds == 3.0
    assert {each.name: each.done for each in found.images} == {
        "a": Done("built", 2.0),
        "b": Done("cancelled", 0.0),
        "c": Done("skipped", 0.0, error="'b' was not built"),
        "d": Done("cancelled", 0.0),
        "idle": None,
    }


def test_what_most_images_have_is_counted_first_until_it_is_enough(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    config = FILES["build.yaml"] + "  more: {dockerfile: web/Dockerfile}\n"
    repo.commit(FILES | {"build.yaml": config})
    workspace = open_workspace(repo.folder, None)
    snapshot = workspace.snapshot(workspace.head(None))
    context = ContextInfo(1, 1, "d", True)
    images = tuple(image(name, context=context) for name in ("api", "base", "more", "web"))
    monkeypatch.setattr(paging, "MOST_FILES", 1)
    page = paging.plan_page(
        Report("all", None, HEAD, images), Plan(()), Forecast({}, {}), snapshot.graph, Sizes(workspace, snapshot.tree)
    )
    counted = {each.name for each in page.report.images if each.context and each.context.full_files is not None}
    assert counted == {"more", "web"}
    assert page.unmeasured == 2
    assert page.timeline is None


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (1, (1, ("FROM scratch", "COPY etc /etc"))),
        (2, (1, ("FROM scratch", "COPY etc /etc"))),
        (3, None),  # somebody cut it since
        (0, None),
    ],
)
def test_lines_around_a_failure(repo: Repo, line: int, shown: tuple[int, tuple[str, ...]] | None) -> None:
    repo.commit(FILES)
    workspace = open_workspace(repo.folder, None)
    snapshot = workspace.snapshot(workspace.head(None))
    where = Where("base/Dockerfile", line)
    failed = Done("failed", 1.0, problems=(Problem("elsewhere", Where("x", 1)), Problem("it broke", where)))
    report = Report("all", None, HEAD, (replace(image("base"), done=failed),))
    found = paging.run_page(report, snapshot, Recording()).excerpts.get("base")
    assert (found and (found.first, found.lines)) == shown


def test_a_dockerfile_that_is_gone_by_then_has_no_lines(repo: Repo) -> None:
    repo.commit(FILES)
    repo.write({"base/Dockerfile": "FROM scratch\nCOPY etc /other\n"})
    workspace = open_workspace(repo.folder, None)
    snapshot = workspace.snapshot(workspace.head(None))
    (repo.folder / "base" / "Dockerfile").unlink()
    failed = Done("failed", 1.0, problems=(Problem("it broke", Where("base/Dockerfile", 2)),))
    report = Report("all", None, HEAD, (replace(image("base"), done=failed),))
    assert paging.run_page(report, snapshot, Recording()).excerpts == {}
