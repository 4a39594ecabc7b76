"""Means and deviations of cosines, and what they may be fitted on."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from zsclip.errors import ParameterError
from zsclip.fitting.standardization import FEWEST, fit_standardization


def test_the_spread_of_each_label_is_scikit_learn_s() -> None:
    cosines = np.random.default_rng(0).normal([0.2, 0.3], [0.02, 0.01], (50, 2))
    found = fit_standardization(cosines)
    scaler = StandardScaler().fit(cosines)
    np.testing.assert_allclose(found.mean, scaler.mean_, rtol=1e-12)
    np.testing.assert_allclose(found.deviation, scaler.scale_, rtol=1e-12)
    assert found.pictures == 50


def test_few_pictures_and_one_picture_again_tell_nothing() -> None:
    with pytest.raises(ParameterError, match="must be 10 pictures or more"):
        fit_standardization(np.random.default_rng(0).random((FEWEST - 1, 2)))
    with pytest.raises(ParameterError, match="must differ from each other"):
        fit_standardization(np.full((FEWEST, 2), 0.3))
