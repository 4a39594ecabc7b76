"""Predictions and failures as they show themselves in a notebook."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from zsclip.fragments import Bar, bars, fragment, note, picture
from zsclip.markup import Markup, element
from zsclip.results.failure import Failure
from zsclip.wording import shown, told

if TYPE_CHECKING:
    from zsclip.images import ImageSource
    from zsclip.results.prediction import Prediction

__all__ = ["card", "picture_path", "shown_alone"]

LISTED = 5  # labels


def shown_alone(result: Prediction | Failure) -> str:
    """A result by itself, as a fragment."""
    return str(fragment(card(result)))


def card(result: Prediction | Failure, image: ImageSource | None = None) -> Markup:
    """A result as a part of a fragment.

    Args:
        result: The result.
        image: Its picture, where that is at hand; otherwise what its path leads to.
    """
    if isinstance(result, Failure):
        kind = type(result.error).__name__
        mark = element("span", "could not be classified", class_="zs-mark")
        about = element("div", element("p", mark), note(f"{kind}: {told(str(result.error))}"))
        return _card(result.source, about, image)
    return _card(result.source, _about(result), picture_path(result) if image is None else image)


def picture_path(result: Prediction | Failure) -> str | None:
    """The path at which the picture of a result may be looked at again, if it has one.

    None for a URL, for what lay in memory, for what could not be read, and for a name that was
    given to the picture, which may be that of another file.
    """
    from zsclip.images import is_path

    if isinstance(result, Failure) or result.named or not is_path(result.source):
        return None
    return result.source


def _card(source: str, about: Markup, image: ImageSource | None) -> Markup:
    from zsclip.images import thumbnail_if_readable

    jpeg = None if image is None else thumbnail_if_readable(image)
    return element(
        "div", picture(jpeg, source), element("div", about, note(shown(source))), class_="zs-card"
    )


def _about(prediction: Prediction) -> Markup:
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


def _headline(prediction: Prediction) -> Markup:
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


def _confidence(prediction: Prediction) -> Markup | None:
    rejection = prediction.learnt.rejection
    if rejection is None:
        return None
    sure = "unknown" if prediction.confidence is None else f"{prediction.confidence:.3f}"
    word = "accepted" if prediction.accepted else "rejected"
    return note(
        f"{word}: confidence {sure} ({rejection.method}), accepted from {rejection.threshold:.3f}"
    )
