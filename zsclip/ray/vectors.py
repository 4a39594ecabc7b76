"""Vectors out of a column of Arrow, each looked at: of a wrong one its row fails, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pyarrow import ChunkedArray

__all__ = ["vectors_of"]

UNIT = 1e-3  # how far a length may be from 1, as `classify_embeddings` has it


def vectors_of(column: ChunkedArray, width: int) -> tuple[NDArray[np.float32], dict[int, str]]:
    """The vectors that are some, and what is wrong with the others.

    Args:
        column: Lists of floats, or tensors of one dimension.
        width: How many numbers a vector has.

    Returns:
        float32 (n, width) in the order of their rows, and by row what is wrong with it.
    """
    import pyarrow

    parts = [_storage(chunk) for chunk in column.chunks]
    lengths = [_lengths(part) for part in parts]
    right = [length == width for length in lengths]
    flat = [
        part.filter(pyarrow.array(fits)).flatten().to_numpy(zero_copy_only=False)
        for part, fits in zip(parts, right, strict=True)
    ]
    with np.errstate(over="ignore"):  # of fp64: infinity then, which is told
        rows = (
            np.concatenate([*flat, np.zeros(0, np.float16)]).reshape(-1, width).astype(np.float32)
        )
    wrong = {
        row: _of_another_model(int(length), width)
        for row, length in enumerate(np.concatenate([*lengths, np.zeros(0, np.int64)]))
        if length != width
    }
    with np.errstate(all="ignore"):
        norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    unit = np.abs(norms - 1) <= UNIT
    places = np.flatnonzero(np.concatenate([*right, np.zeros(0, bool)]))
    for place in np.flatnonzero(~unit):
        wrong[int(places[place])] = _of_no_unit(float(norms[place]))
    return rows[unit], wrong


def _storage(chunk: Any) -> Any:
    """An array of lists; what tensors of one dimension are kept in is one."""
    return getattr(chunk, "storage", chunk)


def _lengths(lists: Any) -> NDArray[np.int64]:
    """How many numbers each has; -1 for null."""
    from pyarrow import compute, int64

    lengths: NDArray[np.int64] = (
        compute.list_value_length(lists).cast(int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    )
    return lengths


def _of_another_model(length: int, width: int) -> str:
    if length < 0:
        return "There is no embedding in this row: it is null. Embed the picture first."
    return (
        f"The embedding has {length:,} numbers, and those of this model have {width:,}. "
        "Embeddings of another model mean nothing to this one."
    )


def _of_no_unit(norm: float) -> str:
    if not np.isfinite(norm):
        return "The embedding holds NaN or infinity. Embed the picture anew."
    return f"The embedding has the length {norm:.4g}, and must have 1. Divide it by its length."
