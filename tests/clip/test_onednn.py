"""oneDNN's operators are used where they are there and give what they should."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.clip import onednn
from zsclip.clip.onednn import Convolution, Linear, Scratch

CHECKS = [onednn._can_fuse_linear, onednn._can_fuse_convolution]


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Forget what other tests found out of this build of PyTorch, and what these pretend of it."""
    _clear()
    torch.manual_seed(0)
    yield
    _clear()


def _clear() -> None:
    for check in CHECKS:
        check.cache_clear()


@pytest.mark.parametrize("factor", [1, 1.7])
def test_a_linear_layer_gives_what_its_steps_give(either_way: None, factor: float) -> None:
    x, other, weight, bias = (torch.randn(n, m) for n, m in ((5, 16), (5, 8), (8, 16), (1, 8)))
    layer = Linear(weight, bias[0], scratch=Scratch([weight], torch.float32), factor=factor)
    plain = F.linear(x, weight * factor, bias[0])
    for found, expected in (
        (layer(x), plain),
        (layer(x, after="swish"), F.silu(plain)),
        (layer(x, after="gelu"), F.gelu(plain)),
        (layer(x, add=other), plain + other),
    ):
        torch.testing.assert_close(found, expected)


def test_layers_share_scratch_and_keep_their_own_weights(either_way: None) -> None:
    weights = torch.randn(2, 8, 16)
    scratch = Scratch(weights, torch.float32)
    layers = [Linear(weight, torch.zeros(8), scratch=scratch) for weight in weights]
    scratch.convert(torch.zeros(8, 16))
    x = torch.randn(5, 16)
    for layer, weight in zip(layers, weights, strict=True):
        torch.testing.assert_close(layer(x), x @ weight.T)


@pytest.mark.parametrize(("size", "stride", "padding"), [(1, 1, 0), (3, 1, 1), (3, 2, 1)])
def test_a_convolution_gives_what_its_steps_give(
    either_way: None, size: int, stride: int, padding: int
) -> None:
    conv = nn.Conv2d(3, 6, size, stride=stride, padding=padding, bias=False)
    norm = nn.BatchNorm2d(6).eval()
    for tensor in norm.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(0.5, 1.5)
    x = torch.randn(2, 3, 9, 9)
    plain = norm(conv(x))
    other = torch.randn_like(plain)
    layer = Convolution(conv, norm, side=9, dtype=torch.float32)
    x = x.contiguous(memory_format=torch.channels_last)
    for found, expected in (
        (layer(x), F.relu(plain)),
        (layer(x, relu=False), plain),
        (layer(x, add=other), F.relu(plain + other)),
        (layer(x, add=other, relu=False), plain + other),
    ):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def _missing(*args: object) -> Tensor:
    raise AttributeError("'_OpNamespace' 'mkldnn' object has no attribute")


def _doubled(real: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda *args, **options: 2 * real(*args, **options)


@pytest.mark.parametrize(
    ("check", "function"),
    [(CHECKS[0], "silu"), (CHECKS[0], "gelu"), (CHECKS[1], "relu")],
    ids=["linear", "gelu", "convolution"],
)
def test_operators_that_give_something_else_are_not_used(
    check: Callable[[torch.dtype], bool], function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched, torch.inference_mode():
        patched.setattr(torch.nn.functional, function, _doubled(getattr(F, function)))
        assert not check(torch.float32)
    assert not check(torch.float16)


def test_other_processors_go_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert not any(check(torch.float32) for check in CHECKS)


def test_operators_that_are_missing_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onednn, "_lay_out_convolution", _missing)
    assert not onednn._can_fuse_convolution(torch.float32)
