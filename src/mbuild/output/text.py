"""Answers as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mbuild.errors import and_more, listed, printable
from mbuild.output.report import place
from mbuild.output.words import count, duration, size

if TYPE_CHECKING:
    from mbuild.graph.affected import Reason
    from mbuild.output.report import BaseInfo, HeadInfo, ImageReport, Report

MOST_REASONS = 3
MOST_PATHS = 10


def table(rows: Sequence[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """Yield rows with their columns aligned."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))] if rows else []
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield indent + line.rstrip()


def plan_text(report: Report) -> str:
    """Return what ``--dry-run`` and ``--list`` print."""
    return "\n".join(_plan_lines(report)) + "\n"


def plan_head(report: Report) -> Iterator[str]:
    """Yield what was compared and how many images that affects."""
    yield from compared(report.base, report.head)
    if report.command == "affected":
        number = sum(1 for each in report.images if each.affected)
        yield f"{number} of {count(len(report.images), 'image')} affected"
    else:
        yield count(len(report.images), "image")


def of_interest(report: Report) -> list[ImageReport]:
    """Return the images that something happens to, in the order in which that can be."""
    shown = [each for each in report.images if each.affected or each.action in ("build", "reuse")]
    if report.shard:
        shown = [each for each in shown if _is_mine(each, report)]
    return _ordered(shown, report.order)


def _plan_lines(report: Report) -> Iterator[str]:
    yield from plan_head(report)
    shown = of_interest(report)
    if shown:
        yield ""
        yield from table([_plan_row(each, report) for each in shown])
    if any(each.action == "build" for each in shown):
        yield from _forecast(report, shown)
    yield from _parts(report)
    if report.removed:
        yield ""
        yield f"removed since the base: {', '.join(report.removed)}"
    if report.unowned:
        yield ""
        paths = listed(report.unowned, MOST_PATHS, printable)
        yield f"{count(len(report.unowned), 'changed path')} that no image reads: {paths}"


def _forecast(report: Report, shown: Sequence[ImageReport]) -> Iterator[str]:
    """Yield how long it will take, and how much of that is known from earlier builds."""
    if report.estimate_seconds is None:
        return
    building = [each for each in shown if each.action == "build"]
    unknown = sum(1 for each in building if each.estimate_seconds is None)
    guessed = f"; {unknown} of {count(len(building), 'build')} guessed" if unknown else ""
    yield ""
    yield f"about {duration(report.estimate_seconds)} with {count(report.jobs, 'job')}{guessed}"


def _is_mine(each: ImageReport, report: Report) -> bool:
    """Tell whether an image is of the shard that is asked for, or built because of it."""
    return (
        each.action in ("build", "reuse")
        if not report.listing
        else each.name in report.parts[(report.shard or 1) - 1].images
    )


def _parts(report: Report) -> Iterator[str]:
    """Yield what each shard holds, or what the one that is asked for shares with others."""
    if report.parts:
        yield ""
    for number, part in enumerate(report.parts, 1):
        if report.shard in (None, number):
            images = "" if report.shard else f": {', '.join(part.images) or 'nothing'}"
            shared = f" (in other shards too: {', '.join(part.shared)})" if part.shared else ""
            yield f"shard {number} of {len(report.parts)}{images}{shared}"


def _ordered(images: Iterable[ImageReport], order: Sequence[Sequence[str]]) -> list[ImageReport]:
    rank = {name: index for index, wave in enumerate(order) for name in wave}
    return sorted(images, key=lambda each: (rank.get(each.name, -1), each.name))


def compared(base: BaseInfo | None, head: HeadInfo) -> Iterator[str]:
    """Yield what was compared with what."""
    if base is not None:
        commit = f" {base.commit[:12]}" if base.commit and not base.commit.startswith(base.ref) else ""
        yield f"base: {printable(base.ref) or 'nothing'}{commit} ({printable(base.how)})"
    dirty = ", with changes that are not committed" if head.dirty else ""
    commit = f" {head.commit[:12]}" if head.commit and not head.commit.startswith(head.ref) else ""
    yield f"head: {printable(head.ref)}{commit}{dirty}"


def _plan_row(each: ImageReport, report: Report) -> list[str]:
    row = [each.name] if report.listing else [each.name, "build, test" if each.tested else each.action or ""]
    if not report.listing:
        row.append(_context(each) if each.action == "build" else "")
    return [*row, reasons(each.reasons)]


