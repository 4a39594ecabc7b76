"""The text head: from labels as a user names them to one unit vector for each, and to scores."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import Encoder
from zsclip.encoders.contract import non_finite
from zsclip.errors import LabelError, LabelSetNotFoundError
from zsclip.labels import Label, LabelSet, parse_labels
from zsclip.labels.values import as_tuple
from zsclip.prompts import DEFAULT_TEMPLATES, Prompts, build_prompts

__all__ = ["HeadCache", "Labels", "class_matrix", "prompt_sums", "resolve_labels", "scores_of"]

CHUNK = 4096  # prompts at a time, so that a thousand labels by eighty templates stay in bounds
KEPT = 16  # class matrices; one of a thousand labels takes 2 MB

Labels: TypeAlias = str | LabelSet | Iterable[str | Label] | Mapping[str, Sequence[str]]
"""A label set as `parse_labels` reads it, a `LabelSet`, names, or names with phrases for each."""

Encode: TypeAlias = Callable[[Sequence[str]], NDArray[np.float32]]


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
        return made, made.templates
    if isinstance(labels, str):
        labels = _parse(labels, own)
    if not isinstance(labels, LabelSet):
        labels = LabelSet.from_names(labels, templates=own)
    elif own:
        labels = labels.with_templates(own)
    if own and all(label.prompts for label in labels):
        raise LabelError(
            f"`templates` has no effect, because every label of {labels.name!r} has complete "
            "prompts of its own. Leave it out, or give the labels' names alone."
        )
    return labels, labels.templates or DEFAULT_TEMPLATES


def _parse(text: str, templates: tuple[str, ...]) -> LabelSet:
    try:
        return parse_labels(text, templates=templates)
    except LabelSetNotFoundError as e:
        raise LabelSetNotFoundError(
            f"{e} To name the classes yourself, give a list: labels=['cat', 'dog']."
        ) from None


def class_matrix(prompts: Prompts, labels: int, encode: Encode) -> NDArray[np.float32]:
    """Ensemble the prompts of each label in embedding space.

    As in CLIP (Radford et al. 2021, §3.1.4): each prompt's embedding is of unit length, a label's
    is their mean, made of unit length again.

    Args:
        prompts: The prompts of all labels.
        labels: The number of labels.
        encode: Texts to float32 (n, d), L2-normalized.

    Returns:
        float32 (labels, d), L2-normalized.
    """
    total = prompt_sums(prompts, labels, encode)
    with np.errstate(invalid="ignore"):  # prompts that cancel out; the scores are checked for NaN
        unit = total / np.linalg.norm(total, axis=1, keepdims=True)
    matrix: NDArray[np.float32] = unit.astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def prompt_sums(prompts: Prompts, rows: int, encode: Encode) -> NDArray[np.float64]:
    """The sum of the embeddings of each row's prompts: float64 (rows, d)."""
    total: NDArray[np.float64] | None = None
    for start in range(0, len(prompts), CHUNK):
        part = slice(start, start + CHUNK)
        embedded = encode(prompts.texts[part])
        if total is None:
            total = np.zeros((rows, embedded.shape[1]))
        np.add.at(total, list(prompts.rows[part]), embedded)
    assert total is not None
    return total


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


class HeadCache:
    """The class matrices of one encoder, kept by label set and templates; the least used go.

    May be shared between threads, which wait for each other rather than encode twice.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[object, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self, labels: LabelSet, templates: tuple[str, ...], encode: Encode
    ) -> NDArray[np.float32]:
        """The class matrix, from memory if it is there: float32 (len(labels), d), read-only."""
        key = (labels, templates)
        with self._lock:
            if key not in self._kept:
                prompts = build_prompts(labels, templates)
                self._kept[key] = class_matrix(prompts, len(labels), encode)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]
