"""What loading takes: no memory for modules that are not filled, no compiler, no file twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from zsclip.clip.architecture import Architecture, VisionTransformer
from zsclip.clip.unfilled import unfilled

MAPS = Path("/proc/self/maps")


def test_modules_keep_their_shapes_and_take_no_memory(vit_state: dict[str, torch.Tensor]) -> None:
    architecture = Architecture.read({key: tuple(t.shape) for key, t in vit_state.items()})
    with unfilled():
        tower, layers = architecture.image_tower(), [nn.Linear(3, 4), nn.BatchNorm2d(3)]
    assert isinstance(tower, VisionTransformer)
    for module in (tower, *layers):
        assert {t.device.type for t in module.state_dict().values()} == {"meta"}
    for key, tensor in tower.state_dict().items():
        assert tensor.shape == vit_state[f"visual.{key}"].shape
    assert nn.Linear(3, 4).weight.abs().sum() > 0  # filled again outside


def test_loading_does_not_import_the_compiler() -> None:
    code = """
import sys
from PIL import Image
from zsclip import ZeroShotClassifier
clf = ZeroShotClassifier(["a", "b"], model="tiny-cartoon", device="cpu", cache=False)
clf.classify(Image.new("RGB", (64, 64)))
assert clf.model_info.parameters > 10_000_000
found = {"torch._dynamo", "torch._inductor", "sympy"} & set(sys.modules)
assert not found, found
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.skipif(not MAPS.exists(), reason="the system does not list a process's mappings")
def test_no_part_of_the_file_stays_in_memory_beside_the_image_tower() -> None:
    code = """
from pathlib import Path
from PIL import Image
from zsclip.encoders import create_encoder
def mapped():
    return "tiny-cartoon.safetensors" in Path("/proc/self/maps").read_text()
encoder = create_encoder("clip", "tiny-cartoon", device="cpu")
encoder.encode_texts(["a frog"])
assert mapped()  # the table of token embeddings
encoder.encode_images([Image.new("RGB", (64, 64))])
assert not mapped()
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
