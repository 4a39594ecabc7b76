"""Figures of predictions, similarities and evaluations, drawn by matplotlib.

Each function gives a `matplotlib.figure.Figure`, or draws into an ``ax`` of yours. Nothing of
pyplot is touched: no window opens, no state is left, and your `rcParams` decide colors and fonts.
matplotlib is loaded when the first of these names is used.

Stands on the public surface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsclip.lazy import lazy

if TYPE_CHECKING:
    from zsclip.plot.curves import coverage, reliability
    from zsclip.plot.figures import alt_text
    from zsclip.plot.grids import predictions
    from zsclip.plot.matrices import confusion, similarity

__all__ = ["alt_text", "confusion", "coverage", "predictions", "reliability", "similarity"]

if not TYPE_CHECKING:
    __getattr__ = lazy(
        __name__,
        curves=("coverage", "reliability"),
        figures=("alt_text",),
        grids=("predictions",),
        matrices=("confusion", "similarity"),
    )


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
