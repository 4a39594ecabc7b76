"""Where a figure is drawn, and the words that tell what it shows to who does not see it."""

from __future__ import annotations

import io
import os
from pathlib import PurePath
from typing import IO, Any, Literal
from weakref import WeakKeyDictionary

from numpy.typing import NDArray

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.markup import data_uri, element
from zsclip.needs import needed
from zsclip.wording import brief

with needed("A figure", "plot"):
    from matplotlib import rcParams
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

__all__ = [
    "Axes",
    "AxesImage",
    "DescribedFigure",
    "Figure",
    "alt_text",
    "axes_for",
    "described",
    "imaged",
    "rcParams",
]

# Where formats of files keep a description.
_KEYS = {"png": "Description", "svg": "Description", "svgz": "Description", "pdf": "Subject"}

_told: WeakKeyDictionary[Axes, str] = WeakKeyDictionary()


def alt_text(figure: Figure | Axes) -> str:
    """What a figure shows, in words: for the ``alt`` of an image, or a caption.

    All labels stand here whole, those too that the figure shortens or leaves out. What `savefig`
    writes as PNG, SVG or PDF holds it as its description, and a notebook shows it to a reader of
    screens.

    Args:
        figure: What a function of `zsclip.plot` returned, or the axes that it drew into.

    Raises:
        ParameterTypeError: `figure` is neither.
        ParameterError: Nothing of `zsclip.plot` was drawn there.
    """
    if not isinstance(figure, Figure | Axes):
        raise ParameterTypeError(f"`figure` must be a figure or axes, got {brief(figure)}.")
    parts = [figure] if isinstance(figure, Axes) else figure.axes
    if not (texts := [_told[ax] for ax in parts if ax in _told]):
        raise ParameterError(
            "`figure` must hold what a function of `zsclip.plot` drew, and nothing of it does."
        )
    return " ".join(texts)


class DescribedFigure(Figure):
    """A figure whose description goes into its files, and into the page of a notebook."""

    def savefig(
        self,
        fname: str | os.PathLike[str] | IO[Any],
        *,
        transparent: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """As of `matplotlib.figure.Figure`, with the description where the format has a place."""
        kind = kwargs.get("format")
        if kind is None and isinstance(fname, str | os.PathLike):
            kind = PurePath(fname).suffix.removeprefix(".")
        key = _KEYS.get(str(kind or rcParams["savefig.format"]).lower())
        if key and (told := self._told()):
            kwargs["metadata"] = {key: told, **(kwargs.get("metadata") or {})}
        super().savefig(fname, transparent=transparent, **kwargs)

    def _told(self) -> str:
        """Its description; empty if it was cleared, or is a copy."""
        return alt_text(self) if any(ax in _told for ax in self.axes) else ""

    def _repr_html_(self) -> str:
        drawn = io.BytesIO()
        self.savefig(drawn, format="png")
        return element(
            "img",
            src=data_uri(drawn.getvalue(), "image/png"),
            alt=self._told(),
            style=f"width:{self.get_figwidth():.2f}in;max-width:100%",
        )


def axes_for(
    ax: Axes | None, size: tuple[float, float] | None = None, *, square: bool = False
) -> Axes:
    """The axes to draw into: those that were given, or those of a new figure.

    Args:
        ax: What the user gave.
        size: Width and height of a new figure in inches; the user's own if None.
        square: Whether what is drawn keeps its shape, whatever room there is.

    Raises:
        ParameterTypeError: `ax` is no axes.
    """
    if ax is None:
        layout: Literal["compressed", "constrained"] = "compressed" if square else "constrained"
        return DescribedFigure(figsize=size, layout=layout).add_subplot()
    if not isinstance(ax, Axes):
        raise ParameterTypeError(
            f"`ax` must be axes of matplotlib, as figure.add_subplot() gives, got {brief(ax)}."
        )
    return ax


def imaged(ax: Axes, pixels: NDArray[Any], **how: Any) -> AxesImage:
    """Pixels in axes, upright and in their proportions whatever `rcParams` are for other images."""
    return ax.imshow(pixels, origin="upper", aspect="equal", **how)


def described(ax: Axes, text: str) -> Figure:
    """The figure of the axes, which now tell what they show; drawn into twice, they tell both."""
    _told[ax] = f"{_told[ax]} {text}" if ax in _told else text
    figure = ax.get_figure(root=True)
    assert figure is not None  # axes that were removed from theirs cannot be drawn into
    return figure
