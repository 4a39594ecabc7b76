"""Results as columns: of a file of Parquet, and beside the columns of somebody else's table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsclip.files import writing_whole
from zsclip.needs import needed
from zsclip.outputs.writer import Plan
from zsclip.results import Failure, Prediction, Score, plain_json
from zsclip.tables import arrow_batches, arrow_schema

if TYPE_CHECKING:
    from pyarrow import Schema, Table
    from pyarrow.parquet import ParquetWriter

__all__ = [
    "error_columns",
    "is_parquet_of_ours",
    "open_parquet",
    "require_parquet",
    "result_columns",
    "result_schema",
]

MARK = b"zsclip"  # of the metadata
_RESULTS = 1 << 12  # that wait to be written together


def require_parquet() -> None:
    """Raise where there is nothing to write Parquet with, before pictures are classified.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    with needed("A Parquet file", "arrow"):
        import pyarrow.parquet  # noqa: F401


class _ParquetWriter:
    """Holds some results, and writes them as a group of rows."""

    def __init__(self, plan: Plan, parquet: ParquetWriter) -> None:
        self._plan, self._parquet = plan, parquet
        self._results: list[tuple[str, Prediction | Failure]] = []

    def write(self, source: str, result: Prediction | Failure) -> None:
        self._results.append((source, result))
        if len(self._results) == _RESULTS:
            self.flush()

    def flush(self) -> None:
        for batch in arrow_batches(self._results, "label", self._plan.chosen.of):
            self._parquet.write_batch(batch)
        self._results.clear()


@contextmanager
def open_parquet(plan: Plan, target: Path) -> Iterator[_ParquetWriter]:
    """Open a new file of Parquet."""
    require_parquet()
    from pyarrow import parquet

    schema = arrow_schema("label").with_metadata({MARK: b"results"})
    with writing_whole(target) as file:
        # mypy knows nothing of pyarrow, and the stub of nothing is no context manager to it
        opened: Any = parquet.ParquetWriter(file, schema)
        with opened:
            writer = _ParquetWriter(plan, opened)
            yield writer
            writer.flush()


def is_parquet_of_ours(file: Path) -> bool:
    """Whether this is what `open_parquet` wrote."""
    require_parquet()
    from pyarrow import parquet

    return MARK in (parquet.read_schema(file).metadata or {})


def result_schema(*, top: int = 0) -> Schema:
    """The columns that stand for a picture's result beside other columns of a table.

    Those of `to_arrow` but for the source, with ``scores`` after ``confidence`` where `top` labels
    are asked for: what the lines of JSON have under this name.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    fields = [field for field in arrow_schema("picture") if not field.name.startswith("source")]
    import pyarrow

    if top:
        one = [("label", pyarrow.string()), ("id", pyarrow.string()), ("score", pyarrow.float32())]
        scores = pyarrow.field("scores", pyarrow.list_(pyarrow.struct(one)))
        place = [field.name for field in fields].index("error")
        fields.insert(place, scores)
    return pyarrow.schema(fields)


def result_columns(results: Sequence[Prediction | Failure], *, top: int = 0) -> Table:
    """A row for each result, with the columns of `result_schema`; of a failure all else is null."""
    schema = result_schema(top=top)
    import pyarrow

    named = ((result.source, result) for result in results)
    table = pyarrow.Table.from_batches(arrow_batches(named, "picture"), arrow_schema("picture"))
    if top:
        field = schema.field("scores")
        scores = [
            None if isinstance(result, Failure) else [_told(score) for score in result.top(top)]
            for result in results
        ]
        table = table.append_column(field, pyarrow.array(scores, field.type))
    return table.select(schema.names)


def _told(score: Score) -> dict[str, object]:
    told: dict[str, object] = plain_json(
        {"label": score.label, "id": score.id, "score": score.score}
    )
    return told


def error_columns(results: Sequence[object]) -> Table:
    """The two of `result_schema` that tell of errors: null for whatever is no failure."""
    import pyarrow

    told = [r.to_dict() if isinstance(r, Failure) else {} for r in results]
    fields = [result_schema().field(name) for name in ("error", "error_type")]
    arrays = [pyarrow.array([one.get(f.name) for one in told], f.type) for f in fields]
    return pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields))
