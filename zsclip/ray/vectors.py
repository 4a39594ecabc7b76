"""Vectors out of a column of Arrow, each looked at: of a wrong one its row fails, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError

if TYPE_CHECKING:
    from pyarrow import ChunkedArray

__all__ = ["vectors_of"]

UNIT = 1e-3  # how far a length may be from 1, as `classify_embeddings` has it


def vectors_of(
    column: ChunkedArray, width: int
) -> tuple[NDArray[np.float32], list[ParameterError | None]]:
    """The vectors that are some, float32 (n, d), and of each row what is wrong with it."""
    rows: list[NDArray[np.float32]] = []
    wrong: list[ParameterError | None] = []
    for value in column.to_pylist():
        row = None if value is None else np.asarray(value, np.float32)
        reason = _wrong(row, width)
        wrong.append(None if reason is None else ParameterError(reason))
        if row is not None and reason is None:
            rows.append(row)
    return np.stack(rows) if rows else np.empty((0, width), np.float32), wrong


def _wrong(row: NDArray[np.float32] | None, width: int) -> str | None:
    if row is None:
        return "There is no embedding in this row: it is null. Embed the picture first."
    if row.shape != (width,):
        return (
            f"The embedding has {len(row):,} numbers, and those of this model have {width:,}. "
            "Embeddings of another model mean nothing to this one."
        )
    length = float(np.linalg.norm(row))
    if not np.isfinite(length):
        return "The embedding holds NaN or infinity. Embed the picture anew."
    if abs(length - 1) > UNIT:
        return f"The embedding has the length {length:.4g}, and must have 1. Divide it by that."
    return None
