"""The same model and labels, for pictures that are read otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from zsclip import Reading, ZeroShotClassifier
from zsclip.errors import ImageError, LearntMismatchError, ParameterTypeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PIL import Image

    from tests.conftest import FakeEncoder


def test_other_limits_hold_and_nothing_is_embedded_again(
    colors: ZeroShotClassifier,
    fake: FakeEncoder,
    solid: Callable[[str], Image.Image],
    tmp_path: Path,
) -> None:
    file = tmp_path / "red.png"
    solid("red").save(file)
    assert colors.classify(file).label == "red"
    careful = colors.with_settings(reading=replace(colors.reading, max_pixels=15))
    with pytest.raises(ImageError, match="max_pixels"):
        careful.classify(file)
    assert careful.classify(solid("blue")).label == "blue"
    assert len(fake.text_batches) == 1
    assert colors.reading.max_pixels > 15
    assert careful.batch_size == colors.batch_size == 3


def test_what_was_learnt_goes_along_with_limits_and_not_with_other_pixels(
    colors: ZeroShotClassifier,
) -> None:
    picky = colors.rejecting(threshold=0.5)
    assert picky.with_settings(reading=Reading(timeout=1)).learnt == picky.learnt
    with pytest.raises(LearntMismatchError, match="how pictures are read"):
        picky.with_settings(reading=Reading(background="black"))


def test_what_is_no_reading_is_refused(colors: ZeroShotClassifier) -> None:
    with pytest.raises(ParameterTypeError, match="`reading`"):
        colors.with_settings(reading="none")  # type: ignore[arg-type]
