"""Whole numbers of more than eight bits as bytes: which of them is black, and which is white.

Microscopes, satellites and cameras of 12 bits store little numbers in large types. A file may say
how large they can be; where none does, the range of the type counts, and a picture of which that
leaves next to nothing is warned of.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from zsclip.errors import LevelsWarning
from zsclip.images.remarks import remark
from zsclip.images.unreadable import UnreadableError

__all__ = [
    "FEWEST",
    "Levels",
    "declared_bits",
    "declared_top",
    "deep_to_bytes",
    "in_parts",
    "integers_to_bytes",
    "spread",
]

Levels: TypeAlias = str | tuple[float, float]
"""``"auto"``, ``"full"``, ``"stretch"``, or what is black and what is white."""

FEWEST = 32  # of 256 levels; what keeps fewer is warned of
TAILS = 0.001  # the share of pixels at either end that stretching and counting leave aside


def deep_to_bytes(
    values: NDArray[Any], top: int, levels: Levels, *, declared: int | None = None
) -> NDArray[np.uint8]:
    """Whole numbers of more than eight bits, scaled to 0 ... 255.

    Args:
        values: The colors of a picture, without its alpha.
        top: The largest that they could be by their type.
        levels: How; see `zsclip.images.Reading`.
        declared: The largest that they could be by what the file says of itself.

    Raises:
        UnreadableError: A value is outside the range; not where levels are stretched or given.
    """
    if isinstance(levels, tuple):
        return _between(values, *levels)
    if levels == "stretch":
        low, high = np.quantile(values, [TAILS, 1 - TAILS], method="nearest")
        if low == high:  # a few dots on one color
            low, high = values.min(), values.max()
        if low < high:
            return _between(values, float(low), float(high))
    if levels == "auto" and declared is not None and declared < top and values.max() <= declared:
        top = declared
    narrow = integers_to_bytes(values, top)
    if levels == "auto":
        kept = spread(narrow)
        low, high = values.min(), values.max()
        if kept < FEWEST and low < high and not _is_exact(values, top, narrow):
            remark(
                LevelsWarning,
                f"its values go from {low} to {high}, and read in the range from 0 to {top} they "
                f"keep {kept} of 256 levels. Say what is black and what is white, "
                "reading=Reading(levels=(low, high)), or have it taken from the picture, "
                'levels="stretch"; levels="full" leaves it so. On the command line it is --levels.',
            )
    return narrow


def _is_exact(values: NDArray[Any], top: int, narrow: NDArray[np.uint8]) -> bool:
    """Whether nothing was lost, because a picture of eight bits lay in a larger type."""
    return all(
        (some.astype(np.int64) * 255 == narrow[rows].astype(np.int64) * top).all()
        for rows, some in _in_parts(values)
    )


def spread(narrow: NDArray[np.uint8]) -> int:
    """Over how many of the 256 levels a picture spreads, without the extremes of a few pixels.

    Examples:
        >>> spread(np.array([[3, 4, 7]], np.uint8))
        5
    """
    counts = np.zeros(256, np.int64)
    for _, some in _in_parts(narrow):
        counts += Image.fromarray(some.reshape(len(some), -1)).histogram()
    below = counts.cumsum()
    least = TAILS * below[-1]
    first = int(np.argmax(below > least))
    last = int(np.argmax(below >= below[-1] - least))
    return last - first + 1


def integers_to_bytes(values: NDArray[Any], top: int) -> NDArray[np.uint8]:
    """Whole numbers from 0 to ``top`` scaled to 0 ... 255 and rounded.

    Raises:
        UnreadableError: A value is outside that range.

    Examples:
        >>> integers_to_bytes(np.array([0, 128, 129, 65535], np.uint16), 65535)
        array([  0,   0,   1, 255], dtype=uint8)
    """
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > top:
        raise UnreadableError(
            f"its values go from {low} to {high}, and 0 to {top} is the range of such a picture. "
            "Say what is black and what is white, reading=Reading(levels=(low, high)), or "
            "--levels low,high on the command line."
        )
    wide = np.uint32 if top <= 65535 else np.uint64  # has room for 510 * top
    return in_parts(values, lambda some: (some.astype(wide) * 510 + top) // (2 * top))


def _between(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Numbers scaled so that ``low`` is 0 and ``high`` 255, cut off on either side."""
    dtype = np.float32 if values.dtype.itemsize <= 2 else np.float64

    def scale(values: NDArray[Any]) -> NDArray[Any]:
        scaled: NDArray[Any] = np.subtract(values, low, dtype=dtype) * (255 / (high - low))
        rounded: NDArray[Any] = np.rint(scaled.clip(0, 255))
        return rounded

    return in_parts(values, scale)


