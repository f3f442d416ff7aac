"""Command lines that are read without click are read as click reads them."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.cli import affecting, listing, quick
from mbuild.cli.affected_command import command
from mbuild.cli.main import cli
from mbuild.cli.settings import BuildOptions, Comparing, Listing, Settings

WORDS = st.sampled_from(
    [
        *(
            "affected",
            "--list",
            "--base",
            "--head",
            "--format",
            "--missing-base",
            "--exit-code",
            "--fetch",
            "--fetch=1",
            "--base=main",
            "--head=",
        ),
        *(
            "--format=json",
            "--format=xml",
            "json",
            "text",
            "all",
            "error",
            "api",
            "web",
            "main",
            "HEAD~1",
            "",
            "-",
            "--",
        ),
        *(
            "-C",
            "here",
            "--dry-run",
            "--builder",
            "--builder=docker",
            "oci",
            "--push",
            "--lis",
            "--list=1",
            "--exit-code=1",
            "-h",
            "--help",
            "--no-color",
            "--base=-x",
            "-v",
        ),
    ]
)


def click_reads(argv: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    """Return what click makes of a command line that ends in the list or a plan; None where it makes anything else."""
    found: list[object] = []

    def show(settings: Settings, asked: Listing) -> int:
        found.append((settings, asked))
        return 0

    def plan(settings: Settings, asked: Comparing, options: dict[str, Any]) -> int:
        found.append((settings, asked, BuildOptions(**options)))
        return 0

    monkeypatch.setattr(listing, "show", show)
    monkeypatch.setattr(affecting, "run", plan)
    try:
        cli.main(args=argv, prog_name="mbuild", standalone_mode=False)
    except Exception:  # noqa: BLE001 - whatever click refuses
        return None
    return found[0] if found else None


def quickly_read(argv: list[str]) -> object:
    """Return what is read without click, as ``click_reads`` does."""
    found = quick.read(argv)
    if found is None or isinstance(found[1], Listing):
        return found
    return found[0], found[1].asked, BuildOptions(**found[1].options)


@given(st.lists(WORDS, max_size=7), st.sampled_from([[], ["affected", "--list"], ["affected", "--dry-run"]]))
def test_whatever_is_read_is_read_as_by_click(words: list[str], likely: list[str]) -> None:
    argv = [*likely, *words]
    found = quickly_read(argv)
    if found is not None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            assert click_reads(argv, monkeypatch) == found


@pytest.mark.parametrize(
    "line",
    [
        "affected --list",
        "affected --base main --head HEAD --list --format json",
        "-C here affected --list --base=main --format=text api web",
        "affected api --list --exit-code --missing-base all",
        "affected --dry-run",
        "-C here affected api --base main --dry-run --exit-code --fetch --format=json --builder oci",
    ],
)
def test_what_machines_ask_is_read_without_click(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = quickly_read(line.split())
    assert found is not None
    assert found == click_reads(line.split(), monkeypatch)


@pytest.mark.parametrize(
    "line",
    [
        *("affected", "all --dry-run", "affected --dry-run --list", "affected --dry-run --jobs 2"),
        *("affected --dry-run --report x.html", "affected --dry-run --format github", "affected --list --builder oci"),
        *("all --list", "affected --list --base", "affected --list --base -x"),
        *(
            "affected --list --format xml",
            "affected --list -- api",
            "affected --list --help",
            "--no-color affected --list",
        ),
        *("affected --list --platform linux/arm64", "-C affected --list", "-C -v affected --list", ""),
    ],
)
def test_everything_else_is_left_to_click(line: str) -> None:
    assert quick.read(line.split()) is None


def test_values_are_those_that_click_knows() -> None:
    known = {name: each.type for each in command.params for name in each.opts}
    for name, (_, values) in quick._PLANNED.items():
        kind = known[name]
        assert isinstance(kind, click.Choice)
        assert set(values) <= set(kind.choices)


def test_completion_is_left_to_click(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_MBUILD_COMPLETE", "bash_complete")
    assert quick.read(["affected", "--list"]) is None


def test_no_color_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, color in (("1", False), ("", True)):
        monkeypatch.setenv("NO_COLOR", value)
        found = quick.read(["affected", "--list"])
        assert found is not None
        assert found[0].color is color
        assert found == click_reads(["affected", "--list"], monkeypatch)
