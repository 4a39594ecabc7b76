"""How right a classifier is: truth, metrics, intervals and comparison, over arrays and results.

Nothing here runs a model: scores and what is true come in, numbers with their names go out. What
needs scipy imports it where it is used.
"""

from __future__ import annotations

from zsclip.evaluation.comparison import Comparison
from zsclip.evaluation.evaluation import Evaluation
from zsclip.evaluation.folders import find_truth
from zsclip.evaluation.judging import judge, require_as_many
from zsclip.evaluation.measures import measure_of
from zsclip.evaluation.metrics import ece, reliability_bins
from zsclip.evaluation.parts import ClassResult, DepthResult, Mistake, Published, UnknownTruth
from zsclip.evaluation.printed import in_figures, metric_rows
from zsclip.evaluation.tables import TruthTable, read_truth
from zsclip.evaluation.truth import Truth, indices_of

__all__ = [
    "ClassResult",
    "Comparison",
    "DepthResult",
    "Evaluation",
    "Mistake",
    "Published",
    "Truth",
    "TruthTable",
    "UnknownTruth",
    "ece",
    "find_truth",
    "in_figures",
    "indices_of",
    "judge",
    "measure_of",
    "metric_rows",
    "read_truth",
    "reliability_bins",
    "require_as_many",
]
