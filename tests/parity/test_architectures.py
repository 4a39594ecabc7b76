"""The nine architectures with random weights, in fp32, through the classifier."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.encoders import create_encoder
from zsclip.weights.models import MODELS

TOLERANCE = 1e-5


@pytest.mark.parametrize("spec", [spec for spec in MODELS if spec.url], ids=lambda s: s.name)
def test_published_architectures_give_what_the_official_code_gives(
    spec: Any,
    tmp_path: Path,
    official_model: Callable[[str], Any],
    preprocess: Callable[[int], Any],
    oracle: Callable[..., Any],
    pictures: list[Image.Image],
    prompts: list[str],
    difference: Callable[[str, str, Any, Any], float],
) -> None:
    model = official_model(spec.name)
    image, text, scores = oracle(model, preprocess(spec.resolution), pictures, prompts)
    path = tmp_path / "weights.pt"
    torch.save(model.state_dict(), path)
    assert sum(p.numel() for p in model.parameters()) == spec.parameters
    assert model.visual.input_resolution == spec.resolution
    assert image.shape[1] == text.shape[1] == spec.embed_dim
    del model  # of the largest, two copies are 5 GB
    gc.collect()

    # The comparison says something only if the model tells its inputs apart.
    for rows in (image, text, scores):
        apart = np.abs(rows[:, None] - rows[None]).max(axis=-1)
        assert apart[~np.eye(len(rows), dtype=bool)].min() > 1000 * TOLERANCE
    assert scores.max() < 0.999

    encoder = create_encoder("clip", path, activation="quickgelu", device="cpu", precision="fp32")
    ours = encoder.encode_images(pictures)
    with mock.patch.object(encoder, "encode_images", return_value=ours):  # the tower ran already
        clf = ZeroShotClassifier(prompts, templates=["{}"], encoder=encoder)
        our_scores = clf.predict_proba(pictures)
    # one by one, so that each is cut at its own end
    our_texts = np.concatenate([clf.encode_texts([prompt]) for prompt in prompts])
    path.unlink()
    assert clf.model_info.parameters == spec.parameters
    assert clf.model_info.input_resolution == spec.resolution
    assert clf.model_info.embedding_dim == spec.embed_dim
    assert difference(spec.name, "image", ours, image) < TOLERANCE
    assert difference(spec.name, "text", our_texts, text) < TOLERANCE
    assert difference(spec.name, "scores", our_scores, scores) < TOLERANCE
    del clf, encoder
    gc.collect()
