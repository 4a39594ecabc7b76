"""Whether two classifiers differ on the same pictures."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.results import plain_json
from zsclip.wording import BriefRepr, brief, in_a_row, shown

if TYPE_CHECKING:
    from zsclip.evaluation.measured import Measured

__all__ = ["Comparison", "compare", "mcnemar"]

_Picture: TypeAlias = tuple[str, int]  # its source, and how many before it had the same
SURE = 0.05


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(BriefRepr):
    """Two classifiers on the same pictures. Printed, it is a sentence.

    Attributes:
        pictures: How many there are.
        accuracy: That of the first classifier, whose `Evaluation.compare` was called.
        other_accuracy: That of the other.
        only_first: How many pictures the first alone has right.
        only_other: How many the other alone has right.
        p_value: How likely it is that `only_first` and `only_other` are as far apart as they are,
            or farther, if both classifiers are right equally often: McNemar's test, exact and
            two-sided.
    """

    pictures: int
    accuracy: float
    other_accuracy: float
    only_first: int
    only_other: int
    p_value: float

    @property
    def differ(self) -> bool:
        """Whether chance alone would show such a difference in less than one of 20 cases."""
        return self.p_value < SURE

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        told = {name: getattr(self, name) for name in self.__slots__}
        plain: dict[str, Any] = plain_json({**told, "differ": self.differ})
        return plain

    def __str__(self) -> str:
        p = f"p = {self.p_value:.2g}"
        which = "second" if self.other_accuracy > self.accuracy else "first"
        end = (
            f"the {which} is better ({p})."
            if self.differ
            else f"these pictures do not show that they differ ({p})."
        )
        return (
            f"The first classifier has an accuracy of {self.accuracy:.1%}, the second of "
            f"{self.other_accuracy:.1%} on the same {self.pictures:,} pictures; "
            f"{self.only_first:,} the first alone has right, and {self.only_other:,} the second "
            f"alone. By McNemar's exact test {end}"
        )


def compare(first: Measured, other: Measured) -> Comparison:
    """See `Evaluation.compare`."""
    if type(other) is not type(first):
        raise ParameterTypeError(
            f"`other` must be an Evaluation, such as `evaluate` gives, got {brief(other)}."
        )
    for evaluation in (first, other):
        if evaluation.multi_label:
            raise ParameterError(
                "`compare` does not apply to a classifier that gives several labels at once: a "
                "picture is neither right nor wrong there."
            )
    ours, theirs = _by_picture(first), _by_picture(other)
    _require_same_pictures(ours, theirs)
    _require_same_truth(ours, theirs)
    right = np.array([ours[picture][1] for picture in ours])
    others = np.array([theirs[picture][1] for picture in ours])
    only_first, only_other = int((right & ~others).sum()), int((others & ~right).sum())
    return Comparison(
        len(right),
        float(right.mean()),
        float(others.mean()),
        only_first,
        only_other,
        mcnemar(only_first, only_other),
    )


def mcnemar(only_first: int, only_other: int) -> float:
    """The p-value of McNemar's test (1947), exact and two-sided.

    Of the pictures that one of two classifiers alone has right, each has half of them if they are
    equally good: twice the binomial probability of the smaller number or less, 1 at most. Each
    number's probability follows from that of the next larger one, so that millions take no time.
    """
    n, few = only_first + only_other, min(only_first, only_other)
    ways = math.lgamma(n + 1) - math.lgamma(few + 1) - math.lgamma(n - few + 1)
    largest = math.exp(ways - n * math.log(2))  # the probability of `few`
    smaller = np.cumprod(np.arange(few, 0, -1) / np.arange(n - few + 1, n + 1))  # in parts of it
    return min(1.0, 2 * largest * (1 + float(smaller.sum())))


def _by_picture(evaluation: Measured) -> dict[_Picture, tuple[str, bool]]:
    """Of each picture the id of its true label, and whether it was found."""
    ids, seen = evaluation.labelset.ids, Counter[str]()
    found: dict[_Picture, tuple[str, bool]] = {}
    rows = zip(evaluation.sources, evaluation.truth.tolist(), evaluation.ranks, strict=True)
    for source, truth, rank in rows:
        found[source, seen[source]] = ids[truth], bool(rank == 0)
        seen[source] += 1
    return found


def _require_same_pictures(
    ours: dict[_Picture, tuple[str, bool]], theirs: dict[_Picture, tuple[str, bool]]
) -> None:
    alone = [[p for p in one if p not in two] for one, two in ((ours, theirs), (theirs, ours))]
    if any(alone):
        which = "; ".join(
            f"{len(pictures):,} only in the {name}: {_listed(pictures)}"
            for name, pictures in zip(("first", "other"), alone, strict=True)
            if pictures
        )
        raise ParameterError(
            f"`other` must be of the same pictures, and there are others: {which}. Evaluate both "
            "classifiers on the same ones; those that one could not read are among its `failures`."
        )


def _require_same_truth(
    ours: dict[_Picture, tuple[str, bool]], theirs: dict[_Picture, tuple[str, bool]]
) -> None:
    other = [picture for picture in ours if ours[picture][0] != theirs[picture][0]]
    if other:
        one, two = ours[other[0]][0], theirs[other[0]][0]
        raise ParameterError(
            f"`other` must be of the same truth, and {len(other):,} pictures have another, such as "
            f"{_listed(other[:1])} with {brief(one)} and {brief(two)}. Labels are compared by "
            "their ids."
        )


def _listed(pictures: list[_Picture]) -> str:
    return in_a_row([shown(source) or "''" for source, _ in pictures[:5]], of=len(pictures))
