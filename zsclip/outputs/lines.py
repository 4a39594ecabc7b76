"""Results as lines of a table, of JSON or of CSV, the same on a screen and in a file."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from typing import Protocol

from rich.cells import cell_len

from zsclip.labels import LabelSet
from zsclip.outputs.chosen import Chosen
from zsclip.results import Failure, Origin, Prediction, plain_json
from zsclip.tables import bytes_of_name

__all__ = ["CSV_COLUMNS", "Lines", "csv_row", "lines_of", "no_formula"]

# Labels that are longer push the rest of their line to the right.
WIDEST_LABEL = 32

# How what a spreadsheet takes for a formula begins, in its own letters and in those of East Asia.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

CSV_COLUMNS = ("source", "rank", "label", "label_id", "score", "error")
ACCEPTED = "accepted"  # a column of classifiers that reject


class Lines(Protocol):
    """Makes lines of results, without the ends of lines."""

    def head(self) -> list[str]:
        """What stands above the results."""

    def of(self, source: str, result: Prediction | Failure) -> list[str]:
        """The lines of one result; a table has none of a failure."""


def lines_of(form: str, labels: LabelSet, chosen: Chosen, *, rejecting: bool) -> Lines:
    """What makes the lines of ``table``, ``json``, ``jsonl`` or ``csv``.

    Args:
        form: The format; ``json`` is another name of ``jsonl``.
        labels: The labels of the results to come.
        chosen: Which labels to write of each picture.
        rejecting: Whether to tell which pictures were accepted.
    """
    if form in ("json", "jsonl"):
        return _JsonLines(chosen)
    if form == "csv":
        return _CsvLines(chosen, rejecting=rejecting)
    return _TableLines(labels, chosen, rejecting=rejecting)


class _TableLines:
    """Columns of a width that is known beforehand, the picture last: nothing is cut or collected.

    Where the number of labels depends on the picture, each has a line of its own.
    """

    def __init__(self, labels: LabelSet, chosen: Chosen, *, rejecting: bool) -> None:
        self._chosen, self._rejecting = chosen, rejecting
        groups = labels.groups if chosen.by == "deepest" else ()
        names = [*labels.names, *(group.name for group in groups)]
        self._width = min(max(cell_len("label"), *map(cell_len, names)), WIDEST_LABEL)
        self._columns = 1 if chosen.top is None else min(chosen.top, len(labels))

    def head(self) -> list[str]:
        return [self._line(ACCEPTED, [("score", "label")] * self._columns, "picture")]

    def of(self, source: str, result: Prediction | Failure) -> list[str]:
        if isinstance(result, Failure):
            return []
        cells = [(f"{row.score:.3f}", row.label) for row in self._chosen.of(result)]
        accepted = "yes" if result.accepted else "no"
        if self._chosen.top is not None:
            return [self._line(accepted, cells, source)]
        return [self._line(accepted, [cell], source) for cell in cells or [("-", "-")]]

    def _line(self, accepted: str, columns: Iterable[tuple[str, str]], source: str) -> str:
        cells = [f"{score:<5}  {_pad(label, self._width)}" for score, label in columns]
        first = [_pad(accepted, len(ACCEPTED))] if self._rejecting else []
        return "  ".join([*first, *cells, source])


def _pad(text: str, width: int) -> str:
    """Padded to a width on screen, where some characters take two cells and some none."""
    return text + " " * (width - cell_len(text))


class _JsonLines:
    """JSON Lines: one object for each picture, whatever became of it, in ASCII.

    Whichever labels are asked for stand in ``scores``.

    How the predictions came about, which takes more room than all else, stands in the first line
    that there is one of; each line says the id of it.
    """

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen
        self._last: Origin | None = None
        self._origin_id = ""

    def head(self) -> list[str]:
        return []

    def of(self, source: str, result: Prediction | Failure) -> list[str]:
        if isinstance(result, Failure):
            values = result.to_dict()
        else:
            values = result.to_dict(1)
            values["scores"] = [asdict(row) for row in self._chosen.of(result)]
            origin = values.pop("origin")
            # the same one as a rule; another, that says the same, of what was read out of a file
            if result.origin is not self._last and result.origin != self._last:
                self._last, self._origin_id = result.origin, result.origin.id
                values["origin"] = origin
            values["origin_id"] = self._origin_id
        values["source"] = source
        if (exact := bytes_of_name(source)) is not None:
            values["source_bytes"] = base64.b64encode(exact).decode("ascii")
        return [json.dumps(plain_json(values))]


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


def no_formula(source: str) -> str:
    """The path by which a spreadsheet does not compute something, and which leads to the same file.

    Examples:
        >>> no_formula("=1+1.png"), no_formula("a=1.png")
        ('./=1+1.png', 'a=1.png')
    """
    return os.path.join(".", source) if source.startswith(FORMULAS) else source  # noqa: PTH118


class _CsvLines:
    """One row for each label of each picture, best first; one with an error for a failure.

    A picture of which no label is written has one row as well.
    """

    def __init__(self, chosen: Chosen, *, rejecting: bool) -> None:
        self._chosen, self._rejecting = chosen, rejecting

    def head(self) -> list[str]:
        return [self._row(*CSV_COLUMNS, accepted=ACCEPTED)]

    def of(self, source: str, result: Prediction | Failure) -> list[str]:
        source = no_formula(source)
        if isinstance(result, Failure):
            return [self._row(source, "", "", "", "", str(result.error))]
        accepted = "true" if result.accepted else "false"
        rows: list[tuple[object, ...]] = [
            (rank, score.label, score.id, f"{score.score:.6g}")
            for rank, score in enumerate(self._chosen.of(result), start=1)
        ]
        return [
            self._row(source, *row, "", accepted=accepted) for row in rows or [("", "", "", "")]
        ]

    def _row(self, *values: object, accepted: str = "") -> str:
        return csv_row([*values, accepted] if self._rejecting else values)
