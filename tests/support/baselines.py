"""Figures beside stored pictures of them: how far apart, whatever draws the letters.

Releases of matplotlib differ in how wide letters are, and so in where a layout puts what is beside
them. So the axes of what is compared have their place, its texts are compared as texts, and the
picture is one without them, as in matplotlib's own tests (``remove_text``), a quarter as large.

``ZSCLIP_TEST_STORE_FIGURES=1 pytest tests/plot`` stores what is drawn then.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image

__all__ = ["distance", "drawn", "stored", "texts"]

DPI = 50


def texts(figure: Figure) -> list[str]:
    """What can be read in a figure."""
    figure.draw_without_rendering()
    off = [ax for ax in figure.findobj(Axes) if isinstance(ax, Axes) and not ax.axison]
    hidden = {text for ax in off for axis in (ax.xaxis, ax.yaxis) for text in axis.findobj(Text)}
    found = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    return [t.get_text() for t in found if t.get_visible() and t.get_text() and t not in hidden]


def drawn(figure: Figure) -> Image.Image:
    """The figure without its texts; what changes it is not undone."""
    figure.set_layout_engine(None)
    figure.subplots_adjust(left=0.3, bottom=0.2)
    for text in figure.findobj(Text):
        text.set_visible(False)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=DPI)
    return Image.open(data).convert("RGB")


def stored(path: Path, figure: Figure) -> tuple[Image.Image, list[str]]:
    """The stored picture and its texts; the figure is stored first where that is asked for."""
    words = path.with_suffix(".txt")
    if os.environ.get("ZSCLIP_TEST_STORE_FIGURES"):
        path.parent.mkdir(exist_ok=True)
        words.write_text("\n".join(texts(figure)) + "\n", "utf-8")
        drawn(figure).quantize(64).save(path, optimize=True)
    return Image.open(path).convert("RGB"), words.read_text("utf-8").splitlines()


def distance(one: Image.Image, other: Image.Image) -> float:
    """The root of the mean squared difference of the pixels, from 0 to 255."""
    assert one.size == other.size
    return float(np.sqrt(np.mean((_numbers(one) - _numbers(other)) ** 2)))


def _numbers(image: Image.Image) -> NDArray[np.float64]:
    return np.asarray(image.reduce(4), np.float64)
