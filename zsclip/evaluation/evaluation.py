"""`Evaluation`: how right a classifier was on pictures whose labels are known."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError
from zsclip.evaluation.comparison import Comparison, compare
from zsclip.evaluation.depths import depth_results
from zsclip.evaluation.details import class_results, mistakes, published_figures
from zsclip.evaluation.measured import Measured
from zsclip.evaluation.measures import MEASURES
from zsclip.evaluation.metrics import confusion
from zsclip.evaluation.parts import ClassResult, DepthResult, Mistake, Published
from zsclip.values import whole_number
from zsclip.wording import counted

__all__ = ["Evaluation"]


class Evaluation(Measured):
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
        return compare(self, other)

    # ---------------------------------------------------------------------------------- as text

    def to_dict(self) -> dict[str, Any]:
        """What it tells of all pictures and of each label as plain values that JSON can hold.

        Of single pictures it names those that could not be judged. ``metrics`` holds for each its
        ``value``, and ``low`` and ``high`` of its 95 % interval; what cannot be told is None.
        """
        from zsclip.evaluation.printed import as_plain

        return as_plain(self, self.hints)

    def __str__(self) -> str:
        from zsclip.evaluation.printed import as_table

        return as_table(self, self.hints)

    def _repr_html_(self) -> str:
        from zsclip.evaluation.shown import shown_evaluation

        return shown_evaluation(self, self.hints)

    def __repr__(self) -> str:
        name, n = "mean_average_precision" if self.multi_label else "accuracy", len(self.sources)
        told = f"{MEASURES[name].title} {self.metric(name):.3f}"
        return f"<Evaluation of {counted(n, 'picture')}: {told}>"
