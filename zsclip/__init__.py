"""zsclip turns CLIP into a zero-shot image classifier that a program can rely on.

Name the classes in words, point it at pictures, get answers whose scores mean something:

    from zsclip import ZeroShotClassifier

    clf = ZeroShotClassifier(["cat", "dog"])
    print(clf.classify("photo.jpg").label)

Importing the package loads neither torch nor Pillow nor a label set: every name below is loaded
when it is first used. What is raised on purpose stands in `zsclip.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsclip import errors

if TYPE_CHECKING:
    from zsclip.authoring import check_labelset
    from zsclip.cache import EmbeddingCache
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.encoders import Encoder, ModelInfo, list_encoders
    from zsclip.images import load_image
    from zsclip.labels import (
        DEFAULT_TEMPLATES,
        Label,
        LabelSet,
        list_labelsets,
        load_labelset,
    )
    from zsclip.results import Failure, Origin, Prediction, Score
    from zsclip.version import __version__
    from zsclip.weights.models import MODELS, ModelSpec, list_models

__all__ = [
    "DEFAULT_TEMPLATES",
    "MODELS",
    "EmbeddingCache",
    "Encoder",
    "Failure",
    "Label",
    "LabelSet",
    "ModelInfo",
    "ModelSpec",
    "Origin",
    "Prediction",
    "Score",
    "ZeroShotClassifier",
    "__version__",
    "check_labelset",
    "errors",
    "list_encoders",
    "list_labelsets",
    "list_models",
    "load_image",
    "load_labelset",
]

_HOMES = {
    "DEFAULT_TEMPLATES": "zsclip.labels",
    "EmbeddingCache": "zsclip.cache",
    "Encoder": "zsclip.encoders",
    "Failure": "zsclip.results",
    "Label": "zsclip.labels",
    "LabelSet": "zsclip.labels",
    "MODELS": "zsclip.weights.models",
    "ModelInfo": "zsclip.encoders",
    "ModelSpec": "zsclip.weights.models",
    "Origin": "zsclip.results",
    "Prediction": "zsclip.results",
    "Score": "zsclip.results",
    "ZeroShotClassifier": "zsclip.classifier",
    "__version__": "zsclip.version",
    "check_labelset": "zsclip.authoring",
    "list_encoders": "zsclip.encoders",
    "list_labelsets": "zsclip.labels",
    "list_models": "zsclip.weights.models",
    "load_image": "zsclip.images",
    "load_labelset": "zsclip.labels",
}

if not TYPE_CHECKING:  # a type checker that saw this would let every name pass

    def __getattr__(name: str) -> object:
        import importlib

        try:
            home = _HOMES[name]
        except KeyError:
            raise AttributeError(f"module 'zsclip' has no attribute {name!r}") from None
        value = getattr(importlib.import_module(home), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
