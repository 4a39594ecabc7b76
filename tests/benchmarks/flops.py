"""How many floating-point operations ViT-B/32 takes; a multiplication and an addition are two.

Matrix products count and nothing else: norms, activations, softmax and copies are a few per cent
of the operations, whatever time they take.
"""

from __future__ import annotations

LAYERS = 12
IMAGE_WIDTH, TEXT_WIDTH, EMBED_DIM = 768, 512, 512
PATCHES, PATCH = 49, 32


def image_flops() -> int:
    """Of one picture, 50 tokens with the class token."""
    patches = 2 * PATCHES * 3 * PATCH**2 * IMAGE_WIDTH
    return patches + _layers(PATCHES + 1, PATCHES + 1, IMAGE_WIDTH) + 2 * IMAGE_WIDTH * EMBED_DIM


def text_flops(tokens: float, seen: float) -> float:
    """Of one prompt.

    Args:
        tokens: How many tokens go through the tower.
        seen: How many each of them attends to, those masked out included where they are computed.
    """
    return _layers(tokens, seen, TEXT_WIDTH) + 2 * TEXT_WIDTH * EMBED_DIM


def _layers(tokens: float, seen: float, width: int) -> int:
    projections = 2 * 12 * width**2  # query, key, value, output, and two of four times the width
    attention = 2 * 2 * seen * width
    return int(LAYERS * tokens * (projections + attention))
