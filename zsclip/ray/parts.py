"""Parts of a kept listing, each for one task: some of its pictures, or one of its shards."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from zsclip.images import Reading
from zsclip.ray.entries import Source
from zsclip.ray.listing import GROUP, Listing, kept_entries
from zsclip.ray.parquet import schema_of
from zsclip.ray.places import Place
from zsclip.ray.shards import Part, Shard
from zsclip.ray.tars import Tar

__all__ = ["parts_of", "width_of"]

PARTS = 64
"""How many parts there are at least, so that all actors have some, and little is done anew."""

LEAST = 16


def width_of(entries: int) -> int:
    """How many pictures a part has, where nothing is said.

    Examples:
        >>> width_of(100), width_of(100_000), width_of(100_000_000)
        (16, 1563, 4096)
    """
    return min(GROUP, max(LEAST, math.ceil(entries / PARTS)))


def parts_of(
    source: Source,
    listing: Listing,
    place: Place,
    *,
    width: int,
    id_column: str,
    own_ids: bool,
    strict: bool,
    reading: Reading,
) -> list[Part | Shard | Tar]:
    """What there is to read, in order.

    Args:
        source: What is listed.
        listing: What there is of it.
        place: Where it is listed.
        width: How many pictures a part has.
        id_column: What ids are called.
        own_ids: Whether they are those of the tables.
        strict: Whether what cannot be read is an error.
        reading: How many bytes a picture may have.

    Raises:
        OSError: The listing cannot be read.
    """
    most = reading.max_bytes
    if source.kind == "pictures":
        led = (entry.source for entry in kept_entries(place) if entry.problem is None)
        fetched = _lies_in_bucket(next(led, ""))
        n = listing.entries
        first = Part(
            place, 0, n, id_column, own_ids, strict, fetched, most, source.column is not None
        )
        return [
            replace(first, start=start, stop=min(start + width, n)) for start in range(0, n, width)
        ]
    if source.kind == "tars":
        return [
            Tar(entry.source, n, source.column, id_column, strict, most, entry.problem)
            for n, entry in enumerate(kept_entries(place))
        ]
    return [*_tables(source, place, id_column, own_ids=own_ids, strict=strict)]


def _tables(
    source: Source, place: Place, id_column: str, *, own_ids: bool, strict: bool
) -> Iterator[Shard]:
    column = str(source.column)
    entries = list(kept_entries(place))
    whole = [entry.source for entry in entries if entry.problem is None]
    kind = schema_of(whole or [entries[0].source]).field(column).type
    for n, one in enumerate(entries):
        yield Shard(one.source, n, one.rows, column, kind, id_column, own_ids, strict, one.problem)


def _lies_in_bucket(source: str) -> bool:
    """Whether only Arrow's file systems get there."""
    return "://" in source and not source.startswith(("http://", "https://", "data:"))
