"""Was the kind right? Accuracy at each depth of a tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError
from zsclip.evaluation.parts import DepthResult

if TYPE_CHECKING:
    from zsclip.evaluation.judgments import Judgments

__all__ = ["Cells", "cell_scores", "depth_results", "right_at", "right_at_depth"]

SUM = 1e-3  # how far the sum of a picture's scores may be from 1

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


def right_at(
    scores: NDArray[np.floating[Any]], truth: NDArray[np.int64], cells: Cells
) -> NDArray[np.bool_]:
    """Of which pictures the best cell holds their label: bool (n,).

    Args:
        scores: float (n, labels), of which sums mean something.
        truth: int64 (n,), the position of each picture's label.
        cells: Those of one depth; of the last one, where each label is by itself, this is whether
            the best label is the true one.
    """
    of_label = np.empty(scores.shape[1], np.int64)
    for i, (_, labels) in enumerate(cells):
        of_label[list(labels)] = i
    right = np.empty(len(scores), bool)
    for start in range(0, len(scores), BLOCK):
        part = scores[start : start + BLOCK]
        best = (cell_scores(part, cells) if len(cells) < len(of_label) else part).argmax(axis=1)
        right[start : start + BLOCK] = best == of_label[truth[start : start + BLOCK]]
    return right


def right_at_depth(evaluation: Judgments, depth: int) -> NDArray[np.bool_]:
    """Of which pictures the kind was right, at one depth of the tree: bool (n,).

    Raises:
        ParameterError: There is no such depth, or scores do not sum up to 1.
    """
    tree = evaluation.labelset.tree
    if depth >= tree.depths:
        raise ParameterError(
            f"The labels have {tree.depths} depths, from 0 to {tree.depths - 1}, and none {depth}."
        )
    scores = evaluation.scores
    if evaluation.multi_label or np.abs(scores.sum(axis=1) - 1).max() > SUM:
        raise ParameterError(
            "Scores of groups are sums, which mean nothing where each label is scored by itself."
        )
    return right_at(scores, evaluation.truth, tree.cells[depth])


def depth_results(evaluation: Judgments) -> tuple[DepthResult, ...]:
    """See `Evaluation.depths`."""
    return tuple(
        DepthResult(depth, len(cells), float(right_at_depth(evaluation, depth).mean()))
        for depth, cells in enumerate(evaluation.labelset.tree.cells)
    )
