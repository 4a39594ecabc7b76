"""Results as tables of pandas and of Arrow.

Stands on the public surface, and is loaded when it is first used. The columns of a table depend on
nothing that is in it, so that tables of different runs, and empty ones, go together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.needs import needed
from zsclip.results import Failure, Prediction, Score, plain_json
from zsclip.wording import brief

if TYPE_CHECKING:
    import pandas
    import pyarrow

__all__ = ["arrow_batches", "arrow_schema", "bytes_of_name", "to_arrow", "to_pandas"]

Per: TypeAlias = Literal["picture", "label"]

TEXT, FLOAT, DOUBLE, WHOLE, TRUTH, BYTES = "text", "float", "double", "whole", "truth", "bytes"

_COLUMNS: dict[str, dict[str, str]] = {
    "picture": {
        "source": TEXT,
        "label": TEXT,
        "label_id": TEXT,
        "score": FLOAT,
        "margin": DOUBLE,
        "accepted": TRUTH,
        "answer": TEXT,
        "confidence": FLOAT,
        "error": TEXT,
        "error_type": TEXT,
    },
    "label": {
        "source": TEXT,
        "rank": WHOLE,
        "label": TEXT,
        "label_id": TEXT,
        "score": FLOAT,
        "accepted": TRUTH,
        "confidence": FLOAT,
        "error": TEXT,
        "error_type": TEXT,
    },
}
"""By what a row is of: the columns, and what is in each. Whatever is not so of a row is null."""

_ROWS = 1 << 14  # of a batch


Chosen: TypeAlias = Callable[[Prediction], Sequence[Score]]
"""Which labels of a prediction have a row, best first."""


def to_pandas(results: Iterable[Prediction | Failure], *, per: Per = "picture") -> pandas.DataFrame:
    """Results as a table of pandas, which takes the extra ``pandas``.

    Args:
        results: What `classify_many`, `stream` and the like gave.
        per: What a row is of: a ``"picture"``, or a picture and a ``"label"``, best first, all
            labels of the set.

    Returns:
        The columns ``source``, ``label``, ``label_id``, ``score`` (float32), ``margin`` (float64),
        ``accepted`` (boolean), ``answer``, ``confidence`` (float32), ``error`` and ``error_type``,
        which are those of `Prediction` and of `Failure.to_dict`; with ``per="label"`` ``source``,
        ``rank`` (Int32, from 1), ``label``, ``label_id``, ``score``, ``accepted``, ``confidence``,
        ``error`` and ``error_type``. A failure has one row. What is not there is missing.

    Raises:
        MissingExtraError: pandas is not installed.
        ParameterError: `per` is something else.
        ParameterTypeError: `results` are none.

    Examples:
        >>> from zsclip import ZeroShotClassifier
        >>> from zsclip.demo import load_drawings
        >>> clf = ZeroShotClassifier(["fish", "frog", "rat"], model="tiny-cartoon")
        >>> results = clf.classify_many([drawing.data for drawing in load_drawings()])
        >>> to_pandas(results).groupby("label")["score"].count().to_dict()
        {'fish': ..., 'frog': ..., 'rat': ...}
    """
    columns = _columns(per)
    with needed("A table of pandas", "pandas"):
        import pandas

    rows = list(_rows(_pairs(results), per, None))
    values = zip(*rows, strict=True) if rows else [()] * len(columns)
    made: dict[str, Any] = {}
    for (name, kind), column in zip(columns.items(), values, strict=True):
        if kind in (FLOAT, DOUBLE):
            made[name] = np.array(column, np.float32 if kind == FLOAT else np.float64)
        else:
            # names of files that are no text are texts of Python's, and none of Arrow's
            text = pandas.StringDtype("python")
            dtype: Any = {TEXT: text, WHOLE: "Int32", TRUTH: "boolean"}[kind]
            made[name] = pandas.array(list(column), dtype=dtype)
    return pandas.DataFrame(made)


def to_arrow(results: Iterable[Prediction | Failure], *, per: Per = "picture") -> pyarrow.Table:
    r"""Results as a table of Arrow, which takes the extra ``arrow``.

    Results are turned into columns as they come, and none is held: `stream` may give any number of
    them. Polars, DuckDB and Parquet take such a table as it is.

    Args:
        results: As for `to_pandas`.
        per: As for `to_pandas`.

    Returns:
        The columns of `to_pandas`, and ``source_bytes`` at the end: of a file name that is no text,
        which Arrow cannot hold as one, the bytes. They stand as ``\udce9`` in ``source``.

    Raises:
        MissingExtraError: pyarrow is not installed.
        ParameterError: `per` is something else.
        ParameterTypeError: `results` are none.

    Examples:
        >>> to_arrow([], per="label").column_names[:5]
        ['source', 'rank', 'label', 'label_id', 'score']
    """
    schema = arrow_schema(per)
    import pyarrow

    table: pyarrow.Table = pyarrow.Table.from_batches(arrow_batches(_pairs(results), per), schema)
    return table


def arrow_schema(per: Per) -> pyarrow.Schema:
    """The columns of a table of Arrow.

    Raises:
        MissingExtraError: pyarrow is not installed.
        ParameterError: `per` is something else.
    """
    columns = _columns(per)
    with needed("A table of Arrow", "arrow"):
        import pyarrow

    types = {
        TEXT: pyarrow.string(),
        FLOAT: pyarrow.float32(),
        DOUBLE: pyarrow.float64(),
        WHOLE: pyarrow.int32(),
        TRUTH: pyarrow.bool_(),
        BYTES: pyarrow.binary(),
    }
    kinds = {**columns, "source_bytes": BYTES}
    return pyarrow.schema([(name, types[kind]) for name, kind in kinds.items()])


def arrow_batches(
    results: Iterable[tuple[str, Prediction | Failure]], per: Per, chosen: Chosen | None = None
) -> Iterator[pyarrow.RecordBatch]:
    """Results as batches of columns, some thousand rows at a time.

    Args:
        results: Each with what its picture is called.
        per: As for `to_pandas`.
        chosen: Which labels of each have a row; all if None. A picture without one has a row still.
    """
    schema = arrow_schema(per)
    import pyarrow

    rows = _rows(results, per, chosen)
    while some := list(islice(rows, _ROWS)):
        columns = [list(column) for column in zip(*some, strict=True)]
        columns.append([bytes_of_name(source) for source in columns[0]])
        columns = [plain_json(column) for column in columns]
        arrays = [pyarrow.array(c, field.type) for c, field in zip(columns, schema, strict=True)]
        yield pyarrow.RecordBatch.from_arrays(arrays, schema=schema)


def bytes_of_name(source: str) -> bytes | None:
    r"""The bytes of a file's name that is no text, which JSON and Arrow cannot hold; or None.

    Examples:
        >>> bytes_of_name("fox.png"), bytes_of_name("caf\udce9.png")
        (None, b'caf\xe9.png')
    """
    try:
        source.encode()
    except UnicodeEncodeError:
        return os.fsencode(source)
    return None


def _columns(per: str) -> dict[str, str]:
    if per not in _COLUMNS:
        raise ParameterError(f"`per` must be 'picture' or 'label', got {brief(per)}.")
    return _COLUMNS[per]


def _pairs(
    results: Iterable[Prediction | Failure],
) -> Iterator[tuple[str, Prediction | Failure]]:
    if isinstance(results, Prediction | Failure) or not isinstance(results, Iterable):
        raise ParameterTypeError(
            f"`results` must be several predictions and failures, got {brief(results)}. Put one "
            "into a list."
        )
    for result in results:
        if not isinstance(result, Prediction | Failure):
            raise ParameterTypeError(
                f"`results` must hold predictions and failures, got {brief(result)} among them."
            )
        yield result.source, result


def _rows(
    results: Iterable[tuple[str, Prediction | Failure]], per: Per, chosen: Chosen | None
) -> Iterator[tuple[Any, ...]]:
    """The rows, each with the values of `_COLUMNS` in order."""
    for source, result in results:
        if isinstance(result, Failure):
            told = result.to_dict()
            nothing = [None] * (len(_COLUMNS[per]) - 3)
            yield source, *nothing, told["error"], told["error_type"]
        elif per == "picture":
            best = result.label, result.label_id, result.score, result.margin
            yield source, *best, result.accepted, result.answer, result.confidence, None, None
        else:
            judged = result.accepted, result.confidence, None, None
            ranked = result.top(len(result.labelset)) if chosen is None else chosen(result)
            for rank, one in enumerate(ranked, start=1):
                yield source, rank, one.label, one.id, one.score, *judged
            if not ranked:
                yield source, None, None, None, None, *judged
