"""`classify` and `embed`: a dataset of Ray with more columns, made when it is consumed."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from zsclip.classifier import ZeroShotClassifier, embed_labels
from zsclip.errors import ParameterTypeError
from zsclip.needs import needed
from zsclip.ray.actors import Mapper
from zsclip.ray.classifiers import Classifier, classifier_of, model_of, needs_gpu, wants_gpu
from zsclip.ray.clusters import living_nodes
from zsclip.ray.deaths import watch_of_job
from zsclip.ray.options import BYTES, Options, of_ray, plan_of
from zsclip.ray.plan import Plan
from zsclip.ray.resources import Node, Share, cores_of_each, share_out
from zsclip.values import truth, whole_number
from zsclip.wording import brief

if TYPE_CHECKING:
    from ray.data import Dataset

__all__ = ["BYTES", "Classifier", "Options", "classify", "embed"]

ROWS_OF_GPU = 256  # that Ray gathers for a GPU, where it wants a number


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
    actor runs: for GPUs, where this machine has none, make it with ``precision="fp16"``. Its
    weights have to be found there, or an actor's error ends the job. Texts are embedded here,
    before. The tower for pictures is loaded once in each actor.

    Unasked there are some actors on each machine, of about four CPUs each; if the classifier was
    made with a device that may be a GPU, one to four for each GPU, which share it, since one
    process decodes too slowly for it. One CPU of each machine is left to what reads and writes. An
    actor that has no GPU sees none. It computes in as many threads as its machine has cores for
    each actor, or as `num_cpus` or OMP_NUM_THREADS say.

    An actor that dies is started again by Ray, and its rows are taken again: each comes once. A row
    that actors die over again and again fails as one that cannot be read.

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
        batch_size: How many rows are taken together at most: 1,024, on GPUs 256. How many pictures
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
        Where pictures come from, and the column that goes with it; none of these run here, as they
        need a cluster::

            # a folder or a bucket
            files = ray.data.read_binary_files("s3://bucket/photos", include_paths=True)
            zsclip.ray.classify(files, clf, column="bytes", keep=["path"])
            # tables with bytes, paths, URLs, or the pictures of the hub
            zsclip.ray.classify(ray.data.read_parquet("s3://bucket/tables"), clf, column="image")
            # shards of webdataset, not decoded by Ray
            shards = ray.data.read_webdataset("s3://bucket/shards", decoder=None)
            zsclip.ray.classify(shards, clf, column="jpg", keep=["__key__"])
            # a list of URLs
            addresses = ray.data.from_items([{"url": url} for url in urls])
            zsclip.ray.classify(addresses, clf, column="url")
            # embeddings that were made before
            vectors = ray.data.read_parquet("s3://bucket/embeddings")
            zsclip.ray.classify(vectors, clf, column="embedding", top=5)
    """
    _require_dataset(dataset)
    made = classifier_of(classifier)
    plan = plan_of(made, column, options)
    plan = replace(
        plan,
        labels=True,
        top=whole_number("top", top, least=0),
        embeddings=truth("embeddings", embeddings),
    )
    # so that no actor loads the tower for texts
    embed_labels(made)
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
    _require_dataset(dataset)
    made = model_of(classifier)
    return _mapped(dataset, made, plan_of(made, column, options), options)


def _require_dataset(dataset: object) -> None:
    """Raise if this is no dataset of Ray's, or Ray is not installed."""
    with needed("A cluster", "ray"):
        import ray  # noqa: F401 - first, so that it is this that is named
        from ray.data import Dataset
    if not isinstance(dataset, Dataset):
        raise ParameterTypeError(
            f"`dataset` must be a dataset of Ray, got {brief(dataset)}. Read "
            "one by ray.data, or make one by ray.data.from_items."
        )


def _mapped(
    dataset: Dataset, classifier: ZeroShotClassifier, plan: Plan, options: Options
) -> Dataset:
    from ray.data import ActorPoolStrategy

    more = of_ray(options)
    _check_columns(dataset, plan)
    nodes = list(_nodes())
    share = share_out(
        nodes,
        actors=options.get("actors"),
        num_cpus=options.get("num_cpus"),
        num_gpus=options.get("num_gpus"),
        wants_gpu=wants_gpu(classifier),
    )
    said = options.get("num_cpus") is not None or "OMP_NUM_THREADS" in os.environ
    plan = replace(
        plan,
        threads=share.threads if said else cores_of_each(nodes, share),
        sets_threads=not said,
        hides_gpus=not share.num_gpus and not needs_gpu(classifier),
    )
    packed = pickle.dumps(classifier.with_settings(cache=options.get("cache", False)))
    mapped: Dataset = dataset.map_batches(
        Mapper,
        fn_constructor_args=(packed, plan, watch_of_job()),
        batch_format="pyarrow",
        batch_size=_rows_of_ray(options.get("batch_size"), share),
        compute=ActorPoolStrategy(
            min_size=share.least, max_size=share.most, initial_size=share.least
        ),
        num_cpus=share.num_cpus,
        num_gpus=share.num_gpus or None,
        udf_modifying_row_count=False,
        **more,
    )
    return mapped


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
    for node in living_nodes():
        has = node["Resources"]
        yield Node(has.get("CPU", 0.0), has.get("GPU", 0.0))
