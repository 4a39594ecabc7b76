"""What a classifier gives back: predictions and failures, and how they came about; frozen values.

What a prediction can be asked beside its scores lies in a file each: the groups of labels that are
sure enough, the labels that together hold the truth, and how it shows itself in a notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsclip.lazy import lazy
from zsclip.results.failure import Failure
from zsclip.results.origin import Origin
from zsclip.results.plain import plain_json
from zsclip.results.prediction import Prediction
from zsclip.results.ranks import NodeScore
from zsclip.results.score import Score

if TYPE_CHECKING:
    from zsclip.results.grid import Grid, show_grid
    from zsclip.results.paths import picture_path

__all__ = [
    "Failure",
    "Grid",
    "NodeScore",
    "Origin",
    "Prediction",
    "Score",
    "picture_path",
    "plain_json",
    "show_grid",
]

if not TYPE_CHECKING:  # what shows them is loaded when something is to be shown
    __getattr__ = lazy(__name__, grid=("Grid", "show_grid"), paths=("picture_path",))
