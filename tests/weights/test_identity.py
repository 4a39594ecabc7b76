"""What a model is known by: its numbers, and nothing of the file that they lie in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file
from torch import Tensor

from zsclip.weights import get_model_spec, load_checkpoint
from zsclip.weights.checkpoints import Checkpoint
from zsclip.weights.identity import Seal, read_seals, sealing
from zsclip.weights.sources import bundled_path

State = dict[str, Tensor]


def test_it_is_the_hash_that_the_documentation_says() -> None:
    tensors = load_file(bundled_path(get_model_spec("tiny-cartoon")))
    described = [
        [name, list(tensors[name].shape), _sha256(tensors[name].astype("<f4").tobytes())]
        for name in sorted(tensors)
        if tensors[name].dtype == np.float16  # the sizes beside the weights are whole numbers
    ]
    text = json.dumps(described, separators=(",", ":"))
    assert load_checkpoint("tiny-cartoon").sha256 == _sha256(text.encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_every_layout_and_precision_of_the_same_numbers_has_one_identity(
    state: State, tmp_path: Path, save_archive: Callable[[State, Path], None]
) -> None:
    half = {key: t.half() if t.is_floating_point() else t for key, t in state.items()}
    single = {key: t.float() if t.is_floating_point() else t for key, t in half.items()}
    turned = dict(reversed(single.items()))
    torch.save(half, tmp_path / "half.pt")
    torch.save({"state_dict": turned}, tmp_path / "nested.pt")
    torch.save({f"module.{key}": t.double() for key, t in single.items()}, tmp_path / "double.pt")
    torch.save(single, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    save_file(half, tmp_path / "half.safetensors")
    save_file(turned, tmp_path / "single.safetensors", metadata={"note": "x"})
    save_archive(half, tmp_path / "archive.pt")
    found = {
        path.name: load_checkpoint(path, activation="quickgelu").sha256
        for path in sorted(tmp_path.iterdir())
    }
    assert len(found) == 7
    assert len(set(found.values())) == 1, found


def test_towers_that_were_read_before_make_the_same_identity(
    state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    expected = checkpoint_of(state).sha256
    image_first, all_first = checkpoint_of(state), checkpoint_of(state)
    image_first.load_image_tower()
    all_first.load_text_tower()
    all_first.load_image_tower()
    assert image_first.sha256 == all_first.sha256 == expected


def test_each_tensor_counts_to_the_last_bit(
    state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    expected = checkpoint_of(state).sha256
    for key, tensor in state.items():
        if not tensor.is_floating_point():
            continue
        moved = tensor.clone().view(-1)
        moved[-1] = torch.nextafter(moved[-1], torch.tensor(100.0))
        other = checkpoint_of({**state, key: moved.view(tensor.shape)})
        assert other.sha256 != expected, key


def test_counters_and_masks_do_not_count(
    state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    expected = checkpoint_of(state).sha256
    less = {key: t for key, t in state.items() if not key.endswith("num_batches_tracked")}
    mask = torch.full((77, 77), -torch.inf)
    other = {**less, "transformer.resblocks.0.attn_mask": mask, "vocab_size": torch.tensor(1)}
    assert checkpoint_of(other).sha256 == expected


def test_seals_come_back_from_a_header_or_not_at_all() -> None:
    seals = {"a": Seal("1" * 64, "2" * 64), "b.é": Seal("3" * 64, "4" * 64)}
    shapes: dict[str, tuple[int, ...]] = {"a": (2,), "b.é": (), "x.num_batches_tracked": ()}
    header = sealing("ab" * 32, seals)
    assert read_seals(header, shapes) == seals
    assert read_seals(header, {**shapes, "c": (3,)}) is None
    assert read_seals(header, {"a": (2,)}) is None
    assert read_seals({}, shapes) is None
    [key] = [key for key in header if key != "source_sha256"]
    for place in range(0, len(header[key]), 7):
        spoiled = header[key][:place] + chr(ord(header[key][place]) ^ 1) + header[key][place + 1 :]
        assert read_seals({**header, key: spoiled}, shapes) is None


@pytest.mark.parametrize("value", ["", "0", "0" * 64, "é" * 70, "\ud800"])
def test_seals_that_say_nothing(value: str) -> None:
    assert read_seals({"zsclip_seals": value}, {"a": ()}) is None
