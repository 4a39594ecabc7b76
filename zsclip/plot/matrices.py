"""Pictures beside words, and labels beside labels, as a matrix with values in its cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.evaluation import Evaluation
from zsclip.images import Images, Reading, describe_source, load_image, sources_of, thumbnail
from zsclip.labels import texts_of
from zsclip.plot.curves import require_evaluation
from zsclip.plot.figures import Axes, AxesImage, Figure, axes_for, described, imaged, rcParams
from zsclip.plot.texts import called, drawable, whole
from zsclip.wording import brief

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier

__all__ = ["confusion", "similarity"]

_ROOMY, _SMALL, _LONGEST = 0.6, 0.2, 40.0  # inches: of a cell, and of the whole side
_FOR_VALUES = 0.38  # inches that a cell needs for a number to be read
_LETTER = 5.0  # points of the smallest letters that can be read


def similarity(
    images: Images,
    texts: Iterable[str],
    *,
    classifier: ZeroShotClassifier | None = None,
    values: ArrayLike | None = None,
    reading: Reading = Reading(),
    ax: Axes | None = None,
) -> Figure:
    """How near each picture is to each text: the matrix of CLIP's first lesson.

    Pictures stand along the top, texts along the left side, and in each cell their cosine, where
    cells are large enough for numbers.

    Args:
        images: Pictures of any kinds, or a folder.
        texts: Texts, such as descriptions of the pictures.
        classifier: What computes `ZeroShotClassifier.similarity` of them.
        values: The numbers themselves in its place: (pictures, texts).
        reading: How pictures are read to be shown.
        ax: Where to draw; a new figure if None, which grows with the numbers of both.

    Raises:
        ParameterError: Neither or both of `classifier` and `values` are given, `values` has another
            shape or holds what is not finite, or there are no pictures or texts.
        ParameterTypeError: `images` is a single picture, `texts` a single text, `values` no
            numbers, or `ax` no axes.
        ImageError: A picture cannot be read.

    Examples:
        >>> from zsclip.demo import load_drawings
        >>> from zsclip import ZeroShotClassifier, plot
        >>> clf = ZeroShotClassifier(["fish", "octopus"], model="tiny-cartoon")
        >>> drawings = [drawing.data for drawing in load_drawings()[:3]]
        >>> figure = plot.similarity(drawings, ["a cartoon rat", "a cartoon ram"], classifier=clf)
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['a cartoon rat', 'a cartoon ram']
    """
    if (classifier is None) == (values is None):
        raise ParameterError(
            "`similarity` needs either `classifier`, which computes it, or `values`, the matrix of "
            f"(pictures, texts), got {'neither' if values is None else 'both'}."
        )
    pictures, words = list(sources_of(images)), texts_of("texts", texts)
    if not pictures or not words:
        raise ParameterError("`similarity` needs one picture and one text or more.")
    if classifier is not None:
        values = classifier.similarity(pictures, words)
    matrix = _numbers(values, (len(pictures), len(words))).T
    small = [np.asarray(load_image(thumbnail(p, side=96, reading=reading))) for p in pictures]

    ax, cell = _squares(ax, len(words) + 1.1, len(pictures), [words])
    image = imaged(ax, matrix)
    for i, picture in enumerate(small):  # in the row above the cells, as large as fits
        height, width = (n / max(picture.shape[:2]) / 2 for n in picture.shape[:2])
        imaged(ax, picture, extent=(i - width, i + width, height - 1.1, -height - 1.1))
    ax.set(xlim=(-0.5, len(pictures) - 0.5), ylim=(len(words) - 0.5, -1.62), xticks=[])
    _label(ax, "y", words, cell, limit=48)
    _values(ax, image, matrix, "{:.2f}", cell)
    names = [whole(called(describe_source(p), i)) for i, p in enumerate(pictures, 1)]
    nearest = "; ".join(
        f"{name}: {whole(words[best])} {matrix[best, i]:.2f}"
        for i, (name, best) in enumerate(zip(names, matrix.argmax(axis=0).tolist(), strict=True))
    )
    return described(
        ax,
        f"Similarity of {len(pictures):,} pictures with {len(words):,} texts, from "
        f"{matrix.min():.2f} to {matrix.max():.2f}. Nearest text of each picture: {nearest}. "
        f"Texts: {_listed(words)}.",
    )


def confusion(evaluation: Evaluation, *, ax: Axes | None = None) -> Figure:
    """Which labels were taken for which: the confusion matrix.

    Rows are what is true, columns the best label; a number is how many pictures there are, and the
    color their part of the row.

    Args:
        evaluation: What `ZeroShotClassifier.evaluate` gave.
        ax: Where to draw; a new figure if None, which grows with the number of labels.

    Raises:
        ParameterError: Pictures may have several labels.
        ParameterTypeError: `evaluation` is no `Evaluation`, or `ax` no axes.

    Examples:
        >>> from zsclip.demo import load_drawings
        >>> from zsclip import ZeroShotClassifier, plot
        >>> drawings = load_drawings()
        >>> truth = [drawing.animal for drawing in drawings]
        >>> clf = ZeroShotClassifier(sorted(set(truth)), model="tiny-cartoon")
        >>> figure = plot.confusion(clf.evaluate([drawing.data for drawing in drawings], truth))
        >>> figure.axes[0].get_ylabel()
        'truth'
    """
    require_evaluation(evaluation)
    counts, labels = evaluation.confusion, evaluation.labelset.names
    n, of_row = len(labels), counts.sum(axis=1, keepdims=True)
    ax, cell = _squares(ax, n, n, [labels, labels])
    image = imaged(ax, counts / np.maximum(of_row, 1), vmin=0, vmax=1)
    _label(ax, "y", labels, cell)
    _label(ax, "x", labels, cell)
    ax.set(ylabel="truth", xlabel="best label")
    _values(ax, image, counts, "{:,}", cell, empty=0)
    wrong = counts - np.diag(np.diag(counts))
    pairs = np.argsort(-wrong, axis=None, kind="stable")[:10]
    mistakes = ", ".join(
        f"{whole(labels[i // n])} for {whole(labels[i % n])} ({wrong.flat[i]:,})"
        for i in pairs.tolist()
        if wrong.flat[i]
    )
    return described(
        ax,
        f"Confusion matrix of {counts.sum():,} pictures and {n:,} labels: rows are the truth, "
        f"columns the best label. {counts.trace():,} are right. "
        + (f"Taken for others most often, truth first: {mistakes}. " if mistakes else "")
        + f"Labels: {_listed(labels)}.",
    )


def _numbers(values: Any, shape: tuple[int, int]) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterTypeError(
            f"`values` must be numbers of pictures and texts, got {brief(values)}."
        ) from error
    if numbers.shape != shape:
        raise ParameterError(
            f"`values` must have the shape {shape}, a row for each picture and a column for each "
            f"text, got {numbers.shape}."
        )
    if not np.isfinite(numbers).all():
        raise ParameterError("`values` must be finite, and holds NaN or infinity.")
    return numbers


def _listed(names: Sequence[str]) -> str:
    return "; ".join(map(whole, names))


# ---------------------------------------------------------------------------------- how large


def _squares(
    ax: Axes | None, rows: float, columns: int, sides: Sequence[Sequence[str]]
) -> tuple[Axes, float]:
    """The axes of a matrix with texts on its left side, and beneath if there are two such sides.

    Returns:
        Those that were given, or those of a new figure; and the side of a cell in inches.
    """
    most = max(rows, columns)
    if ax is None:
        cell = min(_ROOMY, max(_SMALL, 7 / most), _LONGEST / most)
        letter = rcParams["font.size"] * 0.6 / 72
        longest = [min(max(map(len, side)), 48 if len(sides) == 1 else 32) for side in sides]
        words = [letter * length + 0.4 for length in longest]
        beneath = words[1] if len(words) > 1 else 0.1
        key = 0.0 if cell >= _FOR_VALUES else 1.0
        size = columns * cell + words[0] + key, max(rows * cell + beneath, 1.0)
        return _without_grid(axes_for(None, size, square=True)), cell
    ax = _without_grid(axes_for(ax))
    figure, box = ax.get_figure(root=True), ax.get_window_extent()
    assert figure is not None
    return ax, float(min(box.width / columns, box.height / rows) / figure.dpi)


def _without_grid(ax: Axes) -> Axes:
    """The axes less the lines that many styles draw, and that would cross the numbers."""
    ax.grid(visible=False)
    return ax


# ----------------------------------------------------------------------------- what stands there


def _label(ax: Axes, side: str, names: Sequence[str], cell: float, limit: int = 32) -> None:
    """Names along a side: as small as they must be, and where they would be smaller, not all."""
    axis = ax.yaxis if side == "y" else ax.xaxis
    usual = float(rcParams["font.size"])
    points = min(usual, max(_LETTER, cell * 72 * 0.8))
    step = max(1, math.ceil(_LETTER / (cell * 72 * 0.9)))
    drawn = [drawable(name, limit) for name in names[::step]]
    axis.set_ticks(
        range(0, len(names), step),
        labels=[text for text, _ in drawn],
        fontsize=points,
        parse_math=False,
        usetex=False,
        rotation=0 if side == "y" else 90,
    )
    for label, (_, how) in zip(axis.get_ticklabels(), drawn, strict=True):
        label.set_fontfamily(how["fontfamily"])


def _values(
    ax: Axes,
    image: AxesImage,
    numbers: NDArray[Any],
    form: str,
    cell: float,
    empty: float | None = None,
) -> None:
    """Numbers in the cells, dark on light and light on dark; too small cells have a key instead."""
    if cell < _FOR_VALUES:
        figure = ax.get_figure()
        assert figure is not None
        figure.colorbar(image, ax=ax, shrink=0.5)
        return
    size = min(float(rcParams["font.size"]), cell * 72 * 0.3)
    colors = image.to_rgba(np.asarray(image.get_array()))
    light = colors[..., :3] @ [0.2126, 0.7152, 0.0722]
    for (row, column), number in np.ndenumerate(numbers):
        if number != empty:
            color = "black" if light[row, column] > 0.5 else "white"
            ax.text(
                column,
                row,
                form.format(number if round(float(number), 2) else 0),
                ha="center",
                va="center",
                color=color,
                fontsize=size,
            )
