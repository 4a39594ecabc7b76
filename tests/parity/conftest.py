"""The official code as the oracle: its models with random weights, pictures, prompts, a ledger.

This folder needs the `clip` package and is left out of the default run; ``.ci/parity`` makes an
environment for it. A missing `clip` is an error here and not a skip.
"""

from __future__ import annotations

import math
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from zsclip import load_image

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports pkg_resources, which is deprecated
    import clip
    import clip.model

# embed_dim, resolution, image layers, image width, patch, then the text tower's width and heads:
# what build_model of the official code reads off the nine published checkpoints
SIZES: dict[str, tuple[int, int, Any, int, int | None, int, int]] = {
    "RN50": (1024, 224, (3, 4, 6, 3), 64, None, 512, 8),
    "RN101": (512, 224, (3, 4, 23, 3), 64, None, 512, 8),
    "RN50x4": (640, 288, (4, 6, 10, 6), 80, None, 640, 10),
    "RN50x16": (768, 384, (6, 8, 18, 8), 96, None, 768, 12),
    "RN50x64": (1024, 448, (3, 15, 36, 10), 128, None, 1024, 16),
    "ViT-B/32": (512, 224, 12, 768, 32, 512, 8),
    "ViT-B/16": (512, 224, 12, 768, 16, 512, 8),
    "ViT-L/14": (768, 224, 24, 1024, 14, 768, 12),
    "ViT-L/14@336px": (768, 336, 24, 1024, 14, 768, 12),
}
SMALL: dict[str, tuple[int, int, Any, int, int | None, int, int]] = {
    "small ResNet": (64, 64, (1, 2, 1, 1), 32, None, 128, 2),
    "small ViT": (64, 64, 2, 128, 16, 128, 2),
}

TOLERANCE = 1e-5

_LEDGER = pytest.StashKey[dict[str, dict[str, float]]]()


@pytest.fixture(scope="session")
def official() -> Any:
    """The official package."""
    return clip


@pytest.fixture
def official_model() -> Callable[[str], Any]:
    """``official_model(name)``: the official model of these sizes with random weights, in fp32."""
    return _official_model


@pytest.fixture(scope="session")
def randomize() -> Callable[..., None]:
    """``randomize(model, seed=1)``: fill every tensor of a CLIP so that each of them counts."""
    return _randomize


def _official_model(name: str) -> Any:
    embed_dim, resolution, layers, width, patch, text_width, heads = {**SIZES, **SMALL}[name]
    text_layers = 12 if name in SIZES else 2
    with torch.device("meta"):  # its own initialization takes long and would be overwritten
        model = clip.model.CLIP(
            embed_dim, resolution, layers, width, patch, 77, 49408, text_width, heads, text_layers
        )
    model.to_empty(device="cpu")
    for block in model.transformer.resblocks:
        block.attn_mask = model.build_attention_mask()  # no parameter and no buffer
    _randomize(model, seed=len(name) + embed_dim + resolution)
    return model.eval()


@torch.no_grad()
def _randomize(model: Any, seed: int) -> None:
    """Fill every tensor so that each of them counts and the signal keeps its size on the way.

    The official initialization would hide mistakes: biases of zero, norms that change nothing, and
    residual branches of the ResNets that are multiplied by zero.
    """
    random = torch.Generator().manual_seed(seed)

    def uniform(tensor: torch.Tensor, low: float, high: float) -> None:
        tensor.uniform_(low, high, generator=random)

    def spread(tensor: torch.Tensor, std: float) -> None:
        uniform(tensor, -math.sqrt(3) * std, math.sqrt(3) * std)

    for tensor in model.state_dict().values():
        tensor.fill_(math.nan if tensor.is_floating_point() else 0)  # so that none is forgotten
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            ends_branch = name.endswith(".bn3")
            uniform(module.weight, *((0.2, 0.5) if ends_branch else (0.7, 1.3)))
            uniform(module.running_var, 0.6, 1.6)
            spread(module.running_mean, 0.2)
            spread(module.bias, 0.2)
        elif isinstance(module, nn.LayerNorm):
            uniform(module.weight, 0.5, 1.5)
            spread(module.bias, 0.2)
        elif isinstance(module, nn.Conv2d):
            spread(module.weight, math.sqrt(2 / module.weight[0].numel()))
        elif isinstance(module, nn.Linear):
            spread(module.weight, module.in_features**-0.5)
            spread(module.bias, 0.2)
        elif isinstance(module, nn.MultiheadAttention):
            spread(module.in_proj_weight, module.embed_dim**-0.5)
            spread(module.in_proj_bias, 0.2)
        elif isinstance(module, nn.Embedding):
            spread(module.weight, 0.5)
    for name, parameter in model.named_parameters():
        if name.endswith(("positional_embedding", "class_embedding")):
            spread(parameter, 0.5)
        elif name in ("text_projection", "visual.proj"):
            spread(parameter, len(parameter) ** -0.5)
    model.logit_scale.fill_(math.log(90))  # not 100, which could have been written down


@pytest.fixture(scope="session")
def pictures() -> list[Image.Image]:
    """A drawing, and a picture of noise that is darker to the right, in RGB."""
    drawing = files("zsclip").joinpath("demo", "drawings", "octopus.png").read_bytes()
    noise = np.random.default_rng(7).integers(0, 256, (391, 517, 3))
    shade = np.linspace(1, 0, 517)[None, :, None]
    return [load_image(drawing), Image.fromarray((noise * shade).astype(np.uint8))]


