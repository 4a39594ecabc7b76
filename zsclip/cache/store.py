"""What comes of trouble with the file: it is replaced, or done without for a while, and told of."""

from __future__ import annotations

import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from zsclip.cache.database import Database
from zsclip.cache.faults import TROUBLE, Cause, Fault
from zsclip.cache.salvage import Salvaged
from zsclip.cache.shared import AbsentError, SharedFile
from zsclip.errors import CacheWarning
from zsclip.logs import logger_for

__all__ = ["PAUSE", "Store"]

log = logger_for("zsclip")

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
        self._file = SharedFile(path, max_bytes)
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
                try:
                    return self._file.act(action, writes=writes)
                except TROUBLE as error:
                    fault = Fault.of(error)
                readable = writes and self._file.is_open
                if fault.cause is Cause.DAMAGED:
                    readable = False
                    if may_mend:
                        remaining = self._mend(fault)
                        if remaining is None:
                            continue
                        fault = remaining
                self._do_without(fault, readable=readable)
                break
            return otherwise

    def inspect(self, action: Callable[[Database], T]) -> T | Fault | None:
        """What the action gives, or what is wrong; None if there is no file.

        Nothing is made, mended or warned of.
        """
        with self._lock:
            try:
                return self._file.act(action, make=False)
            except AbsentError:
                return None
            except TROUBLE as error:
                return Fault.of(error)

    def check(
        self, action: Callable[[Database], T]
    ) -> tuple[T | Fault | None, tuple[Path, Salvaged] | None]:
        """The same, but a damaged file is replaced, and then the new one is looked at.

        Returns:
            What `inspect` gives; the old file and what became of its content, if this replaced it.
        """
        with self._lock:
            found = self.inspect(action)
            if not isinstance(found, Fault) or found.cause is not Cause.DAMAGED:
                return found, None
            done = self._try_to_replace(found)
            return (done, None) if isinstance(done, Fault) else (self.inspect(action), done)

    def clear(self) -> int:
        """Remove all that is there, and the files that were set aside.

        Returns:
            How many embeddings went, as far as that is known.
        """
        with self._lock:
            self._unusable_until = self._unwritable_until = 0.0
            count = 0
            try:
                try:
                    count = self._file.act(_empty, writes=True, make=False)
                except AbsentError:
                    pass
                except TROUBLE as error:
                    if Fault.of(error).cause not in _DELETABLE:
                        raise
                    self._file.delete()
                self._file.delete_set_aside()
            except TROUBLE as error:
                self._do_without(Fault.of(error), readable=False)
                return 0
            return count

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            self._file.close()

    @property
    def fault(self) -> Fault | None:
        """Why the file, or writing to it, is done without at the moment."""
        return self._fault if self._is_paused(writes=True) else None

    # ------------------------------------------------------------------------------------- forks

    def hold(self) -> None:
        """Before a fork."""
        self._lock.acquire()
        self._file.close()

    def release(self) -> None:
        """After a fork, in the parent."""
        self._lock.release()

    def begin_anew(self) -> None:
        """After a fork, in the child."""
        self._lock = threading.RLock()
        self._file.abandon()  # which is open where something other than Python forked

    # --------------------------------------------------------------------------------- trouble

    def _is_paused(self, *, writes: bool) -> bool:
        now = time.monotonic()
        return now < self._unusable_until or (writes and now < self._unwritable_until)

    def _try_to_replace(self, fault: Fault) -> tuple[Path, Salvaged] | Fault | None:
        try:
            return self._file.replace()
        except TROUBLE as error:
            return Fault(fault.cause, f"{fault.detail}, and cannot be replaced: {error}")

    def _mend(self, fault: Fault) -> Fault | None:
        """Replace the file; what is wrong then, if that cannot be."""
        done = self._try_to_replace(fault)
        if isinstance(done, Fault):
            return done
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
            self._file.close()
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


def _empty(database: Database) -> int:
    count = database.count()[0]
    database.clear()
    return count


# ------------------------------------------------------------------------------------------ forks

# No connection is carried across a fork, not even to be closed there: SQLite's locks are held by
# the process. Before a fork all are closed, and either side opens its own when it needs one.

_living: weakref.WeakSet[Store] = weakref.WeakSet()
_guard = threading.Lock()
_held: list[Store] = []


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
