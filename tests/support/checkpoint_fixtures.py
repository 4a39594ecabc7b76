"""Small CLIPs with random weights, in the layout and the formats of the published ones."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from zsclip.clip import onednn
from zsclip.clip.model import CLIPConfig
from zsclip.clip.recipe import Recipe
from zsclip.formats.layouts import in_memory
from zsclip.weights.checkpoints import Checkpoint

State = dict[str, Tensor]

SMALL = {
    "vit": CLIPConfig(32, 32, 2, 64, 8, 77, 49_408, 64, 2),
    "resnet": CLIPConfig(32, 64, (1, 2, 1, 1), 16, None, 77, 49_408, 64, 2),
}


@pytest.fixture(params=SMALL)
def kind(request: pytest.FixtureRequest) -> str:
    """``"vit"``, then ``"resnet"``."""
    name: str = request.param
    return name


@pytest.fixture
def clip_config(kind: str) -> CLIPConfig:
    """The sizes of the small model of this kind."""
    return SMALL[kind]


@pytest.fixture(scope="session")
def make_state() -> Callable[[CLIPConfig], State]:
    """``make_state(config)``: a state dict in OpenAI's layout, every tensor of it random."""

    def make(config: CLIPConfig) -> State:
        state = {f"visual.{k}": v for k, v in config.image_tower().state_dict().items()}
        state |= config.text_tower().state_dict()
        random = torch.Generator().manual_seed(0)
        for key, tensor in state.items():
            if key.endswith("running_var") or (key.endswith("weight") and tensor.dim() == 1):
                tensor.uniform_(0.7, 1.3, generator=random)  # variances, and gains of norms
            elif tensor.dim() == 4:
                tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=random)
            elif "embedding" in key:
                tensor.normal_(0, 0.5, generator=random)
            elif tensor.dim() == 2:
                tensor.normal_(0, tensor.shape[1] ** -0.5, generator=random)
            elif tensor.dim() == 1:
                tensor.normal_(0, 0.2, generator=random)
        return {**state, "logit_scale": torch.tensor(math.log(50))}

    return make


@pytest.fixture(scope="session")
def _states(make_state: Callable[[CLIPConfig], State]) -> dict[str, State]:
    return {name: make_state(config) for name, config in SMALL.items()}


@pytest.fixture
def state(kind: str, _states: dict[str, State]) -> State:
    """The state dict of the small model of this kind; the tensors are shared between tests."""
    return dict(_states[kind])


@pytest.fixture
def vit_state(_states: dict[str, State]) -> State:
    """The state dict of the small vision transformer."""
    return dict(_states["vit"])


@pytest.fixture(scope="session")
def checkpoint_of() -> Callable[[State], Checkpoint]:
    """``checkpoint_of(state)``: the checkpoint that a file with these tensors would be."""

    def make(state: State) -> Checkpoint:
        path, recipe = Path("small.pt"), Recipe(activation="quickgelu")
        return Checkpoint("small", path, in_memory(state), recipe=recipe)

    return make


class _Node(nn.Module):
    """A module with the tensors and children that a state dict speaks of."""

    def __init__(self, state: State) -> None:
        super().__init__()
        for child in sorted({key.split(".")[0] for key in state}):
            inside = {
                key.removeprefix(f"{child}."): tensor
                for key, tensor in state.items()
                if key.startswith(f"{child}.")
            }
            if inside:
                self.add_module(child, _Node(inside))
            else:
                self.register_buffer(child, state[child])

    def forward(self, x: Tensor) -> Tensor:
        return x


@pytest.fixture(scope="session")
def save_archive() -> Callable[[State, Path], None]:
    """``save_archive(state, path)``: a TorchScript archive with these tensors.

    As in the published ones, there are three more, of the sizes.
    """

    def save(state: State, path: Path) -> None:
        sizes = {"input_resolution": 32, "context_length": 77, "vocab_size": 49_408}
        module = _Node({**state, **{key: torch.tensor(size) for key, size in sizes.items()}})
        trace: Any = torch.jit.trace
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is deprecated; the archives remain
            torch.jit.save(trace(module.eval(), torch.zeros(1)), path)

    return save


@pytest.fixture(params=["fused", "step by step"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With oneDNN's fused operators, as they work here, and without; in inference mode."""
    if request.param == "step by step":
        monkeypatch.setattr(onednn, "_can_fuse_linear", lambda dtype: False)
        monkeypatch.setattr(onednn, "_can_fuse_convolution", lambda dtype: False)
    with torch.inference_mode():
        yield
