"""What judges a classifier on pictures whose labels are known."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sized
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

from zsclip.images import Images
from zsclip.learning.holding import Pictures, listed
from zsclip.learning.taking_vectors import TakingVectors
from zsclip.pipeline import are_vectors
from zsclip.progress import Progress
from zsclip.results import Failure, Prediction

if TYPE_CHECKING:
    from zsclip.evaluation import Evaluation

__all__ = ["Judged"]


class Judged(TakingVectors):
    """The part of a classifier that says how right it is."""

    def evaluate(
        self, images: Pictures, truth: Iterable[Any], *, progress: Progress = False
    ) -> Evaluation:
        """How right this classifier is on pictures whose labels are known.

        Each picture is read and embedded once. Those that cannot be read, and those whose truth is
        no label, are listed in the result, and count in no metric.

        Args:
            images: Pictures, as `classify_many` takes them, or their embeddings: a float array
                (n, d).
            truth: The label of each picture in their order, by its name, an alias, its id, or its
                position as an integer; of a classifier that gives several labels at once, a
                collection of these for each, or a bool array (n, labels).
            progress: Show a bar, as in `classify_many`.

        Raises:
            ParameterError: There is not one truth for each picture, or no picture could be judged.
                Where the pictures are a list, a folder or an array, this is found out before
                anything is embedded.
            LabelNotFoundError: Nothing in `truth` is a label; near ones are suggested.
            ParameterTypeError: `images` is a single picture or a set; `truth` is a bare text, or
                holds what can be no label.
            NonFiniteError: The model gave NaN or infinity.
        """
        from zsclip.evaluation import indices_of, judge, require_as_many

        labelset = self._head.labelset
        said = indices_of(labelset, truth, several=self._head.multi_label)
        images = listed(images)
        if isinstance(images, Sized):
            require_as_many(len(images), said)
        if len(said) and not said.known.any():
            said.require_known(labelset)
        return judge(self._results(images, progress), said, labelset)

    def evaluate_folder(
        self, path: str | os.PathLike[str], *, progress: Progress = False
    ) -> Evaluation:
        """How right this classifier is on a folder of class folders.

        The folders directly in it are the truth, by their names: ids, names or aliases of labels,
        or these with underscores or hyphens for spaces, as in `LabelSet.from_folder`. Pictures in
        folders that are no label, and those directly in the folder, are not read, and listed in
        the result as `Evaluation.unknown`.

        Args:
            path: The folder that holds the class folders.
            progress: Show a bar, as in `classify_many`.

        Raises:
            LabelNotFoundError: No folder is a label; near ones are suggested.
            ImageError: There is no such folder, or it or one in it cannot be opened.
            ParameterError: The folders of labels hold no picture, or none that can be read.
            ParameterTypeError: `path` is no path.
        """
        from zsclip.evaluation import find_truth

        found = find_truth(path, self._head.labelset)
        truth = [(i,) for i in found.truth] if self._head.multi_label else found.truth
        judged = self.evaluate(found.images, truth, progress=progress)
        return replace(judged, unknown=(*judged.unknown, *found.unknown))

    def _results(self, images: Pictures, progress: Progress) -> Iterator[Prediction | Failure]:
        """A prediction for each picture or embedding, or the failure of what cannot be read."""
        if are_vectors(images):
            return self._classified(self._rows_of(images, "images"))
        return self.stream(cast("Images", images), on_error="record", progress=progress)

    if TYPE_CHECKING:  # what is to be evaluated is classified as by whoever uses it

        def stream(  # noqa: D102
            self, images: Images, *, on_error: Literal["record"], progress: Progress
        ) -> Iterator[Prediction | Failure]: ...
