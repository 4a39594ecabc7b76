"""Predictions and failures as they show themselves in a notebook."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from zsclip.fragments import Bar, bars, fragment, note, picture
from zsclip.labels import LabelSet
from zsclip.learnt import Learnt
from zsclip.markup import Markup, element
from zsclip.results.score import Score
from zsclip.wording import shown, told

if TYPE_CHECKING:
    from zsclip.images import ImageSource

__all__ = ["failure_card", "path_of", "prediction_card", "shown_failure", "shown_prediction"]

LISTED = 5  # labels


class _Predicted(Protocol):
    """What is shown of a `Prediction`, which is loaded without this file."""

    @property
    def source(self) -> str: ...
    @property
    def named(self) -> bool: ...
    @property
    def scores(self) -> NDArray[np.float32]: ...
    @property
    def labelset(self) -> LabelSet: ...
    @property
    def learnt(self) -> Learnt: ...
    @property
    def confidence(self) -> float | None: ...
    @property
    def label(self) -> str: ...
    @property
    def accepted(self) -> bool: ...
    def top(self, k: int = ...) -> list[Score]: ...
    def above(self) -> list[Score]: ...


def shown_prediction(prediction: _Predicted) -> str:
    """A prediction by itself, as a fragment."""
    return str(fragment(prediction_card(prediction)))


def shown_failure(source: str, error: Exception) -> str:
    """A failure by itself, as a fragment."""
    return str(fragment(failure_card(source, error)))


def prediction_card(prediction: _Predicted, image: ImageSource | None = None) -> Markup:
    """A prediction as a part of a fragment.

    Args:
        prediction: The prediction.
        image: Its picture, where that is at hand; otherwise what its path leads to.
    """
    if image is None:
        image = path_of(prediction.source, named=prediction.named)
    return _card(prediction.source, _about(prediction), image)


def failure_card(source: str, error: Exception, image: ImageSource | None = None) -> Markup:
    """A failure as a part of a fragment; takes the same."""
    mark = element("span", "could not be classified", class_="zs-mark")
    why = note(f"{type(error).__name__}: {told(str(error))}")
    return _card(source, element("div", element("p", mark), why), image)


def path_of(source: str, *, named: bool) -> str | None:
    """The source of a prediction, if it may be opened as a path; see `picture_path`."""
    from zsclip.images import is_path

    return source if is_path(source) and not named else None


def _card(source: str, about: Markup, image: ImageSource | None) -> Markup:
    from zsclip.images import thumbnail_if_readable

    jpeg = None if image is None else thumbnail_if_readable(image)
    return element(
        "div", picture(jpeg, source), element("div", about, note(shown(source))), class_="zs-card"
    )


def _about(prediction: _Predicted) -> Markup:
    best, n = prediction.top(LISTED), len(prediction.labelset)
    thresholds = prediction.learnt.thresholds
    limits = None if thresholds is None else thresholds.values
    rows = []
    order = np.argsort(-prediction.scores, kind="stable")[:LISTED].tolist()
    for i, score in zip(order, best, strict=True):
        limit = None if limits is None else float(limits[i])
        is_on = prediction.accepted if limit is None else score.score >= limit
        more = () if limit is None else (_limit(limit, is_on=is_on),)
        rows.append(Bar(score.label, score.score, f"{score.score:.3f}", limit, more, is_on))
    what = f"The best {len(rows)} of {n:,} labels" if n > len(rows) else "The labels"
    return element(
        "div",
        _headline(prediction),
        bars(rows, f"{what}, with their scores"),
        _confidence(prediction),
        note(f"{what}.") if n > len(rows) else None,
    )


def _headline(prediction: _Predicted) -> Markup:
    best = element("b", shown(prediction.label))
    if not prediction.accepted:
        mark = element("span", "none of these", class_="zs-mark")
        return element("p", mark, "; the best guess is ", best)
    if prediction.learnt.thresholds is not None:
        said = prediction.above()
        names = ", ".join(shown(score.label) for score in said[:LISTED])
        if not said:
            return element("p", "no label reaches its threshold; the likeliest is ", best)
        more = f" and {len(said) - LISTED:,} more" if len(said) > LISTED else None
        return element("p", element("b", names), more)
    return element("p", best)


def _limit(limit: float, *, is_on: bool) -> str:
    if not math.isfinite(limit):
        return "never said"
    return f"{'said, ' if is_on else ''}from {limit:.3f}"


def _confidence(prediction: _Predicted) -> Markup | None:
    rejection = prediction.learnt.rejection
    if rejection is None:
        return None
    sure = "unknown" if prediction.confidence is None else f"{prediction.confidence:.3f}"
    word = "accepted" if prediction.accepted else "rejected"
    return note(
        f"{word}: confidence {sure} ({rejection.method}), accepted from {rejection.threshold:.3f}"
    )
