"""`run`: from a source to a sink on a cluster, each row once, whatever is killed in between."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zsclip.classifier import OnError
from zsclip.errors import ClusterError
from zsclip.logs import logger_for
from zsclip.outputs import about_run
from zsclip.progress import Progress, counting
from zsclip.ray.classifiers import Classifier, classifier_of
from zsclip.ray.clusters import cluster, errors_of_ray, require_shared
from zsclip.ray.datasets import classify
from zsclip.ray.done import Written, finished, settle, single
from zsclip.ray.finishing import finish
from zsclip.ray.given import Given, given_rows
from zsclip.ray.job import Job, Kept
from zsclip.ray.options import BYTES, Options, plan_of
from zsclip.ray.resources import Actors
from zsclip.values import truth, whole_number
from zsclip.wording import brief

if TYPE_CHECKING:
    from ray.data import Dataset

__all__ = ["Finished", "run"]

PATIENCE = 1800.0  # seconds
INIT_DEATHS = 3  # of actors while they start, one after the other: machines may be taken away then

SET = (
    *("enable_progress_bars", "max_errored_blocks", "max_consecutive_actor_init_deaths"),
    *("checkpoint_config", "custom_execution_callback_classes"),
)
"""What is set for a run, in a context that datasets share with those that are made of them."""

logger = logger_for("zsclip.ray")


@dataclass(frozen=True, slots=True)
class Finished:
    """What a run came to.

    Attributes:
        sink: The folder of results.
        rows: How many rows there are.
        failed: How many of them are errors.
        before: How many were there when the run was gone on with.
    """

    sink: str
    rows: int
    failed: int
    before: int


def run(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | Dataset,
    sink: str | os.PathLike[str],
    classifier: Classifier,
    *,
    column: str | None = None,
    id_column: str | None = None,
    resume: bool = True,
    embeddings: bool = False,
    top: int = 0,
    on_error: OnError = "record",
    rows_per_file: int | None = None,
    batch_size: int | None = None,
    batch_bytes: int = BYTES,
    actors: Actors = None,
    num_cpus: float | None = None,
    num_gpus: float | None = None,
    address: str | None = None,
    patience: float = PATIENCE,
    progress: Progress = False,
    quiet: bool = True,
) -> Finished:
    """Classify all that a source holds into a folder of Parquet files, each row once.

    What is interrupted goes on when it is called again in the same way, on whichever machine:
    which rows are done is written down beside the sink, in a folder of its name and ``.job``, with
    a listing of what the source held when it began. Whatever was killed in between, there is one
    row in the end for each row of that listing; the same picture under three names has three. In
    the end the sink holds a file ``_SUCCESS``.

    Rows have an ``id``, their ``source`` or the ``table`` and ``row`` that they come from, and the
    columns of `classify`. What cannot be read is a row as well, with its ``error``: a picture, a
    sample of a tar, or a table or tar from where it is damaged on.

    Args:
        source: A folder of pictures, of Parquet files or of tars as WebDataset has them; a Parquet
            file, a tar, or a text of paths and URLs, one a line; a list of these; or a dataset of
            Ray, with `id_column`. Paths, or URLs of file systems such as ``s3://bucket/photos``.
        sink: The folder for the results, which is new, empty, or that of the same run.
        classifier: A classifier, or the path of a saved one.
        column: Of tables, the column of pictures (bytes, paths, URLs) or embeddings; found by its
            name where nothing is said. Of tars, what the names of pictures end in: ``"jpg"``.
        id_column: The column of tables that tells rows apart: whole numbers or texts, none twice.
            Without it rows are numbered by the listing, which takes less memory than texts.
        resume: Whether to go on with what is there; otherwise that is an error.
        embeddings: Whether there is a column ``embedding`` as well.
        top: How many labels to list of each; 0 for the best alone.
        on_error: What becomes of what cannot be read: ``"record"`` gives it a row, ``"raise"`` ends
            the run. A damaged table ends it in any case where rows have ids of their own.
        rows_per_file: How many pictures are classified, written and done together; as many as the
            source suggests if None. Tables of bytes go by their bytes.
        batch_size: As for `classify`.
        batch_bytes: As for `classify`.
        actors: As for `classify`.
        num_cpus: As for `classify`.
        num_gpus: As for `classify`.
        address: ``"local"`` for a cluster of this machine that ends with the run, ``"auto"`` or an
            address for one that runs; None for one that runs here or is named by ``RAY_ADDRESS``,
            or else a new one. The cluster that the program has is taken in any case.
        patience: The seconds after which a run of which nothing comes any more is ended.
        progress: Whether to show a bar.
        quiet: Whether Ray logs nothing; its errors are raised.

    Returns:
        How many rows there are, and how many of them are errors.

    Raises:
        ClusterError: There is no cluster, or it lost a process; the run ended with an error of
            Ray's, or nothing came of it for too long. What is written stays.
        ImageError: Something cannot be read, with ``on_error="raise"``.
        MissingExtraError: Ray is not installed.
        ParameterError: The source is of no kind that is known, ids are there twice, or a folder is
            not there on all machines of the cluster.
        ResumeError: The sink is of another run, or another process is at it.
        WouldReplaceError: The sink holds something else.
        OSError: The disk refuses, as when it is full. What is written stays.

    Examples:
        >>> run("photos/", "results/", "animals.zsclip")                            # doctest: +SKIP
        Finished(sink='/home/ada/results', rows=1200000, failed=17, before=0)
    """
    job = Job.of(sink)
    job.require_free()
    made = classifier_of(classifier)
    asked: Options = {
        "on_error": on_error,
        "batch_size": batch_size,
        "batch_bytes": batch_bytes,
        "actors": actors,
        "num_cpus": num_cpus,
        "num_gpus": num_gpus,
    }
    plan_of(made, "", asked)  # before anything is begun
    for name, value in (("resume", resume), ("embeddings", embeddings), ("quiet", quiet)):
        truth(name, value)
    given = given_rows(
        source,
        made,
        column=column,
        id_column=id_column,
        on_error=on_error,
        width=rows_per_file,
        sink=job.sink,
    )
    options = {"top": whole_number("top", top, least=0), "embeddings": embeddings}
    about = about_run(made, {**given.settings(), **options, "on error": on_error})
    with job.held():
        kept = job.begun(about, resume=resume)
        if kept is not None and (ended := job.ended()) is not None:
            job.forget()
            _tell_changes(job, given, kept)
            return Finished(job.sink.url, before=ended["rows"], **ended)
        with cluster(address, quiet=quiet), errors_of_ray(job.sink):
            if kept is None:
                kept = given.begin(job, about)
                job.begin(kept)
            else:
                _tell_changes(job, given, kept)
            require_shared([job.note, *given.places()])
            written = settle(job.sink, job.checkpoints)
            before = sum(one.rows for one in written)
            left = given.left(job, kept, finished(written, given.ids))
            if left is not None:
                asked["keep"] = left.keep
                results = classify(
                    left.dataset,
                    made,
                    column=left.column,
                    top=top,
                    embeddings=embeddings,
                    **asked,
                )
                with counting(progress, kept.rows) as more:
                    more(before)
                    _write(job, results, given.ids, patience, more)
            written = _checked(job, kept, given.ids)
        rows, failed = sum(one.rows for one in written), sum(one.failed for one in written)
        job.end(rows, failed)
    return Finished(job.sink.url, rows, failed, before)


def _tell_changes(job: Job, given: Given, kept: Kept) -> None:
    """Say what has become of the source since the run began, of which it takes no notice."""
    if told := given.changes(job, kept):
        logger.warning(
            "The source has changed since this run began: %s. It goes on with what was there then.",
            told,
        )


def _write(
    job: Job, results: Dataset, ids: str, patience: float, more: Callable[[int], object]
) -> None:
    """Have Ray compute and write what is left, and raise what stops it."""
    from zsclip.ray.reading import checkpointed
    from zsclip.ray.watching import watching

    results = results.map_batches(finish, batch_format="pyarrow", batch_size=None)
    sink, context = job.sink, results.context
    before = {name: getattr(context, name) for name in SET}
    try:
        context.enable_progress_bars = False
        context.max_errored_blocks = 0  # with others Ray waits for what never comes
        context.max_consecutive_actor_init_deaths = INIT_DEATHS
        checkpointed(results, ids, job.checkpoints)
        with watching(results, patience, more):
            results.write_parquet(sink.path, filesystem=sink.fs)
    finally:
        for name, value in before.items():  # a dataset that was given goes on with these
            setattr(context, name, value)


def _checked(job: Job, kept: Kept, ids: str) -> list[Written]:
    """What there is in the end, each row once.

    Raises:
        ClusterError: Rows are missing.
    """
    written = settle(job.sink, job.checkpoints)
    if single(written, ids):
        written = settle(job.sink, job.checkpoints)
    rows, wanted = sum(one.rows for one in written), kept.rows
    if wanted is None or rows == wanted:
        return written
    # a shard that is damaged has fewer rows than it says, and its last one is an error
    if rows < wanted and not kept.of_pictures and any(one.failed for one in written):
        return written
    raise ClusterError(
        f"{brief(job.sink.url)} holds {rows:,} of {wanted:,} rows. What is written stays, and "
        "the same run goes on."
    )
