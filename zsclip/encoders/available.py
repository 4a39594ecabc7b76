"""Which devices there are to compute on."""

from __future__ import annotations

import platform

import torch

__all__ = ["list_devices"]


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
    if torch.backends.mps.is_available():
        devices.append(("mps", "Apple GPU"))
    return devices
