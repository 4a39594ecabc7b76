"""Rows out of listings and tables, numbered: what tasks run that read.

What cannot be read is a row as well, with what is wrong in a column of its own, so that it is there
once as every other: a picture of a listing, a sample of a tar, a shard from where it is damaged on.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zsclip.errors import ImageError, ZsclipError
from zsclip.ray.listing import kept_part
from zsclip.ray.parquet import UNREADABLE, blocks_of
from zsclip.ray.places import Place

if TYPE_CHECKING:
    from pyarrow import DataType, Table

__all__ = ["AT_ONCE", "PICTURE", "PROBLEM", "Part", "Shard", "number_of", "require_readable"]

PICTURE = "zsclip_picture"
"""The column of what is classified, where the source has none of its own."""

PROBLEM = "zsclip_problem"
"""The column of why there is nothing to classify."""

SHARD = 32
"""Bits of an id for the row of a shard; those before are the number of the shard."""

BLOCK = 1024  # rows
AT_ONCE = 16  # files out of a bucket


def number_of(shard: int, row: int = 0) -> int:
    """The id of a row of a shard.

    Examples:
        >>> number_of(0, 7), number_of(1, 7)
        (7, 4294967303)
    """
    return (shard << SHARD) + row


@dataclass(frozen=True, slots=True)
class Part:
    """Pictures of a listing, from one number up to another.

    Attributes:
        listing: The file.
        start: The first.
        stop: One after the last.
        id_column: What ids are called.
        own_ids: Whether they are those of a table, and not the numbers.
        strict: Whether what cannot be read is an error.
        fetched: Whether the pictures lie in a bucket, out of which their bytes are read.
        most_bytes: How many bytes a picture may have then.
        in_tables: Whether tables name them.
    """

    listing: Place
    start: int
    stop: int
    id_column: str
    own_ids: bool
    strict: bool
    fetched: bool
    most_bytes: int
    in_tables: bool

    @property
    def columns(self) -> list[str]:
        """What its rows have."""
        where = ["table", "row"] if self.in_tables else []
        picture = [PICTURE] if self.fetched else []
        return [self.id_column, *where, "source", *picture, PROBLEM]

    @property
    def ids(self) -> range | None:
        """The ids of its rows; None if they are not known."""
        return None if self.own_ids else range(self.start, self.stop)

    @property
    def rows(self) -> int | None:
        """How many rows there are."""
        return self.stop - self.start

    def __iter__(self) -> Iterator[Table]:
        import pyarrow as pa

        part = kept_part(self.listing, self.start, self.stop)
        step = AT_ONCE * 8 if self.fetched else BLOCK
        for start in range(0, len(part), step):
            entries = part.slice(start, step)
            columns: dict[str, Any] = {
                self.id_column: entries.column("id" if self.own_ids else "number")
            }
            if self.in_tables:
                columns |= {name: entries.column(name) for name in ("table", "row")}
            columns["source"] = entries.column("source")
            problems = entries.column("problem").to_pylist()
            if self.fetched:
                pictures, problems = _fetched(
                    columns["source"].to_pylist(), problems, self.most_bytes
                )
                columns[PICTURE] = pa.array(pictures, pa.binary())
            columns[PROBLEM] = pa.array(problems, pa.string())
            yield require_readable(pa.table(columns), strict=self.strict)


@dataclass(frozen=True, slots=True)
class Shard:
    """A table of bytes or of vectors.

    Attributes:
        url: The file.
        shard: Its number.
        count: How many rows it has; None if nothing can be read of it.
        column: The column of pictures or vectors.
        kind: Its type in most of the tables.
        id_column: What ids are called.
        own_ids: Whether that is a column of the table.
        strict: Whether what cannot be read is an error.
        problem: Why nothing can be read of it.
    """

    url: str
    shard: int
    count: int | None
    column: str
    kind: DataType
    id_column: str
    own_ids: bool
    strict: bool
    problem: str | None

    @property
    def columns(self) -> list[str]:
        """What its rows have."""
        return [self.id_column, "table", "row", PICTURE, PROBLEM]

    @property
    def ids(self) -> range | None:
        """The ids that its rows may have; None if they are not known."""
        return None if self.own_ids else range(number_of(self.shard), number_of(self.shard + 1))

    @property
    def rows(self) -> int | None:
        """How many rows there are."""
        return self.count

    def __iter__(self) -> Iterator[Table]:
        import numpy as np
        import pyarrow as pa

        row = 0
        try:
            if self.problem is not None:
                raise OSError(self.problem)
            names = [self.column]
            if self.own_ids and self.id_column != self.column:
                names.append(self.id_column)
            for block in blocks_of(self.url, names, BLOCK):
                rows = np.arange(row, row + len(block))
                ids = block.column(self.id_column) if self.own_ids else rows + self._first
                columns: dict[str, Any] = {self.id_column: ids}
                columns |= self._where(rows)
                pictures = block.column(self.column)
                same = pictures.type == self.kind
                columns[PICTURE] = pictures if same else pictures.cast(self.kind)
                columns[PROBLEM] = pa.nulls(len(block), pa.string())
                row += len(block)
                yield pa.table(columns)
        except UNREADABLE as error:
            told = f"It cannot be read from row {row:,} on: {error}"
            if self.strict or self.own_ids:
                raise ImageError(self.url, told) from error
            columns = {self.id_column: [self._first + row], **self._where(np.array([row]))}
            columns[PICTURE] = pa.nulls(1, self.kind)
            columns[PROBLEM] = pa.array([told], pa.string())
            yield pa.table(columns)

    @property
    def _first(self) -> int:
        return number_of(self.shard)

    def _where(self, rows: Any) -> dict[str, Any]:
        return {"table": [self.url] * len(rows), "row": rows}


def _fetched(
    sources: list[str], problems: list[str | None], most_bytes: int
) -> tuple[list[bytes | None], list[str | None]]:
    """The bytes of files in a bucket, or why there are none."""

    def fetch(source: str, problem: str | None) -> tuple[bytes | None, str | None]:
        if problem is not None:
            return None, problem
        if source.startswith(("http://", "https://")):
            return None, "Addresses on the web cannot be mixed with files in buckets."
        try:
            with Place.of(source, "source").open() as file:
                if (size := file.size()) > most_bytes:
                    return None, f"It has {size:,} bytes, and may have {most_bytes:,}."
                return bytes(file.read()), None
        except (OSError, ZsclipError) as error:
            return None, str(error)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        both = list(pool.map(fetch, sources, problems))
    return [content for content, _ in both], [problem for _, problem in both]


def require_readable(table: Table, *, strict: bool) -> Table:
    """The rows.

    Raises:
        ImageError: Something of them cannot be read, and that is an error.
    """
    problems = table.column(PROBLEM)
    if strict and problems.null_count < len(problems):
        place = next(n for n, problem in enumerate(problems) if problem.is_valid)
        raise ImageError(str(table.column("source")[place]), str(problems[place]))
    return table
