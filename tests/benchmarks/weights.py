"""Random models: a ViT-B/32 in the file that each system loads, and a RN50.

No published weights are needed: the official code makes the model and its first values, seeded;
what it starts as zeros and ones is moved, so that every tensor counts.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks.files import Weights
from tests.benchmarks.huggingface import write_huggingface_folder
from zsclip.formats.layouts import in_memory
from zsclip.weights.keeping import write_kept
from zsclip.weights.models import get_model_spec
from zsclip.weights.sources import kept_path

SEED = 20_210_226
# as `clip.model.CLIP` takes them
VIT_B_32 = (512, 224, 12, 768, 32, 77, 49_408, 512, 8, 12)
RN50 = (1024, 224, (3, 4, 6, 3), 64, None, 77, 49_408, 512, 8, 12)


def make_weights(weights: Weights) -> None:
    """Write the weights of every system, unless they are there."""
    if weights.huggingface.is_dir():  # the last to be in place
        return
    clip = import_clip()
    model = random_model(clip, VIT_B_32)
    state = dict(model.state_dict())
    weights.folder.mkdir(parents=True, exist_ok=True)
    torch.save(state, weights.state)
    _write_kept(state, weights.zsclip)
    part = weights.huggingface.with_suffix(".part")
    write_huggingface_folder(state, part)
    _write_archive(clip, model, weights.archive)
    part.rename(weights.huggingface)


def import_clip() -> Any:
    """The official package, without what its imports warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import clip
        import clip.model
    return clip


@torch.no_grad()
def random_model(clip: Any, sizes: tuple[Any, ...]) -> Any:
    """The official code's own first values, every bias and norm moved from 0 and 1; in fp16."""
    torch.manual_seed(SEED)
    model = clip.model.CLIP(*sizes)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.add_(torch.randn_like(parameter) * 0.1)
        elif parameter.ndim == 1 and name.endswith("weight"):
            parameter.add_(torch.randn_like(parameter) * 0.2)
    for name, buffer in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.add_(torch.rand_like(buffer) * 0.2)
    model.logit_scale.fill_(math.log(90))
    clip.model.convert_weights(model)  # as published: all but norms and embeddings
    return model.eval()


def _write_kept(state: dict[str, torch.Tensor], folder: Path) -> None:
    spec = get_model_spec("ViT-B/32")
    folder.mkdir(exist_ok=True)
    write_kept(in_memory(state), kept_path(folder / spec.file), spec)


def _write_archive(clip: Any, model: Any, path: Path) -> None:
    sizes = {
        "input_resolution": model.visual.input_resolution,
        "context_length": model.context_length,
        "vocab_size": model.vocab_size,
    }
    for name, size in sizes.items():
        model.__dict__.pop(name, None)
        model.register_buffer(name, torch.tensor(size))
    images = torch.zeros(1, 3, sizes["input_resolution"], sizes["input_resolution"]).half()
    tokens = clip.tokenize(["a diagram"])
    inputs = {
        "forward": (images, tokens),
        "encode_image": (images,),
        "encode_text": (tokens,),
    }
    with quiet_torchscript(), torch.no_grad():
        trace: Any = torch.jit.trace_module  # without types
        torch.jit.save(trace(model, inputs, check_trace=False), path)


@contextmanager
def quiet_torchscript() -> Iterator[None]:
    """TorchScript is deprecated, and its tracer warns of the official code; both are known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
