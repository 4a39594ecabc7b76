"""The names that a CLIP has in transformers, and what OpenAI's are made of.

Hugging Face's `CLIPModel` computes the same as OpenAI's code from the same numbers, with these
differences: queries, keys and values are three tensors in place of one, and the two projections lie
transposed. The sources here are names alone, so that each tensor is read when it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Source", "is_transformers", "transformers_sources"]

_TOWERS = {"vision_model": "visual.", "text_model": ""}
_SINGLE = {
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    # so it is spelled there; other programs mend it
    **{f"vision_model.{norm}.{kind}": f"visual.ln_pre.{kind}"
       for norm in ("pre_layrnorm", "pre_layernorm") for kind in ("weight", "bias")},
    "vision_model.post_layernorm.weight": "visual.ln_post.weight",
    "vision_model.post_layernorm.bias": "visual.ln_post.bias",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
}  # fmt: skip
_PROJECTIONS = {
    "visual_projection.weight": "visual.proj",
    "text_projection.weight": "text_projection",
}
# Counting up from zero, which older versions kept.
_COMPUTED = {f"{tower}.embeddings.position_ids" for tower in _TOWERS}
_BLOCK = re.compile(
    r"(vision_model|text_model)\.encoder\.layers\.(\d{1,4})\.(.+)\.(weight|bias)", re.ASCII
)
_PARTS = {
    "self_attn.out_proj": "attn.out_proj",
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}
_JOINED = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")  # in OpenAI's order


@dataclass(frozen=True, slots=True)
class Source:
    """What a tensor in OpenAI's layout is made of.

    Attributes:
        names: The tensors in the file, one below the other.
        transposed: Whether its rows are their columns.
    """

    names: tuple[str, ...]
    transposed: bool = False


def is_transformers(shapes: Mapping[str, object]) -> bool:
    """Whether tensors of these names are a CLIP, or a tower of one, as transformers has it."""
    return any(name.startswith(("vision_model.", "text_model.")) for name in shapes)


def transformers_sources(shapes: Mapping[str, object]) -> dict[str, Source]:
    """What each tensor in OpenAI's layout is made of.

    What has no place there keeps its name, so that it is told when the towers are made: an
    attention of which a part is missing, or a tensor of another model.

    Args:
        shapes: The tensors of a `CLIPModel`, by their names.

    Examples:
        >>> transformers_sources({"visual_projection.weight": (512, 768)})
        {'visual.proj': Source(names=('visual_projection.weight',), transposed=True)}
    """
    found: dict[str, Source] = {}
    for name in shapes:
        if name in _COMPUTED:
            continue
        if name in _PROJECTIONS:
            found[_PROJECTIONS[name]] = Source((name,), transposed=True)
            continue
        ours, names = _SINGLE.get(name, name), tuple[str, ...]((name,))
        if block := _BLOCK.fullmatch(name):
            tower, number, part, kind = block.groups()
            prefix = f"{_TOWERS[tower]}transformer.resblocks.{number}"
            if part in _PARTS:
                ours = f"{prefix}.{_PARTS[part]}.{kind}"
            elif part in _JOINED:
                start = f"{tower}.encoder.layers.{number}"
                all_three = tuple(f"{start}.{joined}.{kind}" for joined in _JOINED)
                if all(other in shapes for other in all_three):
                    ours, names = f"{prefix}.attn.in_proj_{kind}", all_three
        # two spellings of one tensor: the second keeps its own name, and is told
        found[name if found.get(ours, Source(names)).names != names else ours] = Source(names)
    return found
