"""Ids that a table has of its own: each row has one, and none is there twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.wording import brief, in_a_row

if TYPE_CHECKING:
    from pyarrow import Array, ChunkedArray

__all__ = ["in_one", "require_ids"]

SHOWN = 3


def in_one(ids: ChunkedArray) -> Array:
    """Ids in one array; texts as large ones, of which there may be more than two gigabytes."""
    import pyarrow as pa

    return (ids.cast(pa.large_string()) if pa.types.is_string(ids.type) else ids).combine_chunks()


def require_ids(name: str, columns: Iterable[ChunkedArray]) -> None:
    """Raise unless ids tell rows apart.

    Args:
        name: What they are called.
        columns: All of them, some at a time; they are held together in memory.

    Raises:
        ParameterError: A row has none, or one that another row has.
        ParameterTypeError: They are neither whole numbers nor texts.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    chunks = [chunk for column in columns for chunk in column.chunks]
    if not chunks:
        return
    kinds = {chunk.type for chunk in chunks}
    kind = kinds.pop()
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if kinds or not (text or pa.types.is_integer(kind)):
        raise ParameterTypeError(
            f"`id_column` must be a column of whole numbers or of texts, and {brief(name)} holds "
            f"{in_a_row([str(kind), *map(str, kinds)])}."
        )
    ids = pa.chunked_array(chunks)
    if ids.null_count:
        raise ParameterError(
            f"`id_column` must give each row an id, and {ids.null_count:,} of {len(ids):,} rows "
            f"have none in {brief(name)}. Leave id_column out, and rows are numbered."
        )
    counts = pc.value_counts(in_one(ids))
    twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    if len(twice):
        some = in_a_row([brief(value) for value in twice.slice(0, SHOWN).to_pylist()])
        raise ParameterError(
            f"`id_column` must tell rows apart, and {len(twice):,} ids of {brief(name)} are there "
            f"more than once, such as {some}. Leave id_column out, and rows are numbered."
        )
