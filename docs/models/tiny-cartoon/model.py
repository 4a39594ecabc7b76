"""The network of tiny-cartoon, and its files in OpenAI's layout."""

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from drawings import RESOLUTION
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from zsclip.clip import CLIPConfig, Tokenizer, pad

METADATA = {
    "format": "pt",
    "name": "tiny-cartoon",
    "license": "CC-BY-4.0",
    "source": "Trained for zsclip on openly licensed emoji, icons and clip art; the sources, their "
    "authors and licenses: docs/models/tiny-cartoon/README.md",
}
TINY_CARTOON = CLIPConfig(
    embed_dim=256,
    resolution=RESOLUTION,
    image_layers=(2, 2, 2, 2),
    image_width=32,
    patch=None,
    context_length=77,
    vocab_size=49_408,
    text_width=128,
    text_layers=3,
)


class Model(nn.Module):
    """Both towers and the scale, under the names of OpenAI's checkpoints but for ``text.``."""

    def __init__(self) -> None:
        super().__init__()
        self.visual = TINY_CARTOON.image_tower()
        self.text = TINY_CARTOON.text_tower()
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.tokenizer = Tokenizer(TINY_CARTOON.context_length)
        self._initialize()

    def _initialize(self) -> None:
        """Start values as in Radford et al. 2021 (openai/CLIP, clip/model.py)."""
        width, layers = TINY_CARTOON.text_width, TINY_CARTOON.text_layers
        for name, p in self.named_parameters():
            if name.endswith("bn3.weight") and "layer" in name:
                nn.init.zeros_(p)
            elif "attnpool" in name and name.endswith("proj.weight"):
                nn.init.normal_(p, std=p.shape[1] ** -0.5)
            elif name.endswith(("out_proj.weight", "mlp.c_proj.weight")):
                nn.init.normal_(p, std=width**-0.5 * (2 * layers) ** -0.5)
            elif name.endswith("c_fc.weight"):
                nn.init.normal_(p, std=(2 * width) ** -0.5)

    def embed_texts(self, texts: list[str]) -> Tensor:
        """Unit vectors, (n, 256)."""
        tokens = torch.from_numpy(pad(self.tokenizer.encode(texts, too_long="cut")))
        return F.normalize(self.text(tokens), dim=-1)

    def embed_images(self, images: Tensor) -> Tensor:
        """Unit vectors, (n, 256), of normalized pictures (n, 3, 64, 64)."""
        return F.normalize(self.visual(images), dim=-1)


def load(path: Path) -> dict[str, Tensor]:
    """A state dict in OpenAI's layout, from .safetensors or .pt, for `Model`, in fp32."""
    raw = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    extra = ("input_resolution", "context_length", "vocab_size")
    state = {k: v.float() if v.is_floating_point() else v for k, v in raw.items() if k not in extra}
    whole = ("visual.", "logit_scale")
    return {k if k.startswith(whole) else f"text.{k}": v for k, v in state.items()}


def store(state: dict[str, Tensor], path: Path) -> None:
    """Write a state dict of `Model` in OpenAI's layout and fp16, as one safetensors file."""
    named = {k.removeprefix("text."): v.contiguous() for k, v in state.items()}
    half = {k: v.half() if v.is_floating_point() else v for k, v in named.items()}
    save_file(half, path, metadata=METADATA)
