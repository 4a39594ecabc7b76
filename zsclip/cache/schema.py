"""The file as SQLite has it: the tables, connections that are set up for them, and how a vector
stands in a record, as little-endian float32 with a checksum beside it.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote_from_bytes

import numpy as np
from numpy.typing import NDArray

from zsclip.cache.faults import DATABASE_ERRORS, Cause, UnfitError
from zsclip.errors import ParameterError, ParameterTypeError

__all__ = [
    "SCHEMA",
    "checksum",
    "connect",
    "connect_immutable",
    "connect_raw",
    "is_intact",
    "is_ours",
    "pack",
    "transaction",
    "unpack",
]

SCHEMA = 1
"""The version of the tables. A file with a higher one is left alone."""

_APPLICATION_ID = int.from_bytes(b"zsce", "big")
_ID_AT = 68  # in every database: https://www.sqlite.org/fileformat.html#the_database_header

# Seven embeddings of 512 numbers fill a page of 16 KiB to nine tenths; one would fill one of 4 KiB.
_PAGE = 16_384
_WAL_BYTES = 4 * 1024 * 1024

# When an embedding was last used stands apart from it: to note that must not rewrite the embedding.
_TABLES = {
    "embeddings": """CREATE TABLE embeddings (
            id INTEGER PRIMARY KEY,
            key BLOB NOT NULL UNIQUE,
            checksum INTEGER NOT NULL,
            vector BLOB NOT NULL
        )""",
    "uses": "CREATE TABLE uses (id INTEGER PRIMARY KEY, used INTEGER NOT NULL)",
    "files": """CREATE TABLE files (
            path BLOB NOT NULL PRIMARY KEY,
            stamp BLOB NOT NULL,
            checksum INTEGER NOT NULL,
            digest BLOB NOT NULL,
            used INTEGER NOT NULL
        ) WITHOUT ROWID""",
}

_ON_DISK = np.dtype("<f4")


# ------------------------------------------------------------------------------------- connections


def connect(path: Path, *, patience: float) -> sqlite3.Connection:
    """Open the file, or make it.

    Args:
        path: The file.
        patience: Seconds to wait for a lock.

    Raises:
        sqlite3.Error: It cannot be opened, or is damaged.
        UnfitError: It is not a cache of this version.
    """
    connection = connect_raw(path, patience=patience)
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_raw(path: Path, *, patience: float) -> sqlite3.Connection:
    """A connection, with nothing read yet."""
    connection = sqlite3.connect(
        path, timeout=patience, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = bytes  # of a damaged file, what should be bytes may come as text
    return connection


def connect_immutable(path: Path) -> sqlite3.Connection:
    """Open a file in a folder where SQLite cannot make what it needs beside it.

    Nothing is locked: a change by another process can show as damage, which the checksums find.

    Raises:
        sqlite3.Error: It cannot be opened, or is damaged.
        UnfitError: It is not a cache of this version.
    """
    connection = _connect_immutable(path)
    try:
        if _is_empty(connection):
            raise UnfitError(Cause.READ_ONLY, "it is empty")
        _check(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_immutable(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote_from_bytes(bytes(path))}?mode=ro&immutable=1",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.text_factory = bytes
    return connection


def is_ours(path: Path) -> bool:
    """Whether a file is known to be a cache, damaged or not, or there is nothing in it to lose.

    That is told by the application id, which a cache has from its first byte on. Nothing is locked,
    changed or made, whosever file it is.

    Raises:
        OSError: It cannot be read.
    """
    for _ in range(3):
        seen = path.stat()
        ours = not seen.st_size or _has_our_id(path)
        # Another process may have put a new file there meanwhile, which is empty at first.
        if ours or os.path.samestat(seen, path.stat()):
            break
    return ours


def _has_our_id(path: Path) -> bool:
    # SQLite looks first: were a file closed here that is open as a database elsewhere in the
    # process, its locks would be lost.
    with suppress(*DATABASE_ERRORS), closing(_connect_immutable(path)) as connection:
        return _pragma(connection, "application_id") == _APPLICATION_ID
    with path.open("rb") as file:  # which it takes for no database
        file.seek(_ID_AT)
        return int.from_bytes(file.read(4), "big") == _APPLICATION_ID


def _prepare(connection: sqlite3.Connection) -> None:
    """Set the connection up, and the file as well if it is empty; a file of others stays as is."""
    connection.execute("PRAGMA cache_size = -16000")
    if _is_empty(connection):
        connection.execute(f"PRAGMA page_size = {_PAGE}")
        # In one transaction, and before there is a log: once anything stands in the file itself, it
        # is known as a cache. The vacuum is chosen by the first write, or never.
        with transaction(connection, begin="DEFERRED"):
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            if _is_empty(connection):  # nobody else came first
                for statement in _TABLES.values():
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    _check(connection)
    # A power cut may take the last commits with it, but cannot spoil the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_BYTES // _PAGE}")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")


def _is_empty(connection: sqlite3.Connection) -> bool:
    number = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    return number == (0, 0) and not _tables(connection)


def _check(connection: sqlite3.Connection) -> None:
    if _pragma(connection, "application_id") != _APPLICATION_ID:
        raise UnfitError(Cause.FOREIGN, "it has not the application id of zsclip's caches")
    version = _pragma(connection, "user_version")
    if version > SCHEMA:
        raise UnfitError(Cause.NEWER, f"its schema is {version}, and this zsclip knows {SCHEMA}")
    if version != SCHEMA or not _TABLES.items() <= _tables(connection).items():
        raise UnfitError(Cause.DAMAGED, "tables are missing or not as they were made")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _tables(connection: sqlite3.Connection) -> dict[str, str]:
    """The names of the tables, and the statements that made them."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name.decode("utf-8", "replace"): sql.decode("utf-8", "replace")
        for name, sql in rows
        if isinstance(name, bytes) and isinstance(sql, bytes)
    }


@contextmanager
def transaction(connection: sqlite3.Connection, *, begin: str = "IMMEDIATE") -> Iterator[None]:
    """All of what is written in here, or nothing."""
    connection.execute(f"BEGIN {begin}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(*DATABASE_ERRORS):
                connection.execute("ROLLBACK")
        raise


# ----------------------------------------------------------------------------------------- records


def checksum(*fields: bytes) -> int:
    """The CRC-32 of a record's fields, one after the other: against accidents, not malice."""
    total = 0
    for data in fields:
        total = zlib.crc32(data, total)
    return total


def is_intact(check: object, record: Sequence[object]) -> bool:
    """Whether the columns of a record are as they were written."""
    fields = [field for field in record if isinstance(field, bytes)]
    return len(fields) == len(record) and checksum(*fields) == check


def pack(vector: NDArray[np.float32]) -> bytes:
    """The bytes of a vector.

    Raises:
        ParameterError: It has not one dimension, or nothing in it.
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
    return vector.astype(_ON_DISK, copy=False).tobytes()


def unpack(data: bytes) -> NDArray[np.float32]:
    """The vector that `pack` was given: float32 (width,), read-only."""
    vector = np.frombuffer(data, _ON_DISK).astype(np.float32, copy=False)
    vector.flags.writeable = False
    return vector
