"""From a saved classifier to its model, and whether a model is that one."""

from __future__ import annotations

import math
import os
from pathlib import Path, PureWindowsPath
from typing import Any

from zsclip.encoders import Encoder, list_encoders
from zsclip.encoders.registry import NATIVE
from zsclip.errors import SavedClassifierModelError
from zsclip.saved.content import ModelFacts, SavedClassifier
from zsclip.saved.wording import as_path, shown
from zsclip.version import __version__
from zsclip.weights import MODELS

__all__ = ["check_fit", "find_engine"]

SCALE = 1e-3  # relative; half precision moves exp(logit_scale) by a third of it


def find_engine(
    saved: SavedClassifier,
    path: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] | None = None,
    encoder: str | None = None,
) -> tuple[str, str | os.PathLike[str]]:
    """The engine and the model to use a saved classifier with, by their names.

    A checkpoint of one's own is looked for where it lay, and then beside the classifier's file.

    Args:
        saved: The classifier.
        path: Its file.
        model: What the caller names in place of the model's own name.
        encoder: What the caller names in place of the engine's own name.

    Returns:
        What `ZeroShotClassifier` takes as `encoder` and `model`.

    Raises:
        SavedClassifierModelError: The file does not lead to an engine or a model that is here.
    """
    made = saved.model
    engine = made.encoder if encoder is None else encoder
    if encoder is None and engine not in {entry.name for entry in list_encoders()}:
        raise _no_model(
            path,
            f"it was made with the engine {engine!r}, and none of this name is installed. Pass "
            "encoder=, the engine as an object or the name that it is installed under.",
        )
    if model is not None or engine != NATIVE:
        return engine, made.name if model is None else model
    if made.path is None:
        if made.name not in {spec.name for spec in MODELS}:
            raise _no_model(
                path,
                f"it was made with {made.name!r}, which is no model that zsclip {__version__} "
                "knows. Pass model=, the file of its weights.",
            )
        return engine, made.name
    # of a path of another system as well
    places = [Path(made.path), as_path(path).parent / PureWindowsPath(made.path).name]
    for place in places:
        if os.path.isfile(place):  # noqa: PTH113 - false for what can be no path at all
            return engine, place
    for spec in MODELS:
        if spec.sha256 == made.weights_sha256:  # a copy of published weights
            return engine, spec.name
    raise _no_model(
        path,
        f"it was made with a checkpoint of its own, which is neither at {str(places[0])!r} nor at "
        f"{str(places[1])!r}. Pass model=, the file where it is now.",
    )


def check_fit(saved: SavedClassifier, path: str | os.PathLike[str], encoder: Encoder) -> None:
    """Raise if an engine runs another model than the one that a saved classifier was made with.

    The SHA-256 of the weights tells; where an engine does not know it, only what differs in
    width, scale, bias, activation, resolution or number of parameters is found out.

    Raises:
        SavedClassifierModelError: It does; the message shows both.
    """
    made, now = saved.model, ModelFacts.of(encoder)
    if None not in (made.weights_sha256, now.weights_sha256) and (
        made.weights_sha256 != now.weights_sha256
    ):
        raise _no_model(
            path,
            f"it was made with weights of {made.name!r} that have the SHA-256 "
            f"{made.weights_sha256}, and those of {now.name!r} here ({encoder.model_info.source}) "
            f"have {now.weights_sha256}. Embeddings of different weights do not compare. Pass "
            "model=, the file that it was made with, or save the classifier anew with these.",
        )
    found = [
        f"{what} {before} there and {after} here"
        for what, before, after, same in _compared(made, now)
        if not same
    ]
    if found:
        raise _no_model(
            path,
            f"it was made with another model than {now.name!r}: {', '.join(found)}. Give the "
            f"model that it was made with, {made.name!r}, or save the classifier anew.",
        )


def _compared(made: ModelFacts, now: ModelFacts) -> list[tuple[str, Any, Any, bool]]:
    """What two models have, and whether it is the same but for rounding."""
    exact = ["embedding_dim", "activation", "input_resolution"]
    if made.parameters and now.parameters:
        exact.append("parameters")
    pairs = [(field, getattr(made, field), getattr(now, field)) for field in exact]
    compared: list[tuple[str, Any, Any, bool]] = [(*pair, pair[1] == pair[2]) for pair in pairs]
    for field in ("logit_scale", "logit_bias"):
        before, after = getattr(made, field), getattr(now, field)
        same = math.isclose(before, after, rel_tol=SCALE, abs_tol=SCALE)
        compared.append((field, f"{before:g}", f"{after:g}", same))
    return compared


def _no_model(path: str | os.PathLike[str], reason: str) -> SavedClassifierModelError:
    return SavedClassifierModelError(f"Cannot use the classifier {shown(path)}: {reason}")
