"""Pictures, a classifier over the embedded model, and the runtime that files are run in."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip import ZeroShotClassifier, load_image
from zsclip.demo import load_drawings
from zsclip.encoders import as_pixel_encoder
from zsclip.saved import SavedClassifier, read_classifier


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


@pytest.fixture(scope="session")
def prepared() -> Callable[[ZeroShotClassifier, list[Any]], NDArray[np.uint8]]:
    """Pictures as the classifier's model takes them."""

    def prepared(clf: ZeroShotClassifier, images: list[Any]) -> NDArray[np.uint8]:
        encoder = as_pixel_encoder(clf.encoder)
        assert encoder is not None
        return np.stack([encoder.prepare(load_image(image)) for image in images])

    return prepared


@pytest.fixture(scope="session")
def about() -> Callable[[Path], dict[str, str]]:
    """The metadata of a file."""
    import onnx

    def about(file: Path) -> dict[str, str]:
        return {entry.key: entry.value for entry in onnx.load(str(file)).metadata_props}

    return about


@pytest.fixture
def saved_in(
    about: Callable[[Path], dict[str, str]], tmp_path: Path
) -> Callable[[Path], SavedClassifier]:
    """The saved classifier in a file."""

    def saved_in(file: Path) -> SavedClassifier:
        (tmp_path / "within.zsclip").write_bytes(base64.b64decode(about(file)["zsclip.classifier"]))
        return read_classifier(tmp_path / "within.zsclip")

    return saved_in
