"""The file as SQLite has it: the tables, and connections that are set up for them.

Of a file that somebody made to do harm no code is run, and what is asked of it ends.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote_from_bytes

from zsclip.cache.faults import DATABASE_ERRORS, Cause, UnfitError

__all__ = [
    "SCHEMA",
    "Steps",
    "connect",
    "connect_immutable",
    "connect_raw",
    "is_ours",
    "own_tables",
    "transaction",
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

# What the schema of a cache holds, and it holds nothing else: a trigger, a view, a virtual table, a
# generated column and an index on an expression are code, which runs when the tables are used.
_SCHEMA = {
    (b"index", b"sqlite_autoindex_embeddings_1", None),
    *((b"table", name.encode(), sql.encode()) for name, sql in _TABLES.items()),
}

_MOST_BYTES = 64 * 1024 * 1024
"""What one field of a row may take."""

_STEPS = 10_000_000
_MOST_STEPS = 1_000_000_000
"""Instructions of SQLite's for one task: a hundred for each row of the largest caches. Pages that
lead into each other, in a file that was made so, take any number."""

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


class Steps:
    """Ends what takes too many instructions of SQLite's, which says that it was interrupted."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.renew()
        connection.set_progress_handler(self._count, _STEPS)

    def renew(self) -> None:
        """Begin a new task."""
        self._left = _MOST_STEPS

    def _count(self) -> bool:
        self._left -= _STEPS
        return self._left <= 0


def connect_raw(path: Path, *, patience: float) -> sqlite3.Connection:
    """A connection, with nothing read yet."""
    connection = sqlite3.connect(
        path, timeout=patience, isolation_level=None, check_same_thread=False
    )
    return _careful(connection)


def _careful(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A connection to what may be damaged, or made to do harm."""
    connection.text_factory = bytes  # of a damaged file, what should be bytes may come as text
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    Steps(connection)
    return connection


def connect_immutable(path: Path) -> sqlite3.Connection:
    """Open a file in a folder where SQLite cannot make what it needs beside it.

    Nothing is locked: a change by another process can show as damage, which the checksums find.

    Raises:
        sqlite3.Error: It cannot be opened, or is damaged.
        UnfitError: It is not a cache of this version.
    """
    connection = _careful(_connect_immutable(path))
    try:
        if _is_empty(connection):
            raise UnfitError(Cause.READ_ONLY, "it is empty")
        _check(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_immutable(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote_from_bytes(bytes(path))}?mode=ro&immutable=1",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )


def is_ours(path: Path) -> bool:
    """Whether a file is known to be a cache, damaged or not, or there is nothing in it to lose.

    That is told by the application id, which a cache has from its first byte on. Nothing is locked,
    changed or made, whosever file it is.

    Raises:
        OSError: It cannot be read, or is no regular file: SQLite would wait for a pipe.
    """
    for _ in range(3):
        seen = path.stat()
        if not stat.S_ISREG(seen.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
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
    _check(connection)  # before anything can run what stands in a schema
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    # A power cut may take the last commits with it, but cannot spoil the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_BYTES // _PAGE}")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")


def _is_empty(connection: sqlite3.Connection) -> bool:
    number = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    return number == (0, 0) and not _schema(connection)


def _check(connection: sqlite3.Connection) -> None:
    if _pragma(connection, "application_id") != _APPLICATION_ID:
        raise UnfitError(Cause.FOREIGN, "it has not the application id of zsclip's caches")
    version = _pragma(connection, "user_version")
    if version > SCHEMA:
        raise UnfitError(Cause.NEWER, f"its schema is {version}, and this zsclip knows {SCHEMA}")
    if version != SCHEMA or _schema(connection) != _SCHEMA:
        raise UnfitError(Cause.DAMAGED, "tables are missing or not as they were made, or not alone")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _schema(connection: sqlite3.Connection) -> set[tuple[object, ...]]:
    """Kind, name and making statement of what stands in the schema; of much, only some."""
    query = "SELECT type, name, sql FROM sqlite_master LIMIT 20"
    return set(connection.execute(query).fetchall())


def own_tables(connection: sqlite3.Connection) -> set[str]:
    """The names of those tables that are as they were made: to read one runs no code."""
    found = _schema(connection)
    return {n for n, sql in _TABLES.items() if (b"table", n.encode(), sql.encode()) in found}


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
