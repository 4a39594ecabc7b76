"""The metrics of an evaluation by their names, each with how it is told and what it is made of.

A new one is a row of `MEASURES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import LabelError, NotLearntError, ParameterError
from zsclip.evaluation.depths import right_at_depth
from zsclip.evaluation.metrics import (
    brier_statistic,
    ece_statistic,
    log_loss_statistic,
    recall_statistic,
    top_k_statistic,
)
from zsclip.evaluation.several import F1, AveragePrecision
from zsclip.evaluation.statistic import Additive, Statistic
from zsclip.wording import brief, did_you_mean

if TYPE_CHECKING:
    from zsclip.evaluation.judgments import Judgments

__all__ = [
    "MEASURES",
    "Measure",
    "measure_of",
    "metric_published_as",
    "names_of",
    "said_of",
]


@dataclass(frozen=True)
class Measure:
    """One metric.

    Attributes:
        title: What it is called in a table.
        statistic: What it is made of; raises `ParameterError` or `NotLearntError` where it does
            not apply.
        several: Whether it is of classifiers that give several labels at once; None if of both.
        is_share: Whether it is a part of the pictures, told in percent.
        published: What label sets call it in `Expected.metric`, folded.
    """

    title: str
    statistic: Callable[[Judgments], Statistic]
    several: bool | None = False
    is_share: bool = True
    published: tuple[str, ...] = ()


def _top(k: int) -> Callable[[Judgments], Statistic]:
    return lambda evaluation: top_k_statistic(evaluation.ranks, k)


def _at_depth(depth: int) -> Callable[[Judgments], Statistic]:
    return lambda evaluation: Additive(right_at_depth(evaluation, depth).astype(np.float64))


def _coverage(evaluation: Judgments) -> Statistic:
    return Additive(_accepted(evaluation).astype(np.float64))


def _error_among_accepted(evaluation: Judgments) -> Statistic:
    accepted = _accepted(evaluation)
    return Additive((evaluation.ranks > 0).astype(np.float64), accepted.astype(np.int64), "last")


def _accepted(evaluation: Judgments) -> NDArray[np.bool_]:
    if evaluation.accepted is None:
        raise NotLearntError(
            "What is accepted is told of classifiers that reject; make one with `rejecting`."
        )
    return evaluation.accepted


def said_of(evaluation: Judgments) -> NDArray[np.bool_]:
    """Which labels are said of each picture: by the thresholds that were fitted, or by 0.5.

    Of classifiers that give several labels at once: bool (n, labels).
    """
    thresholds = evaluation.learnt.thresholds
    said: NDArray[np.bool_] = evaluation.scores >= (
        0.5 if thresholds is None else thresholds.values
    )
    return said


MEASURES: dict[str, Measure] = {
    "accuracy": Measure("accuracy (top-1)", _top(1), published=("top-1", "accuracy", "acc1")),
    "top_5": Measure("top-5", _top(5), published=("top-5", "acc5")),
    "mean_per_class_recall": Measure(
        "mean per-class recall",
        lambda e: recall_statistic(e.ranks, e.truth),
        published=("mean per-class recall", "mean per class recall", "balanced accuracy"),
    ),
    "ece": Measure("ECE (15 bins)", lambda e: ece_statistic(e.scores, e.truth), is_share=False),
    "brier": Measure("Brier", lambda e: brier_statistic(e.scores, e.truth), is_share=False),
    "log_loss": Measure(
        "log loss", lambda e: log_loss_statistic(e.scores, e.truth), is_share=False
    ),
    "mean_average_precision": Measure(
        "mean average precision",
        lambda e: AveragePrecision.of(e.scores, e.truth),
        several=True,
        published=("map", "mean average precision"),
    ),
    "micro_f1": Measure("micro F1", lambda e: F1(said_of(e), e.truth), several=True),
    "macro_f1": Measure("macro F1", lambda e: F1(said_of(e), e.truth, "macro"), several=True),
    "precision": Measure(
        "precision", lambda e: F1(said_of(e), e.truth, metric="precision"), several=True
    ),
    "recall": Measure("recall", lambda e: F1(said_of(e), e.truth, metric="recall"), several=True),
    "coverage": Measure("coverage (accepted)", _coverage, several=None),
    "error_among_accepted": Measure("error among accepted", _error_among_accepted),
}


def names_of(evaluation: Judgments) -> list[str]:
    """The metrics that may apply; where labels have groups, the accuracy above the last depth."""
    try:
        depths = evaluation.labelset.tree.depths
    except LabelError:  # groups nested without end, which nobody asked for
        depths = 1
    return [*MEASURES, *(f"accuracy_at_{depth}" for depth in range(depths - 1))]


def measure_of(name: str, *, several: bool) -> Measure:
    """The metric of a name, ``top_`` and ``accuracy_at_`` with any number among them.

    Args:
        name: The name.
        several: Whether the classifier gives several labels at once.

    Raises:
        ParameterError: There is none, or it is not of such classifiers.
    """
    found = MEASURES.get(name)
    if found is None and (k := re.fullmatch(r"top_([1-9][0-9]{0,8})", name)):
        found = Measure(f"top-{k[1]}", _top(int(k[1])))
    if found is None and (depth := re.fullmatch(r"accuracy_at_([0-9]{1,3})", name)):
        found = Measure(f"accuracy at depth {depth[1]}", _at_depth(int(depth[1])))
    own = [key for key, measure in MEASURES.items() if measure.several in (several, None)]
    if found is None:
        raise ParameterError(
            f"`metric` must be the name of one, got {brief(name)}. {did_you_mean(name, own)}"
        )
    if found.several not in (several, None):
        kind = "several labels at once" if several else "one label for each picture"
        raise ParameterError(
            f"`{name}` does not apply to a classifier that gives {kind}. {did_you_mean('', own)}"
        )
    return found


def metric_published_as(name: str) -> str | None:
    """The metric that a label set calls by this name; None if none is known by it."""
    folded = name.strip().casefold()
    return next((key for key, m in MEASURES.items() if folded in m.published), None)
