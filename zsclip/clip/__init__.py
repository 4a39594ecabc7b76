"""CLIP itself: its towers, its tokens, its pixels. Shapes and arithmetic.

Knows no file of weights and no network; what makes a tower of a file is `zsclip.weights`. The one
file read here is the tokenizer's vocabulary. Names below are loaded when they are first used,
because the tokenizer is wanted where torch is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsclip.lazy import lazy

if TYPE_CHECKING:
    from zsclip.clip.cleaning import clean
    from zsclip.clip.fused import lay_out
    from zsclip.clip.model import (
        HEAD_WIDTH,
        CLIPConfig,
        ModifiedResNet,
        TextTower,
        VisionTransformer,
        unfilled,
    )
    from zsclip.clip.packing import encode_packed
    from zsclip.clip.preprocess import normalize, resize_and_crop, to_pixels, words_of
    from zsclip.clip.recipe import ACTIVATIONS, Activation, Preprocessing, Recipe
    from zsclip.clip.sample import Sample, sample_product
    from zsclip.clip.tokenizer import VOCAB_SIZE, Tokenizer, pad

__all__ = [
    "ACTIVATIONS",
    "HEAD_WIDTH",
    "VOCAB_SIZE",
    "Activation",
    "CLIPConfig",
    "ModifiedResNet",
    "Preprocessing",
    "Recipe",
    "Sample",
    "TextTower",
    "Tokenizer",
    "VisionTransformer",
    "clean",
    "encode_packed",
    "lay_out",
    "normalize",
    "pad",
    "resize_and_crop",
    "sample_product",
    "to_pixels",
    "unfilled",
    "words_of",
]

if not TYPE_CHECKING:  # a type checker that saw this would let every name pass
    __getattr__ = lazy(
        __name__,
        cleaning=("clean",),
        fused=("lay_out",),
        model=(
            *("HEAD_WIDTH", "CLIPConfig", "ModifiedResNet"),
            *("TextTower", "VisionTransformer", "unfilled"),
        ),
        packing=("encode_packed",),
        preprocess=("normalize", "resize_and_crop", "to_pixels", "words_of"),
        recipe=("ACTIVATIONS", "Activation", "Preprocessing", "Recipe"),
        sample=("Sample", "sample_product"),
        tokenizer=("VOCAB_SIZE", "Tokenizer", "pad"),
    )
