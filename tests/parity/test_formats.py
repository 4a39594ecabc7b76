"""Every format of a checkpoint against the state dict that the official code would load."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from zsclip import ZeroShotClassifier
from zsclip.formats.layouts import open_tensors
from zsclip.weights import load_checkpoint
from zsclip.weights.models import MODELS

TOLERANCE = 1e-5

Official = Callable[[str], Any]


def _classifier(path: Path, prompts: list[str]) -> ZeroShotClassifier:
    options: dict[str, Any] = {"activation": "quickgelu", "device": "cpu", "precision": "fp32"}
    return ZeroShotClassifier(prompts, templates=["{}"], model=path, **options)


def _weights(path: Path) -> dict[str, torch.Tensor]:
    checkpoint = load_checkpoint(path, activation="quickgelu")
    towers = {"visual.": checkpoint.load_image_tower(), "": checkpoint.load_text_tower()}
    weights = {
        prefix + key: value
        for prefix, tower in towers.items()
        for key, value in tower.state_dict().items()
    }
    return {**weights, "logit_scale": torch.tensor(checkpoint.logit_scale).log()}


def _assert_equal(weights: dict[str, torch.Tensor], state: dict[str, torch.Tensor]) -> None:
    assert weights.keys() == state.keys()
    for key, value in state.items():
        if key == "logit_scale":
            torch.testing.assert_close(weights[key], value)
        elif not key.endswith("num_batches_tracked"):
            assert weights[key].dtype == value.dtype, key
            assert torch.equal(weights[key], value), key


@pytest.mark.parametrize("name", ["RN50", "ViT-B/32"])
def test_archives_give_what_the_official_code_gives(
    name: str,
    tmp_path: Path,
    official: Any,
    official_model: Official,
    save_archive: Callable[[Any, Path], None],
    preprocess: Callable[[int], Any],
    oracle: Callable[..., Any],
    pictures: list[Image.Image],
    prompts: list[str],
    difference: Callable[[str, str, Any, Any], float],
) -> None:
    model = official_model(name)
    save_archive(model, tmp_path / "archive.pt")
    half = official.model.build_model(dict(model.state_dict()))
    torch.save(half.state_dict(), tmp_path / "state.pt")
    assert half.dtype == torch.float16
    _assert_equal(_weights(tmp_path / "archive.pt"), half.state_dict())
    _assert_equal(_weights(tmp_path / "state.pt"), half.state_dict())

    image, text, scores = oracle(half.float(), preprocess(224), pictures, prompts)
    clf = _classifier(tmp_path / "archive.pt", prompts)
    row = f"{name}, archive in fp16"
    assert difference(row, "image", clf.encode_images(pictures), image) < TOLERANCE
    assert difference(row, "text", clf.encode_texts(prompts), text) < TOLERANCE
    assert difference(row, "scores", clf.predict_proba(pictures), scores) < TOLERANCE
    same = _classifier(tmp_path / "state.pt", prompts)
    assert (same.encode_images(pictures) == clf.encode_images(pictures)).all()
    assert (same.encode_texts(prompts) == clf.encode_texts(prompts)).all()


@pytest.mark.parametrize("name", [spec.name for spec in MODELS if spec.url])
def test_archives_of_each_architecture_are_read_as_torch_reads_them(
    name: str,
    tmp_path: Path,
    official_model: Official,
    save_archive: Callable[[Any, Path], None],
    state_by_torch: Callable[[Path], dict[str, torch.Tensor]],
) -> None:
    path = tmp_path / "archive.pt"
    save_archive(official_model(name), path)
    gc.collect()  # of the largest, two copies are 4 GB
    due = state_by_torch(path)
    for size in ("input_resolution", "context_length", "vocab_size"):
        del due[size]
    found = open_tensors(path)
    path.unlink()
    assert set(found.shapes) == set(due)
    for key, tensor in due.items():
        assert found.read(key).dtype == tensor.dtype, key
        assert torch.equal(found.read(key), tensor), key
    del due, found
    gc.collect()


def _save_nested(state: dict[str, torch.Tensor], path: Path) -> None:
    torch.save({"epoch": 3, "state_dict": state, "optimizer": {"lr": 0.1}}, path)


def _save_wrapped(state: dict[str, torch.Tensor], path: Path) -> None:
    torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, path)


def _save_legacy(state: dict[str, torch.Tensor], path: Path) -> None:
    torch.save(state, path, _use_new_zipfile_serialization=False)


FORMATS: dict[str, Callable[[dict[str, torch.Tensor], Path], None]] = {
    "state.pt": torch.save,
    "legacy.pth": _save_legacy,
    "weights.safetensors": save_file,
    "nested.ckpt": _save_nested,
    "wrapped.pt": _save_wrapped,
}


@pytest.mark.parametrize("file", FORMATS)
@pytest.mark.parametrize("half", [False, True], ids=["fp32", "fp16"])
@pytest.mark.parametrize("name", ["small ResNet", "small ViT"])
def test_state_dicts_give_what_the_official_code_gives(
    name: str,
    half: bool,
    file: str,
    tmp_path: Path,
    official: Any,
    official_model: Official,
    preprocess: Callable[[int], Any],
    oracle: Callable[..., Any],
    pictures: list[Image.Image],
    prompts: list[str],
    difference: Callable[[str, str, Any, Any], float],
) -> None:
    model = official_model(name)
    if half:
        model = official.model.build_model(dict(model.state_dict()))
    state = dict(model.state_dict())
    FORMATS[file](state, tmp_path / file)
    _assert_equal(_weights(tmp_path / file), state)
    image, text, scores = oracle(model.float(), preprocess(64), pictures, prompts)
    clf = _classifier(tmp_path / file, prompts)
    assert difference(name, "image", clf.encode_images(pictures), image) < TOLERANCE
    assert difference(name, "text", clf.encode_texts(prompts), text) < TOLERANCE
    assert difference(name, "scores", clf.predict_proba(pictures), scores) < TOLERANCE


def test_the_archive_of_a_small_model(
    tmp_path: Path, official_model: Official, save_archive: Callable[[Any, Path], None]
) -> None:
    for name in ("small ResNet", "small ViT"):
        model = official_model(name)
        save_archive(model, tmp_path / "small.pt")
        config = load_checkpoint(tmp_path / "small.pt", activation="quickgelu").config
        assert config.resolution == 64
        assert config.parameters == sum(p.numel() for p in model.parameters())
