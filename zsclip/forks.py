"""This process: its cores, whether it was forked, and locks that a forked child finds open.

A child that was forked has one thread, the one that forked, and the memory of all. What the other
threads held or were about to do stays held and undone there for ever.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = [
    "ForkLock",
    "PerProcess",
    "is_forked_child",
    "is_survivor",
    "on_new_thread",
    "usable_cores",
]

T = TypeVar("T")

_LOADED_IN = os.getpid()


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def is_forked_child() -> bool:
    """Whether this process was forked from one in which zsclip had been imported."""
    return os.getpid() != _LOADED_IN


def is_survivor() -> bool:
    """Whether this thread began in the parent of this process, where others lived beside it."""
    return is_forked_child() and threading.current_thread() is threading.main_thread()


def on_new_thread(call: Callable[[], T]) -> T:
    """What a call gives on a thread of its own, with the context variables of this one."""
    context = contextvars.copy_context()
    done: list[tuple[T | None, BaseException | None]] = []

    def run() -> None:
        try:
            done.append((context.run(call), None))
        except BaseException as error:  # noqa: BLE001 - raised where the call was made
            done.append((None, error))

    # a daemon, so that whoever interrupts a download is not kept waiting for its end
    thread = threading.Thread(target=run, name="zsclip-apart", daemon=True)
    thread.start()
    thread.join()
    result, error = done.pop()
    if error is not None:
        try:
            raise error
        finally:
            del error  # or its traceback would hold this frame, and this frame it
    return result  # type: ignore[return-value]


class PerProcess(Generic[T]):
    """Something that each process has of its own: a forked child does not find its parent's.

    Args:
        make: What makes it when a process first asks.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[int, T] = {}

    def get(self) -> T:
        """That of this process."""
        if (mine := self.found()) is None:  # of two threads that come here at once, both get one
            mine = self._made.setdefault(os.getpid(), self._make())
        return mine

    def found(self) -> T | None:
        """That of this process, if it has one already."""
        return self._made.get(os.getpid())


class ForkLock:
    """A lock that a forked child finds open, whichever thread of its parent held it.

    Args:
        make: What makes the lock of a process: `threading.Lock`, or `threading.RLock`.
    """

    def __init__(self, make: Callable[[], Any] = threading.Lock) -> None:
        self._lock: PerProcess[Any] = PerProcess(make)

    def __enter__(self) -> None:
        self._lock.get().acquire()

    def __exit__(self, *_: object) -> None:
        lock = self._lock.found()
        if lock is not None:  # else this is a child that was forked within the `with`
            lock.release()
