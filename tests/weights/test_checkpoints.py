"""Names of models and paths of checkpoints."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from zsclip.errors import ModelNotFoundError
from zsclip.weights.checkpoints import load_checkpoint
from zsclip.weights.models import MODELS, get_model_spec, list_models

State = dict[str, Tensor]


def test_the_embedded_model_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    checkpoint = load_checkpoint("tiny-cartoon")
    spec = get_model_spec("tiny-cartoon")
    assert checkpoint.sha256 == spec.sha256
    assert hashlib.sha256(checkpoint.path.read_bytes()).hexdigest() == spec.sha256
    assert checkpoint.architecture.parameters == spec.parameters


@pytest.mark.parametrize("file", ["mine.pt", "mine.safetensors", "no-suffix"])
def test_paths(file: str, tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    save = save_file if file.endswith("safetensors") else torch.save
    save(state, tmp_path / file)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for model in (tmp_path / file, str(tmp_path / file), file, f"./{file}", f"~/{file}"):
        checkpoint = load_checkpoint(model)
        assert checkpoint.name == Path(file).stem
        assert checkpoint.path.samefile(tmp_path / file)
        digest = hashlib.sha256((tmp_path / file).read_bytes()).hexdigest()
        assert checkpoint.sha256 == digest


def test_a_name_wins_over_a_file(
    tmp_path: Path, vit_state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(vit_state, "tiny-cartoon")
    assert load_checkpoint("tiny-cartoon").architecture.resolution == 64
    assert load_checkpoint(Path("tiny-cartoon")).architecture.resolution == 32


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ViT-B-32", "Did you mean 'ViT-B/32'"),
        ("vit-b/32", "Did you mean 'ViT-B/32'"),
        ("RN-50", "Did you mean 'RN50'"),
        ("tiny_cartoon", "Did you mean 'tiny-cartoon'"),
        ("florence", "Known: 'RN50', 'RN101'"),
        ("", "Known: 'RN50', 'RN101'"),
    ],
)
def test_unknown_names(name: str, hint: str) -> None:
    with pytest.raises(ModelNotFoundError, match=r"`model` must be the name of a model") as caught:
        load_checkpoint(name)
    assert hint in str(caught.value)


@pytest.mark.parametrize("path", ["gone.pt", "./gone", "/gone/away", "~/gone.safetensors"])
def test_paths_that_lead_nowhere(path: str) -> None:
    with pytest.raises(ModelNotFoundError, match=r"gone.* does not exist\."):
        load_checkpoint(path)


def test_the_table() -> None:
    assert list_models() == [spec.name for spec in MODELS]
    assert len(set(list_models())) == len(MODELS) == 10
    for spec in MODELS:
        assert get_model_spec(spec.name) is spec
        assert spec.bundled is (spec.url is None)
        assert len(spec.sha256) == 64
        if spec.url is not None:
            assert spec.url.startswith("https://")
            assert spec.url.endswith(f"/{spec.sha256}/{spec.file}")
    with pytest.raises(dataclasses.FrozenInstanceError):
        MODELS[0].name = "other"  # type: ignore[misc]
