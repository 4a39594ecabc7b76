"""Evaluations without a model: of scores and truth as they are said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zsclip import Evaluation, LabelSet, ModelInfo, Origin
from zsclip.evaluation import indices_of

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def made(
    scores: Any,
    truth: Sequence[Any],
    labels: str | LabelSet = LETTERS,
    *,
    templates: tuple[str, ...] = ("a {}.",),
    model: str = "colors",
    sources: Sequence[str] | None = None,
    **parts: Any,
) -> Evaluation:
    """An evaluation of scores (n, labels), or of best labels (n,) by their positions."""
    rows = np.asarray(scores, np.float32)
    if rows.ndim == 1:
        n = len(labels)
        rows = np.full((len(scores), n), 0.1 / (n - 1), np.float32)
        rows[np.arange(len(scores)), np.asarray(scores)] = 0.9
    if not isinstance(labels, LabelSet):
        labels = LabelSet.from_names(list(labels[: rows.shape[1]]))
    info = ModelInfo(
        name=model,
        encoder="fake",
        parameters=24,
        input_resolution=1,
        context_length=77,
        vocab_size=4,
        embedding_dim=8,
        logit_scale=20.0,
        logit_bias=0.0,
        score_function="softmax",
        device="cpu",
        precision="fp32",
        source="tests",
    )
    origin = Origin(info, None, labels.name, labels.provenance, templates, "0")
    named = tuple(f"{i}.png" for i in range(len(rows))) if sources is None else tuple(sources)
    return Evaluation(labels, origin, named, indices_of(labels, truth).indices, rows, **parts)
