"""What runs in an actor: the classifier, loaded once, and batch after batch of rows through it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.classifier import ZeroShotClassifier
from zsclip.errors import ImageError, ParameterError
from zsclip.outputs.columns import error_columns, result_columns
from zsclip.ray.pictures import holds_vectors, pictures_of
from zsclip.ray.pieces import pieces_of
from zsclip.ray.plan import EMBEDDING, Plan
from zsclip.ray.vectors import vectors_of
from zsclip.results import Failure, Prediction

if TYPE_CHECKING:
    from pyarrow import ChunkedArray, Table

__all__ = ["Mapper"]

Result: TypeAlias = Prediction | Failure | None
Vector: TypeAlias = NDArray[np.float32] | None

_NULL = "There is none in this row: it is null."


class Mapper:
    """Makes columns of results of batches of rows.

    Args:
        classifier: The classifier, pickled: it is put together here, so that what goes wrong with
            that is an error of this actor, with its message, which ends the job.
        plan: What to make.
    """

    def __init__(self, classifier: bytes, plan: Plan) -> None:
        made: ZeroShotClassifier = pickle.loads(classifier)  # noqa: S301 - made by the driver
        self._classifier = made.with_settings(workers=plan.threads)
        self._plan = plan

    def __call__(self, table: Table) -> Iterator[Table]:
        """The rows with new columns, some at a time."""
        plan = self._plan
        plan.check(table.column_names)
        kind = table.schema.field(plan.column).type
        vectors = holds_vectors(plan.column, kind, plan.width)
        if vectors and not plan.labels:
            raise ParameterError(f"The column {plan.column!r} holds embeddings already.")
        for piece in pieces_of(table, plan.column, plan.most_rows, plan.most_bytes):
            column = piece.column(plan.column)
            results, rows = self._of_vectors(column) if vectors else self._of_pictures(column)
            yield self._with_columns(piece, results, rows)

    def _of_vectors(self, column: ChunkedArray) -> tuple[list[Result], list[Vector]]:
        rows, wrong = vectors_of(column, self._plan.width)
        predictions = iter(self._classifier.classify_embeddings(rows))
        vectors = iter(rows)
        results: list[Result] = []
        given: list[Vector] = []
        for error in wrong:
            if error is not None and self._plan.on_error == "raise":
                raise error
            results.append(next(predictions) if error is None else Failure("<embedding>", error))
            given.append(next(vectors) if error is None else None)
        return results, given

    def _of_pictures(self, column: ChunkedArray) -> tuple[list[Result], list[Vector]]:
        plan, classifier = self._plan, self._classifier
        pictures = pictures_of(column)
        there = [picture for picture in pictures if picture is not None]
        if plan.on_error == "raise" and len(there) < len(pictures):
            raise ImageError("<null>", _NULL)
        if not plan.embeddings:
            return _spread(pictures, classifier.classify_many(there, on_error=plan.on_error))
        embedded = list(classifier.stream_embeddings(there, on_error=plan.on_error))
        good = [row for row in embedded if not isinstance(row, Failure)]
        made: Iterator[Prediction | None] = iter([None] * len(good))
        if plan.labels:
            rows = np.stack(good) if good else np.empty((0, plan.width), np.float32)
            made = iter(classifier.classify_embeddings(rows))
        told = [row if isinstance(row, Failure) else next(made) for row in embedded]
        results, _ = _spread(pictures, told)
        vectors = iter(embedded)
        return results, [_vector(picture, vectors) for picture in pictures]

    def _with_columns(
        self, piece: Table, results: Sequence[Result], rows: Sequence[Vector]
    ) -> Table:
        plan = self._plan
        columns = (
            result_columns([result for result in results if result is not None], top=plan.top)
            if plan.labels
            else error_columns(results)
        )
        made = piece.select(plan.kept(piece.column_names))
        for field in plan.schema():
            name = field.name.removeprefix(plan.prefix)
            column = _embeddings(rows, plan.width) if name == EMBEDDING else columns.column(name)
            made = made.append_column(field, column)
        return made


def _spread(
    pictures: Sequence[object], results: Sequence[Result]
) -> tuple[list[Result], list[Vector]]:
    """Results in the places of those pictures that there are, and an error where there is none."""
    given = iter(results)
    none = ImageError("<null>", _NULL)
    spread = [Failure("<null>", none) if p is None else next(given) for p in pictures]
    return spread, [None] * len(pictures)


def _vector(picture: object, vectors: Iterator[NDArray[np.float32] | Failure]) -> Vector:
    vector = None if picture is None else next(vectors)
    return None if isinstance(vector, Failure) else vector


def _embeddings(rows: Sequence[Vector], width: int) -> object:
    """A column of lists of one width, null where there is no vector."""
    import pyarrow

    flat = np.zeros((len(rows), width), np.float32)
    for place, row in enumerate(rows):
        if row is not None:
            flat[place] = row
    missing = pyarrow.array([row is None for row in rows], pyarrow.bool_())
    values = pyarrow.array(flat.reshape(-1))
    return pyarrow.FixedSizeListArray.from_arrays(values, width, mask=missing)
