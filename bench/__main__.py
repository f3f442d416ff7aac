"""Measure mbuild against its budgets: ``python -m bench``, or ``make bench``. See docs/performance.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.areas import AREAS
from bench.machine import machine
from bench.meter import Meter
from bench.monorepo.sizes import SIZES
from bench.monorepo.store import default_home, monorepo
from bench.results import NotRun, Results, Row, read, to_json
from bench.running import Bench
from bench.scenario import Scenario
from bench.table import comparison, markdown, text
from bench.worktree import alone

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- figures: python -m bench --markdown -->\n", "<!-- end of figures -->\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the suite. Returns 1 when an answer is wrong; a budget that is not kept is only printed."""
    parser = _options()
    asked = parser.parse_args(argv)
    for name in asked.only:
        if name.partition("/")[0] not in AREAS:
            parser.error(f"argument --only: there is no {name!r}; scenarios are called as their rows are: commits/core")
    found = [read(each) for each in asked.read] or [_measured(asked)]
    sys.stdout.write("\n".join(text(each) for each in found))
    if asked.json:
        asked.json.write_text(to_json(found[-1]))
    if asked.compare:
        print(f"\ncompared with {asked.compare}:", *comparison(read(asked.compare), found[-1]), sep="\n")
    if asked.markdown:
        write_page(asked.markdown, "\n".join(markdown(each) for each in found))
    return 1 if any(row.wrong for each in found for row in each.rows) else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure mbuild against its budgets.")
    parser.add_argument("--size", choices=SIZES, default="L", help="of the monorepo; the budgets are for L (default)")
    areas = ", ".join(AREAS)
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help=f"{areas}, or one scenario; repeatable"
    )
    parser.add_argument("--rounds", type=int, default=5, help="after one to warm up (default: 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--compare", type=Path, metavar="OLD.json", help="show what changed since older results")
    shown = "measure nothing: show results written by --json; repeatable, a table each"
    parser.add_argument("--read", type=Path, action="append", default=[], metavar="FILE", help=shown)
    into = "write the table into docs/performance.md"
    parser.add_argument("--markdown", nargs="?", type=Path, const=PAGE, metavar="PAGE", help=into)
    parser.add_argument(
        "--peers", action="store_true", help="also ask pnpm and turbo, installed by npm into the folder"
    )
    parser.add_argument(
        "--dir", type=Path, default=default_home(), help="for generated things (default: MBUILD_BENCH_DIR)"
    )
    parser.add_argument(
        "--mbuild", default=str(Path(sys.executable).with_name("mbuild")), help="the command to measure"
    )
    return parser


def _measured(asked: argparse.Namespace) -> Results:
    size = SIZES[asked.size]
    home = asked.dir.resolve()
    repository = monorepo(size, home)
    with (
        tempfile.TemporaryDirectory(prefix="run-", dir=home) as scratch,
        Meter(Path(scratch)) as meter,
        alone(repository),
    ):
        facts = machine(asked.mbuild)
        rounds = max(1, asked.rounds)
        bench = Bench(repository, home, Path(scratch), asked.mbuild, meter, rounds, tuple(asked.only), asked.peers)
        found = list(run(bench))
    rows = tuple(each for each in found if isinstance(each, Row))
    return Results(size.name, rounds, facts, rows, tuple(each for each in found if isinstance(each, NotRun)))


def run(bench: Bench) -> Iterator[Row | NotRun]:
    """Run what is wanted."""
    for area, scenarios in AREAS.items():
        if bench.wants(area):
            for each in scenarios(bench):
                if isinstance(each, Scenario):
                    yield from bench.measure(each)
                else:
                    yield each


def write_page(page: Path, figures: str) -> None:
    """Put the figures between the two marks of a page. Raises ValueError when they are not there."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{page}: the marks for the figures are not there")
    page.write_text(f"{before}{BEGIN}\n{figures}\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
