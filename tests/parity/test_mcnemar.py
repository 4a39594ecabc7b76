"""McNemar's exact test beside that of statsmodels."""

from __future__ import annotations

import pytest

from zsclip.evaluation.comparison import mcnemar

tables = pytest.importorskip("statsmodels.stats.contingency_tables")


@pytest.mark.parametrize("one", [0, 1, 4, 9, 30, 500])
@pytest.mark.parametrize("two", [0, 1, 5, 9, 31, 450])
def test_p_is_that_of_statsmodels(one: int, two: int) -> None:
    expected = tables.mcnemar([[700, one], [two, 30]], exact=True).pvalue
    assert mcnemar(one, two) == pytest.approx(expected, rel=1e-9)
