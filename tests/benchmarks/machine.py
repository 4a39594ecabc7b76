"""The machine: what it is, and how fast it multiplies matrices."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "zsclip",
    "clip-anytorch",
    "open-clip-torch",
    "transformers",
    "onnxruntime",
    "openvino",
    "ray",
    "daft",
    "torch",
    "torchvision",
    "numpy",
    "pillow",
)
SIZES = (512, 1024, 2048, 4096)
FLAGS = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_tile", "amx_int8")
BATCH = 32  # pictures at once on a CPU; on a GPU as many as fit well
MOST_ON_GPU = 512
ON_GPU_EACH = 2**26  # bytes for each: float32 pixels, and a ViT-B/32's activations many times


def describe_machine(device: str = "cpu", *, quick: bool = False) -> dict[str, Any]:
    """The processor, what it can do, and FLOP/s of a plain matrix product by type and size.

    ``"batch"`` is how many pictures everybody takes at once there.
    """
    import torch

    half = ("bf16", torch.bfloat16) if device == "cpu" else ("fp16", torch.float16)
    gpu: dict[str, Any] = {}
    if device != "cpu":
        about = torch.cuda.get_device_properties(device)
        gpu["gpu"] = f"{about.name}, {about.total_memory / 2**30:.0f} GiB"
        gpu["CUDA"] = str(torch.version.cuda)
    return {
        "processor": _processor(),
        **gpu,
        "batch": BATCH if device == "cpu" else gpu_batch(torch.cuda.mem_get_info(device)[0]),
        "cores": usable_cores(),
        "instructions": [flag for flag in FLAGS if flag in _flags()],
        "torch capability": torch.backends.cpu.get_cpu_capability(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "torch threads": torch.get_num_threads(),
        "matmul": {
            name: {str(n): _matmul_flops(n, dtype, device, quick=quick) for n in SIZES}
            for name, dtype in (("fp32", torch.float32), half)
        },
    }


def gpu_batch(free: int) -> int:
    """How many pictures to take at once with so many bytes free on a GPU: a power of two.

    Examples:
        >>> gpu_batch(2**33), gpu_batch(2**40), gpu_batch(0)
        (128, 512, 1)
    """
    return min(MOST_ON_GPU, 1 << max(0, (free // ON_GPU_EACH).bit_length() - 1))


def usable_cores() -> int:
    """How many cores this process may use."""
    affinity = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if affinity else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """The versions of what takes part."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def peak(machine: Mapping[str, Any], precision: str) -> float:
    """The best FLOP/s of a plain matrix product in this precision."""
    return float(max(machine["matmul"][precision].values()))


def _matmul_flops(n: int, dtype: Any, device: str, *, quick: bool) -> float:
    """The best of several products of two (n, n) matrices, 2 n³ operations each."""
    import torch

    generator = torch.Generator().manual_seed(n)
    a, b = (torch.randn(n, n, generator=generator).to(device, dtype) for _ in range(2))
    out = torch.empty(n, n, dtype=dtype, device=device)

    def multiply() -> None:
        torch.mm(a, b, out=out)
        if device != "cpu":
            torch.cuda.synchronize(device)

    multiply()
    best = float("inf")
    stop = time.perf_counter() + (0.2 if quick else 2.0)
    while best == float("inf") or time.perf_counter() < stop:
        start = time.perf_counter()
        multiply()
        best = min(best, time.perf_counter() - start)
    return 2 * n**3 / best


def _cpuinfo(field: str) -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return ""
    found = re.search(rf"^{field}\s*: (.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _processor() -> str:
    name = _cpuinfo("model name") or platform.processor() or platform.machine()
    model, family = _cpuinfo("model"), _cpuinfo("cpu family")
    return f"{name} (family {family}, model {model})" if model else name


def _flags() -> set[str]:
    return set(_cpuinfo("flags").split())
