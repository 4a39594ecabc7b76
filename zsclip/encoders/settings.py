"""Settings of PyTorch that hold for a whole process: put right while calls last, and put back.

Whoever asks for faster matrix products (``torch.set_float32_matmul_precision("medium")``, TF32)
gets products coarser than fp32, and whoever chooses a way to compute attention
(``torch.nn.attention.sdpa_kernel``) may choose one that the device lacks. Neither may change what
an embedding is, which is kept under its precision.

PyTorch has two interfaces to the first. The newer one names every part; the older one raises where
the newer was used. So both are read, and each setting is put back where it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from zsclip.forks import ForkLock

__all__ = ["are_unfit", "kept_fit"]

# Whole before part: a part that nobody set follows the whole.
_PARTS = (
    ("generic", "all"), ("mkldnn", "all"), ("mkldnn", "matmul"), ("mkldnn", "conv"),
    ("cuda", "all"), ("cuda", "matmul"),
)  # fmt: skip
_EXACT = ("highest", "ieee", "none")

# of PyTorch 2.9 and later
_read_part: Callable[[str, str], str] = getattr(
    torch._C, "_get_fp32_precision_getter", lambda *_: "none"
)
_write_part: Callable[[str, str, str], object] = getattr(
    torch._C, "_set_fp32_precision_setter", lambda *_: None
)


def are_unfit() -> bool:
    """Whether products are coarser than fp32, or attention may have no way to be computed."""
    # the parts that are not asked for here follow, or make `_matmul_precision` be None
    return (
        _matmul_precision() != "highest"
        or _read_part("mkldnn", "conv") not in _EXACT
        or not _can_attend()
    )


@contextmanager
def kept_fit() -> Iterator[None]:
    """Settings that are fit; as they were before once all that asked for it are through."""
    with _lock:
        if not _users:
            _undo.extend(_make_fit())
        token = object()
        _users.append(token)
    try:
        yield
    finally:
        with _lock:
            _users.remove(token)
            while _undo and not _users:
                _undo.pop()()


_lock = ForkLock()
_users: list[object] = []
_undo: list[Callable[[], object]] = []  # the last first


def _make_fit() -> Iterator[Callable[[], object]]:
    """Change what is unfit, and give what changes it back."""
    if not _can_attend():
        torch.backends.cuda.enable_math_sdp(True)
        yield lambda: torch.backends.cuda.enable_math_sdp(False)
    before = _matmul_precision()
    if before is not None and before != "highest":
        for backend in ("cuda", "mkldnn"):  # whose parts the older interface sets as well
            yield _writing(backend, "matmul", _read_part(backend, "matmul"))
        torch.set_float32_matmul_precision("highest")
        yield lambda: torch.set_float32_matmul_precision(before)
    for backend, part in _PARTS:
        value = _read_part(backend, part)
        if value not in _EXACT:
            _write_part(backend, part, "ieee")
            yield _writing(backend, part, value)


def _writing(backend: str, part: str, value: str) -> Callable[[], object]:
    return lambda: _write_part(backend, part, value)


def _matmul_precision() -> str | None:
    """What the older interface says; None where it does not, because the newer one was used."""
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return None


def _can_attend() -> bool:
    return torch._C._get_math_sdp_enabled() or torch._C._get_flash_sdp_enabled()
