"""A page of results: one HTML file with all that it shows, which needs no network.

Stands on the public surface: results or an evaluation in, a file out. The file is written as
results come, so that memory does not grow with their number. What strangers wrote, labels and names
of files, is in it as data alone: as JSON, or as texts that `zsclip.markup` escapes.
"""

from __future__ import annotations

from zsclip.report.judged import write_evaluation
from zsclip.report.stream import is_report
from zsclip.report.writing import Report, write_report

__all__ = ["Report", "is_report", "write_evaluation", "write_report"]
