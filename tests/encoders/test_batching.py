"""Texts of many lengths in batches that hold little padding."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from zsclip.encoders.batching import batches_by_length


@given(st.lists(st.integers(2, 77), max_size=300), st.integers(1, 500))
def test_every_text_is_in_one_batch_that_is_not_too_large(lengths: list[int], tokens: int) -> None:
    batches = list(batches_by_length(lengths, tokens))
    order = [i for batch in batches for i in batch]
    assert sorted(order) == list(range(len(lengths)))
    assert [lengths[i] for i in order] == sorted(lengths)
    for batch in batches:
        longest = max(lengths[i] for i in batch)
        assert len(batch) == 1 or longest * len(batch) <= tokens
    for batch, following in itertools.pairwise(batches):
        assert lengths[following[0]] * (len(batch) + 1) > tokens  # there was no room for it


def test_texts_of_one_length_keep_their_order() -> None:
    assert list(batches_by_length([5, 5, 5], 10)) == [[0, 1], [2]]
