"""`Chosen`: which labels of a prediction are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from zsclip.results import Prediction, Score

__all__ = ["Chosen"]


class Chosen(Protocol):
    """Tells which labels are written of each prediction."""

    @property
    def by(self) -> str:
        """How they are chosen: ``"top"``, ``"above"``, ``"coverage"`` or ``"deepest"``."""

    @property
    def top(self) -> int | None:
        """How many there are of each picture; None if that depends on the picture."""

    def of(self, prediction: Prediction) -> Sequence[Score]:
        """The labels of one prediction, or the group of them, best first."""
