"""An evaluation as lines of a table, of JSON or of CSV, or as a page; printed, or in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from zsclip.files import writing_whole
from zsclip.images import Reading
from zsclip.outputs.formats import FORMATS, Known
from zsclip.outputs.lines import csv_row
from zsclip.results import plain_json
from zsclip.wording import printable

if TYPE_CHECKING:
    from zsclip.evaluation import Evaluation

__all__ = ["EVALUATIONS", "evaluation_lines", "write_evaluation_file"]

CSV_HEAD = "metric,label_id,value,low,high"
MOST_READ = 1 << 26  # bytes of a file that may be replaced


def _is_table(file: Path) -> bool:
    return bool(re.match(r"[\d,]+ pictures?, [\d,]+ labels?, [\d,]+ template", _start(file, 200)))


def _is_json(file: Path) -> bool:
    value = json.loads(_start(file, MOST_READ))
    return isinstance(value, dict) and {"pictures", "metrics", "origin"} <= value.keys()


def _is_csv(file: Path) -> bool:
    return _start(file, 200).startswith(f"{CSV_HEAD}\n")


def _start(file: Path, size: int) -> str:
    with file.open("rb") as opened:
        return opened.read(size).decode("utf-8", "replace")


EVALUATIONS = {
    "table": Known(is_ours=_is_table),
    "json": Known(suffixes=(".json",), is_ours=_is_json),
    "csv": Known(suffixes=(".csv",), is_ours=_is_csv),
    "html": FORMATS["html"],
}
"""The formats by name, as `choose_format` and `check_output` take them."""


def evaluation_lines(form: str, evaluation: Evaluation) -> list[str]:
    """An evaluation as lines, without their ends.

    Args:
        form: ``table``, ``json`` or ``csv``.
        evaluation: The evaluation.
    """
    if form == "json":
        return json.dumps(plain_json(evaluation.to_dict()), indent=2).splitlines()
    return list(_rows(evaluation)) if form == "csv" else str(evaluation).splitlines()


def write_evaluation_file(
    form: str, evaluation: Evaluation, target: Path, *, reading: Reading = Reading()
) -> None:
    """Write an evaluation to a file, whole or not at all.

    Args:
        form: A key of `EVALUATIONS`.
        evaluation: The evaluation.
        target: The file; whether it may be replaced was asked before.
        reading: How the pictures of a page are read.

    Raises:
        OSError: The disk refuses.
    """
    if form == "html":
        from zsclip.report import write_evaluation

        write_evaluation(evaluation, target, reading=reading, overwrite=True)
        return
    with writing_whole(target) as file:
        for line in evaluation_lines(form, evaluation):
            file.write(f"{printable(line)}\n".encode("utf-8", "surrogateescape"))


def _rows(evaluation: Evaluation) -> Iterator[str]:
    """A row for each metric, and then for recall and precision of each label."""

    def row(metric: str, label: str, value: float | None, *ends: float | None) -> str:
        numbers = ["" if n is None else f"{n:.6g}" for n in (value, *ends)]
        return csv_row([metric, label, *numbers, *[""] * (3 - len(numbers))])

    plain = evaluation.to_dict()
    yield CSV_HEAD
    for name, found in plain["metrics"].items():
        yield row(name, "", found["value"], found["low"], found["high"])
    for label in plain.get("per_class", ()):
        for metric in ("recall", "precision"):
            yield row(metric, label["id"], label[metric])
