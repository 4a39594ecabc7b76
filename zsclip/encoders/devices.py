"""Devices and precisions: which there are, which to compute on, and embeddings back from there."""

from __future__ import annotations

import platform
import re

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.errors import DeviceError, ParameterError
from zsclip.logs import logger_for
from zsclip.wording import brief

__all__ = [
    "TEXT_BATCH",
    "choose_device",
    "choose_precision",
    "default_device",
    "list_devices",
    "require_after_fork",
    "to_unit_rows",
]

log = logger_for("zsclip")

TEXT_BATCH = 256
"""Texts that go through a tower at once."""

PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def choose_device(device: str | torch.device = "auto") -> torch.device:
    """The device that a name stands for; ``"auto"`` is CUDA, then MPS, then the CPU.

    Which one ``"auto"`` came to is logged at level INFO.

    Raises:
        DeviceError: There is no such device, or it cannot be used here.

    Examples:
        >>> choose_device("cpu")
        device(type='cpu')
    """
    if isinstance(device, str) and device == "auto":
        kind = "cuda" if torch.cuda.is_available() else "mps" if _mps() else "cpu"
        require_after_fork(torch.device(kind))
        log.info("Computing on %s.", kind)
        return torch.device(kind)
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError):
        raise DeviceError(
            "`device` must be 'auto', 'cpu', 'cuda', 'cuda:0', 'mps' or another that PyTorch "
            f"knows, got {brief(device)}."
        ) from None
    if chosen.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (chosen.index or 0) >= count:
            raise DeviceError(
                f"`device` is {brief(str(device))}, and PyTorch {torch.__version__} sees {count} "
                f"CUDA device{'s' * (count != 1)}. Use device='auto', or install a build of "
                "PyTorch for this machine's GPU."
            )
    elif chosen.type == "mps" and not _mps():
        raise DeviceError("`device` is 'mps', and there is none here. Use device='auto'.")
    elif chosen.type == "meta":
        raise DeviceError("`device` is 'meta', which computes nothing. Use device='auto'.")
    elif chosen.type not in ("cpu", "mps"):
        try:
            torch.empty(0, device=chosen)  # the one way to ask that every backend has
        except Exception as e:  # backends differ in what they raise
            reason = re.split(r"[.\n] ?", str(e), maxsplit=1)[0]
            raise DeviceError(
                f"`device` is {brief(str(device))}, which PyTorch cannot use here ({reason}). "
                "Use device='auto'."
            ) from e
    require_after_fork(chosen)
    return chosen


def require_after_fork(device: torch.device) -> None:
    """Raise if this process was forked from one that uses the device.

    Raises:
        DeviceError: It was; a GPU's driver cannot go on in a forked child.
    """
    backend = getattr(torch, device.type, None)
    is_in_bad_fork = getattr(backend, "_is_in_bad_fork", None)  # of CUDA, MPS and XPU
    if is_in_bad_fork is not None and is_in_bad_fork():
        raise DeviceError(
            f"This process was forked from one that uses {brief(device.type)}, which a forked "
            "child cannot. Start it by multiprocessing's 'spawn' or 'forkserver', fork before the "
            "device is first used, or make the classifier with device='cpu'."
        )


def choose_precision(precision: str, device: torch.device) -> tuple[str, torch.dtype]:
    """The name and the type that weights and activations have.

    Args:
        precision: ``"fp32"``, ``"fp16"``, ``"bf16"``, or ``"auto"``: fp16 on CUDA, as the
            official code does, bf16 on a CPU that multiplies matrices of it (AMX), and fp32
            elsewhere.
        device: Where the computation runs.

    Raises:
        ParameterError: `precision` is none of these.

    Examples:
        >>> choose_precision("bf16", torch.device("cpu"))
        ('bf16', torch.bfloat16)
    """
    if precision == "auto":
        half = {"cuda": "fp16", "cpu": "bf16" if _has_amx() else "fp32"}
        precision = half.get(device.type, "fp32")
    if not isinstance(precision, str) or precision not in PRECISIONS:
        raise ParameterError(
            f"`precision` must be 'auto', 'fp32', 'fp16' or 'bf16', got {brief(precision)}."
        )
    return precision, PRECISIONS[precision]


def _mps() -> bool:
    return torch.backends.mps.is_available()


def _has_amx() -> bool:
    """Whether the CPU multiplies matrices in bf16 (Intel's AMX), and the system lets it.

    The vector instructions for bf16 that other CPUs have (AVX512-BF16) do not count: by them,
    matrix products were measured to take twice as long as in fp32.
    """
    supported = getattr(torch.cpu, "_is_amx_tile_supported", None)  # from PyTorch 2.6 on
    return bool(supported is not None and supported())


def default_device() -> tuple[str, str]:
    """The device and the precision that ``"auto"`` comes to here.

    Examples:
        >>> device, precision = default_device()
    """
    device = choose_device("auto")
    return str(device), choose_precision("auto", device)[0]


def list_devices() -> list[tuple[str, str]]:
    """The devices that there are here, each by its name and in a few words, the CPU first.

    Examples:
        >>> list_devices()[0][0]
        'cpu'
    """
    devices = [("cpu", f"{platform.machine()}, {torch.get_num_threads()} threads")]
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            about = torch.cuda.get_device_properties(i)
            memory = about.total_memory / 2**30
            devices.append((f"cuda:{i}", f"{about.name}, {memory:.1f} GiB"))
    if _mps():
        devices.append(("mps", "Apple GPU"))
    return devices


def to_unit_rows(embeddings: Tensor) -> NDArray[np.float32]:
    """Normalize embeddings (n, d) in fp32, and bring them to the CPU: float32 (n, d)."""
    return F.normalize(embeddings.float(), dim=-1).cpu().numpy()
