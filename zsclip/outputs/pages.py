"""Results on a page of HTML, as a format of files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zsclip.forks import usable_cores
from zsclip.outputs.chosen import Chosen
from zsclip.outputs.writer import Plan
from zsclip.report import Report
from zsclip.results import Failure, Prediction

__all__ = ["open_page"]


class _PageWriter:
    def __init__(self, report: Report, chosen: Chosen) -> None:
        self._report, self._chosen = report, chosen

    def write(self, source: str, result: Prediction | Failure) -> None:
        scores = None if isinstance(result, Failure) else self._chosen.of(result)
        are_said = self._chosen.by == "above"
        self._report.add(result, source=source, scores=scores, are_said=are_said)


@contextmanager
def open_page(plan: Plan, target: Path) -> Iterator[_PageWriter]:
    """Open a new page, with the labels that are chosen of each picture as its bars."""
    # With the classifier's limits, and isolated if that was asked for; whether what is there may be
    # replaced was asked before.
    reading, workers = plan.classifier.reading, usable_cores()
    with Report(target, reading=reading, workers=workers, overwrite=True) as report:
        yield _PageWriter(report, plan.chosen)
