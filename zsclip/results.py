"""What a classifier gives back: predictions, failures, and how they came about; frozen values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import ModelInfo
from zsclip.errors import ParameterError
from zsclip.files import whole_number
from zsclip.labels import Label, LabelSet, Provenance
from zsclip.learnt import NOTHING, Learnt
from zsclip.wording import BriefRepr, brief, in_a_row, shown, told

__all__ = ["Failure", "Origin", "Prediction", "Score"]


@dataclass(frozen=True, slots=True, repr=False)
class Score(BriefRepr):
    """One label and its score.

    Attributes:
        label: The name of the label.
        id: The id of the label in its set.
        score: Its score, from 0 to 1.
    """

    label: str
    id: str
    score: float


@dataclass(frozen=True, slots=True, repr=False)
class Origin:
    """How a prediction came about, so that it can be had again.

    Attributes:
        model: The model, with the engine that ran it, where, and in which precision.
        weights_sha256: The SHA-256 of its tensors; None if the engine does not know it.
        labelset: The name of the label set.
        provenance: Distribution, version, file and SHA-256 of every file that the label set was
            read from; empty if it was made in code.
        templates: The templates in use.
        zsclip: The version of zsclip.
        labels_precision: In which precision the labels were embedded, if that is another one than
            the model's, as it can be for a classifier that was loaded from a file; otherwise None.
        multi_label: Whether each label was scored by itself.
        null_prompts: What labels were compared with then; empty if with nothing.
        learnt: The `Learnt.id` of what the classifier had learnt from pictures; empty if nothing.
    """

    model: ModelInfo
    weights_sha256: str | None
    labelset: str
    provenance: tuple[Provenance, ...]
    templates: tuple[str, ...]
    zsclip: str
    labels_precision: str | None = None
    multi_label: bool = False
    null_prompts: tuple[str, ...] = ()
    learnt: str = ""

    @property
    def id(self) -> str:
        """A short name of it: 16 digits of the SHA-256 of `to_dict` as JSON with sorted keys."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold; as in `Prediction.to_dict`."""
        plain: dict[str, Any] = _plain(asdict(self))
        for key in ("multi_label", "null_prompts", "learnt"):
            if not plain[key]:
                del plain[key]
        return plain

    def __repr__(self) -> str:
        labels = brief(self.labelset)
        if self.provenance:
            labels += f" of {in_a_row(list(map(str, self.provenance)), ' + ')}"
        where = f"{self.model.device} in {self.model.precision}"
        if self.labels_precision:
            where += f" (labels in {self.labels_precision})"
        return f"<Origin {shown(self.model.name)} on {where}, {labels}, zsclip {self.zsclip}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Prediction:
    """The scores of one picture over all labels.

    A value: it does not change, and those of equal content are equal. A web service answers with
    its `to_dict`.

    Attributes:
        source: The picture: its path exactly as it was given, which opens the file again; its URL,
            less what is secret in it (`describe_source`); or else what it is in a few words,
            ``<PIL.Image RGB 64x64>``.
        scores: float32 (number of labels,), read-only, in the order of the label set.
        labelset: The labels.
        origin: How the scores came about.
        confidence: How sure one can be that the picture is one of the labels, in the measure of a
            classifier that rejects (`ZeroShotClassifier.rejecting`); None of any other.
        learnt: What its classifier learnt from pictures, less the large arrays.

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
    """

    source: str
    scores: NDArray[np.float32]
    labelset: LabelSet
    origin: Origin
    confidence: float | None = None
    learnt: Learnt = NOTHING

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
        """The name of the best label, or None if the picture is none of them."""
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
        order = np.argsort(-self.scores, kind="stable")[:k]
        labels = self.labelset.labels
        return [Score(labels[i].name, labels[i].id, float(self.scores[i])) for i in order]

    def to_dict(self, k: int | None = None) -> dict[str, Any]:
        r"""Everything as plain values that JSON can hold.

        The bytes of a file name that are no text, which JSON cannot hold, stand as ``\udce9`` in
        ``source``, a backslash and five characters; `source` itself keeps them.

        Args:
            k: How many labels `scores` lists, best first; all if None.
        """
        top = self.top(len(self.labelset) if k is None else k)
        return {
            "source": _plain(self.source),
            "label": self.label,
            "label_id": self.label_id,
            "score": self.score,
            "margin": self.margin,
            "scores": [asdict(score) for score in top],
            "origin": self.origin.to_dict(),
            **self._judgment(),
        }

    def _judgment(self) -> dict[str, Any]:
        """What is told of a prediction by a classifier that rejects."""
        if self.learnt.rejection is None:
            return {}
        return {
            "accepted": self.accepted,
            "answer": self.answer,
            "confidence": self.confidence,
        }

    @property
    def _best(self) -> Label:
        return self.labelset.labels[int(self.scores.argmax())]

    def __repr__(self) -> str:
        return f"<Prediction {brief(self.label)} {self.score:.3f} for {shown(self.source)}>"

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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Failure:
    """A picture that could not be classified, in the place of its prediction.

    Those about the same picture with an error of the same type and message are equal.

    Attributes:
        source: The picture, as in `Prediction`.
        error: Why.
    """

    source: str
    error: Exception

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold; as in `Prediction.to_dict`."""
        kind = type(self.error).__name__
        return {
            "source": _plain(self.source),
            "error": _plain(told(str(self.error))),
            "error_type": kind,
        }

    def __repr__(self) -> str:
        return told(f"<Failure {type(self.error).__name__}: {self.error}>")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Failure):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return self.source, type(self.error), str(self.error)


def _plain(value: Any) -> Any:
    """A value with lists for tuples, and without lone surrogates, for which UTF-8 has no bytes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
