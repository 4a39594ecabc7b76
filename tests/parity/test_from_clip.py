"""`from_clip` on what `clip.load` returns, against the native engine on the same weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.errors import ParameterError, ParameterTypeError, PromptTooLongError

TOLERANCE = 1e-5
LABELS = ["fox", "owl", "house sparrow", "octopus"]
TEMPLATES = ["this is a painting of cartoon {}.", "a photo of a {}."]

Load = Callable[..., tuple[Any, Any]]
Official = Callable[[str], Any]


@pytest.mark.parametrize("jit", [False, True], ids=["eager", "jit"])
@pytest.mark.parametrize("name", ["RN50", "ViT-B/32"])
def test_a_model_handed_over_gives_its_own_scores(
    name: str,
    jit: bool,
    tmp_path: Path,
    official_model: Official,
    save_archive: Callable[[Any, Path], None],
    clip_load: Load,
    pictures: list[Image.Image],
    difference: Callable[[str, str, Any, Any], float],
) -> None:
    path = tmp_path / "archive.pt"
    save_archive(official_model(name), path)
    model, preprocess = clip_load(path, jit=jit)
    assert isinstance(model, torch.jit.ScriptModule) is jit
    driven = ZeroShotClassifier.from_clip(model, preprocess, labels=LABELS, templates=TEMPLATES)
    native = ZeroShotClassifier(
        LABELS,
        templates=TEMPLATES,
        model=path,
        activation="quickgelu",
        device="cpu",
        precision="fp32",
    )
    row = f"{name}, from_clip{' of jit' if jit else ''}"
    scores = driven.predict_proba(pictures)
    assert np.ptp(scores) > 0.01
    assert difference(row, "scores", native.predict_proba(pictures), scores) < TOLERANCE
    images = driven.encode_images(pictures)
    assert difference(row, "image", native.encode_images(pictures), images) < TOLERANCE
    texts = driven.encode_texts(LABELS)
    assert difference(row, "text", native.encode_texts(LABELS), texts) < TOLERANCE

    ours, theirs = native.model_info, driven.model_info
    for field in ("parameters", "input_resolution", "context_length", "vocab_size"):
        assert getattr(theirs, field) == getattr(ours, field), field
    assert theirs.embedding_dim == ours.embedding_dim
    assert (theirs.device, theirs.precision) == ("cpu", "fp32")
    assert theirs.activation == "quickgelu"
    assert f"{ours.parameters:,} parameters on cpu" in repr(driven.encoder)


def test_the_model_stays_as_it_is(
    tmp_path: Path, official_model: Official, clip_load: Load, pictures: list[Image.Image]
) -> None:
    torch.save(official_model("small ViT").state_dict(), tmp_path / "state.pt")
    model, preprocess = clip_load(tmp_path / "state.pt")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    clf = ZeroShotClassifier.from_clip(model, preprocess, labels=LABELS)
    clf.classify(pictures[0])
    assert not model.training
    assert all(p.requires_grad for p in model.parameters())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_training_mode_is_refused(
    tmp_path: Path, official_model: Official, clip_load: Load
) -> None:
    torch.save(official_model("small ResNet").state_dict(), tmp_path / "state.pt")
    model, preprocess = clip_load(tmp_path / "state.pt")
    with pytest.raises(ParameterError, match=r"training mode.*model\.eval\(\)"):
        ZeroShotClassifier.from_clip(model.train(), preprocess, labels=LABELS)
    ZeroShotClassifier.from_clip(model.eval(), preprocess, labels=LABELS)


def test_the_wrong_way_round_is_refused(
    tmp_path: Path, official_model: Official, clip_load: Load
) -> None:
    torch.save(official_model("small ViT").state_dict(), tmp_path / "state.pt")
    model, preprocess = clip_load(tmp_path / "state.pt")
    with pytest.raises(ParameterTypeError, match=r"`model` must be the first thing"):
        ZeroShotClassifier.from_clip(preprocess, model, labels=LABELS)
    with pytest.raises(ParameterTypeError, match=r"`preprocess` must be the second thing"):
        ZeroShotClassifier.from_clip(model, cast("Any", None), labels=LABELS)


def test_long_prompts(tmp_path: Path, official_model: Official, clip_load: Load) -> None:
    torch.save(official_model("small ViT").state_dict(), tmp_path / "state.pt")
    loaded = clip_load(tmp_path / "state.pt")
    long = "very " * 80 + "small"
    with pytest.raises(PromptTooLongError):
        ZeroShotClassifier.from_clip(*loaded, labels=[long, "fox"], templates=["{}"])
    clf = ZeroShotClassifier.from_clip(
        *loaded, labels=[long, "fox"], templates=["{}"], too_long="cut"
    )
    expected = clf.encode_texts(["very " * 75])
    assert np.abs(clf.encode_texts([long]) - expected).max() < TOLERANCE