def _context(each: ImageReport) -> str:
    if each.context is None:
        return ""
    text = f"{count(each.context.files, 'file')}, {size(each.context.bytes)}"
    if each.context.full_files is not None:
        text += f" of {count(each.context.full_files, 'file')}, {size(each.context.full_bytes or 0)}"
    return text if each.context.exact else f"{text} (not exact)"


def reasons(found: Sequence[Reason]) -> str:
    """Return reasons on one line, the first few spelled out."""
    text = "; ".join(reason(each) for each in found[:MOST_REASONS])
    left = len(found) - MOST_REASONS
    return f"{text}; {and_more(left)}" if left > 0 else text


def reason(each: Reason) -> str:
    """Return one reason in words."""
    where = f" ({printable(place(each.where) or '')})" if each.where else ""
    path = printable(each.path or "")
    words = {
        "file-changed": f"{path} {'mode changed' if each.change == 'mode' else each.change}{where}",
        "parent-affected": f"uses {each.parent}{where}",
        "needed-by": f"needed by {each.parent}, and there is no build of it",
        "image-added": f"new image{where}",
        "external-image-changed": f"external image changed{where}",
        "definition-changed": f"definition changed{where or (f' ({path})' if path else '')}",
    }
    return words.get(each.kind, each.kind)


def result_text(report: Report) -> str:
    """Return what a run prints at its end."""
    return "\n".join(_result_lines(report)) + "\n"


def _result_lines(report: Report) -> Iterator[str]:
    done = [each for each in report.images if each.done is not None]
    if not done:
        yield from compared(report.base, report.head)
        number = sum(1 for each in report.images if each.affected)
        here = f", none of them in shard {report.shard} of {len(report.parts)}" if report.shard else ""
        yield f"nothing to do: {number} of {count(len(report.images), 'image')} affected{here}"
        return
    yield from table([_result_row(each) for each in _ordered(done, report.order)], indent="")
    yield ""
    yield _summary(report, done)


def _result_row(each: ImageReport) -> list[str]:
    from mbuild.schedule.machine import BAD

    assert each.done is not None
    built = each.done.status in ("built", "cached", "failed")
    if each.done.status in BAD:
        last = printable((each.done.error or "").splitlines()[0]) if each.done.error else ""
    else:
        last = _names(each.tags or ())
    seconds = duration(each.done.seconds) if built else ""
    return [each.done.status, each.name, seconds, _context(each) if built else "", last]


def _names(tags: Sequence[str]) -> str:
    """Return full names of one repository, the repository once; the content tag only where there is no other."""
    if not tags:
        return ""
    repository = tags[0].rpartition(":")[0]
    shown = tags[1:] or tags
    return f"{repository}:" + ", ".join(each.removeprefix(f"{repository}:") for each in shown)


def _summary(report: Report, done: Sequence[ImageReport]) -> str:
    states = [each.done.status for each in done if each.done]
    order = ("built", "cached", "reused", "failed", "skipped", "cancelled")
    parts = [f"{states.count(state)} {state}" for state in order if state in states]
    sent = [each for each in done if each.context and each.done and each.done.status in ("built", "cached")]
    text = f"{count(len(done), 'image')}: {', '.join(parts)}"
    text += f" in {duration(report.seconds)}" if report.seconds is not None else ""
    text += f", by {report.builder} into {report.place}" if report.place else ""
    if sent:
        contexts = [each.context for each in sent if each.context]
        bytes_sent = sum(each.bytes for each in contexts)
        text += f"\ncontext: {count(sum(each.files for each in contexts), 'file')}, {size(bytes_sent)}"
        if all(each.full_files is not None for each in contexts):
            full = sum(each.full_bytes or 0 for each in contexts)
            text += f" instead of {count(sum(each.full_files or 0 for each in contexts), 'file')}, {size(full)}"
    if logs := next((each.done.log_file for each in done if each.done and each.done.log_file), None):
        text += f"\nlogs: {printable(logs.rpartition('/')[0])}"
    if report.saved_seconds is not None:
        text += (
            f"\nsaved: about {duration(report.saved_seconds)} against building all {count(len(report.images), 'image')}"
        )
    return text
