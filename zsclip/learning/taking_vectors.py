"""Scores of vectors that one has already, such as those of a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.images import TensorLike, names_for
from zsclip.learning.holding import Holding
from zsclip.pipeline import checked_blocks
from zsclip.results import Prediction

__all__ = ["TakingVectors", "Vectors"]

Vectors: TypeAlias = NDArray[np.floating[Any]] | TensorLike | Sequence[Any]
"""Embeddings: a float array (n, d), a tensor of torch, or a list of rows."""


class TakingVectors(Holding):
    """The part of a classifier that takes embeddings in place of pictures."""

    def classify_embeddings(
        self, embeddings: Vectors, *, sources: Iterable[str] | None = None
    ) -> list[Prediction]:
        """Classify pictures by their embeddings, such as those in a database.

        Args:
            embeddings: Of `encode_images` of the same model: float (n, d), L2-normalized, in any
                precision; an array, a map of a file, a tensor of torch, or a list of rows.
            sources: A name for each row, as in `classify_many`; nothing is opened by these names.

        Returns:
            One prediction for each row, as `classify` would give it up to rounding (1e-6 in
            fp32); its `source` is its name, or ``<embedding 0>``, and so on.

        Raises:
            ParameterError: The array has another shape, holds NaN or infinity, or a row that is not
                of length 1; or there is not one name in `sources` for each row.
            ParameterTypeError: `embeddings` is no array of floats, or a name no text.
            NonFiniteError: The model gave NaN or infinity for a label.
        """
        rows = self._rows_of(embeddings)
        if sources is None:
            return list(self._classified(rows))
        named = zip(self._classified(rows), names_for(len(rows), sources), strict=True)
        return [replace(prediction, source=name, named=True) for prediction, name in named]

    def score_embeddings(self, embeddings: Vectors) -> NDArray[np.float32]:
        """The scores of pictures by their embeddings; takes and raises what the former does.

        Beside the result it needs a few megabytes, however many rows there are. Where the result
        itself is too large, give it some rows at a time.

        Returns:
            float32 (n, labels), the numbers that `classify_embeddings` gives, without an object
            for each row.

        Examples:
            >>> from zsclip import ZeroShotClassifier
            >>> from zsclip.demo import load_drawings
            >>> clf = ZeroShotClassifier(["frog", "fish", "owl"], model="tiny-cartoon")
            >>> rows = clf.encode_images([drawing.data for drawing in load_drawings()])
            >>> clf.score_embeddings(rows).shape
            (13, 3)
        """
        rows = self._rows_of(embeddings)
        head, info = self._embedded_head(), self._model.info
        scores = np.empty((len(rows), len(head.labelset)), np.float32)
        for start, block in checked_blocks(rows, len(head.labelset)):
            scores[start : start + len(block)] = head.scores(block, info)
        return scores

    def _classified(self, rows: NDArray[np.floating[Any]]) -> Iterator[Prediction]:
        head, info, origin = self._embedded_head(), self._model.info, self.origin
        for start, block in checked_blocks(rows, len(head.labelset)):
            sources = (f"<embedding {start + i}>" for i in range(len(block)))
            yield from head.predictions(block, info, sources, origin)
