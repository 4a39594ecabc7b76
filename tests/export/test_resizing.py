"""What a file does to pictures of any size is what `prepare` does, but for a level here and there.

A graph of the resize alone is compared with Pillow; that a whole file has it is tested of a few.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from zsclip import ZeroShotClassifier, load_image
from zsclip.clip import Preprocessing, resize_and_crop
from zsclip.encoders import Nodes
from zsclip.export.resizing import square_of

SHORTEST, SQUASH = Preprocessing(), Preprocessing(resize="squash")
SIZES = [
    *((640, 480), (480, 640), (500, 375), (375, 500), (1000, 750), (333, 333), (517, 333)),
    *((224, 224), (225, 224), (224, 225), (223, 224), (64, 64), (50, 80), (80, 50), (1, 1), (3, 2)),
    *((1000, 30), (30, 1000), (127, 1400), (1400, 127), (2, 500), (500, 2)),
]


def graph_of(side: int, how: Preprocessing) -> onnxruntime.InferenceSession:
    nodes = Nodes("x")
    turned = nodes.add("Transpose", "image", perm=(0, 3, 1, 2))
    nodes.add("Transpose", square_of(nodes, turned, side, how), name="pixels", perm=(0, 2, 3, 1))
    graph = helper.make_graph(
        nodes.nodes,
        "resize",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", "h", "w", 3])],
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", side, side, 3])],
        [numpy_helper.from_array(values, name) for name, values in nodes.weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def picture(width: int, height: int) -> NDArray[np.uint8]:
    """Shapes with edges, and noise as cameras make it."""
    random = np.random.default_rng(width * 7919 + height)
    coarse = random.integers(0, 256, (max(2, height // 9), max(2, width // 9), 3), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    noisy = np.asarray(smooth) + random.integers(-12, 13, (height, width, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def width_first(image: Image.Image, side: int, how: Preprocessing) -> Image.Image:
    """As `prepare` does, by Pillow of any version: the height has to wait for the width."""
    width, height = image.size
    sizes = (side, side)
    if how.resize == "shortest":
        sizes = (int(side * width / min(image.size)), int(side * height / min(image.size)))
    filter_ = Image.Resampling[how.interpolation.upper()]
    image = image.resize((sizes[0], height), filter_).resize(sizes, filter_)
    return resize_and_crop(image, side, how)


@pytest.mark.parametrize(
    "how",
    [
        SHORTEST,
        SQUASH,
        Preprocessing(interpolation="bilinear"),
        Preprocessing(interpolation="bilinear", resize="squash"),
    ],
)
@pytest.mark.parametrize("side", [224, 64])
def test_the_resize_of_a_file_is_that_of_pillow_but_for_a_level(
    side: int, how: Preprocessing
) -> None:
    session, equal, most = graph_of(side, how), [], 0
    for size in SIZES:
        image = picture(*size)
        [[found]] = session.run(["pixels"], {"image": image[None]})
        due = np.asarray(width_first(Image.fromarray(image), side, how))
        away = np.abs(found.astype(int) - due)
        equal.append((away == 0).mean())
        most = max(most, away.max())
    # bilinear filters give halves, which two ways to compute round in two ways
    cubic = how.interpolation == "bicubic"
    assert most <= (1 if how == SHORTEST else 2)
    assert np.mean(equal) > (0.9995 if cubic else 0.994)
    assert min(equal) > (0.994 if cubic else 0.94)


@pytest.mark.parametrize("side", [224, 64])
def test_the_resize_of_a_file_is_near_to_prepare_whatever_pillow_takes_first(side: int) -> None:
    session = graph_of(side, SHORTEST)
    for size in SIZES:
        image = picture(*size)
        [[found]] = session.run(["pixels"], {"image": image[None]})
        due = np.asarray(resize_and_crop(Image.fromarray(image), side))
        away = np.abs(found.astype(int) - due)
        tall = size[1] > 2 * size[0]  # of which the height comes first from Pillow 13 on
        assert away.max() <= (3 if tall else 1), size
        assert (away == 0).mean() > (0.7 if tall else 0.99), size


def test_a_file_that_resizes_gives_the_scores_of_the_pictures_themselves(
    tiny: ZeroShotClassifier,
    pictures: list[Any],
    run: Callable[..., Any],
    tmp_path: Path,
) -> None:
    tiny.export(tmp_path / "tiny.onnx", with_resize=True)
    onnx.checker.check_model(str(tmp_path / "tiny.onnx"), full_check=True)
    for source in (pictures[0], picture(320, 200), picture(100, 130)):
        image = np.asarray(load_image(source))
        scores, _ = run(tmp_path / "tiny.onnx", np.stack([image, image[::-1]]))
        due = tiny.predict_proba([Image.fromarray(image), Image.fromarray(image[::-1])])
        assert np.abs(scores - due).max() < 2e-3
