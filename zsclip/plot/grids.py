"""Pictures with the bars of their best labels beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ImageError, ParameterError, ParameterTypeError
from zsclip.images import (
    Images,
    ImageSource,
    Reading,
    load_image,
    plain_file,
    sources_of,
    thumbnail,
)
from zsclip.plot.figures import Axes, Figure, axes_for, described, imaged
from zsclip.plot.texts import called, drawable, whole
from zsclip.results import Failure, Prediction, picture_path
from zsclip.values import whole_number
from zsclip.wording import brief, counted

__all__ = ["predictions"]

_MOST = 400  # results of one figure: a larger one is more than what draws it takes
_PICTURE, _BARS, _GAP, _LINE = 1.6, 2.3, 0.2, 0.3  # inches
_LETTERS = 26  # of a label, beside its number


def predictions(
    results: Prediction | Iterable[Prediction | Failure],
    images: Images | None = None,
    k: int = 5,
    *,
    columns: int | None = None,
    reading: Reading = Reading(),
    ax: Axes | None = None,
) -> Figure:
    """Pictures with the bars of their best labels beside them.

    Args:
        results: What `classify` or `classify_many` gave.
        images: The pictures, in the same order; None for the files at the paths of the results.
            A name that a picture was given is no path.
        k: How many labels, best first.
        columns: How many pictures stand side by side; None for what is readable.
        reading: How pictures are read to be shown.
        ax: Where to draw; a new figure if None, which grows with the number of results.

    Raises:
        ParameterError: There is no result, there are more than 400, or not as many as pictures; `k`
            or `columns` is not positive.
        ParameterTypeError: `results` holds what is none, `images` is a single picture, `k` or
            `columns` is no whole number, or `ax` no axes.

    Examples:
        >>> from zsclip.demo import load_drawings
        >>> from zsclip import ZeroShotClassifier, plot
        >>> clf = ZeroShotClassifier(["fish", "octopus"], model="tiny-cartoon")
        >>> drawings = [drawing.data for drawing in load_drawings()[:4]]
        >>> figure = plot.predictions(clf.classify_many(drawings), drawings, k=2)
        >>> plot.alt_text(figure)
        'Best labels of 4 pictures: picture 1: ...
    """
    found = _results(results)
    k = whole_number("k", k)
    pictures = _pictures(found, images, reading)
    n = len(found)
    wide = min(n, 1 if n == 1 else 2 if n <= 8 else 3)
    columns = wide if columns is None else min(whole_number("columns", columns), n)
    labels = max([1, *(min(k, len(r.labelset)) for r in found if isinstance(r, Prediction))])
    rows = math.ceil(n / columns)
    width, height = _PICTURE + _BARS + 2 * _GAP, max(_PICTURE, labels * _LINE) + _LINE + _GAP
    ax = axes_for(ax, (columns * width, rows * height))
    ax.set_axis_off()
    for i, (result, picture) in enumerate(zip(found, pictures, strict=True)):
        # lower left corner of the cell, as a part of the axes
        left, low = i % columns / columns, 1 - (i // columns + 1) / rows
        side = (height - _LINE - _GAP) / height / rows
        shown = ax.inset_axes((left, low, _PICTURE / width / columns, side))
        beside = (_PICTURE + _GAP) / width / columns
        bars = ax.inset_axes((left + beside, low, _BARS / width / columns, side))
        _show(shown, called(result.source, i + 1), result, picture)
        if isinstance(result, Prediction):
            _draw_bars(bars, result, k)
        else:
            bars.set_axis_off()
    told = "; ".join(
        f"{whole(called(result.source, i))}: {_told(result, k)}"
        for i, result in enumerate(found, 1)
    )
    return described(ax, f"Best labels of {counted(n, 'picture')}: {told}.")


def _results(results: Any) -> list[Prediction | Failure]:
    found = [results] if isinstance(results, Prediction | Failure) else results
    if not isinstance(found, Iterable):
        raise ParameterTypeError(f"`results` must be predictions, got {brief(results)}.")
    listed = list(found)
    for one in listed:
        if not isinstance(one, Prediction | Failure):
            raise ParameterTypeError(
                f"`results` must hold what clf.classify_many(images) gives, got {brief(one)}."
            )
    if not listed:
        raise ParameterError("`results` must hold one prediction or more, got none.")
    if len(listed) > _MOST:
        raise ParameterError(
            f"`results` must hold at most {_MOST} for one figure, got {len(listed):,}. Draw a part "
            f"of them, such as results[:{_MOST}]."
        )
    return listed


def _pictures(
    results: list[Prediction | Failure], images: Images | None, reading: Reading
) -> list[NDArray[np.uint8] | None]:
    """The picture of each result; None where there is none to show."""
    sources: Sequence[ImageSource | None]
    if images is None:
        sources = [plain_file(picture_path(result)) for result in results]
    else:
        sources = list(sources_of(images))
        if len(sources) != len(results):
            raise ParameterError(
                f"`images` must be as many as `results`, got {len(sources):,} and {len(results):,}."
            )
    return [_small(source, reading) for source in sources]


def _small(source: ImageSource | None, reading: Reading) -> NDArray[np.uint8] | None:
    if source is None:
        return None
    try:
        return np.asarray(load_image(thumbnail(source, side=200, reading=reading)))
    except ImageError:
        return None


def _show(
    ax: Axes, name: str, result: Prediction | Failure, picture: NDArray[np.uint8] | None
) -> None:
    title, how = drawable(name, 24)
    ax.set_title(title, loc="left", fontsize="small", **how)
    ax.set_axis_off()
    if picture is not None:
        imaged(ax, picture)
        return
    reason = "cannot be read" if isinstance(result, Failure) else "not at hand"
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.text(0.5, 0.5, reason, ha="center", va="center", color="gray", fontsize="small")


def _draw_bars(ax: Axes, prediction: Prediction, k: int) -> None:
    """Labels over their bars, so that long ones take no room from the bars."""
    best = prediction.top(k)
    places = range(len(best))
    said = None  # where each label is said from a threshold of its own on
    if prediction.learnt.thresholds is not None:
        said = {score.id for score in prediction.above()}
    on = [prediction.accepted and (said is None or score.id in said) for score in best]
    color = ["C0" if is_on else "gray" for is_on in on]
    ax.barh(places, [1.0] * len(best), color="gray", alpha=0.12, height=0.8)
    ax.barh(places, [score.score for score in best], color=color, alpha=0.5, height=0.8)
    for place, score in enumerate(best):
        text, how = drawable(score.label, _LETTERS)
        ax.text(0.02, place, text, va="center", fontsize="small", clip_on=True, **how)
        ax.text(0.98, place, f"{score.score:.2f}", va="center", ha="right", fontsize="small")
    if not prediction.accepted:
        ax.set_title("none of these", loc="left", fontsize="small", color="gray")
    ax.set(xlim=(0, 1), ylim=(max(len(best), 1) - 0.5, -0.5))
    ax.set_axis_off()


def _told(result: Prediction | Failure, k: int) -> str:
    if isinstance(result, Failure):
        return "cannot be read"
    listed = ", ".join(f"{whole(score.label)} {score.score:.2f}" for score in result.top(k))
    return listed if result.accepted else f"none of these; the best guess is {listed}"
