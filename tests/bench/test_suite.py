"""The suite itself: it measures, holds answers against the truth, and arranges what it found."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import BEGIN, END, PAGE, main, run, write_page
from bench.asking import says
from bench.meter import Command, Cost, Ended, Meter
from bench.results import NotRun, Results, Row, read, to_json
from bench.running import Bench
from bench.scenario import Budget, Scenario, Subject
from bench.table import comparison, markdown, text


def answer(*affected: str) -> Ended:
    images = [{"name": name, "affected": name in affected} for name in ("a", "b", "c", "d", "e")]
    return Ended(Cost(0, 0), 0, json.dumps({"images": images}).encode(), b"")


COLD = Row(
    "commits/core",
    "cold",
    (Cost(1.5, 1.2, 50_000_000), Cost(2.5, 1.4)),
    1980,
    {"git status": 2.5},
    2.5,
    "≤ 1 × git status",
    within=False,
)
WARM = Row(
    "commits/core",
    "warm",
    (Cost(0.012, 0.01, 30_000_000),),
    1980,
    {"git status": 0.02},
    0.02,
    "≤ 0.2 × git status",
    within=True,
)
STATUS = Row("commits/core", "git status", (Cost(0.8, 0.3), Cost(0.6, 0.3)), 1980, reference=True)
MEMORY = Row("tar", "memory", (), value=12.4, budget="≤ 64 MB", within=True)


def results(**of_warm: Any) -> Results:
    rows = (COLD, replace(WARM, **of_warm), STATUS, MEMORY)
    return Results("L", 5, {"cores": 2, "engine": None}, rows, (NotRun("peers", "not asked for"),))


def test_the_table_aligns_its_columns_and_counts_verdicts() -> None:
    facts, _, *table, _, not_run, counts = text(results()).splitlines()
    assert facts == "size L, 5 rounds; cores 2"
    assert [line[:71].rstrip() for line in table] == [
        "question      run         affected  median ms  min ms  cpu ms  MB  × st",
        "commits/core  cold           1,980      2,000   1,500   1,300  50",
        "commits/core  warm           1,980         12      12      10  30",
        "tar           memory",
        "reference     git status                  700     600     300",
    ]
    assert [line[77:].strip() for line in table[:4]] == [
        "× diff  × python  value  budget              verdict",
        "2.50  ≤ 1 × git status    over",
        "0.02  ≤ 0.2 × git status  ok",
        "12  ≤ 64 MB             ok",
    ]
    assert (not_run, counts) == ("not run: peers: not asked for", "2 ok, 1 over, 0 WRONG")


def test_the_markdown_table_has_the_same_cells() -> None:
    lines = markdown(results()).splitlines()
    assert lines[2].startswith("| question | run | affected | median ms |")
    assert lines[3].startswith("| :--- | :--- | ---: |")
    assert (
        lines[4]
        == "| commits/core | cold | 1,980 | 2,000 | 1,500 | 1,300 | 50 | 2.50 |  |  | 2.50 | ≤ 1 × git status | over |"
    )


def test_results_survive_json(tmp_path: Path) -> None:
    place = tmp_path / "results.json"
    place.write_text(to_json(results()))
    assert read(place) == results()
    place.write_text("[]")
    with pytest.raises(ValueError, match="not a result"):
        read(place)


def test_a_comparison_shows_ratios_and_marks_what_changed() -> None:
    slow = results(costs=(Cost(0.5, 0.4),), ratios={"git status": 0.7})
    shown = list(comparison(slow, results()))
    assert len(shown) == 2
    assert shown[0].endswith("2.50 →     2.50 × git status, cpu 1300 → 1300 ms")
    assert shown[1].endswith("0.70 →     0.02 × git status, cpu 400 → 10 ms  faster")
    assert "slower" in list(comparison(results(), slow))[1]


def test_budgets_judge_medians() -> None:
    own, other = (Cost(2, 0), Cost(1, 0), Cost(9, 0)), {"x": (Cost(1, 0), Cost(4, 0), Cost(4, 0))}
    time, speed = Budget("time", 0.5, "x"), Budget("speed", 2.5, "x")
    assert (time.value(own, other), speed.value(own, other)) == (0.5, 2)
    assert time.keeps(0.5)
    assert not time.keeps(0.51)
    assert not speed.keeps(2)
    assert Budget("megabytes", 80).value((Cost(0, 0, 7_000_000), Cost(0, 0, 9_000_000, 8_000_000)), {}) == 8


def test_a_wrong_answer_is_told_with_names() -> None:
    check = says(["a", "b"])
    assert check(answer("a", "b")) == ""
    assert check(answer("b", "c")) == "1 missing: a; 1 too many: c"
    assert check(answer("a", "b", "c", "d", "e")) == "3 too many: c, d, e"
    assert check(Ended(Cost(0, 0), 3, b"", b"x\nerror: no base\n")) == "exit code 3: error: no base"


def test_an_answer_that_depends_on_the_cache_is_wrong(bench: Bench) -> None:
    def say(name: str, word: str, *, same: bool) -> Subject:
        return Subject(name, Command((sys.executable, "-c", f"print({word!r})"), bench.scratch), same=same)

    with bench.meter:
        scenario = Scenario(
            "x", (say("cold", "1", same=True), say("warm", "2", same=True), say("other", "3", same=False))
        )
        rows = list(bench.measure(scenario))
    assert [bool(row.wrong) for row in rows] == [False, True, False]
    assert all(len(row.costs) == 1 for row in rows)


def test_the_meter_measures_the_command_and_nothing_else(tmp_path: Path) -> None:
    held = bytearray(120_000_000)
    with Meter(tmp_path) as meter:
        small = meter.run(Command((sys.executable, "-c", "print('x')"), tmp_path, {"A": "1"}, watch=True))
        large = meter.run(Command((sys.executable, "-c", "b'x' * 200_000_000; import sys; sys.exit(3)"), tmp_path))
        none = meter.run(Command((str(tmp_path / "nothing"),), tmp_path))
    assert (small.code, small.out, large.code, none.code) == (0, b"x\n", 3, 127)
    assert small.cost.peak < len(held) < 200_000_000 < large.cost.peak
    assert small.cost.seconds > 0 < small.cost.cpu


@pytest.mark.parametrize(
    ("only", "wanted"),
    [
        ((), ["plan", "plan/core", "plan/edit", "tar"]),
        (("plan",), ["plan", "plan/core", "plan/edit"]),
        (("plan/core", "tar"), ["plan", "plan/core", "tar"]),
    ],
)
def test_areas_and_scenarios_can_be_chosen(bench: Bench, only: tuple[str, ...], wanted: list[str]) -> None:
    asked = replace(bench, only=only)
    assert [name for name in ("plan", "plan/core", "plan/edit", "tar") if asked.wants(name)] == wanted


def test_what_is_in_no_area_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--only", "commits", "--only", "service"])
    assert ended.value.code == 2
    assert "there is no 'service'" in capsys.readouterr().err


def test_areas_measure_and_find_every_answer_right(bench: Bench) -> None:
    found = list(run(replace(bench, only=("commits/service", "worktree/moved", "peers"))))
    rows = {(each.scenario, each.run): each for each in found if isinstance(each, Row)}
    assert {row.scenario for row in rows.values()} == {"commits/service", "worktree/moved"}
    assert [row.wrong for row in rows.values() if row.wrong] == []
    assert rows["commits/service", "warm"].ratios.keys() == {"git status", "git diff", "python"}
    assert [each.scenario for each in found if isinstance(each, NotRun)] == ["peers"]


def test_a_wrong_answer_makes_the_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong = tmp_path / "right.json", tmp_path / "wrong.json"
    right.write_text(to_json(results()))
    wrong.write_text(to_json(results(wrong="1 missing: api")))
    assert main(["--read", str(right)]) == 0
    assert main(["--read", str(wrong)]) == 1
    assert "WRONG commits/core, warm: 1 missing: api" in capsys.readouterr().out


def test_figures_go_between_the_marks_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    write_page(page, "new\n")
    assert page.read_text() == f"before\n{BEGIN}\nnew\n\n{END}after\n"
    page.write_text("no marks\n")
    with pytest.raises(ValueError, match="marks"):
        write_page(page, "new\n")
    assert PAGE.read_text().count(BEGIN) == PAGE.read_text().count(END) == 1
