"""What counts of a sink, with files as Ray leaves them where something is killed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from zsclip.ray.done import finished, settle, single, without
from zsclip.ray.ids import in_one
from zsclip.ray.places import Place

IDS = st.lists(st.integers(0, 30), min_size=1, max_size=6, unique=True)


def base_of(task: int) -> str:
    return f"{'0' * 22}_{'a' * 32}_{task:06d}"


def write(sink: Path, marks: Path, task: int, ids: list[int], *, pending: bool = False) -> None:
    table = pa.table({"id": ids, "error": pa.array([None] * len(ids), pa.string())})
    parquet.write_table(table, sink / f"{base_of(task)}-0.parquet")
    ending = ".pending.parquet" if pending else ".parquet"
    parquet.write_table(table.select(["id"]), marks / (base_of(task) + ending))


def folders(where: Path) -> tuple[Path, Path]:
    sink, marks = where / "out", where / "marks"
    sink.mkdir()
    marks.mkdir()
    return sink, marks


@given(tasks=st.lists(st.tuples(IDS, st.booleans()), max_size=6))
@settings(max_examples=40, deadline=None)
def test_what_counts_is_there_once_whatever_was_written(
    tasks: list[tuple[list[int], bool]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        sink, marks = folders(Path(name))
        for task, (ids, pending) in enumerate(tasks):
            write(sink, marks, task, ids, pending=pending)
        at, beside = Place.of(sink, "sink"), Place.of(marks, "marks")
        single(settle(at, beside), "id")
        written = settle(at, beside)
        found = finished(written, "id").to_pylist()
        expected = {one for ids, pending in tasks if not pending for one in ids}
        assert sorted(found) == sorted(expected)
        in_files = [parquet.read_table(one.file.path).column("id").to_pylist() for one in written]
        assert sorted(one for ids in in_files for one in ids) == sorted(expected)
        assert not list(marks.glob("*.pending.parquet"))
        assert len(list(sink.iterdir())) == len(written)


def test_what_does_not_fit_together_goes(tmp_path: Path) -> None:
    sink, marks = folders(tmp_path)
    for task in range(5):
        write(sink, marks, task, [10 * task, 10 * task + 1])
    (marks / f"{base_of(0)}.parquet").unlink()  # only the file
    (sink / f"{base_of(1)}-0.parquet").unlink()  # only its checkpoint
    (sink / f"{base_of(2)}-0.parquet").write_bytes(b"PAR1 cut by a power failure")
    (marks / f"{base_of(3)}.parquet").write_bytes(b"")
    (sink / "notes.parquet").write_bytes(b"of somebody else")
    written = settle(Place.of(sink, "sink"), Place.of(marks, "marks"))
    assert finished(written, "id").to_pylist() == [40, 41]
    assert {path.name for path in sink.iterdir()} == {f"{base_of(4)}-0.parquet", "notes.parquet"}
    assert {path.name for path in marks.iterdir()} == {f"{base_of(4)}.parquet"}


def test_failed_rows_are_counted_without_reading_them(tmp_path: Path) -> None:
    sink, marks = folders(tmp_path)
    write(sink, marks, 0, [1, 2, 3])
    table = pa.table({"id": [1, 2, 3], "error": [None, "it is broken", None]})
    parquet.write_table(table, sink / f"{base_of(0)}-0.parquet")
    (written,) = settle(Place.of(sink, "sink"), Place.of(marks, "marks"))
    assert (written.rows, written.failed) == (3, 1)
    parquet.write_table(table, sink / f"{base_of(0)}-0.parquet", write_statistics=False)
    (written,) = settle(Place.of(sink, "sink"), Place.of(marks, "marks"))
    assert (written.rows, written.failed) == (3, 1)


@pytest.mark.parametrize("ids", [[1, 2, 3, 9], ["1", "2", "3", "9"]])
def test_done_rows_are_left_out(ids: list[int] | list[str]) -> None:
    table = pa.table({"key": ids})
    done = pa.array([ids[1], ids[3]])
    held = np.sort(done.to_numpy()) if isinstance(ids[0], int) else done
    assert without(table, "key", held).column("key").to_pylist() == [ids[0], ids[2]]
    assert without(table, "key", held[:0]) is table


def test_ids_that_are_texts_may_take_more_than_two_gigabytes_together() -> None:
    """As those of a hundred million pictures do, which no plain array of texts holds."""
    done = in_one(pa.chunked_array([["a", "b"], ["c"]]))
    assert done.type == pa.large_string()
    left = without(pa.table({"key": ["c", "d", "a"]}), "key", done)
    assert left.column("key").to_pylist() == ["d"]
    assert left.schema.field("key").type == pa.string()
