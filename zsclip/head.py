"""The ends of a classification: from labels as a user names them, and to scores."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import Encoder
from zsclip.encoders.contract import non_finite
from zsclip.errors import LabelError, PromptTooLongError
from zsclip.labels import (
    DEFAULT_TEMPLATES,
    Label,
    LabelSet,
    Spelled,
    TokenCounter,
    as_tuple,
    find_too_long,
    parse_labels,
)

__all__ = ["Labels", "check_lengths", "resolve_labels", "scores_of"]

Labels: TypeAlias = Spelled | LabelSet | Iterable[str | Label] | Mapping[str, Sequence[str]]
"""A label set as `parse_labels` reads it, a `LabelSet`, names, or names with phrases for each."""


def resolve_labels(
    labels: Labels, templates: Iterable[str] | None
) -> tuple[LabelSet, tuple[str, ...]]:
    """The label set that `labels` stands for, and the templates that go with it.

    Raises:
        LabelError: The labels or templates cannot be classified over.
        LabelNotFoundError: `labels` is a text that asks for a part that the label set lacks.
        LabelSetNotFoundError: `labels` is a text, and no installed label set has this name.
        ParameterTypeError: `labels` or `templates` is nothing that could be labels or templates.
    """
    own: tuple[str, ...] = ()
    if templates is not None:
        own = as_tuple("templates", templates)
        if not own:
            raise LabelError(
                "`templates` must hold at least one text such as 'a photo of a {}.', got none. "
                "Leave it out to use those of the label set, or zsclip's own."
            )
    if isinstance(labels, Mapping):
        made = LabelSet.from_mapping(labels, templates=own)
        _require_two(made)
        return made, made.templates
    if isinstance(labels, str | os.PathLike) or hasattr(labels, "read"):
        labels = parse_labels(cast(Spelled, labels), templates=own)
    if not isinstance(labels, LabelSet):
        labels = LabelSet.from_names(labels, templates=own)
    elif own:
        labels = labels.with_templates(own)
    _require_two(labels)
    if own and all(label.prompts for label in labels):
        raise LabelError(
            f"`templates` has no effect, because every label of {labels.name!r} has complete "
            "prompts of its own. Leave it out, or give the labels' names alone."
        )
    return labels, labels.templates or DEFAULT_TEMPLATES


def _require_two(labels: LabelSet) -> None:
    if len(labels) < 2:
        raise LabelError(
            "These labels cannot be used: labels: must hold two labels or more, got one. Scores "
            "are a softmax over the labels, which is always 1 over a single one; add what else a "
            'picture may show, such as "something else".'
        )


def check_lengths(prompts: Sequence[str], counter: TokenCounter) -> None:
    """Raise if a prompt does not fit the model's context.

    Raises:
        PromptTooLongError: A prompt is too long; the first of them, and what would be cut of it.
    """
    for i, n in find_too_long(prompts, counter):
        cut = prompts[i][_fitting(prompts[i], counter) :]
        raise PromptTooLongError(prompts[i], n, counter.context_length, cut)


def _fitting(text: str, counter: TokenCounter) -> int:
    """How many characters of a text that is too long fit, by bisection."""
    fits, over = 0, len(text)
    while over - fits > 1:
        middle = (fits + over) // 2
        [n] = counter.count_tokens([text[:middle]])
        if n <= counter.context_length:
            fits = middle
        else:
            over = middle
    return fits


def scores_of(cosines: NDArray[np.float32], encoder: Encoder) -> NDArray[np.float32]:
    """Scores of cosines, by the model's own scale, bias and activation.

    Args:
        cosines: float32 (n, labels).
        encoder: The model.

    Returns:
        float32 (n, labels), from 0 to 1; with softmax, each row sums up to 1.

    Raises:
        NonFiniteError: A score is NaN.
    """
    logits = encoder.logit_scale * cosines.astype(np.float64) + encoder.logit_bias
    if encoder.activation == "softmax":
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores = powers / powers.sum(axis=1, keepdims=True)
    else:
        scores = np.exp(-np.logaddexp(0, -logits))  # the logistic function, without overflow
    if not np.isfinite(scores).all():
        raise non_finite(encoder.model_info, "the scores")
    rounded: NDArray[np.float32] = scores.astype(np.float32)
    return rounded
