"""`Evaluation`: how right a classifier was on pictures whose labels are known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import NotLearntError, ParameterError, ParameterTypeError
from zsclip.evaluation.depths import depth_results
from zsclip.evaluation.details import class_results, mistakes, published_figures
from zsclip.evaluation.measures import MEASURES, measure_of, names_of
from zsclip.evaluation.metrics import confusion, ranks
from zsclip.evaluation.parts import ClassResult, DepthResult, Mistake, Published, UnknownTruth
from zsclip.evaluation.statistic import Statistic, bootstrap
from zsclip.files import whole_number
from zsclip.labels import LabelSet
from zsclip.learnt import NOTHING, ArrayValue, Learnt
from zsclip.results import Failure, Origin
from zsclip.wording import brief

if TYPE_CHECKING:
    from zsclip.evaluation.comparison import Comparison

__all__ = ["Evaluation"]


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(ArrayValue):
    """How right a classifier was, in every metric by its name.

    A value: it does not change, and those of equal content are equal. Printed, it is a table.

    Attributes:
        labelset: The labels.
        origin: How the scores came about.
        sources: The pictures that were judged, as in `Prediction`.
        truth: int64 (n,), read-only: the position of each picture's true label; of a classifier
            that gives several labels at once, bool (n, labels).
        scores: float32 (n, labels), read-only.
        accepted: bool (n,), read-only: whether each was taken for one of the labels; None if the
            classifier does not reject.
        failures: The pictures that could not be read.
        unknown: The pictures whose truth is no label.
        learnt: What the classifier learnt from pictures, less the large arrays.

    Raises:
        ParameterError: The arrays do not belong together, or no picture was judged.

    Examples:
        >>> from zsclip import ZeroShotClassifier
        >>> from zsclip.demo import load_drawings
        >>> drawings = load_drawings()
        >>> truth = [drawing.animal for drawing in drawings]
        >>> clf = ZeroShotClassifier(sorted(set(truth)), model="tiny-cartoon")
        >>> evaluation = clf.evaluate([drawing.data for drawing in drawings], truth)
        >>> evaluation
        <Evaluation of 13 pictures: accuracy (top-1) 0.923>
        >>> evaluation.top_k(3) >= evaluation.accuracy
        True
    """

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
        if not n:
            raise ParameterError("An evaluation is of one picture or more, got none.")

    # ------------------------------------------------------------------------------- the metrics

    @property
    def accuracy(self) -> float:
        """The part of the pictures whose best label is the true one; also called top-1."""
        return self.metric("accuracy")

    def top_k(self, k: int = 5) -> float:
        """The part of the pictures whose true label is among the best `k`.

        Labels of equal score come in the order of the set.

        Raises:
            ParameterError: `k` is not positive.
            ParameterTypeError: `k` is no whole number.
        """
        return self.metric(f"top_{whole_number('k', k)}")

    @property
    def mean_per_class_recall(self) -> float:
        """The mean over the labels that have pictures of the part of these that is right."""
        return self.metric("mean_per_class_recall")

    @property
    def ece(self) -> float:
        """The expected calibration error in 15 bins of equal width (Guo et al. 2017, eq. 3)."""
        return self.metric("ece")

    @property
    def brier(self) -> float:
        """The mean squared distance of scores and truth (Brier 1950): 0 is best, 2 is worst."""
        return self.metric("brier")

    @property
    def log_loss(self) -> float:
        """The mean negative logarithm of the true labels' scores."""
        return self.metric("log_loss")

    @property
    def coverage(self) -> float:
        """The part of the pictures that was accepted, of a classifier that rejects."""
        return self.metric("coverage")

    @property
    def error_among_accepted(self) -> float:
        """The part of the accepted pictures whose best label is not the true one; NaN of none."""
        return self.metric("error_among_accepted")

    @property
    def mean_average_precision(self) -> float:
        """The mean over the labels that pictures have of their average precision; also called mAP.

        Of classifiers that give several labels at once, as the next two.
        """
        return self.metric("mean_average_precision")

    @property
    def micro_f1(self) -> float:
        """F1 over all pairs of picture and label, by the fitted thresholds, or else by 0.5."""
        return self.metric("micro_f1")

    @property
    def macro_f1(self) -> float:
        """The mean of F1 over the labels that pictures have, by the same thresholds."""
        return self.metric("macro_f1")

    def metric(self, name: str) -> float:
        """One metric by its name, a key of `metrics`, ``top_3`` or ``accuracy_at_0``.

        Raises:
            ParameterError: There is no such metric, or it does not apply here.
            NotLearntError: It is of classifiers that reject, and this one does not.
        """
        return self._statistic(name)(None)

    def metrics(self) -> dict[str, float]:
        """Every metric that applies here, by its name."""
        found = {}
        for name in names_of(self):
            try:
                found[name] = self.metric(name)
            except (ParameterError, NotLearntError):  # of another kind of classifier
                continue
        return found

    def interval(
        self, metric: str, *, level: float = 0.95, resamples: int = 1000, seed: int = 0
    ) -> tuple[float, float]:
        """Between which ends a metric lies, as far as the number of pictures tells.

        The percentile bootstrap (Efron & Tibshirani 1993, §13.3): pictures are drawn anew with
        replacement. It has no width where all pictures add the same, such as when all are right;
        that of ECE lies too high, because fewer different pictures are farther from their mean.

        Args:
            metric: Its name, as in `metric`.
            level: How often such an interval holds the true number.
            resamples: How often pictures are drawn.
            seed: Of the draws; the same one gives the same ends.

        Raises:
            ParameterError: There is no such metric, it does not apply, or `level` is not between 0
                and 1.
        """
        n = len(self.sources)
        return bootstrap(self._statistic(metric), n, level=level, resamples=resamples, seed=seed)

    def _statistic(self, name: str) -> Statistic:
        if not isinstance(name, str):
            raise ParameterTypeError(f"`metric` must be the name of one, got {brief(name)}.")
        return measure_of(name, several=self.multi_label).statistic(self)

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """The place of each picture's true label among all: int64 (n,), from 0 on."""
        found = ranks(self.scores, self.truth)
        found.flags.writeable = False
        return found

    # ------------------------------------------------------------------------------- in detail

    @property
    def multi_label(self) -> bool:
        """Whether a picture may have several labels."""
        return self.truth.ndim == 2

    @property
    def confusion(self) -> NDArray[np.int64]:
        """How many pictures of each label (row) got each label as the best (column).

        int64 (labels, labels), in the order of the label set.

        Raises:
            ParameterError: Pictures may have several labels.
        """
        self._require_one_label("confusion")
        return confusion(self.scores, self.truth)

    @property
    def per_class(self) -> tuple[ClassResult, ...]:
        """How each label fared, in the order of the label set.

        Where pictures may have several labels, a label is an answer by the threshold of F1.
        """
        return class_results(self)

    @property
    def depths(self) -> tuple[DepthResult, ...]:
        """How often the kind was right, at each depth of the tree of labels from the top down.

        Raises:
            ParameterError: Scores do not sum up to 1, so that those of a group mean nothing.
        """
        return depth_results(self)

    def worst(self, k: int = 20) -> list[Mistake]:
        """The `k` most confident mistakes, the most confident first.

        Raises:
            ParameterError: `k` is not positive, or pictures may have several labels.
            ParameterTypeError: `k` is no whole number.
        """
        self._require_one_label("worst")
        return mistakes(self, whole_number("k", k))

    def _require_one_label(self, name: str) -> None:
        if self.multi_label:
            raise ParameterError(
                f"`{name}` does not apply to a classifier that gives several labels at once."
            )

    # ---------------------------------------------------------------------------- beside others

    @property
    def published(self) -> tuple[Published, ...]:
        """What the label set publishes for this model, beside what was measured."""
        return published_figures(self)

    @cached_property
    def hints(self) -> tuple[str, ...]:
        """What may be why the numbers are not those that were hoped for, each in a sentence or two.

        Whether the truth fits far better in another order of the labels (another order as such is
        looked for where scipy is installed); whether names are ones that models do not know; and
        how model, templates, labels and metric differ from those of the published figures.
        """
        from zsclip.evaluation.hints import hints_of

        return tuple(hints_of(self))

    def compare(self, other: Evaluation) -> Comparison:
        """Whether two classifiers differ on the same pictures, by McNemar's exact test.

        Pictures are paired by their sources; those of one source in their order.

        Args:
            other: The evaluation of the other classifier, with other templates or another model.

        Raises:
            ParameterError: The other is of other pictures, or of another truth; some are named.
            ParameterTypeError: `other` is no `Evaluation`.
        """
        from zsclip.evaluation.comparison import compare

        return compare(self, other)

    # ---------------------------------------------------------------------------------- as text

    def to_dict(self) -> dict[str, Any]:
        """Everything but scores and confusion as plain values that JSON can hold.

        ``metrics`` holds for each its ``value``, and ``low`` and ``high`` of its 95 % interval;
        what cannot be told is None.
        """
        from zsclip.evaluation.printed import as_plain

        return as_plain(self)

    def __str__(self) -> str:
        from zsclip.evaluation.printed import as_table

        return as_table(self)

    def __repr__(self) -> str:
        name, n = "mean_average_precision" if self.multi_label else "accuracy", len(self.sources)
        told = f"{MEASURES[name].title} {self.metric(name):.3f}"
        return f"<Evaluation of {n:,} picture{'s' * (n != 1)}: {told}>"
