"""Results as lines of a table, of JSON or of CSV, each written when it comes."""

from __future__ import annotations

import base64
import csv
import io
import os
import sys
from collections.abc import Callable, Iterable
from typing import TypeAlias

from rich.cells import cell_len

from zsclip.cli.output import as_json, emit, emit_exactly, say
from zsclip.labels import LabelSet
from zsclip.results import Failure, Origin, Prediction

__all__ = ["Writer", "make_writer"]

Writer: TypeAlias = Callable[[str, Prediction | Failure], None]
"""Takes the path or URL of a picture, and its result."""

# Labels that are longer push the rest of their line to the right.
WIDEST_LABEL = 32

# How what a spreadsheet takes for a formula begins, in its own letters and in those of East Asia.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

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
            line([(f"{s.score:.3f}", s.label) for s in scores], source)

    line([("score", "label")] * top, "picture")
    return write


def _pad(text: str, width: int) -> str:
    """Padded to a width on screen, where some characters take two cells and some none."""
    return text + " " * (width - cell_len(text))


def _json_writer(top: int) -> Writer:
    """JSON Lines: one object for each picture, whatever became of it.

    How the predictions came about, which takes more room than all else, stands in the first line
    that there is one of; each line says the id of it.
    """
    last: Origin | None = None
    origin_id = ""

    def write(source: str, result: Prediction | Failure) -> None:
        nonlocal last, origin_id
        values = result.to_dict() if isinstance(result, Failure) else result.to_dict(top)
        if isinstance(result, Prediction):
            origin = values.pop("origin")
            if result.origin is not last:
                last, origin_id = result.origin, result.origin.id
                values["origin"] = origin
            values["origin_id"] = origin_id
        emit(as_json({**values, **_of_source(source)}))

    return write


def _of_source(source: str) -> dict[str, str]:
    """The name of a picture; of one that is no text its bytes as well, which JSON cannot hold."""
    try:
        source.encode()
    except UnicodeEncodeError:
        exact = base64.b64encode(os.fsencode(source)).decode("ascii")
        return {"source": source, "source_bytes": exact}
    return {"source": source}


def _csv_row(values: Iterable[object]) -> str:
    r"""A row of CSV, without the end of its line.

    Examples:
        >>> _csv_row(["a\nb.png", 1, "red, or blue"])
        '"a\nb.png",1,"red, or blue"'
    """
    line = io.StringIO()
    end = "\r\n"  # which has to be said for a field that holds either to be quoted
    csv.writer(line, lineterminator=end).writerow(values)
    return line.getvalue().removesuffix(end)


def _no_formula(source: str) -> str:
    """The path by which a spreadsheet does not compute something, and which leads to the same file.

    Examples:
        >>> _no_formula("=1+1.png"), _no_formula("a=1.png")
        ('./=1+1.png', 'a=1.png')
    """
    return os.path.join(".", source) if source.startswith(FORMULAS) else source  # noqa: PTH118


def _csv_writer(top: int) -> Writer:
    """One row for each label of each picture, best first; one with an error for a failure."""
    # In a file or a pipe a path is whatever leads to the file; a terminal would obey it.
    write_line = emit if sys.stdout.isatty() else emit_exactly

    def row(*values: object) -> None:
        write_line(_csv_row(values))

    def write(source: str, result: Prediction | Failure) -> None:
        source = _no_formula(source)
        if isinstance(result, Failure):
            row(source, "", "", "", "", str(result.error))
            return
        for rank, score in enumerate(result.top(top), start=1):
            row(source, rank, score.label, score.id, f"{score.score:.6g}", "")

    row(*CSV_COLUMNS)
    return write
