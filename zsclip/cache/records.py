"""What stands in the tables: kinds of records, the statements about them, and how damage shows.

A vector is kept as little-endian float32, with a checksum beside it.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError, ParameterTypeError

__all__ = ["EMBEDDINGS", "FILES", "KINDS", "Kind", "pack", "unpack"]

_ON_DISK = np.dtype("<f4")
_UNIT = 2.5e-2  # how far a length squared may be from 1; engines may normalize in bf16

_FEW = 4

# ruff: noqa: S608 - the names in statements are our own


def checksum(*fields: bytes) -> int:
    """The CRC-32 of a record's fields, one after the other: against accidents, not malice."""
    total = 0
    for data in fields:
        total = zlib.crc32(data, total)
    return total


def is_unit(data: bytes) -> bool:
    """Whether these are the bytes of a vector of length 1, as every embedding is."""
    if not data or len(data) % 4:
        return False
    vector = np.frombuffer(data, _ON_DISK)
    with np.errstate(all="ignore"):  # of damage
        return abs(float(vector.dot(vector)) - 1) <= _UNIT


def are_unit(fields: Sequence[bytes]) -> Sequence[bool]:
    """The same of several, which is faster at once."""
    if len(fields) < _FEW or len({len(data) for data in fields}) > 1 or len(fields[0]) % 4:
        return [is_unit(data) for data in fields]
    vectors = np.frombuffer(b"".join(fields), _ON_DISK).reshape(len(fields), -1)
    unit: list[bool] = (np.abs(np.einsum("ij,ij->i", vectors, vectors) - 1) <= _UNIT).tolist()
    return unit


def pack(vector: NDArray[np.float32]) -> bytes:
    """The bytes of a vector.

    Raises:
        ParameterError: It has not one dimension, or its length is not 1.
        ParameterTypeError: It is no float32 array.
    """
    if not isinstance(vector, np.ndarray) or vector.dtype != np.float32:
        kind = vector.dtype if isinstance(vector, np.ndarray) else type(vector).__name__
        raise ParameterTypeError(f"`entries` must hold arrays of float32, got {kind}.")
    if vector.ndim != 1 or not vector.size:
        raise ParameterError(
            "`entries` must hold arrays of one dimension with a number or more, got one of shape "
            f"{vector.shape}."
        )
    data = vector.astype(_ON_DISK, copy=False).tobytes()
    if not is_unit(data):
        length = float(np.linalg.norm(vector.astype(np.float64)))
        raise ParameterError(
            f"`entries` must hold vectors of length 1, got one of length {length:.3g}. Divide it "
            "by its length: one that has another counts as damaged."
        )
    return data


def unpack(data: bytes) -> NDArray[np.float32]:
    """The vector that `pack` was given: float32 (width,), read-only."""
    vector = np.frombuffer(data, _ON_DISK).astype(np.float32, copy=False)
    vector.flags.writeable = False
    return vector


# ------------------------------------------------------------------------------------------- kinds


def _is_whole(check: object, record: Sequence[object]) -> bool:
    fields = [field for field in record if isinstance(field, bytes)]
    return len(fields) == len(record) and checksum(*fields) == check


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of record, and the statements that are about it.

    Attributes:
        tables: Those that a record has a row in; the last one tells when it was used.
        handle: The column by which its rows are told apart, of the same name in all tables.
        columns: Those under the checksum. The first one is what a record is looked up by.
        used: What gives the time of its last use, in seconds.
        write: What puts a record in the place of the one under its key, with `values`.
        note: What notes a use, with ``used`` and ``handle``.
        fit: Tells of the last column of some records whether each can be what was put there.
    """

    tables: tuple[str, ...]
    handle: str
    columns: tuple[str, ...]
    used: str
    write: tuple[str, ...]
    note: str
    fit: Callable[[Sequence[bytes]], Sequence[bool]] = lambda fields: [True] * len(fields)

    def scan(self, more: str = "") -> str:
        """Handle, checksum and columns of every record, and `more`."""
        fields = ", ".join((self.handle, "checksum", *self.columns))
        return f"SELECT {fields}{more} FROM {self.tables[0]}"

    def look(self) -> str:
        """The same, of the record with a handle."""
        return f"{self.scan()} WHERE {self.handle} = ?"

    @functools.cache  # noqa: B019 - of the two there are
    def find(self, count: int) -> str:
        """The same with the time of the last use, of the records under some keys."""
        marks = ",".join("?" * count)
        return f"{self.scan(f', {self.used}')} WHERE {self.columns[0]} IN ({marks})"

    def delete(self, which: str) -> Iterator[str]:
        """What removes the records whose handle fits."""
        return (f"DELETE FROM {table} WHERE {self.handle} {which}" for table in self.tables)

    def are_intact(self, rows: Sequence[Sequence[Any]]) -> list[bool]:
        """Whether each of some records is as it was written, and can have been.

        Args:
            rows: As `scan` gives them, with more or without.
        """
        end = 2 + len(self.columns)
        whole = [_is_whole(row[1], row[2:end]) for row in rows]
        if not all(whole):
            return [self.is_intact(row) for row in rows]
        return list(self.fit([row[end - 1] for row in rows]))

    def is_intact(self, row: Sequence[Any]) -> bool:
        """The same of one."""
        record = row[2 : 2 + len(self.columns)]
        return _is_whole(row[1], record) and self.fit([record[-1]])[0]

    def values(self, record: Sequence[bytes], used: int) -> dict[str, object]:
        """What `write` takes for a record, given as its columns."""
        fields = dict(zip(self.columns, record, strict=True))
        return {**fields, "checksum": checksum(*record), "used": used}


EMBEDDINGS = Kind(
    tables=("embeddings", "uses"),
    handle="id",
    columns=("key", "vector"),
    used="(SELECT used FROM uses WHERE uses.id = embeddings.id)",
    write=(
        "INSERT INTO embeddings (key, checksum, vector) VALUES (:key, :checksum, :vector) "
        "ON CONFLICT (key) DO UPDATE SET checksum = excluded.checksum, vector = excluded.vector",
        "INSERT OR REPLACE INTO uses (id, used) SELECT id, :used FROM embeddings WHERE key = :key",
    ),
    note="INSERT OR REPLACE INTO uses (id, used) SELECT id, :used FROM embeddings "
    "WHERE id = :handle",
    fit=are_unit,
)
FILES = Kind(
    tables=("files",),
    handle="path",
    columns=("path", "stamp", "digest"),
    used="used",
    write=(
        "INSERT OR REPLACE INTO files (path, stamp, checksum, digest, used) "
        "VALUES (:path, :stamp, :checksum, :digest, :used)",
    ),
    note="UPDATE files SET used = :used WHERE path = :handle",
)
KINDS = (EMBEDDINGS, FILES)
