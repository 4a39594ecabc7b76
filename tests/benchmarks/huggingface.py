"""OpenAI's weights and vocabulary as a folder that `transformers` loads."""

from __future__ import annotations

import gzip
import importlib.resources
import json
from pathlib import Path

import torch

VOCAB_SIZE = 49_408
MODULES = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}
NAMES = {
    "logit_scale": "logit_scale",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
    "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "visual.ln_post.weight": "vision_model.post_layernorm.weight",
    "visual.ln_post.bias": "vision_model.post_layernorm.bias",
}
PROJECTIONS = {  # used from the right there, as the weight of a linear layer here
    "text_projection": "text_projection.weight",
    "visual.proj": "visual_projection.weight",
}


def write_huggingface_folder(state: dict[str, torch.Tensor], folder: Path) -> None:
    """Write a ViT-B/32 with its tokenizer and image processor; in fp32, as it is published there.

    Args:
        state: A state dict of the official code.
        folder: Where to; it is made if need be.
    """
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

    with torch.device("meta"):
        model = CLIPModel(CLIPConfig())  # whose defaults are ViT-B/32
    model.load_state_dict(convert(state), strict=True, assign=True)
    model.eval().save_pretrained(folder)
    vocabulary, merges = read_vocabulary()
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", "utf-8")
    tokenizer = CLIPTokenizer.from_pretrained(folder, model_max_length=77)
    CLIPProcessor(CLIPImageProcessor(), tokenizer).save_pretrained(folder)


def convert(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A state dict of the official code under the names of `transformers.CLIPModel`, in fp32."""
    converted = {}
    for name, tensor in state.items():
        value = tensor.float()
        if name in PROJECTIONS:
            converted[PROJECTIONS[name]] = value.T.contiguous()
        elif name in NAMES:
            converted[NAMES[name]] = value
        else:
            tower, _, rest = name.partition("transformer.resblocks.")
            layer, _, part = rest.partition(".")
            prefix = f"{'vision' if tower else 'text'}_model.encoder.layers.{layer}"
            if part.startswith("attn.in_proj_"):
                kind = part.removeprefix("attn.in_proj_")
                for which, third in zip("qkv", value.chunk(3), strict=True):
                    key = f"{prefix}.self_attn.{which}_proj.{kind}"
                    converted[key] = third.contiguous()
            else:
                module, _, kind = part.rpartition(".")
                converted[f"{prefix}.{MODULES[module]}.{kind}"] = value
    return converted


def read_vocabulary() -> tuple[dict[str, int], list[str]]:
    """CLIP's token ids and merges, from the vocabulary file that OpenAI published."""
    packed = importlib.resources.files("zsclip.clip").joinpath(
        "data", "bpe_simple_vocab_16e6.txt.gz"
    )
    lines = gzip.decompress(packed.read_bytes()).decode("utf-8").split("\n")
    merges = lines[1 : VOCAB_SIZE - 512 - 2 + 1]  # 256 bytes, with and without the end of a word
    letters = list(_byte_letters())
    words = letters + [letter + "</w>" for letter in letters]
    words += ["".join(merge.split()) for merge in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    assert len(words) == VOCAB_SIZE
    return {word: i for i, word in enumerate(words)}, merges


def _byte_letters() -> list[str]:
    """The letter that stands for each byte, in the order of the vocabulary."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1)]
    printable += range(ord("®"), ord("ÿ") + 1)
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]
