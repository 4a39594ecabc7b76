"""What can still be read of a damaged file goes into a new one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsclip.cache.database import is_intact
from zsclip.cache.faults import DATABASE_ERRORS
from zsclip.cache.records import unpack
from zsclip.cache.schema import connect_raw, transaction

__all__ = ["Salvaged", "salvage"]


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What came of a damaged file.

    Attributes:
        embeddings: How many embeddings were intact, and are in the new file.
        files: How many hashes of files.
        lost: How many records are known to be lost.
    """

    embeddings: int
    files: int
    lost: int


def salvage(damaged: Path, connection: sqlite3.Connection) -> Salvaged:
    """Copy every record that is intact into a new file, as far as the old one can be read.

    Args:
        damaged: The old file.
        connection: The new one.

    Raises:
        sqlite3.Error: The new file cannot be written.
    """
    now, embeddings, files, bad = int(time.time()), 0, 0, 0
    with closing(connect_raw(damaged, patience=0)) as old, transaction(connection):
        with suppress(*DATABASE_ERRORS):
            old.execute("PRAGMA writable_schema = ON")  # reads a file that is shorter than it says
        uses = dict(_walk(old, "uses", "id", "id, used"))
        for number, *record in _embeddings(old, uses):  # key, checksum, vector
            if unpack(*record) is None:
                bad += 1
                continue
            embeddings += 1
            used = uses.get(number)
            made = connection.execute(
                "INSERT OR REPLACE INTO embeddings (key, checksum, vector) VALUES (?, ?, ?)", record
            )
            connection.execute(
                "INSERT OR REPLACE INTO uses (id, used) VALUES (?, ?)",
                (made.lastrowid, used if isinstance(used, int) else now),
            )
        for row in _walk(old, "files", "path", "path, stamp, checksum, digest"):
            if not is_intact(*row):
                bad += 1
                continue
            files += 1
            connection.execute(
                "INSERT OR REPLACE INTO files (path, stamp, checksum, digest, used) "
                "VALUES (?, ?, ?, ?, ?)",
                (*row, now),
            )
    return Salvaged(embeddings, files, max(bad, len(uses) - embeddings))


def _embeddings(old: sqlite3.Connection, uses: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    """Id, key, checksum and vector of every row that can be reached."""
    seen = set()
    for row in _walk(old, "embeddings", "id", "id, key, checksum, vector"):
        seen.add(row[0])
        yield row
    for number in uses:  # what stands between two places that cannot be read
        if number in seen:
            continue
        with suppress(*DATABASE_ERRORS):
            yield from old.execute(
                "SELECT id, key, checksum, vector FROM embeddings WHERE id = ?", (number,)
            ).fetchall()


def _walk(
    old: sqlite3.Connection, table: str, column: str, fields: str
) -> Iterator[tuple[Any, ...]]:
    """The rows from the front up to the first fault, and then from the back."""
    seen = set()
    for order in ("ASC", "DESC"):
        query = f"SELECT {fields} FROM {table} ORDER BY {column} {order}"  # noqa: S608
        with suppress(*DATABASE_ERRORS):
            for row in old.execute(query):
                if row[0] in seen:
                    return
                seen.add(row[0])
                yield row
            return
