"""What can still be read of a damaged file goes into a new one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsclip.cache.faults import DATABASE_ERRORS
from zsclip.cache.records import EMBEDDINGS, FILES, Kind
from zsclip.cache.schema import connect_raw, own_tables, transaction

__all__ = ["Salvaged", "salvage"]


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What came of a damaged file.

    Attributes:
        embeddings: How many embeddings were intact, and are in the new file.
        lost: How many records are known to be lost.
    """

    embeddings: int
    lost: int


def salvage(damaged: Path, connection: sqlite3.Connection) -> Salvaged:
    """Copy every record that is intact into a new file, as far as the old one can be read.

    Args:
        damaged: The old file.
        connection: The new one.

    Raises:
        sqlite3.Error: The new file cannot be written.
    """
    now, bad, saved = int(time.time()), 0, {EMBEDDINGS: 0, FILES: 0}
    with closing(connect_raw(damaged, patience=0)) as old, transaction(connection):
        with suppress(*DATABASE_ERRORS):
            old.execute("PRAGMA writable_schema = ON")  # reads a file that is shorter than it says
        tables: set[str] = set()  # another may be a view, which never ends
        with suppress(*DATABASE_ERRORS):
            tables = own_tables(old)
        uses = dict(_walk(old, "SELECT id, used FROM uses", "id")) if "uses" in tables else {}
        for kind, known in ((EMBEDDINGS, uses), (FILES, {})):
            if kind.tables[0] not in tables:
                continue
            for row in _records(old, kind, known):
                handle, _, *record = row
                if not kind.is_intact(row):
                    bad += 1
                    continue
                saved[kind] += 1
                used = known.get(handle)
                values = kind.values(record, used if isinstance(used, int) else now)
                for statement in kind.write:
                    connection.execute(statement, values)
    return Salvaged(saved[EMBEDDINGS], max(bad, len(uses) - saved[EMBEDDINGS]))


def _records(old: sqlite3.Connection, kind: Kind, known: Iterable[Any]) -> Iterator[Any]:
    """Handle, checksum and columns of every record that can be reached."""
    seen = set()
    for row in _walk(old, kind.scan(), kind.handle):
        seen.add(row[0])
        yield row
    for handle in known:  # what stands between two places that cannot be read
        if handle not in seen:
            with suppress(*DATABASE_ERRORS):
                yield from old.execute(kind.look(), (handle,))


def _walk(old: sqlite3.Connection, query: str, column: str) -> Iterator[Any]:
    """The rows from the front up to the first fault, and then from the back."""
    seen = set()
    for order in ("ASC", "DESC"):
        with suppress(*DATABASE_ERRORS):
            for row in old.execute(f"{query} ORDER BY {column} {order}"):
                if row[0] in seen:
                    return
                seen.add(row[0])
                yield row
            return
