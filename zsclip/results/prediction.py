"""`Prediction`: what a classifier gives back of one picture."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import LabelError, ParameterError
from zsclip.labels import Label, LabelSet
from zsclip.learnt import NOTHING, Learnt
from zsclip.results.origin import Origin
from zsclip.results.plain import plain_json
from zsclip.results.ranks import NodeScore, best_of_depths, deepest_sure, sum_below
from zsclip.results.said import labels_above
from zsclip.results.score import Score
from zsclip.results.sets import labels_in_set
from zsclip.values import whole_number
from zsclip.wording import brief, shown

__all__ = ["Prediction"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Prediction:
    """The scores of one picture over all labels.

    A value: it does not change, and those of equal content are equal. ``prediction["frog"]`` is the
    score of a label, a web service answers with `to_dict`, and in a notebook it shows itself.

    Attributes:
        source: The picture: its path exactly as it was given, which opens the file again; its URL,
            less what is secret in it (`describe_source`); or else what it is in a few words,
            ``<PIL.Image RGB 64x64>``, or the name that it was given.
        scores: float32 (number of labels,), read-only, in the order of the label set.
        labelset: The labels.
        origin: How the scores came about.
        confidence: How sure one can be that the picture is one of the labels, in the measure of a
            classifier that rejects (`ZeroShotClassifier.rejecting`); None of any other.
        learnt: What its classifier learnt from pictures, less the large arrays.
        named: Whether `source` is a name that the picture was given, which leads to no file.

    Raises:
        ParameterError: `scores` does not hold one number for each label.

    Examples:
        >>> from zsclip import ZeroShotClassifier
        >>> from zsclip.demo import load_drawings
        >>> drawings = {drawing.animal: drawing.data for drawing in load_drawings()}
        >>> clf = ZeroShotClassifier(["fish", "octopus"], model="tiny-cartoon")
        >>> prediction = clf.classify(drawings["octopus"])
        >>> prediction
        <Prediction 'octopus' ... for <bytes, 3.4 kB>>
        >>> [score.label for score in prediction.top(2)]
        ['octopus', 'fish']
        >>> prediction["Octopus"] == prediction.score
        True
    """

    source: str
    scores: NDArray[np.float32]
    labelset: LabelSet
    origin: Origin
    confidence: float | None = None
    learnt: Learnt = NOTHING
    named: bool = False
    __iter__: ClassVar[None] = None  # or Python would take it for a sequence, for its __getitem__

    def __post_init__(self) -> None:
        scores = np.array(self.scores, np.float32)
        if scores.shape != (len(self.labelset),):
            raise ParameterError(
                f"`scores` must hold one number for each of the {len(self.labelset)} labels, got "
                f"an array of shape {scores.shape}."
            )
        scores.flags.writeable = False
        object.__setattr__(self, "scores", scores)

    @property
    def label(self) -> str:
        """The name of the label with the highest score; of equal ones, the first in the set."""
        return self._best.name

    @property
    def label_id(self) -> str:
        """The id of the label with the highest score."""
        return self._best.id

    @property
    def score(self) -> float:
        """The highest score."""
        return float(self.scores.max())

    @property
    def accepted(self) -> bool:
        """Whether the picture is taken for one of the labels; always, if nothing is rejected."""
        rejection = self.learnt.rejection
        if rejection is None:
            return True
        return self.confidence is not None and self.confidence >= rejection.threshold

    @property
    def answer(self) -> str | None:
        """The name of the best label, or None if the picture is none of them.

        Of several labels at once it is the likeliest still; `above` gives those that are said.
        """
        return self.label if self.accepted else None

    @property
    def margin(self) -> float:
        """The highest score less the second highest; of a single label, its score."""
        if len(self.scores) < 2:
            return self.score
        second, first = np.partition(self.scores, -2)[-2:]
        return float(first) - float(second)

    def top(self, k: int = 5) -> list[Score]:
        """The `k` labels with the highest scores, best first; all of them if there are fewer.

        Labels of equal score come in the order of the set.

        Raises:
            ParameterError: `k` is not positive.
            ParameterTypeError: `k` is no whole number.
        """
        k = whole_number("k", k)
        return self._scored(self._order()[:k])

    def __getitem__(self, label: str) -> float:
        """The score of a label.

        Args:
            label: Its id, or else its name, or else an alias, in whatever case.

        Raises:
            LabelNotFoundError: There is no such label; near ones are suggested. A group is none:
                `at` gives the sum of its labels.
            LabelError: Groups are nested more than a hundred deep.
            ParameterTypeError: `label` is no text; by positions there are `scores`.
        """
        return float(self.scores[self.labelset.tree.label(label)])

    def as_dict(self) -> dict[str, float]:
        """The score of each label by its name, in the order of the set."""
        return dict(zip(self.labelset.names, self.scores.tolist(), strict=True))

    def at(self, node: str) -> float:
        """How much the labels at and below a group, or a wider label, have together.

        Args:
            node: Its id, or else its name, or else an alias.

        Returns:
            The sum of their scores, from 0 to 1.

        Raises:
            LabelNotFoundError: There is no such group or label.
            LabelError: Several are called so; or scores are of each label by itself, as with
                `multi_label=True`, where sums mean nothing.
        """
        return sum_below(self._shares(), self.labelset.tree.node(node).labels)

    def ranks(self) -> list[NodeScore]:
        """The best group or label of each depth, from the top down.

        At each depth labels are counted together that lie below one node of this depth; one that
        lies higher counts by itself there, so that the scores of a depth sum up to 1. Depths are
        judged apart: the best label need not lie below the best group. `deepest` gives an answer
        that its groups agree with.

        Raises:
            LabelError: As for `at`.
        """
        return best_of_depths(self._shares(), self.labelset.tree)

    def deepest(self, threshold: float = 0.8) -> NodeScore | None:
        """The most specific group or label that is sure enough, such as "a bird of some kind".

        Args:
            threshold: The sum of scores to reach, above 0 and at most 1. Above 0.5, whatever
                reaches it lies on one way from the top down; of several at one depth below that
                the best is taken.

        Returns:
            Its name, id, depth and sum; None if not even a node at the top is sure enough.

        Raises:
            LabelError: As for `at`.
            ParameterError: `threshold` is no such number.
        """
        return deepest_sure(self._shares(), self.labelset.tree, threshold)

    def _shares(self) -> list[float]:
        """The scores, of which sums mean something."""
        together = self.learnt.probe or self.origin.model.score_function == "softmax"
        if self.origin.multi_label or not together:
            raise LabelError(
                "Scores of groups are sums, which mean nothing where each label is scored by "
                "itself. Give a label for the group, or look at the highest score below it."
            )
        shares: list[float] = self.scores.tolist()
        return shares

    def prediction_set(self, coverage: float = 0.9, *, method: str = "lac") -> list[Score]:
        """The fewest labels that hold the truth as often as is wanted, by split conformal sets.

        Of pictures that could have been those that the classifier was calibrated on, `coverage` is
        the part whose set holds the truth, over all of them and not for each label (Angelopoulos &
        Bates 2021). Every set holds the best label, so that where it alone is right more often than
        `coverage`, sets of one label hold the truth more often than was asked for, and nothing
        smaller is left. Where there were too few pictures, the set is every label.

        Args:
            coverage: The part of pictures whose set is to hold the truth, between 0 and 1.
            method: ``"lac"``, whose sets are smallest on average (§1), or ``"aps"``, whose sets are
                more evenly right over easy and hard pictures, and larger (§2.1; with the random
                part of Romano, Sesia & Candès 2020, §2, made of the scores: `part_left_out`). In
                both the best label is not strange at all, which is ours.

        Returns:
            Best first, with scores as `top` has them.

        Warns:
            CalibrationWarning: The classifier was calibrated on too few pictures for this coverage,
                and the set is every label; `Calibration.pictures_needed` tells how many it takes.

        Raises:
            NotLearntError: The classifier was not calibrated.
            ParameterError: `coverage` is not between 0 and 1, `method` is another, or each label is
                scored by itself and a picture may have several.
            ParameterTypeError: `coverage` is no number.
        """
        several = self.origin.multi_label
        return self.top(labels_in_set(self.scores, self.learnt, coverage, method, several=several))

    def above(self, threshold: float | None = None) -> list[Score]:
        """The labels whose score is at least a threshold, best first; possibly none.

        What is said of a picture where several labels may hold at once (`multi_label=True`), each
        with a probability of its own. Where one label is chosen among all, scores are shares of
        one, of which no more than one is above 0.5.

        Args:
            threshold: From 0 to 1; None for those that were fitted, of each label its own.

        Raises:
            NotLearntError: `threshold` is None, and none were fitted.
            ParameterError: `threshold` is not from 0 to 1.
            ParameterTypeError: `threshold` is no number.
        """
        said, order = labels_above(self.scores, self.learnt, threshold), self._order()
        return self._scored(order[said[order]])

    def _order(self) -> NDArray[np.intp]:
        """The positions of the labels, best first; of equal scores in the order of the set."""
        return np.argsort(-self.scores, kind="stable")

    def _scored(self, order: NDArray[np.intp]) -> list[Score]:
        labels, scores = self.labelset.labels, self.scores[order].tolist()
        return [
            Score(labels[i].name, labels[i].id, score)
            for i, score in zip(order.tolist(), scores, strict=True)
        ]

    def to_dict(self, k: int | None = None) -> dict[str, Any]:
        r"""Everything as Python's own plain values, which any JSON encoder takes as they are.

        What a handler of FastAPI or another web framework may return: text, numbers, True and
        False, None, lists and dicts, never NaN. The bytes of a file name that are no text, which
        JSON cannot hold, stand as ``\udce9`` in ``source``, a backslash and five characters;
        `source` itself keeps them.

        Args:
            k: How many labels `scores` lists, best first; all if None.
        """
        top = self.top(len(self.labelset) if k is None else k)
        told: dict[str, Any] = {
            "source": self.source,
            "label": self.label,
            "label_id": self.label_id,
            "score": self.score,
            "margin": self.margin,
            "scores": [{"label": s.label, "id": s.id, "score": s.score} for s in top],
            **self._judgment(),
        }
        return {**plain_json(told), "origin": self.origin.to_dict()}

    def _judgment(self) -> dict[str, Any]:
        """What is told of a prediction by a classifier that rejects, or fitted thresholds."""
        told: dict[str, Any] = {}
        if self.learnt.thresholds is not None:
            told["above"] = [score.id for score in self.above()]
        if self.learnt.rejection is not None:
            told["accepted"] = self.accepted
            told["answer"] = self.answer
            told["confidence"] = self.confidence
        return told

    @property
    def _best(self) -> Label:
        return self.labelset.labels[int(self.scores.argmax())]

    def __repr__(self) -> str:
        return f"<Prediction {brief(self.label)} {self.score:.3f} for {shown(self.source)}>"

    def _repr_html_(self) -> str:
        from zsclip.results.shown import shown_prediction

        return shown_prediction(self)

    def __reduce__(self) -> tuple[type[Prediction], tuple[object, ...]]:
        # A pickled array forgets that it is read-only; made anew, it is again.
        return type(self), self._parts()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prediction):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _parts(self) -> tuple[object, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))

    def _key(self) -> tuple[object, ...]:
        return self.scores.tobytes(), *(part for part in self._parts() if part is not self.scores)
