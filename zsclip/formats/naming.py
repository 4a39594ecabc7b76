"""Names of tensors, in whatever layout and wrapper, to those of OpenAI's layout."""

from __future__ import annotations

from collections.abc import Mapping

from zsclip.formats.foreign import refuse_foreign, refuse_half
from zsclip.formats.transformers_layout import Source, is_transformers, transformers_sources

__all__ = ["openai_sources"]

_SCALE = "logit_scale"  # of which every CLIP has one
_TEXT = "text."  # before a text tower of its own, in open_clip's CustomTextCLIP


def openai_sources(shapes: Mapping[str, object], where: str) -> dict[str, Source]:
    """What each tensor in OpenAI's layout is made of.

    Args:
        shapes: The tensors by their names: OpenAI's, open_clip's or transformers', as they are or
            behind the prefix of a wrapper, such as ``module.``, that all of them have.
        where: Their file, for errors.

    Raises:
        ForeignModelError: They are another model.
        CheckpointError: They are an adapter, quantized, or one tower alone.

    Examples:
        >>> openai_sources({"module.logit_scale": (), "module.ln_final.bias": (512,)}, "x.pt")
        {'logit_scale': Source(names=('module.logit_scale',), transposed=False), \
'ln_final.bias': Source(names=('module.ln_final.bias',), transposed=False)}
    """
    wrapper = _wrapper(shapes)
    plain = {name.removeprefix(wrapper): shape for name, shape in shapes.items()}
    refuse_foreign(plain, where)
    sources = transformers_sources(plain) if is_transformers(plain) else _open_clip(plain)
    refuse_half(sources, where)
    return {
        ours: Source(tuple(f"{wrapper}{name}" for name in source.names), source.transposed)
        for ours, source in sources.items()
    }


def _wrapper(shapes: Mapping[str, object]) -> str:
    """What stands before each name."""
    for name in shapes:
        prefix = name.removesuffix(_SCALE)
        if prefix != name and all(other.startswith(prefix) for other in shapes):
            return prefix
    return ""


def _open_clip(plain: Mapping[str, object]) -> dict[str, Source]:
    own_tower = f"{_TEXT}token_embedding.weight" in plain
    found = {}
    for name in plain:
        ours = name.removeprefix(_TEXT) if own_tower else name
        found[name if ours != name and ours in plain else ours] = Source((name,))
    return found
