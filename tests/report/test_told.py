from __future__ import annotations

import re

import numpy as np
import pytest
from evaluations import made

from zsclip import LabelSet
from zsclip.report.told import CELLS, MOST_CELLS, PAIRS, told_of


def labels(n: int) -> LabelSet:
    return LabelSet.from_names([f"label {i}" for i in range(n)])


def test_every_metric_stands_there_with_its_interval() -> None:
    told = told_of(made([0, 1, 1, 0], ["a", "b", "a", "b"], "ab"))
    assert "accuracy (top-1)" in told
    assert re.search(r"50\.0 %</td><td[^>]*>0\.0 % to 100\.0 %", told)
    assert "log loss" in told


@pytest.mark.parametrize(
    ("n", "is_open", "is_there"),
    [(CELLS, True, True), (CELLS + 1, False, True), (MOST_CELLS + 1, False, False)],
)
def test_a_table_of_confusions_is_folded_where_it_is_large(
    n: int, is_open: bool, is_there: bool
) -> None:
    told = told_of(made([0, 1, 1], ["label 0", "label 1", "label 0"], labels(n)))
    assert ('class="confusion"' in told) == is_there
    assert (f"All {n} labels as a table" not in told) == (is_open or not is_there)
    assert "label 0 taken for label 1: 1" in told


def test_the_most_frequent_confusions_come_first_and_are_not_too_many() -> None:
    n = CELLS + 5
    random = np.random.default_rng(0)
    answers = random.integers(0, n, 400).tolist()
    truth = [f"label {i}" for i in [0] * 20 + random.integers(0, n, 380).tolist()]
    answers[:20] = [1] * 20
    told = told_of(made(answers, truth, labels(n)))
    first = re.findall(r"title=\"(.*?): (\d+)\"", told)[:PAIRS]
    assert first[0][0] == "label 0 taken for label 1"
    counts = [int(count) for _, count in first]
    assert counts == sorted(counts, reverse=True)


def test_labels_are_told_worst_first() -> None:
    told = told_of(made([0, 1, 1], ["a", "b", "a"], "abc"))
    table = told[told.index("Label by label") :]
    assert re.findall(r'<th scope="row">(.)</th>', table) == ["a", "b", "c"]
    assert ">50.0 %<" in table
    assert ">-<" in table  # of the label without a picture


def test_labels_and_sources_never_become_markup() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    told = told_of(made([0, 1], [hostile, "b"], LabelSet.from_names([hostile, "b"])))
    assert "<img" not in told
    assert "&lt;img" in told
