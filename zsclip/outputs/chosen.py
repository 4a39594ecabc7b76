"""`Chosen`: which labels of a prediction are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from zsclip.results import Prediction

__all__ = ["Chosen", "Row"]


@dataclass(frozen=True)
class Row:
    """A label, or a group of them, with its score."""

    label: str
    id: str
    score: float


class Chosen(Protocol):
    """Tells which labels are written of each prediction."""

    @property
    def by(self) -> str:
        """How they are chosen: ``"top"``, ``"above"``, ``"coverage"`` or ``"deepest"``."""

    @property
    def top(self) -> int | None:
        """How many there are of each picture; None if that depends on the picture."""

    def of(self, prediction: Prediction) -> Sequence[Row]:
        """The labels of one prediction, best first."""
