"""Scores of groups: sums over the tree of a label set, as views of the scores of its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from numbers import Real

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.labels import Node, Tree
from zsclip.wording import BriefRepr, brief

__all__ = ["NodeScore", "best_of_depths", "deepest_sure", "sum_below"]

# What rounding of scores to float32 can take off a sum, so that one that is 1 is as sure as 1.
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, repr=False)
class NodeScore(BriefRepr):
    """A group or a label, and the scores of all labels at and below it together.

    Attributes:
        name: The name of the group or label.
        id: Its id.
        depth: How many groups or labels lie above it: 0 at the top.
        score: The sum, from 0 to 1.
    """

    name: str
    id: str
    depth: int
    score: float


def sum_below(scores: Sequence[float], labels: Sequence[int]) -> float:
    """The sum of the scores of some labels, rounded once and so the same in any order."""
    return min(1.0, fsum(map(scores.__getitem__, labels)))


def best_of_depths(scores: Sequence[float], tree: Tree) -> list[NodeScore]:
    """The best cell of each depth, from the top down; of equal ones that of the first label."""
    found = []
    for cells in tree.cells:
        sums = [sum_below(scores, labels) for _, labels in cells]
        best = sums.index(max(sums))
        found.append(_scored(tree.nodes[cells[best][0]], sums[best]))
    return found


def deepest_sure(scores: Sequence[float], tree: Tree, threshold: object) -> NodeScore | None:
    """The node furthest down whose sum reaches the threshold; None if none does.

    Of several at one depth it is the one with the highest sum, and of equal ones the first.

    Raises:
        ParameterError: `threshold` is not above 0 and at most 1.
        ParameterTypeError: It is no number.
    """
    if isinstance(threshold, bool) or not isinstance(threshold, Real):
        raise ParameterTypeError(f"`threshold` must be a number, got {brief(threshold)}.")
    if not 0 < (wanted := float(threshold)) <= 1:
        raise ParameterError(
            f"`threshold` must be above 0 and at most 1, got {brief(threshold)}. It is the sum of "
            "scores from which on a group is sure enough, such as 0.8."
        )
    sums = [(node, sum_below(scores, node.labels)) for node in tree.nodes]
    sure = [(node, score) for node, score in sums if score + ROUNDING >= wanted]
    if not sure:
        return None
    return _scored(*max(sure, key=lambda found: (found[0].depth, found[1])))


def _scored(node: Node, score: float) -> NodeScore:
    return NodeScore(node.name, node.id, node.depth, score)
