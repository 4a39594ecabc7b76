"""Folders in open_clip's layout, which may come from anywhere: what of them is let through.

`open_clip_config.json` chooses the classes that are made, names other repositories, and hands
options to tokenizers; a tokenizer's own files may ask for code to be run. So each key that could
fetch, open or run something is refused, and numbers have bounds, before open_clip sees any of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zsclip.errors import CheckpointError
from zsclip.files import reason_of
from zsclip.wording import brief

__all__ = [
    "CONFIG",
    "TOKENIZER",
    "TOKENIZER_FILES",
    "require_known_config",
    "require_known_tokenizer",
]

CONFIG = "open_clip_config.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_FILES = (TOKENIZER, "tokenizer_config.json", "special_tokens_map.json")

MOST_CONFIG = 1_000_000
"""Bytes of a configuration, of which published ones have two thousand."""

MOST_TOKENIZER = 256_000_000
"""Bytes of a tokenizer, of which that of a million tokens has 60 million."""

MOST_NUMBER = 2_000_000
"""The largest number in a configuration: that of the tokens of the largest vocabulary, twice."""

MOST_LAYERS = 256

# of `tokenizer_kwargs`: what opens no file, runs nothing, and gives the same tokens each time
_TOKENIZER_OPTIONS = {"clean", "strip_sep_token", "language"}
_TOWERS = ("vision_cfg", "text_cfg")


def require_known_config(folder: Path) -> dict[str, Any]:
    """The configuration of a folder's text tower, once nothing in the whole of it is refused.

    Raises:
        CheckpointError: There is none, or it cannot be read or is refused.
    """
    path = folder / CONFIG
    model = _read(path, MOST_CONFIG).get("model_cfg")
    if not isinstance(model, dict) or not all(isinstance(model.get(t), dict) for t in _TOWERS):
        raise _refused(path, f"has no model_cfg with {' and '.join(_TOWERS)}")
    _require_bounds(path, model)
    vision, text = model["vision_cfg"], model["text_cfg"]
    if str(vision.get("timm_model_name") or "").partition(":")[1]:
        raise _refused(path, f"names {brief(vision['timm_model_name'])}, to be fetched by timm")
    hf_model = text.get("hf_model_name")
    if hf_model and hf_model not in _known_text_models():
        raise _refused(path, f"names the text model {brief(hf_model)}, which open_clip does not")
    options = text.get("tokenizer_kwargs") or {}
    unknown = sorted(set(options) - _TOKENIZER_OPTIONS) if isinstance(options, dict) else [options]
    if unknown:
        raise _refused(path, f"sets {brief(unknown[0])} of a tokenizer, which is not let through")
    return dict(text)


def require_known_tokenizer(folder: Path) -> None:
    """Raise if a folder's tokenizer is not one that is data alone: `TOKENIZER`, of a bounded size.

    Raises:
        CheckpointError: It has none, or it asks for code to be run, or is too large.
    """
    path = folder / TOKENIZER
    if not path.is_file():
        raise CheckpointError(
            f"The folder {str(folder)!r} has no {TOKENIZER}, and its model needs one. Put the one "
            "that was published with the model there."
        )
    if path.stat().st_size > MOST_TOKENIZER:
        raise _refused(path, f"has more than {MOST_TOKENIZER:,} bytes")
    for name in ("tokenizer_config.json", "config.json", "special_tokens_map.json"):
        beside = folder / name
        if beside.is_file() and "auto_map" in _read(beside, 10 * MOST_CONFIG):
            raise _refused(beside, "asks for code of its own to be run (auto_map)")


def _read(path: Path, most: int) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as e:
        raise CheckpointError(f"Cannot read {str(path)!r}: {reason_of(e)}.") from e
    if len(content) > most:
        raise _refused(path, f"has more than {most:,} bytes")
    try:
        read = json.loads(content)
    except (ValueError, RecursionError) as e:
        raise _refused(path, "is no JSON") from e
    if not isinstance(read, dict):
        raise _refused(path, "is no JSON object")
    return read


def _require_bounds(path: Path, value: Any, key: str = "") -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _require_bounds(path, inner, name)
    elif isinstance(value, list):
        if len(value) > 16:
            raise _refused(path, f"has {len(value)} values for {brief(key)}")
        for inner in value:
            _require_bounds(path, inner, key)
    elif isinstance(value, int | float):
        most = MOST_LAYERS if key == "layers" else MOST_NUMBER
        if not -most <= value <= most:
            raise _refused(path, f"has {brief(value)} for {brief(key)}, and may have {most:,}")


def _known_text_models() -> set[str]:
    """The text models that open_clip's own architectures are made with."""
    import open_clip

    configs = map(open_clip.get_model_config, open_clip.list_models())
    return {name for config in configs if (name := config["text_cfg"].get("hf_model_name"))}


def _refused(path: Path, why: str) -> CheckpointError:
    return CheckpointError(f"{str(path)!r} is not loaded: it {why}.")
