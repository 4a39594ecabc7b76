"""How far scores can be trusted: reliability, and accuracy against coverage."""

from __future__ import annotations

import numpy as np

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.evaluation import Evaluation, ece, reliability_bins
from zsclip.plot.figures import Axes, Figure, axes_for, described
from zsclip.plot.texts import drawable, whole
from zsclip.values import whole_number
from zsclip.wording import brief

__all__ = ["coverage", "reliability", "require_evaluation"]


def reliability(evaluation: Evaluation, *, bins: int = 15, ax: Axes | None = None) -> Figure:
    """Whether a score of 0.8 is right in 80 % of the cases: a reliability diagram.

    Pictures are put into bins of equal width by their best score, as for the expected calibration
    error (Guo et al. 2017). A bar is the part of a bin's pictures that is right, with their number
    above it; the dot is the mean of their scores. Where bars end below the dashed line, scores are
    too high.

    Args:
        evaluation: What `ZeroShotClassifier.evaluate` gave.
        bins: How many there are between 0 and 1.
        ax: Where to draw; a new figure if None.

    Raises:
        ParameterError: `bins` is not positive, or pictures may have several labels.
        ParameterTypeError: `evaluation` is no `Evaluation`, `bins` no whole number or `ax` no axes.

    Examples:
        >>> from zsclip.demo import load_drawings
        >>> from zsclip import ZeroShotClassifier, plot
        >>> drawings = load_drawings()
        >>> truth = [drawing.animal for drawing in drawings]
        >>> clf = ZeroShotClassifier(sorted(set(truth)), model="tiny-cartoon")
        >>> figure = plot.reliability(clf.evaluate([drawing.data for drawing in drawings], truth))
        >>> figure.axes[0].get_xlabel()
        'best score'
    """
    _require_one_label(evaluation, "reliability")
    bins = whole_number("bins", bins)
    counts, sure, right = reliability_bins(evaluation.scores, evaluation.truth, bins)
    there, width = counts > 0, 1 / bins
    # of the same bins, so that the figure and its number agree
    error = ece(evaluation.scores, evaluation.truth, bins)
    ax = axes_for(ax)
    ax.plot([0, 1], [0, 1], linestyle="--", color="gray", linewidth=1)
    middles = (np.arange(bins) + 0.5) * width
    ax.bar(middles[there], right[there], width * 0.9, color="C0", alpha=0.6)
    ax.plot(sure[there], right[there], "o", color="C1", markersize=4)
    if bins <= 20:
        for x, y, n in zip(middles[there], right[there], counts[there], strict=True):
            at = (float(x), float(y))
            ax.annotate(
                f"{n:,}", at, (0, 3), textcoords="offset points", ha="center", fontsize="x-small"
            )
    _shares(ax, "best score", "right")
    ax.set_title(f"Reliability: ECE {error:.3f}")
    told = ", ".join(
        f"{low * width:.2f} to {(low + 1) * width:.2f}: {right[low]:.0%} of {counts[low]:,}"
        for low in np.flatnonzero(there).tolist()
    )
    return described(
        ax,
        f"Reliability of the scores of {_of(evaluation)}: expected calibration error {error:.3f}. "
        f"Right by best score: {told}.",
    )


def coverage(evaluation: Evaluation, *, ax: Axes | None = None) -> Figure:
    """How right the answers are if only the surest are taken: accuracy against coverage.

    Pictures are taken by their best score, the highest first, those of equal score together. Of a
    classifier that rejects, a dot tells where it stands; it is off the line where its measure is
    another than the best score.

    Args:
        evaluation: What `ZeroShotClassifier.evaluate` gave.
        ax: Where to draw; a new figure if None. Lines of several evaluations go into one, each
            under the name of its model.

    Raises:
        ParameterError: Pictures may have several labels.
        ParameterTypeError: `evaluation` is no `Evaluation`, or `ax` no axes.

    Examples:
        >>> from zsclip.demo import load_drawings
        >>> from zsclip import ZeroShotClassifier, plot
        >>> drawings = load_drawings()
        >>> truth = [drawing.animal for drawing in drawings]
        >>> clf = ZeroShotClassifier(sorted(set(truth)), model="tiny-cartoon")
        >>> figure = plot.coverage(clf.evaluate([drawing.data for drawing in drawings], truth))
        >>> figure.axes[0].get_xlabel()
        'coverage: part of the pictures taken'
    """
    _require_one_label(evaluation, "coverage")
    sure, right = evaluation.scores.max(axis=1), evaluation.ranks == 0
    order = np.argsort(-sure, kind="stable")
    taken = np.arange(1, len(order) + 1)
    accuracy = np.cumsum(right[order]) / taken
    last = np.append(sure[order][1:] != sure[order][:-1], True)  # of each group of equal scores
    shares, accuracy = (taken / len(order))[last], accuracy[last]
    ax = axes_for(ax)
    name, _ = drawable(evaluation.origin.model.name)
    style = "-" if len(shares) > 1 else "o"
    [line] = ax.plot(shares, accuracy, style, label=name.replace("$", r"\$").lstrip("_"))
    told = ", ".join(
        f"{accuracy[i]:.0%} of the surest {shares[i]:.0%}"
        for i in sorted({int(np.searchsorted(shares, x)) for x in (0.25, 0.5, 0.75, 1)})
    )
    text = f"Accuracy against coverage of {_of(evaluation)}: right are {told}."
    if evaluation.accepted is not None and evaluation.accepted.any():
        x, y = evaluation.coverage, 1 - evaluation.error_among_accepted
        ax.plot([x], [y], "o", color=line.get_color())
        ax.annotate("accepted", (x, y), (0, -12), textcoords="offset points", ha="center")
        text += f" The classifier accepts {x:.0%}, and {y:.0%} of these are right."
    _shares(ax, "coverage: part of the pictures taken", "accuracy of these")
    ax.set_title("Accuracy against coverage")
    return described(ax, text)


def require_evaluation(evaluation: object) -> None:
    """Raise `ParameterTypeError` if it is no `Evaluation`."""
    if not isinstance(evaluation, Evaluation):
        raise ParameterTypeError(
            f"`evaluation` must be what clf.evaluate(images, truth) gives, got {brief(evaluation)}."
        )


def _require_one_label(evaluation: Evaluation, name: str) -> None:
    require_evaluation(evaluation)
    if evaluation.multi_label:
        raise ParameterError(
            f"`plot.{name}` does not apply to a classifier that gives several labels at once."
        )


def _of(evaluation: Evaluation) -> str:
    return f"{whole(evaluation.origin.model.name)} on {len(evaluation.sources):,} pictures"


def _shares(ax: Axes, x: str, y: str) -> None:
    ax.set(xlim=(0, 1.02), ylim=(0, 1.08), xlabel=x, ylabel=y)
