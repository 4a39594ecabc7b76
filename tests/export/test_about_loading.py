"""What an exported file says of itself is enough to load it, and it is the same classifier then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zsclip import ZeroShotClassifier

NAMES = ["bird", "fish", "octopus", "tiger"]


@pytest.mark.parametrize(("precision", "drift"), [("fp32", 1e-5), ("fp16", 3e-3), ("int8", 3e-2)])
def test_what_was_exported_gives_its_scores_when_it_is_loaded(
    precision: Any, drift: float, animals: ZeroShotClassifier, pictures: list[Any], tmp_path: Path
) -> None:
    animals.export(tmp_path / "animals.onnx", precision=precision)
    loaded = ZeroShotClassifier.load(tmp_path / "animals.onnx", cache=False)
    scores = loaded.predict_proba(pictures)
    assert np.abs(scores - animals.predict_proba(pictures)).max() < drift
    info, made = loaded.model_info, animals.model_info
    assert (info.name, info.parameters, info.precision) == (made.name, made.parameters, precision)
    assert loaded.labelset == animals.labelset


def test_what_was_learnt_is_exported_and_loaded(pictures: list[Any], tmp_path: Path) -> None:
    given: dict[str, Any] = {"model": "tiny-cartoon", "precision": "fp32", "cache": False}
    clf = ZeroShotClassifier(NAMES, **given).rejecting(pictures, coverage=0.8)
    clf.export(tmp_path / "rejecting.onnx")
    loaded = ZeroShotClassifier.load(tmp_path / "rejecting.onnx", cache=False)
    answers = [prediction.accepted for prediction in loaded.classify_many(pictures)]
    assert answers == [prediction.accepted for prediction in clf.classify_many(pictures)]
    assert len(set(answers)) == 2


def test_several_labels_at_once_are_exported_and_loaded(
    pictures: list[Any], tmp_path: Path
) -> None:
    given: dict[str, Any] = {"model": "tiny-cartoon", "precision": "fp32", "cache": False}
    clf = ZeroShotClassifier(NAMES, multi_label=True, **given)
    clf.export(tmp_path / "several.onnx")
    loaded = ZeroShotClassifier.load(tmp_path / "several.onnx", cache=False)
    assert np.abs(loaded.predict_proba(pictures) - clf.predict_proba(pictures)).max() < 1e-5


def test_a_file_that_resizes_is_given_pictures_that_are_resized_already(
    animals: ZeroShotClassifier, pictures: list[Any], tmp_path: Path
) -> None:
    """Its own way is within a level of Pillow's, and the library's is Pillow's bit for bit."""
    animals.export(tmp_path / "animals.onnx")
    animals.export(tmp_path / "resizes.onnx", with_resize=True)
    rows = [
        ZeroShotClassifier.load(tmp_path / name, cache=False).encode_images(pictures)
        for name in ("animals.onnx", "resizes.onnx")
    ]
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)
