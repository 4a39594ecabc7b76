"""Rows that a run is given: those of a listing that it keeps, or of a dataset of Ray's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from zsclip.classifier import OnError, ZeroShotClassifier
from zsclip.errors import ParameterError
from zsclip.images import Reading
from zsclip.outputs import result_schema
from zsclip.ray.entries import Source, look
from zsclip.ray.ids import require_ids
from zsclip.ray.job import Job, Kept
from zsclip.ray.listing import changes, keep_listing, kept_entries, kept_ids, listed
from zsclip.ray.parquet import ids_of
from zsclip.ray.parts import parts_of, width_of
from zsclip.ray.places import Place
from zsclip.ray.plan import EMBEDDING
from zsclip.ray.shards import PICTURE, PROBLEM
from zsclip.values import whole_number
from zsclip.wording import brief

if TYPE_CHECKING:
    from pyarrow import ChunkedArray
    from ray.data import Dataset

__all__ = ["Given", "Left", "given_rows"]

ID = "id"
"""What ids are called, where the source has none of its own."""


class Given(Protocol):
    """Rows, and all that is asked of them."""

    @property
    def ids(self) -> str:
        """What ids are called."""
        ...

    def settings(self) -> dict[str, Any]:
        """What is said of them, by the names that users know."""
        ...

    def begin(self, job: Job, about: dict[str, Any]) -> Kept:
        """Look for all of them when a run begins, and keep what is found."""
        ...

    def changes(self, job: Job, kept: Kept) -> str:
        """What has become of them since, in words; empty if nothing that could be told."""
        ...

    def places(self) -> list[Place]:
        """Where some of them lie: all machines have to get there."""
        ...

    def left(self, job: Job, kept: Kept, done: ChunkedArray) -> Left | None:
        """Those that are not done; None if there are none."""
        ...


@dataclass(frozen=True, slots=True)
class Left:
    """Rows that are not done.

    Attributes:
        dataset: The rows.
        column: Their column of pictures or vectors.
        keep: The columns that stay beside the results.
    """

    dataset: Dataset
    column: str
    keep: list[str]


def given_rows(
    source: object,
    classifier: ZeroShotClassifier,
    *,
    column: str | None,
    id_column: str | None,
    on_error: OnError,
    width: int | None,
    sink: Place,
) -> Given:
    """The rows that a user named; parameters as of `run`.

    Raises:
        ImageError: There are tables, and none can be read.
        ParameterError: There is nothing, or of several kinds; or no column tells rows apart.
        ParameterTypeError: It is nothing that could be a source.
        OSError: It cannot be looked into.
    """
    if width is not None:
        width = whole_number("rows_per_file", width)
    if type(source).__module__.startswith("ray."):
        if id_column is None:
            raise ParameterError(
                "`id_column` must name the column that tells the rows of a dataset of Ray apart: "
                "which are done is known by that."
            )
        return _OfRay(source, column or "image", id_column)
    found = look(source, column, id_column, sink)
    if id_column in _taken():
        raise ParameterError(
            f"`id_column` names {brief(id_column)}, and a column of the results is called so. Give "
            "it another name in the tables, or leave id_column out, and rows are numbered."
        )
    return _Listed(found, id_column, classifier.reading, strict=on_error == "raise", width=width)


def _taken() -> set[str]:
    """The names that columns have which are written beside ids of the tables' own."""
    return {"source", "table", "row", PICTURE, PROBLEM, EMBEDDING, *result_schema(top=1).names}


@dataclass(frozen=True, slots=True)
class _Listed:
    """Rows of a listing."""

    source: Source
    id_column: str | None
    reading: Reading
    strict: bool
    width: int | None

    @property
    def ids(self) -> str:
        return self.id_column or ID

    def settings(self) -> dict[str, Any]:
        source = self.source
        return {"source": source.name, "column": source.column, "id column": self.id_column}

    def begin(self, job: Job, about: dict[str, Any]) -> Kept:
        listing = keep_listing(
            self.source, job.listing, with_ids=self.id_column is not None, strict=self.strict
        )
        if self.id_column is not None:
            require_ids(self.id_column, self._all_ids(job))
        return Kept(about, listing, self.width or width_of(listing.entries))

    def _all_ids(self, job: Job) -> Iterator[ChunkedArray]:
        if self.source.kind == "pictures":
            yield kept_ids(job.listing)
            return
        for entry in kept_entries(job.listing):
            yield ids_of(entry.source, self.ids)

    def changes(self, job: Job, kept: Kept) -> str:
        if kept.listing is None or listed(self.source).digest == kept.listing.digest:
            return ""
        return changes(job.listing, self.source) or "in another order"

    def places(self) -> list[Place]:
        first = next(self.source.entries())
        web = first.source.startswith(("http://", "https://", "data:"))
        return [] if web or first.problem is not None else [Place.of(first.source, "source")]

    def left(self, job: Job, kept: Kept, done: ChunkedArray) -> Left | None:
        from zsclip.ray.reading import dataset_of

        if kept.listing is None or len(done) == kept.rows:
            return None
        parts = parts_of(
            self.source,
            kept.listing,
            job.listing,
            width=kept.width,
            id_column=self.ids,
            own_ids=self.id_column is not None,
            strict=self.strict,
            reading=self.reading,
        )
        columns = parts[0].columns
        column = PICTURE if PICTURE in columns else "source"
        dataset = dataset_of(parts, self.ids, done, apart=column == PICTURE)
        if dataset is None:
            return None
        return Left(dataset, column, [name for name in columns if name != PICTURE])


@dataclass(frozen=True, slots=True)
class _OfRay:
    """Rows of a dataset of Ray's, which is the same one when the run goes on."""

    dataset: Any
    column: str
    ids: str

    def settings(self) -> dict[str, Any]:
        return {"source": "a dataset of Ray", "column": self.column, "id column": self.ids}

    def begin(self, job: Job, about: dict[str, Any]) -> Kept:
        self._columns()  # before any work is done
        batches = self.dataset.select_columns([self.ids]).iter_batches(
            batch_size=None, batch_format="pyarrow"
        )
        require_ids(self.ids, (batch.column(self.ids) for batch in batches))
        return Kept(about, None, 0)

    def changes(self, job: Job, kept: Kept) -> str:
        return ""

    def places(self) -> list[Place]:
        return []

    def left(self, job: Job, kept: Kept, done: ChunkedArray) -> Left | None:
        from zsclip.ray.reading import less_done

        rows = less_done(self.dataset, self.ids, done)
        return Left(rows, self.column, self._columns())

    def _columns(self) -> list[str]:
        """All that stay beside the results."""
        columns = self.dataset.columns()
        if self.ids not in columns:
            raise ParameterError(
                f"`id_column` names {brief(self.ids)}, which is no column of the dataset."
            )
        return [name for name in columns if name == self.ids or name != self.column]
