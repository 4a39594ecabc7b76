"""What is known of a model before its weights are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zsclip.clip import Preprocessing, Recipe

__all__ = ["OPENAI", "ModelSpec", "license_notice"]

OPENAI = Recipe("quickgelu", 64, 64, Preprocessing(), "OpenAI's code")


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What is known of a model before its weights are read; numbers are 0 where they are not.

    Attributes:
        name: Its name: OpenAI's, or open_clip's architecture and tag with ``/`` between them.
        file: The name of its file; empty where only the hub has the weights.
        sha256: The SHA-256 of that file, in hexadecimal; empty with it.
        size: The size of that file in bytes, or what it is estimated to be.
        resolution: The side of its pictures in pixels.
        embed_dim: The width of its embeddings.
        parameters: Its number of parameters.
        url: Where that file is published; None when it is part of zsclip, or there is none.
        note: What to know before using it; empty for the general models.
        context_length: How many tokens a prompt may have, start and end tokens included.
        vocab_size: Its number of tokens.
        recipe: What it is computed with beyond its tensors.
        hub: Repositories on the hub that hold the same weights, in the order in which they are
            tried, as ``organization/name``, or ``organization/name@revision``.
        aliases: Other names of it.
        license: The license of the weights, as SPDX where there is one; empty if none is stated.
        commercial: Whether that allows commercial use.
        image_gflop: 10^9 operations for one picture; None if that is not known.
        imagenet: Published zero-shot accuracy on ImageNet (top-1), from 0 to 1; None if there is
            none.
    """

    name: str
    file: str = ""
    sha256: str = ""
    size: int = 0
    resolution: int = 0
    embed_dim: int = 0
    parameters: int = 0
    url: str | None = None
    note: str = ""
    context_length: int = 77
    vocab_size: int = 49_408
    recipe: Recipe = OPENAI
    hub: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    license: str = ""
    commercial: Literal["yes", "no", "unclear"] = "unclear"
    image_gflop: float | None = None
    imagenet: float | None = None

    @property
    def bundled(self) -> bool:
        """Whether the weights are part of zsclip."""
        return self.url is None and bool(self.file)


def license_notice(spec: ModelSpec) -> str | None:
    """What to say once before weights are fetched that may not be used commercially; else None.

    Examples:
        >>> from zsclip import MODELS
        >>> license_notice(MODELS["ViT-B-16/dfn2b"])
        'ViT-B-16/dfn2b is under apple-amlr, which does not allow commercial use.'
    """
    if spec.commercial != "no":
        return None
    return f"{spec.name} is under {spec.license}, which does not allow commercial use."
