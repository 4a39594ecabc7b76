"""Batches in pieces: every row once, in order, within the bounds."""

from __future__ import annotations

import pyarrow
from hypothesis import given
from hypothesis import strategies as st

from zsclip.ray.pieces import pieces_of


@given(st.integers(0, 50), st.integers(1, 20), st.integers(1, 5000))
def test_pieces_hold_each_row_once_within_the_bounds(rows: int, most: int, size: int) -> None:
    table = pyarrow.table({"id": range(rows), "image": [b"x" * 100] * rows})
    if not rows:
        table = pyarrow.table(
            {"id": pyarrow.array([], "int64"), "image": pyarrow.array([], "binary")}
        )
    pieces = list(pieces_of(table, "image", most, size))
    assert pyarrow.concat_tables(pieces).equals(table)
    for piece in pieces:
        assert len(piece) <= most
        assert len(piece) <= 1 or len(piece) * 100 <= size
