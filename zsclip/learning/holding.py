"""What every classifier holds, whatever it does: its head, its model, and what it learnt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sized
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from zsclip.driving import DrivenModel
from zsclip.encoders import non_finite
from zsclip.errors import ParameterTypeError
from zsclip.head import Head
from zsclip.images import Images, Reading, sources_of
from zsclip.learnt import NOTHING, Learnt, LearntValue
from zsclip.pipeline import PictureOptions, are_vectors, checked_blocks, embed_all, rows_of
from zsclip.progress import Progress
from zsclip.results import Origin
from zsclip.version import __version__
from zsclip.wording import brief

if TYPE_CHECKING:
    from zsclip.cache import EmbeddingCache

__all__ = ["Holding", "Pictures", "listed"]

Pictures: TypeAlias = Images | NDArray[np.floating[Any]]
"""Pictures as `classify_many` takes them, or their embeddings: a float array (n, d)."""


class Holding:
    """A head and a model. Whatever learns gives a new classifier with another head."""

    _head: Head
    _model: DrivenModel

    @classmethod
    def _of(cls, head: Head, model: DrivenModel) -> Self:
        self = cls.__new__(cls)
        self._head, self._model = head, model
        return self

    @classmethod
    def _again(cls, head: Head, model: DrivenModel) -> Self:
        """A classifier whose model was found again, and must be the one that it learnt with."""
        if head.learnt:
            head.learnt.require_fitting(model.tie(head))
        return cls._of(head, model)

    @property
    def learnt(self) -> Learnt:
        """All that this classifier learnt from pictures, and what it is tied to."""
        return self._head.learnt

    def with_learnt(self, learnt: Learnt) -> Self:
        """A classifier that uses what another one learnt, over the same model and labels.

        Args:
            learnt: The `learnt` of the other.

        Raises:
            LearntMismatchError: It was learnt on another model, other weights, labels or templates,
                in another precision, or on scores of another kind. Every difference is named.
            ParameterTypeError: `learnt` is no `Learnt`.
        """
        if not isinstance(learnt, Learnt):
            raise ParameterTypeError(
                f"`learnt` must be the `learnt` of a classifier, got {brief(learnt)}."
            )
        head = self._embedded_head()
        if learnt:
            learnt.require_fitting(self._model.tie(head))
        return self._of(replace(head, learnt=learnt), self._model)

    def with_settings(
        self,
        *,
        batch_size: int | None = None,
        reading: Reading | None = None,
        workers: int | None = None,
        cache: bool | str | os.PathLike[str] | EmbeddingCache | None = None,
    ) -> Self:
        """The same classifier, driven otherwise: for another machine, or for strangers' pictures.

        Nothing is loaded again, and no score of the same pixels changes but by rounding. This one
        stays as it is.

        Args:
            batch_size: As in `ZeroShotClassifier`; None for the one of this classifier.
            reading: As in `ZeroShotClassifier`; None for the one of this classifier. With tighter
                limits it is ``replace(clf.reading, urls="none")`` of `dataclasses`.
            workers: As in `ZeroShotClassifier`; None for those of this classifier.
            cache: As in `ZeroShotClassifier`; None for the one of this classifier.

        Raises:
            LearntMismatchError: This classifier learnt from pictures whose pixels were read in
                another way. Limits are no other way.
            ParameterError: One of them has a value that it cannot have.
            ParameterTypeError: One of them has a type that it cannot have.

        Examples:
            >>> from zsclip import ZeroShotClassifier
            >>> clf = ZeroShotClassifier(["frog", "owl"], model="tiny-cartoon")
            >>> clf.with_settings(batch_size=8, cache=False)
            <ZeroShotClassifier 2 labels, 7 templates, tiny-cartoon on ...>
        """
        old = self._model.pictures
        kept = old.cache
        pictures = PictureOptions.of(
            batch_size=old.batch_size if batch_size is None else batch_size,
            reading=old.reading if reading is None else reading,
            exact=False,  # which the reading says already
            workers=old.workers if workers is None else workers,
            cache=(False if kept is None else kept) if cache is None else cache,
        )
        model = self._model.with_pictures(pictures)
        return self._of(self._head, model) if reading is None else self._again(self._head, model)

    def zero_shot(self) -> Self:
        """The classifier without what it learnt."""
        return self._of(replace(self._head, learnt=NOTHING), self._model)

    @property
    def origin(self) -> Origin:
        """How this classifier's predictions come about.

        Holds the SHA-256 of the model's tensors. A checkpoint given by its path is read through
        for it, once.
        """
        info, head = self._model.info, self._head
        return Origin(
            model=info,
            weights_sha256=self._model.encoder.weights_sha256,
            labelset=head.labelset.name,
            provenance=head.labelset.provenance,
            templates=head.templates,
            zsclip=__version__,
            labels_precision=None if head.precision == info.precision else head.precision,
            multi_label=head.multi_label,
            null_prompts=head.null_prompts if head.compares_with_null(info) else (),
            learnt=head.learnt.id,
        )

    # --------------------------------------------------------------------------------- inside

    def _embedded_head(self) -> Head:
        """The head with what the model made of its texts."""
        raise NotImplementedError

    def _learning(self, **parts: LearntValue) -> Self:
        """A classifier that learnt more."""
        head = self._embedded_head()
        learnt = replace(head.learnt, tie=self._model.tie(head), **cast("dict[str, Any]", parts))
        return self._of(replace(head, learnt=learnt), self._model)

    def _embeddings_of(
        self, images: Pictures, *, progress: Progress = False
    ) -> NDArray[np.float32]:
        """Those of pictures, or the array of them that was given."""
        if are_vectors(images):
            rows = self._rows_of(images, "images")
            for _ in checked_blocks(rows, rows.shape[1]):
                pass
            return np.ascontiguousarray(rows, np.float32)
        model, pictures = self._model, cast("Images", images)
        return embed_all(pictures, model.encoder, model.pictures, progress=progress)

    def _logits(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """What scores are made of, before a temperature."""
        with np.errstate(all="ignore"):
            logits = self._embedded_head().logits(rows, self._model.info)
        if not np.isfinite(logits).all():
            raise non_finite(self._model.info, "the scores")
        return logits

    def _labelled(
        self,
        images: Pictures,
        truth: Iterable[Any],
        *,
        several: bool = False,
        none: bool = False,
        progress: Progress = False,
        check: Callable[[NDArray[Any]], None] | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """Embeddings of pictures to be learnt from, and the positions of their labels.

        Takes `truth` as `indices_of` does, and raises where something is no label: before anything
        is embedded, as for all that can be known then.

        Args:
            images: The pictures.
            truth: Their labels.
            several: Whether a picture may have several.
            none: Whether None stands for a picture of none of the labels, whose position is -1.
            progress: Whether a bar is shown.
            check: What else has to hold of the positions.
        """
        from zsclip.evaluation import indices_of, require_as_many

        labelset = self._head.labelset
        true = indices_of(labelset, truth, several=several)
        wrong = tuple(pair for pair in true.unknown if not (none and pair[1] is None))
        replace(true, unknown=wrong).require_known(labelset)
        images = listed(images)
        if isinstance(images, Sized):
            require_as_many(len(images), true)
        if check is not None:
            check(true.indices)
        rows = self._embeddings_of(images, progress=progress)
        require_as_many(len(rows), true)
        return rows, true.indices

    def _rows_of(self, embeddings: object, name: str = "embeddings") -> NDArray[np.floating[Any]]:
        info = self._model.info
        return rows_of(embeddings, info.embedding_dim, info.name, name)


def listed(images: Pictures) -> Pictures:
    """The same, with the pictures of a folder as a list, so that it is known how many there are.

    Raises:
        ParameterTypeError: It is a single picture, or has no order in which to say what is true.
    """
    if are_vectors(images):
        return images
    if isinstance(images, set | frozenset):
        raise ParameterTypeError(
            f"`images` must have an order, that of `truth`, got {brief(images)}. Pass a list."
        )
    sources = sources_of(cast("Images", images))  # or raises for a single picture
    return list(sources) if isinstance(images, str | os.PathLike) else images
