"""The classifier that goes to a cluster, out of what a user gives for one."""

from __future__ import annotations

import os
from typing import TypeAlias

from zsclip.classifier import ZeroShotClassifier
from zsclip.encoders.registry import options_of
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.wording import brief

__all__ = ["Classifier", "classifier_of", "model_of", "needs_gpu", "wants_gpu"]

Classifier: TypeAlias = ZeroShotClassifier | str | os.PathLike[str]
"""A classifier, or the path of a saved one."""


def classifier_of(given: object) -> ZeroShotClassifier:
    """The classifier that is meant.

    Raises:
        ParameterTypeError: It is neither a classifier nor a path.
        SavedClassifierError: The file holds none, or its model is not found.
    """
    if isinstance(given, ZeroShotClassifier):
        return given
    if isinstance(given, str | os.PathLike):
        return ZeroShotClassifier.load(given)
    raise ParameterTypeError(
        f"`classifier` must be a ZeroShotClassifier or the path of a saved one, got {brief(given)}."
    )


def model_of(given: object) -> ZeroShotClassifier:
    """A classifier over the model that is meant, which may be given by its name.

    Raises:
        ModelNotFoundError: There is neither such a file nor such a model.
        ZsclipError: As for `classifier_of`.
    """
    if isinstance(given, str) and not os.path.exists(given):  # noqa: PTH110 - or a name
        return ZeroShotClassifier(["a picture", "nothing"], model=given, cache=False)
    return classifier_of(given)


def wants_gpu(classifier: ZeroShotClassifier) -> bool:
    """Whether the model runs on a GPU where there is one.

    Raises:
        ParameterError: It was made for one of several, of which an actor sees its own alone.
    """
    device = _device(classifier)
    kind, _, index = device.partition(":")
    if index not in ("", "0"):
        raise ParameterError(
            f"The classifier was made with device={brief(device)}, and an actor sees no GPU but "
            f"its own, which is the first. Make it with device={brief(kind)}."
        )
    return kind not in ("cpu", "mps")


def needs_gpu(classifier: ZeroShotClassifier) -> bool:
    """Whether the model was made for a GPU, and not for whatever there is."""
    return _device(classifier).startswith("cuda")


def _device(classifier: ZeroShotClassifier) -> str:
    """The device as it was asked for, or where an engine that was made elsewhere runs."""
    making = options_of(classifier.encoder)
    return str(classifier.model_info.device if making is None else making["device"])
