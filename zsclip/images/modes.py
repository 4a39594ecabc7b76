"""As 8-bit RGB: every mode that Pillow knows, NumPy arrays and torch tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from zsclip.forks import is_survivor, on_new_thread
from zsclip.images.levels import Levels, declared_top, deep_to_bytes, in_parts
from zsclip.images.reading import Reading
from zsclip.images.unreadable import UnreadableError

__all__ = [
    "floats_to_bytes",
    "from_array",
    "from_tensor",
    "to_rgb",
    "true_transparency",
]

# TIFF 6.0: the tags that tell what the numbers in a picture mean.
_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_WHITE_IS_ZERO, _SIGNED = 0, 2

_WITH_ALPHA = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_WITH_KEY = frozenset({"1", "L", "P", "RGB"})  # may name a color or palette entry as transparent

# What Pillow multiplies the grays of a PNG file by, by its name for their layout.
_SPREAD = {"1": 255, "L;2": 85, "L;4": 17}

_HALF_STEP = 0.5 / 255

_CHANNELS = (1, 2, 3, 4)  # gray, gray with alpha, RGB, RGBA
_SHAPES = {
    "array": "(height, width) or (height, width, channels) with 1, 2, 3 or 4 channels",
    "tensor": "(height, width) or (channels, height, width) with 1, 2, 3 or 4 channels",
}


def to_rgb(
    image: Image.Image, reading: Reading, *, transparency: object = None, bits: int | None = None
) -> Image.Image:
    """A loaded image as RGB, scaled by its true range, with transparency laid over a color.

    Args:
        image: A loaded image of any mode; it is not changed.
        reading: What shows through, and how numbers of more than 8 bits are scaled.
        transparency: What `true_transparency` said before the image was loaded.
        bits: What `declared_bits` said then.

    Returns:
        ``image`` itself if it is opaque RGB already.

    Raises:
        UnreadableError: Its numbers are outside their range; the message says which are expected.
    """
    if transparency is None:
        transparency = image.info.get("transparency")
    if image.mode == "F" or image.mode.startswith("I"):
        image = _narrow(image, transparency, reading.scale, bits)
    elif transparency != image.info.get("transparency"):
        image = image.copy()
        image.info["transparency"] = transparency
    if image.mode in _WITH_ALPHA or (image.mode in _WITH_KEY and image.has_transparency_data):
        return _flatten(image, reading.color)
    if image.mode == "RGB":
        return image
    rgb = image.convert("RGB")
    rgb.info.pop("transparency", None)  # it belongs to the mode before
    return rgb


def _flatten(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    if image.mode != "RGBA":
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(image, mask=image)
    return canvas


def true_transparency(image: Image.Image) -> object:
    """The transparent color of a picture, in the numbers that its pixels will have.

    PNG gives it in the file's own depth, and Pillow hands that on (for 1 bit until version 11),
    but spreads 1, 2 and 4 bits to 8 and cuts 16-bit RGB down to 8: no pixel would match. The depth
    is known only until the picture is loaded.

    Returns:
        What Pillow says in all other cases: None, an integer, three integers, or bytes.
    """
    transparency: object = image.info.get("transparency")
    if transparency is None or image.format != "PNG" or not isinstance(image, ImageFile.ImageFile):
        return transparency
    for tile in image.tile:
        raw = tile[3] if isinstance(tile[3], str) else tile[3][0] if tile[3] else None
        if raw in _SPREAD and isinstance(transparency, int):
            return min(transparency * _SPREAD[raw], 255)
        if raw == "RGB;16B" and isinstance(transparency, tuple):
            return tuple(value >> 8 for value in transparency)
    return transparency


# -------------------------------------------------------------------------------- wider than 8 bits


def _narrow(
    image: Image.Image, transparency: object, levels: Levels, bits: int | None
) -> Image.Image:
    """An image of 16 or 32 bits, whole or floating, as 8-bit gray (with alpha)."""
    values = np.asarray(image)
    tags: Any = getattr(image, "tag_v2", {})
    if image.mode == "F":
        narrow = floats_to_bytes(values)
    else:
        values, top = _range(values, tags)
        declared = declared_top(values, bits, tags)
        narrow = deep_to_bytes(values, top, levels, declared=declared)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:  # Pillow sees to it up to 8 bits only
        narrow = 255 - narrow
    result = Image.fromarray(narrow)
    if isinstance(transparency, int):
        result.putalpha(Image.fromarray(np.where(values == transparency, 0, 255).astype(np.uint8)))
    return result


def _range(values: NDArray[Any], tags: Any) -> tuple[NDArray[Any], int]:
    """The values of a picture of whole numbers, and the largest that they could be."""
    if not tags:
        # Mode "I" has 32 bits, but what Pillow decodes to it has 16: PNG until version 11, PGM.
        return values, 65535
    bits = int(tags.get(_BITS_PER_SAMPLE, (16,))[0])
    signed = tags.get(_SAMPLE_FORMAT, (1,))[0] == _SIGNED
    if bits == 32 and not signed:
        values = values.view(np.uint32)  # Pillow keeps the bits, in a signed type
    return values, 2 ** (bits - 1 if signed else bits) - 1


def floats_to_bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Floats in [0, 1] scaled to 0 ... 255 and rounded.

    Rounding, where torchvision cuts off, brings every byte back that was divided by 255. Half a
    step outside the range is let pass, since resizing and rounding leave such.

    Raises:
        UnreadableError: A value is NaN, infinite or further outside.

    Examples:
        >>> floats_to_bytes(np.array([0, 0.5, 1.001]))
        array([  0, 128, 255], dtype=uint8)
    """
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise UnreadableError("it holds values that are NaN or infinite.")
    if low < -_HALF_STEP or high > 1 + _HALF_STEP:
        hint = (
            "Pass the picture as it was before it was normalized"
            if low < 0
            else "Divide them by the largest that they can be, 255 for example"
        )
        raise UnreadableError(
            f"floats must lie in [0, 1], and they go from {low:g} to {high:g}. {hint}."
        )
    dtype = np.float64 if values.dtype.itemsize > 4 else np.float32
    return in_parts(values, lambda some: np.rint(np.multiply(some, 255, dtype=dtype).clip(0, 255)))


