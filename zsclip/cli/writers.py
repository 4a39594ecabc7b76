"""Results as lines of a table, of JSON or of CSV, each written when it comes."""

from __future__ import annotations

import base64
import csv
import io
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TypeAlias

from rich.cells import cell_len

from zsclip.cli.listing import Listing
from zsclip.cli.output import as_json, emit, emit_exactly, say
from zsclip.labels import LabelSet
from zsclip.results import Failure, Origin, Prediction

__all__ = ["Writer", "csv_row", "make_writer"]

Writer: TypeAlias = Callable[[str, Prediction | Failure], None]
"""Takes the path or URL of a picture, and its result."""

# Labels that are longer push the rest of their line to the right.
WIDEST_LABEL = 32

# How what a spreadsheet takes for a formula begins, in its own letters and in those of East Asia.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

CSV_COLUMNS = ("source", "rank", "label", "label_id", "score", "error")
ACCEPTED = "accepted"  # a column of classifiers that reject


def make_writer(form: str, labels: LabelSet, listing: Listing, *, rejecting: bool) -> Writer:
    """The writer for ``table``, ``json`` or ``csv``; what stands above the results is printed now.

    Args:
        form: The format.
        labels: The labels of the results to come.
        listing: Which labels to print for each picture.
        rejecting: Whether to tell which pictures were accepted.
    """
    if form == "json":
        return _json_writer(listing)
    if form == "csv":
        return _csv_writer(listing, rejecting=rejecting)
    return _table_writer(labels, listing, rejecting=rejecting)


def _table_writer(labels: LabelSet, listing: Listing, *, rejecting: bool) -> Writer:
    """Columns of a width that is known beforehand, the picture last: nothing is cut or collected.

    Where the number of labels depends on the picture, each has a line of its own. Failures go to
    standard error.
    """
    groups = labels.groups if listing.by == "deepest" else ()
    names = [*labels.names, *(group.name for group in groups)]
    width = min(max(cell_len("label"), *map(cell_len, names)), WIDEST_LABEL)

    def line(accepted: str, columns: Iterable[tuple[str, str]], source: str) -> None:
        cells = [f"{score:<5}  {_pad(label, width)}" for score, label in columns]
        first = [_pad(accepted, len(ACCEPTED))] if rejecting else []
        emit("  ".join([*first, *cells, source]))

    def write(source: str, result: Prediction | Failure) -> None:
        if isinstance(result, Failure):
            say(str(result.error))
            return
        cells = [(f"{row.score:.3f}", row.label) for row in listing.of(result)]
        accepted = "yes" if result.accepted else "no"
        if listing.top is not None:
            line(accepted, cells, source)
            return
        for cell in cells or [("-", "-")]:
            line(accepted, [cell], source)

    columns = 1 if listing.top is None else min(listing.top, len(labels))
    line(ACCEPTED, [("score", "label")] * columns, "picture")
    return write


def _pad(text: str, width: int) -> str:
    """Padded to a width on screen, where some characters take two cells and some none."""
    return text + " " * (width - cell_len(text))


def _json_writer(listing: Listing) -> Writer:
    """JSON Lines: one object for each picture, whatever became of it.

    Whichever labels are asked for stand in ``scores``.

    How the predictions came about, which takes more room than all else, stands in the first line
    that there is one of; each line says the id of it.
    """
    last: Origin | None = None
    origin_id = ""

    def write(source: str, result: Prediction | Failure) -> None:
        nonlocal last, origin_id
        if isinstance(result, Failure):
            values = result.to_dict()
        else:
            values = result.to_dict(1)
            values["scores"] = [asdict(row) for row in listing.of(result)]
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


def csv_row(values: Iterable[object]) -> str:
    r"""A row of CSV, without the end of its line.

    Examples:
        >>> csv_row(["a\nb.png", 1, "red, or blue"])
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


def _csv_writer(listing: Listing, *, rejecting: bool) -> Writer:
    """One row for each label of each picture, best first; one with an error for a failure.

    A picture of which no label is printed has one row as well.
    """
    # In a file or a pipe a path is whatever leads to the file; a terminal would obey it.
    write_line = emit if sys.stdout.isatty() else emit_exactly

    def row(*values: object, accepted: str = "") -> None:
        write_line(csv_row([*values, accepted] if rejecting else values))

    def write(source: str, result: Prediction | Failure) -> None:
        source = _no_formula(source)
        if isinstance(result, Failure):
            row(source, "", "", "", "", str(result.error))
            return
        accepted = "true" if result.accepted else "false"
        rows = listing.of(result)
        for rank, score in enumerate(rows, start=1):
            values = (source, rank, score.label, score.id, f"{score.score:.6g}", "")
            row(*values, accepted=accepted)
        if not rows:
            row(source, "", "", "", "", "", accepted=accepted)

    row(*CSV_COLUMNS, accepted=ACCEPTED)
    return write
