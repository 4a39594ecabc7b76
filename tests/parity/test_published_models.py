"""Every published plain CLIP by its name, from a hub on this machine, against open_clip.

Each is a stand-in with the tensors' names, the widths of a head, the ratios of an MLP, activation,
resolution, preprocessing and file names of its repository, and with few layers and narrow. What it
has to be is taken from open_clip's own tables, and not from zsclip's.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hub import LocalHub, use_hub
from PIL import Image
from safetensors.torch import save

import zsclip.weights.models as table
from zsclip.encoders import create_encoder
from zsclip.weights import MODELS
from zsclip.weights.published import ARCHITECTURES, published_rows

open_clip = pytest.importorskip("open_clip")
transform = pytest.importorskip("open_clip.transform")
pretrained = pytest.importorskip("open_clip.pretrained")

TOLERANCE = 1e-5
# by architecture and activation, so that a stand-in serves all that have the same
PLAIN = sorted(
    (row for row in published_rows() if row["plain CLIP"] == "yes"),
    key=lambda row: (row["architecture"], row["activation"]),
)
PROMPTS = ["a photo of a cat.", "two dogs", "the quick brown fox jumps over 13 lazy dogs!"]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A hub without models; the official address, which OpenAI's nine have, answers 404."""
    monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "cache"))
    for name in ("ZSCLIP_OFFLINE", "ZSCLIP_MIRROR", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with LocalHub(tmp_path / "hub") as hub:
        use_hub(monkeypatch, hub, tmp_path / "home")
        gone = tuple(
            dataclasses.replace(spec, url=f"{hub.endpoint}/gone/{spec.file}") if spec.url else spec
            for spec in MODELS
        )
        monkeypatch.setattr(table, "MODELS", gone)
        yield hub


def small(architecture: str) -> dict[str, Any]:
    """The configuration of a narrow model of this architecture with few layers."""
    config: dict[str, Any] = copy.deepcopy(open_clip.get_model_config(architecture))
    vision, text = config["vision_cfg"], config["text_cfg"]
    if isinstance(vision["layers"], list):
        vision.update(layers=[1, 1, 1, 1], width=16)  # half a head of 64 in its pooling, times 32
        config["embed_dim"] = 64
    else:
        vision.update(layers=2, width=2 * vision.get("head_width", 64))
        config["embed_dim"] = 48
    text.update(width=64 * 2, heads=2, layers=2)
    return config


@torch.no_grad()
def randomize(model: torch.nn.Module, seed: int) -> None:
    """Fill every tensor so that each counts and the signal keeps its size on the way."""
    random = torch.Generator().manual_seed(seed)

    def spread(tensor: torch.Tensor, std: float, middle: float = 0.0) -> None:
        tensor.uniform_(-1, 1, generator=random).mul_(math.sqrt(3) * std).add_(middle)

    for name, tensor in model.state_dict().items():
        if name == "logit_scale":
            tensor.fill_(math.log(30))
        elif name.endswith("running_var") or (name.endswith(".weight") and tensor.ndim == 1):
            spread(tensor, 0.2, 1.0)  # of norms
        elif tensor.ndim <= 1 or name.endswith("positional_embedding"):
            if tensor.is_floating_point():
                spread(tensor, 0.2)
        elif name == "token_embedding.weight":
            spread(tensor, 0.5)
        else:
            spread(tensor, math.sqrt((1.0 if tensor.ndim == 2 else 2.0) / tensor[0].numel()))


@functools.lru_cache(maxsize=1)
def stand_in(
    architecture: str, quickgelu: bool, pickled: bool
) -> tuple[dict[str, Any], Any, bytes]:
    """The configuration of a small model, open_clip's model of it, and its weights as a file."""
    config = small(architecture)
    if quickgelu:
        config["quick_gelu"] = True
    model = open_clip.CLIP(**config).eval()
    randomize(model, seed=len(architecture))
    state = {key: tensor.contiguous() for key, tensor in model.state_dict().items()}
    if not pickled:
        return config, model, save(state)
    file = io.BytesIO()
    torch.save(state, file)
    return config, model, file.getvalue()


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    """Two pictures that are not square, of which one is smaller than what any model takes."""
    random = np.random.default_rng(5)
    shapes = ((300, 421), (200, 96))
    made = [random.integers(0, 256, (h // 8, w // 8, 3), dtype=np.uint8) for h, w in shapes]
    return [
        Image.fromarray(pixels).resize((w, h), Image.Resampling.BICUBIC)
        for pixels, (h, w) in zip(made, shapes, strict=True)
    ]


@pytest.mark.parametrize("row", PLAIN, ids=lambda row: f"{row['architecture']}/{row['tag']}")
def test_each_gives_what_open_clip_gives(
    row: dict[str, str], hub: LocalHub, images: list[Image.Image]
) -> None:
    architecture, tag = row["architecture"], row["tag"]
    spec = MODELS[f"{architecture}/{tag}"]
    published = pretrained.get_pretrained_cfg(architecture, tag)
    quickgelu = bool(published.get("quick_gelu"))
    only_pickled = spec.hub[0].startswith("apple/")  # whose repositories have nothing else
    config, model, weights = stand_in(architecture, quickgelu, only_pickled)
    pixels = {
        "mean": published["mean"],
        "std": published["std"],
        "interpolation": published["interpolation"],
        "resize_mode": published["resize_mode"],
    }
    described = json.dumps({"model_cfg": config, "preprocess_cfg": pixels}).encode()
    name = "open_clip_pytorch_model.bin" if only_pickled else "open_clip_model.safetensors"
    hub.add(spec.hub[0], {"open_clip_config.json": described, name: weights})

    size = config["vision_cfg"]["image_size"]
    with torch.no_grad():
        prepare = transform.image_transform(size, is_train=False, **pixels)
        theirs = model.encode_image(torch.stack(list(map(prepare, images))), normalize=True).numpy()
        tokens = open_clip.tokenizer.SimpleTokenizer()(PROMPTS)
        their_texts = model.encode_text(tokens, normalize=True).numpy()
    encoder = create_encoder("clip", spec.name, device="cpu", precision="fp32")
    ours, our_texts = encoder.encode_images(images), encoder.encode_texts(PROMPTS)

    info = encoder.model_info
    assert info.name == spec.name
    assert info.activation == ("quickgelu" if quickgelu else "gelu")
    assert info.verified == "hub"
    assert info.input_resolution == size == spec.resolution
    assert np.abs(theirs[0] - theirs[1]).max() > 1000 * TOLERANCE  # it tells them apart
    assert np.abs(ours - theirs).max() < TOLERANCE
    assert np.abs(our_texts - their_texts).max() < TOLERANCE


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_sizes_are_those_of_open_clips_architectures(architecture: str) -> None:
    config = open_clip.get_model_config(architecture)
    with torch.device("meta"):
        model = open_clip.CLIP(**config)
    width = config["vision_cfg"].get("head_width", 64)
    parameters = sum(p.numel() for p in model.parameters())
    assert ARCHITECTURES[architecture] == (config["embed_dim"], width, parameters)
    text = config["text_cfg"]
    assert text["width"] == 64 * text["heads"]
    assert (text["context_length"], text["vocab_size"]) == (77, 49_408)


def test_names_and_facts_are_those_of_open_clips_table() -> None:
    known = {(row["architecture"], row["tag"]): row for row in published_rows()}
    listed = {pair for pair in open_clip.list_pretrained() if not pair[0].endswith("-quickgelu")}
    assert known.keys() <= listed
    for (architecture, tag), row in known.items():
        if row["plain CLIP"] == "no":
            continue
        spec = MODELS[f"{architecture}/{tag}"]
        published = pretrained.get_pretrained_cfg(architecture, tag)
        pixels = spec.recipe.preprocessing
        assert pixels is not None
        assert tuple(published["mean"]) == pixels.mean
        assert tuple(published["std"]) == pixels.std
        assert published["interpolation"] == pixels.interpolation
        assert published["resize_mode"] == pixels.resize
        assert (
            spec.resolution == open_clip.get_model_config(architecture)["vision_cfg"]["image_size"]
        )
        assert bool(published.get("quick_gelu")) is (spec.recipe.activation == "quickgelu")
        alias = f"{architecture}-quickgelu/{tag}"
        assert pretrained.is_pretrained_cfg(f"{architecture}-quickgelu", tag) is (
            alias in spec.aliases
        )
        if (architecture, tag) != ("ViT-B-16-plus-240", "laion400m_e32"):  # see SOURCES.md
            assert spec.hub[0] == published["hf_hub"].removesuffix("/")
