"""Was the kind right? Accuracy at each depth of a tree, over arrays alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells", "accuracy_of_depths", "cell_scores"]

Cells: TypeAlias = Sequence[tuple[int, Sequence[int]]]
"""The labels of one depth by the nodes that they are counted under, as in `Tree.cells`."""

BLOCK = 1024  # pictures at a time


def cell_scores(scores: NDArray[np.floating[Any]], cells: Cells) -> NDArray[np.float64]:
    """The sums of each cell: float64 (n, cells), from the scores (n, labels)."""
    order = np.concatenate([np.asarray(labels, np.intp) for _, labels in cells])
    starts = np.cumsum([0, *(len(labels) for _, labels in cells[:-1])])
    beside_each_other = scores.T[order]  # pictures along the rows, over which sums are quick
    sums: NDArray[np.float64] = np.add.reduceat(beside_each_other, starts, dtype=np.float64)
    return sums.T


def accuracy_of_depths(
    scores: NDArray[np.floating[Any]], truth: NDArray[np.int64], depths: Sequence[Cells]
) -> NDArray[np.float64]:
    """The part of the pictures whose best cell holds their label, at each depth.

    Args:
        scores: float (n, labels), of which sums mean something.
        truth: int64 (n,), the position of each picture's label.
        depths: The cells of each depth, as in `Tree.cells`.

    Returns:
        float64 (depths,), from 0 to 1, from the top down; at the last depth, where each label is by
        itself, it is the accuracy. NaN without pictures.
    """
    right = np.zeros(len(depths))
    for depth, cells in enumerate(depths):
        of_label = np.empty(scores.shape[1], np.int64)
        for i, (_, labels) in enumerate(cells):
            of_label[list(labels)] = i
        for start in range(0, len(scores), BLOCK):
            part = scores[start : start + BLOCK]
            best = (cell_scores(part, cells) if len(cells) < len(of_label) else part).argmax(axis=1)
            right[depth] += (best == of_label[truth[start : start + BLOCK]]).sum()
    return right / len(scores) if len(scores) else np.full(len(depths), np.nan)
