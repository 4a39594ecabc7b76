"""What an exported file says of itself, in its metadata."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import asdict
from typing import Any

from zsclip.clip import Preprocessing
from zsclip.encoders.onnx_about import ABOUT, FORMAT
from zsclip.saved import SavedClassifier
from zsclip.saved.exported import CLASSIFIER
from zsclip.version import __version__

__all__ = ["ABOUT", "CLASSIFIER", "FORMAT", "LABELS", "metadata_of"]

LABELS = "zsclip.labels"
"""The key of the metadata under which the names stand, as a JSON list; the others are theirs who
read them."""


def metadata_of(
    saved: SavedClassifier,
    data: bytes,
    *,
    precision: str,
    square: Preprocessing | None,
    with_resize: bool,
) -> dict[str, str]:
    """The metadata of a file.

    Args:
        saved: The classifier.
        data: What `save` writes of it.
        precision: What the file computes in.
        square: How pictures become square; None where it is none of CLIP's two ways.
        with_resize: Whether the file makes them square itself.
    """
    head, model = saved.head, saved.model
    learnt, labelset = head.learnt, head.labelset
    calibration, rejection = learnt.calibration, learnt.rejection
    thresholds = learnt.thresholds
    about = {
        "format": FORMAT,
        "zsclip": __version__,
        "precision": precision,
        "with_resize": with_resize,
        "preprocessing": preprocessing_in_words(square, model.input_resolution),
        "square": square and {"resize": square.resize, "interpolation": square.interpolation},
        "model": {
            "name": model.name,
            "encoder": model.encoder,
            "weights_sha256": saved.weights_sha256,
            "parameters": model.parameters,
            "input_resolution": model.input_resolution,
            "context_length": model.context_length,
            "vocab_size": model.vocab_size,
            "embedding_dim": model.embedding_dim,
            "logit_scale": model.logit_scale,
            "logit_bias": model.logit_bias,
            "score_function": model.score_function,
            "activation": model.activation,
            "recipe": model.recipe,
        },
        "scores": "each label by itself" if head.scores_alone(model) else "softmax",
        "multi_label": head.multi_label,
        "null_prompts": list(head.null_prompts),
        "learnt": list(learnt.parts()),
        "temperature": calibration and calibration.temperature,
        "thresholds": thresholds
        and [float(value) if math.isfinite(value) else None for value in thresholds.values],
        "rejection": rejection and {"method": rejection.method, "threshold": rejection.threshold},
        "templates": list(head.templates),
        "labelset": labelset.name,
        "license": labelset.license,
        "source": labelset.source,
        "citation": labelset.citation,
        "provenance": [asdict(origin) for origin in labelset.provenance],
    }
    return {
        LABELS: _json(list(labelset.names)),
        ABOUT: _json(about),
        CLASSIFIER: base64.b64encode(data).decode("ascii"),
    }


def preprocessing_in_words(square: Preprocessing | None, side: int) -> str:
    """How a picture becomes the pixels that the file takes, for those who have to make them."""
    if square is None:
        return f"An upright RGB picture, made {side} x {side} in the model's own way."
    size = f"{side} x {side}"
    by = f"by Pillow's {square.interpolation} filter"
    if square.resize == "squash":
        return f"An upright RGB picture, resized to {size} {by}, whatever its shape."
    return (
        f"An upright RGB picture, resized {by} so that its short side is {side}, the long one "
        f"truncated to whole pixels; then the middle {size}, whose corner is rounded half to even."
    )


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
