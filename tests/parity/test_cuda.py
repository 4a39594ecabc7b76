"""On CUDA, where there is one: what the official code gives on a CPU in fp32, and few numbers off.

Half precision is compared by cosines as well: it is a direction that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.encoders import create_encoder

DEVICE = "cuda"
TOLERANCE = {"fp32": 1e-4, "fp16": 1e-2}
LOWEST_COSINE = 0.9999
SIZES = [(1, 1), (31, 517), (224, 224), (640, 97), (301, 300)]  # odd, long, and just right

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")


@pytest.fixture(autouse=True)
def _fp32_is_fp32() -> Iterator[None]:
    """Convolutions in fp32 and not in TF32, which is PyTorch's own to decide and its default."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


@pytest.fixture(scope="module")
def odd_pictures() -> list[Image.Image]:
    random = np.random.default_rng(11)
    return [
        Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))
        for width, height in SIZES
    ]


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("name", ["small ResNet", "small ViT", "RN50", "ViT-B/32"])
def test_cuda_gives_what_the_official_code_gives(
    name: str,
    precision: str,
    tmp_path: Path,
    official_model: Callable[[str], Any],
    preprocess: Callable[[int], Any],
    oracle: Callable[..., Any],
    pictures: list[Image.Image],
    odd_pictures: list[Image.Image],
    prompts: list[str],
    difference: Callable[[str, str, Any, Any], float],
) -> None:
    model = official_model(name)
    every = [*pictures, *odd_pictures]
    image, text, _ = oracle(model, preprocess(model.visual.input_resolution), every, prompts)
    path = tmp_path / "weights.pt"
    torch.save(model.state_dict(), path)
    encoder = create_encoder("clip", path, device=DEVICE, precision=precision)
    assert encoder.model_info.precision == precision

    def is_near(what: str, ours: NDArray[Any], theirs: NDArray[Any]) -> None:
        worst = difference(f"{name} on {DEVICE}, {precision}", what, ours, theirs)
        assert worst < TOLERANCE[precision]
        assert (ours * theirs).sum(axis=1).min() > LOWEST_COSINE

    is_near("text", encoder.encode_texts(prompts), text)  # a batch of many lengths
    is_near("text", np.concatenate([encoder.encode_texts([one]) for one in prompts]), text)
    is_near("image", encoder.encode_images(every), image)
    is_near("image", np.concatenate([encoder.encode_images([one]) for one in every]), image)


@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_a_stream_through_cuda_keeps_every_picture_apart(
    batch_size: int,
    tmp_path: Path,
    official_model: Callable[[str], Any],
    odd_pictures: list[Image.Image],
) -> None:
    """Pinned memory that is used again too early would give one picture the pixels of another."""
    path = tmp_path / "weights.pt"
    torch.save(official_model("small ViT").state_dict(), path)
    many = [odd_pictures[i % len(odd_pictures)] for i in range(6 * batch_size + 11)]
    rows = [
        ZeroShotClassifier(
            ["a", "b"],
            encoder=create_encoder("clip", path, device=device, precision="fp32"),
            batch_size=batch_size,
            cache=False,
        ).encode_images(many)
        for device in (DEVICE, "cpu")
    ]
    assert np.abs(rows[0] - rows[1]).max() < TOLERANCE["fp32"]
