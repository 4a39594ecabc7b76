"""What tells weights from others: their numbers, whatever file they lie in; without torch.

The identity of a model is the SHA-256 over its tensors in the order of their names: of each the
name, the shape, and the SHA-256 of its values in fp32, little-endian. So the same numbers have one
identity as a state dict, as an archive and as safetensors, in fp16 or in the same values in fp32.

The safetensors that zsclip makes of a published archive are sealed: their header says what they
were made of, and of each tensor the digest of its values, and that of its bytes, by which it is
known again without converting it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Seal", "counts", "identity_of", "made_from", "read_seals", "sealing"]

SOURCE = "source_sha256"
"""In the header of safetensors made of a published file: the SHA-256 of that file."""

SEALS = "zsclip_seals"
"""Beside it: the seal of each tensor, as JSON behind its own SHA-256."""

# Present in some checkpoints and computed anew by the modules.
_COMPUTED_ENDS = ("num_batches_tracked", "attn_mask")


@dataclass(frozen=True, slots=True)
class Seal:
    """What a tensor is known by.

    Attributes:
        values: The SHA-256 of its values in fp32.
        stored: The SHA-256 of their type and their bytes as they lie in the file.
    """

    values: str
    stored: str


def counts(name: str) -> bool:
    """Whether a tensor of this name decides what a model computes."""
    return not name.endswith(_COMPUTED_ENDS)


def identity_of(shapes: Mapping[str, tuple[int, ...]], values: Mapping[str, str]) -> str:
    """The identity of a model, 64 hexadecimal digits.

    Args:
        shapes: The shape of each tensor that counts, by its name in OpenAI's layout.
        values: The SHA-256 of its values in fp32.

    Examples:
        >>> identity_of({"logit_scale": ()}, {"logit_scale": "ab" * 32})[:16]
        '1e672f55dc0ba211'
    """
    tensors = [[name, list(shapes[name]), values[name]] for name in sorted(shapes) if counts(name)]
    return hashlib.sha256(json.dumps(tensors, separators=(",", ":")).encode("ascii")).hexdigest()


def made_from(metadata: Mapping[str, str]) -> str | None:
    """The SHA-256 of the published file that safetensors were made of, as their header says."""
    return metadata.get(SOURCE)


def sealing(source: str, seals: Mapping[str, Seal]) -> dict[str, str]:
    """What the header of safetensors says of the file they were made of, and of each tensor.

    Args:
        source: The SHA-256 of the published file.
        seals: The seal of each tensor that counts.
    """
    text = json.dumps({name: [seal.values, seal.stored] for name, seal in seals.items()})
    return {SOURCE: source, SEALS: hashlib.sha256(text.encode("ascii")).hexdigest() + text}


def read_seals(
    metadata: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, Seal] | None:
    """The seal of each tensor that counts, out of the header that `sealing` wrote.

    Args:
        metadata: The header.
        shapes: The shape of each tensor of the file.

    Returns:
        None if there is none such, or it is damaged.
    """
    digest, text = metadata.get(SEALS, "")[:64], metadata.get(SEALS, "")[64:]
    if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != digest:
        return None
    try:
        seals = {name: Seal(*digests) for name, digests in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError, RecursionError):  # a stranger's
        return None
    return seals if seals.keys() == {name for name in shapes if counts(name)} else None
