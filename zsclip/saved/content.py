"""What the file of a classifier holds, as values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import Encoder
from zsclip.encoders.registry import NATIVE
from zsclip.labels import LabelSet
from zsclip.weights import MODELS

__all__ = ["FORMAT", "KEY", "TENSOR", "ModelFacts", "SavedClassifier", "matrix_sha256"]

FORMAT = 1  # raised by a change that makes older versions of zsclip read a file wrongly
KEY = "zsclip_classifier"  # of the metadata; the only one, because safetensors keeps no order
TENSOR = "class_matrix"


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The model that class embeddings were made with, as far as it can be told from another.

    Attributes:
        name: Its name.
        path: The file of its weights, if they are not the published ones of this name.
        weights_sha256: The SHA-256 of its weights; None if the engine does not know it.
        encoder: The name of the engine.
        precision: In which precision the labels were embedded.
        embedding_dim: The width of the embeddings.
        parameters: The number of parameters, 0 if the engine does not count them.
        input_resolution: The side of its pictures in pixels.
        logit_scale: What cosines are multiplied by.
        logit_bias: What is added to them then.
        activation: ``"softmax"`` or ``"sigmoid"``.
    """

    name: str
    path: str | None
    weights_sha256: str | None
    encoder: str
    precision: str
    embedding_dim: int
    parameters: int
    input_resolution: int
    logit_scale: float
    logit_bias: float
    activation: str

    @classmethod
    def of(cls, encoder: Encoder, precision: str | None = None) -> ModelFacts:
        """What an engine says of its model; a checkpoint given by its path is read for its hash.

        Args:
            encoder: The engine.
            precision: That of the class embeddings, if it is not the engine's.
        """
        info, sha256 = encoder.model_info, encoder.weights_sha256
        published = any((spec.name, spec.sha256) == (info.name, sha256) for spec in MODELS)
        own_file = info.encoder == NATIVE and not published
        return cls(
            name=info.name,
            path=str(Path(info.source).absolute()) if own_file else None,
            weights_sha256=sha256,
            encoder=info.encoder,
            precision=precision or info.precision,
            embedding_dim=int(info.embedding_dim),
            parameters=int(info.parameters),
            input_resolution=int(info.input_resolution),
            logit_scale=float(encoder.logit_scale),
            logit_bias=float(encoder.logit_bias),
            activation=encoder.activation,
        )


@dataclass(frozen=True, slots=True, eq=False)
class SavedClassifier:
    """What a file of a classifier holds.

    Attributes:
        labels: The label set.
        templates: The templates that its prompts were made with.
        class_matrix: The embeddings of the labels: float32 (len(labels), d), L2-normalized.
        model: The model that made them.
    """

    labels: LabelSet
    templates: tuple[str, ...]
    class_matrix: NDArray[np.float32]
    model: ModelFacts


def matrix_sha256(matrix: NDArray[np.float32]) -> str:
    """The SHA-256 of the numbers, row by row, in little-endian float32."""
    return hashlib.sha256(matrix.astype("<f4").tobytes()).hexdigest()
