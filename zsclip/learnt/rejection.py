"""`Rejection`: when a picture is none of the labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zsclip.learnt.value import LearntValue
from zsclip.wording import shown

__all__ = ["AGAINST", "METHODS", "ON_SCORES", "SEVERAL", "Rejection", "lowest"]

METHODS = ("probability", "mcm", "energy", "margin", "null", "neglabel")
"""How sure one can be that a picture is one of the labels, each a number that grows with it."""

ON_SCORES = ("probability", "margin")
"""Those that are read off the scores, so that a temperature changes them."""

AGAINST = ("null", "neglabel")
"""Those that compare the labels with other texts."""

SEVERAL = ("probability", "null", "neglabel")
"""Those that mean something where each label is scored by itself."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Rejection(LearntValue):
    """A way to say how sure an answer is, and from where on it is accepted.

    Attributes:
        method: The measure, one of `METHODS`.
        threshold: The confidence, in that measure, from which on a picture is accepted.
        pictures: How many pictures the threshold was fitted on; 0 for one that was given.
        coverage: The part of the wanted pictures that was to be accepted; None if not asked for.
        max_error: The error among the accepted ones that was asked for; None if it was not.
        accepted: The part of the pictures it was fitted on that it accepts; None without any.
        error: The part of those that were accepted whose answer is wrong; None without truth.
        words: The label set that the negatives of ``neglabel`` were chosen from.
        null_prompts: The texts that ``null`` compares with.
        negatives: What is compared with beside the labels, of ``null`` and ``neglabel``: float32
            (m, d), L2-normalized; None of the others, and in a prediction.
    """

    method: str
    threshold: float
    pictures: int = 0
    coverage: float | None = None
    max_error: float | None = None
    accepted: float | None = None
    error: float | None = None
    words: str = ""
    null_prompts: tuple[str, ...] = ()
    negatives: NDArray[np.float32] | None = None

    def check(self) -> None:
        """As in `LearntValue.check`."""
        if self.method not in METHODS:
            raise ValueError(f"there is no way to reject called {self.method!r}")
        if not math.isfinite(self.threshold):
            raise ValueError("a threshold must be a finite number")
        for name in ("coverage", "max_error", "accepted", "error"):
            part = getattr(self, name)
            if part is not None and not 0 <= part <= 1:
                raise ValueError(f"`{name}` must be from 0 to 1, and is {part}")
        if self.negatives is None:
            return
        if self.method not in AGAINST:
            raise ValueError(f"{self.method!r} compares with nothing beside the labels")
        if self.negatives.ndim != 2 or not len(self.negatives):
            raise ValueError("`negatives` must have a row for each text")
        if not np.isfinite(self.negatives).all():
            raise ValueError("`negatives` must be finite")

    def __repr__(self) -> str:
        asked = "given"
        if self.coverage is not None:
            asked = f"for a coverage of {self.coverage:.4g}"
        elif self.max_error is not None:
            asked = f"for an error of at most {self.max_error:.4g}"
        if self.pictures:
            asked += f", of {self.pictures:,} pictures"
        reached = ""
        if self.accepted is not None:
            reached = f"; of these it accepts {self.accepted:.1%}"
            if self.error is not None:
                reached += f", with {self.error:.1%} wrong"
        start = f"from {shown(self.method)} = {self.threshold:.4g} on"
        if self.threshold == lowest(self.method):
            start = f"everything by {shown(self.method)}"
        return f"<Rejection accepts {start}, {asked}{reached}>"


def lowest(method: str) -> float:
    """A threshold that accepts every picture."""
    return float(np.finfo(np.float32).min) if method == "energy" else 0.0
