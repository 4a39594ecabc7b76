"""`Measured`: every metric of an evaluation, by its name and with its interval."""

from __future__ import annotations

from zsclip.errors import NotLearntError, ParameterError, ParameterTypeError
from zsclip.evaluation.judgments import Judgments
from zsclip.evaluation.measures import measure_of, names_of
from zsclip.evaluation.statistic import Statistic, bootstrap
from zsclip.values import whole_number
from zsclip.wording import brief

__all__ = ["Measured"]


class Measured(Judgments):
    """The metrics of judgments."""

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
        """The part of the accepted pictures whose best label is not the true one; NaN of none.

        Of pictures of labels alone: those of none of them are in `unknown`, and count here neither.
        """
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
