"""What a classifier learnt from pictures: small frozen values that its head carries.

What fits them (`zsclip.fitting`) takes embeddings and truth; what uses them are scores
(`zsclip.scoring`) and predictions. They are tied to what they were fitted on, the model, its
weights, the labels, the templates and the precision, and are refused anywhere else.
"""

from __future__ import annotations

from zsclip.learnt.calibration import Calibration
from zsclip.learnt.multilabel import Standardization, Thresholds
from zsclip.learnt.probe import STARTS, Probe
from zsclip.learnt.rejection import AGAINST, METHODS, ON_SCORES, SEVERAL, Rejection, lowest
from zsclip.learnt.tie import Tie
from zsclip.learnt.value import ArrayValue, LearntValue
from zsclip.learnt.whole import NOTHING, Learnt

__all__ = [
    "AGAINST",
    "METHODS",
    "NOTHING",
    "ON_SCORES",
    "SEVERAL",
    "STARTS",
    "ArrayValue",
    "Calibration",
    "Learnt",
    "LearntValue",
    "Probe",
    "Rejection",
    "Standardization",
    "Thresholds",
    "Tie",
    "lowest",
]
