"""`Learnt`: all that one classifier learnt from pictures."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from zsclip.errors import LearntMismatchError
from zsclip.learnt.calibration import Calibration
from zsclip.learnt.multilabel import Standardization, Thresholds
from zsclip.learnt.probe import Probe
from zsclip.learnt.rejection import Rejection
from zsclip.learnt.tie import Tie
from zsclip.learnt.value import LearntValue
from zsclip.wording import in_a_row

__all__ = ["NOTHING", "Learnt"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Learnt:
    """What was learnt, and what it is tied to; each part is None where it was not.

    Attributes:
        tie: What it was learnt on; None if nothing was, and in a prediction.
        probe: The layer in the place of the labels' texts.
        standardization: How cosines are spread, of several labels at once.
        calibration: The temperature, and what prediction sets need.
        thresholds: From which score on a label is said, of several labels at once.
        rejection: When a picture is none of the labels.
    """

    tie: Tie | None = None
    probe: Probe | None = None
    standardization: Standardization | None = None
    calibration: Calibration | None = None
    thresholds: Thresholds | None = None
    rejection: Rejection | None = None

    def parts(self) -> dict[str, LearntValue]:
        """What was learnt, by the names of the attributes, in the order in which it is fitted."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: part for name, part in found.items() if isinstance(part, LearntValue)}

    def __bool__(self) -> bool:
        return bool(self.parts())

    def require_fitting(self, tie: Tie) -> None:
        """Raise if it was learnt on something else.

        Raises:
            LearntMismatchError: It was, and every difference is named; or it does not say on what.
        """
        if not self:
            return
        if self.tie is None:
            raise LearntMismatchError(
                f"What was learnt ({in_a_row(list(self.parts()))}) does not say what it was learnt "
                "on. Take the `learnt` of a classifier, whose `tie` does; that of a prediction is "
                "not all of it."
            )
        if not (differences := self.tie.differences(tie)):
            return
        raise LearntMismatchError(
            f"What was learnt ({in_a_row(list(self.parts()))}) belongs to something else: "
            f"{in_a_row(differences, '; ')}. A threshold, a temperature or a probe means nothing "
            "there. Fit it anew on this classifier, or use what it was fitted on."
        )

    def for_predictions(self) -> Learnt:
        """The same without what predictions need not carry: the large arrays.

        Nor a tie, so that no classifier takes for whole what has lost them.
        """
        rejection = self.rejection and replace(self.rejection, negatives=None)
        probe = self.probe and self.probe.without_weights()
        spread = self.standardization and self.standardization.without_values()
        return replace(self, tie=None, probe=probe, standardization=spread, rejection=rejection)

    @cached_property  # classifying asks for it, and the arrays can be large
    def id(self) -> str:
        """A short name of it: 16 digits of a SHA-256; empty if nothing was learnt."""
        if not self:
            return ""
        digest = hashlib.sha256()
        for name, part in self.parts().items():
            about: dict[str, Any] = {"part": name, **part.plain()}
            digest.update(json.dumps(about, sort_keys=True).encode("ascii"))
            for key, values in part.arrays().items():
                little = values.astype(values.dtype.newbyteorder("<"))
                digest.update(f"{key} {values.shape} {little.dtype.str}".encode("ascii"))
                digest.update(little.tobytes())
        return digest.hexdigest()[:16]

    def __repr__(self) -> str:
        return f"<Learnt {in_a_row(list(self.parts())) or 'nothing'}>"


NOTHING = Learnt()
"""What a classifier that saw no pictures learnt."""
