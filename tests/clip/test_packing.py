"""How prompts are laid out for the text tower: each sees its own tokens, and none twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.clip import packing
from zsclip.clip.packing import SLOTS, WORTH, find_families

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


def test_nothing_is_nothing() -> None:
    assert find_families([]) == []
