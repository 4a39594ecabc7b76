"""Embeddings that one has already: what can be some, and a look at each block of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.images import is_tensor
from zsclip.wording import brief

__all__ = ["are_vectors", "checked_blocks", "rows_of"]

UNIT = 1e-3  # how far the length of a row may be from 1; half precision is within half of it
NUMBERS = 1 << 20  # scores at a time: what softmax makes of them in fp64 has 8 MB, about a cache


def are_vectors(values: object) -> bool:
    """Whether this is an array or a tensor of two dimensions of floats, and so no pictures."""
    if isinstance(values, np.ndarray):
        return values.ndim == 2 and values.dtype.kind == "f"
    return is_tensor(values) and values.ndim == 2 and bool(values.is_floating_point())  # type: ignore[attr-defined]


def rows_of(
    embeddings: object, d: int, model: str, name: str = "embeddings"
) -> NDArray[np.floating[Any]]:
    """Embeddings as an array (n, d), without a look at their numbers; a map of a file stays one.

    Args:
        embeddings: An array, a tensor on any device, or a list of rows.
        d: The width of the model's embeddings.
        model: Its name, for messages.
        name: The parameter they were given as; beside ``"embeddings"`` it takes pictures as well.

    Raises:
        ParameterError: The shape is another one.
        ParameterTypeError: It is no array of floats.
    """
    rows = _array_of(embeddings)
    if rows is not None and rows.shape == (0,):
        rows = np.empty((0, d), np.float32)  # an empty list
    if rows is None or rows.dtype.kind != "f":
        raise ParameterTypeError(
            "`embeddings` must be an array of floats, such as `encode_images` gives, got "
            f"{brief(embeddings)}."
        )
    if rows.shape == (d,):
        raise ParameterError(
            f"`embeddings` must have the shape (n, {d}), got a single vector. Put it into a list: "
            "[vector]."
        )
    if rows.ndim != 2 or rows.shape[1] != d:
        picture = "" if name == "embeddings" else " If it is a picture, put it in a list."
        raise ParameterError(
            f"`{name}` must have the shape (n, {d}), the width of {brief(model)}, got "
            f"{rows.shape}. Those of another model mean nothing to this one."
            f"{picture}"
        )
    return rows


def checked_blocks(
    rows: NDArray[np.floating[Any]], labels: int
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """The rows in blocks, each with the position of its first row and looked at when it is due.

    Args:
        rows: float (n, d).
        labels: How many scores are to be made of each row.

    Raises:
        ParameterError: A row is not of length 1, or holds NaN or infinity.
    """
    size = max(1, NUMBERS // labels)
    for start in range(0, len(rows), size):
        with np.errstate(over="ignore"):  # of fp64: infinity then, which is told
            block = np.ascontiguousarray(rows[start : start + size], np.float32)
        with np.errstate(all="ignore"):
            lengths = np.sqrt(np.einsum("ij,ij->i", block, block))
        wrong = ~(np.abs(lengths - 1) <= UNIT)
        if wrong.any():
            row = int(wrong.argmax())
            raise _wrong(start + row, block[row], float(lengths[row]))
        yield start, block


def _wrong(row: int, values: NDArray[np.float32], length: float) -> ParameterError:
    if not np.isfinite(values).all():
        return ParameterError(
            f"Row {row:,} of `embeddings` holds NaN or infinity. Embed that picture anew."
        )
    return ParameterError(
        f"Row {row:,} of `embeddings` has the length {length:.4g}, and must have 1. Divide each "
        "row by its length: rows / numpy.linalg.norm(rows, axis=1, keepdims=True)."
    )


def _array_of(values: object) -> NDArray[Any] | None:
    if isinstance(values, np.ndarray):
        return values
    if is_tensor(values):
        tensor: Any = values
        tensor = tensor.detach().cpu()
        array: NDArray[Any] = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
        return array
    try:
        return np.asarray(values)
    except (TypeError, ValueError):  # rows of several lengths, for example
        return None
