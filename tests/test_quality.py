"""The code of `tests/quality`, without measuring: what it says of what it measured."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).parents[1]


@pytest.fixture
def quality(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """``quality("report")``: a module of theirs."""
    monkeypatch.syspath_prepend(ROOT)

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"tests.quality.{name}")

    return load


def test_the_page_of_how_good_it_is_shows_what_was_kept(quality: Any) -> None:
    kept = json.loads((ROOT / "docs" / "how-good.json").read_text("utf-8"))
    page = (ROOT / "docs" / "how-good.md").read_text("utf-8")
    assert quality("report").render(kept) == page


def test_every_question_of_the_page_was_measured(quality: Any) -> None:
    kept = json.loads((ROOT / "docs" / "how-good.json").read_text("utf-8"))
    assert list(kept["sections"]) == list(quality("catalogue").SECTIONS)


def test_what_is_measured_on_was_left_out_of_the_training(quality: Any) -> None:
    recipe = (ROOT / "docs" / "models" / "tiny-cartoon" / "prepare.py").read_text("utf-8")
    left_out = [line for line in recipe.splitlines() if line.startswith(("TEST_", "SHARE_"))]
    for style in quality("sources").STYLES:
        stem = style.package.rpartition("/")[2]
        assert f'"{stem}"' in " ".join(left_out)


def test_the_area_under_the_curve_is_that_of_scikit_learn(quality: Any) -> None:
    rng = np.random.default_rng(0)
    known, unknown = rng.normal(1, 1, 50).round(1), rng.normal(0, 1, 70).round(1)
    truth = np.repeat([1, 0], [50, 70])
    expected = roc_auc_score(truth, np.concatenate([known, unknown]))
    assert quality("trials").auroc(known, unknown) == pytest.approx(expected)


def test_the_foreign_accepted_are_counted_where_95_percent_of_the_known_are(quality: Any) -> None:
    known = np.arange(100.0)
    assert quality("trials").fpr95(known, np.array([3.0, 4.0, 5.0, 6.0])) == 0.75


def test_no_drawing_is_fitted_on_and_tested_on(quality: Any) -> None:
    trials, rows = quality("trials"), np.arange(40, 60)
    classes = ["cat"] * 10 + ["dog"] * 8 + ["ox"] * 2
    for fit, test in [*trials.halves(rows, 3, 0), *trials.draws(rows, classes, 2, 3, 0)]:
        assert sorted([*fit, *test]) == list(rows)
    assert len(fit) == 4  # of the third class there are no more than it takes
