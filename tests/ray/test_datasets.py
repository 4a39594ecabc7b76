"""`classify` and `embed` on a local cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zsclip.ray
from zsclip import ZeroShotClassifier

ray: Any = pytest.importorskip("ray")
pytestmark = pytest.mark.usefixtures("cluster")


def test_a_folder_of_files_is_classified(tiny: ZeroShotClassifier, drawings: Path) -> None:
    dataset = ray.data.read_binary_files(str(drawings), include_paths=True, file_extensions=["png"])
    rows = zsclip.ray.classify(dataset, tiny, column="bytes", top=2, embeddings=True).take_all()
    expected = {p.source: p for p in tiny.classify_many(drawings)}
    assert len(rows) == len(expected) == 13
    for row in rows:
        prediction = expected[row["path"]]
        assert row["label"] == prediction.label
        assert row["score"] == pytest.approx(prediction.score, abs=1e-6)
        assert [s["label"] for s in row["scores"]] == [s.label for s in prediction.top(2)]
        assert row["error"] is None
        assert np.linalg.norm(row["embedding"]) == pytest.approx(1, abs=1e-5)


def test_pictures_are_embedded(tiny: ZeroShotClassifier, photos: Path) -> None:
    dataset = ray.data.read_images(str(photos), include_paths=True)
    rows = zsclip.ray.embed(dataset, tiny, keep=["path"]).take_all()
    assert {tuple(row) for row in rows} == {("path", "embedding", "error", "error_type")}
    expected = tiny.encode_images([row["path"] for row in rows])
    assert np.stack([row["embedding"] for row in rows]) == pytest.approx(expected, abs=1e-6)
