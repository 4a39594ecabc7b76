"""`Report`: results on a page, written as they come."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import IO, Self, TypeVar

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.forks import usable_cores
from zsclip.images import ImageSource, Reading, plain_file
from zsclip.report.rows import failed_row, row_of
from zsclip.report.stream import SIDE, PageStream
from zsclip.results import Failure, Prediction, Score, picture_path
from zsclip.values import whole_number
from zsclip.wording import brief

__all__ = ["TOP", "Report", "with_images", "write_report"]

T = TypeVar("T")

TOP = 5  # labels of each picture
TITLE = "Pictures and their labels"


class Report:
    """A page of results, written as they come; the file is there when all of it is.

    One HTML file with small pictures in it, which needs no network: search, filters, orders, counts
    for each label, and a selection that can be taken away as CSV. Memory does not grow with the
    number of pictures, and the same results make the same bytes.

    Args:
        path: Where to write: a path, whose file is there when the ``with`` block has ended without
            an error; or an open binary file, which stays open.
        title: What stands above.
        top: How many of the best labels each picture shows.
        side: Pixels of the longer side of the small pictures; 0 for a page without.
        reading: How pictures are read for these, as in `load_image`.
        overwrite: Whether to replace a file that is no such page.
        workers: How many threads make small what paths lead to, while results go on, of files that
            stay until the page is there; with 0 each picture is read before `add` returns.

    Raises:
        WouldReplaceError: Something is at `path` that is no such page.
        ParameterError: `top` is less than 1, or `side` or `workers` is negative.
        ParameterTypeError: A parameter has a type that it cannot have.
        OSError: The file cannot be written.

    Examples:
        >>> import os, tempfile
        >>> from zsclip import ZeroShotClassifier
        >>> from zsclip.demo import load_drawings
        >>> drawings = [drawing.data for drawing in load_drawings()]
        >>> clf = ZeroShotClassifier(["frog", "rat"], model="tiny-cartoon")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = os.path.join(folder, "report.html")
        ...     with Report(page, title="Frogs and rats") as report:
        ...         for drawing, result in zip(drawings, clf.stream(drawings)):
        ...             report.add(result, image=drawing)
        ...     os.path.getsize(page) > 10_000
        True
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | IO[bytes],
        *,
        title: str = TITLE,
        top: int = TOP,
        side: int = SIDE,
        reading: Reading = Reading(),
        overwrite: bool = False,
        workers: int = 0,
    ) -> None:
        self._top = whole_number("top", top)
        self._page = PageStream(
            path,
            title=title,
            side=side,
            reading=reading,
            overwrite=overwrite,
            workers=workers,
        )

    def __enter__(self) -> Self:
        self._page.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._page.__exit__(kind, error, traceback)

    def add(
        self,
        result: Prediction | Failure,
        *,
        source: str | None = None,
        image: ImageSource | None = None,
        scores: Sequence[Score] | None = None,
        are_said: bool = False,
    ) -> None:
        """Write one picture.

        It is read again to be made small, by its path or from `image`. One that has no path, such
        as one from the web, or that cannot be read, is shown by its name.

        Args:
            result: What came of it.
            source: What it is called; as in the result if None. It is never opened.
            image: The picture, where no path leads to it.
            scores: The labels to show in place of the best.
            are_said: Whether `scores` are what is said of a picture that may have several labels,
                in place of those that reach their thresholds.

        Raises:
            ParameterError: The page is not open: this is for a ``with`` block.
            ParameterTypeError: `result` is neither a `Prediction` nor a `Failure`.
        """
        if not isinstance(result, Prediction | Failure):
            raise ParameterTypeError(
                f"`result` must be a Prediction or a Failure, got {brief(result)}."
            )
        name = result.source if source is None else source
        if isinstance(result, Failure):
            self._page.write(failed_row(name, str(result.error)), None)
            return
        self._page.meet(result.labelset, result.origin)
        row = row_of(
            result,
            self._page.names,
            top=self._top,
            source=name,
            scores=scores,
            are_said=are_said,
        )
        if image is None:
            image = plain_file(picture_path(result))
        self._page.write(row, image)


def write_report(
    results: Iterable[Prediction | Failure],
    path: str | os.PathLike[str] | IO[bytes],
    *,
    images: Iterable[ImageSource] | None = None,
    title: str = TITLE,
    top: int = TOP,
    side: int = SIDE,
    reading: Reading = Reading(),
    overwrite: bool = False,
) -> None:
    """Write a page of results: `Report` in one call.

    Args:
        results: The results, taken once.
        path: As in `Report`.
        images: The pictures in the order of their results, where no paths lead to them.
        title: As in `Report`.
        top: As in `Report`.
        side: As in `Report`.
        reading: As in `Report`.
        overwrite: As in `Report`.

    Raises:
        WouldReplaceError: Something is at `path` that is no such page.
        ParameterError: There are more or fewer `images` than `results`, or as in `Report`.
        ParameterTypeError: A parameter has a type that it cannot have.
        OSError: The file cannot be written.

    Examples:
        >>> import os, tempfile
        >>> from zsclip import ZeroShotClassifier
        >>> from zsclip.demo import load_drawings
        >>> drawings = [drawing.data for drawing in load_drawings()]
        >>> clf = ZeroShotClassifier(["frog", "rat"], model="tiny-cartoon")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = os.path.join(folder, "report.html")
        ...     write_report(clf.classify_many(drawings), page, images=drawings)
        ...     os.path.getsize(page) > 10_000
        True
    """
    if isinstance(results, Prediction | Failure | str | bytes):
        raise ParameterTypeError(
            f"`results` must be the results of several pictures, got {brief(results)}. Put a "
            "single one into a list."
        )
    # a list of results is of pictures that are there; what gives them one by one may take them away
    workers = usable_cores() if isinstance(results, Sequence) else 0
    with Report(
        path,
        title=title,
        top=top,
        side=side,
        reading=reading,
        overwrite=overwrite,
        workers=workers,
    ) as report:
        for result, image in with_images(results, images):
            report.add(result, image=image)


def with_images(
    items: Iterable[T], images: Iterable[ImageSource] | None
) -> Iterator[tuple[T, ImageSource | None]]:
    """Each item with its picture; with None where none are given.

    Raises:
        ParameterError: There are more of one than of the other.
    """
    given = None if images is None else iter(images)
    for n, item in enumerate(items):
        image = None if given is None else next(given, None)
        if given is not None and image is None:
            raise _not_as_many(f"no more than {n:,}")
        yield item, image
    if given is not None and next(given, None) is not None:
        raise _not_as_many("more")


def _not_as_many(images: str) -> ParameterError:
    return ParameterError(
        f"`images` must hold one picture for each result, in their order: there are {images}."
    )
