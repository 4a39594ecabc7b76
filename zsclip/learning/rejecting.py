"""What a classifier learns from pictures to say that one is none of the labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from zsclip.labels import LabelSet
from zsclip.learning.holding import Holding, Pictures
from zsclip.learnt import Rejection
from zsclip.progress import Progress

__all__ = ["Rejecting"]


class Rejecting(Holding):
    """The part of a classifier that rejects."""

    @property
    def rejection(self) -> Rejection | None:
        """What is rejected by, and from where on a picture is accepted; None before `rejecting`."""
        return self._head.learnt.rejection

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
        progress: Progress = False,
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
                several labels, with a single one and beside a probe.
            null_prompts: What ``"null"`` compares with. Defaults to those of the classifier, of
                its label set, or to the templates with everyday words that are no labels.
            words: The label set that ``"neglabel"`` chooses from. Defaults to ``"wordnet-words"``,
                a package of its own (``zsclip-labels-wordnet-words``). Its words are embedded once
                for each model and kept; how many there are, and how long that takes, is logged
                before.
            progress: Show a bar over the pictures, as in `classify_many`.

        Raises:
            ParameterError: The parameters do not go together; or no threshold keeps `max_error`,
                and the message says what can be had.
            ParameterTypeError: One has a type that it cannot have.
            LabelError: `null_prompts` is empty, or one of them is a label's.
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
        rows = right = None
        if images is not None and truth is not None:
            rows, right = self._labelled(images, truth, none=True, progress=progress)
        elif images is not None:
            rows = self._embeddings_of(images, progress=progress)
        rejection = fit_rejection(
            asked,
            head,
            self._model.info,
            negatives=negatives,
            words=chosen_from,
            embeddings=rows,
            right=right,
        )
        return self._learning(rejection=rejection)
