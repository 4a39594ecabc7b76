"""The small values that an evaluation is told in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zsclip.wording import BriefRepr

__all__ = ["ClassResult", "DepthResult", "Mistake", "Published", "UnknownTruth"]


@dataclass(frozen=True, slots=True, repr=False)
class ClassResult(BriefRepr):
    """How one label fared.

    Attributes:
        label: The name of the label.
        id: Its id.
        pictures: How many pictures of it there are.
        answers: How many pictures got it: as the best label, or as one of several.
        recall: The part of its pictures that got it; None without pictures.
        precision: The part of the pictures that got it that are of it; None if none got it.
        taken_for: The name of the other label that most of its pictures got; None if none got
            another, and where pictures may have several.
    """

    label: str
    id: str
    pictures: int
    answers: int
    recall: float | None
    precision: float | None
    taken_for: str | None


@dataclass(frozen=True, slots=True, repr=False)
class DepthResult(BriefRepr):
    """How often the kind of thing was right, at one depth of the tree of labels.

    Attributes:
        depth: 0 at the top; at the last one each label is by itself.
        nodes: How many groups and labels are told apart there.
        accuracy: The part of the pictures whose best node there, by the sum of its scores, holds
            the true label.
    """

    depth: int
    nodes: int
    accuracy: float


@dataclass(frozen=True, slots=True, repr=False)
class Mistake(BriefRepr):
    """A picture whose best label is not the true one.

    Attributes:
        source: The picture, as in `Prediction`.
        truth: The name of the true label.
        truth_id: Its id.
        answer: The name of the best label.
        answer_id: Its id.
        score: The score of the best label.
    """

    source: str
    truth: str
    truth_id: str
    answer: str
    answer_id: str
    score: float


@dataclass(frozen=True, slots=True, repr=False)
class UnknownTruth(BriefRepr):
    """A picture whose truth is no label of the set.

    Attributes:
        source: The picture, as in `Prediction`.
        truth: What was said of it; None if nothing.
    """

    source: str
    truth: Any


@dataclass(frozen=True, slots=True, repr=False)
class Published(BriefRepr):
    """A figure that a label set publishes, beside the one that was measured.

    Attributes:
        metric: The name of the metric, as in `Evaluation.metrics`.
        published: The published figure.
        measured: The measured one.
        model: The model that both are of.
        source: Where it was published.
    """

    metric: str
    published: float
    measured: float
    model: str
    source: str

    @property
    def difference(self) -> float:
        """The measured figure less the published one."""
        return self.measured - self.published
