"""Engines that run an exported image tower on a CPU: ONNX Runtime and OpenVINO.

Each is an optional package: where one lacks or fails, the table says so in its line. All get as
many threads as torch has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.benchmarks.exports import make_exports
from tests.benchmarks.files import Work
from tests.benchmarks.peers import unit

Embed = Callable[[NDArray[np.float32]], NDArray[np.float32]]

EXPORTING = ("onnx", "onnxscript", "open_clip")


@dataclass(frozen=True)
class Runtime:
    """An engine with the tower loaded.

    Attributes:
        name: The engine, and the way it is used.
        precision: What it computes in.
        embed: Prepared pictures, float32 (n, 3, 224, 224), to embeddings (n, d).
    """

    name: str
    precision: str
    embed: Embed

    def images(self, pixels: Tensor) -> Tensor:
        """The same as tensors: (n, d), L2-normalised."""
        return unit(torch.from_numpy(self.embed(pixels.numpy())))


@dataclass(frozen=True)
class Known:
    """An engine that there may be.

    Attributes:
        name: The engine, and the way it is used.
        precision: What it computes in.
        packages: What it needs, beside what exporting needs.
        load: A file and a number of threads to what embeds.
        whole: Whether it takes the tower in fp32, and not in int8.
    """

    name: str
    precision: str
    packages: Sequence[str]
    load: Callable[[Path, int], Embed]
    whole: bool = True


def load_onnxruntime(path: Path, threads: int) -> Embed:
    """A session of ONNX Runtime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    [pixels] = [one.name for one in session.get_inputs()]

    def embed(x: NDArray[np.float32]) -> NDArray[np.float32]:
        [rows] = session.run(None, {pixels: x})
        return np.asarray(rows, np.float32)

    return embed


def load_openvino(path: Path, threads: int, precision: str) -> Embed:
    """A model compiled by OpenVINO for the CPU, which may not choose the precision itself."""
    import openvino

    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",  # one batch at a time, over all threads
    }
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", options)
    # each call's result is copied: the next one may write over it
    return lambda x: np.array(compiled(x)[0], np.float32)


RUNTIMES = (
    Known("ONNX Runtime", "fp32", ["onnxruntime"], load_onnxruntime),
    Known("ONNX Runtime, int8", "int8", ["onnxruntime"], load_onnxruntime, whole=False),
    Known("OpenVINO", "fp32", ["openvino"], lambda path, n: load_openvino(path, n, "f32")),
    Known("OpenVINO, bf16", "bf16", ["openvino"], lambda path, n: load_openvino(path, n, "bf16")),
)


def load_runtimes(
    work: Work, known: Sequence[Known] = RUNTIMES
) -> tuple[list[Runtime], dict[str, str]]:
    """The engines that are there, and why each of the others is not measured, by its name."""
    found, gaps, failure = [], {}, ""
    lacking = {one.name: _lacking(one) for one in known}
    if not work.on_gpu and not all(lacking.values()):
        failure = make_exports(work)
    for one in known:
        path = work.exports.whole if one.whole else work.exports.int8
        if work.on_gpu:
            gaps[one.name] = "here it computes on a CPU only"
        elif lacking[one.name]:
            gaps[one.name] = f"not installed: {', '.join(lacking[one.name])}"
        elif not path.is_file():
            gaps[one.name] = f"the export failed: {failure}"
        else:
            try:
                embed = one.load(path, torch.get_num_threads())
                found.append(Runtime(one.name, one.precision, embed))
            except Exception as e:  # one engine less, and the table says why
                gaps[one.name] = f"{type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}"
    return found, gaps


def _lacking(one: Known) -> list[str]:
    return [name for name in (*EXPORTING, *one.packages) if find_spec(name) is None]
