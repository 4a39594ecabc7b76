"""Which rows are done, by what Ray wrote down of them, and that the sink holds each of them once.

Ray writes the ids of a file's rows beside the sink before it writes the file (``x.pending``), and
takes the ending off afterwards: a file counts from then on. A process may be killed at any moment,
and what it started may live a little longer than it and the run that goes on: so everything is
looked at again at the end.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zsclip.ray.ids import in_one
from zsclip.ray.parquet import UNREADABLE
from zsclip.ray.places import Place

if TYPE_CHECKING:
    from pyarrow import ChunkedArray, Table

__all__ = ["Written", "finished", "settle", "single", "without"]

_FILE = re.compile(r"(?P<base>\w+_[0-9a-f]{32}_\d{6,})(-\d+)?(?P<pending>\.pending)?\.parquet")
"""A file of Ray's in the sink, or its checkpoint; nothing else is ever touched."""

THREADS = 16


@dataclass(frozen=True, slots=True)
class Written:
    """A file of the sink that counts, and its checkpoint.

    Attributes:
        file: The file.
        checkpoint: Its checkpoint.
        rows: How many rows it has.
        failed: How many of them are errors.
    """

    file: Place
    checkpoint: Place
    rows: int
    failed: int


def settle(sink: Place, checkpoints: Place) -> list[Written]:
    """Remove what does not count, and say what does.

    A file without a checkpoint goes, and so does a checkpoint whose file is not there or is not all
    there, as after a power cut: its rows are made anew.

    Raises:
        OSError: Something cannot be read or removed.
    """
    files = _by_base(sink)
    marked = _by_base(checkpoints)
    whole: list[tuple[Place, Place]] = []
    for base, found in files.items():
        marks = marked.pop(base, [])
        counts = [mark for mark in marks if not mark.name.endswith(".pending.parquet")]
        if len(found) == 1 and counts:
            whole.append((found[0], counts[0]))
            marks = [mark for mark in marks if mark is not counts[0]]
        else:
            _remove(found)  # before what tells of them
        _remove(marks)
    for marks in marked.values():
        _remove(marks)
    with ThreadPoolExecutor(THREADS) as pool:
        looked = list(pool.map(lambda pair: _looked(*pair), whole))
    for (file, mark), written in zip(whole, looked, strict=True):
        if written is None:
            _remove([file, mark])
    return [written for written in looked if written is not None]


def finished(written: Iterable[Written], id_column: str) -> ChunkedArray:
    """The ids of all rows that are done.

    Raises:
        OSError: Checkpoints cannot be read.
    """
    import pyarrow as pa

    def read(one: Written) -> Table:
        return _read(one.checkpoint, [id_column])

    with ThreadPoolExecutor(THREADS) as pool:
        tables = list(pool.map(read, written))
    if not tables:
        return pa.chunked_array([], pa.int64())
    return pa.concat_tables(tables).column(id_column)


def without(table: Table, id_column: str, done: Any) -> Table:
    """Those rows whose ids are not among them.

    Args:
        table: Rows.
        id_column: Their ids.
        done: Ids: sorted, in an array, where they are whole numbers; else as `in_one` has them.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(done):
        return table
    ids = table.column(id_column)
    if isinstance(done, np.ndarray):
        found = np.isin(ids.to_numpy(), done, assume_unique=True)
        return table.filter(pa.array(~found))
    return table.filter(pc.invert(pc.is_in(ids.cast(done.type), value_set=done)))


def single(written: Iterable[Written], id_column: str) -> int:
    """Have each row once: of those that are in two files, the later file loses them.

    So it is where a task outlives its run, and is done when another run has begun with its rows.

    Args:
        written: What `settle` found.
        id_column: The ids.

    Returns:
        How many rows went.

    Raises:
        OSError: A file cannot be read or written.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    files = list(written)
    codes = _codes(finished(files, id_column))
    _, first = np.unique(codes, return_index=True)
    if first.size == codes.size:
        return 0
    once = np.zeros(codes.size, np.bool_)
    once[first] = True
    start = 0
    for one in files:
        mask = once[start : start + one.rows]
        start += one.rows
        if mask.all():
            continue
        if not mask.any():
            _remove([one.file, one.checkpoint])
            continue
        marks = _read(one.checkpoint).filter(pa.array(mask))
        rows = _read(one.file)
        rows = rows.filter(pc.is_in(rows.column(id_column), value_set=marks.column(id_column)))
        # whoever is killed between the two leaves what does not fit together, and is made anew
        _write(one.checkpoint, marks)
        _write(one.file, rows)
    return int(codes.size - first.size)


def _codes(ids: ChunkedArray) -> NDArray[np.int64]:
    """Whole numbers that are equal where ids are."""
    import pyarrow as pa

    if pa.types.is_integer(ids.type):
        return np.asarray(ids.to_numpy())
    return np.asarray(in_one(ids).dictionary_encode().indices.to_numpy())


def _by_base(folder: Place) -> dict[str, list[Place]]:
    """Files of Ray's, by the task that wrote them."""
    found: dict[str, list[Place]] = defaultdict(list)
    for info in folder.files():
        place = folder.at(info.path)
        if (match := _FILE.fullmatch(place.name)) is not None:
            found[match["base"]].append(place)
    return found


def _looked(file: Place, mark: Place) -> Written | None:
    """A file and its checkpoint, if both are whole and of the same rows."""
    from pyarrow import parquet

    try:
        with mark.open() as opened:
            marked = parquet.read_metadata(opened).num_rows
        with file.open() as opened:
            about = parquet.read_metadata(opened)
            failed = _failed(about)
            if failed is None:
                column = parquet.read_table(opened, columns=["error"]).column("error")
                failed = len(column) - column.null_count
    except UNREADABLE:
        return None
    return Written(file, mark, marked, failed) if marked == about.num_rows else None


def _failed(about: Any) -> int | None:
    """How many rows of a file are errors, by what is written at its end; None if it is not."""
    failed = 0
    for group in map(about.row_group, range(about.num_row_groups)):
        columns = {
            group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)
        }
        statistics = columns["error"].statistics
        if statistics is None or not statistics.has_null_count:
            return None
        failed += group.num_rows - statistics.null_count
    return failed


def _read(place: Place, columns: list[str] | None = None) -> Table:
    from pyarrow import parquet

    with place.open() as opened:
        return parquet.read_table(opened, columns=columns)


def _write(place: Place, table: Table) -> None:
    from pyarrow import parquet

    with place.writing() as file:
        parquet.write_table(table, file)


def _remove(places: Iterable[Place]) -> None:
    for place in places:
        place.remove_file()
