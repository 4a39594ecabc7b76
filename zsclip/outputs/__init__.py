"""Results in files: which format, what of them, and written whole or not at all.

Stands above the rooms that make tables and pages, and knows how each is opened: a new format is a
row in `zsclip.outputs.formats`. What is printed and what is written to a file are the same lines.
A run that is interrupted leaves a journal, out of which the next one goes on.
"""

from __future__ import annotations

from zsclip.outputs.chosen import Chosen
from zsclip.outputs.columns import error_columns, result_columns, result_schema
from zsclip.outputs.evaluations import EVALUATIONS, evaluation_lines, write_evaluation_file
from zsclip.outputs.formats import FORMATS, check_output, choose_format, open_output
from zsclip.outputs.lines import Lines, csv_row, lines_of, no_formula
from zsclip.outputs.run import Run, Sources
from zsclip.outputs.same import about_run, differences
from zsclip.outputs.writer import Plan, Writer

__all__ = [
    "EVALUATIONS",
    "FORMATS",
    "Chosen",
    "Lines",
    "Plan",
    "Run",
    "Sources",
    "Writer",
    "about_run",
    "check_output",
    "choose_format",
    "csv_row",
    "differences",
    "error_columns",
    "evaluation_lines",
    "lines_of",
    "no_formula",
    "open_output",
    "result_columns",
    "result_schema",
    "write_evaluation_file",
]
