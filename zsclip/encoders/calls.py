"""Calls into PyTorch that neither a fork nor what others have set there reaches.

PyTorch keeps two kinds of state beside a call. Some belongs to a thread: autocast, a default
device, modes that stand between a function and what it does, a transform under way. A new thread
has none of it, so that is where the call goes when there is some. There too it goes in a forked
child: the threads that OpenMP computes with stayed behind in the parent, this thread would wait for
them for ever, and a new thread begins with new ones.

Other state belongs to the whole process. The code in `clip` names its types, so that a default type
does not count. What makes products coarser than the weights are, or leaves attention without a way
to compute it, is put right while a call lasts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

from zsclip.encoders.devices import require_after_fork
from zsclip.encoders.settings import are_unfit, kept_fit
from zsclip.forks import is_forked_child, is_survivor, on_new_thread

__all__ = ["undisturbed"]

P = ParamSpec("P")
T = TypeVar("T")

# What a thread can have that reaches tensors, each true when it has some; PyTorch has no public
# way to ask.
_SIGNS: tuple[Callable[[], object], ...] = tuple(
    sign
    for owner, name in (
        (torch._C, "_is_any_autocast_enabled"),
        (torch._C, "_len_torch_function_stack"),  # a default device is among these modes
        (torch._C, "_len_torch_dispatch_stack"),
        (torch._C, "_is_torch_function_all_disabled"),
        (torch._C, "_is_tracing"),
        (getattr(torch._C, "_functorch", None), "get_dynamic_layer_stack_depth"),
    )
    if (sign := getattr(owner, name, None)) is not None
)


def undisturbed(
    device: torch.device | None, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """What a call gives, whatever is set around it; all of that stays as it is.

    Args:
        device: Where it computes; None if it only reads.
        call: What to call.
        args: What with.
        kwargs: What with, by name.

    Raises:
        DeviceError: This is a forked child, and the device belongs to its parent.
    """
    if device is not None and is_forked_child():
        require_after_fork(device)
    if are_unfit():
        with kept_fit():
            return _on_a_plain_thread(call, *args, **kwargs)
    return _on_a_plain_thread(call, *args, **kwargs)


def _on_a_plain_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    if not (is_survivor() or any(sign() for sign in _SIGNS)):
        return call(*args, **kwargs)
    current = _current_cuda_device()

    def apart() -> T:
        if current is not None:
            torch.cuda.set_device(current)  # which each thread has its own of
        return call(*args, **kwargs)

    return on_new_thread(apart)


def _current_cuda_device() -> int | None:
    is_initialized = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return torch.cuda.current_device() if is_initialized else None
