"""Results to standard output, each as soon as it comes."""

from __future__ import annotations

from zsclip.cli.output import emit, emit_row
from zsclip.outputs import Lines
from zsclip.results import Failure, Prediction

__all__ = ["Printer"]


class Printer:
    """A writer to standard output; what stands above the results is printed at once.

    Args:
        lines: What makes lines of the results.
        form: The format.
    """

    def __init__(self, lines: Lines, form: str) -> None:
        self._lines = lines
        self._emit = emit_row if form == "csv" else emit
        self._print(lines.head())

    def write(self, source: str, result: Prediction | Failure) -> None:
        """Print one result."""
        self._print(self._lines.of(source, result))

    def _print(self, lines: list[str]) -> None:
        for line in lines:
            self._emit(line)
