"""One open file: what is read from it and written to it, in batches."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from zsclip.cache.faults import DATABASE_ERRORS, Cause, Fault, UnfitError
from zsclip.cache.records import EMBEDDINGS, FILES, KINDS, Kind
from zsclip.cache.schema import Steps, connect, connect_immutable, transaction

__all__ = ["Database", "used_bytes"]

# Uses are noted by the hour, and many at a time, so that reading hardly ever writes.
_COARSE = 3600
_NOTED_AT_ONCE = 1024
_BATCH = 256

# Once the cap is passed, room is made for a while, so that not every write has to make some.
_TARGET = 0.9

# ruff: noqa: S608 - the names in statements are our own


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
        self._used: dict[Kind, set[object]] = {kind: set() for kind in KINDS}  # handles
        try:
            self.connection = connect(path, patience=patience)
        except sqlite3.OperationalError as error:
            self.fault = self._why_only_readable(error)
            self._seen = self._look()  # before: what changes from here on is seen
            self.connection = self._connect_immutable(error)
        else:
            self._seen = self._look()
        self._steps = Steps(self.connection)

    def renew(self) -> None:
        """Begin a new task, which may take as much work as any."""
        self._steps.renew()

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
        logged = 0
        with suppress(FileNotFoundError):  # whoever closes the file last deletes it
            logged = log.stat().st_size
        if fault.cause in (Cause.LOCKED, Cause.DAMAGED) or logged or not self.path.exists():
            raise error
        return fault if fault.cause is Cause.FULL else Fault(Cause.READ_ONLY, fault.detail)

    def _connect_immutable(self, why: sqlite3.OperationalError) -> sqlite3.Connection:
        """The file for reading alone; an empty one is of no use, for the reason that is known."""
        try:
            return connect_immutable(self.path)
        except UnfitError as error:
            raise why if error.cause is Cause.READ_ONLY else error from None

    # ----------------------------------------------------------------------------------- records

    def read(self, kind: Kind, keys: Sequence[bytes]) -> dict[bytes, list[bytes]]:
        """What stands beside those keys that are there. Damaged records are removed."""
        found: dict[bytes, list[bytes]] = {}
        damaged = []
        now = int(time.time())
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            rows = self.connection.execute(kind.find(len(batch)), batch).fetchall()
            for row, intact in zip(rows, kind.are_intact(rows), strict=True):
                handle, _, *record, used = row
                if not intact:
                    damaged.append(handle)
                    continue
                found[record[0]] = record[1:]
                if not isinstance(used, int) or not now - _COARSE <= used <= now:
                    self._used[kind].add(handle)
        if damaged:
            # Where nothing can be written they stay, and are found damaged every time.
            with suppress(sqlite3.OperationalError), transaction(self.connection):
                self._remove_damaged(kind, damaged)
        self._note_uses()
        return found

    def write(self, kind: Kind, records: Iterable[Sequence[bytes]]) -> None:
        """Keep records, given as their columns, in one transaction; make room if there is none."""
        now = int(time.time())
        self._require_writable()
        values = [kind.values(record, now) for record in records]
        with transaction(self.connection):
            for statement in kind.write:
                self.connection.executemany(statement, values)
            self._write_uses()
            _evict(self.connection, self._max_bytes, now)
            _shrink(self.connection, self._max_bytes)

    # -------------------------------------------------------------------------------- the whole

    def count(self) -> tuple[int, int]:
        """How many embeddings, and how many files."""
        return _count(self.connection, EMBEDDINGS), _count(self.connection, FILES)

    def clear(self) -> None:
        """Remove everything, and give the space back to the disk."""
        self._require_writable()
        with transaction(self.connection):
            for kind in KINDS:
                self._used[kind].clear()
                for statement in kind.delete("NOTNULL"):
                    self.connection.execute(statement)
            _shrink(self.connection, 0)
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
        damaged = {
            kind: [
                row[0] for row in self.connection.execute(kind.scan()) if not kind.is_intact(row)
            ]
            for kind in KINDS
        }
        if not any(damaged.values()):
            return 0
        self._require_writable()
        with transaction(self.connection):
            return sum(self._remove_damaged(*found) for found in damaged.items())

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

    def _remove_damaged(self, kind: Kind, handles: Iterable[object]) -> int:
        """Remove what is damaged still: since it was found, others may have put it right."""
        count = 0
        for handle in handles:
            found = self.connection.execute(kind.look(), (handle,)).fetchone()
            if found is None or not kind.is_intact(found):
                count += 1
                for statement in kind.delete("= ?"):
                    self.connection.execute(statement, (handle,))
        return count

    def _note_uses(self, *, all_of_them: bool = False) -> None:
        """Write down what was used, if it is worth a transaction and nobody else is writing."""
        pending = sum(map(len, self._used.values()))
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
        for handles in self._used.values():
            handles.clear()

    def _write_uses(self) -> None:
        now = int(time.time())
        for kind, handles in self._used.items():
            values = ({"used": now, "handle": handle} for handle in handles)
            self.connection.executemany(kind.note, values)
            handles.clear()


# ---------------------------------------------------------------------------------------- the cap


def used_bytes(connection: sqlite3.Connection) -> int:
    """What the pages in use take, those of the indexes and of half-empty ones included."""
    pages, free, size = _pages(connection)
    return (pages - free) * size


def _pages(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """How many there are, how many of them are free, and how long one is."""
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return pages, free, size


def _count(connection: sqlite3.Connection, kind: Kind) -> int:
    # One by one, because a count of the whole does not stop where it leads in circles.
    each = f"SELECT 1 FROM {kind.tables[-1]} LIMIT -1"
    count: int = connection.execute(f"SELECT COUNT(*) FROM ({each})").fetchone()[0]
    return count


def _evict(connection: sqlite3.Connection, max_bytes: int, now: int) -> None:
    """If there is too much, remove what was not used for longest until nine tenths are left.

    What was used later than now, by a clock that was ahead, counts as used that long ago: what is
    new is not to go before it.
    """
    if (used := used_bytes(connection)) <= max_bytes:
        return
    for kind in KINDS:
        connection.execute(
            f"UPDATE {kind.tables[-1]} SET used = 2 * :now - used WHERE used > :now", {"now": now}
        )
    target = int(max_bytes * _TARGET)
    while used > target:
        # A row removed gives a page back only with its neighbours, so this may take a few rounds.
        surplus = 1 - target / used
        gone = 0
        for kind in KINDS:
            oldest = math.ceil(_count(connection, kind) * surplus)
            by_age = f"SELECT {kind.handle} FROM {kind.tables[-1]} ORDER BY used, {kind.handle}"
            for statement in kind.delete(f"IN ({by_age} LIMIT ?)"):
                connection.execute(statement, (oldest,))
            gone += oldest
        if not gone:
            break
        used = used_bytes(connection)


def _shrink(connection: sqlite3.Connection, max_bytes: int) -> None:
    """Give free pages beyond the cap back to the disk."""
    pages, free, size = _pages(connection)
    for _ in range(min(free, pages - max_bytes // size)):
        # Python's sqlite3 takes one step of a statement without columns, which is one page.
        connection.execute("PRAGMA incremental_vacuum(1)")
