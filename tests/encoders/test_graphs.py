"""Graphs of CLIP's own towers, of whatever sizes, give what the towers give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from zsclip.clip import CLIPConfig
from zsclip.encoders.graphs import graph_of

VIT = CLIPConfig(24, 32, 2, 64, 16, 77, 100, 32, 1)
CONFIGS = {
    "a vision transformer": VIT,
    "gelu": replace(VIT, activation="gelu"),
    "other heads": replace(VIT, image_heads=4),
    "a narrow MLP": replace(VIT, image_hidden=96),
    "one block": replace(VIT, image_layers=1),
    "a ResNet": CLIPConfig(24, 64, (1, 2, 1, 1), 16, None, 77, 100, 32, 1, image_heads=8),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("n", [1, 3])
def test_a_graph_gives_what_its_tower_gives(n: int, config: CLIPConfig) -> None:
    torch.manual_seed(0)
    tower: Any = config.image_tower().eval().requires_grad_(False)
    for name, tensor in tower.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.6, 1.6)
        elif tensor.is_floating_point():
            tensor.add_(torch.randn_like(tensor) * 0.1)
    images = torch.randn(n, 3, config.resolution, config.resolution)
    nodes = graph_of(tower, "images", "rows")
    assert nodes is not None
    graph = helper.make_graph(
        nodes.nodes,
        "tower",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, None, None])],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", None])],
        [numpy_helper.from_array(values, name) for name, values in nodes.weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    [rows] = session.run(None, {"images": images.numpy()})
    due = tower(images).numpy()
    np.testing.assert_allclose(rows, due, atol=1e-4 * np.abs(due).max())


def test_a_tower_of_others_has_no_graph_written_for_it() -> None:
    assert graph_of(torch.nn.Identity(), "images", "rows") is None
