"""Weights are what they were when they were first read, and are numbers; or there is an error."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from zsclip.clip import CLIPConfig
from zsclip.errors import CheckpointError, NonFiniteError
from zsclip.formats.tensor_file import TensorFile
from zsclip.weights import get_model_spec, load_checkpoint
from zsclip.weights.checkpoints import Checkpoint
from zsclip.weights.sources import bundled_path

State = dict[str, Tensor]


@pytest.fixture
def other_state(vit_state: State) -> State:
    """The same model after more training."""
    return {key: t + 0.125 for key, t in vit_state.items()}


def _replace(path: Path, state: State) -> None:
    part = path.with_name("part")
    save_file(state, part)
    part.replace(path)


def _write_in_place(path: Path, state: State) -> None:
    """As a training script does that opens the file for writing, its times kept."""
    before = path.stat()
    part = path.with_name("part")
    save_file(state, part)
    with path.open("r+b") as file:
        file.write(part.read_bytes())
        file.truncate()
    part.unlink()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path, State], Any]] = {
    "replaced": _replace,
    "in place": _write_in_place,
    "truncated": lambda path, _: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path, _: os.truncate(path, 0),
    "gone": lambda path, _: path.unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("before", ["nothing", "identity", "image tower", "both towers"])
def test_a_file_that_changes_is_an_error_and_no_mixture(
    change: str, before: str, vit_state: State, other_state: State, tmp_path: Path
) -> None:
    path = tmp_path / "m.safetensors"
    save_file(vit_state, path)
    expected = load_checkpoint(path, activation="quickgelu").sha256
    checkpoint = load_checkpoint(path, activation="quickgelu")
    if before == "identity":
        assert checkpoint.sha256 == expected
    if before in ("image tower", "both towers"):
        checkpoint.load_image_tower()
    if before == "both towers":
        checkpoint.load_text_tower()
    CHANGES[change](path, other_state)
    with pytest.raises(CheckpointError, match=r"m\.safetensors' (has changed since|again)"):
        checkpoint.load_text_tower()
    if before in ("identity", "both towers"):
        assert checkpoint.sha256 == expected
    else:
        with pytest.raises(CheckpointError, match=r"m\.safetensors' (has changed since|again)"):
            checkpoint.sha256  # noqa: B018


def test_a_state_dict_is_read_once_and_stays(
    vit_state: State, other_state: State, tmp_path: Path
) -> None:
    path = tmp_path / "m.pt"
    torch.save(vit_state, path)
    checkpoint = load_checkpoint(path, activation="quickgelu")
    torch.save(other_state, path)
    tower = checkpoint.load_text_tower()
    assert torch.equal(tower.text_projection, vit_state["text_projection"])
    assert checkpoint.sha256 != load_checkpoint(path, activation="quickgelu").sha256
    torch.save(vit_state, path)
    assert checkpoint.sha256 == load_checkpoint(path, activation="quickgelu").sha256


def test_the_same_numbers_in_another_file_are_read_on(vit_state: State, tmp_path: Path) -> None:
    """A file that was copied, touched or written anew with the same content is as good."""
    path = tmp_path / "m.safetensors"
    save_file(vit_state, path)
    checkpoint = load_checkpoint(path, activation="quickgelu")
    identity = checkpoint.sha256
    _replace(path, dict(reversed(vit_state.items())))
    os.utime(path, ns=(1, 1))
    tower = checkpoint.load_text_tower()
    assert torch.equal(tower.text_projection, vit_state["text_projection"])
    assert checkpoint.sha256 == identity


def test_a_write_while_a_tensor_is_read_is_seen(
    vit_state: State, other_state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.safetensors"
    save_file(vit_state, path)
    checkpoint = load_checkpoint(path, activation="quickgelu")
    read = TensorFile.read

    def read_late(self: TensorFile, name: str, *, known: bool) -> Any:
        if name == "text_projection":
            _write_in_place(path, other_state)
        return read(self, name, known=known)

    monkeypatch.setattr(TensorFile, "read", read_late)
    with pytest.raises(CheckpointError, match="has changed since"):
        checkpoint.load_text_tower()


def test_a_table_of_tokens_does_not_change_with_the_file(tmp_path: Path) -> None:
    """It stays as it was read, in this process, whatever is done to the file."""
    code = f"""
