"""`Options`: how a cluster does what it is asked for, and the plan that comes of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from zsclip.classifier import OnError, ZeroShotClassifier, require_on_error
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.ray.plan import Plan
from zsclip.ray.resources import Actors
from zsclip.values import whole_number
from zsclip.wording import brief, did_you_mean

__all__ = ["BYTES", "Options", "of_ray", "plan_of"]

ROWS = 1024  # at a time at most, where nothing is said
BYTES = 1 << 26  # of pictures at a time
OF_RAY = ("accelerator_type", "label_selector", "memory", "resources", "runtime_env")


class Options(TypedDict, total=False):
    """How a cluster does it; `classify` says what each of them means."""

    on_error: OnError
    prefix: str
    keep: Iterable[str] | None
    batch_size: int | None
    batch_bytes: int
    workers: int | None
    actors: Actors
    num_cpus: float | None
    num_gpus: float | None
    cache: bool | str | os.PathLike[str]
    ray_options: Mapping[str, Any]


def plan_of(classifier: ZeroShotClassifier, column: str, options: Options) -> Plan:
    """What `embed` does, by the options.

    Raises:
        TypeError: There is no such option.
        ParameterError: One of them has a value that it cannot have.
        ParameterTypeError: One of them has a type that it cannot have.
    """
    if unknown := options.keys() - Options.__annotations__.keys():
        name = min(unknown)
        raise TypeError(
            f"unexpected keyword argument {brief(name)}. "
            f"{did_you_mean(name, [*Options.__annotations__])}"
        )
    on_error = options.get("on_error", "record")
    require_on_error(on_error)
    keep, workers = options.get("keep"), options.get("workers")
    if isinstance(keep, str):
        raise ParameterTypeError(f"`keep` must be names of columns, got {brief(keep)}. Use a list.")
    rows = options.get("batch_size")
    return Plan(
        column=_text("column", column),
        labels=False,
        embeddings=True,
        width=classifier.model_info.embedding_dim,
        on_error=on_error,
        prefix=_text("prefix", options.get("prefix", "")),
        keep=None if keep is None else tuple(_text("keep", name) for name in keep),
        most_rows=ROWS if rows is None else whole_number("batch_size", rows),
        most_bytes=whole_number("batch_bytes", options.get("batch_bytes", BYTES)),
        workers=None if workers is None else whole_number("workers", workers),
    )


def of_ray(options: Options) -> dict[str, Any]:
    """What Ray is to see to beside.

    Raises:
        ParameterError: It is something that is set otherwise.
    """
    given = dict(options.get("ray_options", {}))
    if unknown := sorted(given.keys() - {*OF_RAY}):
        raise ParameterError(
            f"`ray_options` must be among {', '.join(OF_RAY)}, got {brief(unknown[0])}."
        )
    return given


def _text(param: str, value: object) -> str:
    if not isinstance(value, str):
        raise ParameterTypeError(f"`{param}` must be a text, got {brief(value)}.")
    return value
