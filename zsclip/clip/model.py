"""CLIP's towers, and the configuration that they are made from.

Parameter names are those of OpenAI's checkpoints: the image tower's behind ``visual.``, the text
tower's without a prefix, ``logit_scale`` beside both.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention
from torch.overrides import TorchFunctionMode

from zsclip.clip.preprocess import USUAL, words_of
from zsclip.clip.recipe import Activation, Preprocessing
from zsclip.clip.transformer import LayerNorm, Transformer, split_heads

__all__ = [
    "HEAD_WIDTH",
    "CLIPConfig",
    "ModifiedResNet",
    "TextTower",
    "VisionTransformer",
    "unfilled",
]

HEAD_WIDTH = 64  # in every CLIP of OpenAI's; checkpoints do not record the number of heads


@dataclass(frozen=True, slots=True)
class CLIPConfig:
    """What a CLIP model is made from.

    Attributes:
        embed_dim: The width of the embeddings that both towers give.
        resolution: The side of the pictures in pixels; of a ResNet, a multiple of 32.
        image_layers: Blocks of the vision transformer, or of the four stages of the ResNet.
        image_width: The width of the vision transformer; of a ResNet, its channels after the stem,
            of which the last stage has 32 times as many.
        patch: The side of a patch in pixels; None for a ResNet.
        context_length: How many tokens a prompt may have.
        vocab_size: The number of tokens.
        text_width: The width of the text tower.
        text_layers: Its number of blocks.
        activation: The activation function of the transformers' blocks.
        image_heads: Heads of an attention of the image tower; of a ResNet, of the one at its end.
        text_heads: Those of the text tower.
        image_hidden: The width between the two layers of a block's MLP in the vision transformer; 0
            for a ResNet, which has none.
        text_hidden: That in the text tower.
        preprocessing: How its pictures are made.

    What is left out is as in OpenAI's models: QuickGELU, heads `HEAD_WIDTH` wide, an MLP four times
    as wide as its block.
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
    activation: Activation = "quickgelu"
    image_heads: int = 0
    text_heads: int = 0
    image_hidden: int = 0
    text_hidden: int = 0
    preprocessing: Preprocessing = USUAL

    def __post_init__(self) -> None:
        pooled = 32 * self.image_width if self.patch is None else self.image_width
        usual = {
            "image_heads": pooled // HEAD_WIDTH,
            "text_heads": self.text_width // HEAD_WIDTH,
            "image_hidden": 0 if self.patch is None else 4 * self.image_width,
            "text_hidden": 4 * self.text_width,
        }
        for name, value in usual.items():
            object.__setattr__(self, name, getattr(self, name) or value)

    @property
    def peculiarities(self) -> str:
        """What is computed otherwise than in OpenAI's models beside the activation, in words.

        Nothing that the shapes of the tensors tell is among it. Empty for OpenAI's.
        """
        usual = replace(self, image_heads=0, text_heads=0)
        words = [
            f"{getattr(self, name)} {name.replace('_', ' ')}"
            for name in ("image_heads", "text_heads")
            if getattr(self, name) != getattr(usual, name)
        ]
        return ", ".join(filter(None, [*words, words_of(self.preprocessing)]))

    def image_tower(self) -> VisionTransformer | ModifiedResNet:
        """A new image tower of these sizes, in PyTorch's default device and training mode."""
        return ModifiedResNet(self) if self.patch is None else VisionTransformer(self)

    def text_tower(self) -> TextTower:
        """A new text tower of these sizes, in PyTorch's default device and training mode."""
        return TextTower(self)

    @property
    def parameters(self) -> int:
        """The number of parameters of both towers, ``logit_scale`` included."""
        with unfilled():
            towers = (self.image_tower(), self.text_tower())
        return 1 + sum(p.numel() for tower in towers for p in tower.parameters())


@contextmanager
def unfilled() -> Iterator[None]:
    """Make modules whose weights take no memory, for weights that come from a file.

    They are on the meta device, without the random numbers that training begins with.
    """
    with torch.device("meta"), _LeaveOut():
        yield


