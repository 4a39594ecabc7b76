"""Many prompts through the text tower: what it gives for each alone, for fewer tokens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.clip import text as room
from zsclip.clip.architecture import TextTower
from zsclip.clip.fused import FusedTransformer
from zsclip.clip.text import encode_packed
from zsclip.clip.tokenizer import Tokenizer, pad
from zsclip.encoders.native import NativeEncoder
from zsclip.labels import load_labelset
from zsclip.weights.checkpoints import Checkpoint

State = dict[str, Tensor]

ANIMALS = ("fox", "owl", "hen", "cow")
NAMES = [f"{color} {animal}" for color in ("red", "blue", "") for animal in ANIMALS]
TEMPLATES = ["a photo of a {}.", "a photo of the {}.", "{}", "itap of the {} in a video game"]
TEXTS = [template.replace("{}", name) for name in NAMES for template in TEMPLATES]
TEXTS += ["", "🦊 " * 20]


@pytest.fixture
def tower(vit_state: State, checkpoint_of: Callable[[State], Checkpoint]) -> TextTower:
    return checkpoint_of(vit_state).load_text_tower()


@pytest.mark.parametrize(
    ("limit", "worth", "slots", "families"), [(1024, 32, 48, 64), (100, 3, 24, 2), (1, 2, 1, 1)]
)
def test_packing_changes_nothing(
    tower: TextTower,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    worth: int,
    slots: int,
    families: int,
) -> None:
    ids = Tokenizer(77).encode(TEXTS)
    with torch.inference_mode():
        one_by_one = torch.cat([tower(torch.from_numpy(pad([row]))) for row in ids])
        tower.transformer = FusedTransformer(tower.transformer, torch.float32)  # type: ignore[assignment]
        monkeypatch.setattr(room, "LIMIT", limit)
        monkeypatch.setattr(room, "FAMILIES", families)
        monkeypatch.setattr("zsclip.clip.packing.WORTH", worth)
        monkeypatch.setattr("zsclip.clip.packing.SLOTS", slots)
        packed, _ = encode_packed(tower, ids)
    assert (F.normalize(packed) - F.normalize(one_by_one)).abs().max() < 2e-6


def test_a_label_set_takes_few_tokens_a_prompt() -> None:
    labels = load_labelset("cartoon-animals")
    prompts = [text for own in labels.prompts_with(labels.templates) for text in own]
    encoder = NativeEncoder(_tiny(), device="cpu", precision="fp32")
    encoder.encode_texts(prompts)
    whole = sum(encoder.count_tokens(prompts))
    assert encoder.tokens_computed < 0.5 * whole
    assert encoder.tokens_computed < 4.5 * len(prompts)


def test_tokens_are_counted_over_calls() -> None:
    encoder = NativeEncoder(_tiny(), device="cpu", precision="fp32")
    assert encoder.tokens_computed == 0
    encoder.encode_texts(["a red fox"])
    assert encoder.tokens_computed == 5
    encoder.encode_texts(["a red fox", "a red hen"])
    assert encoder.tokens_computed == 5 + 7


def _tiny() -> Checkpoint:
    from zsclip.weights.checkpoints import load_checkpoint

    return load_checkpoint("tiny-cartoon")
