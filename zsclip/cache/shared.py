"""The file that processes share: opened, closed and replaced while no other process does so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from zsclip.cache.database import Database
from zsclip.cache.faults import DATABASE_ERRORS, Cause, UnfitError
from zsclip.cache.place import begin, discard, list_set_aside, make_folder, rename, require_own
from zsclip.cache.salvage import Salvaged, salvage
from zsclip.cache.schema import is_ours
from zsclip.logs import logger_for

__all__ = ["PATIENCE", "AbsentError", "SharedFile"]

log = logger_for("zsclip")

PATIENCE = 10.0
"""Seconds to wait for a lock that another process has."""

T = TypeVar("T")


class AbsentError(Exception):
    """There is no file, and it is not to be made."""


class SharedFile:
    """One file, opened when it is needed, for one thread at a time. Faults are raised.

    What another process does at any moment costs nothing that was kept: a file that is gone or new
    is looked at again behind the lock, and what was written into one that had been replaced is
    written again.

    Attributes:
        path: The file.
        max_bytes: What it may take.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self._database: Database | None = None
        self._opened: tuple[int, int] | None = None  # the file that was last opened, or tried

    @property
    def is_open(self) -> bool:
        """Whether the file was opened, and not closed since."""
        return self._database is not None

    def act(self, action: Callable[[Database], T], *, writes: bool = False, make: bool = True) -> T:
        """What the action gives.

        Args:
            action: What to do with the database. What it writes may be asked of it twice.
            writes: Whether it writes.
            make: Whether the file is made if there is none.

        Raises:
            AbsentError: There is none, and it is not to be made.
        """
        database = self._open(make=make)
        database.renew()
        result = action(database)
        if writes and not database.is_current():  # replaced meanwhile: it went into the old one
            result = action(self._open(make=make))
        return result

    def replace(self) -> tuple[Path, Salvaged] | None:
        """Set the file that was last opened aside, and begin a new one with what is intact of it.

        Returns:
            The old file and what became of its content; None if another process was faster.

        Raises:
            OSError: It cannot be renamed.
            sqlite3.Error: No new one can be made.
            UnfitError: No other process can be kept out meanwhile.
        """
        with self._alone(needed=True):
            replaced = self._identity() != self._opened
            self._close()
            if replaced:
                return None
            self._require_ours()
            aside = rename(self.path)
            database = self._connect()
            try:
                return aside, salvage(aside, database.connection)
            except DATABASE_ERRORS as error:
                log.warning("Nothing of %s could be saved: %s", aside, error)
                return aside, Salvaged(0, 0)

    def delete(self) -> None:
        """Delete the file.

        Raises:
            OSError: It cannot be deleted.
            UnfitError: No other process can be kept out meanwhile.
        """
        with self._alone(needed=True):
            self._close()
            self._require_ours()
            discard(self.path)

    def delete_set_aside(self) -> None:
        """Delete the damaged files that it took the place of, once nobody reads them any more.

        Raises:
            OSError: One cannot be deleted.
        """
        if list_set_aside(self.path):
            with self._alone():
                for file in list_set_aside(self.path):
                    discard(file)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        # Once a file was moved, SQLite deletes no log when it closes it; nobody need be waited for.
        if self._database is not None and self._database.is_current():
            with suppress(Timeout), self._alone():
                self._close()
        self._close()

    def abandon(self) -> None:
        """Forget an open file without closing it: that would release locks of the parent's."""
        if self._database is not None:
            _abandoned.append(self._database)
            self._database = None

    # ------------------------------------------------------------------------------------- opening

    def _open(self, *, make: bool) -> Database:
        if self._database is not None:
            if self._database.is_current():
                return self._database
            self._close()  # removed or replaced
        # Where there is a lock, a new file may be about to come.
        if not make and not self._lock_path.exists():
            self._require_there()
        self._require_ours()  # before a lock is put beside it
        if make:
            make_folder(self.path)
        with self._alone():
            self._require_ours()  # what is there now
            if not make:
                self._require_there()
            return self._connect()

    def _connect(self) -> Database:
        if self._identity() is None:
            begin(self.path)
        self._opened = self._identity()
        self._database = Database(self.path, max_bytes=self.max_bytes, patience=PATIENCE)
        if self._identity() not in (self._opened, None):
            self._close()
            raise UnfitError(Cause.UNREACHABLE, "another file took its place while it was opened")
        return self._database

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _require_ours(self) -> None:
        """Raise if another user may have put it there, or it is not known to be a cache."""
        require_own(self.path)
        with suppress(FileNotFoundError, NotADirectoryError):  # it may go while it is looked at
            if not is_ours(self.path):
                raise UnfitError(Cause.FOREIGN, "it has not the application id of zsclip's caches")

    def _require_there(self) -> None:
        if self._identity() is None:
            raise AbsentError

    def _identity(self) -> tuple[int, int] | None:
        """By what the file is told from another one of its name; None if there is none."""
        try:
            found = self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_dev, found.st_ino

    # -------------------------------------------------------------------------------------- alone

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    @contextmanager
    def _alone(self, *, needed: bool = False) -> Iterator[None]:
        """Keep other processes from opening, closing and replacing the file.

        SQLite goes by the name: one that opened the old file and then found the new one's log would
        mix the two, and one that closed the old file would delete the new one's log.
        """
        lock = FileLock(self._lock_path, timeout=PATIENCE)
        try:
            lock.acquire()
        except Timeout:
            raise
        except (OSError, NotImplementedError) as error:
            if needed:
                raise UnfitError(Cause.READ_ONLY, f"no lock can be had: {error}") from error
            yield  # where no file can be made, none can be replaced
            return
        try:
            yield
        finally:
            lock.release()


_abandoned: list[Database] = []
