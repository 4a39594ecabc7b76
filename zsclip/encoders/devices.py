"""Devices and precisions: which there are, which to compute on, and embeddings back from there."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.clip import CLIPConfig
from zsclip.encoders.rates import Rate, has_bf16, rate_of
from zsclip.errors import DeviceError, ParameterError
from zsclip.logs import logger_for
from zsclip.wording import brief

__all__ = [
    "TEXT_BATCH",
    "AutoPrecision",
    "choose_device",
    "choose_precision",
    "default_device",
    "explain_auto",
    "list_devices",
    "require_after_fork",
    "require_precision",
    "to_unit_rows",
]

log = logger_for("zsclip")

TEXT_BATCH = 256
"""Texts that go through a tower at once."""

VARIABLE = "ZSCLIP_PRECISION"
DEFAULT_WIDTH = 768  # of the image tower of ViT-B/32

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


def require_precision(precision: str) -> None:
    """Raise if a precision, or ``ZSCLIP_PRECISION`` where that counts, is none of ours.

    Raises:
        ParameterError: It is not.
    """
    if precision == "auto":
        _from_environment()
    elif not isinstance(precision, str) or precision not in PRECISIONS:
        raise ParameterError(
            f"`precision` must be 'auto', 'fp32', 'fp16' or 'bf16', got {brief(precision)}."
        )


def choose_precision(
    precision: str, device: torch.device, config: CLIPConfig | None = None
) -> tuple[str, torch.dtype]:
    """The name and the type that weights and activations have.

    Args:
        precision: ``"fp32"``, ``"fp16"``, ``"bf16"``, or ``"auto"``, which `explain_auto` decides.
        device: Where the computation runs.
        config: The sizes of the model, if they are known.

    Raises:
        ParameterError: `precision` is none of these, or ``ZSCLIP_PRECISION`` is not.

    Examples:
        >>> choose_precision("bf16", torch.device("cpu"))
        ('bf16', torch.bfloat16)
    """
    require_precision(precision)
    if precision == "auto":
        precision = explain_auto(device, config).precision
    return precision, PRECISIONS[precision]


@dataclass(frozen=True, slots=True)
class AutoPrecision:
    """What ``precision="auto"`` comes to, and why.

    Attributes:
        precision: ``"fp32"``, ``"fp16"`` or ``"bf16"``.
        why: ``"ZSCLIP_PRECISION"``, which says so; ``"measured"``; ``"no bf16 here"``;
            ``"not measured"``, which could not be done; or the kind of device, whose own it is.
        rate: What was measured, if it was that.
    """

    precision: str
    why: str
    rate: Rate | None = None


def explain_auto(device: str | torch.device, config: CLIPConfig | None = None) -> AutoPrecision:
    """What ``precision="auto"`` comes to on a device.

    That is what the environment variable ``ZSCLIP_PRECISION`` says, if it is set. Else it is fp16
    on CUDA, as in the official code; bf16 on a CPU that was measured to be faster in it by enough
    (`rate_of`); and fp32 elsewhere.

    Args:
        device: Where the computation runs.
        config: The sizes of the model; those of `DEFAULT_WIDTH` if they are not known.

    Raises:
        ParameterError: ``ZSCLIP_PRECISION`` is no precision.

    Examples:
        >>> explain_auto("mps").precision in PRECISIONS
        True
    """
    if said := _from_environment():
        return AutoPrecision(said, VARIABLE)
    kind = torch.device(device).type
    if kind != "cpu":
        return AutoPrecision("fp16" if kind == "cuda" else "fp32", kind)
    if config is None:
        rate = rate_of(DEFAULT_WIDTH)
    else:
        rate = rate_of(config.image_width, convolution=config.patch is None)
    if rate is None:
        return AutoPrecision("fp32", "not measured" if has_bf16() else "no bf16 here")
    return AutoPrecision(rate.precision, "measured", rate)


def _from_environment() -> str | None:
    """What ``ZSCLIP_PRECISION`` says; None where it leaves the choice to us."""
    value = os.environ.get(VARIABLE, "").strip()
    if value in ("", "auto"):
        return None
    if value not in PRECISIONS:
        raise ParameterError(
            f"`{VARIABLE}` must be one of auto, fp32, fp16, bf16, got {brief(value)}. Set it to "
            "one of these, or unset it."
        )
    return value


def _mps() -> bool:
    return torch.backends.mps.is_available()


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
