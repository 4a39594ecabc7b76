"""Results as lines of a table, of JSON or of CSV, each written when it comes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from typing import TypeAlias

from rich.cells import cell_len

from zsclip.cli.output import emit, say
from zsclip.errors import printable
from zsclip.labels import LabelSet
from zsclip.results import Failure, Prediction

__all__ = ["Writer", "make_writer"]

Writer: TypeAlias = Callable[[str, Prediction | Failure], None]
"""Takes the path or URL of a picture, and its result."""

# Labels that are longer push the rest of their line to the right.
WIDEST_LABEL = 32

CSV_COLUMNS = ("source", "rank", "label", "label_id", "score", "error")


def make_writer(form: str, labels: LabelSet, top: int) -> Writer:
    """The writer for ``table``, ``json`` or ``csv``; what stands above the results is printed now.

    Args:
        form: The format.
        labels: The labels of the results to come.
        top: How many labels to print for each picture.
    """
    top = min(top, len(labels))
    if form == "json":
        return _json_writer(top)
    return _csv_writer(top) if form == "csv" else _table_writer(labels, top)


def _table_writer(labels: LabelSet, top: int) -> Writer:
    """Columns of a width that is known beforehand, the picture last: nothing is cut or collected.

    Failures go to standard error.
    """
    width = min(max(cell_len("label"), *map(cell_len, labels.names)), WIDEST_LABEL)

    def line(columns: Iterable[tuple[str, str]], source: str) -> None:
        cells = [f"{score:<5}  {_pad(label, width)}" for score, label in columns]
        emit("  ".join([*cells, source]))

    def write(source: str, result: Prediction | Failure) -> None:
        if isinstance(result, Failure):
            say(str(result.error))
        else:
            scores = result.top(top)
            line([(f"{s.score:.3f}", s.label) for s in scores], printable(source))

    line([("score", "label")] * top, "picture")
    return write


def _pad(text: str, width: int) -> str:
    """Padded to a width on screen, where some characters take two cells and some none."""
    return text + " " * (width - cell_len(text))


def _json_writer(top: int) -> Writer:
    """JSON Lines: one object for each picture, whatever became of it."""

    def write(source: str, result: Prediction | Failure) -> None:
        values = result.to_dict() if isinstance(result, Failure) else result.to_dict(top)
        emit(json.dumps({**values, "source": source}))

    return write


def _csv_writer(top: int) -> Writer:
    """One row for each label of each picture, best first; one with an error for a failure."""

    def row(*values: object) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(values)
        emit(line.getvalue())

    def write(source: str, result: Prediction | Failure) -> None:
        if isinstance(result, Failure):
            row(source, "", "", "", "", str(result.error))
            return
        for rank, score in enumerate(result.top(top), start=1):
            row(source, rank, score.label, score.id, f"{score.score:.6g}", "")

    row(*CSV_COLUMNS)
    return write
