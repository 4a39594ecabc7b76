"""`classify` and `embed`: a dataset of Ray with more columns, made when it is consumed."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, Unpack

import numpy as np

from zsclip.classifier import OnError, ZeroShotClassifier
from zsclip.encoders.registry import options_of
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.files import whole_number
from zsclip.needs import needed
from zsclip.ray.actors import Mapper
from zsclip.ray.plan import Plan
from zsclip.ray.resources import Actors, Node, Share, share_out
from zsclip.wording import brief, did_you_mean

if TYPE_CHECKING:
    from ray.data import Dataset

__all__ = ["Classifier", "Options", "classify", "embed"]

Classifier: TypeAlias = ZeroShotClassifier | str | os.PathLike[str]

ROWS = 1024  # at a time at most, where nothing is said; on a GPU, where Ray gathers them, fewer
ROWS_OF_GPU = 128
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


def classify(
    dataset: Dataset,
    classifier: Classifier,
    *,
    column: str = "image",
    top: int = 0,
    embeddings: bool = False,
    **options: Unpack[Options],
) -> Dataset:
    """Classify a column of pictures, or of embeddings, on a cluster.

    Nothing is computed before the dataset is consumed. Every row stays in its place, with all of
    its columns. In ``column`` may be

    * what ``read_binary_files`` and webdatasets give, or tables hold: encoded pictures, as bytes;
    * paths, which every machine must see, and ``http(s)`` URLs: read in the actors, within the
      limits of the classifier's `Reading`. What lies in a bucket is read by Ray's readers;
    * arrays: what ``read_images`` gives, of one shape or many, and nested lists. It leaves palettes
      as numbers and turns nothing upright, so that bytes are the better way;
    * the ``{"bytes", "path"}`` of datasets from the hub;
    * embeddings of the same model, as lists or tensors of floats (Parquet, Lance): these are
      scored, and no tower is loaded.

    New columns are those of `zsclip.to_arrow`: ``label``, ``label_id``, ``score`` (float32),
    ``margin`` (float64), ``accepted`` (bool), ``answer``, ``confidence`` (float32), ``error`` and
    ``error_type``; with `top` also ``scores``, a list of ``{"label", "id", "score"}``, best first;
    with `embeddings` also ``embedding``, a list of float32 of the model's width. Of a row that
    fails all is null but the error.

    The classifier travels pickled, with the precision that it has here, on whichever processor an
    actor runs; its weights have to be found there, or an actor's error ends the job. Texts are
    embedded here, before. The tower for pictures is loaded once in each actor.

    Unasked there is an actor for each GPU, if the classifier was made with a device that may be
    one; else some on each machine, of about four CPUs each. One CPU of each machine is left to what
    reads and writes. A machine without GPUs computes in as many threads as its actor has CPUs.

    Args:
        dataset: The dataset.
        classifier: A classifier, or the path of a saved one.
        column: The column of the pictures, or of the embeddings.
        top: How many labels to list in ``scores``; 0 for no such column.
        embeddings: Whether to add ``embedding``.
        options: What follows, each by its name, and all optional.
        on_error: ``"record"`` a row that fails (the default), or ``"raise"``, which ends the job.
        prefix: What the names of new columns begin with.
        keep: The names of the other columns that stay, such as all but the pictures.
        batch_size: How many rows are taken together at most: 1,024, on GPUs 128. How many pictures
            go through the model at once is the classifier's own `batch_size`.
        batch_bytes: How many bytes of the column are taken together at most: 64 MiB. On GPUs, and
            where there is a `batch_size`, Ray gathers the rows before.
        workers: How many threads read pictures in each actor: 16 for paths and URLs, else as many
            as it has CPUs, and at least two.
        actors: How many actors, or the least and the most.
        num_cpus: CPUs of each actor.
        num_gpus: GPUs of each actor, or a part of one, which actors then share.
        cache: Where actors keep embeddings, as in `ZeroShotClassifier`: nowhere, whatever the
            classifier does here, because one file over a network suits few of them.
        ray_options: What else Ray is to see to, as its ``map_batches`` has it:
            ``accelerator_type``, ``label_selector``, ``memory``, ``resources``, ``runtime_env``.

    Returns:
        The dataset with more columns.

    Raises:
        MissingExtraError: Ray is not installed.
        ParameterError: The dataset has columns of these names, lacks one that is named, or holds
            embeddings of another width; what actors are to have leaves nothing to what reads; or
            another parameter has a value that it cannot have. Where Ray does not know the columns
            beforehand the job fails with the first rows.
        ParameterTypeError: The column holds no pictures, or a parameter has a type that it cannot.
        SavedClassifierError: The file holds no classifier, or its model is not found.
        PicklingError: The classifier's encoder is an object that cannot be pickled.

    Examples:
        Real work, on the machine where it runs (not run here, as it starts a cluster)::

            dataset = ray.data.read_binary_files("s3://bucket/photos", include_paths=True)
            results = zsclip.ray.classify(dataset, clf, column="bytes", keep=["path"])
            results.write_parquet("s3://bucket/results")
    """
    made = _classifier_of(classifier)
    plan = _plan(made, column, options)
    plan = replace(
        plan,
        labels=True,
        top=whole_number("top", top, least=0),
        embeddings=_truth("embeddings", embeddings),
    )
    # so that no actor loads the tower for texts
    made.score_embeddings(np.empty((0, plan.width), np.float32))
    return _mapped(dataset, made, plan, options)


def embed(
    dataset: Dataset,
    classifier: Classifier,
    *,
    column: str = "image",
    **options: Unpack[Options],
) -> Dataset:
    """Embed a column of pictures on a cluster.

    All is as in `classify`. New columns are ``embedding``, a list of float32 of the model's width,
    L2-normalized, ``error`` and ``error_type``.

    Args:
        dataset: The dataset.
        classifier: A classifier, whose labels do not matter; the path of a saved one; or the name
            of a model, one of `list_models`.
        column: The column of the pictures.
        options: As in `classify`.

    Returns:
        The dataset with more columns.

    Raises:
        MissingExtraError: Ray is not installed.
        ParameterError: As for `classify`, or the column holds embeddings already.
        ParameterTypeError: As for `classify`.
        ModelError: The model is not found, or its weights are not there and cannot be fetched.
    """
    made = _model_of(classifier)
    return _mapped(dataset, made, _plan(made, column, options), options)


def _plan(classifier: ZeroShotClassifier, column: str, options: Options) -> Plan:
    """What `embed` does, by the options."""
    if unknown := options.keys() - Options.__annotations__.keys():
        name = min(unknown)
        raise TypeError(
            f"unexpected keyword argument {brief(name)}. "
            f"{did_you_mean(name, [*Options.__annotations__])}"
        )
    on_error = options.get("on_error", "record")
    if on_error not in ("raise", "record"):
        raise ParameterError(f"`on_error` must be 'raise' or 'record', got {brief(on_error)}.")
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


def _mapped(
    dataset: Dataset, classifier: ZeroShotClassifier, plan: Plan, options: Options
) -> Dataset:
    with needed("A cluster", "ray"):
        from ray.data import ActorPoolStrategy
        from ray.data import Dataset as RayDataset
    if not isinstance(dataset, RayDataset):
        raise ParameterTypeError(f"`dataset` must be a dataset of Ray, got {brief(dataset)}.")
    of_ray = dict(options.get("ray_options", {}))
    if unknown := sorted(of_ray.keys() - {*OF_RAY}):
        raise ParameterError(
            f"`ray_options` must be among {', '.join(OF_RAY)}, got {brief(unknown[0])}."
        )
    _check_columns(dataset, plan)
    share = share_out(
        _nodes(),
        actors=options.get("actors"),
        num_cpus=options.get("num_cpus"),
        num_gpus=options.get("num_gpus"),
        wants_gpu=_wants_gpu(classifier),
    )
    packed = pickle.dumps(classifier.with_settings(cache=options.get("cache", False)))
    mapped: Dataset = dataset.map_batches(
        Mapper,
        fn_constructor_args=(packed, replace(plan, threads=share.threads)),
        batch_format="pyarrow",
        batch_size=_rows_of_ray(options.get("batch_size"), share),
        compute=ActorPoolStrategy(
            min_size=share.least, max_size=share.most, initial_size=share.least
        ),
        num_cpus=share.num_cpus,
        num_gpus=share.num_gpus or None,
        udf_modifying_row_count=False,
        **of_ray,
    )
    return mapped


def _wants_gpu(classifier: ZeroShotClassifier) -> bool:
    """Whether the model runs on a GPU where there is one.

    Raises:
        ParameterError: It was made for one of several, of which an actor sees its own alone.
    """
    making = options_of(classifier.encoder)
    device = str(classifier.model_info.device if making is None else making["device"])
    kind, _, index = device.partition(":")
    if making is not None and index not in ("", "0"):
        raise ParameterError(
            f"The classifier was made with device={brief(device)}, and an actor sees no GPU but "
            f"its own, which is the first. Make it with device={brief(kind)}."
        )
    return kind not in ("cpu", "mps")


def _rows_of_ray(asked: int | None, share: Share) -> int | None:
    """How many rows Ray gathers: as they lie in blocks, unless somebody wants a number."""
    return ROWS_OF_GPU if asked is None and share.num_gpus else asked


def _check_columns(dataset: Dataset, plan: Plan) -> None:
    """Raise before anything runs for what is wrong with the columns, where Ray knows them."""
    from pyarrow import Schema

    schema: Any = dataset.schema(fetch_if_missing=False)
    if schema is None:
        return
    plan.check(schema.names)
    if isinstance(schema.base_schema, Schema):
        plan.kind(schema.base_schema.field(plan.column).type)


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


def _model_of(given: object) -> ZeroShotClassifier:
    if isinstance(given, str) and not os.path.exists(given):  # noqa: PTH110 - or a name
        return ZeroShotClassifier(["a picture", "nothing"], model=given, cache=False)
    return _classifier_of(given)


def _text(param: str, value: object) -> str:
    if not isinstance(value, str):
        raise ParameterTypeError(f"`{param}` must be a text, got {brief(value)}.")
    return value


def _truth(param: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ParameterTypeError(f"`{param}` must be True or False, got {brief(value)}.")
    return value
