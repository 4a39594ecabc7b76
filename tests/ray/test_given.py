"""Rows that a run is given, and what is asked of them before a cluster is."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from zsclip import ZeroShotClassifier
from zsclip.errors import ParameterError
from zsclip.ray.given import given_rows
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
