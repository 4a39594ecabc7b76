"""A batch in pieces of so many rows and bytes: so much lies unpacked in an actor at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyarrow import Table

__all__ = ["pieces_of"]


def pieces_of(table: Table, column: str, most_rows: int, most_bytes: int) -> Iterator[Table]:
    """The table in pieces, in order, each without a copy; one of no rows for a table of none.

    Args:
        table: The rows.
        column: The column whose bytes count.
        most_rows: How many rows a piece has at most.
        most_bytes: How many bytes of the column, on average of the rows; one row in any case.
    """
    if not len(table):
        yield table
        return
    of_row = max(1, table.column(column).nbytes // len(table))
    size = max(1, min(most_rows, most_bytes // of_row))
    for start in range(0, len(table), size):
        yield table.slice(start, size)
