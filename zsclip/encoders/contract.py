"""Whether an engine keeps to the protocol: what it is when it is taken, what it gives each time.

An engine comes from anywhere. Without these checks a misspelled score function, embeddings that are
not normalized, or NaN would go on as scores that look right.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders.protocol import Encoder, ModelInfo, PixelEncoder
from zsclip.errors import EncoderError, NonFiniteError
from zsclip.wording import brief

__all__ = [
    "as_pixel_encoder",
    "non_finite",
    "require_embeddings",
    "require_encoder",
    "require_pixels",
]

MEMBERS = (
    "context_length", "count_tokens", "encode_images", "encode_texts", "model_info",
    "weights_sha256",
)  # fmt: skip
PIXEL_MEMBERS = ("encode_pixels", "prepare", "preprocessing")

TOLERANCE = 1e-2  # of a vector's length; normalizing in bf16 keeps to it, not normalizing does not


def require_encoder(encoder: object, what: str) -> Encoder:
    """The engine, once it is known to have what the protocol promises.

    Args:
        encoder: The engine.
        what: What to call it in an error, such as ``the encoder 'x' of a-distribution``.

    Raises:
        EncoderError: A member is missing, or has a value that it cannot have.
    """
    missing = [name for name in MEMBERS if not _has(encoder, name)]
    if missing:
        raise EncoderError(
            f"{what} lacks {', '.join(missing)}. It must have every member of zsclip.Encoder."
        )
    checked = cast(Encoder, encoder)
    info = checked.model_info
    if not isinstance(info, ModelInfo):
        raise _wrong(what, "model_info", "a zsclip.ModelInfo", info)
    if info.score_function not in ("softmax", "sigmoid"):
        raise _wrong(what, "score_function", "'softmax' or 'sigmoid'", info.score_function)
    if not (_is_number(info.logit_scale) and info.logit_scale > 0):
        raise _wrong(what, "logit_scale", "a positive number", info.logit_scale)
    if not _is_number(info.logit_bias):
        raise _wrong(what, "logit_bias", "a number", info.logit_bias)
    engine = as_pixel_encoder(checked)
    if engine is not None and not isinstance(engine.preprocessing, str):
        raise _wrong(what, "preprocessing", "a text", engine.preprocessing)
    return checked


def as_pixel_encoder(encoder: Encoder) -> PixelEncoder | None:
    """The engine, if it can prepare pictures apart from its model: if it has all that takes."""
    has_all = all(_has(encoder, name) for name in PIXEL_MEMBERS)
    return cast(PixelEncoder, encoder) if has_all else None


def require_pixels(pixels: object, encoder: Encoder, name: str) -> NDArray[np.uint8]:
    """What an engine made of a picture, once it is known to be what the protocol promises.

    Args:
        pixels: What the engine gave.
        encoder: The engine.
        name: The picture in a few words.

    Returns:
        uint8 (resolution, resolution, 3).

    Raises:
        EncoderError: The array has another shape or type.
    """
    info = encoder.model_info
    due = (info.input_resolution, info.input_resolution, 3)
    if not (isinstance(pixels, np.ndarray) and pixels.shape == due and pixels.dtype == np.uint8):
        got = type(pixels).__name__
        if isinstance(pixels, np.ndarray):
            got = f"{pixels.dtype} {pixels.shape}"
        raise EncoderError(
            f"The encoder of {info.name} must prepare uint8 {due}, got {got} for the picture "
            f"{name}. This is a fault of the encoder."
        )
    return pixels


def require_embeddings(
    embeddings: object, n: int, encoder: Encoder, describe: Callable[[int], str]
) -> NDArray[np.float32]:
    """An engine's embeddings, once they are known to be what the protocol promises.

    Args:
        embeddings: What the engine gave.
        n: How many are due.
        encoder: The engine.
        describe: What was embedded in a row, such as ``the text 'a fox'``.

    Returns:
        float32 (n, d), L2-normalized.

    Raises:
        NonFiniteError: A row holds NaN or infinity.
        EncoderError: The array has another shape or type, or its rows are not normalized.
    """
    info = encoder.model_info
    due = (n, info.embedding_dim)
    if not (isinstance(embeddings, np.ndarray) and embeddings.shape == due):
        got = getattr(embeddings, "shape", type(embeddings).__name__)
        raise EncoderError(
            f"The encoder of {info.name} must give an array of shape {due}, got {got}. "
            "This is a fault of the encoder."
        )
    if embeddings.dtype != np.float32:
        raise EncoderError(
            f"The encoder of {info.name} must give float32, got {embeddings.dtype}. "
            "This is a fault of the encoder."
        )
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(embeddings, axis=1)
    if not np.isfinite(lengths).all():
        raise non_finite(info, describe(int(np.isfinite(lengths).argmin())))
    if (np.abs(lengths - 1) > TOLERANCE).any():
        row = int(np.abs(lengths - 1).argmax())
        raise EncoderError(
            f"The encoder of {info.name} must give vectors of length 1, got one of length "
            f"{lengths[row]:.3g} for {describe(row)}. This is a fault of the encoder."
        )
    return embeddings


def non_finite(info: ModelInfo, what: str) -> NonFiniteError:
    """The error about NaN or infinity that a model gave for something."""
    advice = "The weights are damaged, or the device computes wrongly; try device='cpu'."
    if info.precision != "fp32":
        advice = "Try precision='fp32'; if that does not help, the weights are damaged."
    return NonFiniteError(
        f"{info.name} gave NaN or infinity for {what} on {info.device} in {info.precision}. "
        f"{advice}"
    )


def _has(encoder: object, name: str) -> bool:
    # Looked up without calling a property, which may read a large file, and then with, for
    # objects that stand in for others.
    unknown = object()
    found = inspect.getattr_static(encoder, name, unknown)
    return found is not unknown or hasattr(encoder, name)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and math.isfinite(value)


def _wrong(what: str, member: str, expected: str, got: object) -> EncoderError:
    return EncoderError(f"The `{member}` of {what} must be {expected}, got {brief(got)}.")
