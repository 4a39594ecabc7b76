"""Exported files by hand: the engine `fake` of the tests as a graph, and what a stranger may write.

Made with the library onnx and without torch, in milliseconds.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from zsclip import ZeroShotClassifier

__all__ = ["LOCATION", "exported_colors", "initializer", "saved_bytes", "set_metadata"]

LOCATION = "/etc/passwd"
WIDTH = 8


def initializer(model: onnx.ModelProto, name: str) -> Any:
    """An array of a graph, to be changed in place."""
    return next(one for one in model.graph.initializer if one.name == name)


def saved_bytes(classifier: ZeroShotClassifier) -> bytes:
    """What `save` writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "classifier.zsclip"
        classifier.save(path)
        return path.read_bytes()


def set_metadata(model: onnx.ModelProto, metadata: dict[str, str]) -> None:
    """Have the metadata of a model be these."""
    model.ClearField("metadata_props")
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)


def exported_colors(
    classifier: ZeroShotClassifier,
    path: Path,
    *,
    change: Callable[[onnx.ModelProto], object] = lambda _: None,
    about: Callable[[dict[str, Any]], object] = lambda _: None,
    metadata: Callable[[dict[str, str]], object] = lambda _: None,
) -> Path:
    """Write a classifier over the engine `fake` as `export` would.

    Args:
        classifier: The classifier.
        path: Where to.
        change: What is changed in the model.
        about: What is changed in its description.
        metadata: What is changed in its metadata.
    """
    model = _model()
    info = {**asdict(classifier.model_info), "weights_sha256": None}
    for name in ("device", "source", "path", "verified", "precision"):
        del info[name]
    told = {
        "format": 1,
        "zsclip": "1.0",
        "precision": "fp32",
        "with_resize": False,
        "square": {"resize": "shortest", "interpolation": "bicubic"},
        "model": info,
    }
    about(told)
    texts = {
        "zsclip.labels": json.dumps(list(classifier.labelset.names)),
        "zsclip.about": json.dumps(told),
        "zsclip.classifier": base64.b64encode(saved_bytes(classifier)).decode(),
    }
    metadata(texts)
    set_metadata(model, texts)
    change(model)
    path.write_bytes(model.SerializeToString())
    return path


def _model() -> onnx.ModelProto:
    """Pixels to embeddings as `FakeEncoder.encode_images` makes them."""
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(WIDTH, WIDTH)))[0][:4]
    arrays = {
        "basis": (basis[:3] / 255).astype(np.float32),
        "common": (0.2 * basis[3]).astype(np.float32),
        "flat": np.array([-1, 3], np.int64),
    }
    node = helper.make_node
    nodes = [
        node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        node("Reshape", ["floats", "flat"], ["rgb"]),
        node("MatMul", ["rgb", "basis"], ["moved"]),
        node("Add", ["moved", "common"], ["rows"]),
        node("LpNormalization", ["rows"], ["embeddings"], axis=1, p=2),
        node("Softmax", ["embeddings"], ["scores"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "colors",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", 1, 1, 3])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", WIDTH])
            for name in ("scores", "embeddings")
        ],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
