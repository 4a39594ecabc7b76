"""Small models whose weights a formula makes, against what the official code made of them.

tests/parity/record.py wrote the answers, and holds the formulas.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from zsclip import ZeroShotClassifier
from zsclip.clip.model import CLIPConfig

TESTS = Path(__file__).parents[1]
RECORDED = json.loads((TESTS / "data" / "reference-embeddings.json").read_text("utf-8"))
SCRIPT = runpy.run_path(str(TESTS / "parity" / "record.py"))

TEXTS: list[str] = list(RECORDED["texts"].values())


def _pictures() -> list[Image.Image]:
    return [SCRIPT["picture"](*size) for size in RECORDED["pictures"].values()]


def _save_model(name: str, path: Path) -> None:
    embed_dim, resolution, layers, width, patch, *text = SCRIPT["MODELS"][name]
    context, vocabulary, text_width, _, text_layers = text
    config = CLIPConfig(
        embed_dim, resolution, layers, width, patch, context, vocabulary, text_width, text_layers
    )
    with torch.device("meta"):
        image_tower, text_tower = config.image_tower(), config.text_tower()
    shapes = {f"visual.{key}": t.shape for key, t in image_tower.state_dict().items()}
    shapes |= {key: t.shape for key, t in text_tower.state_dict().items()}
    made = SCRIPT["weights"]({**shapes, "logit_scale": ()})
    save_file({key: torch.from_numpy(value) for key, value in made.items()}, path)


@pytest.mark.parametrize("row", RECORDED["models"], ids=lambda row: str(row["model"]))
def test_small_models_give_what_the_official_code_gave(row: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    _save_model(row["model"], path)
    clf = ZeroShotClassifier(
        [text.strip() for text in TEXTS],
        templates=["{}"],
        model=path,
        activation="quickgelu",
        device="cpu",
        precision="fp32",
    )
    pictures = _pictures()
    np.testing.assert_allclose(clf.encode_images(pictures), row["image"], atol=1e-5)
    np.testing.assert_allclose(clf.encode_texts(TEXTS), row["text"], atol=1e-5)
    np.testing.assert_allclose(clf.predict_proba(pictures), row["scores"], atol=1e-5)
    assert np.ptp(row["scores"]) > 0.1
