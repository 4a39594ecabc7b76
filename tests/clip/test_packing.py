"""How prompts are laid out for the text tower, which gives for many what it gives for each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.clip import packing
from zsclip.clip.fused import FusedTransformer
from zsclip.clip.model import TextTower
from zsclip.clip.packing import SLOTS, WORTH, encode_packed, find_families
from zsclip.clip.tokenizer import Tokenizer, pad
from zsclip.encoders.native import NativeEncoder
from zsclip.labels import load_labelset
from zsclip.weights.checkpoints import Checkpoint

END = 9
TEXTS = st.lists(st.lists(st.integers(1, 3), max_size=6), max_size=60)


def _read(ids: list[list[int]], limit: int) -> list[list[int]]:
    """What each text's end token sees, in the order of places: its own tokens, if all is well."""
    seen: list[list[int]] = [[] for _ in ids]
    for family in find_families(ids):
        for pack in family.packs(ids, limit):
            rows, width = pack.tokens.shape
            assert rows == 1 or rows * width <= limit
            for text, end in zip(pack.texts, pack.ends, strict=True):
                row, slot = divmod(int(end), width)
                visible = pack.mask[row, slot, len(family.context) :]
                assert pack.mask[row, slot, : len(family.context)].all()
                places = pack.places[row, visible]
                np.testing.assert_array_equal(
                    places, range(len(family.context), len(family.context) + len(places))
                )
                assert not seen[text], "a text is packed twice"
                seen[text] = [*family.context, *pack.tokens[row, visible].tolist()]
    return seen


@given(TEXTS, st.integers(1, 200))
def test_each_text_sees_its_own_tokens_in_order(texts: list[list[int]], limit: int) -> None:
    ids = [[0, *text, END] for text in texts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "WORTH", 3)
        patch.setattr(packing, "SLOTS", 12)
        assert _read(ids, limit) == ids


@given(TEXTS)
def test_each_slot_sees_something(texts: list[list[int]]) -> None:
    ids = [[0, *text, END] for text in texts]
    for family in find_families(ids):
        for pack in family.packs(ids, 100):
            assert pack.mask.any(axis=2).all()  # or the softmax over what it sees would be NaN


def test_what_many_begin_with_is_context() -> None:
    ids = [[0, 5, 6, label, END] for label in range(10, 10 + WORTH)]
    ids += [[0, 7, label, END] for label in range(10, 10 + WORTH)]
    ids += [[0, 8, END]]
    families = find_families(ids)
    contexts = sorted(family.context for family in families)
    assert contexts == [(), (0, 5, 6), (0, 7)]
    assert sorted(i for family in families for i in family.members) == list(range(len(ids)))


def test_beginnings_that_few_share_are_shared_within_a_row() -> None:
    ids = [[0, 5, 6, 7, 1, END], [0, 5, 6, 7, 2, END], [0, 5, 8, END]]
    [family] = find_families(ids)
    [pack] = family.packs(ids, SLOTS)
    assert pack.tokens.tolist() == [[0, 5, 6, 7, 1, END, 2, END, 8, END]]
    assert pack.places.tolist() == [[0, 1, 2, 3, 4, 5, 4, 5, 2, 3]]


def test_equal_texts_keep_a_token_each() -> None:
    ids = [[0, 1, END]] * (WORTH + 1)
    [family] = find_families(ids)
    assert family.context == (0, 1)
    assert _read(ids, 1000) == ids


def test_a_text_longer_than_a_row_has_a_longer_row() -> None:
    ids = [[0, *range(100, 100 + SLOTS), END], [0, 1, END]]
    [family] = find_families(ids)
    [pack] = family.packs(ids, 1000)
    assert pack.tokens.shape[1] == SLOTS + 2
    assert _read(ids, 1000) == ids


def test_no_texts_make_no_families() -> None:
    assert find_families([]) == []


State = dict[str, Tensor]


ANIMALS = ("fox", "owl", "hen", "cow")


NAMES = [f"{color} {animal}" for color in ("red", "blue", "") for animal in ANIMALS]


TEMPLATES = ["a photo of a {}.", "a photo of the {}.", "{}", "itap of the {} in a video game"]


PROMPTS = [template.replace("{}", name) for name in NAMES for template in TEMPLATES]


PROMPTS += ["", "🦊 " * 20]


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
    ids = Tokenizer(77).encode(PROMPTS)
    with torch.inference_mode():
        one_by_one = torch.cat([tower(torch.from_numpy(pad([row]))) for row in ids])
        tower.transformer = FusedTransformer(tower.transformer, torch.float32)  # type: ignore[assignment]
        monkeypatch.setattr(packing, "LIMIT", limit)
        monkeypatch.setattr(packing, "FAMILIES", families)
        monkeypatch.setattr(packing, "WORTH", worth)
        monkeypatch.setattr(packing, "SLOTS", slots)
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
    from zsclip.weights import load_checkpoint

    return load_checkpoint("tiny-cartoon")
