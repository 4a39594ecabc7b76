"""What the page's script is told of each picture: results as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zsclip.results import Prediction, Score, plain_json
from zsclip.wording import told

__all__ = ["Names", "failed_row", "row_of"]

DIGITS = 4  # of a score: more than anybody sees, and a fifth of the bytes


class Names:
    """The labels that rows speak of by their places: each is written once, when all is known."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], int] = {}

    def place(self, name: str, label_id: str) -> int:
        """The place of a label, which it gets when it is first met."""
        return self._places.setdefault((label_id, name), len(self._places))

    def to_list(self) -> list[dict[str, str]]:
        """All of them, in the order of their places."""
        return [plain_json({"id": i, "name": name}) for i, name in self._places]


def row_of(
    result: Prediction,
    names: Names,
    *,
    top: int,
    source: str,
    scores: Sequence[Score] | None = None,
    accepted: bool | None = None,
    are_said: bool = False,
) -> dict[str, Any]:
    """A prediction as the script takes it.

    ``labels`` is what the picture counts for: the best label of one that is accepted, or the group
    that is shown in its place, which ``score`` belongs to; where several labels may hold, those
    that are said of it. ``margin`` is how far the best label is from another answer.

    Args:
        result: The prediction.
        names: Where its labels get their places.
        top: How many of the best labels are shown.
        source: What the picture is called.
        scores: Which labels are shown in place of the best.
        accepted: Whether it is taken for one of the labels; as in the prediction if None.
        are_said: Whether `scores` are what is said of a picture that may have several labels.
    """
    accepted = result.accepted if accepted is None else accepted
    listed = result.top(top) if scores is None else scores
    score = result.score
    if result.origin.multi_label:
        said, margin = _said_of_several(result)
        said = list(listed) if are_said else said
    else:
        said, margin = list(listed[:1]), result.margin
        score = said[0].score if said else score
    return {
        "source": plain_json(source),
        "state": "accepted" if accepted else "rejected",
        "best": [[names.place(s.label, s.id), round(s.score, DIGITS)] for s in listed],
        "labels": [names.place(s.label, s.id) for s in said] if accepted else [],
        "score": round(score, DIGITS),
        "margin": round(margin, DIGITS),
    }


def failed_row(source: str, error: str) -> dict[str, Any]:
    """A picture of which there is no prediction, as the script takes it."""
    texts = {"source": plain_json(source), "error": plain_json(told(error))}
    return {"state": "failed", "best": [], "labels": [], **texts}


def _said_of_several(result: Prediction) -> tuple[list[Score], float]:
    """The labels that are said of a picture, and how near the nearest score is to its threshold."""
    thresholds = result.learnt.thresholds
    limits: Any = 0.5 if thresholds is None else thresholds.values
    said = result.above(0.5 if thresholds is None else None)
    distances = abs(result.scores.astype(float) - limits)
    return said, float(min(distances.min(), 1.0))
