"""Which activation function a model was trained with, which its tensors cannot tell.

The same tensors computed with another one give embeddings that look right and are wrong: in
open_clip's issues it is the mistake that spoiled most results. So what tells is asked in an order:
the caller, the name of published weights, the configuration beside the file; and where nothing
does, QuickGELU is assumed with a warning, since most bare files out there are OpenAI's or were
trained on from these.

An archive in OpenAI's form tells nothing by its form: people fine-tune with other code and save it
so, and the code that it holds is never read here. OpenAI's own files are known by their bytes.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from zsclip.clip import ACTIVATIONS, Activation, Recipe
from zsclip.errors import ActivationWarning, ParameterError
from zsclip.files import file_sha256
from zsclip.formats.layouts import Tensors
from zsclip.weights.identity import made_from
from zsclip.weights.models import get_model_spec, list_models
from zsclip.weights.proven import are_as_sealed
from zsclip.weights.spec import ModelSpec
from zsclip.wording import brief

__all__ = ["find_published_file", "require_activation", "settle", "warn_of_assuming"]


def require_activation(activation: object) -> None:
    """Raise if `activation` is neither an activation nor None.

    Raises:
        ParameterError: It is not.
    """
    if activation is not None and activation not in ACTIVATIONS:
        raise ParameterError(
            f"`activation` must be 'quickgelu' or 'gelu', got {brief(activation)}. Leave it out to "
            "have what is known of the model."
        )


def settle(
    recipe: Recipe, activation: Activation | None, name: str, *, published: bool = False
) -> Recipe:
    """The recipe of a model with an activation, by whatever tells it; without one if nothing does.

    Args:
        recipe: What is known of the model.
        activation: What the caller says; None if nothing.
        name: The model, for messages.
        published: Whether it is known by its name, or by the bytes of its file; else what the
            caller says goes before it.

    Raises:
        ParameterError: `activation` is none, or contradicts what is known of published weights.

    Examples:
        >>> settle(Recipe(), "gelu", "mine").activation
        'gelu'
    """
    require_activation(activation)
    known = recipe.activation
    if activation is not None:
        if published and known not in (None, activation):
            raise ParameterError(
                f"`activation` is {activation!r}, and {brief(name)} was trained with {known!r}, as "
                f"{recipe.source} says. Leave `activation` out; for other weights name their file."
            )
        source = recipe.source if known == activation else "`activation`"
        return replace(recipe, activation=activation, source=source)
    return recipe


def warn_of_assuming(path: Path) -> None:
    """Say that nothing tells the activation, which is assumed, and how to tell it.

    Warns:
        ActivationWarning: Always.
    """
    warnings.warn(
        f"Nothing tells which activation function the checkpoint {str(path)!r} was trained with: "
        "it holds tensors alone. QuickGELU is assumed, which OpenAI's models have; most of "
        "open_clip's have GELU, and with the wrong one embeddings look right and are wrong. Pass "
        'activation="quickgelu" if it is right, or activation="gelu" (on the command line, '
        "--activation gelu).",
        ActivationWarning,
        stacklevel=2,
    )


def find_published_file(path: Path, tensors: Tensors) -> ModelSpec | None:
    """The published model whose file this is, under whatever name; None if it is none.

    Args:
        path: The file. Only one of the very size of a published one is read through for it.
        tensors: What it holds. What zsclip made of a published archive names that, and is read
            through for whether it still is what was made.

    Raises:
        CheckpointError: It cannot be read any more.
    """
    specs = [spec for spec in map(get_model_spec, list_models()) if spec.sha256]
    found = made_from(tensors.metadata)
    if found is not None:
        named = next((spec for spec in specs if spec.sha256 == found), None)
        return named if named is not None and are_as_sealed(tensors) else None
    with suppress(OSError):
        if path.stat().st_size in {spec.size for spec in specs}:
            found = file_sha256(path)
    return next((spec for spec in specs if spec.sha256 == found), None)
