"""The `Encoder` protocol: what an engine must offer so that a classifier can drive it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from zsclip.wording import BriefRepr, shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

__all__ = ["Encoder", "ModelInfo", "PixelEncoder", "TokenEncoder", "TooLong"]

TooLong: TypeAlias = Literal["error", "cut"]
"""What becomes of a text that does not fit the model: a `PromptTooLongError`, or its beginning."""

_ACTIVATIONS = {"quickgelu": "QuickGELU", "gelu": "GELU"}
_VERIFIED = {
    "openai": "the SHA-256 that OpenAI published",
    "hub": "the hash that the hub states",
    "none": "nothing",
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ModelInfo(BriefRepr):
    """A model that is ready to be used; ``print`` shows it as a small table.

    Attributes:
        name: The name of the model.
        encoder: The name of the engine that runs it.
        parameters: The number of parameters; 0 if the engine does not count them.
        input_resolution: The side of its pictures in pixels.
        context_length: How many tokens a prompt may have, start and end tokens included.
        vocab_size: The number of tokens.
        embedding_dim: The width of its embeddings.
        logit_scale: What cosines are multiplied by, ``exp(logit_scale)`` in CLIP's terms.
        logit_bias: What is added to them then; 0 for CLIP, not for SigLIP.
        score_function: What makes logits into scores: ``"softmax"`` over the labels, or
            ``"sigmoid"`` of each.
        device: Where it runs, such as ``cpu`` or ``cuda:0``.
        precision: ``fp32``, ``fp16`` or ``bf16``.
        source: Where the weights came from, in words.
        path: The file of the weights, absolute, where the model is found again by it; None where
            its name is enough.
        activation: The activation function of its blocks, ``"quickgelu"`` or ``"gelu"``; None if
            the engine does not tell. Two models of the same weights with another one differ.
        verified: What the file of the weights was checked against: ``"openai"``, the SHA-256 that
            OpenAI published; ``"hub"``, the hash that the hub states; ``"none"``, nothing. None if
            the engine does not tell.
        recipe: What else is computed otherwise than in OpenAI's models though no tensor tells, such
            as how pictures are made square, in words; empty if nothing is.
    """

    name: str
    encoder: str
    parameters: int
    input_resolution: int
    context_length: int
    vocab_size: int
    embedding_dim: int
    logit_scale: float
    logit_bias: float = 0.0
    score_function: Literal["softmax", "sigmoid"] = "softmax"
    device: str
    precision: str
    source: str
    path: str | None = None
    activation: str | None = None
    verified: Literal["openai", "hub", "none"] | None = None
    recipe: str = ""

    def rows(self) -> list[tuple[str, str]]:
        """The table as pairs of a title and a value."""
        told = [  # by some engines only
            ("Activation", _ACTIVATIONS.get(self.activation or "", self.activation)),
            ("Recipe", self.recipe or None),
            ("Checked against", _VERIFIED.get(self.verified or "")),
        ]
        return [
            ("Model", self.name),
            ("Model parameters", f"{self.parameters:,}"),
            ("Input resolution", str(self.input_resolution)),
            ("Context length", str(self.context_length)),
            ("Vocab size", f"{self.vocab_size:,}"),
            ("Embedding width", str(self.embedding_dim)),
            ("Device", self.device),
            ("Precision", self.precision),
            ("Encoder", self.encoder),
            ("Weights", self.source),
            *((title, value) for title, value in told if value is not None),
        ]

    def __str__(self) -> str:
        return "\n".join(f"{title}: {shown(value)}" for title, value in self.rows())

    def _repr_html_(self) -> str:
        from zsclip.fragments import facts, fragment

        return str(fragment(facts(self.rows(), "The model")))


class Encoder(Protocol):
    """An engine: pictures and texts in, embeddings out.

    An outside engine is a class with these members and a function that makes it, declared in the
    entry-point group ``zsclip.encoders``; see the documentation's page on encoders. Once made, an
    engine does not change, and its methods may be called from several threads at once.

    Attributes:
        model_info: What the engine runs, and where. Asked for when a classifier is made, so that it
            should take no time. By its `encoder` and its `name` (or `path`) the model is found
            again where a classifier is loaded or unpickled.
        weights_sha256: The SHA-256 of the weights that it computes with, in hexadecimal, and not of
            a file that may have changed since; None if the engine does not know it. Asked for with
            the first prediction, so that it may take the time of reading a file.
        context_length: How many tokens a text may have, start and end tokens included.
    """

    @property
    def model_info(self) -> ModelInfo: ...

    @property
    def weights_sha256(self) -> str | None: ...

    @property
    def context_length(self) -> int: ...

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Embed one or more RGB pictures of any sizes: float32 (n, d), L2-normalized."""
        ...

    def encode_texts(
        self, texts: Sequence[str], *, too_long: TooLong = "error"
    ) -> NDArray[np.float32]:
        """Embed one or more texts: float32 (n, d), L2-normalized.

        Raises:
            PromptTooLongError: A text is too long, and is not to be cut.
        """
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, start and end tokens included."""
        ...


class PixelEncoder(Encoder, Protocol):
    """An engine whose preprocessing can run on its own, in other threads than the model.

    An engine that has these members is driven through them, and not through `encode_images`.

    Attributes:
        preprocessing: What `prepare` does, in a few words that change when its pixels do: part of
            the key under which embeddings of pictures are kept.
    """

    @property
    def preprocessing(self) -> str: ...

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """One RGB picture of any size as the model's pixels: uint8 (resolution, resolution, 3)."""
        ...

    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed what `prepare` made: uint8 (n, resolution, resolution, 3) to float32 (n, d)."""
        ...


class TokenEncoder(Encoder, Protocol):
    """An engine that tells what of a text it computes with.

    Embeddings of texts are kept by their token ids if an engine has this member, and else by their
    characters.
    """

    def tokenize(self, texts: Sequence[str], *, too_long: TooLong = "error") -> list[list[int]]:
        """The token ids of each text, which alone say what its embedding is.

        Raises:
            PromptTooLongError: A text is too long, and is not to be cut.
        """
        ...
