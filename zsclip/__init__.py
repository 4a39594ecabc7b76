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
from zsclip import forks as _forks  # noqa: F401 - notes in which process zsclip was imported
from zsclip.lazy import lazy

if TYPE_CHECKING:
    from zsclip import plot
    from zsclip.authoring import check_labelset
    from zsclip.cache import EmbeddingCache
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.encoders import Encoder, ModelInfo, list_encoders
    from zsclip.evaluation import (
        ClassResult,
        Comparison,
        DepthResult,
        Evaluation,
        Mistake,
        Published,
        UnknownTruth,
    )
    from zsclip.images import Reading, load_image
    from zsclip.labels import (
        DEFAULT_TEMPLATES,
        Label,
        LabelSet,
        list_labelsets,
        load_labelset,
    )
    from zsclip.learnt import (
        Calibration,
        Learnt,
        Probe,
        Rejection,
        Standardization,
        Thresholds,
    )
    from zsclip.results import Failure, NodeScore, Origin, Prediction, Score, show_grid
    from zsclip.searching import Found, Match, search_pictures
    from zsclip.tables import to_arrow, to_pandas
    from zsclip.version import __version__
    from zsclip.weights import MODELS, ModelSpec, list_models

__all__ = [
    "DEFAULT_TEMPLATES",
    "MODELS",
    "Calibration",
    "ClassResult",
    "Comparison",
    "DepthResult",
    "EmbeddingCache",
    "Encoder",
    "Evaluation",
    "Failure",
    "Found",
    "Label",
    "LabelSet",
    "Learnt",
    "Match",
    "Mistake",
    "ModelInfo",
    "ModelSpec",
    "NodeScore",
    "Origin",
    "Prediction",
    "Probe",
    "Published",
    "Reading",
    "Rejection",
    "Score",
    "Standardization",
    "Thresholds",
    "UnknownTruth",
    "ZeroShotClassifier",
    "__version__",
    "check_labelset",
    "errors",
    "list_encoders",
    "list_labelsets",
    "list_models",
    "load_image",
    "load_labelset",
    "plot",
    "search_pictures",
    "show_grid",
    "to_arrow",
    "to_pandas",
]

if not TYPE_CHECKING:  # a type checker that saw this would let every name pass
    __getattr__ = lazy(
        __name__,
        authoring=("check_labelset",),
        cache=("EmbeddingCache",),
        classifier=("ZeroShotClassifier",),
        encoders=("Encoder", "ModelInfo", "list_encoders"),
        evaluation=(
            "ClassResult",
            "Comparison",
            "DepthResult",
            "Evaluation",
            "Mistake",
            "Published",
            "UnknownTruth",
        ),
        images=("Reading", "load_image"),
        labels=("DEFAULT_TEMPLATES", "Label", "LabelSet", "list_labelsets", "load_labelset"),
        learnt=("Calibration", "Learnt", "Probe", "Rejection", "Standardization", "Thresholds"),
        plot=(),
        results=("Failure", "NodeScore", "Origin", "Prediction", "Score", "show_grid"),
        searching=("Found", "Match", "search_pictures"),
        tables=("to_arrow", "to_pandas"),
        version=("__version__",),
        weights=("MODELS", "ModelSpec", "list_models"),
    )


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
