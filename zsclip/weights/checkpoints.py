"""The weights of one CLIP, and the towers that are made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeVar

import torch
from torch import nn

from zsclip.clip import ModifiedResNet, Recipe, TextTower, VisionTransformer, unfilled
from zsclip.downloads.wanted import Verified
from zsclip.errors import CheckpointError, NonFiniteError
from zsclip.formats.layouts import Tensors
from zsclip.weights.activations import warn_of_assuming
from zsclip.weights.identity import Seal, counts
from zsclip.weights.proven import ProvenTensors
from zsclip.weights.shapes import read_config

__all__ = ["Checkpoint"]

Tower = TypeVar("Tower", bound=nn.Module)

NOTHING_KNOWN = Recipe()

_REMAKE = "Delete the file: it is made anew from the archive, which is fetched again if it is gone."


class Checkpoint:
    """The weights of one CLIP model; each tower is read when it is first asked for.

    Its tensors are the same whenever they are read: where the file holds others by then, that is an
    error.

    Args:
        name: The model's name, or the name of the file.
        path: The file that the weights are read from.
        tensors: What it holds.
        recipe: What is known of the model beyond its tensors. If it tells no activation, QuickGELU
            is assumed, with a warning.
        published: Whether these are published weights, which are found again by their name.
        verified: What the file was checked against.
        seals: What each tensor is known by, where the file was made of a published one.

    Attributes:
        name: The model's name, or the name of the file.
        path: The file that the weights are read from.
        is_published: Whether these are published weights, which are found again by their name.
        recipe: What is known of the model beyond its tensors.
        verified: What the file was checked against.
        config: What the model is made from.
        logit_scale: What cosines are multiplied by before the softmax, `exp(logit_scale)`.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        tensors: Tensors,
        *,
        recipe: Recipe = NOTHING_KNOWN,
        published: bool = False,
        verified: Verified = "none",
        seals: Mapping[str, Seal] | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.recipe = recipe
        self.is_published = published
        self.verified: Verified = verified
        self._shapes = tensors.shapes
        self._proven = ProvenTensors(tensors, path, seals, _REMAKE)
        try:
            self.config = read_config(tensors.shapes, recipe)
            self.logit_scale = self._read_scale()
        except CheckpointError as e:
            raise type(e)(f"The checkpoint {str(path)!r} cannot be loaded. {e}") from None
        if recipe.activation is None:
            warn_of_assuming(path)

    def __repr__(self) -> str:
        return f"Checkpoint({self.name!r}, path={str(self.path)!r})"

    @property
    def sha256(self) -> str:
        """The SHA-256 of the model's tensors, the same for the same numbers in any file.

        What was not read before is read through for it, once.

        Raises:
            CheckpointError: The file has changed since it was opened.
            NonFiniteError: The weights hold NaN, infinity, or a variance below zero.
        """
        return self._proven.identity

    def load_image_tower(self) -> VisionTransformer | ModifiedResNet:
        """The image tower with its weights, in the checkpoint's own precision, on the CPU."""
        return self._load(self.config.image_tower, "visual.")

    def load_text_tower(self) -> TextTower:
        """The text tower with its weights, in the checkpoint's own precision, on the CPU."""
        return self._load(self.config.text_tower, "")

    def _load(self, make: Callable[[], Tower], prefix: Literal["visual.", ""]) -> Tower:
        with unfilled():  # no memory is taken before the weights come
            tower = make()
        expected = {key: tuple(t.shape) for key, t in tower.state_dict().items()}
        found = {
            key.removeprefix(prefix): shape
            for key, shape in self._shapes.items()
            if key.startswith("visual.") == bool(prefix) and key != "logit_scale"
        }
        problems = [
            f"{prefix}{key}: expected {expected.get(key, 'nothing')}, "
            f"found {found.get(key, 'nothing')}"
            for key in sorted(expected.keys() | found.keys())
            if expected.get(key) != found.get(key) and counts(key)
        ]
        if problems:
            more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
            raise CheckpointError(
                f"The checkpoint {str(self.path)!r} does not fit the architecture that its shapes "
                f"speak of: {'; '.join(problems[:5])}{more}."
            )
        state = self._proven.take(prefix + key for key in expected if counts(key))
        for key, tensor in state.items():
            if not tensor.is_floating_point():
                raise CheckpointError(
                    f"The checkpoint {str(self.path)!r} holds {key} as {tensor.dtype}. "
                    "zsclip computes with floating-point weights: give the model as it was before "
                    "it was quantized."
                )
            if tensor.dtype == torch.float64:  # known by its values in fp32, and so computed with
                state[key] = tensor.float()
        filled = {key: state.get(prefix + key, torch.tensor(0)) for key in expected}
        tower.load_state_dict(filled, assign=True)
        return tower.eval().requires_grad_(False)

    def _read_scale(self) -> float:
        shape = self._shapes.get("logit_scale")
        if shape is None:
            raise CheckpointError("The tensor 'logit_scale' is missing.")
        if math.prod(shape) != 1:
            raise CheckpointError(f"The tensor 'logit_scale' must be one number, and is {shape}.")
        try:
            value = float(self._proven.take(["logit_scale"])["logit_scale"])
        except NonFiniteError:
            value = math.nan
        if not -100 < value < 100:  # of which exp() would be nothing, or infinite, or NaN
            raise CheckpointError(f"The tensor 'logit_scale' is {value}: the weights are damaged.")
        return math.exp(value)
