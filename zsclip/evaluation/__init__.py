"""How right a classifier is: truth, metrics, intervals and comparison, over arrays and results.

Nothing here runs a model: scores and what is true come in, numbers with their names go out. What
needs scipy imports it where it is used.
"""

from __future__ import annotations

from zsclip.evaluation.tables import TruthTable, read_truth
from zsclip.evaluation.truth import Truth, indices_of

__all__ = ["Truth", "TruthTable", "indices_of", "read_truth"]
