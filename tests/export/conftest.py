"""Pictures, a classifier over the embedded model, and the runtime that files are run in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip import ZeroShotClassifier
from zsclip.demo import load_drawings


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
