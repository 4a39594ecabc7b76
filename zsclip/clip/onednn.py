"""Layers that oneDNN computes together with what follows them, in weights of its own layout.

oneDNN, which PyTorch computes with on x86, activates and adds while a product's results are still
in registers. PyTorch reaches that by operators that its compiler emits; where this build of PyTorch
lacks them, or they give something else than they should, the same is done step by step.
"""

from __future__ import annotations

import functools
import platform
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention
from torch.nn.utils.fusion import fuse_conv_bn_weights

__all__ = ["ROWS", "After", "Convolution", "Linear", "Scratch"]

After: TypeAlias = Literal["none", "swish", "gelu"]
"""What follows a product, in oneDNN's words: nothing, SiLU, or the exact GELU."""

ROWS = 512
"""Rows at a time that a linear layer's weights are laid out for."""


_PICTURES = 32
"""How many at a time a convolution's weights are laid out for; the layout is that of any number."""


class Scratch:
    """Memory that weights pass through, one by one, on the way into their layout.

    A temporary copy of each would do as well, but leaves the process with memory in pieces that it
    cannot give back: a tenth of what the weights take.

    Args:
        weights: All that are to pass.
        dtype: What they are converted to.
    """

    def __init__(self, weights: Iterable[Tensor], dtype: torch.dtype) -> None:
        self.dtype = dtype
        most = max(weight.numel() for weight in weights)
        self._exact = torch.empty(most, dtype=torch.float32)
        self._rounded = self._exact if dtype == torch.float32 else torch.empty(most, dtype=dtype)

    def convert(self, weight: Tensor, factor: float = 1) -> Tensor:
        """The weights by a factor in `dtype`, there until the next ones come."""
        n, shape = weight.numel(), weight.shape
        exact = self._exact[:n].view(shape).copy_(weight)
        if factor != 1:
            exact *= factor
        if self.dtype == torch.float32:
            return exact
        return self._rounded[:n].view(shape).copy_(exact)


