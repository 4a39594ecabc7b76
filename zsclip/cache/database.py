"""One open file: what is read from it and written to it, in batches."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zsclip.cache.eviction import evict, shrink
from zsclip.cache.faults import DATABASE_ERRORS, Cause, Fault, UnfitError
from zsclip.cache.records import checksum, unpack
from zsclip.cache.schema import connect, connect_immutable, transaction

__all__ = ["Database", "is_intact"]

# Uses are noted by the hour, and many at a time, so that reading hardly ever writes.
_COARSE = 3600
_NOTED_AT_ONCE = 1024
_BATCH = 256

_READ = (
    "SELECT e.id, e.key, e.checksum, e.vector, u.used FROM embeddings AS e "
    "LEFT JOIN uses AS u ON u.id = e.id WHERE e.key IN ({marks})"
)
_WRITE = (
    "INSERT INTO embeddings (key, checksum, vector) VALUES (?, ?, ?) "
    "ON CONFLICT (key) DO UPDATE SET checksum = excluded.checksum, vector = excluded.vector"
)
_USE = "INSERT OR REPLACE INTO uses (id, used) SELECT id, ? FROM embeddings WHERE {column} = ?"
_READ_FILES = "SELECT path, stamp, checksum, digest, used FROM files WHERE path IN ({marks})"
_WRITE_FILES = (
    "INSERT OR REPLACE INTO files (path, stamp, checksum, digest, used) VALUES (?, ?, ?, ?, ?)"
)


class Database:
    """A connection, for one thread at a time. Every method raises what SQLite raises.

    Attributes:
        path: The file.
        fault: Why nothing can be written; None if that is not known.
    """

    def __init__(self, path: Path, *, max_bytes: int, patience: float) -> None:
        self.path = path
        self.fault: Fault | None = None
        self._max_bytes = max_bytes
        self._used_ids: set[int] = set()
        self._used_paths: set[bytes] = set()
        try:
            self.connection = connect(path, patience=patience)
        except sqlite3.OperationalError as error:
            self.fault = self._why_only_readable(error)
            self.connection = connect_immutable(path)
        self._seen = self._look()

    def is_current(self) -> bool:
        """Whether this is still the file of that name, and not one removed or replaced."""
        return self._look() == self._seen

    def _look(self) -> tuple[int, ...] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        # Where nothing is locked, a change by others is seen by the time alone.
        changes = () if self.fault is None else (found.st_size, found.st_mtime_ns)
        return found.st_dev, found.st_ino, *changes

    def _why_only_readable(self, error: sqlite3.OperationalError) -> Fault:
        """The fault, if reading can do with the file alone. Else it is raised."""
        fault = Fault.of(error)
        log = self.path.with_name(self.path.name + "-wal")
        whole = self.path.exists() and not (log.exists() and log.stat().st_size)
        if fault.cause in (Cause.LOCKED, Cause.DAMAGED) or not whole:
            raise error
        if fault.cause is Cause.FULL:
            return fault
        return Fault(Cause.READ_ONLY, fault.detail)

    # ------------------------------------------------------------------------------- embeddings

    def read(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """The vectors of those keys that are there. Damaged ones are removed."""
        found: dict[bytes, NDArray[np.float32]] = {}
        damaged = []
        stale = int(time.time()) - _COARSE
        for batch, marks in _batches(keys):
            rows = self.connection.execute(_READ.format(marks=marks), batch).fetchall()
            for number, key, check, data, used in rows:
                vector = unpack(key, check, data)
                if vector is None:
                    damaged.append((number,))
                    continue
                found[key] = vector
                if not isinstance(used, int) or used < stale:
                    self._used_ids.add(number)
        if damaged:
            self._remove("embeddings", "id", damaged)
        self._note_uses()
        return found

    def write(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Keep keys and packed vectors, in one transaction; make room if there is too much."""
        now = int(time.time())
        self._require_writable()
        with transaction(self.connection):
            self.connection.executemany(
                "INSERT INTO embeddings (key, checksum, vector) VALUES (?, ?, ?) ON CONFLICT (key) "
                "DO UPDATE SET checksum = excluded.checksum, vector = excluded.vector",
                ((key, checksum(key, data), data) for key, data in records),
            )
            self.connection.executemany(
                "INSERT OR REPLACE INTO uses (id, used) SELECT id, ? FROM embeddings WHERE key = ?",
                ((now, key) for key, _ in records),
            )
            self._write_uses()
            evict(self.connection, self._max_bytes)
            shrink(self.connection, self._max_bytes)

    # ------------------------------------------------------------------------------------ files

    def read_digests(self, paths: Sequence[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
        """Stamp and digest of those files that are known."""
        found: dict[bytes, tuple[bytes, bytes]] = {}
        damaged = []
        stale = int(time.time()) - _COARSE
        for batch, marks in _batches(paths):
            rows = self.connection.execute(
                f"SELECT path, stamp, checksum, digest, used FROM files WHERE path IN ({marks})",  # noqa: S608
                batch,
            ).fetchall()
            for path, stamp, check, digest, used in rows:
                if not is_intact(path, stamp, check, digest):
                    damaged.append((path,))
                    continue
                found[path] = stamp, digest
                if not isinstance(used, int) or used < stale:
                    self._used_paths.add(path)
        if damaged:
            self._remove("files", "path", damaged)
        self._note_uses()
        return found

    def write_digests(self, records: Sequence[tuple[bytes, bytes, bytes]]) -> None:
        """Keep path, stamp and digest of files, in one transaction."""
        now = int(time.time())
        self._require_writable()
        with transaction(self.connection):
            self.connection.executemany(
                _WRITE_FILES,
                (
                    (path, stamp, checksum(path, stamp, digest), digest, now)
                    for path, stamp, digest in records
                ),
            )
            self._write_uses()
            evict(self.connection, self._max_bytes)
            shrink(self.connection, self._max_bytes)

    # -------------------------------------------------------------------------------- the whole

    def count(self) -> tuple[int, int]:
        """How many embeddings, and how many files."""
        row = self.connection.execute(
            "SELECT (SELECT COUNT(*) FROM uses), (SELECT COUNT(*) FROM files)"
        ).fetchone()
        return row[0], row[1]

    def clear(self) -> None:
        """Remove everything, and give the space back to the disk."""
        self._require_writable()
        self._used_ids.clear()
        self._used_paths.clear()
        with transaction(self.connection):
            for table in ("embeddings", "uses", "files"):
                self.connection.execute(f"DELETE FROM {table}")  # noqa: S608
            shrink(self.connection, 0)
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def check(self) -> None:
        """Raise if the structure of the file is damaged."""
        first = self.connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if first != b"ok":
            lines = bytes(first).decode("utf-8", "replace").splitlines()
            raise UnfitError(Cause.DAMAGED, lines[-1])

    def sweep(self) -> int:
        """Compare every record with its checksum, and remove those that are damaged.

        Returns:
            How many were removed.
        """
        embeddings = [
            (row[0],)
            for row in self.connection.execute("SELECT id, key, checksum, vector FROM embeddings")
            if unpack(*row[1:]) is None
        ]
        files = [
            (row[0],)
            for row in self.connection.execute("SELECT path, stamp, checksum, digest FROM files")
            if not is_intact(*row)
        ]
        if embeddings or files:
            self._require_writable()
            with transaction(self.connection):
                for table, column, rows in (
                    ("embeddings", "id", embeddings),
                    ("uses", "id", embeddings),
                    ("files", "path", files),
                ):
                    self.connection.executemany(_delete(table, column), rows)
        return len(embeddings) + len(files)

    def close(self) -> None:
        """Close the file, with what is still to be noted of uses."""
        with suppress(*DATABASE_ERRORS):
            self._note_uses(all_of_them=True)
        with suppress(*DATABASE_ERRORS):
            self.connection.close()

    # ------------------------------------------------------------------------------------ parts

    def _require_writable(self) -> None:
        if self.fault is not None:
            raise UnfitError(self.fault.cause, self.fault.detail)

    def _remove(self, table: str, column: str, rows: list[tuple[object]]) -> None:
        # Where nothing can be written they stay, and are found damaged every time.
        with suppress(sqlite3.OperationalError), transaction(self.connection):
            self.connection.executemany(_delete(table, column), rows)
            if table == "embeddings":
                self.connection.executemany(_delete("uses", column), rows)

    def _note_uses(self, *, all_of_them: bool = False) -> None:
        """Write down what was used, if it is worth a transaction and nobody else is writing."""
        pending = len(self._used_ids) + len(self._used_paths)
        if not pending or (pending < _NOTED_AT_ONCE and not all_of_them):
            return
        patience = self.connection.execute("PRAGMA busy_timeout").fetchone()[0]
        self.connection.execute("PRAGMA busy_timeout = 0").fetchone()
        try:
            with suppress(sqlite3.OperationalError), transaction(self.connection):
                self._write_uses()
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {patience}").fetchone()
        # What could not be noted is found stale again at its next use.
        self._used_ids.clear()
        self._used_paths.clear()

    def _write_uses(self) -> None:
        now = int(time.time())
        self.connection.executemany(
            _USE.format(column="id"), ((now, number) for number in self._used_ids)
        )
        self.connection.executemany(
            "UPDATE files SET used = ? WHERE path = ?",
            ((now, path) for path in self._used_paths),
        )
        self._used_ids.clear()
        self._used_paths.clear()


def is_intact(path: object, stamp: object, check: object, digest: object) -> bool:
    """Whether a record of a file is as it was written."""
    fields = [field for field in (path, stamp, digest) if isinstance(field, bytes)]
    return len(fields) == 3 and checksum(*fields) == check


def _delete(table: str, column: str) -> str:
    return f"DELETE FROM {table} WHERE {column} = ?"  # noqa: S608 - names of our own


def _batches(values: Sequence[bytes]) -> Iterator[tuple[Sequence[bytes], str]]:
    """The values a few hundred at a time, each time with as many question marks."""
    for start in range(0, len(values), _BATCH):
        batch = values[start : start + _BATCH]
        yield batch, ",".join("?" * len(batch))
