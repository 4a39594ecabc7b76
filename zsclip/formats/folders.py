"""Which files of a folder, or of a repository on the hub, a model is read from; without torch.

A folder may hold one model several times: for open_clip, for transformers and for timm, whole and
in shards, as safetensors and as pickles. One of them is taken, by the names alone, always the same
one:

1. what open_clip writes, since ``model.safetensors`` beside it may be timm's, of the image tower
   alone;
2. what transformers writes;
3. any other file of weights, if there is no second one;

of each safetensors before pickles, and one file before shards. Configurations are taken with it.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable
from pathlib import Path

from zsclip.errors import CheckpointError
from zsclip.files import reason_of
from zsclip.wording import brief

__all__ = [
    "CONFIGS", "INDEX", "LAYOUT_NAMES", "OPEN_CLIP", "TRANSFORMERS",
    "list_names", "other_format", "wanted_files", "why_none",
]  # fmt: skip

OPEN_CLIP = "open_clip_config.json"
"""The configuration of a model in open_clip's folders."""

TRANSFORMERS = "config.json"
"""The configuration of a model in transformers' folders; timm has another one of this name."""

CONFIGS = (OPEN_CLIP, TRANSFORMERS, "preprocessor_config.json", "processor_config.json")
"""What is read beside weights where it is there."""

INDEX = ".index.json"
"""What the name of an index of shards ends with."""

LAYOUT_NAMES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    f"model.safetensors{INDEX}",
    "pytorch_model.bin",
    f"pytorch_model.bin{INDEX}",
)
"""Files of weights by the names that open_clip and transformers give them, the first one first."""

_MOST_FILES = 10_000
_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
_SHARD = re.compile(r"(?P<stem>.{1,200})-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<suffix>\.\w+)")
_NO_WEIGHTS = ("optimizer", "training_args", "scheduler", "rng_state", "adapter_")
_ELSEWHERE = {
    ".gguf": "GGUF holds quantized weights",
    ".onnx": "ONNX holds a computation and no checkpoint (a classifier that zsclip exported goes "
    "to `ZeroShotClassifier.load`, on the command line to --classifier)",
    ".h5": "This is TensorFlow's format",
    ".msgpack": "This is Flax's format",
    ".npz": "This is a format of JAX",
}


def wanted_files(names: Iterable[str]) -> list[str]:
    """Which files of a folder or repository a model is read from: configurations, then weights.

    Args:
        names: The names of all its files. What lies in folders within is not looked at.

    Returns:
        The names, in the order in which they are read; none if there are no weights to read, of
        which `why_none` says more.

    Examples:
        >>> wanted_files(["config.json", "model.safetensors", "open_clip_config.json",
        ...               "open_clip_model.safetensors", "open_clip_pytorch_model.bin"])
        ['open_clip_config.json', 'config.json', 'open_clip_model.safetensors']
    """
    here = set(names)
    weights = _weights(here)
    return [name for name in CONFIGS if name in here] + weights if weights else []


def list_names(folder: Path) -> list[str]:
    """The names of the files in a folder.

    Raises:
        CheckpointError: It cannot be read, or is a folder of many thousand.
    """
    try:
        with os.scandir(folder) as entries:
            found = [entry.name for entry in itertools.islice(entries, _MOST_FILES + 1)]
    except OSError as e:
        raise CheckpointError(f"Cannot read the folder {str(folder)!r}: {reason_of(e)}.") from e
    if len(found) > _MOST_FILES:
        raise CheckpointError(
            f"The folder {str(folder)!r} holds more than {_MOST_FILES:,} files, and is no "
            "model's. Give the path of the file of weights."
        )
    return [name for name in found if os.path.isfile(folder / name)]  # noqa: PTH113 - no pipe


def why_none(names: Iterable[str]) -> str:
    """Why no model is read from files of these names, and what to do; for messages.

    Examples:
        >>> why_none(["adapter_config.json", "adapter_model.safetensors"])[:33]
        'It holds an adapter (LoRA or anot'
    """
    here = sorted(name for name in names if "/" not in name)
    if any(name.startswith("adapter_") for name in here):
        return (
            "It holds an adapter (LoRA or another of PEFT's) and not a model. Merge it into the "
            "model that it was made for (`merge_and_unload()` of PEFT), and save that."
        )
    if several := _others(here):
        return (
            f"It holds {len(several)} files of weights, of which none has the name that open_clip "
            f"or transformers would give it: {', '.join(map(brief, several[:5]))}. Give the path "
            "of one of them."
        )
    if shards := [name for name in here if _SHARD.fullmatch(name)]:
        return (
            f"It holds parts of a checkpoint such as {brief(shards[0])}, and no index or not all "
            "of them. Get the folder again, whole."
        )
    if others := [name for name in here if other_format(name)]:
        return f"It holds {brief(others[0])}. {other_format(others[0])}"
    return (
        "It holds no weights: no open_clip_model.safetensors, model.safetensors, "
        "pytorch_model.bin, nor another checkpoint."
    )


def other_format(name: str) -> str:
    """What to say of a file of weights whose format zsclip does not read; nothing of another.

    Examples:
        >>> other_format("model.onnx")[:33]
        'ONNX holds a computation and no c'
    """
    for suffix, format_ in _ELSEWHERE.items():
        if name.endswith(suffix):
            return (
                f"{format_}. zsclip reads safetensors and PyTorch's checkpoints; take a copy of "
                "the model in one of them."
            )
    return ""


def _weights(here: set[str]) -> list[str]:
    for name in LAYOUT_NAMES:
        if name in here and name.endswith(INDEX):
            if shards := _shards(here, name.removesuffix(INDEX)):
                return [name, *shards]
        elif name in here:
            return [name]
    others = _others(here)
    return others if len(others) == 1 else []


def _others(here: Iterable[str]) -> list[str]:
    """Files of weights that have names of their own."""
    return sorted(
        name
        for name in here
        if name.endswith(_SUFFIXES)
        and "/" not in name
        and not name.startswith(_NO_WEIGHTS)
        and not _SHARD.fullmatch(name)
    )


def _shards(here: set[str], whole: str) -> list[str]:
    """The parts of a file, if all of them are there: ``model-00001-of-00002.safetensors``."""
    stem, _, suffix = whole.rpartition(".")
    parts: dict[str, list[str]] = {}
    for name in sorted(here):
        found = _SHARD.fullmatch(name)
        if found and (found["stem"], found["suffix"]) == (stem, f".{suffix}"):
            parts.setdefault(found["count"], []).append(name)
    whole_sets = [shards for count, shards in parts.items() if len(shards) == int(count)]
    return whole_sets[0] if len(whole_sets) == 1 else []
