"""Which model to take: models by accuracy and by cost, and those that no other beats in both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from zsclip.weights.spec import ModelSpec

__all__ = ["download_size", "in_order", "is_minor", "unbeaten"]

MINOR = 0.3  # of ImageNet; these were made to compare data sets, and not to be used


def unbeaten(specs: Iterable[ModelSpec]) -> set[str]:
    """The names of those that no other is at least as accurate as at no more cost.

    Accuracy is the published one on ImageNet, cost the operations for one picture; a model of
    which either is not known neither beats nor is unbeaten.

    Examples:
        >>> from zsclip.weights import MODELS
        >>> sorted(unbeaten([MODELS["RN50"], MODELS["ViT-B/32"], MODELS["ViT-B/16"]]))
        ['ViT-B/16', 'ViT-B/32']
    """
    rated = [(s.image_gflop, -s.imagenet, s.name) for s in specs if s.image_gflop and s.imagenet]
    best = 0.0
    found = set()
    for _, wrong, name in sorted(rated):
        if wrong < best:
            best = wrong
            found.add(name)
    return found


def in_order(specs: Iterable[ModelSpec], by: Literal["accuracy", "cost"]) -> Sequence[ModelSpec]:
    """Models with the most accurate first, or with the cheapest; what is not known comes last.

    Examples:
        >>> from zsclip.weights import MODELS
        >>> [spec.name for spec in in_order(MODELS, "accuracy")][0]
        'ViT-H-14-378/dfn5b'
    """

    def key(spec: ModelSpec) -> tuple[float, float]:
        accuracy = -1.0 if spec.imagenet is None else spec.imagenet
        cost = float("inf") if spec.image_gflop is None else spec.image_gflop
        return (-accuracy, cost) if by == "accuracy" else (cost, -accuracy)

    return sorted(specs, key=key)


def is_minor(spec: ModelSpec) -> bool:
    """Whether a list of models to choose from can do without it.

    It can without those that are right on less than 30 % of ImageNet, and those for general use of
    which no accuracy is published.
    """
    if spec.imagenet is None:
        return not spec.note
    return spec.imagenet < MINOR


def download_size(spec: ModelSpec, path: Path | None) -> tuple[int, bool]:
    """The bytes of a model's download, and whether they are an estimate.

    Args:
        spec: The model.
        path: Where its weights are on this machine, if they are: what was fetched has a size.

    Examples:
        >>> from zsclip.weights import MODELS
        >>> download_size(MODELS["ViT-B-16/dfn2b"], None)
        (598482948, True)
    """
    if not spec.sha256 and path is not None and path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir() if file.is_file()), False
    return spec.size, not spec.sha256