import os, shutil
import numpy as np
from zsclip.encoders import create_encoder
path = {str(tmp_path / "m.safetensors")!r}
shutil.copy({str(bundled_path(get_model_spec("tiny-cartoon")))!r}, path)
encoder = create_encoder("clip", path, activation="quickgelu", device="cpu")
before = encoder.encode_texts(["a frog", "zebra crossing"])
with open(path, "r+b") as file:
    file.seek(1_000_000)
    file.write(bytes(20_000_000))
assert np.array_equal(encoder.encode_texts(["a frog", "zebra crossing"]), before)
os.truncate(path, 5000)
assert np.array_equal(encoder.encode_texts(["a frog", "zebra crossing"]), before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_threads_agree_on_one_identity(vit_state: State, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_file(vit_state, path)
    checkpoint = load_checkpoint(path, activation="quickgelu")
    found: list[object] = []
    works = [
        checkpoint.load_image_tower, checkpoint.load_text_tower, lambda: checkpoint.sha256,
    ] * 2  # fmt: skip
    threads = [threading.Thread(target=lambda work=work: found.append(work())) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert {one for one in found if isinstance(one, str)} == {
        load_checkpoint(path, activation="quickgelu").sha256
    }


# ------------------------------------------------------------------------------------------ numbers


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_one_value_that_is_no_number_is_named(
    value: float, state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    for key, tensor in state.items():
        if not tensor.is_floating_point() or key == "logit_scale":
            continue
        spoiled = tensor.clone().view(-1)
        spoiled[len(spoiled) // 2] = value
        checkpoint = checkpoint_of({**state, key: spoiled.view(tensor.shape)})
        load = checkpoint.load_text_tower
        if key.startswith("visual."):
            load = checkpoint.load_image_tower  # type: ignore[assignment]
        with pytest.raises(NonFiniteError, match=rf"'small\.pt' holds NaN or infinity .*'{key}'"):
            load()
        with pytest.raises(NonFiniteError, match=f"'{key}'"):
            checkpoint.sha256  # noqa: B018


def test_numbers_whose_sum_overflows_are_numbers(
    vit_state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    large = torch.full_like(vit_state["visual.proj"], 3e38)
    checkpoint_of({**vit_state, "visual.proj": large}).load_image_tower()


def test_a_variance_below_zero_is_named(
    make_state: Any, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    state = make_state(CLIPConfig(32, 64, (1, 1, 1, 1), 16, None, 77, 49_408, 64, 1))
    key = "visual.layer2.0.bn2.running_var"
    spoiled = state[key].clone()
    spoiled[3] = -1e-3
    with pytest.raises(NonFiniteError, match=f"holds a variance below zero in the tensor '{key}'"):
        checkpoint_of({**state, key: spoiled}).load_image_tower()


def test_each_tensor_of_the_embedded_model_that_is_all_nan_is_refused(
    checkpoint_of: Callable[[State], Checkpoint],
) -> None:
    state = load_file(bundled_path(get_model_spec("tiny-cartoon")))
    kept = {key: tensor for key, tensor in state.items() if tensor.is_floating_point()}
    assert sum(key.startswith("visual.") for key in kept) == 164
    for key, tensor in kept.items():
        with pytest.raises((NonFiniteError, CheckpointError), match=f"'{key}'"):
            _load_all(checkpoint_of({**state, key: torch.full_like(tensor, torch.nan)}))


def _load_all(checkpoint: Checkpoint) -> None:
    checkpoint.load_image_tower()
    checkpoint.load_text_tower()
