"""The jobs that build what an answer names, for CI providers: one for each image or for each shard."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mbuild.schedule.shards import needs_among, split
from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.output.report import ImageReport, Report
    from mbuild.schedule.shards import Part


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Its name is made of an image's name or of numbers; needs: names of the jobs it waits for.

    command: what it runs, for a POSIX shell.
    """

    name: str
    images: tuple[str, ...]
    needs: tuple[str, ...]
    command: str


def jobs(report: Report, most: int) -> tuple[Job, ...]:
    """Return the jobs, those that others need first; () where there is nothing to do.

    most: how many jobs the provider takes. Where images are more, each job builds several of them.
    """
    if report.parts and report.shard is None:
        return tuple(_of_parts(report, report.parts))
    images = active(report)
    if len(images) > most:
        return tuple(_of_parts(report, parts_of(images, most)))
    there = {each.name for each in images}
    return tuple(
        _job(report, each.name, (each.name,), tuple(one for one in each.parents if one in there)) for each in images
    )


def active(report: Report) -> tuple[ImageReport, ...]:
    """Return the images of an answer that something has to be done for, parents first and then by name.

    Those that are reused are among them: whether a build exists is known to the machine that was asked, and jobs run
    on others.
    """
    mine = report.parts[report.shard - 1].images if report.parts and report.shard else None
    found = {
        each.name: each
        for each in report.images
        if each.action in ("build", "reuse")
        or (report.listing and each.affected and (mine is None or each.name in mine))
    }
    depths = _depths(found)
    return tuple(sorted(found.values(), key=lambda each: (depths[each.name], each.name)))


def _depths(images: dict[str, ImageReport]) -> dict[str, int]:
    """Return how many images lie behind each one, on the longest way."""
    found: dict[str, int] = {}
    waiting = sorted(images)
    while waiting:
        name = waiting[-1]
        parents = [each for each in images[name].parents if each in images]
        unknown = [each for each in parents if each not in found]
        waiting += unknown
        if not unknown:
            found[name] = 1 + max((found[each] for each in parents), default=-1)
            waiting.pop()
    return found


def waves(jobs: tuple[Job, ...]) -> dict[str, int]:
    """Return the wave of each job, from 0: it needs earlier ones only."""
    found: dict[str, int] = {}
    for job in jobs:
        found[job.name] = 1 + max((found[each] for each in job.needs), default=-1)
    return found


def parts_of(images: tuple[ImageReport, ...], number: int) -> tuple[Part, ...]:
    """Return parts of images of a plan, balanced by how long they are said to take."""
    parents = {each.name: each.parents for each in images}
    return split(needs_among(parents, list(parents), parents), weights(images), number)


def weights(images: tuple[ImageReport, ...]) -> dict[str, float]:
    """Return what images weigh in seconds, where that is known; what is reused weighs nothing then."""
    known = {each.name: each.estimate_seconds for each in images if each.estimate_seconds is not None}
    reused = {each.name: 0.0 for each in images if each.action == "reuse" and known}
    return known | reused


def _of_parts(report: Report, parts: tuple[Part, ...]) -> Iterator[Job]:
    for number, part in enumerate(parts, 1):
        if part.images:
            yield _job(report, f"shard {number} of {len(parts)}", part.images, ())


def _job(report: Report, name: str, images: tuple[str, ...], needs: tuple[str, ...]) -> Job:
    return Job(name, images, needs, shlex.join([*report.again, *images]))
