"""`Head`: what a classifier knows beside its model; from labels in words, and to scores."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import ModelInfo, TooLong, non_finite
from zsclip.errors import LabelError, PromptTooLongError
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
from zsclip.spelling import Spelled, parse_labels
from zsclip.twins import find_twins
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
    """

    labelset: LabelSet
    templates: tuple[str, ...]
    class_matrix: NDArray[np.float32] | None = None
    precision: str | None = None

    def __post_init__(self) -> None:
        if self.class_matrix is not None:
            self.class_matrix.flags.writeable = False

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickled array forgets that it is read-only; made anew, it is again.
        return Head, (self.labelset, self.templates, self.class_matrix, self.precision)

    @classmethod
    def of(cls, labels: Labels, templates: Iterable[str] | None = None) -> Head:
        """The head for what a user gives.

        Raises:
            LabelError: The labels or templates cannot be classified over.
            LabelNotFoundError: `labels` is a text that asks for a part that the label set lacks.
            LabelSetNotFoundError: `labels` is a text, and no installed label set has this name.
            ParameterTypeError: `labels` or `templates` is nothing that could be labels or
                templates.
        """
        own: tuple[str, ...] = ()
        if templates is not None:
            own = texts_of("templates", templates)
            if not own:
                raise LabelError(
                    "`templates` must hold at least one text such as 'a photo of a {}.', got none. "
                    "Leave it out to use those of the label set, or zsclip's own."
                )
        if isinstance(labels, Mapping):
            made = LabelSet.from_mapping(labels, templates=own)
            return cls(made, made.templates)
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
        return cls(labels, labels.templates or DEFAULT_TEMPLATES)

    def require_choice(self, score_function: str | None) -> None:
        """Raise if there is nothing to choose between.

        Args:
            score_function: That of the model; None if it is not known yet.

        Raises:
            LabelError: There is one label, and scores are a softmax.
        """
        if len(self.labelset) < 2 and score_function == "softmax":
            raise LabelError(
                "These labels cannot be used: labels: must hold two labels or more, got one. "
                "Scores are a softmax over the labels, which is always 1 over a single one; add "
                'what else a picture may show, such as "something else".'
            )

    def require_fitting(self, counter: TokenCounter) -> None:
        """Raise if a prompt does not fit the model's context.

        Raises:
            PromptTooLongError: A prompt is too long; the first of them, and what would be cut.
        """
        for block in blocks_of_prompts(self.labelset.labels, self.templates):
            require_fitting([prompt for group in block for prompt in group], counter)

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
        assert self.class_matrix is not None
        with np.errstate(all="ignore"):  # a score may be too small for a number
            cosines = embeddings @ self.class_matrix.T
            logits = model.logit_scale * cosines.astype(np.float64) + model.logit_bias
            if model.score_function == "softmax":
                powers = np.exp(logits - logits.max(axis=1, keepdims=True))
                scores = powers / powers.sum(axis=1, keepdims=True)
            else:
                scores = np.exp(-np.logaddexp(0, -logits))  # the logistic, without overflow
            rounded: NDArray[np.float32] = scores.astype(np.float32)
        if not np.isfinite(rounded).all():
            raise non_finite(model, "the scores")
        return rounded


def require_fitting(prompts: Sequence[str], counter: TokenCounter) -> None:
    """Raise if a prompt does not fit the model's context.

    Raises:
        PromptTooLongError: A prompt is too long; the first of them, and what would be cut of it.
    """
    for i, n in find_too_long(prompts, counter):
        cut = prompts[i][length_that_fits(prompts[i], counter) :]
        raise PromptTooLongError(prompts[i], n, counter.context_length, cut)
