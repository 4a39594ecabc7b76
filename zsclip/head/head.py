"""`Head`: what a classifier knows beside its model; from labels in words, and to scores."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import ModelInfo, TooLong, non_finite
from zsclip.errors import LabelError, ParameterError, PromptTooLongError
from zsclip.labels import (
    DEFAULT_TEMPLATES,
    Label,
    LabelSet,
    TokenCounter,
    blocks_of_prompts,
    find_too_long,
    length_that_fits,
    require_no_problems,
    texts_of,
)
from zsclip.learnt import NOTHING, Learnt
from zsclip.results import Origin, Prediction
from zsclip.scoring import (
    against_null,
    confidence_of,
    logistic,
    require_null_prompts,
    softmax,
    standard_logits,
    usual_null_prompts,
)
from zsclip.spelling import Spelled, parse_labels
from zsclip.twins import find_twins
from zsclip.values import truth
from zsclip.wording import brief

__all__ = ["Head", "Labels", "require_fitting"]

Labels: TypeAlias = Spelled | LabelSet | Iterable[str | Label] | Mapping[str, Sequence[str]]
"""A label set as `parse_labels` reads it, a `LabelSet`, names, or names with phrases for each."""


@dataclass(frozen=True, eq=False)
class Head:
    """The labels, what their names are filled into, and what a model made of that.

    A value. What relabels a classifier or learns from pictures replaces its head and nothing else;
    a saved classifier is one, and the way to its model.

    Attributes:
        labelset: The labels.
        templates: Texts with one ``{}`` each, for those labels that have no prompts of their own.
        class_matrix: The embedding of each label: float32 (labels, d), L2-normalized, read-only;
            None until a model made it.
        precision: In which precision that was.
        multi_label: Whether each label is scored by itself, and a picture may have several.
        null_prompts: What stands for "none of these", where labels are compared with it.
        null_matrix: The embedding of each of these: float32 (m, d), L2-normalized, read-only; None
            until a model made it, and where nothing is compared with it.
        learnt: What was learnt from pictures.
    """

    labelset: LabelSet
    templates: tuple[str, ...]
    class_matrix: NDArray[np.float32] | None = None
    precision: str | None = None
    multi_label: bool = False
    null_prompts: tuple[str, ...] = ()
    null_matrix: NDArray[np.float32] | None = None
    learnt: Learnt = NOTHING

    def __post_init__(self) -> None:
        for matrix in (self.class_matrix, self.null_matrix):
            if matrix is not None:
                matrix.flags.writeable = False

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickled array forgets that it is read-only; made anew, it is again.
        return Head, tuple(getattr(self, field.name) for field in fields(self))

    @classmethod
    def of(
        cls,
        labels: Labels,
        templates: Iterable[str] | None = None,
        *,
        multi_label: bool = False,
        null_prompts: Iterable[str] | None = None,
    ) -> Head:
        """The head for what a user gives.

        Raises:
            LabelError: The labels or templates cannot be classified over.
            LabelNotFoundError: `labels` is a text that asks for a part that the label set lacks.
            LabelSetNotFoundError: `labels` is a text, and no installed label set has this name.
            ParameterTypeError: `labels` or `templates` cannot be labels or templates, or
                `multi_label` is neither True nor False.
        """
        truth("multi_label", multi_label)
        own: tuple[str, ...] = ()
        if templates is not None:
            own = texts_of("templates", templates)
            if not own:
                raise LabelError(
                    "`templates` must hold at least one text such as 'a photo of a {}.', got none. "
                    "Leave it out to use those of the label set, or zsclip's own."
                )
        labelset = cls._labelset_of(labels, own)
        head = cls(labelset, labelset.templates or DEFAULT_TEMPLATES, multi_label=multi_label)
        if null_prompts is None:
            usual = usual_null_prompts(labelset, head.templates) if multi_label else ()
            return replace(head, null_prompts=usual)
        if not multi_label:
            raise ParameterError(
                "`null_prompts` has no effect where one label is chosen among all. Pass "
                "multi_label=True as well, or give them to `rejecting`."
            )
        own_nulls = require_null_prompts(labelset, head.templates, null_prompts)
        return replace(head, null_prompts=own_nulls)

    @property
    def own_null_prompts(self) -> tuple[str, ...] | None:
        """Those that were asked for, and go along to other labels; None if none were."""
        usual = usual_null_prompts(self.labelset, self.templates)
        return self.null_prompts if self.multi_label and self.null_prompts != usual else None

    def compares_with_null(self, model: ModelInfo) -> bool:
        """Whether scores are made of what stands for "none of these" as well.

        Sigmoid models bring a bias of their own, and what was standardized or learnt has another.
        """
        learnt = self.learnt
        other = learnt.standardization is not None or learnt.probe is not None
        return self.multi_label and model.score_function == "softmax" and not other

    @staticmethod
    def _labelset_of(labels: Labels, own: tuple[str, ...]) -> LabelSet:
        if isinstance(labels, Mapping):
            return LabelSet.from_mapping(labels, templates=own)
        if isinstance(labels, str | os.PathLike) or hasattr(labels, "read"):
            labels = parse_labels(cast(Spelled, labels), templates=own)
        if not isinstance(labels, LabelSet):
            labels = LabelSet.from_names(labels, templates=own)
        elif own:
            labels = labels.with_templates(own)
        if own and all(label.prompts for label in labels):
            raise LabelError(
                f"`templates` has no effect, because every label of {brief(labels.name)} has "
                "complete prompts of its own. Leave it out, or give the labels' names alone."
            )
        return labels

    def require_choice(self, score_function: str | None) -> None:
        """Raise if there is nothing to choose between.

        Args:
            score_function: That of the model; None if it is not known yet.

        Raises:
            LabelError: There is one label, and scores are a softmax.
        """
        if len(self.labelset) < 2 and score_function == "softmax" and not self.multi_label:
            raise LabelError(
                "These labels cannot be used: labels: must hold two labels or more, got one. "
                "Scores are a softmax over the labels, which is always 1 over a single one; pass "
                "multi_label=True (on the command line, --multi-label), or add what else a picture "
                'may show, such as "something else".'
            )

    def require_fitting(self, counter: TokenCounter) -> None:
        """Raise if a prompt does not fit the model's context.

        Raises:
            PromptTooLongError: A prompt is too long; the first of them, and what would be cut.
        """
        for block in blocks_of_prompts(self.labelset.labels, self.templates):
            require_fitting([prompt for group in block for prompt in group], counter)
        require_fitting(self.null_prompts, counter)

    def require_apart(self, counter: TokenCounter, too_long: TooLong = "error") -> None:
        """Raise if a model takes two labels for one, or would count a text twice.

        Args:
            counter: The model's encoder; one that tells its tokens is asked for them.
            too_long: What becomes of prompts that are too long.

        Raises:
            LabelError: It does; both texts are named.
        """
        require_no_problems(find_twins(self.labelset, self.templates, counter, too_long=too_long))

    def embedded(self, class_matrix: NDArray[np.float32], precision: str) -> Head:
        """The head with what a model made of its prompts."""
        return replace(self, class_matrix=class_matrix, precision=precision)

    def beside_null(self, null_matrix: NDArray[np.float32]) -> Head:
        """The head with what a model made of its null prompts."""
        return replace(self, null_matrix=null_matrix)

    def cosines(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Those of pictures with the labels' texts: float64 (n, labels)."""
        assert self.class_matrix is not None
        return (embeddings @ self.class_matrix.T).astype(np.float64)

    def logits(self, embeddings: NDArray[np.float32], model: ModelInfo) -> NDArray[np.float64]:
        """What scores are made of, before a temperature: float64 (n, labels).

        Args:
            embeddings: Those of the pictures: float32 (n, d), L2-normalized.
            model: The model that made them.
        """
        if (probe := self.learnt.probe) is not None:
            shares: NDArray[np.float64] = (embeddings @ probe.weights.T).astype(np.float64)
            shares += probe.bias
            return shares
        logits = self.cosines(embeddings)
        if (spread := self.learnt.standardization) is not None:
            return standard_logits(logits, spread.mean, spread.deviation)
        logits *= model.logit_scale  # in place, as of a million vectors most of the time goes here
        logits += model.logit_bias
        if self.compares_with_null(model):
            assert self.null_matrix is not None
            nulls = (embeddings @ self.null_matrix.T).astype(np.float64)
            logits = against_null(logits, model.logit_scale * nulls + model.logit_bias)
        return logits

    def scores_alone(self, model: ModelInfo) -> bool:
        """Whether each label is scored by itself, and scores do not sum up to 1.

        Those of a probe do, whatever the model's own function is.
        """
        sigmoid = model.score_function == "sigmoid" and self.learnt.probe is None
        return self.multi_label or sigmoid

    def scores(self, embeddings: NDArray[np.float32], model: ModelInfo) -> NDArray[np.float32]:
        """Scores of pictures: their cosines with the labels, by the model's scale and function.

        Args:
            embeddings: Those of the pictures: float32 (n, d), L2-normalized.
            model: The model that made them.

        Returns:
            float32 (n, labels), from 0 to 1; with softmax, each row sums up to 1.

        Raises:
            NonFiniteError: A score is NaN.
        """
        return self._scored(embeddings, model)[0]

    def judged(
        self, embeddings: NDArray[np.float32], model: ModelInfo
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Scores of pictures, and how sure one can be that each is one of the labels.

        Takes and raises what `scores` does.

        Returns:
            The scores, and the confidence that the rejection asks for: float32 (n,); None without
            one.
        """
        scores, logits = self._scored(embeddings, model)
        if (rejection := self.learnt.rejection) is None:
            return scores, None
        assert self.class_matrix is not None
        confidence = confidence_of(
            rejection,
            embeddings,
            self.class_matrix,
            scores=scores,
            logits=logits,
            scale=model.logit_scale,
        )
        return scores, confidence

    def _scored(
        self, embeddings: NDArray[np.float32], model: ModelInfo
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Scores, and the logits that they are made of, before a temperature."""
        with np.errstate(all="ignore"):  # a score may be too small for a number
            logits = tempered = self.logits(embeddings, model)
            if (calibration := self.learnt.calibration) is not None:
                tempered = logits / calibration.temperature
            if (thresholds := self.learnt.thresholds) is not None:
                tempered = logits / thresholds.temperature + thresholds.bias
            alone = self.scores_alone(model)
            scores = (logistic if alone else softmax)(tempered).astype(np.float32)
        if not np.isfinite(scores).all():
            raise non_finite(model, "the scores")
        return scores, logits

    def predictions(
        self,
        embeddings: NDArray[np.float32],
        model: ModelInfo,
        sources: Iterable[str],
        origin: Origin,
    ) -> Iterator[Prediction]:
        """The prediction of each embedding.

        Args:
            embeddings: Those of the pictures: float32 (n, d), L2-normalized.
            model: The model that made them.
            sources: What each picture is.
            origin: How the predictions come about.

        Raises:
            NonFiniteError: A score is NaN.
        """
        scores, confidence = self.judged(embeddings, model)
        labelset, learnt = self.labelset, self.learnt.for_predictions()
        for i, source in enumerate(sources):
            sure = None if confidence is None else float(confidence[i])
            yield Prediction(source, scores[i], labelset, origin, sure, learnt)


def require_fitting(prompts: Sequence[str], counter: TokenCounter) -> None:
    """Raise if a prompt does not fit the model's context.

    Raises:
        PromptTooLongError: A prompt is too long; the first of them, and what would be cut of it.
    """
    for i, n in find_too_long(prompts, counter):
        cut = prompts[i][length_that_fits(prompts[i], counter) :]
        raise PromptTooLongError(prompts[i], n, counter.context_length, cut)
