"""Scores out of cosines, and how sure they are: arithmetic over arrays, without a model.

What scores are made of for every picture, what fitting makes of many, and what stands for none of
the labels.
"""

from __future__ import annotations

from zsclip.scoring.arithmetic import (
    Z_EVEN,
    Z_SLOPE,
    against_null,
    aps,
    lac,
    logistic,
    part_left_out,
    softmax,
    standard_logits,
)
from zsclip.scoring.confidence import confidence_of
from zsclip.scoring.nulls import require_null_prompts, usual_null_prompts

__all__ = [
    "Z_EVEN",
    "Z_SLOPE",
    "against_null",
    "aps",
    "confidence_of",
    "lac",
    "logistic",
    "part_left_out",
    "require_null_prompts",
    "softmax",
    "standard_logits",
    "usual_null_prompts",
]
