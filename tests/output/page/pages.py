"""Pages to look at, and what there is to say of any page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from mbuild.errors import Problem, Where
from mbuild.graph.affected import Reason
from mbuild.output.page.model import Excerpt, Page
from mbuild.output.page.timeline import timeline, turns
from mbuild.output.recording import Moment, StepTime
from mbuild.output.report import BaseInfo, ContextInfo, Done, HeadInfo, ImageReport, Report

VOID = {"meta", "br", "rect", "path", "line"}
BASE = BaseInfo("main", "a" * 40, "the default branch")
HEAD = HeadInfo("work tree", "b" * 40, True)


def image(name: str, status: str | None = None, parents: tuple[str, ...] = (), **more: object) -> ImageReport:
    """Return an image that is built, or has ended in this way."""
    done = None
    if status:
        error = f"{name}/Dockerfile:2: it broke" if status == "failed" else None
        problems = (Problem("it broke", Where(f"{name}/Dockerfile", 2), ("mend it",)),) if error else ()
        done = Done(status, 2.0, "sha256:" + "c" * 64, None, error, (), ("one", "two") if error else (), problems, 900)
    values: dict[str, object] = {
        "action": "reuse" if status == "reused" else "build",
        "fingerprint": "f" * 64,
        "tags": (f"shop/{name}:mb-1", f"shop/{name}:latest"),
        "context": ContextInfo(3, 1500, "sha256:d", True, 30, 15000),
        "done": done,
    }
    why = (Reason("file-changed", path=f"libs/{name}.py", change="modified", where=Where("Dockerfile", 3)),)
    told = (f"{name}/Dockerfile", ".", None, parents, ("linux/amd64",))
    return ImageReport(name, True, why, *told, **values | more)  # type: ignore[arg-type]


def small() -> Page:
    """Return the page of a run in which much happened."""
    images = (
        image("api", "failed", ("base",)),
        image("base", "built"),
        image("e2e", "skipped", ("api",)),
        replace(image("idle", None, action="none", tags=None, context=None), affected=False),
        image("web", "built", ("base",)),
        image("worker", "cancelled"),
        image("kept", "reused"),
    )
    moments = (
        Moment("base", "begun", 0.0),
        Moment("kept", "begun", 0.0),
        Moment("kept", "ended", 0.1, "reused"),
        Moment("base", "ended", 4.0, "built"),
        Moment("api", "begun", 4.0),
        Moment("web", "begun", 4.0),
        Moment("api", "again", 5.0, error="reset"),
        Moment("api", "ended", 7.0, "failed", "it broke"),
        Moment("worker", "begun", 7.0),
        Moment("e2e", "ended", 7.0, "skipped"),
        Moment("web", "ended", 9.0, "built"),
        Moment("worker", "ended", 9.5, "cancelled"),
    )
    order = (("base", "kept", "worker"), ("api", "web"), ("e2e",))
    told: dict[str, object] = {"builder": "buildkit", "place": "the engine", "seconds": 9.6, "jobs": 2}
    report = Report("affected", BASE, HEAD, images, order, ("docs/a.md",), ("old",), **told)  # type: ignore[arg-type]
    line = timeline(turns(moments, 9.6), {each.name: each.parents for each in images}, moments)
    steps = (StepTime(3.0, "web", "[2/2] RUN make"), StepTime(0.2, "api", "[2/2] RUN false", failed=True))
    excerpts = {"api": Excerpt("api/Dockerfile", 1, 2, ("FROM shop/base", "RUN false"))}
    return Page(report, "2026-01-02 03:04 UTC", "0.1", line, steps, 9, excerpts, (Problem("interrupted"),))


def large(number: int = 2000) -> Page:
    """Return the page of a run of many images."""
    names = [f"svc-{index:04}" for index in range(number)]
    images = tuple(
        image(name, "failed" if index == 1234 else "built", (f"svc-{index % 20:04}",) if index >= 20 else ())
        for index, name in enumerate(names)
    )
    moments: list[Moment] = []
    for index, name in enumerate(names):
        moments += [Moment(name, "begun", index * 0.5), Moment(name, "ended", index * 0.5 + 1.9, "built")]
    moments.sort(key=lambda each: (each.at, each.what == "begun"))
    order = (tuple(names[:20]), tuple(names[20:]))
    report = Report("all", None, HEAD, images, order, builder="buildkit", place="the engine", seconds=1002.0, jobs=4)
    line = timeline(turns(moments, 1002.0), {each.name: each.parents for each in images}, moments)
    return Page(report, "2026-01-02 03:04 UTC", "0.1", line)


@dataclass
class Reading(HTMLParser):
    """Reads a page as HTML. structure: each tag with the names of its attributes; texts: what is between tags."""

    structure: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.structure.append((tag, tuple(key for key, _ in attrs)))
        if tag not in VOID:
            self._open.append(tag)
        for key, value in attrs:
            if key == "id":
                self.ids.append(value or "")
            elif key == "href":
                self.links.append(value or "")
            elif key in ("src", "srcset", "style", "action", "xlink:href", "ping") or key.startswith("on"):
                self.wrong.append(f"{tag} has {key}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def problems(self) -> list[str]:
        """Return what is wrong with the page."""
        found = [*self.wrong, *(f"<{tag}> is not closed" for tag in self._open)]
        known = Counter(self.ids)
        found += [f"the id {each} is there twice" for each, times in known.items() if times > 1]
        found += [f"{each} leads nowhere" for each in self.links if each[:1] != "#" or each[1:] not in known]
        return found


def read(source: str) -> Reading:
    """Read a page."""
    found = Reading()
    found.feed(source)
    found.close()
    return found
