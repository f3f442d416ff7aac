"""Results as a table, for people and for docs/performance.md, and the comparison of two results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.asking import DIFF, PYTHON, STATUS
from bench.meter import Cost, cpu, median, peak, seconds
from bench.results import Results, Row
from bench.scenario import MEGABYTE

HEAD = (
    "question",
    "run",
    "affected",
    "median ms",
    "min ms",
    "cpu ms",
    "MB",
    "× status",
    "× diff",
    "× python",
    "value",
    "budget",
    "verdict",
)
LEFT = {"question", "run", "budget", "verdict"}
NOTABLE = 1.1
"""How much a figure must differ from an older one to be pointed at."""

Line = Sequence[str]


def lines(rows: Sequence[Row]) -> Iterator[Line]:
    """Yield the cells of each row; then one line for each reference, over all scenarios."""
    for row in rows:
        if not row.reference:
            yield (
                row.scenario,
                row.run,
                "" if row.affected is None else f"{row.affected:,}",
                *_figures(row.costs),
                *(_ratio(row.ratios.get(name)) for name in (STATUS, DIFF, PYTHON)),
                _ratio(row.value),
                row.budget,
                row.verdict,
            )
    taken: dict[str, list[Cost]] = {}
    for row in rows:
        if row.reference:
            taken.setdefault(row.run, []).extend(row.costs)
    for name, costs in taken.items():
        yield ("reference", name, "", *_figures(costs), *[""] * 6)


def _figures(costs: Sequence[Cost]) -> Line:
    if not costs:
        return ("", "", "", "")
    highest = max(map(peak, costs))
    return (
        f"{median(costs, seconds) * 1000:,.0f}",
        f"{min(map(seconds, costs)) * 1000:,.0f}",
        f"{median(costs, cpu) * 1000:,.0f}",
        f"{highest / MEGABYTE:.0f}" if highest else "",
    )


def _ratio(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def text(results: Results) -> str:
    """Return the table as text, with what was wrong and what was not run below it."""
    return "\n".join([facts(results), "", *aligned([HEAD, *lines(results.rows)]), "", *remarks(results)]) + "\n"


def aligned(table: Sequence[Line]) -> Iterator[str]:
    """Yield lines with columns as wide as their widest cell; numbers stand to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        cells = zip(HEAD, line, widths, strict=True)
        yield "  ".join(
            cell.ljust(width) if name in LEFT else cell.rjust(width) for name, cell, width in cells
        ).rstrip()


def facts(results: Results) -> str:
    """Return one line on where the figures come from."""
    shown = ", ".join(f"{name} {value}" for name, value in results.machine.items() if value is not None)
    budgets = "" if results.size == "L" else "; the budgets are for size L"
    return f"size {results.size}, {results.rounds} rounds{budgets}; {shown}"


def remarks(results: Results) -> Iterator[str]:
    """Yield what the cells have no room for, and a last line that counts."""
    for row in results.rows:
        if row.wrong:
            yield f"WRONG {row.scenario}, {row.run}: {row.wrong}"
        if row.note:
            yield f"note  {row.scenario}, {row.run}: {row.note}"
    for each in results.not_run:
        yield f"not run: {each.scenario}: {each.why}"
    counts = {name: sum(row.verdict == name for row in results.rows) for name in ("ok", "over", "WRONG")}
    yield ", ".join(f"{count} {name}" for name, count in counts.items())


def markdown(results: Results) -> str:
    """Return the table for docs/performance.md."""
    rule = [":---" if name in LEFT else "---:" for name in HEAD]
    table = (f"| {' | '.join(line)} |" for line in (HEAD, rule, *lines(results.rows)))
    return "\n".join([facts(results), "", *table, "", *(f"- {each}" for each in remarks(results))]) + "\n"


def comparison(old: Results, new: Results) -> Iterator[str]:
    """Yield a line for each subject that both have: its ratio to git status, or its time, and its processor time."""
    before = {(row.scenario, row.run): row for row in old.rows if row.costs}
    if old.size != new.size:
        yield f"the old result is for size {old.size}, this one for {new.size}: nothing can be compared"
        return
    for row in new.rows:
        other = before.get((row.scenario, row.run))
        if other and row.costs and not row.reference:
            yield _compared(row, other)


def _compared(row: Row, other: Row) -> str:
    name, then, now = "ms", median(other.costs, seconds) * 1000, median(row.costs, seconds) * 1000
    if STATUS in row.ratios and STATUS in other.ratios:
        name, then, now = f"× {STATUS}", other.ratios[STATUS], row.ratios[STATUS]
    busy = median(other.costs, cpu) * 1000, median(row.costs, cpu) * 1000
    mark = "  faster" if then > NOTABLE * now else "  slower" if now > NOTABLE * then else ""
    figures = f"{_ratio(then):>8} → {_ratio(now):>8} {name}, cpu {busy[0]:.0f} → {busy[1]:.0f} ms"
    return f"{row.scenario:24}{row.run:16}{figures}{mark}"
