"""Answers as JSON. Keys are the contract's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mbuild.graph.images import Summary
from mbuild.output.encoded import Encoded, Lists, left_out, listed, planned
from mbuild.output.report import ContextInfo, ImageReport, Made, Report, place

if TYPE_CHECKING:
    from mbuild.graph.affected import Reason
    from mbuild.graph.images import Images
    from mbuild.schedule.shards import Part

SCHEMA = 1


def as_json(report: Report) -> dict[str, Any]:
    """Return the answer as the contract's JSON value; images that were not planned are JSON already."""
    base = report.base
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "command": report.command,
        "base": {"ref": base.ref, "commit": base.commit, "how": base.how} if base else None,
        "head": {"ref": report.head.ref, "commit": report.head.commit, "dirty": report.head.dirty},
        "images": _images(report.images),
    }
    if not report.listing:
        value["order"] = [list(wave) for wave in report.order]
        value["estimate_seconds"] = _rounded(report.estimate_seconds)
    if report.seconds is not None:
        value["saved_seconds"] = _rounded(report.saved_seconds)
    value |= {"unowned": list(report.unowned), "removed": list(report.removed)}
    if report.builder:
        value["builder"] = report.builder
    if report.parts:
        value |= {"shard": report.shard, "shards": [_part(each) for each in report.parts]}
    return value


def listing(said: Report, images: Images, affected: Mapping[str, tuple[Reason, ...]]) -> dict[str, Any]:
    """Return the same of what a report without images says, and a line for each image."""
    lines = [listed(name, images.written(name), affected.get(name)) for name in images.names]
    return as_json(said) | {"images": lines}


def _images(found: Iterable[ImageReport]) -> list[Any]:
    known = Lists()
    return [_left_out(each, known) if _is_left_out(each) else _image(each) for each in found]


def _is_left_out(each: ImageReport) -> bool:
    """Whether a run has nothing to do with an image."""
    return each.fingerprint is None and each.context is None and each.done is None and each.made is None


def _left_out(each: ImageReport, known: Lists) -> Encoded:
    about = Summary(each.dockerfile, each.context_root, each.target, each.platforms, each.parents)
    return left_out(each.name, about, each.reasons if each.affected else None, known, planned(each.action))


def _part(each: Part) -> dict[str, Any]:
    return {"images": list(each.images), "shared": list(each.shared), "weight": round(each.weight, 3)}


def _image(each: ImageReport) -> dict[str, Any]:
    value: dict[str, Any] = {
        "name": each.name,
        "affected": each.affected,
        "action": each.action,
        "fingerprint": each.fingerprint,
        "dockerfile": each.dockerfile,
        "context_root": each.context_root,
        "target": each.target,
        "parents": list(each.parents),
        "tags": None if each.tags is None else list(each.tags),
        "platforms": list(each.platforms),
        "reasons": [reason(one) for one in each.reasons],
        "context": _context(each.context),
        "estimate_seconds": _rounded(each.estimate_seconds),
    }
    if each.done is not None:
        done = each.done
        value |= {"status": done.status, "image_id": done.image_id, "digest": done.digest}
        value |= {"seconds": round(done.seconds, 3), "error": done.error, "pushed": list(done.pushed)}
        value |= {"test": done.test, "log_file": done.log_file}
        value |= {"promoted_from": done.promoted_from} if done.promoted_from else {}
    return value | (_made(each.made) if each.made else {})


def _made(made: Made) -> dict[str, Any]:
    parents = [{"name": each.name, "digest": each.digest, "image_id": each.image_id} for each in made.parents]
    external = [{"reference": each.reference, "digest": each.digest} for each in made.external]
    return {"size": made.size, "parent_images": parents, "external_images": external}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _context(context: ContextInfo | None) -> dict[str, Any] | None:
    if context is None:
        return None
    value: dict[str, Any] = {
        "files": context.files,
        "bytes": context.bytes,
        "digest": context.digest,
        "exact": context.exact,
    }
    if context.full_files is not None:
        value["full"] = {"files": context.full_files, "bytes": context.full_bytes}
    return value


def reason(each: Reason) -> dict[str, Any]:
    """Return a reason as the contract's JSON value: keys without a value are left out."""
    value = {"kind": each.kind}
    if each.path is not None:
        value["path"] = each.path
    if each.change is not None:
        value["change"] = each.change
    if each.parent is not None:
        value["parent"] = each.parent
    where = place(each.where)
    if where is not None:
        value["where"] = where
    return value
