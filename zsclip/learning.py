"""What judges a classifier, what it learns from pictures, and scores of vectors one has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Self, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from zsclip.driving import DrivenModel
from zsclip.encoders import non_finite
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.files import whole_number
from zsclip.head import Head
from zsclip.images import Images, TensorLike, sources_of
from zsclip.labels import LabelSet
from zsclip.learnt import NOTHING, Calibration, Learnt, LearntValue, Rejection
from zsclip.pipeline import embed_all
from zsclip.results import Origin, Prediction
from zsclip.vectors import are_vectors, checked_blocks, rows_of
from zsclip.version import __version__
from zsclip.wording import brief

__all__ = ["Learning", "Pictures", "Vectors"]

Pictures: TypeAlias = Images | NDArray[np.floating[Any]]
"""Pictures as `classify_many` takes them, or their embeddings: a float array (n, d)."""

Vectors: TypeAlias = NDArray[np.floating[Any]] | TensorLike | Sequence[Any]
"""Embeddings: a float array (n, d), a tensor of torch, or a list of rows."""


class Learning:
    """The part of `ZeroShotClassifier` that stands on its predictions and embeddings.

    Whatever learns gives a new classifier with another head; this one stays as it is.
    """

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

    # ------------------------------------------------------------------------ what was learnt

    @property
    def learnt(self) -> Learnt:
        """All that this classifier learnt from pictures, and what it is tied to."""
        return self._head.learnt

    @property
    def calibration(self) -> Calibration | None:
        """The temperature, and how much it helped; None before `calibrated`."""
        return self._head.learnt.calibration

    @property
    def rejection(self) -> Rejection | None:
        """What is rejected by, and from where on a picture is accepted; None before `rejecting`."""
        return self._head.learnt.rejection

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

    def zero_shot(self) -> Self:
        """The classifier without what it learnt."""
        return self._of(replace(self._head, learnt=NOTHING), self._model)

    # ------------------------------------------------------------------------- how sure it is

    def calibrated(
        self,
        images: Pictures,
        truth: Iterable[Any],
        *,
        seed: int = 0,
    ) -> Self:
        """A classifier whose scores say how often it is right, and that gives prediction sets.

        Half of the pictures give one temperature, by which all logits are divided (Guo et al. 2017,
        §4.2); the best label stays the best. The other half tells how strange the truth can be
        (`Prediction.prediction_set`). Four pictures are the fewest, two of each label a start, and
        labels without any are allowed: the temperature is one number. Where each label is scored by
        itself, as by a sigmoid, it makes each label's own score a probability.

        What was calibrated before is fitted anew; a `linear_probe` is calibrated as it is, and on
        pictures that it was not fitted on.

        Args:
            images: Pictures like those to come, or their embeddings: float (n, d).
            truth: The label of each, by its name, an alias, its id or its position.
            seed: Which pictures are in which half.

        Warns:
            CalibrationWarning: No picture was mistaken, or scores know the truth no better than
                chance, so that they have no likeliest temperature; `Calibration.bound` says which.

        Raises:
            LabelNotFoundError: Some of the truth is no label; all of that is listed.
            ParameterError: There are fewer than four pictures, or not as many as truths; or what is
                not accepted is decided by scores, which this would change: reject afterwards.
            ParameterTypeError: `truth` is no list of labels.

        Examples:
            >>> import io
            >>> from PIL import Image
            >>> from zsclip import ZeroShotClassifier
            >>> from zsclip.demo import load_drawings
            >>> turned = [
            ...     (Image.open(io.BytesIO(d.data)).convert("RGBA").rotate(angle), d.animal)
            ...     for d in load_drawings()
            ...     for angle in range(-30, 31, 10)
            ... ]
            >>> images, truth = zip(*turned, strict=True)
            >>> clf = ZeroShotClassifier(sorted(set(truth)), model="tiny-cartoon")
            >>> sure = clf.calibrated(images, truth)
            >>> sure.calibration.ece_after < sure.calibration.ece_before
            True
            >>> [score.label for score in sure.classify(images[-1]).prediction_set(0.9)]
            ['rat', 'squirrel', 'frog']
        """
        from zsclip.fitting.calibrating import calibrate, require_before_rejecting, warn_of_bound

        require_before_rejecting(self._head.learnt)
        seed = whole_number("seed", seed, least=0)
        rows, true = self._labelled(images, truth)
        head, info = self._embedded_head(), self._model.info
        logits = head.logits(rows, info)
        if not np.isfinite(logits).all():
            raise non_finite(info, "the scores")
        alone = info.score_function == "sigmoid" and head.learnt.probe is None
        made = calibrate(logits, true, alone=alone, seed=seed)
        warn_of_bound(made)
        return self._learning(calibration=made)

    # ------------------------------------------------------------------------------ none of these

    def rejecting(
        self,
        images: Pictures | None = None,
        truth: Iterable[Any] | None = None,
        *,
        coverage: float | None = None,
        max_error: float | None = None,
        threshold: float | None = None,
        method: str | None = None,
        null_prompts: Iterable[str] | None = None,
        words: str | LabelSet | None = None,
    ) -> Self:
        """A classifier that says "none of these": `Prediction.accepted`, and `Prediction.answer`.

        Exactly one of `coverage`, `max_error` and `threshold` says from which confidence on a
        picture is accepted. The confidence is a number that grows with how sure one can be, by a
        method:

        - ``"probability"``: the highest score (Hendrycks & Gimpel 2017, §2);
        - ``"mcm"``: the highest share in a softmax of the cosines (Ming et al. 2022, §3);
        - ``"energy"``: the log of the sum of exponentials of the logits (Liu et al. 2020, §3.1);
        - ``"margin"``: the highest score less the second (Scheffer et al. 2001, §3);
        - ``"null"``: the labels' share against prompts that stand for none of them;
        - ``"neglabel"``: the labels' share against words far from them (Jiang et al. 2024, §3).

        Those that compare with texts (``"mcm"``, ``"null"``, ``"neglabel"``) do so beside a linear
        probe as well. Where a picture can have several labels, ``"probability"``, ``"null"`` and
        ``"neglabel"`` mean something.

        Args:
            images: Pictures of the kind that is wanted, or their embeddings: float (n, d).
            truth: The label of each, as `evaluate` takes it, for `max_error`; None for a picture
                that is none of the labels, which to accept is an error.
            coverage: Accept a new picture of this kind with at least this probability. Takes 19
                pictures for 0.95; with fewer every picture is accepted, and a warning is logged.
            max_error: Have at most this part of the answers wrong among new pictures that are
                accepted, on average over draws of `images`. Takes 19 pictures for 0.05 where all
                answers are right, and some hundreds to come near it.
            threshold: The confidence itself, in the measure of `method`.
            method: Defaults to ``"mcm"``, or to ``"probability"`` for a `threshold` by hand, with
                several labels and beside a probe.
            null_prompts: What ``"null"`` compares with. Defaults to those of the classifier.
            words: The label set that ``"neglabel"`` chooses from. Defaults to ``"wordnet-words"``,
                a package of its own (``zsclip-labels-wordnet-words``). Its words are embedded once
                for each model and kept; how many there are, and how long that takes, is logged
                before.

        Raises:
            ParameterError: The parameters do not go together; or no threshold keeps `max_error`,
                and the message says what can be had.
            ParameterTypeError: One has a type that it cannot have.
            LabelNotFoundError: `truth` holds what is no label; all of it is listed.
            LabelSetNotFoundError: `words` is not installed.
            ImageError: A picture cannot be read.

        Examples:
            >>> from zsclip import ZeroShotClassifier
            >>> from zsclip.demo import load_drawings
            >>> drawings = {drawing.animal: drawing.data for drawing in load_drawings()}
            >>> clf = ZeroShotClassifier(["fish", "octopus"], model="tiny-cartoon")
            >>> prediction = clf.rejecting(threshold=0.9).classify(drawings["tiger"])
            >>> prediction.accepted, prediction.answer
            (False, None)
        """
        from zsclip.fitting.asked import Asked
        from zsclip.fitting.neglabel import negatives_of
        from zsclip.fitting.rejection import fit_rejection

        asked = Asked.of(
            self._head,
            has_images=images is not None,
            has_truth=truth is not None,
            coverage=coverage,
            max_error=max_error,
            threshold=threshold,
            method=method,
            null_prompts=null_prompts,
            words=words,
        )
        head, texts = self._embedded_head(), self._model.texts
        negatives, chosen_from = negatives_of(asked, head, texts, too_long=self._model.too_long)
        rejection = fit_rejection(
            asked,
            head,
            self._model.info,
            negatives=negatives,
            words=chosen_from,
            embeddings=None if images is None else self._embeddings_of(images),
            truth=truth,
        )
        return self._learning(rejection=rejection)

    # ------------------------------------------------------------- vectors that one has already

    def classify_embeddings(self, embeddings: Vectors) -> list[Prediction]:
        """Classify pictures by their embeddings, such as those in a database.

        Args:
            embeddings: Of `encode_images` of the same model: float (n, d), L2-normalized, in any
                precision; an array, a map of a file, a tensor of torch, or a list of rows.

        Returns:
            One prediction for each row, as `classify` would give it up to rounding (1e-6 in
            fp32); its `source` is ``<embedding 0>``, and so on.

        Raises:
            ParameterError: The array has another shape, holds NaN or infinity, or a row that is not
                of length 1.
            ParameterTypeError: `embeddings` is no array of floats.
            NonFiniteError: The model gave NaN or infinity for a label.
        """
        rows = self._rows_of(embeddings)  # before anything is computed
        head, info, origin = self._embedded_head(), self._model.info, self.origin
        predictions: list[Prediction] = []
        for start, block in checked_blocks(rows, len(head.labelset)):
            sources = (f"<embedding {start + i}>" for i in range(len(block)))
            predictions.extend(head.predictions(block, info, sources, origin))
        return predictions

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

    # --------------------------------------------------------------------------------- inside

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

    def _embedded_head(self) -> Head:
        """The head with what the model made of its texts."""
        raise NotImplementedError

    def _learning(self, **parts: LearntValue) -> Self:
        """A classifier that learnt more."""
        head = self._embedded_head()
        learnt = replace(head.learnt, tie=self._model.tie(head), **cast("dict[str, Any]", parts))
        return self._of(replace(head, learnt=learnt), self._model)

    def _embeddings_of(self, images: Pictures) -> NDArray[np.float32]:
        """Those of pictures, or the array of them that was given."""
        if are_vectors(images):
            rows = self._rows_of(images)
            for _ in checked_blocks(rows, rows.shape[1]):
                pass
            return np.ascontiguousarray(rows, np.float32)
        return embed_all(
            sources_of(cast("Images", images)), self._model.encoder, self._model.pictures
        )

    def _labelled(
        self, images: Pictures, truth: Iterable[Any], *, several: bool = False
    ) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """Embeddings of pictures to be learnt from, and the positions of their labels.

        Takes `truth` as `indices_of` does, and raises where something is no label.
        """
        from zsclip.evaluation.truth import indices_of

        labelset = self._head.labelset
        true = indices_of(labelset, truth, several=several)
        true.require_known(labelset)
        rows = self._embeddings_of(images)
        if len(rows) != len(true):
            raise ParameterError(
                f"`truth` must say what each of the {len(rows):,} pictures shows, got "
                f"{len(true):,} labels. Give as many as there are pictures, in their order."
            )
        return rows, true.indices

    def _rows_of(self, embeddings: object) -> NDArray[np.floating[Any]]:
        info = self._model.info
        return rows_of(embeddings, info.embedding_dim, info.name)
