"""Rows that a run is given, and what is asked of them before a cluster is."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from zsclip import ZeroShotClassifier
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.ray.given import given_rows
from zsclip.ray.job import Job
from zsclip.ray.places import Place


@pytest.mark.parametrize("name", ["source", "table", "row", "label", "error", "embedding"])
def test_ids_are_not_called_as_a_column_of_the_results_is(
    name: str, tmp_path: Path, tiny: ZeroShotClassifier
) -> None:
    """Numbers of rows would stand where ids are: those of two tables are the same."""
    table = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"path": ["a.png", "b.png"], name: [7, 8]}), table)
    with pytest.raises(ParameterError, match=f"`id_column` names '{name}', and a column"):
        given_rows(
            table, tiny, column="path", id_column=name, on_error="record", width=None,
            sink=Place.of(tmp_path / "out", "sink"),
        )  # fmt: skip


def test_ids_of_several_kinds_are_refused_in_words(
    tmp_path: Path, tiny: ZeroShotClassifier
) -> None:
    def begin(*tables: dict[str, object]) -> None:
        folder = tmp_path / str(len([*tmp_path.iterdir()]))
        folder.mkdir()
        for n, columns in enumerate(tables):
            parquet.write_table(pa.table(columns), folder / f"{n}.parquet")
        job = Job(Place.of(folder / "out", "sink"))
        given_rows(
            folder, tiny, column=None, id_column="k", on_error="record", width=None, sink=job.sink
        ).begin(job, {})

    paths: dict[str, object] = {"path": ["a.png", "b.png"]}
    begin({**paths, "k": pa.array([1, 2**64 - 1], pa.uint64())})
    begin({**paths, "k": pa.array(["x", "y"]).dictionary_encode()})
    with pytest.raises(ParameterTypeError, match="of one kind in all tables"):
        begin({**paths, "k": [1, 2]}, {**paths, "k": ["x", "y"]})
    with pytest.raises(ParameterError, match="1 of 4 rows have none"):
        begin({**paths, "k": [None, "z"]}, {**paths, "k": ["x", "y"]})
    with pytest.raises(ParameterError, match=r"1\.parquet' has no such column"):
        begin({"image": [b"1"], "k": [1]}, {"image": [b"2"]})
