"""NumPy arrays and torch tensors as PIL images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from zsclip.errors import ImageError
from zsclip.images.modes import floats_to_bytes, integers_to_bytes

__all__ = ["from_array", "from_tensor"]

_CHANNELS = (1, 2, 3, 4)  # gray, gray with alpha, RGB, RGBA
_SHAPES = {
    "array": "(height, width) or (height, width, channels) with 1, 2, 3 or 4 channels",
    "tensor": "(height, width) or (channels, height, width) with 1, 2, 3 or 4 channels",
}


def from_array(array: NDArray[Any], source: str) -> Image.Image:
    """An array of shape (height, width[, channels]) as an image of mode L, LA, RGB or RGBA.

    Args:
        array: uint8, uint16 (scaled from 0 ... 65535), bool, or floats in [0, 1].
        source: What it is, in a few words, for errors.

    Returns:
        An image that may share memory with the array.

    Raises:
        ImageError: Shape, dtype or values are not those of a picture.
    """
    shape = array.shape
    if array.ndim not in {2, 3} or (array.ndim == 3 and shape[2] not in _CHANNELS):
        hint = ""
        if array.ndim == 3 and shape[0] in _CHANNELS:
            hint = " If its channels come first, pass numpy.moveaxis(array, 0, -1)."
        raise _wrong_shape("array", shape, source, hint)
    return _build(array, source)


def from_tensor(tensor: Any, source: str) -> Image.Image:
    """A torch tensor of shape ([channels,] height, width) as an image; else like `from_array`."""
    shape = tuple(int(size) for size in tensor.shape)
    if len(shape) not in {2, 3} or (len(shape) == 3 and shape[0] not in _CHANNELS):
        hint = ""
        if len(shape) == 3 and shape[2] in _CHANNELS:
            hint = " If its channels come last, pass tensor.permute(2, 0, 1)."
        raise _wrong_shape("tensor", shape, source, hint)
    try:
        tensor = tensor.detach()
        if str(tensor.dtype) == "torch.bfloat16":  # a type that NumPy does not have
            tensor = tensor.float()
        array = tensor.cpu().numpy()
    except (RuntimeError, TypeError, ValueError) as error:  # sparse, quantized, on "meta", ...
        raise ImageError(source, f"the tensor cannot become an array ({error}).") from error
    return _build(np.moveaxis(array, 0, -1) if len(shape) == 3 else array, source)


def _wrong_shape(kind: str, shape: tuple[int, ...], source: str, hint: str) -> ImageError:
    if len(shape) == 4:
        hint = " It looks like a batch: pass its pictures one by one."
    return ImageError(source, f"the shape must be {_SHAPES[kind]}, got {shape}.{hint}")


def _build(array: NDArray[Any], source: str) -> Image.Image:
    """An (height, width[, channels]) array of a shape that has been checked as an image."""
    if array.size == 0:
        raise ImageError(source, "it has no pixels.")
    array = np.asarray(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    try:
        return Image.fromarray(_as_bytes(array))
    except ValueError as error:
        raise ImageError(source, f"{error}.") from error


def _as_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return integers_to_bytes(array, 65535)
    if array.dtype.kind == "f":
        return floats_to_bytes(array)
    hint = ""
    if array.dtype.kind in "iu":
        hint = ". If its values go from 0 to 255, pass array.astype('uint8')"
    raise ValueError(
        f"the dtype must be uint8, uint16, bool, or float with values in [0, 1], got "
        f"{array.dtype}{hint}"
    )
