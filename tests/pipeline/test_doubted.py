"""Pictures that are read with a warning: it comes every time, once, and through every thread."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zsclip import Failure, Prediction, ZeroShotClassifier
from zsclip.cache import EmbeddingCache
from zsclip.errors import ImageError
from zsclip.images import Reading


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures that are whole, four damaged ones, and one that is nearly black."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(4):
        stream = io.BytesIO()
        noise = np.random.default_rng(i).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(noise).save(stream, "JPEG")
        data = stream.getvalue()
        (folder / f"whole {i}.jpg").write_bytes(data)
        (folder / f"damaged {i}.jpg").write_bytes(data[: len(data) // 2] + b"\xff\xd9")
    deep = np.linspace(291, 694, 400).astype(np.uint16).reshape(20, 20)
    Image.fromarray(deep).save(folder / "deep.png")
    return folder


def classifier(cache: EmbeddingCache | bool, **options: object) -> ZeroShotClassifier:
    return ZeroShotClassifier(["cat", "dog"], model="tiny-cartoon", cache=cache, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [1, 8])
def test_a_warning_comes_again_though_there_is_a_cache(folder: Path, workers: int) -> None:
    expected = Counter({f"damaged {i}.jpg": 1 for i in range(4)} | {"deep.png": 1})
    cache = EmbeddingCache()
    scores = []
    for _ in range(2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results = classifier(cache, workers=workers).classify_many(folder)
        told = Counter(Path(str(w.message).partition(": ")[0]).name for w in caught)
        assert told == expected
        categories = {w.category.__name__ for w in caught}
        assert categories == {"DamagedImageWarning", "LevelsWarning"}
        scores.append([result.score for result in results])
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-5)
    assert cache.info().entries == 4 + 2  # the whole pictures, and two labels


def test_warnings_made_errors_are_failures_of_their_pictures(folder: Path) -> None:
    # As everywhere in these tests, warnings are errors.
    results = classifier(False).classify_many(folder, on_error="record")
    failed = [Path(r.source).name for r in results if isinstance(r, Failure)]
    assert failed == [f"damaged {i}.jpg" for i in range(4)] + ["deep.png"]
    assert sum(isinstance(r, Prediction) for r in results) == 4
    with pytest.raises(ImageError, match=r"damaged 0\.jpg"):
        classifier(False).classify_many(folder)


def test_damaged_pictures_can_be_refused_and_levels_be_chosen(folder: Path) -> None:
    reading = Reading(strict=True, levels="stretch")
    results = classifier(True, reading=reading).classify_many(folder, on_error="record")
    assert [isinstance(result, Failure) for result in results] == [True] * 4 + [False] * 5
    assert EmbeddingCache().info().entries == 5 + 2
