"""What the file of a classifier is: its parts, their names, and the seal on all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.cache import FileStamp
from zsclip.encoders import ModelInfo
from zsclip.head import Head
from zsclip.saved.target import KEY

__all__ = [
    "FORMAT",
    "HEADER_LIMIT",
    "KEY",
    "LEARNT_PREFIX",
    "NULL_TENSOR",
    "TENSOR",
    "USUAL",
    "SavedClassifier",
    "sealed",
]

FORMAT = 3  # raised by a change that makes older versions of zsclip read a file wrongly
TENSOR = "class_matrix"
NULL_TENSOR = "null_matrix"
LEARNT_PREFIX = "learnt."
# Bytes: of a hundred thousand labels with three prompts each. In Python's memory it can be thirty
# times what the file has.
HEADER_LIMIT = 1 << 25

USUAL = "quickgelu"  # of models that were saved with zsclip's own engine before it knew another


@dataclass(frozen=True, slots=True, eq=False)
class SavedClassifier:
    """What a file of a classifier holds.

    Attributes:
        head: The labels, embedded.
        model: What its engine said of the model that embedded them, without device and source.
        weights_sha256: The SHA-256 of the model's tensors; None if the engine does not know it.
        reading: The `Reading.key` of the way in which pictures are read, which knows no limits.
        stamp: An exported file as it was before it was read, which holds the model as well.
    """

    head: Head
    model: ModelInfo
    weights_sha256: str | None
    reading: str
    stamp: FileStamp | None = None


def sealed(
    about: dict[str, Any],
    matrix: NDArray[np.float32],
    others: Mapping[str, NDArray[Any]] | None = None,
) -> str:
    """A description as JSON that begins with the SHA-256 of itself and of the numbers.

    There is one way to write it: of a text that is read, whatever differs from that is damage.

    Args:
        about: The description, without a checksum.
        matrix: float32, hashed row by row in little-endian order.
        others: Further arrays by their names, hashed in the same way behind names, types and
            shapes.
    """
    text = _dumps(about)
    digest = hashlib.sha256(text.encode("ascii") + matrix.astype("<f4").tobytes())
    for name, values in sorted((others or {}).items()):
        little = values.astype(values.dtype.newbyteorder("<"))
        digest.update(f"{name} {little.dtype.str} {little.shape}".encode("ascii"))
        digest.update(little.tobytes())
    return _dumps({"sha256": digest.hexdigest(), **about})


def _dumps(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))
