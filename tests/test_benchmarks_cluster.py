"""The section of the benchmark about a cluster: its tables, ways and arithmetic, without a peer."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zsclip import ZeroShotClassifier
from zsclip.demo import load_drawings

ROOT = Path(__file__).parents[1]
COUNT = 7


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """``benchmarks("timing")``: a module of theirs."""
    monkeypatch.syspath_prepend(ROOT)
    return lambda name: importlib.import_module(f"tests.benchmarks.{name}")


@pytest.fixture
def table(benchmarks: Any, drawings: Path, tmp_path: Path) -> Path:
    pictures = [drawings / drawing.file for drawing in load_drawings()[:3]]
    written: Path = benchmarks("clusters").write_table(tmp_path / "table", pictures, COUNT, 2)
    return written


def test_a_table_holds_so_many_rows_whatever_pictures_there_are(table: Path) -> None:
    read = pytest.importorskip("pyarrow.parquet").read_table
    assert [len(read(file)) for file in sorted(table.iterdir())] == [3, 4]
    rows = read(table)
    assert rows["id"].to_pylist() == list(range(COUNT))
    contents = rows["image"].to_pylist()
    assert len(set(contents)) == 3
    assert contents[:3] == contents[3:6]


def test_one_process_answers_for_each_id(
    benchmarks: Any, table: Path, drawings: Path, tiny: ZeroShotClassifier
) -> None:
    found = benchmarks("clusters").in_one_process(tiny, table)
    expected = [tiny.classify(drawings / drawing.file).label for drawing in load_drawings()[:3]]
    assert found == {i: expected[i % 3] for i in range(COUNT)}


def test_a_rate_is_that_of_what_more_takes_longer(benchmarks: Any) -> None:
    timing = benchmarks("timing")
    assert timing.growth((4, 3.0), (20, 7.0)) == (4.0, 2.0)
    assert timing.growth((4, 1.0), (20, 17.0)) == (1.0, 0.0)  # the beginning is never negative
    assert timing.growth((4, 3.0), (20, 2.0)) == (10.0, 0.0)


def test_systems_that_grow_have_their_turns_back_and_forth(
    benchmarks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    timing = benchmarks("timing")
    order: list[str] = []
    seconds = {"a few": 1.0, "a many": 2.0, "b few": 1.0, "b many": 5.0}

    def job(name: str, items: int) -> Any:
        return timing.Job(name[0], lambda: order.append(name), items)

    def timed(run: Callable[[], object]) -> float:
        run()
        return seconds[order[-1]]

    monkeypatch.setattr(timing, "seconds_of", timed)
    pairs = [(job(f"{name} few", 2), job(f"{name} many", 10)) for name in "ab"]
    rates, starts = timing.growth_in_turn(pairs, 2)
    assert order[:2] == ["a few", "b few"]  # once before the first round
    assert order[2:] == ["a few", "a many", "b few", "b many", "b few", "b many", "a few", "a many"]
    assert rates == {"a": [8.0, 8.0], "b": [2.0, 2.0]}
    assert starts == {"a": [0.75, 0.75], "b": [0.0, 0.0]}


def test_answers_are_compared_where_both_have_the_row(benchmarks: Any) -> None:
    agreement = benchmarks("sections.batch").agreement
    assert agreement(
        {0: "a", 1: "b", 2: "c", 3: "c"}, {0: "a", 1: "a", 2: "c", 3: "c", 4: "d"}
    ) == ("75%")
    with pytest.raises(SystemExit, match="different pictures"):
        agreement({0: "a"}, {1: "a"})


def test_a_system_of_a_cluster_that_is_not_there_is_a_gap(
    benchmarks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = benchmarks("sections.batch")
    monkeypatch.setattr(batch, "find_spec", lambda name: None if name == "daft" else object())
    assert batch.missing() == {batch.DAFT: "not installed: daft"}
