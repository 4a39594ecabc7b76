"""Names of models and paths of checkpoints, towers with their weights, and what loading takes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from zsclip.errors import CheckpointError, ModelNotFoundError
from zsclip.weights import Checkpoint, load_checkpoint
from zsclip.weights.models import get_model_spec

State = dict[str, Tensor]

MAPS = Path("/proc/self/maps")


def test_the_embedded_model_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    checkpoint = load_checkpoint("tiny-cartoon")
    spec = get_model_spec("tiny-cartoon")
    assert hashlib.sha256(checkpoint.path.read_bytes()).hexdigest() == spec.sha256
    assert checkpoint.config.parameters == spec.parameters


@pytest.mark.parametrize("file", ["mine.pt", "mine.safetensors", "no-suffix"])
def test_a_checkpoint_is_found_by_each_spelling_of_its_path(
    file: str, tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = save_file if file.endswith("safetensors") else torch.save
    save(state, tmp_path / file)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for model in (tmp_path / file, str(tmp_path / file), file, f"./{file}", f"~/{file}"):
        checkpoint = load_checkpoint(model, activation="quickgelu")
        assert checkpoint.name == Path(file).stem
        assert checkpoint.path.samefile(tmp_path / file)


def test_a_name_wins_over_a_file(
    tmp_path: Path, vit_state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(vit_state, "tiny-cartoon")
    assert load_checkpoint("tiny-cartoon").config.resolution == 64
    assert load_checkpoint(Path("tiny-cartoon"), activation="quickgelu").config.resolution == 32


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("vit-b/32", "Did you mean 'ViT-B/32'"),
        ("RN-50", "Did you mean 'RN50'"),
        ("tiny_cartoon", "Did you mean 'tiny-cartoon'"),
        ("florence", "Known: 'RN50', 'RN101'"),
        ("", "Known: 'RN50', 'RN101'"),
    ],
)
def test_an_unknown_model_is_answered_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(ModelNotFoundError, match=r"`model` must be the name of a model") as caught:
        load_checkpoint(name)
    assert hint in str(caught.value)


@pytest.mark.parametrize("path", ["gone.pt", "./gone", "/gone/away", "~/gone.safetensors"])
def test_paths_that_lead_nowhere(path: str) -> None:
    with pytest.raises(ModelNotFoundError, match=r"gone.* does not exist\."):
        load_checkpoint(path)


def _load(checkpoint: Checkpoint) -> None:
    checkpoint.load_image_tower()
    checkpoint.load_text_tower()


def test_the_whole_state_dict_loads(
    state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    checkpoint = checkpoint_of(state)
    image, text = checkpoint.load_image_tower(), checkpoint.load_text_tower()
    for tower, prefix in ((image, "visual."), (text, "")):
        assert not tower.training
        assert not any(p.requires_grad for p in tower.parameters())
        for key, tensor in tower.state_dict().items():
            if not key.endswith("num_batches_tracked"):
                assert torch.equal(tensor, state[prefix + key])
    assert checkpoint.logit_scale == pytest.approx(50)


def test_counters_and_masks_need_not_be_there(
    state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    state = {key: t for key, t in state.items() if not key.endswith("num_batches_tracked")}
    state["transformer.resblocks.0.attn_mask"] = torch.zeros(77, 77)
    _load(checkpoint_of(state))


def test_each_missing_tensor_is_named(
    state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    for key in state:
        if key.endswith("num_batches_tracked"):
            continue
        rest = {k: v for k, v in state.items() if k != key}
        with pytest.raises(CheckpointError) as caught:
            _load(checkpoint_of(rest))
        message = str(caught.value)
        assert "'small.pt'" in message
        # without its one projection a vision transformer reads as a ResNet
        named = "visual.layer1.0.conv1.weight" if key == "visual.proj" else key
        assert named in message or f"{key}: expected" in message, key


def test_each_tensor_with_another_shape_is_refused(
    state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    for key, tensor in state.items():
        if key.endswith("num_batches_tracked"):
            continue
        wrong = {**state, key: torch.stack([tensor, tensor])}
        with pytest.raises(CheckpointError) as caught:
            _load(checkpoint_of(wrong))
        assert "'small.pt'" in str(caught.value)


@pytest.mark.parametrize("key", ["visual.head.weight", "logit_bias", "visual.ln_post.scale"])
def test_a_tensor_too_many_is_named(
    key: str, state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    with pytest.raises(CheckpointError, match=rf"{key}: expected nothing, found \(3,\)"):
        _load(checkpoint_of({**state, key: torch.zeros(3)}))


def test_many_differences_are_cut_short(
    vit_state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    extra = {f"visual.extra.{i}": torch.zeros(1) for i in range(9)}
    with pytest.raises(CheckpointError, match=r"visual\.extra\.4.* and 4 more\."):
        checkpoint_of({**vit_state, **extra}).load_image_tower()


@pytest.mark.parametrize("value", [[1.0, 2.0], [], float("nan"), float("inf"), 1000.0])
def test_a_scale_that_is_none(
    value: object, vit_state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    with pytest.raises(CheckpointError, match="'logit_scale'"):
        checkpoint_of({**vit_state, "logit_scale": torch.tensor(value)})


def test_a_scale_in_a_list_of_one(
    vit_state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    state = {**vit_state, "logit_scale": torch.tensor([0.0])}
    assert checkpoint_of(state).logit_scale == 1


def test_weights_that_are_whole_numbers(
    vit_state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    for key in ("visual.proj", "text_projection"):
        quantized = {**vit_state, key: vit_state[key].to(torch.int8)}
        with pytest.raises(CheckpointError, match=rf"{key}.*int8"):
            _load(checkpoint_of(quantized))


def test_loading_does_not_import_the_compiler() -> None:
    code = """
import sys
from PIL import Image
from zsclip import ZeroShotClassifier
clf = ZeroShotClassifier(["a", "b"], model="tiny-cartoon", device="cpu", cache=False)
clf.classify(Image.new("RGB", (64, 64)))
assert clf.model_info.parameters > 10_000_000
found = {"torch._dynamo", "torch._inductor", "sympy"} & set(sys.modules)
assert not found, found
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.skipif(not MAPS.exists(), reason="the system does not list a process's mappings")
def test_no_part_of_the_file_is_mapped_once_a_tower_is_there() -> None:
    code = """
from pathlib import Path
from PIL import Image
from zsclip.encoders import create_encoder
def mapped():
    return "tiny-cartoon.safetensors" in Path("/proc/self/maps").read_text()
encoder = create_encoder("clip", "tiny-cartoon", device="cpu")
encoder.encode_texts(["a frog"])
assert not mapped()
encoder.encode_images([Image.new("RGB", (64, 64))])
assert not mapped()
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
