"""Neither the size of batches nor the company of a picture changes more than rounding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from zsclip import ZeroShotClassifier

TOLERANCE = 1e-5  # of scores and embeddings, as docs/classifier.md states it


@pytest.fixture(scope="module")
def alone(tiny: ZeroShotClassifier, drawings: Path) -> dict[str, NDArray[np.float32]]:
    """The scores of each drawing, classified by itself."""
    clf = _classifier(tiny, 1)
    return {path.name: clf.classify(path).scores for path in sorted(drawings.glob("*.png"))}


def _classifier(tiny: ZeroShotClassifier, batch_size: int) -> ZeroShotClassifier:
    return ZeroShotClassifier(
        tiny.labelset,
        templates=tiny.templates,
        encoder=tiny.encoder,
        batch_size=batch_size,
        cache=False,
    )


@settings(max_examples=40)
@given(data=st.data(), batch_size=st.integers(1, 20))
def test_scores_do_not_depend_on_batches(
    tiny: ZeroShotClassifier,
    drawings: Path,
    alone: dict[str, NDArray[np.float32]],
    data: st.DataObject,
    batch_size: int,
) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(alone)), min_size=1, max_size=20))
    results = _classifier(tiny, batch_size).classify_many([drawings / name for name in names])
    for name, result in zip(names, results, strict=True):
        assert np.abs(result.scores - alone[name]).max() < TOLERANCE
