"""One trace of tiny-cartoon for all tests of the room, and the runtime that files are run in."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip import ZeroShotClassifier
from zsclip.demo import load_drawings
from zsclip.encoders import Encoder, TracedTower, trace_tower
from zsclip.export import writing


@pytest.fixture(scope="session", autouse=True)
def _traced_once() -> Iterator[None]:
    """Tracing takes seconds, and of the same weights gives the same each time, as a test tells."""
    found: dict[str | None, TracedTower] = {}

    def trace(encoder: Encoder) -> TracedTower:
        key = encoder.weights_sha256
        if key not in found:
            found[key] = trace_tower(encoder)
        return copy.deepcopy(found[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "trace_tower", trace)
        yield


@pytest.fixture(scope="session")
def pictures() -> list[Any]:
    return [drawing.data for drawing in load_drawings()]


@pytest.fixture(scope="session")
def animals() -> ZeroShotClassifier:
    names = [drawing.animal for drawing in load_drawings()]
    return ZeroShotClassifier(names, model="tiny-cartoon", precision="fp32")


Run = Callable[[Path, NDArray[np.uint8]], tuple[NDArray[np.float32], NDArray[np.float32]]]


@pytest.fixture(scope="session")
def run() -> Run:
    """Scores and embeddings that a file gives for pictures in ONNX Runtime."""
    import onnxruntime

    def run(path: Path, images: NDArray[np.uint8]) -> Any:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        [given] = session.get_inputs()
        return session.run(["scores", "embeddings"], {given.name: images})

    return run
