"""CLIP's two towers, and how large they are in a given checkpoint.

A checkpoint does not say which model it holds; the shapes of its tensors do. `Architecture.read`
takes them to the sizes, and `image_tower` and `text_tower` make the modules. Their parameter
names are those of OpenAI's checkpoints: the image tower's behind ``visual.``, the text tower's
without a prefix, ``logit_scale`` beside both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zsclip.clip.resnet import ModifiedResNet
from zsclip.clip.transformer import HEAD_WIDTH, LayerNorm, Transformer
from zsclip.clip.unfilled import unfilled
from zsclip.errors import CheckpointError

Shapes = Mapping[str, tuple[int, ...]]


class VisionTransformer(nn.Module):
    """Pictures (n, 3, resolution, resolution) to embeddings (n, embed_dim), not normalized.

    Args:
        resolution: The side of the pictures in pixels.
        patch: The side of a patch in pixels.
        width: The width of the transformer.
        layers: Its number of blocks.
        embed_dim: The width of the embedding.
    """

    def __init__(self, resolution: int, patch: int, width: int, layers: int, embed_dim: int):
        super().__init__()
        places = (resolution // patch) ** 2
        scale = width**-0.5
        self.conv1 = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.class_embedding = _normal(width, std=scale)
        self.positional_embedding = _normal(places + 1, width, std=scale)
        self.ln_pre = LayerNorm(width)
        self.transformer = Transformer(width, layers, causal=False)
        self.ln_post = LayerNorm(width)
        self.proj = _normal(width, embed_dim, std=scale)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv1(images.to(self.conv1.weight.dtype))
        x = x.flatten(2).transpose(1, 2)  # (n, places, width)
        first = self.class_embedding.to(x.dtype).expand(len(x), 1, -1)
        x = torch.cat([first, x], dim=1) + self.positional_embedding.to(x.dtype)
        first_places = torch.arange(len(x), device=x.device) * x.shape[1]
        x = self.transformer(self.ln_pre(x), read=first_places)
        return self.ln_post(x) @ self.proj  # type: ignore[no-any-return]


class TextTower(nn.Module):
    """Token ids (n, length) to embeddings (n, embed_dim), not normalized.

    The transformer is causal and is read at the end-of-text token, which has the highest id of
    all: what stands behind it never counts, so that prompts may be cut there.

    Args:
        context_length: How many tokens a prompt may have.
        vocab_size: The number of tokens.
        width: The width of the transformer.
        layers: Its number of blocks.
        embed_dim: The width of the embedding.
    """

    def __init__(
        self, context_length: int, vocab_size: int, width: int, layers: int, embed_dim: int
    ) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(vocab_size, width)
        self.positional_embedding = _normal(context_length, width, std=0.01)
        self.transformer = Transformer(width, layers, causal=True)
        self.ln_final = LayerNorm(width)
        self.text_projection = _normal(width, embed_dim, std=width**-0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        end = tokens.argmax(dim=-1)
        tokens = tokens[:, : int(end.max()) + 1]
        n, length = tokens.shape
        places = torch.arange(length, device=tokens.device)
        read = torch.arange(n, device=tokens.device) * length + end
        return self.project(self.transformer(self.embed(tokens, places), read=read))

    def embed(self, tokens: Tensor, places: Tensor) -> Tensor:
        """Token ids and their places in the prompts to the transformer's input."""
        dtype = self.text_projection.dtype
        return self.token_embedding(tokens).to(dtype) + self.positional_embedding[places].to(dtype)  # type: ignore[no-any-return]

    def project(self, x: Tensor) -> Tensor:
        """What the transformer gave at the end tokens, (n, width), to embeddings."""
        return self.ln_final(x) @ self.text_projection  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Architecture:
    """The sizes of a CLIP model.

    Attributes:
        embed_dim: The width of the embeddings that both towers give.
        resolution: The side of the pictures in pixels.
        image_layers: Blocks of the vision transformer, or of the four stages of the ResNet.
        image_width: The width of the image tower.
        patch: The side of a patch in pixels; None for a ResNet.
        context_length: How many tokens a prompt may have.
        vocab_size: The number of tokens.
        text_width: The width of the text tower.
        text_layers: Its number of blocks.
    """

    embed_dim: int
    resolution: int
    image_layers: int | tuple[int, ...]
    image_width: int
    patch: int | None
    context_length: int
    vocab_size: int
    text_width: int
    text_layers: int

    @classmethod
    def read(cls, shapes: Shapes) -> Architecture:
        """Read the sizes off the shapes of a state dict's tensors.

        Args:
            shapes: The shape of each tensor by its name in OpenAI's layout.

        Raises:
            CheckpointError: The names or shapes are not those of a CLIP.
        """
        try:
            embed_dim = shapes["text_projection"][1]
            context_length = shapes["positional_embedding"][0]
            vocab_size, text_width = shapes["token_embedding.weight"]
            text_layers = _count(shapes, r"transformer\.resblocks\.(\d+)\.")
            layers: int | tuple[int, ...]
            if "visual.proj" in shapes:
                width, _, _, patch = shapes["visual.conv1.weight"]
                side = _side(shapes["visual.positional_embedding"][0])
                resolution = side * patch
                layers = _count(shapes, r"visual\.transformer\.resblocks\.(\d+)\.")
            else:
                patch = None
                width = shapes["visual.layer1.0.conv1.weight"][0]
                side = _side(shapes["visual.attnpool.positional_embedding"][0])
                resolution = side * 32
                layers = tuple(_count(shapes, rf"visual\.layer{i}\.(\d+)\.") for i in range(1, 5))
        except KeyError as e:
            raise CheckpointError(
                f"The tensor {e.args[0]!r} is missing. {_guess(shapes)}"
            ) from None
        except (ValueError, IndexError):
            raise CheckpointError(f"Tensors have unexpected shapes. {_guess(shapes)}") from None
        if min(embed_dim, context_length, vocab_size, resolution, width, text_width) < 1:
            raise CheckpointError(f"A tensor has no elements. {_guess(shapes)}")
        if text_width % HEAD_WIDTH or width % (2 if patch is None else HEAD_WIDTH):
            raise CheckpointError(f"Widths {width} and {text_width} fit no CLIP. {_guess(shapes)}")
        return cls(
            embed_dim, resolution, layers, width, patch, context_length, vocab_size,
            text_width, text_layers,
        )  # fmt: skip

    def image_tower(self) -> VisionTransformer | ModifiedResNet:
        """A new image tower of these sizes, in PyTorch's default device and training mode."""
        if isinstance(self.image_layers, int):
            assert self.patch is not None
            return VisionTransformer(
                self.resolution, self.patch, self.image_width, self.image_layers, self.embed_dim
            )
        return ModifiedResNet(self.image_layers, self.image_width, self.resolution, self.embed_dim)

    def text_tower(self) -> TextTower:
        """A new text tower of these sizes, in PyTorch's default device and training mode."""
        return TextTower(
            self.context_length, self.vocab_size, self.text_width, self.text_layers, self.embed_dim
        )

    @property
    def parameters(self) -> int:
        """The number of parameters of both towers, ``logit_scale`` included."""
        with unfilled():
            towers = (self.image_tower(), self.text_tower())
        return 1 + sum(p.numel() for tower in towers for p in tower.parameters())


def _normal(*shape: int, std: float) -> nn.Parameter:
    return nn.Parameter(nn.init.normal_(torch.empty(shape), std=std))


def _count(shapes: Shapes, pattern: str) -> int:
    numbers = {int(m[1]) for key in shapes if (m := re.match(pattern, key))}
    if numbers != set(range(len(numbers))) or not numbers:
        raise ValueError
    return len(numbers)


def _side(places: int) -> int:
    """The side of a square of `places` patches and one class token."""
    side = math.isqrt(max(places - 1, 0))
    if side < 1 or side**2 + 1 != places:
        raise ValueError
    return side


def _guess(shapes: Shapes) -> str:
    if any(key.startswith(("vision_model.", "text_model.")) for key in shapes):
        return (
            "The names are those of Hugging Face's CLIPModel; zsclip reads OpenAI's layout, in "
            "which openai/CLIP and open_clip publish."
        )
    if not any(key.startswith("visual.") for key in shapes):
        return "No name begins with 'visual.': this is not a CLIP in OpenAI's layout."
    return "zsclip reads CLIP in OpenAI's layout: give the whole state dict of such a model."