def in_parts(
    values: NDArray[Any], narrow: Callable[[NDArray[Any]], NDArray[Any]]
) -> NDArray[np.uint8]:
    """What becomes of values, some rows at a time: on the way to a byte each takes many."""
    result = np.empty(values.shape, np.uint8)
    for rows, some in _in_parts(values):
        result[rows] = narrow(some)
    return result


def _in_parts(values: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
    step = max(1, _AT_ONCE * len(values) // max(1, values.size))
    for start in range(0, len(values), step):
        rows = slice(start, start + step)
        yield rows, values[rows]


_AT_ONCE = 2**17  # values


# ----------------------------------------------------------------------------- what a file declares


def declared_bits(image: Image.Image) -> int | None:
    """How many bits of its samples a PNG file says that count (``sBIT``), if it is not loaded yet.

    Pillow passes over that chunk.
    """
    stream: BinaryIO | None = getattr(image, "fp", None)
    if not isinstance(image, PngImageFile) or stream is None:
        return None
    place = stream.tell()  # where Pillow goes on
    try:
        stream.seek(8)
        while True:
            length, kind = struct.unpack(">I4s", stream.read(8))
            if kind in {b"IDAT", b"PLTE", b"IEND"}:  # before which it has to stand
                return None
            if kind == b"sBIT":
                return _colors_only(stream.read(min(length, 4)))
            stream.seek(length + 4, 1)
    except struct.error:  # the file ends
        return None
    finally:
        stream.seek(place)


def _colors_only(bits: bytes) -> int | None:
    colors = bits[:1] if len(bits) == 2 else bits[:3]
    return max(colors, default=0) or None


def declared_top(values: NDArray[Any], bits: int | None, tags: Any) -> int | None:
    """The largest that the values of a picture could be by what its file says.

    A PNG file of 12 bits in 16 should hold them scaled up to 16, by the specification, and then the
    range is that of the type. Many hold them as they are.

    Args:
        values: They.
        bits: What `declared_bits` said.
        tags: Those of a TIFF file, by their numbers.
    """
    if bits is not None and 8 <= bits < 16 and not _scaled_up(values, bits):
        return int(2**bits - 1)
    largest = tags.get(_MAX_SAMPLE_VALUE)
    if isinstance(largest, tuple):
        largest = max(largest, default=None)
    if isinstance(largest, int | float) and math.isfinite(largest) and largest >= 1:
        return int(largest)
    return None


_MAX_SAMPLE_VALUE = 281  # TIFF 6.0


def _scaled_up(values: NDArray[Any], bits: int) -> bool:
    """Whether all values are of fewer bits, shifted up to 16 or multiplied."""
    low = np.uint16(2 ** (16 - bits) - 1)
    if not any((some & low).any() for _, some in _in_parts(values)):
        return True
    top = 2**bits - 1
    are_multiplied = are_repeated = True
    for _, some in _in_parts(values):
        wide = some.astype(np.uint32)
        original = (wide * top + 32767) // 65535
        multiplied = (original * 65535 + top // 2) // top
        repeated = ((original << (16 - bits)) | (original >> (2 * bits - 16))) & 65535
        are_multiplied = are_multiplied and bool((wide == multiplied).all())
        are_repeated = are_repeated and bool((wide == repeated).all())
    return are_multiplied or are_repeated
