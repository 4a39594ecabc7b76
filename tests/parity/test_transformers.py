"""transformers' `CLIPModel` with random weights, in fp32, computed natively from its folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.clip.preprocess import normalize, to_pixels

transformers = pytest.importorskip("transformers")
open_clip = pytest.importorskip("open_clip")  # for its tokens

TOLERANCE = 1e-5

# Of the image tower size, patch, width, heads and MLP; of the text tower width, heads and MLP.
SIZES = [
    (224, 32, 768, 12, 3072, 512, 8, 2048),
    (224, 14, 1408, 16, 6144, 128, 2, 512),  # heads 88 wide
    (336, 14, 320, 4, 700, 192, 6, 500),
]


@torch.no_grad()
def _make(sizes: tuple[int, ...], activation: str, folder: Path, shards: str) -> Any:
    side, patch, width, heads, hidden, text_width, text_heads, text_hidden = sizes
    config = transformers.CLIPConfig(
        projection_dim=64,
        text_config={
            "hidden_size": text_width, "num_attention_heads": text_heads, "num_hidden_layers": 2,
            "intermediate_size": text_hidden, "hidden_act": activation, "vocab_size": 49_408,
            "bos_token_id": 49_406, "eos_token_id": 49_407,
        },
        vision_config={
            "hidden_size": width, "num_attention_heads": heads, "num_hidden_layers": 2,
            "intermediate_size": hidden, "hidden_act": activation, "image_size": side,
            "patch_size": patch,
        },
    )  # fmt: skip
    model = transformers.CLIPModel(config).eval()
    random = torch.Generator().manual_seed(1)
    for name, tensor in model.named_parameters():
        if name == "logit_scale":
            tensor.fill_(np.log(90))
        elif name.endswith("weight") and tensor.dim() == 1:
            tensor.uniform_(0.5, 1.5, generator=random)
        elif tensor.dim() == 1:
            tensor.normal_(0, 0.3, generator=random)
        elif "embedding" in name:
            tensor.normal_(0, 0.5, generator=random)
        else:
            tensor.normal_(0, tensor[0].numel() ** -0.5, generator=random)
    model.save_pretrained(folder, max_shard_size=shards)
    return model


def _rows(found: Any) -> Any:
    rows = getattr(found, "pooler_output", found)  # an object in some versions
    return (rows / rows.norm(dim=-1, keepdim=True)).numpy()


@pytest.mark.parametrize("shards", ["5GB", "20MB"])
@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_clip_of_transformers_gives_what_transformers_gives(
    sizes: tuple[int, ...],
    activation: str,
    shards: str,
    tmp_path: Path,
    pictures: list[Image.Image],
    prompts: list[str],
    difference: Callable[[str, str, Any, Any], float],
) -> None:
    model = _make(sizes, activation, tmp_path / "model", shards)
    assert (tmp_path / "model" / "model.safetensors").is_file() == (shards == "5GB")
    tokens = open_clip.get_tokenizer("ViT-B-32")(prompts)
    with torch.inference_mode():
        pixels = normalize(torch.from_numpy(to_pixels(pictures, sizes[0])))
        image = _rows(model.get_image_features(pixel_values=pixels))
        text = _rows(model.get_text_features(input_ids=tokens))
        scores = model(input_ids=tokens, pixel_values=pixels).logits_per_image.softmax(-1).numpy()
    clf = ZeroShotClassifier(
        prompts,
        templates=["{}"],
        model=tmp_path / "model",
        device="cpu",
        precision="fp32",
        cache=False,
    )
    assert clf.model_info.activation == activation.replace("_", "")
    name = f"transformers {sizes[2]} {activation}"
    texts = np.concatenate([clf.encode_texts([prompt]) for prompt in prompts])
    assert difference(name, "image", clf.encode_images(pictures), image) < TOLERANCE
    assert difference(name, "text", texts, text) < TOLERANCE
    assert difference(name, "scores", clf.predict_proba(pictures), scores) < TOLERANCE
