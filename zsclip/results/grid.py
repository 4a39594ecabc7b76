"""`show_grid`: a list of results as a grid in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.fragments import fragment, note
from zsclip.markup import Markup, element
from zsclip.results.failure import Failure
from zsclip.results.prediction import Prediction
from zsclip.results.shown import failure_card, prediction_card
from zsclip.values import whole_number
from zsclip.wording import brief, counted

if TYPE_CHECKING:
    from zsclip.images import Images, ImageSource

__all__ = ["Grid", "show_grid"]

MOST = 120  # results: a megabyte of small pictures, which a notebook keeps


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Grid:
    """Results that a notebook shows beside each other; made by `show_grid`.

    Attributes:
        results: The results, all of them.
        images: The picture of each; None where they are read from the paths of the results.
        columns: How many stand in a row; None for as many as there is room for.
    """

    results: tuple[Prediction | Failure, ...]
    images: tuple[ImageSource, ...] | None = None
    columns: int | None = None

    def _repr_html_(self) -> str:
        shown, n = self.results[:MOST], len(self.results)
        images: Sequence[ImageSource | None] = self.images or [None] * len(shown)
        cards = [_card(*pair) for pair in zip(shown, images[:MOST], strict=True)]
        style = self.columns and f"grid-template-columns:repeat({self.columns},minmax(0,1fr))"
        more = None
        if n > MOST:
            more = note(
                f"The first {MOST} of {n:,} results are shown. For the next ones take a part of "
                f"the list, results[{MOST}:]."
            )
        return str(fragment(element("div", *cards, class_="zs-grid", style=style or None), more))

    def __repr__(self) -> str:
        failed = sum(isinstance(result, Failure) for result in self.results)
        rejected = sum(isinstance(r, Prediction) and not r.accepted for r in self.results)
        n = len(self.results)
        told = [counted(n, "result")]
        if rejected:
            told.append(f"{rejected:,} rejected")
        if failed:
            told.append(f"{failed:,} failed")
        return f"<Grid of {', '.join(told)}>"


def _card(result: Prediction | Failure, image: ImageSource | None) -> Markup:
    if isinstance(result, Failure):
        return failure_card(result.source, result.error, image)
    return prediction_card(result, image)


def show_grid(
    results: Iterable[Prediction | Failure],
    *,
    images: Images | None = None,
    columns: int | None = None,
) -> Grid:
    """Results beside each other, as the last line of a notebook's cell: pictures, bars, scores.

    Each picture is looked at again where the path of its result leads to it, made small, and kept
    in the notebook. Nothing is fetched from the network. The first 120 results are shown.

    Args:
        results: What `classify_many` gives, or a part of it.
        images: The picture of each result, in their order, where results have no path: as they
            were given to `classify_many`.
        columns: How many stand in a row; as many as there is room for if None.

    Returns:
        What shows itself in a notebook; printed, it is one line.

    Raises:
        ParameterError: There is not one picture for each result, or `columns` is not positive.
        ParameterTypeError: `results` is a single result, or holds what is none; `columns` is no
            whole number.

    Examples:
        >>> from zsclip import ZeroShotClassifier
        >>> from zsclip.demo import load_drawings
        >>> images = [drawing.data for drawing in load_drawings()]
        >>> clf = ZeroShotClassifier("cartoon-animals", model="tiny-cartoon")
        >>> show_grid(clf.classify_many(images), images=images, columns=4)
        <Grid of 13 results>
    """
    if isinstance(results, Prediction | Failure) or not isinstance(results, Iterable):
        raise ParameterTypeError(
            f"`results` must be several results, got {brief(results)}. Put it into a list."
        )
    listed = tuple(results)
    for i, result in enumerate(listed):
        if not isinstance(result, Prediction | Failure):
            raise ParameterTypeError(
                f"`results[{i}]` must be a Prediction or a Failure, got {brief(result)}. Pass what "
                "`classify_many` gives."
            )
    if columns is not None:
        columns = whole_number("columns", columns)
    return Grid(listed, _as_many(images, len(listed)), columns)


def _as_many(images: Images | None, n: int) -> tuple[ImageSource, ...] | None:
    if images is None:
        return None
    from zsclip.images import sources_of

    given = tuple(islice(sources_of(images), n + 1))
    if len(given) != n:
        got = f"{len(given):,}" if len(given) < n else "more"
        raise ParameterError(
            f"`images` must hold the picture of each result: there are {n:,} results, and {got} "
            "pictures."
        )
    return given
