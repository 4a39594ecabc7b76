"""Folders in open_clip's layout with random weights and a small tokenizer, and open_clip's answer.

For tests that run where open_clip is installed.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import nn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import open_clip
    from open_clip.pretrained import get_pretrained_cfg

WORDS = """
a photo of this is painting red Red fox Fox grey owl house sparrow octopus This 3 upside_down
upside down upsidedown itap kätzchen & , . ! ' _
"""


def save_tokenizer(folder: Path) -> None:
    """A tokenizer of a few words, with an end token and padding, as SigLIP's has them."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {
        "<pad>": 0,
        "</s>": 1,
        "<unk>": 2,
        **{w: i + 3 for i, w in enumerate(WORDS.split())},
    }
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(r"\w+|[^\w\s]"), "removed", invert=True)
    inner.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)


def published_config(name: str, tag: str) -> dict[str, Any]:
    """The configuration of published weights, with three blocks of text tower and few tokens."""
    model_cfg = open_clip.get_model_config(name)
    known = get_pretrained_cfg(name, tag)
    assert known, (name, tag)
    for part in ("text_cfg", "multimodal_cfg"):
        if part in model_cfg:
            model_cfg[part]["layers"] = 3
    if model_cfg["text_cfg"].get("hf_tokenizer_name"):
        model_cfg["text_cfg"]["vocab_size"] = 64
    keys = ("mean", "std", "interpolation", "resize_mode")
    return {"model_cfg": model_cfg, "preprocess_cfg": {key: known[key] for key in keys}}


def save_folder(folder: Path, config: dict[str, Any]) -> Path:
    """A folder with a model of this configuration, its numbers drawn so that each counts."""
    folder.mkdir()
    if config["model_cfg"]["text_cfg"].get("hf_tokenizer_name"):
        save_tokenizer(folder)
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    torch.manual_seed(len(str(config)))
    model = open_clip.create_model(f"local-dir:{folder}", pretrained_text=False)
    randomize(model)
    state = {key: tensor.contiguous() for key, tensor in model.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors")
    return folder


@torch.no_grad()
def randomize(model: nn.Module) -> None:
    """Norms that change something, branches that count, biases, and texts that are far apart."""
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.8, 1.2)
    for key, parameter in model.named_parameters():
        if parameter.ndim == 1 and "cls" not in key:
            if key.endswith("weight"):
                parameter.uniform_(0.7, 1.3)
            elif key.endswith("bias"):
                parameter.uniform_(-0.2, 0.2)
        elif "gamma" in key or "layer_scale" in key:  # 1e-5 where training begins
            parameter.uniform_(0.3, 0.6)
        elif "token_embedding" in key:
            parameter.normal_(0, 0.5)
        elif key == "text_decoder.text_projection":  # CoCa's: open_clip leaves what memory held
            parameter.normal_(0, parameter.shape[0] ** -0.5)
    bias = getattr(model, "logit_bias", None)
    model.get_parameter("logit_scale").fill_(3.9 if bias is None else 2.5)
    if bias is not None:
        model.get_parameter("logit_bias").fill_(-3.0)


class Oracle:
    """What open_clip gives for a folder, by its own transform, tokenizer and model."""

    def __init__(self, folder: Path) -> None:
        model, _, self.preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
        self.model = model.eval()  # which open_clip leaves to its users
        self.tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")

    @torch.inference_mode()
    def images(self, pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
        batch = torch.stack([self.preprocess(picture) for picture in pictures])
        rows: NDArray[np.float32] = self.model.encode_image(batch, normalize=True).numpy()
        return rows

    @torch.inference_mode()
    def texts(self, texts: list[str]) -> NDArray[np.float32]:
        tokens = self.tokenizer(texts)
        rows: NDArray[np.float32] = self.model.encode_text(tokens, normalize=True).numpy()
        return rows

    @torch.inference_mode()
    def scores(
        self, images: NDArray[np.float32], texts: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        logits = self.model.logit_scale.exp() * torch.from_numpy(images @ texts.T)
        bias = getattr(self.model, "logit_bias", None)
        rows = logits.softmax(-1) if bias is None else torch.sigmoid(logits + bias)
        return rows.numpy()
