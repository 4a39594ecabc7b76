"""No connection is carried across a fork, not even to be closed there: SQLite's locks are held by
the process. Before a fork all are closed, and either side opens its own when it needs one.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol

__all__ = ["Forkable", "watch"]


class Forkable(Protocol):
    """Something with a connection."""

    def hold(self) -> None:
        """Close the connection, and keep others from opening it."""

    def release(self) -> None:
        """Let others open it again."""

    def begin_anew(self) -> None:
        """In the child: be as if nothing had been opened."""


_living: weakref.WeakSet[Forkable] = weakref.WeakSet()
_guard = threading.Lock()
_held: list[Forkable] = []


def watch(store: Forkable) -> None:
    """Have it held at every fork, for as long as it lives."""
    with _guard:
        _living.add(store)


def _before() -> None:
    _guard.acquire()
    _held.extend(_living)
    for store in _held:
        store.hold()


def _after_in_parent() -> None:
    for store in _held:
        store.release()
    _held.clear()
    _guard.release()


def _after_in_child() -> None:
    global _guard  # noqa: PLW0603 - a lock of the parent's is of no use
    _guard = threading.Lock()
    _held.clear()
    for store in list(_living):
        store.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
