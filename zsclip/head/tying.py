"""What is learnt with a head and a model is tied to."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from zsclip.encoders import ModelInfo
from zsclip.head.head import Head
from zsclip.learnt import Tie

__all__ = ["tie_of"]


def tie_of(head: Head, model: ModelInfo, weights_sha256: str | None, reading: str) -> Tie:
    """What is learnt with a head and a model is tied to.

    Args:
        head: The labels and what they are compared with.
        model: What the engine says of the model.
        weights_sha256: The SHA-256 of its tensors; None if the engine does not know it.
        reading: The `Reading.key` of how pictures are read.
    """
    labelset = head.labelset
    labels = [[label.id, label.name, label.aliases, label.prompts] for label in labelset]
    scores: str = "several labels" if head.multi_label else model.score_function
    if head.multi_label and head.null_prompts:
        scores += f" beside {len(head.null_prompts)} null prompts, "
        scores += _digest(list(head.null_prompts))
    name = model.name
    if weights_sha256 is None:  # `from_clip` calls all models the same, at the same scale
        name += f", {model.embedding_dim} wide, {model.input_resolution} px"
        name += f", {model.parameters:,} parameters"
        # to three digits, which half precision leaves
        scores += f" at {model.logit_scale:.3g} {model.logit_bias:+.3g}"
    return Tie(
        model=name,
        engine=" ".join(filter(None, (model.encoder, model.activation, model.recipe))),
        weights_sha256=weights_sha256,
        labels=f"{labelset.name}, {len(labelset)} labels, {_digest(labels)}",
        templates=f"{len(head.templates)}, {_digest(list(head.templates))}",
        precision=model.precision,
        labels_precision=head.precision or model.precision,
        reading=" ".join(part for part in reading.split(" ") if "reduced=" not in part),
        scores=scores,
    )


def _digest(value: list[Any]) -> str:
    return hashlib.sha256(json.dumps(value).encode("ascii")).hexdigest()[:16]