class Linear:
    """``x @ weight.T * factor + bias``, and an activation or a sum with another tensor in one pass.

    Args:
        weight: (outputs, inputs).
        bias: (outputs,).
        scratch: What the weights are converted in; the layer computes in its dtype.
        factor: What the weights are multiplied by.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor, *, scratch: Scratch, factor: float = 1
    ) -> None:
        self.bias = bias.to(scratch.dtype, copy=True)
        self.fused = _can_fuse_linear(scratch.dtype)
        converted = scratch.convert(weight, factor)
        if self.fused:
            self.weight = torch.ops.mkldnn._reorder_linear_weight(converted, ROWS)
        else:
            self.weight = converted.clone()

    def __call__(self, x: Tensor, *, add: Tensor | None = None, after: After = "none") -> Tensor:
        """(n, inputs) to (n, outputs), with an activation behind it or `add` (n, outputs) added."""
        out: Tensor
        if self.fused and add is not None:
            out = torch.ops.mkldnn._linear_pointwise.binary(x, add, self.weight, self.bias, "add")
        elif self.fused:
            # its last argument says which GELU: "none" is the exact one
            out = torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, after, [], "none")
        else:
            out = F.linear(x, self.weight, self.bias)
            if add is not None:
                out += add
            elif after == "swish":
                F.silu(out, inplace=True)
            elif after == "gelu":
                out = F.gelu(out)
        return out


class Convolution:
    """A convolution and its batch norm in one, and a sum and ReLU in the same pass.

    Args:
        conv: The convolution, without a bias, of any stride and padding.
        norm: The batch norm behind it, whose statistics are constants here.
        side: The height and the width of what it gets. The layout of the weights depends on it, and
            where it is another, they are laid out anew at each call.
        dtype: What to compute in.
    """

    def __init__(
        self, conv: nn.Conv2d, norm: nn.BatchNorm2d, *, side: int, dtype: torch.dtype
    ) -> None:
        assert isinstance(conv.padding, tuple)
        assert norm.running_var is not None
        assert norm.running_mean is not None
        both = fuse_conv_bn_weights(
            conv.weight.float(), None, norm.running_mean.float(), norm.running_var.float(),
            norm.eps, norm.weight.float(), norm.bias.float(),
        )  # fmt: skip
        weight, self.bias = (tensor.detach().to(dtype) for tensor in both)
        self.padding, self.stride = list(conv.padding), list(conv.stride)
        self.fused = _can_fuse_convolution(dtype)
        if self.fused:
            self.weight = _lay_out_convolution(weight, self.padding, self.stride, side)
        else:
            self.weight = weight.contiguous(memory_format=torch.channels_last)

    def __call__(self, x: Tensor, *, add: Tensor | None = None, relu: bool = True) -> Tensor:
        """(n, inputs, height, width) to (n, outputs, ...); `add` is added before the ReLU."""
        out: Tensor
        where = (self.padding, self.stride, [1, 1], 1)  # dilation, groups
        if self.fused and add is not None:
            out = torch.ops.mkldnn._convolution_pointwise.binary(
                x, add, self.weight, self.bias, *where, "add", 1.0, "relu" if relu else None, [], ""
            )
        elif self.fused:
            out = torch.ops.mkldnn._convolution_pointwise(
                x, self.weight, self.bias, *where, "relu" if relu else "none", [], ""
            )
        else:
            out = F.conv2d(x, self.weight, self.bias, self.stride, self.padding)
            if add is not None:
                out += add
            if relu:
                F.relu(out, inplace=True)
        return out


def _lay_out_convolution(
    weight: Tensor, padding: list[int], stride: list[int], side: int
) -> Tensor:
    size = [_PICTURES, weight.shape[1], side, side]
    laid_out: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
        weight, padding, stride, [1, 1], 1, size
    )
    return laid_out


@functools.cache
def _can_fuse_linear(dtype: torch.dtype) -> bool:
    x, other = torch.linspace(-2, 2, 128, dtype=dtype).view(2, 4, 16).unbind()
    weight, bias = torch.linspace(-1, 1, 64, dtype=dtype).view(4, 16), x[0, :4].contiguous()
    plain = F.linear(x, weight, bias)

    def fused() -> list[Tensor]:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS)
        weight.zero_()  # what is packed must be a copy
        operator = torch.ops.mkldnn._linear_pointwise
        silu, gelu = (operator(x, packed, bias, after, [], "none") for after in ("swish", "gelu"))
        return [silu, gelu, operator.binary(x, other[:, :4].contiguous(), packed, bias, "add")]

    return _works(dtype, fused, [F.silu(plain), F.gelu(plain), plain + other[:, :4]])


@functools.cache
def _can_fuse_convolution(dtype: torch.dtype) -> bool:
    x = torch.linspace(-2, 2, 96, dtype=dtype).view(2, 3, 4, 4)
    weight, bias = torch.linspace(-1, 1, 81, dtype=dtype).view(3, 3, 3, 3), x[0, 0, 0, :3]
    plain, where = F.conv2d(x, weight, bias, padding=1), ([1, 1], [1, 1], [1, 1], 1)

    def fused() -> list[Tensor]:
        packed = _lay_out_convolution(weight, [1, 1], [1, 1], 4)
        operator = torch.ops.mkldnn._convolution_pointwise
        relu = operator(x, packed, bias, *where, "relu", [], "")
        both = operator.binary(x, x, packed, bias, *where, "add", 1.0, "relu", [], "")
        return [relu, both]

    return _works(dtype, fused, [F.relu(plain), F.relu(plain + x)])


def _works(dtype: torch.dtype, fused: Callable[[], list[Tensor]], expected: list[Tensor]) -> bool:
    """Whether this build of PyTorch has the operators, and they give what they should."""
    if dtype not in (torch.float32, torch.bfloat16):
        return False
    if platform.machine().lower() not in ("x86_64", "amd64"):  # measured nowhere else
        return False
    try:
        found = fused()
    except (AttributeError, RuntimeError, NotImplementedError):  # a build without oneDNN, too
        return False
    pairs = zip(found, expected, strict=True)
    return all(torch.allclose(a, b, rtol=0.05, atol=0.05) for a, b in pairs)
