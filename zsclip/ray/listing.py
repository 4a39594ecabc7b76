"""`Listing`: what a source held when a run began, kept beside the sink, numbered for good.

Rows are known by these numbers: contents are not unique, and paths of a hundred million pictures
take ten times the memory. A run that goes on takes the listing that is there, whatever the source
has become, and says so if it has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from itertools import islice
from typing import TYPE_CHECKING, Any

from zsclip.errors import ImageError, ParameterError, ParameterTypeError
from zsclip.ray.entries import Entry, Source
from zsclip.ray.parquet import values_of
from zsclip.ray.places import Place
from zsclip.wording import brief

if TYPE_CHECKING:
    from pyarrow import ChunkedArray, DataType, Schema, Table

__all__ = [
    "GROUP",
    "Listing",
    "changes",
    "keep_listing",
    "kept_entries",
    "kept_ids",
    "kept_part",
    "listed",
]

GROUP = 4096
"""Entries in each row group of the file."""

_COLUMNS = [field.name for field in fields(Entry)]


@dataclass(frozen=True, slots=True)
class Listing:
    """What there is in a listing.

    Attributes:
        entries: How many pictures or shards it names.
        rows: How many rows there are in all; None where only reading them tells.
        digest: The SHA-256 of all entries.
    """

    entries: int
    rows: int | None
    digest: str


def keep_listing(source: Source, place: Place, *, with_ids: bool, strict: bool) -> Listing:
    """Look for all that a source holds, and write it down, whole or not at all.

    Args:
        source: Where to look.
        place: The file.
        with_ids: Whether rows are known by ids of their own, which are kept as well.
        strict: Whether it is an error if nothing can be read of an entry.

    Raises:
        ImageError: Nothing can be read of an entry, and that is an error.
        ParameterError: There is nothing at all.
        ParameterTypeError: Ids are of several kinds.
        OSError: It cannot be looked for, or written.
    """
    from pyarrow import parquet

    count = _Count(source)
    groups = _groups(source)
    first = next(groups, None)
    if first is None:
        raise ParameterError(f"`source` holds nothing: {brief(source.name)}.")
    schema = _schema(source.ids)
    with (
        place.writing() as file,
        parquet.ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        group: list[Entry] | None = first
        while group is not None:
            for entry in group:
                if entry.problem is not None and (strict or with_ids):
                    raise ImageError(entry.source, entry.problem + _advice(strict))
            writer.write_table(_table(group, count.entries, schema), row_group_size=GROUP)
            count.add(group)
            group = next(groups, None)
    return count.listing()


def listed(source: Source) -> Listing:
    """What there is now, without keeping it.

    Raises:
        OSError: It cannot be looked for.
    """
    count = _Count(source)
    for group in _groups(source):
        count.add(group)
    return count.listing()


def kept_part(place: Place, start: int, stop: int) -> Table:
    """Entries of a listing that is kept, from one number up to another, with their ``number``.

    Raises:
        OSError: It cannot be read.
    """
    from pyarrow import parquet

    with place.open() as opened:
        file = parquet.ParquetFile(opened)
        first, last = start // GROUP, (stop - 1) // GROUP
        table = file.read_row_groups([*range(first, last + 1)])
    return table.slice(start - first * GROUP, stop - start)


def kept_ids(place: Place) -> ChunkedArray:
    """The ids of all entries of a listing that is kept.

    Raises:
        OSError: It cannot be read.
    """
    from pyarrow import parquet

    with place.open() as opened:
        return parquet.read_table(opened, columns=["id"]).column("id")


def kept_entries(place: Place) -> Iterator[Entry]:
    """All entries of a listing that is kept, in order.

    Raises:
        OSError: It cannot be read.
    """
    from pyarrow import parquet

    with place.open() as opened:
        for batch in parquet.ParquetFile(opened).iter_batches(batch_size=GROUP):
            for values in batch.to_pylist():
                del values["number"]
                yield Entry(**values)


def changes(place: Place, source: Source) -> str:
    """What has become of a source since its listing was kept, in words; empty if nothing.

    Raises:
        OSError: It cannot be looked for, or the listing cannot be read.
    """
    then = {_key(entry): (entry.size, entry.changed) for entry in kept_entries(place)}
    added = changed = 0
    for entry in source.entries():
        before = then.pop(_key(entry), None)
        if before is None:
            added += 1
        else:
            changed += before != (entry.size, entry.changed)
    counted = {"added": added, "removed": len(then), "changed": changed}
    return ", ".join(f"{n:,} {told}" for told, n in counted.items() if n)


def _key(entry: Entry) -> tuple[str, str | None, int | None]:
    return entry.source, entry.table, entry.row


def _advice(strict: bool) -> str:
    if strict:
        return ""
    return (
        " Rows that are known by an id column have none then: mend the file, name the others in a "
        "list, or leave id_column out."
    )


class _Count:
    """What is counted of entries as they come."""

    def __init__(self, source: Source) -> None:
        self._of_pictures = source.kind == "pictures"
        self._sum = hashlib.sha256()
        self.entries, self._rows, self._known = 0, 0, True

    def add(self, group: list[Entry]) -> None:
        for entry in group:
            self._sum.update(repr(entry).encode("ascii", "backslashreplace"))
            self._rows += 1 if self._of_pictures else entry.rows or 0
            self._known &= self._of_pictures or entry.rows is not None
        self.entries += len(group)

    def listing(self) -> Listing:
        rows = self._rows if self._known else None
        return Listing(self.entries, rows, self._sum.hexdigest())


def _groups(source: Source) -> Iterator[list[Entry]]:
    entries = source.entries()
    while group := list(islice(entries, GROUP)):
        yield group


def _schema(ids: DataType | None) -> Schema:
    import pyarrow as pa

    whole, text = pa.int64(), pa.string()
    kinds = {"size": whole, "changed": whole, "rows": whole, "row": whole}
    kinds["id"] = whole if ids is None else values_of(ids)
    return pa.schema([("number", whole), *((name, kinds.get(name, text)) for name in _COLUMNS)])


def _table(group: list[Entry], start: int, schema: Schema) -> Table:
    import pyarrow as pa

    rows: list[dict[str, Any]] = [
        {"number": start + place, **asdict(entry)} for place, entry in enumerate(group)
    ]
    try:
        return pa.Table.from_pylist(rows, schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise ParameterTypeError(
            "`id_column` must be a column of whole numbers or of texts, and of one kind in all "
            f"tables: {error}."
        ) from None
