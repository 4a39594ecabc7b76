"""Colors of 16 bits, of which Pillow decodes no more than the high bytes.

That is enough where they fill their range. Where they do not, or are to be stretched, the low bytes
are fetched by decoding the file again as if its bytes stood the other way round.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from zsclip.errors import LevelsWarning
from zsclip.images.levels import FEWEST, Levels, declared_top, deep_to_bytes, spread
from zsclip.images.remarks import remark

__all__ = ["deep_color", "deep_layout"]

_NATIVE, _OTHER = ("L", "B") if sys.byteorder == "little" else ("B", "L")
_LOW = {"B": "L", "L": "B", "N": _OTHER}  # how Pillow is to read the low bytes of either order
_GRAY_ALPHA = "LA;16B"  # of which four bytes make a pixel, as of RGBA with 8 bits


def deep_layout(image: Image.Image) -> str:
    """Pillow's name for the layout of 16-bit colors in a file that is not loaded; else empty."""
    tiles = image.tile if isinstance(image, ImageFile.ImageFile) else []
    layouts = {_layout(tile) for tile in tiles}
    if len(layouts) == 1:
        [layout] = layouts
        if layout == _GRAY_ALPHA or layout[:-1] in {"RGB;16", "RGBA;16"}:
            return layout
    return ""


def deep_color(
    image: Image.Image,
    layout: str,
    levels: Levels,
    *,
    reopen: Callable[[], ImageFile.ImageFile] | None,
    bits: int | None,
    transparency: object,
) -> Image.Image:
    """A picture that has been loaded, with its colors scaled as they should be.

    Args:
        image: It, of 8 bits; the high bytes.
        layout: What `deep_layout` said before.
        levels: How to scale.
        reopen: Opens its file once more; None where there is none to be had.
        bits: How many bits count by what the file says.
        transparency: The color that is transparent, in high bytes.

    Returns:
        ``image`` itself if it is well as it is.
    """
    high = np.asarray(image)
    if levels == "full" or (levels == "auto" and (kept := spread(high[:, :, :3])) >= FEWEST):
        return image
    if reopen is None:
        if levels == "auto" and high[:, :, :3].any():
            remark(
                LevelsWarning,
                f"of its 16 bits Pillow has kept 8, and those have {kept} of 256 levels. Pass the "
                'file itself, with reading=Reading(levels="stretch").',
            )
        return image
    colors, alpha = _all_bytes(high, layout, reopen())
    declared = declared_top(colors, bits, getattr(image, "tag_v2", {}))
    narrow = deep_to_bytes(colors, 65535, levels, declared=declared)
    if isinstance(transparency, tuple):
        alpha = np.where((high[:, :, :3] == transparency).all(axis=2), 0, 255).astype(np.uint8)
    if alpha is not None:
        narrow = np.dstack([narrow, alpha])
    result = Image.fromarray(narrow)
    result.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return result


def _all_bytes(
    high: NDArray[np.uint8], layout: str, again: ImageFile.ImageFile
) -> tuple[NDArray[np.uint16], NDArray[np.uint8] | None]:
    """The colors with their low bytes, and the high byte of their alpha."""
    other = "RGBA" if layout == _GRAY_ALPHA else layout[:-1] + _LOW[layout[-1]]
    again.tile = [_with_layout(tile, other) for tile in again.tile]
    again.load()
    low = np.asarray(again)
    if layout == _GRAY_ALPHA:
        gray = low[:, :, :1].astype(np.uint16) << 8 | low[:, :, 1:2]
        return gray.repeat(3, axis=2), low[:, :, 2]
    colors = high[:, :, :3].astype(np.uint16)
    colors <<= 8
    colors |= low[:, :, :3]
    return colors, high[:, :, 3] if high.shape[2] == 4 else None


def _layout(tile: Any) -> str:
    name = tile[3] if isinstance(tile[3], str) else tile[3][0] if tile[3] else ""
    return name if isinstance(name, str) else ""


def _with_layout(tile: Any, layout: str) -> Any:
    args = layout if isinstance(tile[3], str) else (layout, *tile[3][1:])
    changed = (*tile[:3], args)
    return tile._make(changed) if hasattr(tile, "_make") else changed  # a tuple until Pillow 11
