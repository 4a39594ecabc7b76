"""The architectures of open_clip with random weights, in fp32, computed natively from bare files.

A bare state dict tells neither the activation nor the width of heads: the one is given, the other
follows from the width of the tower.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.clip import Preprocessing
from zsclip.clip.preprocess import normalize, to_pixels
from zsclip.errors import ActivationWarning

open_clip = pytest.importorskip("open_clip")

TOLERANCE = 1e-5

WHOLE = ["ViT-B-32", "ViT-B-32-256", "ViT-B-32-quickgelu", "RN50-quickgelu"]
# Of real widths, heads and image sizes, with one block in each tower: of what else they have, there
# would be gigabytes.
CUT = [
    *("ViT-H-14", "ViT-H-14-378-quickgelu", "ViT-g-14", "ViT-bigG-14", "ViT-bigG-14-quickgelu"),
    *("ViT-B-16-plus-240", "ViT-L-14-336", "ViT-L-14-quickgelu", "ViT-L-16-320", "ViT-M-32-alt"),
    *("ViT-S-16", "RN50x4", "RN50x64-quickgelu"),
]

Rows = NDArray[Any]
Made = tuple[Any, Literal["quickgelu", "gelu"], int]


@pytest.fixture
def make(randomize: Callable[..., None]) -> Callable[..., Made]:
    """``make(name, cut=False, **changes)``: open_clip's model, its activation and image size."""

    def model(name: str, *, cut: bool = False) -> Made:
        config = dict(open_clip.get_model_config(name))
        config.pop("custom_text", None)
        vision, text = dict(config.pop("vision_cfg")), dict(config.pop("text_cfg"))
        vision.pop("ls_init_value", None)  # layer scale, which no plain CLIP has
        if cut:
            is_resnet = isinstance(vision["layers"], list)
            vision["layers"], text["layers"] = [1, 2, 1, 1] if is_resnet else 1, 1
        made = open_clip.CLIP(**config, vision_cfg=vision, text_cfg=text)
        randomize(made, seed=len(name))
        size: int = vision["image_size"]
        return made.eval(), "quickgelu" if config.get("quick_gelu") else "gelu", size

    return model


@torch.inference_mode()
def _ask(model: Any, transform: Any, pictures: list[Image.Image], prompts: list[str]) -> list[Rows]:
    """Image and text embeddings, and scores, by open_clip."""
    images = torch.stack([transform(picture) for picture in pictures])
    tokens = open_clip.get_tokenizer("ViT-B-32")(prompts)
    image, text, scale = model(images, tokens)
    return [rows.numpy() for rows in (image, text, (scale * image @ text.T).softmax(dim=-1))]


def _ours(clf: ZeroShotClassifier, pictures: list[Any], prompts: list[str]) -> list[Rows]:
    texts = [clf.encode_texts([prompt]) for prompt in prompts]  # each is cut at its own end
    return [clf.encode_images(pictures), np.concatenate(texts), clf.predict_proba(pictures)]


@pytest.mark.parametrize(
    ("name", "cut"), [*((name, False) for name in WHOLE), *((name, True) for name in CUT)]
)
def test_architectures_of_open_clip_give_what_open_clip_gives(
    name: str,
    cut: bool,
    tmp_path: Path,
    make: Callable[..., Made],
    pictures: list[Image.Image],
    prompts: list[str],
    difference: Callable[[str, str, Any, Any], float],
) -> None:
    model, activation, size = make(name, cut=cut)
    theirs = _ask(model, open_clip.image_transform(size, is_train=False), pictures, prompts)
    torch.save(model.state_dict(), tmp_path / "weights.pt")
    del model
    gc.collect()
    for rows in theirs:  # the comparison says something only if inputs are told apart
        apart = np.abs(rows[:, None] - rows[None]).max(axis=-1)
        assert apart[~np.eye(len(rows), dtype=bool)].min() > 1000 * TOLERANCE

    clf = ZeroShotClassifier(
        prompts,
        templates=["{}"],
        model=tmp_path / "weights.pt",
        activation=activation,
        device="cpu",
        precision="fp32",
        cache=False,
    )
    files = []
    for i, picture in enumerate(pictures):
        picture.save(tmp_path / f"{i}.png")
        files.append(tmp_path / f"{i}.png")
    assert clf.model_info.activation == activation
    for kind, given in (("pixels", pictures), ("files", files)):
        for what, ours, rows in zip(
            ("image", "text", "scores"), _ours(clf, given, prompts), theirs, strict=True
        ):
            assert difference(f"{name} {kind}", what, ours, rows) < TOLERANCE


def test_gelu_is_not_quickgelu_and_a_bare_file_warns(
    tmp_path: Path,
    make: Callable[..., Made],
    pictures: list[Image.Image],
    prompts: list[str],
) -> None:
    model, _, size = make("ViT-B-32", cut=True)
    theirs = _ask(model, open_clip.image_transform(size, is_train=False), pictures, prompts)
    path = tmp_path / "weights.pt"
    torch.save(model.state_dict(), path)
    options: dict[str, Any] = {"device": "cpu", "precision": "fp32", "cache": False}
    with pytest.warns(ActivationWarning, match=r"QuickGELU is assumed.*activation=\"gelu\""):
        assumed = ZeroShotClassifier(prompts, templates=["{}"], model=path, **options)
    given = ZeroShotClassifier(prompts, templates=["{}"], model=path, activation="gelu", **options)
    for right, wrong, rows in zip(
        _ours(given, pictures, prompts), _ours(assumed, pictures, prompts), theirs, strict=True
    ):
        assert np.abs(right - rows).max() < TOLERANCE
        assert np.abs(wrong - rows).max() > 20 * TOLERANCE


SIZES = [
    (224, 224),
    (300, 200),
    (200, 300),
    (37, 41),
    (1000, 31),
    (31, 1000),
    (225, 224),
    (640, 480),
]
WAYS = [
    Preprocessing(resize="squash"),
    Preprocessing(interpolation="bilinear"),
    Preprocessing((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "bilinear", "squash"),
    Preprocessing((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
]


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_each_way_to_prepare_a_picture_is_open_clips_bit_for_bit(how: Preprocessing) -> None:
    transform = open_clip.image_transform(
        224,
        is_train=False,
        mean=how.mean,
        std=how.std,
        resize_mode=how.resize,
        interpolation=how.interpolation,
    )
    random = np.random.default_rng(0)
    for width, height in SIZES:
        picture = Image.fromarray(random.integers(0, 256, (height, width, 3)).astype(np.uint8))
        ours = normalize(torch.from_numpy(to_pixels([picture], 224, how)), how)[0]
        assert torch.equal(ours, transform(picture)), (width, height)
