"""Published weights by open_clip's architecture and tag, out of a table that is part of zsclip.

Read when a name is asked for that is none of the ten in `zsclip.weights.models`; without torch.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from typing import Literal, cast

from zsclip.clip import Activation, Preprocessing, Recipe
from zsclip.errors import ForeignModelError, ModelNotFoundError
from zsclip.packages import own_file
from zsclip.weights.fields import FIELDS
from zsclip.weights.spec import ModelSpec
from zsclip.wording import brief, in_a_row, nearest

__all__ = [
    "ARCHITECTURES",
    "explain_unknown",
    "name_of",
    "published_models",
    "published_rows",
]

# The width of embeddings, that of a head of the image tower, and the number of parameters: of
# open_clip 3.3's model_configs, and of the models that it makes of them.
ARCHITECTURES = {
    "RN50": (1024, 64, 102_007_137),
    "RN101": (512, 64, 119_688_033),
    "RN50x4": (640, 64, 178_300_601),
    "RN50x16": (768, 64, 290_979_217),
    "RN50x64": (1024, 64, 623_258_305),
    "ViT-B-32": (512, 64, 151_277_313),
    "ViT-B-32-256": (512, 64, 151_288_833),
    "ViT-B-16": (512, 64, 149_620_737),
    "ViT-B-16-plus-240": (640, 64, 208_377_345),
    "ViT-L-14": (768, 64, 427_616_513),
    "ViT-L-14-336": (768, 64, 427_944_193),
    "ViT-H-14": (1024, 80, 986_109_441),
    "ViT-H-14-378": (1024, 80, 986_714_881),
    "ViT-g-14": (1024, 88, 1_366_678_273),
    "ViT-bigG-14": (1280, 104, 2_539_567_105),
}

_PIXELS = {
    "openai": (Preprocessing().mean, Preprocessing().std),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "zero-one": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}

# What the architectures of the table that are no plain CLIP are, by a part of their names.
_FAMILIES = {
    "nllb-clip": "an NLLB-CLIP, with another text tower",
    "SigLIP2": "a SigLIP 2",
    "SigLIP": "a SigLIP",
    "coca_": "a CoCa",
    "EVA0": "an EVA-CLIP",
    "convnext": "a CLIP with a ConvNeXt",
    "CLIPA": "a CLIPA, with other tokens",
    "MobileCLIP": "a MobileCLIP",
    "ViTamin": "a ViTamin",
    "PE-Core": "a Perception Encoder",
    "roberta": "a CLIP with a RoBERTa for texts",
    "worldwide": "a MetaCLIP 2, with other tokens",
}

Row = Mapping[str, str]


@functools.cache
def published_rows() -> tuple[Row, ...]:
    """The table as it is, a row for each architecture and tag."""
    path = own_file("zsclip.weights", "data", "published.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@functools.cache
def published_models() -> tuple[ModelSpec, ...]:
    """The plain CLIPs of the table but OpenAI's, by published accuracy; then those of a field."""
    rows = (row for row in published_rows() if row["plain CLIP"] == "yes")
    return (*(_spec(row) for row in rows if row["tag"] != "openai"), *FIELDS)


def name_of(row: Row) -> str:
    """The name of a row: architecture and tag."""
    return f"{row['architecture']}/{row['tag']}"


def _spec(row: Row) -> ModelSpec:
    architecture = row["architecture"]
    embed_dim, head_width, parameters = ARCHITECTURES[architecture]
    mean, std = _PIXELS[row["mean and std"]]
    preprocessing = Preprocessing(
        mean,
        std,
        cast("Literal['bicubic', 'bilinear']", row["interpolation"]),
        cast("Literal['shortest', 'squash']", row["resize"]),
    )
    activation = cast("Activation", row["activation"])
    # open_clip lists under its -quickgelu names what was trained with it, and only that
    aliases = (f"{architecture}-quickgelu/{row['tag']}",) if activation == "quickgelu" else ()
    return ModelSpec(
        name_of(row),
        size=4 * parameters,
        resolution=int(row["image size"]),
        embed_dim=embed_dim,
        parameters=parameters,
        note=row["note"],
        context_length=int(row["context length"]),
        recipe=Recipe(activation, head_width, 64, preprocessing, "the table of published weights"),
        hub=(row["hub repository"],),
        aliases=aliases,
        license=row["license"],
        commercial=cast("Literal['yes', 'no', 'unclear']", row["commercial use"]),
        image_gflop=_number(row["image GFLOP"]),
        imagenet=_number(row["ImageNet 1k"]),
    )


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def explain_unknown(name: str) -> None:
    """Raise what says best why no model has this name, or return if there is nothing to say.

    Raises:
        ForeignModelError: The table has it, and it is no plain CLIP.
        ModelNotFoundError: Its architecture is known and its tag is not.
    """
    architecture, slash, tag = name.partition("/")
    plain = architecture.removesuffix("-quickgelu")
    rows = {row["tag"]: row for row in published_rows() if row["architecture"] == plain}
    if not rows:
        return
    known = list(rows)
    if not slash:
        raise ModelNotFoundError(
            f"{brief(name)} is an architecture of open_clip's. Add a tag of its weights: "
            f"{_listed(plain, known)}."
        )
    if tag not in rows:
        near = nearest(tag, known)
        meant = f"Did you mean {_listed(plain, near, ' or ')}? " if near else ""
        raise ModelNotFoundError(
            f"{brief(plain)} has no weights with the tag {brief(tag)}. {meant}It has "
            f"{in_a_row(known)}."
        )
    if rows[tag]["plain CLIP"] == "no":
        raise ForeignModelError(
            f"{brief(name)} is no plain CLIP but {_family(name)}, which zsclip's own engine does "
            'not compute. The engine open-clip does, where pip install "zsclip[open-clip]" was '
            "said and no other encoder is asked for."
        )
    raise ModelNotFoundError(
        f"There is no {brief(name)}: these weights were trained with GELU. Give "
        f"{brief(f'{plain}/{tag}')}."
    )


def _listed(architecture: str, tags: list[str], separator: str = ", ") -> str:
    return in_a_row([brief(f"{architecture}/{tag}") for tag in tags], separator)


def _family(name: str) -> str:
    return next(words for part, words in _FAMILIES.items() if part in name)
