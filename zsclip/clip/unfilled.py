"""Modules of the right shapes whose weights take no memory, for weights that come from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

__all__ = ["unfilled"]


@contextmanager
def unfilled() -> Iterator[None]:
    """Make modules on the meta device, without the random numbers that training begins with."""
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
