"""What a classifier gives back: predictions and failures, and how they came about; frozen values.

What a prediction can be asked beside its scores lies in a file each: the groups of labels that are
sure enough, and the labels that together hold the truth.
"""

from __future__ import annotations

from zsclip.results.failure import Failure
from zsclip.results.origin import Origin
from zsclip.results.plain import plain_json
from zsclip.results.prediction import Prediction
from zsclip.results.ranks import NodeScore
from zsclip.results.score import Score

__all__ = ["Failure", "NodeScore", "Origin", "Prediction", "Score", "plain_json"]
