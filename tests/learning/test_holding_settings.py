"""The same classifier, driven otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from zsclip import EmbeddingCache, ZeroShotClassifier
from zsclip.errors import ParameterError, ParameterTypeError

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder


def test_batches_are_of_another_size_and_nothing_else_changes(
    colors: ZeroShotClassifier, fake: FakeEncoder, solid: Callable[[str], Image.Image]
) -> None:
    pictures = [solid(color) for color in ("red", "green", "blue", "white")]
    before = colors.classify_many(pictures)
    other = colors.with_settings(batch_size=2, workers=1)
    fake.image_batches.clear()
    after = other.classify_many(pictures)
    assert fake.image_batches == [2, 2]
    assert [p.label for p in after] == [p.label for p in before]
    assert fake.text_batches == fake.text_batches[:1]  # no text is embedded again
    assert colors.with_settings().classify_many(pictures) == before


def test_a_cache_is_left_and_given(tiny: ZeroShotClassifier, cache: EmbeddingCache) -> None:
    picture = Image.new("RGB", (64, 64))
    without = tiny.with_settings(cache=False)
    kept = without.with_settings(cache=cache)
    without.encode_images([picture])
    assert cache.info().entries == 0
    kept.encode_images([picture])
    assert cache.info().entries == 1
    kept.with_settings(workers=1).encode_images([picture])  # which keeps it there
    assert cache.info().entries == 1


def test_what_was_learnt_stays(colors: ZeroShotClassifier) -> None:
    rejecting = colors.rejecting(threshold=0.4)
    assert rejecting.with_settings(batch_size=1).learnt == rejecting.learnt


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"batch_size": 0}, ParameterError),
        ({"workers": "two"}, ParameterTypeError),
        ({"cache": 3}, ParameterTypeError),
    ],
)
def test_settings_that_cannot_be_are_refused(
    colors: ZeroShotClassifier, settings: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        colors.with_settings(**settings)
