"""Results as Parquet."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from zsclip import Failure, ZeroShotClassifier, to_arrow
from zsclip.cli.listing import Listing
from zsclip.errors import ImageError, MissingExtraError, WouldReplaceError
from zsclip.outputs import FORMATS, Plan, check_output, choose_format, columns, open_output


def test_a_parquet_file_has_the_rows_that_were_chosen(
    classifier: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "_RESULTS", 2)
    name, target = "caf\udce9.png", tmp_path / "out.parquet"
    result = classifier.classify(np.zeros((4, 4, 3), np.uint8))
    plan = Plan(form="parquet", classifier=classifier, chosen=Listing("top", 2))
    for _ in range(2):  # the same bytes, too
        before = target.read_bytes() if target.exists() else None
        with open_output(plan, target) as writer:
            writer.write("full/a.png", result)
            writer.write(name, Failure(name, ImageError(name, "no")))
            writer.write("full/b.png", result)
        assert before in (None, target.read_bytes())
    table = parquet.read_table(target)
    assert table["source"].to_pylist() == [
        *["full/a.png"] * 2,
        r"caf\udce9.png",
        *["full/b.png"] * 2,
    ]
    assert table["score"].to_pylist()[:2] == [score.score for score in result.top(2)]
    assert table["source_bytes"][2].as_py() == b"caf\xe9.png"
    assert FORMATS["parquet"].is_ours(target)
    check_output("parquet", str(target))
    parquet.write_table(pa.table({"a": [1]}), target)
    with pytest.raises(WouldReplaceError):
        check_output("parquet", str(target))


def test_parquet_without_pyarrow_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert choose_format(None, "a.parquet") == "parquet"
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r"A Parquet file needs pyarrow"):
        check_output("parquet", str(tmp_path / "a.parquet"))


def test_columns_beside_those_of_a_table_are_those_of_to_arrow(
    classifier: ZeroShotClassifier,
) -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    results = classifier.classify_many([picture, "none.png"], on_error="record")
    made, plain = columns.result_columns(results, top=2), to_arrow(results)
    assert made.schema.equals(columns.result_schema(top=2))
    names = [name for name in made.column_names if name != "scores"]
    assert names == plain.column_names[1:-1]
    assert made.select(names).equals(plain.select(names))
    told = classifier.classify(picture).to_dict(2)["scores"]
    assert made["scores"].to_pylist() == [
        [{**score, "score": np.float32(score["score"])} for score in told],
        None,
    ]
    errors = columns.error_columns([None, results[1]])
    assert errors.equals(made.select(["error", "error_type"]))
    assert columns.result_columns([]).schema.equals(columns.result_schema())
