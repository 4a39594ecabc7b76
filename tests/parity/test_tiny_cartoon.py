"""The embedded model in the official code."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load

from zsclip import ZeroShotClassifier
from zsclip.weights.models import get_model_spec

TOLERANCE = 1e-5


def test_it_loads_and_agrees(
    tmp_path: Path,
    official: Any,
    clip_load: Callable[..., tuple[Any, Any]],
    preprocess: Callable[[int], Any],
    oracle: Callable[..., Any],
    pictures: list[Image.Image],
    prompts: list[str],
    difference: Callable[[str, str, Any, Any], float],
) -> None:
    spec = get_model_spec("tiny-cartoon")
    state = load(files("zsclip").joinpath("weights", "data", spec.file).read_bytes())
    built = official.model.build_model(dict(state)).float()
    torch.save(state, tmp_path / "tiny-cartoon.pt")
    loaded, transform = clip_load(tmp_path / "tiny-cartoon.pt")
    assert sum(p.numel() for p in built.parameters()) == spec.parameters
    assert built.visual.input_resolution == spec.resolution

    fitting = [p for p in prompts if len(official.clip._tokenizer.encode(p)) < built.context_length]
    assert len(fitting) > 3
    clf = ZeroShotClassifier(
        fitting, templates=["{}"], model="tiny-cartoon", device="cpu", precision="fp32"
    )
    for model, pixels in ((built, preprocess(spec.resolution)), (loaded, transform)):
        image, text, scores = oracle(model, pixels, pictures, fitting)
        assert image.shape[1] == spec.embed_dim
        assert difference("tiny-cartoon", "image", clf.encode_images(pictures), image) < TOLERANCE
        assert difference("tiny-cartoon", "text", clf.encode_texts(fitting), text) < TOLERANCE
        assert difference("tiny-cartoon", "scores", clf.predict_proba(pictures), scores) < TOLERANCE
    assert clf.model_info.context_length == built.context_length
    assert clf.model_info.vocab_size == built.vocab_size
