"""Pictures of any size made square by nodes of a graph, as Pillow resizes and CLIP crops them.

Pillow resizes in two passes, the width first, and rounds to whole levels between them; so do two
`Resize` nodes on uint8. Its filters widen where a picture shrinks (antialiasing), its bicubic one
has a = -0.5, and what lies outside the picture has no weight. From version 13 on Pillow takes the
height first where a picture is more than about twice as tall as wide; CLIP was trained before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zsclip.clip import Preprocessing
from zsclip.encoders import Nodes

__all__ = ["square_of"]

_FILTERS: dict[str, dict[str, Any]] = {
    "bicubic": {"mode": "cubic", "cubic_coeff_a": -0.5},
    "bilinear": {"mode": "linear"},
}
_HEIGHT, _WIDTH = 2, 3  # axes


def square_of(nodes: Nodes, images: str, side: int, how: Preprocessing) -> str:
    """Add what makes pictures square.

    Args:
        nodes: What they are added to.
        images: The name of the pictures: uint8 (n, 3, h, w).
        side: The side of the square in pixels.
        how: How they become square, and the filter that resizes.

    Returns:
        The name of the squares: uint8 (n, 3, side, side).
    """
    shape = nodes.add("Shape", images)
    number, height, sizes = (
        nodes.add("Slice", shape, nodes.whole(first), nodes.whole(end))
        for first, end in ((0, 2), (_HEIGHT, _WIDTH), (_HEIGHT, 4))
    )
    sides = nodes.whole(side, side)
    resized = sides
    if how.resize == "shortest":
        # whole numbers, whose division truncates as CLIP's code does
        shortest = nodes.add("ReduceMin", sizes, nodes.whole(0), keepdims=1)
        resized = nodes.add("Div", nodes.add("Mul", sizes, sides), shortest)
    width = nodes.add("Slice", resized, nodes.whole(1), nodes.whole(2))
    for size in ((height, width), (resized,)):
        images = nodes.add(
            "Resize",
            images,
            "",
            "",
            nodes.add("Concat", number, *size, axis=0),
            antialias=1,
            exclude_outside=1,
            **_FILTERS[how.interpolation],
        )
    return _cropped(nodes, images, resized, sides) if how.resize == "shortest" else images


def _cropped(nodes: Nodes, images: str, sizes: str, sides: str) -> str:
    """The middle of pictures; a corner on half a pixel is rounded to the even one, as CLIP's is."""
    from onnx import TensorProto

    left = nodes.add("Cast", nodes.add("Sub", sizes, sides), to=TensorProto.FLOAT)
    half = nodes.add("Div", left, nodes.numbers("two", 2, np.float32))
    first = nodes.add("Cast", nodes.add("Round", half), to=TensorProto.INT64)
    end = nodes.add("Add", first, sides)
    return str(nodes.add("Slice", images, first, end, nodes.whole(_HEIGHT, _WIDTH)))
