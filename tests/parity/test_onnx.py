"""Exported files in ONNX Runtime against the official code and open_clip, with random weights.

In fp32 they give what the others give; in fp16 and with weights in int8 they are as near as the
documentation says.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from open_clip_folders import Oracle, published_config, save_folder
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.encoders import as_pixel_encoder

TOLERANCE = {"fp32": 1e-5, "fp16": 5e-4, "int8": 2e-2}  # of embeddings
LABELS = ["Red Fox", "grey owl", "house sparrow!", "octopus"]


def run(clf: ZeroShotClassifier, file: Path, pictures: list[Image.Image], **options: Any) -> Any:
    """Scores and embeddings that a classifier's file gives for pictures."""
    clf.export(file, **options)
    encoder = as_pixel_encoder(clf.encoder)
    assert encoder is not None
    pixels = np.stack([encoder.prepare(picture) for picture in pictures])
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    scores, embeddings = session.run(["scores", "embeddings"], {"pixels": pixels})
    [alone] = session.run(["embeddings"], {"pixels": pixels[:1]})
    assert np.abs(alone - embeddings[:1]).max() < 1e-5
    file.unlink()
    return scores, embeddings


@pytest.mark.parametrize("name", ["ViT-B/32", "ViT-B/16", "RN50", "small ResNet", "small ViT"])
def test_a_file_gives_what_the_official_code_gives(
    name: str,
    tmp_path: Path,
    official_model: Callable[[str], Any],
    preprocess: Callable[[int], Any],
    oracle: Callable[..., Any],
    pictures: list[Image.Image],
    difference: Callable[[str, str, Any, Any], float],
) -> None:
    model = official_model(name)
    image, _, scores = oracle(model, preprocess(model.visual.input_resolution), pictures, LABELS)
    path = tmp_path / "weights.pt"
    torch.save(model.state_dict(), path)
    del model
    gc.collect()
    clf = ZeroShotClassifier(
        LABELS,
        templates=["{}"],
        model=path,
        activation="quickgelu",
        device="cpu",
        precision="fp32",
        cache=False,
    )
    for precision, tolerance in TOLERANCE.items():
        found, embeddings = run(clf, tmp_path / "a.onnx", pictures, precision=precision)
        named = f"{name} onnx {precision}"
        assert difference(named, "image", embeddings, image) < tolerance
        if precision == "fp32":
            assert difference(named, "scores", found, scores) < tolerance


@pytest.mark.parametrize(
    ("name", "tag"), [("ViT-B-16-SigLIP", "webli"), ("MobileCLIP2-S0", "dfndr2b")]
)
def test_a_file_gives_what_open_clip_gives(
    name: str,
    tag: str,
    tmp_path: Path,
    pictures: list[Image.Image],
    difference: Callable[[str, str, Any, Any], float],
) -> None:
    folder = save_folder(tmp_path / name, published_config(name, tag))
    image = Oracle(folder).images(pictures)
    clf = ZeroShotClassifier(
        LABELS,
        templates=["a photo of a {}."],  # a made tokenizer has too few words to tell all apart
        model=folder,
        encoder="open-clip",
        device="cpu",
        precision="fp32",
        cache=False,
    )
    scores, embeddings = run(clf, tmp_path / "a.onnx", pictures)
    assert difference(f"{name} onnx", "image", embeddings, image) < TOLERANCE["fp32"]
    due = clf.predict_proba(pictures)
    assert difference(f"{name} onnx", "scores", scores, due) < TOLERANCE["fp32"]
