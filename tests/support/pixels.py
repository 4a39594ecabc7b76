"""A small picture of which every pixel is known, and what loading something else gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from zsclip.errors import ImageError
from zsclip.images import Reading, load_image

__all__ = ["PICTURE", "PIXELS", "refusal", "same"]

PIXELS = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)
PICTURE = Image.fromarray(PIXELS)


def same(source: Any) -> bool:
    """Whether a source gives the picture, pixel for pixel."""
    image = load_image(source)
    return image.mode == "RGB" and np.array_equal(np.asarray(image), PIXELS)


def refusal(source: Any, **options: Any) -> str:
    """Why a source is refused, as the error says it."""
    with pytest.raises(ImageError) as caught:
        load_image(source, reading=Reading(**options))
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).endswith(caught.value.reason)
    return caught.value.reason
