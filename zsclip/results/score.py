"""`Score`: one label of a prediction."""

from __future__ import annotations

from dataclasses import dataclass

from zsclip.wording import BriefRepr

__all__ = ["Score"]


@dataclass(frozen=True, slots=True, repr=False)
class Score(BriefRepr):
    """One label and its score.

    Attributes:
        label: The name of the label.
        id: The id of the label in its set.
        score: Its score, from 0 to 1.
    """

    label: str
    id: str
    score: float
