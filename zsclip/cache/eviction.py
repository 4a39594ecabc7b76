"""Keeping the file below its cap: what was not used for the longest time goes first."""

from __future__ import annotations

import math
import sqlite3

__all__ = ["evict", "shrink", "used_bytes"]

# Room for a while, so that not every write has to make some.
_TARGET = 0.9


def used_bytes(connection: sqlite3.Connection) -> int:
    """What the pages in use take, those of the indexes and of half-empty ones included."""
    pages, free, size = _pages(connection)
    return (pages - free) * size


def _pages(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """How many there are, how many of them are free, and how long one is."""
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return pages, free, size


def evict(connection: sqlite3.Connection, max_bytes: int) -> int:
    """Within a transaction: if too much is there, remove the oldest until nine tenths are left.

    Args:
        connection: The database.
        max_bytes: The cap.

    Returns:
        How many embeddings went.
    """
    gone = 0
    if (used := used_bytes(connection)) <= max_bytes:
        return gone
    target = int(max_bytes * _TARGET)
    while used > target:
        # A row removed gives a page back only with its neighbours, so this may take a few rounds.
        surplus = 1 - target / used
        embeddings = _oldest(connection, "uses", surplus)
        files = _oldest(connection, "files", surplus)
        if not embeddings and not files:
            break
        connection.execute(
            "DELETE FROM embeddings WHERE id IN (SELECT id FROM uses ORDER BY used, id LIMIT ?)",
            (embeddings,),
        )
        connection.execute(
            "DELETE FROM uses WHERE id IN (SELECT id FROM uses ORDER BY used, id LIMIT ?)",
            (embeddings,),
        )
        connection.execute(
            "DELETE FROM files WHERE path IN (SELECT path FROM files ORDER BY used LIMIT ?)",
            (files,),
        )
        gone += embeddings
        used = used_bytes(connection)
    return gone


def _oldest(connection: sqlite3.Connection, table: str, share: float) -> int:
    """How many rows of a table are that share of it."""
    count: int = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608
    return math.ceil(count * share)


def shrink(connection: sqlite3.Connection, max_bytes: int) -> None:
    """Within a transaction: give free pages beyond the cap back to the disk."""
    pages, free, size = _pages(connection)
    for _ in range(min(free, pages - max_bytes // size)):
        # Python's sqlite3 takes one step of a statement without columns, which is one page.
        connection.execute("PRAGMA incremental_vacuum(1)")
