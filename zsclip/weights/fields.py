"""Checkpoints made for a field that are plain CLIP; `SOURCES.md` in data/ has the evidence."""

from __future__ import annotations

from zsclip.clip import Preprocessing, Recipe
from zsclip.weights.spec import ModelSpec

__all__ = ["FIELDS"]

FIELDS = (
    ModelSpec(
        "BioCLIP",
        size=598_482_948,
        resolution=224,
        embed_dim=512,
        parameters=149_620_737,
        note="for organisms: names and taxonomic names of animals, plants and fungi",
        recipe=Recipe("gelu", 64, 64, Preprocessing(), "open_clip_config.json"),
        hub=("imageomics/bioclip",),
        license="MIT",
        commercial="yes",
        image_gflop=35.13,
    ),
    ModelSpec(
        "FashionCLIP",
        size=605_109_252,
        resolution=224,
        embed_dim=512,
        parameters=151_277_313,
        note="for clothes and accessories, on plain backgrounds",
        recipe=Recipe("quickgelu", 64, 64, Preprocessing(), "config.json"),
        hub=("patrickjohncyh/fashion-clip",),
        license="MIT",
        commercial="yes",
        image_gflop=8.82,
    ),
    ModelSpec(
        "StreetCLIP",
        size=1_711_776_772,
        resolution=336,
        embed_dim=768,
        parameters=427_944_193,
        note="for the country, region or city of a street",
        recipe=Recipe("quickgelu", 64, 64, Preprocessing(), "config.json"),
        hub=("geolocal/StreetCLIP",),
        license="CC-BY-NC-4.0",
        commercial="no",
        image_gflop=381.92,
    ),
)
