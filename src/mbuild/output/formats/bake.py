"""A file for ``docker buildx bake``, as JSON: run in the top folder of the repository, it builds what the plan builds.

Text in a bake file is a template (HCL's JSON syntax): what a repository says is escaped, so that none of it is
evaluated. Images that are reused are not in it; children find them by content tag.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mbuild.output.runners import harmless_json
from mbuild.passed import ssh_option
from mbuild.references import context_key

if TYPE_CHECKING:
    from mbuild.output.report import Report
    from mbuild.output.target import Target


def render(report: Report) -> str:
    """Return the bake file; its group ``default`` has every target."""
    names = _names(report.targets)
    targets = {names[each.name]: _target(each, names) for each in report.targets} or {"nothing-to-build": _NOTHING}
    more = {alias: _alias(targets[name]) for name, alias in _aliases(report.targets, names)}
    group = {"default": {"targets": list(targets)}}
    return harmless_json(json.dumps({"group": group, "target": targets | more}, indent=1)) + "\n"


_NOTHING: dict[str, Any] = {"dockerfile-inline": "FROM scratch\nLABEL empty=yes\n", "output": ["type=cacheonly"]}
"""bake takes no file without a target."""


def _alias(target: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same build without a result of its own."""
    return {key: item for key, item in target.items() if key != "tags"} | {"output": ["type=cacheonly"]}


def _aliases(targets: Iterable[Target], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield, for targets that a child uses by several names, (target, another name for it).

    Until 0.13 at least, buildx binds one context to a target and forgets the others (``build/build.go``).
    """
    found = {alias for each in targets for alias in _bound(each, names).values()}
    yield from sorted((alias.partition(_MARK)[0], alias) for alias in found if _MARK in alias)


def _names(targets: tuple[Target, ...]) -> dict[str, str]:
    """Return a target name for each image: letters, digits, ``_`` and ``-`` (buildx, ``bake/bake.go``)."""
    found: dict[str, str] = {}
    for each in targets:
        name = re.sub("[^a-z0-9_-]", "_", each.name).replace(_MARK, "_as_")
        # The group takes one name.
        taken = {*found.values(), "default"}
        number = 1
        while (tried := f"{name}_{number}" if number > 1 else name) in taken:
            number += 1
        found[each.name] = tried
    return found


def _target(target: Target, names: Mapping[str, str]) -> dict[str, Any]:
    root = target.context_root or "."
    value: dict[str, Any] = {
        "context": _folder(target.context_root),
        "dockerfile": posixpath.relpath(target.dockerfile, root),
        "target": target.stage,
        "args": dict(target.args),
        "contexts": _contexts(target, names),
        "platforms": list(target.platforms),
        "secret": [each.option for each in target.secrets],
        "ssh": [ssh_option(each) for each in target.ssh],
        "cache-from": list(target.cache_from),
        "cache-to": list(target.cache_to),
        "tags": list(target.tags),
        "labels": dict(target.labels),
        "attest": ["type=provenance,disabled=true"],
        "output": ["type=docker"],
    }
    return {key: _literal(item) for key, item in value.items() if item}


def _contexts(target: Target, names: Mapping[str, str]) -> dict[str, str]:
    found = {name: _folder(folder) for name, folder in target.contexts.items()} | dict(target.external)
    there = {name: parent for name, parent in target.parents.items() if parent not in names}
    found |= {name: f"docker-image://{target.known[parent]}" for name, parent in there.items()}
    found = {context_key(name): value for name, value in found.items()}
    return found | {name: f"target:{bound}" for name, bound in _bound(target, names).items()}


_MARK = "--as-"


def _bound(target: Target, names: Mapping[str, str]) -> dict[str, str]:
    """Return the contexts that are targets of this file, each target once: further ones are its aliases."""
    used = {context_key(name): names[parent] for name, parent in target.parents.items() if parent in names}
    # A context that nothing reads: it only makes bake build that image first.
    used |= {f"mbuild-after-{names[each]}": names[each] for each in target.after if each in names}
    found: dict[str, str] = {}
    for name, bound in sorted(used.items()):
        times = sum(1 for each in found.values() if each.partition(_MARK)[0] == bound)
        found[name] = f"{bound}{_MARK}{times + 1}" if times else bound
    return found


def _folder(path: str) -> str:
    """Return a folder as bake reads it; without the dot, ``github.com/x`` would be a repository to clone."""
    return f"./{path}" if path else "."


def _literal(value: Any) -> Any:
    """Return a value in which no text is a template any more (HCL: JSON syntax, string literals)."""
    if isinstance(value, dict):
        return {_literal(key): _literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_literal(each) for each in value]
    return re.sub(r"([$%])\{", r"\1\1{", value)
