"""What a model of open_clip's says of itself: its sizes, and what no tensor of it tells."""

from __future__ import annotations

from typing import Any, Literal

from torch import nn

from zsclip.encoders.open_clip_pixels import Pixels
from zsclip.encoders.open_clip_texts import Tokens
from zsclip.errors import ParameterError, ParameterTypeError

__all__ = [
    "activation_of", "activations_of", "recipe_of", "require_fitting", "require_model",
    "text_size",
]  # fmt: skip

# Of a tower's modules, in the words of torch, timm and open_clip: what changes what the same
# tensors give, and no tensor tells.
_SETTINGS = (
    *("num_heads", "num_attention_heads", "scaled_cosine", "eps", "final_ln_after_pool"),
    *("pool_type", "text_pool_type", "attn_pool_type", "global_pool"),
    *("eos_id", "text_eos_id", "pad_id"),
)

_ATTRIBUTES = ("encode_image", "encode_text", "logit_scale", "visual")


def activations_of(model: Any) -> list[list[str]]:
    """Those of the tower for pictures, and of that for texts, in their modules' names."""
    text = getattr(model, "text", model)
    return [_named(model.visual), _named(getattr(text, "transformer", text))]


def _named(tower: nn.Module) -> list[str]:
    found = set()
    for module in tower.modules():
        name = type(module).__name__
        if name.lower().endswith(("lu", "lutanh")):
            tanh = getattr(module, "approximate", "none") == "tanh"
            found.add(f"{name} by tanh" if tanh else name)
    return sorted(found)


def activation_of(towers: list[list[str]]) -> str | None:
    """The one activation of both towers' blocks, if it is one that zsclip has a name for."""
    found = {name for tower in towers for name in tower}
    names = {"QuickGELU": "quickgelu", "GELU": "gelu"}
    return names.get(found.pop()) if len(found) == 1 else None


def recipe_of(model: Any, pixels: Pixels, tokens: Tokens, activations: list[list[str]]) -> str:
    """What is computed with the weights that their values and shapes do not tell, in words.

    Embeddings are kept under it, and a saved classifier refuses another one.
    """
    text = getattr(model, "text", model)
    masked = "a causal mask" if getattr(text, "attn_mask", None) is not None else "no causal mask"
    pool = getattr(text, "pooler", None) or text
    read = getattr(model, "text_pool_type", getattr(pool, "pool_type", type(pool).__name__))
    image, words = (" and ".join(names) or "no activation" for names in activations)
    return (
        f"pictures by {pixels.description}, with {image}{_settings_of(model.visual)}; texts by "
        f"{tokens.description}, with {masked}, read by {read}, with {words}"
        f"{_settings_of(model if text is model else text, but=model.visual)}"
    )


def _settings_of(tower: nn.Module, but: nn.Module | None = None) -> str:
    """The settings of a tower's modules, each with the values that it has in them, in words."""
    passed = set() if but is None else set(but.modules())
    found: dict[str, set[str]] = {}
    for module in tower.modules():
        for name in _SETTINGS if module not in passed else ():
            value = vars(module).get(name)
            if isinstance(value, bool | int | float | str):
                found.setdefault(name, set()).add(str(value))
    trunk = getattr(tower, "trunk", None)  # of timm, whose names say what else is computed
    called = (getattr(trunk, "pretrained_cfg", None) or {}).get("architecture")
    words = [f"{name} {' and '.join(sorted(values))}" for name, values in sorted(found.items())]
    return "".join(f", {word}" for word in [*words, *([called] if called else [])])


def text_size(model: Any, name: Literal["vocab_size", "output_dim"]) -> int:
    """A size of the text tower, which some models have as their own."""
    text = getattr(model, "text", model)
    size = getattr(text, name, None)
    if size is None:
        projection = text.text_projection
        weight = projection.weight.T if isinstance(projection, nn.Linear) else projection
        size = text.transformer.width if weight is None else weight.shape[1]
    return int(size)


def require_model(model: Any) -> None:
    """Raise if it is no model of open_clip's, or not in evaluation mode.

    Raises:
        ParameterTypeError: It is none.
        ParameterError: It is in training mode.
    """
    missing = [name for name in _ATTRIBUTES if not hasattr(model, name)]
    if not isinstance(model, nn.Module) or missing:
        raise ParameterTypeError(
            "`model` must be the first thing that open_clip's create_model_and_transforms returns, "
            f"got {type(model).__name__}."
        )
    if model.training:
        raise ParameterError(
            "`model` must be in evaluation mode, and it is in training mode, as open_clip makes "
            "it: dropout and batch norm give other embeddings. Call model.eval() first."
        )


def require_fitting(model: Any, tokens: Tokens) -> None:
    """Raise for another model's tokenizer, whose rows are longer or shorter than the context.

    Raises:
        ParameterError: It is another's.
    """
    text = getattr(model, "text", model)
    context = getattr(text, "context_length", None)
    if hasattr(text, "positional_embedding") and context != tokens.context_length:
        raise ParameterError(
            f"`tokenizer` must have the model's context of {context} tokens, and has "
            f"{tokens.context_length}. Make it by open_clip.get_tokenizer and the model's name."
        )
