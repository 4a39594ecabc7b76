"""`Judgments`: scores of pictures beside what is true of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError
from zsclip.evaluation.metrics import ranks
from zsclip.evaluation.parts import UnknownTruth
from zsclip.labels import LabelSet
from zsclip.learnt import NOTHING, ArrayValue, Learnt
from zsclip.results import Failure, Origin
from zsclip.wording import brief

__all__ = ["Judgments"]


@dataclass(frozen=True, eq=False, repr=False)
class Judgments(ArrayValue):
    """What an evaluation is made of: everything that metrics look at."""

    labelset: LabelSet
    origin: Origin
    sources: tuple[str, ...]
    truth: NDArray[Any]
    scores: NDArray[np.float32]
    accepted: NDArray[np.bool_] | None = None
    failures: tuple[Failure, ...] = ()
    unknown: tuple[UnknownTruth, ...] = ()
    learnt: Learnt = NOTHING

    def __post_init__(self) -> None:
        n, labels = len(self.sources), len(self.labelset)
        due = {"truth": (n, labels) if self.multi_label else (n,), "scores": (n, labels)}
        if self.accepted is not None:
            due["accepted"] = (n,)
        for name, shape in due.items():
            values = getattr(self, name)
            if values.shape != shape:
                raise ParameterError(
                    f"`{name}` must have the shape {shape}, one row for each picture, got "
                    f"{values.shape}."
                )
            if values.flags.writeable:
                values = values.copy()
                values.flags.writeable = False
                object.__setattr__(self, name, values)
        truth, kind = self.truth, self.truth.dtype.kind
        if self.multi_label:
            what, fits = "truth values", kind == "b"
        else:
            what = f"positions from 0 to {labels - 1}"
            fits = kind in "iu" and bool(((truth >= 0) & (truth < labels)).all())
        if not fits:
            raise ParameterError(f"`truth` must hold {what}, got {brief(truth)}.")
        if not n:
            raise ParameterError("An evaluation is of one picture or more, got none.")

    @property
    def multi_label(self) -> bool:
        """Whether a picture may have several labels."""
        return self.truth.ndim == 2

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """The place of each picture's true label among all: int64 (n,), from 0 on."""
        found = ranks(self.scores, self.truth)
        found.flags.writeable = False
        return found