@pytest.fixture(scope="session")
def prompts() -> list[str]:
    """Short ones, a long one, and one that fills the context to its last token."""
    full = "a small red fox and a large grey owl look at the moon over the snowy hill, " * 4
    return [
        "a diagram",
        "this is a painting of cartoon house sparrow.",
        "itap of a three-toed sloth, hanging upside down; it's 1 of 12 photos.",
        "ein kätzchen & 猫 🐈",
        full[: full.index("moon", 230) + 4],
        " ".join(["dog"] * 75),
    ]


@pytest.fixture(scope="session")
def oracle() -> Callable[..., tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """``oracle(model, preprocess, pictures, prompts)``: image and text embeddings, and scores."""

    @torch.inference_mode()
    def ask(
        model: Any, preprocess: Any, pictures: list[Image.Image], prompts: list[str]
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        images = torch.stack([preprocess(picture) for picture in pictures])
        tokens = clip.tokenize(prompts, context_length=int(model.context_length))
        image, text = model.encode_image(images), model.encode_text(tokens)
        with (  # the towers need not run again for the scores
            mock.patch.object(model, "encode_image", return_value=image),
            mock.patch.object(model, "encode_text", return_value=text),
        ):
            logits, _ = model(images, tokens)
        image, text = [x / x.norm(dim=-1, keepdim=True) for x in (image, text)]
        return image.numpy(), text.numpy(), logits.softmax(dim=-1).numpy()

    return ask


@pytest.fixture
def preprocess() -> Callable[[int], Any]:
    """``preprocess(resolution)``: the official transform."""
    transform: Callable[[int], Any] = clip.clip._transform
    return transform


@contextmanager
def _torchscript() -> Iterator[None]:
    """TorchScript is deprecated, and its tracer warns of the official code; both are known."""
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", message=r"`torch\.jit\.", category=category)
        warnings.filterwarnings("ignore", category=torch.jit._trace.TracerWarning)
        yield


@pytest.fixture
def clip_load() -> Callable[..., tuple[Any, Any]]:
    """``clip_load(path, jit=False)``: `clip.load` on the CPU."""

    def load(path: Path, *, jit: bool = False) -> tuple[Any, Any]:
        with _torchscript():
            model, preprocess = clip.load(str(path), device="cpu", jit=jit)
        return model, preprocess

    return load


@pytest.fixture
def state_by_torch() -> Callable[[Path], dict[str, torch.Tensor]]:
    """``state_by_torch(path)``: the state dict of an archive as PyTorch loads it."""

    def read(path: Path) -> dict[str, torch.Tensor]:
        with _torchscript():
            load: Any = torch.jit.load  # without types
            state: dict[str, torch.Tensor] = load(path, map_location="cpu").state_dict()
        return state

    return read


@pytest.fixture
def save_archive() -> Callable[[Any, Path], None]:
    """``save_archive(model, path)``: a TorchScript archive like the published ones.

    Those hold a traced model in fp16 whose sizes are tensors of its state dict.
    """

    def save(model: Any, path: Path) -> None:
        state = model.state_dict()
        archived = clip.model.build_model(dict(state))  # converts the weights to fp16
        sizes = {
            "input_resolution": archived.visual.input_resolution,
            "context_length": archived.context_length,
            "vocab_size": archived.vocab_size,
        }
        for name, size in sizes.items():
            archived.__dict__.pop(name, None)
            archived.register_buffer(name, torch.tensor(size))
        images = torch.zeros(1, 3, sizes["input_resolution"], sizes["input_resolution"])
        tokens = clip.tokenize(["a diagram"])
        inputs = {
            "forward": (images.half(), tokens),
            "encode_image": (images.half(),),
            "encode_text": (tokens,),
        }
        with _torchscript(), torch.no_grad():
            traced: Any = torch.jit.trace_module  # without types
            torch.jit.save(traced(archived, inputs, check_trace=False), path)
        with zipfile.ZipFile(path) as archive:
            assert any(entry.endswith("/constants.pkl") for entry in archive.namelist())

    return save


@pytest.fixture
def difference(request: pytest.FixtureRequest) -> Callable[[str, str, Any, Any], float]:
    """``difference(model, of_what, a, b)``: the largest one, noted for the table at the end."""
    ledger = request.config.stash.setdefault(_LEDGER, {})

    def compare(model: str, what: str, ours: Any, theirs: Any) -> float:
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        assert ours.shape == theirs.shape
        worst = float(np.abs(ours.astype(np.float64) - theirs).max())
        row = ledger.setdefault(model, {})
        row[what] = max(worst, row.get(what, 0.0))
        return worst

    return compare


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the largest difference from the official code for each model."""
    ledger = config.stash.get(_LEDGER, {})
    if not ledger:
        return
    columns = list(dict.fromkeys(what for row in ledger.values() for what in row))
    terminalreporter.section("largest differences from the official code")
    terminalreporter.write_line(f"{'':28}" + "".join(f"{column:>12}" for column in columns))
    for model, row in ledger.items():
        cells = (f"{row[column]:12.1e}" if column in row else " " * 12 for column in columns)
        terminalreporter.write_line(f"{model:28}" + "".join(cells))