class _LeaveOut(TorchFunctionMode):
    """Fills nothing with random numbers.

    On the meta device there is nothing to fill, and yet PyTorch imports its compiler for it, which
    takes a second and 150 MB.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if kwargs and "tensor" in kwargs else args[0]
        return func(*args, **(kwargs or {}))


# ------------------------------------------------------------------------------------- transformers


class VisionTransformer(nn.Module):
    """Pictures (n, 3, resolution, resolution) to embeddings (n, embed_dim), not normalized."""

    def __init__(self, config: CLIPConfig) -> None:
        super().__init__()
        width, patch, layers = config.image_width, config.patch, config.image_layers
        assert patch is not None
        assert isinstance(layers, int)
        places = (config.resolution // patch) ** 2
        scale = width**-0.5
        self.conv1 = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.class_embedding = _normal(width, std=scale)
        self.positional_embedding = _normal(places + 1, width, std=scale)
        self.ln_pre = LayerNorm(width)
        heads, hidden = config.image_heads, config.image_hidden
        self.transformer = Transformer(
            width, layers, heads=heads, hidden=hidden, activation=config.activation, causal=False
        )
        self.ln_post = LayerNorm(width)
        self.proj = _normal(width, config.embed_dim, std=scale)

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
    """

    def __init__(self, config: CLIPConfig) -> None:
        super().__init__()
        width = config.text_width
        self.token_embedding = nn.Embedding(config.vocab_size, width)
        self.positional_embedding = _normal(config.context_length, width, std=0.01)
        layers, heads, hidden = config.text_layers, config.text_heads, config.text_hidden
        self.transformer = Transformer(
            width, layers, heads=heads, hidden=hidden, activation=config.activation, causal=True
        )
        self.ln_final = LayerNorm(width)
        self.text_projection = _normal(width, config.embed_dim, std=width**-0.5)

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


def _normal(*shape: int, std: float) -> nn.Parameter:
    return nn.Parameter(nn.init.normal_(torch.empty(shape), std=std))


# ------------------------------------------------------------------------------------------- ResNet


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions beside a shortcut; the stride is an average pooling."""

    expansion = 4

    def __init__(self, inputs: int, planes: int, stride: int = 1) -> None:
        super().__init__()
        outputs = planes * self.expansion
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.avgpool: nn.Module = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            # the keys are those of the checkpoints: the pooling has no parameters
            self.downsample = nn.Sequential(
                OrderedDict[str, nn.Module](
                    {
                        "-1": nn.AvgPool2d(stride),
                        "0": nn.Conv2d(inputs, outputs, 1, bias=False),
                        "1": nn.BatchNorm2d(outputs),
                    }
                )
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(self.avgpool(y)))
        return F.relu(y + self.downsample(x))


class AttentionPool(nn.Module):
    """Attention whose one query is the mean over the places of the feature map."""

    def __init__(self, side: int, width: int, heads: int, embed_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.empty(side**2 + 1, width))
        nn.init.normal_(self.positional_embedding, std=width**-0.5)
        self.k_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.c_proj = nn.Linear(width, embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(2).transpose(1, 2)  # (n, places, width)
        x = torch.cat([x.mean(1, keepdim=True), x], dim=1)
        x = x + self.positional_embedding.to(x.dtype)
        # contiguous: or PyTorch copies the weights for each picture, as a batch of matrices
        [q] = split_heads(self.q_proj(x[:, :1].contiguous()), self.heads, parts=1)
        [k] = split_heads(self.k_proj(x), self.heads, parts=1)
        [v] = split_heads(self.v_proj(x), self.heads, parts=1)
        pooled = F.scaled_dot_product_attention(q, k, v)  # (n, heads, 1, head width)
        return self.c_proj(pooled.flatten(1))  # type: ignore[no-any-return]


class ModifiedResNet(nn.Module):
    """Pictures (n, 3, resolution, resolution) to embeddings (n, embed_dim), not normalized.

    It differs from the usual ResNet in three things (Radford et al. 2021, §2.4): a stem of three
    convolutions, average pooling before each strided convolution (blur against aliasing), and
    attention pooling at the end.
    """

    def __init__(self, config: CLIPConfig) -> None:
        super().__init__()
        width, layers = config.image_width, config.image_layers
        assert isinstance(layers, tuple)
        self.conv1 = nn.Conv2d(3, width // 2, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width // 2)
        self.conv3 = nn.Conv2d(width // 2, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.avgpool = nn.AvgPool2d(2)
        inputs = width
        for stage, blocks in enumerate(layers):
            planes = width * 2**stage
            first = Bottleneck(inputs, planes, stride=1 if stage == 0 else 2)
            inputs = planes * Bottleneck.expansion
            rest = [Bottleneck(inputs, planes) for _ in range(blocks - 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(first, *rest))
        self.stages = len(layers)
        self.attnpool = AttentionPool(
            config.resolution // 32, inputs, config.image_heads, config.embed_dim
        )

    def forward(self, images: Tensor) -> Tensor:
        x = images.to(self.conv1.weight.dtype)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = self.avgpool(F.relu(self.bn3(self.conv3(x))))
        for stage in self.get_stages():
            x = stage(x)
        return self.attnpool(x)  # type: ignore[no-any-return]

    def get_stages(self) -> list[nn.Sequential]:
        """The four stages, each of several `Bottleneck`."""
        names = [f"layer{stage + 1}" for stage in range(self.stages)]
        return [cast(nn.Sequential, self.get_submodule(name)) for name in names]
