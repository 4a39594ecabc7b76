"""Results as tables: the same numbers, types that mean something, the same columns always."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from zsclip import Failure, Prediction, ZeroShotClassifier, to_arrow, to_pandas
from zsclip.errors import ImageError, MissingExtraError, ParameterError, ParameterTypeError
from zsclip.testing import FakeEncoder

NO_TEXT = "caf\udce9.png"


@pytest.fixture(scope="module")
def classifier() -> ZeroShotClassifier:
    return ZeroShotClassifier(["cat", "dog", "red fox"], templates=["a {}."], encoder=FakeEncoder())


@pytest.fixture(scope="module")
def results(classifier: ZeroShotClassifier) -> list[Prediction | Failure]:
    pictures = [np.full((2, 2, 3), i, np.uint8) for i in range(3)]
    made: list[Prediction | Failure] = list(classifier.classify_many(pictures))
    made.insert(1, Failure(NO_TEXT, ImageError(NO_TEXT, "it is empty.")))
    return made


def rows_of(table: Any) -> list[dict[str, Any]]:
    """The rows of either kind of table, with None for whatever is missing."""
    rows = table.to_pylist() if isinstance(table, pa.Table) else table.to_dict("records")

    def plain(value: Any) -> Any:
        missing = value is pd.NA or (isinstance(value, float) and math.isnan(value))
        return None if missing else value

    return [{name: plain(value) for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("make", [to_pandas, to_arrow])
def test_a_row_is_what_a_result_says(
    make: Callable[..., Any], results: list[Prediction | Failure]
) -> None:
    rows = rows_of(make(results))
    assert len(rows) == len(results)
    for row, result in zip(rows, results, strict=True):
        if isinstance(result, Failure):
            told = result.to_dict()
            assert (row["error"], row["error_type"]) == (told["error"], "ImageError")
            assert row["label"] is row["score"] is row["accepted"] is row["answer"] is None
        else:
            for name in ("source", "label", "label_id", "score", "margin", "accepted", "answer"):
                assert row[name] == getattr(result, name), name
            assert row["confidence"] is row["error"] is None


@pytest.mark.parametrize("make", [to_pandas, to_arrow])
def test_a_row_for_each_label_is_what_top_says(
    make: Callable[..., Any], results: list[Prediction | Failure]
) -> None:
    rows = rows_of(make(iter(results), per="label"))
    assert [row["rank"] for row in rows] == [1, 2, 3, None, 1, 2, 3, 1, 2, 3]
    first = results[0]
    assert isinstance(first, Prediction)
    assert [(row["label"], row["label_id"], row["score"]) for row in rows[:3]] == [
        (score.label, score.id, score.score) for score in first.top(3)
    ]


@pytest.mark.parametrize("make", [to_pandas, to_arrow])
def test_what_is_rejected_is_told(make: Callable[..., Any], classifier: ZeroShotClassifier) -> None:
    images = [np.full((2, 2, 3), i, np.uint8) for i in range(8)]
    scores = sorted(result.score for result in classifier.classify_many(images))
    rejecting = classifier.rejecting(threshold=scores[4], method="probability")
    found = rejecting.classify_many(images)
    rows = rows_of(make(found))
    assert {row["accepted"] for row in rows} == {True, False}
    for row, result in zip(rows, found, strict=True):
        assert row["accepted"] == result.accepted
        assert row["answer"] == result.answer
        assert row["confidence"] == result.confidence


def test_types_are_the_same_whatever_is_in_a_table(results: list[Prediction | Failure]) -> None:
    for per in ("picture", "label"):
        tables = [to_pandas(some, per=per) for some in (results, [], results[1:2])]
        assert tables[0].dtypes.equals(tables[1].dtypes)
        assert tables[0].dtypes.equals(tables[2].dtypes)
        schemas = [to_arrow(some, per=per).schema for some in (results, [], results[1:2])]
        assert schemas[0] == schemas[1] == schemas[2]
        assert schemas[0].names == [*tables[0].columns, "source_bytes"]
    types = {name: str(kind) for name, kind in to_pandas(results).dtypes.items()}
    assert types["source"] == types["label"] == types["error"] == "string"
    assert (types["score"], types["margin"]) == ("float32", "float64")
    assert (types["accepted"], types["confidence"]) == ("boolean", "float32")
    assert str(to_pandas(results, per="label").dtypes["rank"]) == "Int32"
    assert [str(to_arrow([]).schema.field(name).type) for name in ("source", "score")] == [
        "string",
        "float",
    ]


def test_a_name_that_is_no_text_is_exact_in_both_tables(
    results: list[Prediction | Failure],
) -> None:
    assert to_pandas(results)["source"][1] == NO_TEXT
    table = to_arrow(results)
    assert table["source"][1].as_py() == r"caf\udce9.png"
    assert table["source_bytes"].to_pylist() == [None, b"caf\xe9.png", None, None]


def test_arrow_holds_no_results_on_the_way(
    results: list[Prediction | Failure], monkeypatch: pytest.MonkeyPatch
) -> None:
    from zsclip import tables

    monkeypatch.setattr(tables, "_ROWS", 4)
    taken = 0

    def many() -> Iterator[tuple[str, Prediction | Failure]]:
        nonlocal taken
        for _ in range(10):
            for result in results:
                taken += 1
                yield result.source, result

    batches = tables.arrow_batches(many(), "picture")
    for n in range(1, 5):
        assert len(next(batches)) == 4
        assert taken == 4 * n
    assert len(to_arrow(results * 10)) == 40


def test_what_is_no_result_is_refused(results: list[Prediction | Failure]) -> None:
    wrong: Any = results[0]
    with pytest.raises(ParameterTypeError, match="Put one into a list"):
        to_pandas(wrong)
    with pytest.raises(ParameterTypeError, match="got 'cat' among them"):
        to_arrow(["cat"])  # type: ignore[list-item]
    with pytest.raises(ParameterError, match="must be 'picture' or 'label', got 'row'"):
        to_pandas(results, per="row")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "module", "extra"),
    [(to_pandas, "pandas", "pandas"), (to_arrow, "pyarrow", "arrow")],
)
def test_without_its_library_the_extra_is_named(
    make: Callable[..., Any], module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"zsclip\[{extra}\]"):
        make([])
