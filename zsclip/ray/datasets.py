"""`classify` and `embed`: a dataset of Ray with more columns, made when it is consumed."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zsclip.classifier import OnError, ZeroShotClassifier
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.files import whole_number
from zsclip.needs import needed
from zsclip.ray.actors import Mapper
from zsclip.ray.plan import Plan
from zsclip.ray.resources import Actors, Node, Share, share_out
from zsclip.wording import brief

if TYPE_CHECKING:
    from ray.data import Dataset

__all__ = ["classify", "embed"]

Classifier: TypeAlias = ZeroShotClassifier | str | os.PathLike[str]

ROWS = 128  # at a time on a GPU, where Ray wants a number
BYTES = 1 << 26  # of pictures at a time


def classify(
    dataset: Dataset,
    classifier: Classifier,
    *,
    column: str = "image",
    top: int = 0,
    embeddings: bool = False,
    on_error: OnError = "record",
    prefix: str = "",
    keep: Iterable[str] | None = None,
    batch_size: int | None = None,
    batch_bytes: int = BYTES,
    actors: Actors = None,
    num_cpus: float | None = None,
    num_gpus: float | None = None,
    cache: bool | str | os.PathLike[str] = False,
) -> Dataset:
    """Classify a column of pictures, or of embeddings, on a cluster.

    Nothing is computed before the dataset is consumed.
    """
    made = _classifier_of(classifier)
    plan = Plan(
        column=_name("column", column),
        labels=True,
        top=whole_number("top", top, least=0),
        embeddings=bool(embeddings),
        width=made.model_info.embedding_dim,
        on_error=_on_error(on_error),
        prefix=_name("prefix", prefix),
        keep=_names(keep),
        most_rows=batch_size,
        most_bytes=whole_number("batch_bytes", batch_bytes),
    )
    # so that no actor loads the tower for texts
    made.score_embeddings(np.empty((0, plan.width), np.float32))
    return _mapped(dataset, made, plan, actors, num_cpus, num_gpus, cache)


def embed(
    dataset: Dataset,
    classifier: Classifier,
    *,
    column: str = "image",
    on_error: OnError = "record",
    prefix: str = "",
    keep: Iterable[str] | None = None,
    batch_size: int | None = None,
    batch_bytes: int = BYTES,
    actors: Actors = None,
    num_cpus: float | None = None,
    num_gpus: float | None = None,
    cache: bool | str | os.PathLike[str] = False,
) -> Dataset:
    """Embed a column of pictures on a cluster.

    Nothing is computed before the dataset is consumed.
    """
    made = _classifier_of(classifier)
    plan = Plan(
        column=_name("column", column),
        labels=False,
        embeddings=True,
        width=made.model_info.embedding_dim,
        on_error=_on_error(on_error),
        prefix=_name("prefix", prefix),
        keep=_names(keep),
        most_rows=batch_size,
        most_bytes=whole_number("batch_bytes", batch_bytes),
    )
    return _mapped(dataset, made, plan, actors, num_cpus, num_gpus, cache)


def _mapped(
    dataset: Dataset,
    classifier: ZeroShotClassifier,
    plan: Plan,
    actors: Actors,
    num_cpus: float | None,
    num_gpus: float | None,
    cache: bool | str | os.PathLike[str],
) -> Dataset:
    from dataclasses import replace

    with needed("A cluster", "ray"):
        import ray
        import ray.data
    if not isinstance(dataset, ray.data.Dataset):
        raise ParameterTypeError(f"`dataset` must be a dataset of Ray, got {brief(dataset)}.")
    columns = dataset.columns(fetch_if_missing=False)
    if columns is not None:
        plan.check(columns)
    share = share_out(
        _nodes(),
        actors=actors,
        num_cpus=num_cpus,
        num_gpus=num_gpus,
        wants_gpu=classifier.model_info.device != "cpu",
    )
    plan = replace(plan, threads=share.threads)
    packed = pickle.dumps(classifier.with_settings(cache=cache))
    rows = plan.most_rows
    mapped: Dataset = dataset.map_batches(
        Mapper,
        fn_constructor_args=(packed, plan),
        batch_format="pyarrow",
        batch_size=ROWS if rows is None and share.num_gpus else rows,
        compute=_pool(share),
        num_cpus=share.num_cpus,
        num_gpus=share.num_gpus,
        udf_modifying_row_count=False,
    )
    return mapped


def _pool(share: Share) -> Any:
    from ray.data import ActorPoolStrategy

    return ActorPoolStrategy(min_size=share.least, max_size=share.most)


def _nodes() -> Iterator[Node]:
    import ray

    nodes: Any = ray.nodes
    for node in nodes():
        if node["Alive"]:
            has = node["Resources"]
            yield Node(has.get("CPU", 0.0), has.get("GPU", 0.0))


def _classifier_of(given: object) -> ZeroShotClassifier:
    if isinstance(given, ZeroShotClassifier):
        return given
    if isinstance(given, str | os.PathLike):
        return ZeroShotClassifier.load(given)
    raise ParameterTypeError(
        f"`classifier` must be a ZeroShotClassifier or the path of a saved one, got {brief(given)}."
    )


def _name(param: str, value: object) -> str:
    if not isinstance(value, str):
        raise ParameterTypeError(f"`{param}` must be a text, got {brief(value)}.")
    return value


def _names(keep: Iterable[str] | None) -> tuple[str, ...] | None:
    if isinstance(keep, str):
        raise ParameterTypeError(f"`keep` must be names of columns, got {brief(keep)}. Use a list.")
    return None if keep is None else tuple(_name("keep", name) for name in keep)


def _on_error(value: OnError) -> OnError:
    if value not in ("raise", "record"):
        raise ParameterError(f"`on_error` must be 'raise' or 'record', got {brief(value)}.")
    return value
