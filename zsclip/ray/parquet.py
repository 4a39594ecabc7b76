"""Tables in Parquet as sources: which column is meant, how many rows there are, their blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from zsclip.errors import ImageError, ParameterError
from zsclip.ray.places import Place
from zsclip.wording import brief, did_you_mean, in_a_row

if TYPE_CHECKING:
    from pyarrow import ChunkedArray, DataType, Schema, Table

__all__ = [
    "UNREADABLE",
    "blocks_of",
    "column_of",
    "ids_of",
    "is_text",
    "rows_of",
    "schema_of",
    "values_of",
]

COLUMNS = ("image", "bytes", "picture", "path", "url", "embedding", "vector")
"""What a column of pictures or vectors is called, where nothing is said."""

UNREADABLE = (OSError, ValueError)
"""What Arrow raises of a file that is damaged; its own errors are of these."""


def rows_of(url: str) -> int:
    """How many rows a file has.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged.
    """
    from pyarrow import parquet

    place = Place.of(url, "source")
    with place.open() as file:
        return int(parquet.read_metadata(file).num_rows)


def schema_of(urls: Sequence[str]) -> Schema:
    """The columns of the first file that can be read.

    Raises:
        ImageError: None can.
    """
    from pyarrow import parquet

    first: Exception | None = None
    for url in urls:
        place = Place.of(url, "source")
        try:
            with place.open() as file:
                return parquet.read_schema(file)
        except UNREADABLE as error:
            first = first or error
    told = "no Parquet file of it can be read" if len(urls) > 1 else "it cannot be read"
    raise ImageError(urls[0], f"{told}: {first}")


def column_of(schema: Schema, column: str | None, id_column: str | None) -> str:
    """The column of pictures or vectors.

    Args:
        schema: What there is.
        column: The column that was asked for, if one was.
        id_column: The column of ids, if there is one.

    Raises:
        ParameterError: It is not there, or nothing tells which it is.
    """
    names = schema.names
    for param, name in (("column", column), ("id_column", id_column)):
        if name is not None and name not in names:
            raise ParameterError(
                f"`{param}` names {brief(name)}, which is no column of the tables. "
                f"{did_you_mean(name, names)}"
            )
    if column is not None:
        return column
    likely = [name for name in COLUMNS if name in names]
    if len(likely) != 1:
        raise ParameterError(
            "`column` must say which column holds the pictures or the embeddings: the tables have "
            f"{in_a_row([*map(brief, names)])}."
        )
    return likely[0]


def is_text(kind: DataType) -> bool:
    """Whether a column holds paths or URLs."""
    from pyarrow import types

    text = (types.is_string, types.is_large_string, types.is_string_view)
    return any(check(values_of(kind)) for check in text)


def values_of(kind: DataType) -> DataType:
    """The type of a column's values, which may stand in a dictionary."""
    from pyarrow import types

    return kind.value_type if types.is_dictionary(kind) else kind


def ids_of(url: str, column: str) -> ChunkedArray:
    """One column of a file.

    Raises:
        OSError: It cannot be read.
        ParameterError: It has no such column.
        ValueError: It is damaged.
    """
    from pyarrow import parquet

    with Place.of(url, "source").open() as opened:
        file = parquet.ParquetFile(opened)
        if column not in file.schema_arrow.names:
            raise ParameterError(
                f"`id_column` names {brief(column)}, and {brief(url)} has no such column."
            )
        return file.read(columns=[column]).column(column)


def blocks_of(url: str, columns: Sequence[str], size: int) -> Iterator[Table]:
    """Some columns of a file, so many rows at a time.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged, or has no such column.
    """
    import pyarrow
    from pyarrow import parquet

    with Place.of(url, "source").open() as opened:
        file = parquet.ParquetFile(opened)
        missing = [name for name in columns if name not in file.schema_arrow.names]
        if missing:
            raise ValueError(f"it has no column {in_a_row([*map(brief, missing)])}")
        for batch in file.iter_batches(batch_size=size, columns=list(columns)):
            yield pyarrow.Table.from_batches([batch])