# ------------------------------------------------------------------------------ arrays and tensors


def from_array(array: NDArray[Any], levels: Levels) -> Image.Image:
    """An array of shape (height, width[, channels]) as an image of mode L, LA, RGB or RGBA.

    Args:
        array: uint8, uint16, bool, or floats in [0, 1].
        levels: How uint16 is scaled.

    Returns:
        An image that may share memory with the array.

    Raises:
        UnreadableError: Shape, dtype or values are not those of a picture, or some are masked.
    """
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise UnreadableError(
            "some of its values are masked, and zsclip does not know what to show there. Pass "
            "array.filled(...) with a value for them, or array.data to have the mask left aside."
        )
    shape = array.shape
    if array.ndim not in {2, 3} or (array.ndim == 3 and shape[2] not in _CHANNELS):
        hint = ""
        if array.ndim == 3 and shape[0] in _CHANNELS:
            hint = " If its channels come first, pass numpy.moveaxis(array, 0, -1)."
        raise _wrong_shape("array", shape, hint)
    return _build(array, levels)


def from_tensor(tensor: Any, levels: Levels) -> Image.Image:
    """A torch tensor of shape ([channels,] height, width) as an image; else like `from_array`."""
    shape = tuple(int(size) for size in tensor.shape)
    if len(shape) not in {2, 3} or (len(shape) == 3 and shape[0] not in _CHANNELS):
        hint = ""
        if len(shape) == 3 and shape[2] in _CHANNELS:
            hint = " If its channels come last, pass tensor.permute(2, 0, 1)."
        raise _wrong_shape("tensor", shape, hint)
    try:
        # a large one is converted in OpenMP's threads, which a forked child lacks
        array = on_new_thread(lambda: _to_array(tensor)) if is_survivor() else _to_array(tensor)
    except (RuntimeError, TypeError, ValueError) as error:  # sparse, quantized, on "meta", ...
        raise UnreadableError(f"the tensor cannot become an array ({error}).") from error
    return _build(np.moveaxis(array, 0, -1) if len(shape) == 3 else array, levels)


def _to_array(tensor: Any) -> NDArray[Any]:
    tensor = tensor.detach()
    if str(tensor.dtype) == "torch.bfloat16":  # a type that NumPy does not have
        tensor = tensor.float()
    array: NDArray[Any] = tensor.cpu().numpy()
    return array


def _wrong_shape(kind: str, shape: tuple[int, ...], hint: str) -> UnreadableError:
    if len(shape) == 4:
        hint = " It looks like a batch: pass its pictures one by one."
    return UnreadableError(f"the shape must be {_SHAPES[kind]}, got {shape}.{hint}")


def _build(array: NDArray[Any], levels: Levels) -> Image.Image:
    """An (height, width[, channels]) array of a shape that has been checked as an image."""
    if array.size == 0:
        raise UnreadableError("it has no pixels.")
    array = np.asarray(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    narrow = _as_bytes(array, levels)
    try:
        return Image.fromarray(narrow)
    except ValueError as error:
        raise UnreadableError(f"{error}.") from error


def _as_bytes(array: NDArray[Any], levels: Levels) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        colors = array.ndim == 3 and array.shape[2] in {2, 4} and array.shape[2] - 1
        if not colors:
            return deep_to_bytes(array, 65535, levels)
        alpha = deep_to_bytes(array[:, :, colors:], 65535, "full")
        return np.dstack([deep_to_bytes(array[:, :, :colors], 65535, levels), alpha])
    if array.dtype.kind == "f":
        return floats_to_bytes(array)
    hint = ""
    if array.dtype.kind in "iu":
        hint = ". If its values go from 0 to 255, pass array.astype('uint8')"
    raise UnreadableError(
        f"the dtype must be uint8, uint16, bool, or float with values in [0, 1], got "
        f"{array.dtype}{hint}."
    )
