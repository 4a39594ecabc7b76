"""Results as Parquet: the columns of `zsclip.to_arrow`, a row for each label that is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsclip.files import writing_whole
from zsclip.needs import needed
from zsclip.outputs.writer import Plan
from zsclip.results import Failure, Prediction
from zsclip.tables import arrow_batches, arrow_schema

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter

__all__ = ["is_parquet_of_ours", "open_parquet", "require_parquet"]

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
