"""Models that are no plain CLIP, and checkpoints that are no whole one, told by name."""

from __future__ import annotations

from collections.abc import Iterable

from zsclip.errors import CheckpointError, ForeignModelError
from zsclip.wording import brief

__all__ = ["foreign_model", "refuse_foreign", "refuse_half"]

_ENGINE = (
    'zsclip computes plain CLIPs itself. The engine "open-clip" runs what open_clip knows: '
    'pip install "zsclip[open-clip]".'
)
# What the names of tensors speak of, by how they begin.
_BEGINNINGS = {
    "visual.trunk.": "the image tower is one of timm's",
    "text.transformer.embeddings.": "the text tower is one of transformers'",
    "text_decoder.": "a CoCa, which writes texts",
    "vision_model.head.": "a SigLIP",
    "logit_bias": "trained with a sigmoid, as SigLIP is",
    "image_encoder.model.": "a MobileCLIP in Apple's own layout",
    "visual.attn_pool": "its image tower pools by attention",
    "qformer.": "a BLIP-2",
}
_ADAPTERS = (".lora_A.", ".lora_B.", ".lora_magnitude_vector.", ".lora_embedding_A")
_QUANTIZED = (
    ".SCB", ".absmax", ".quant_map", ".qweight", ".qzeros", ".weight_format", ".weight_scale",
    ".quant_state.bitsandbytes__nf4", ".quant_state.bitsandbytes__fp4",
)  # fmt: skip


def foreign_model(where: str, kind: str, key: str, value: object) -> ForeignModelError:
    """The error about a configuration of a model that is no plain CLIP.

    Args:
        where: The file.
        kind: What the model is, in words.
        key: The key of the configuration that tells.
        value: Its value.
    """
    return ForeignModelError(
        f"{where} describes a model that is no plain CLIP: {kind} ({key} is {brief(value)}). "
        f"{_ENGINE}"
    )


def refuse_foreign(names: Iterable[str], where: str) -> None:
    """Raise if tensors of these names are known not to be a plain CLIP.

    Args:
        names: The names, in the layout of OpenAI, of open_clip or of transformers.
        where: The file, for the error.

    Raises:
        ForeignModelError: They are another model.
        CheckpointError: They are an adapter, or quantized.
    """
    for name in names:
        if any(part in name for part in _ADAPTERS):
            raise CheckpointError(
                f"The checkpoint {where} holds an adapter ({brief(name)}: LoRA or another of "
                "PEFT's). Merge it into the model that it was made for (`merge_and_unload()` of "
                "PEFT), and save that."
            )
        if name.endswith(_QUANTIZED):
            raise CheckpointError(
                f"The checkpoint {where} is quantized ({brief(name)}), as bitsandbytes and others "
                "do it. Give the model as it was before."
            )
        for beginning, kind in _BEGINNINGS.items():
            if name.startswith(beginning):
                raise ForeignModelError(
                    f"The checkpoint {where} is no plain CLIP: {kind} (it holds {brief(name)}). "
                    f"{_ENGINE}"
                )


def refuse_half(names: Iterable[str], where: str) -> None:
    """Raise if tensors of these names, in OpenAI's layout, are one tower and no other.

    Args:
        names: The names.
        where: The file, for the error.

    Raises:
        CheckpointError: They are.
    """
    found = list(names)
    there = [
        tower
        for beginning, tower in (("visual.", "image"), ("token_embedding.", "text"))
        if any(name.startswith(beginning) for name in found)
    ]
    if len(there) == 1:
        other = "text" if there == ["image"] else "image"
        raise CheckpointError(
            f"The checkpoint {where} holds the {there[0]} tower of a CLIP and no {other} tower. "
            "Give the whole model."
        )
