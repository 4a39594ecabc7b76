"""One flipped bit in any file that is written here and read again changes no weight."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from zsclip.errors import CheckpointError
from zsclip.formats.layouts import in_memory
from zsclip.weights import get_model_spec, load_checkpoint
from zsclip.weights.checkpoints import Checkpoint
from zsclip.weights.keeping import write_kept

if TYPE_CHECKING:
    from tests.downloads.conftest import Case

State = dict[str, Tensor]

NAME = "ViT-B/32"


def _flipped(content: bytes, bit: int) -> bytes:
    spoiled = bytearray(content)
    spoiled[bit // 8] ^= 1 << bit % 8
    return bytes(spoiled)


def _same(checkpoint: Checkpoint, state: State) -> bool:
    towers = ((checkpoint.load_image_tower(), "visual."), (checkpoint.load_text_tower(), ""))
    return all(
        torch.equal(tensor, state[prefix + key])
        for tower, prefix in towers
        for key, tensor in tower.state_dict().items()
    )


def test_in_safetensors_that_are_kept_of_an_archive(
    vit_state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    kept = tmp_path / "ViT-B-32.safetensors"
    state = {key: tensor.half() for key, tensor in vit_state.items()}
    write_kept(in_memory(state), kept, get_model_spec(NAME))
    whole = load_checkpoint(NAME, download_root=tmp_path)
    assert _same(whole, state)
    identity, content = whole.sha256, kept.read_bytes()
    header = 8 * (8 + int.from_bytes(content[:8], "little"))
    pick = random.Random(1)
    bits = [*range(64), *(pick.randrange(header) for _ in range(250))]
    bits += [pick.randrange(header, 8 * len(content)) for _ in range(50)]
    refused = 0
    for bit in bits:
        kept.write_bytes(_flipped(content, bit))
        try:
            checkpoint = load_checkpoint(NAME, download_root=tmp_path)
            assert checkpoint.sha256 == identity, bit
            assert _same(checkpoint, state), bit
        except (CheckpointError, OSError):  # among the latter: that downloads are forbidden
            refused += 1
    assert refused > 0.8 * len(bits)  # a flip in the name, or in what is not read, changes nothing


def test_in_a_part_and_its_notes(case: Case, body: bytes) -> None:
    pick = random.Random(2)
    for suffix in (".part", ".part.json"):
        for _ in range(25):
            case.target.unlink(missing_ok=True)
            case.server.then(cut=200_000)
            for _ in range(2):
                case.server.then(status=500)
            with pytest.raises(OSError, match="given up"):
                case.fetch()
            spoiled = case.beside(suffix)
            content = spoiled.read_bytes()
            spoiled.write_bytes(_flipped(content, pick.randrange(8 * len(content))))
            case.succeeds()
