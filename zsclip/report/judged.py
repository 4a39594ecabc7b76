"""`write_evaluation`: the pictures of an evaluation on a page, below its numbers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import IO, Any

from zsclip.errors import ParameterTypeError
from zsclip.evaluation import Evaluation
from zsclip.forks import usable_cores
from zsclip.images import ImageSource, Reading, plain_file
from zsclip.report.rows import Names, failed_row, row_of
from zsclip.report.stream import SIDE, PageStream
from zsclip.report.told import told_of
from zsclip.report.writing import TOP, with_images
from zsclip.results import Prediction
from zsclip.values import whole_number
from zsclip.wording import brief, shown

__all__ = ["write_evaluation"]

TITLE = "How right it was"


def write_evaluation(
    evaluation: Evaluation,
    path: str | os.PathLike[str] | IO[bytes],
    *,
    images: Iterable[ImageSource] | None = None,
    title: str = TITLE,
    top: int = TOP,
    side: int = SIDE,
    reading: Reading = Reading(),
    overwrite: bool = False,
) -> None:
    """Write a page of an evaluation: metrics with intervals, confusions, and every picture.

    As a page of results, with the truth of each picture, the most confident mistakes above all, and
    a filter for right and wrong. Where pictures may have several labels, right is one of which just
    the true ones are said.

    Args:
        evaluation: The evaluation.
        path: As in `Report`.
        images: The pictures that were judged, in the order of ``evaluation.sources``, where no
            paths lead to them.
        title: What stands above.
        top: How many of the best labels each picture shows.
        side: Pixels of the longer side of the small pictures; 0 for a page without.
        reading: How pictures are read for these, as in `load_image`.
        overwrite: Whether to replace a file that is no such page.

    Raises:
        WouldReplaceError: Something is at `path` that is no such page.
        ParameterError: There are more or fewer `images` than pictures that were judged, `top` is
            less than 1, or `side` is negative.
        ParameterTypeError: A parameter has a type that it cannot have.
        OSError: The file cannot be written.

    Examples:
        >>> import os, tempfile
        >>> from zsclip import ZeroShotClassifier
        >>> from zsclip.demo import load_drawings
        >>> drawings = load_drawings()
        >>> pictures, truth = [d.data for d in drawings], [d.animal for d in drawings]
        >>> clf = ZeroShotClassifier(sorted(set(truth)), model="tiny-cartoon")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = os.path.join(folder, "evaluation.html")
        ...     write_evaluation(clf.evaluate(pictures, truth), page, images=pictures)
        ...     os.path.getsize(page) > 10_000
        True
    """
    if not isinstance(evaluation, Evaluation):
        raise ParameterTypeError(
            f"`evaluation` must be an Evaluation, got {brief(evaluation)}. `write_report` takes "
            "results whose truth is not known."
        )
    top = whole_number("top", top)
    page = PageStream(
        path,
        title=title,
        above=told_of(evaluation),
        judged=True,
        side=side,
        reading=reading,
        overwrite=overwrite,
        workers=usable_cores(),
    )
    with page:
        page.meet(evaluation.labelset, evaluation.origin)
        for label in evaluation.labelset:  # in the order in which the tables above speak of them
            page.names.place(label.name, label.id)
        judged = range(len(evaluation.sources))
        for i, image in with_images(judged, images):
            source = evaluation.sources[i]
            row = _row(evaluation, i, page.names, top)
            page.write(row, plain_file(source) if image is None else image)
        for failure in evaluation.failures:  # which could not be read, and is not tried again
            page.write(failed_row(failure.source, str(failure.error)), None)
        for one in evaluation.unknown:
            said = "nothing" if one.truth is None else shown(str(one.truth))
            row = failed_row(one.source, f"its truth is no label: {said}")
            page.write(row, plain_file(one.source))


def _row(evaluation: Evaluation, i: int, names: Names, top: int) -> dict[str, Any]:
    """A picture with what is true of it."""
    result = Prediction(
        evaluation.sources[i],
        evaluation.scores[i],
        evaluation.labelset,
        evaluation.origin,
        learnt=evaluation.learnt,
    )
    accepted = True if evaluation.accepted is None else bool(evaluation.accepted[i])
    row = row_of(result, names, top=top, source=result.source, accepted=accepted)
    if evaluation.multi_label:
        truth = evaluation.truth[i].nonzero()[0].tolist()
        right = set(row["labels"]) == set(truth)
    else:
        truth = [int(evaluation.truth[i])]
        row["labels"] = [row["best"][0][0]]  # rejected as well, as the tables above count it
        right = bool(evaluation.ranks[i] == 0)
    return {**row, "truth": truth, "right": right}
