"""The file behind a lock: opened when needed, replaced when damaged, done without when it fails."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from zsclip.cache.database import Database
from zsclip.cache.faults import DATABASE_ERRORS, TROUBLE, Cause, Fault, UnfitError
from zsclip.cache.place import discard, list_set_aside, rename
from zsclip.cache.salvage import Salvaged, salvage
from zsclip.cache.schema import is_ours
from zsclip.errors import CacheWarning

__all__ = ["PATIENCE", "PAUSE", "Store"]

log = logging.getLogger("zsclip")

PATIENCE = 10.0
"""Seconds to wait for a lock that another process has."""

PAUSE = 60.0
"""Seconds to go without a file that failed, before it is tried again."""

# Where these are the trouble, `clear` may delete the file as a whole.
_DELETABLE = (Cause.DAMAGED, Cause.FULL, Cause.FAILED)

T = TypeVar("T")


class Store:
    """Runs what reads and writes the database, one thread at a time.

    Attributes:
        path: The file.
        max_bytes: What it may take.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self._lock = threading.RLock()
        self._database: Database | None = None
        self._opened: tuple[int, int] | None = None  # the file that was last opened, or tried
        self._fault: Fault | None = None
        self._unusable_until = self._unwritable_until = 0.0
        self._warned: set[Cause] = set()
        with _guard:
            _living.add(self)

    def run(self, action: Callable[[Database], T], otherwise: T, *, writes: bool = False) -> T:
        """What the action gives; or `otherwise` if the file fails, with one warning of each cause.

        Args:
            action: What to do with the database.
            otherwise: What stands for a cache that holds nothing.
            writes: Whether the action writes. If only that fails, reading goes on.
        """
        with self._lock:
            if self._is_paused(writes=writes):
                return otherwise
            for may_mend in (True, False):
                reached = False
                try:
                    database = self._open()
                    reached = True
                    return action(database)
                except TROUBLE as error:
                    fault = Fault.of(error)
                if fault.cause is Cause.DAMAGED:
                    reached = False
                    if may_mend:
                        remaining = self._mend(fault)
                        if remaining is None:
                            continue
                        fault = remaining
                self._do_without(fault, readable=reached and writes)
                break
            return otherwise

    def inspect(self, action: Callable[[Database], T]) -> T | Fault | None:
        """What the action gives, or what is wrong; None if there is no file.

        Nothing is made, mended or warned of.
        """
        with self._lock:
            try:
                return None if self._identity() is None else action(self._open())
            except TROUBLE as error:
                return Fault.of(error)

    def replace(self) -> tuple[Path, Salvaged] | None:
        """Set the file aside, and begin a new one with what is intact of it.

        Returns:
            The old file and what became of its content; None if another process was faster.

        Raises:
            OSError: It cannot be renamed.
            sqlite3.Error: No new one can be made.
            UnfitError: No other process can be kept out meanwhile.
        """
        with self._lock, self._alone(needed=True):
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

    def clear(self) -> int:
        """Remove all that is there, and the files that were set aside.

        Returns:
            How many embeddings went, as far as that is known.
        """
        with self._lock:
            self._unusable_until = self._unwritable_until = 0.0
            count = 0
            try:
                if self._identity() is not None:
                    try:
                        database = self._open()
                        count = database.count()[0]
                        database.clear()
                    except TROUBLE as error:
                        if Fault.of(error).cause not in _DELETABLE:
                            raise
                        with self._alone(needed=True):
                            self._close()
                            self._require_ours()
                            discard(self.path)
                for file in list_set_aside(self.path):
                    discard(file)
            except TROUBLE as error:
                self._do_without(Fault.of(error), readable=False)
                return 0
            return count

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            self._close()

    @property
    def fault(self) -> Fault | None:
        """Why the file, or writing to it, is done without at the moment."""
        return self._fault if self._is_paused(writes=True) else None

    # ------------------------------------------------------------------------------------- forks

    def hold(self) -> None:
        """Before a fork."""
        self._lock.acquire()
        self._close()

    def release(self) -> None:
        """After a fork, in the parent."""
        self._lock.release()

    def begin_anew(self) -> None:
        """After a fork, in the child."""
        self._lock = threading.RLock()
        if self._database is not None:  # forked by something other than Python
            _abandoned.append(self._database)
            self._database = None

    # -------------------------------------------------------------------------------- the file

    def _open(self) -> Database:
        if self._database is not None:
            if self._database.is_current():
                return self._database
            self._close()  # removed or replaced
        self._require_ours()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._alone():
            return self._connect()

    def _require_ours(self) -> None:
        """Raise if there is a file that is not known to be a cache: it is somebody's."""
        if self._identity() is not None and not is_ours(self.path):
            raise UnfitError(Cause.FOREIGN, "it has not the application id of zsclip's caches")

    def _connect(self) -> Database:
        if self.path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder has its name")
        self._opened = self._identity()
        self._database = Database(self.path, max_bytes=self.max_bytes, patience=PATIENCE)
        self._opened = self._identity()
        return self._database

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _identity(self) -> tuple[int, int] | None:
        """By what the file is told from another one of its name; None if there is none."""
        try:
            found = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_dev, found.st_ino

    @contextmanager
    def _alone(self, *, needed: bool = False) -> Iterator[None]:
        """Keep other processes from opening and replacing the file.

        One that opened the old file and then found the new one's log would mix the two.
        """
        lock = FileLock(self.path.with_name(self.path.name + ".lock"), timeout=PATIENCE)
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

    # --------------------------------------------------------------------------------- trouble

    def _is_paused(self, *, writes: bool) -> bool:
        now = time.monotonic()
        return now < self._unusable_until or (writes and now < self._unwritable_until)

    def _mend(self, fault: Fault) -> Fault | None:
        """Replace the file; what is wrong then, if that cannot be."""
        try:
            done = self.replace()
        except TROUBLE as error:
            return Fault(fault.cause, f"{fault.detail}, and cannot be replaced: {error}")
        if done is not None:
            aside, saved = done
            self._warn(
                fault.cause,
                f"{fault.about(self.path)} It was moved to {aside}, and a new one is begun with "
                f"the embeddings that are intact, {saved.embeddings:,} of them. The old file can "
                "be deleted; `zsclip cache clear` does that too.",
            )
        return None

    def _do_without(self, fault: Fault, *, readable: bool) -> None:
        self._fault = fault
        until = time.monotonic() + PAUSE
        if readable:
            self._unwritable_until = until
        else:
            self._close()
            self._unusable_until = until
        self._warn(fault.cause, fault.warning(self.path, readable=readable))

    def _warn(self, cause: Cause, message: str) -> None:
        if cause in self._warned:
            log.info("%s", message)
            return
        self._warned.add(cause)
        try:
            warnings.warn(message, CacheWarning, stacklevel=5)  # whoever called the public method
        except CacheWarning:  # made an error by the user's filters: it costs no answer even so
            log.warning("%s", message)


# ------------------------------------------------------------------------------------------ forks

# No connection is carried across a fork, not even to be closed there: SQLite's locks are held by
# the process. Before a fork all are closed, and either side opens its own when it needs one.

_living: weakref.WeakSet[Store] = weakref.WeakSet()
_guard = threading.Lock()
_held: list[Store] = []
_abandoned: list[Database] = []  # never closed, for that would release the parent's locks


def _before_fork() -> None:
    _guard.acquire()
    _held.extend(_living)
    for store in _held:
        store.hold()


def _after_fork_in_parent() -> None:
    for store in _held:
        store.release()
    _held.clear()
    _guard.release()


def _after_fork_in_child() -> None:
    global _guard  # noqa: PLW0603 - a lock of the parent's is of no use
    _guard = threading.Lock()
    _held.clear()
    for store in list(_living):
        store.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
