"""What runs in an actor: the classifier, loaded once, and batch after batch of rows through it."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from zsclip.classifier import ZeroShotClassifier
from zsclip.errors import ImageError, ParameterError, ZsclipError
from zsclip.outputs import error_columns, result_columns
from zsclip.ray.deaths import Watched
from zsclip.ray.pictures import NAMES, VECTORS, pictures_of
from zsclip.ray.pieces import pieces_of
from zsclip.ray.plan import EMBEDDING, Plan
from zsclip.ray.vectors import vectors_of
from zsclip.results import Failure, Prediction

if TYPE_CHECKING:
    from pyarrow import ChunkedArray, Table

__all__ = ["Mapper"]

Vector: TypeAlias = NDArray[np.float32]
Made: TypeAlias = tuple[list[Prediction | Failure], list[Vector | Failure]]
"""Of each row its prediction, where rows are classified, and its embedding, where these are had."""
T = TypeVar("T")

WAITING = 16  # threads that read files and URLs, which is to wait more than to compute


_DEADLY = (
    "the process that read it died, again and again: it takes too much memory, or crashes a "
    "decoder. Read such pictures with Reading(isolate=True)."
)


class Mapper:
    """Makes columns of results of batches of rows.

    Args:
        classifier: The classifier, pickled: it is put together here, so that what goes wrong with
            that is an error of this actor, with its message, which ends the job.
        plan: What to make.
        deaths: Who is told which rows this is at, in case that it dies over them.
    """

    def __init__(self, classifier: bytes, plan: Plan, deaths: Any = None) -> None:
        if plan.hides_gpus:  # of which Ray hides none where none is asked for
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        if plan.sets_threads:  # Ray has set as many as the actor has CPUs; PyTorch comes with what
            os.environ["OMP_NUM_THREADS"] = str(plan.threads)  # is put together here
        made: ZeroShotClassifier = pickle.loads(classifier)  # noqa: S301 - made by the driver
        # decoding has a thread of its own beside the tower's
        self._decoding = made.with_settings(workers=plan.workers or max(2, plan.threads))
        self._waiting = made.with_settings(workers=plan.workers or max(WAITING, plan.threads))
        self._plan, self._watched = plan, Watched(deaths)

    def __call__(self, table: Table) -> Iterator[Table]:
        """The rows with new columns, some at a time."""
        plan = self._plan
        if not table.column_names:  # of a dataset without rows
            return
        plan.check(table.column_names)
        kind = plan.kind(table.schema.field(plan.column).type)
        for piece in pieces_of(table, plan.column, plan.most_rows, plan.most_bytes):
            if kind == VECTORS:
                made = _of_vectors(piece.column(plan.column), self._decoding, plan)
                yield _with_columns(piece, made, plan)
            elif len(piece) and self._watched.begin(piece):
                for place in range(len(piece)):
                    yield self._alone(piece.slice(place, 1), kind)
            else:
                yield self._together(piece, kind)

    def _together(self, piece: Table, kind: str) -> Table:
        classifier = self._waiting if kind == NAMES else self._decoding
        made = _of_pictures(piece.column(self._plan.column), classifier, self._plan)
        self._watched.end()
        return _with_columns(piece, made, self._plan)

    def _alone(self, row: Table, kind: str) -> Table:
        """One of some rows that actors died over, which may be the one."""
        if not self._watched.begin(row):
            return self._together(row, kind)
        error = ImageError("<deadly>", _DEADLY)
        _raise_first({0: error}, self._plan)
        failure = Failure("<deadly>", error)
        return _with_columns(row, ([failure], [failure]), self._plan)


def _of_vectors(column: ChunkedArray, classifier: ZeroShotClassifier, plan: Plan) -> Made:
    rows, wrong = vectors_of(column, plan.width)
    failures: dict[int, ZsclipError] = {i: ParameterError(why) for i, why in wrong.items()}
    _raise_first(failures, plan)
    places = len(column)
    predictions = classifier.classify_embeddings(rows)
    return (
        _spread(predictions, failures, places, "<embedding>"),
        _spread(list(rows), failures, places, "<embedding>") if plan.embeddings else [],
    )


def _of_pictures(column: ChunkedArray, classifier: ZeroShotClassifier, plan: Plan) -> Made:
    pictures = pictures_of(column)
    there = [picture for picture in pictures if picture is not None]
    why = "there is none in this row: it is null."
    failures: dict[int, ZsclipError] = {
        i: ImageError("<null>", why) for i, picture in enumerate(pictures) if picture is None
    }
    _raise_first(failures, plan)
    results: list[Prediction | Failure] = []
    vectors: list[Vector | Failure] = []
    if not plan.embeddings:  # by the very batches and arithmetic of `classify_many`
        results = list(classifier.classify_many(there, on_error=plan.on_error))
    else:
        vectors = list(classifier.stream_embeddings(there, on_error=plan.on_error))
        if plan.labels:
            good = [vector for vector in vectors if not isinstance(vector, Failure)]
            rows = np.stack(good) if good else np.empty((0, plan.width), np.float32)
            made = iter(classifier.classify_embeddings(rows))
            results = [v if isinstance(v, Failure) else next(made) for v in vectors]
    places = len(pictures)
    return (
        _spread(results, failures, places, "<null>") if plan.labels else [],
        _spread(vectors, failures, places, "<null>") if plan.embeddings else [],
    )


def _raise_first(failures: dict[int, ZsclipError], plan: Plan) -> None:
    if failures and plan.on_error == "raise":
        raise failures[min(failures)]


def _spread(
    made: Iterable[T | Failure], failures: dict[int, ZsclipError], places: int, source: str
) -> list[T | Failure]:
    """What was made of rows in their places, and failures in those of the others."""
    given = iter(made)
    return [
        Failure(source, failures[place]) if place in failures else next(given)
        for place in range(places)
    ]


def _with_columns(piece: Table, made: Made, plan: Plan) -> Table:
    results, vectors = made
    columns = result_columns(results, top=plan.top) if plan.labels else error_columns(vectors)
    table = piece.select(plan.kept(piece.column_names))
    for field in plan.schema():
        name = field.name.removeprefix(plan.prefix)
        column = _embeddings(vectors, plan.width) if name == EMBEDDING else columns.column(name)
        table = table.append_column(field, column)
    return table


def _embeddings(vectors: Sequence[Vector | Failure], width: int) -> object:
    """A column of lists of one width, null where there is no vector."""
    import pyarrow

    rows = np.zeros((len(vectors), width), np.float32)
    missing = np.zeros(len(vectors), bool)
    for place, vector in enumerate(vectors):
        if isinstance(vector, Failure):
            missing[place] = True
        else:
            rows[place] = vector
    values = pyarrow.array(rows.reshape(-1))
    return pyarrow.FixedSizeListArray.from_arrays(values, width, mask=pyarrow.array(missing))
