"""What a classifier learns from pictures for better scores: a probe, a spread, a temperature."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from zsclip.learning.holding import Holding, Pictures
from zsclip.learnt import Calibration, Thresholds
from zsclip.progress import Progress
from zsclip.values import whole_number

__all__ = ["Fitted"]


class Fitted(Holding):
    """The part of a classifier that learns scores."""

    @property
    def calibration(self) -> Calibration | None:
        """The temperature, and how much it helped; None before `calibrated`."""
        return self._head.learnt.calibration

    @property
    def thresholds(self) -> Thresholds | None:
        """From which score on each of several labels is said; None before `calibrated`."""
        return self._head.learnt.thresholds

    def linear_probe(
        self,
        images: Pictures,
        truth: Iterable[Any],
        *,
        start: str = "zero",
        c: float | None = None,
        seed: int = 0,
        progress: Progress = False,
    ) -> Self:
        """A classifier over the same labels whose weights were learnt from pictures.

        Logistic regression on the embeddings (Radford et al. 2021, §3.2): its weights take the
        place of the labels' texts, everything else stays. Scores are a softmax over the labels.
        What calibrates or rejects comes afterwards, on other pictures than these.

        Args:
            images: Pictures, or their embeddings: float (n, d).
            truth: The label of each, by its name, an alias, its id or its position.
            start: ``"zero"`` learns from pictures alone, as scikit-learn's `LogisticRegression`
                does, and needs some of each label. ``"text"`` starts at the labels' texts and is
                held near them: without pictures it would give the scores of zero shots, and a label
                without any keeps about its text.
            c: The inverse of the strength of the penalty, scikit-learn's ``C``. By default it is
                found by cross-validation in five folds or fewer, by the likelihood of pictures left
                out; with a single picture of some label, or with pictures of a single label, it is
                31.6 from zero and 1 from texts.
            seed: Which pictures are in which fold.
            progress: Show a bar over the pictures, as in `classify_many`.

        Returns:
            The classifier; `learnt.probe` holds the weights, and the ``c`` that was found.

        Raises:
            LabelNotFoundError: Some of the truth is no label; all of that is listed.
            ParameterError: There are no pictures, not as many as truths, or of some label none with
                ``start="zero"``; there are several labels a picture; or something else was learnt,
                which a probe would make wrong.
            ParameterTypeError: `truth` is no list of labels, or `c` no number.
            MissingExtraError: scikit-learn or SciPy is not installed (``zsclip[fit]``).

        Examples:
            >>> from zsclip import ZeroShotClassifier
            >>> from zsclip.demo import load_drawings
            >>> drawings = {drawing.animal: drawing.data for drawing in load_drawings()}
            >>> clf = ZeroShotClassifier(["fish", "octopus", "tiger"], model="tiny-cartoon")
            >>> animals = ["fish", "octopus", "tiger"]
            >>> probe = clf.linear_probe([drawings[a] for a in animals], animals, start="text")
            >>> probe.classify(drawings["tiger"])
            <Prediction 'tiger' ... for <bytes, 4.4 kB>>
            >>> probe.learnt.probe.c
            1.0
        """
        from zsclip.fitting.probe import fit_probe, require_probe, require_shown

        head, info = self._head, self._model.info
        require_probe(head.labelset, head.learnt, multi_label=head.multi_label, start=start, c=c)
        seed = whole_number("seed", seed, least=0)

        def shown(true: NDArray[np.int64]) -> None:
            require_shown(true, head.labelset, start)

        rows, true = self._labelled(images, truth, check=shown, progress=progress)
        head = self._embedded_head()
        assert head.class_matrix is not None
        text = info.logit_scale * head.class_matrix.astype(np.float64)
        made = fit_probe(rows, true, text, head.labelset, start=start, c=c, seed=seed)
        return self._learning(probe=made)

    def standardized(self, images: Pictures, *, progress: Progress = False) -> Self:
        """A classifier for several labels whose scores compare a picture with others of its kind.

        A prompt is near to all pictures or to few, for reasons of its own. So each cosine is told
        in deviations ``z`` from its label's mean over `images`, which need no labels, as SPARC does
        over a data set to remove what is a prompt's own (Miller et al. 2025, CVPR). The score is
        ``1 / (1 + exp(-2 (z - 2)))``: 0.5 two deviations above the mean. It takes the place of null
        prompts, and is kept, so that a picture is scored by itself. It says how unusual a label is
        among such pictures; `calibrated` makes a probability of it.

        Args:
            images: Ten pictures or more like those to come, or their embeddings: float (n, d).
                Those of another kind (one thing on each where several are to come) mislead.
            progress: Show a bar over the pictures, as in `classify_many`.

        Raises:
            ParameterError: The classifier chooses one label among all; there are fewer than ten
                pictures, or all are the same; or something was learnt before that this would
                change.
            ParameterTypeError: `images` is a single picture.

        Examples:
            >>> from zsclip import ZeroShotClassifier
            >>> from zsclip.demo import load_drawings
            >>> drawings = [drawing.data for drawing in load_drawings()]
            >>> clf = ZeroShotClassifier("fish,octopus,owl", model="tiny-cartoon", multi_label=True)
            >>> clf.standardized(drawings).learnt.standardization.pictures
            13
        """
        from zsclip.fitting.standardization import fit_standardization, require_first

        require_first(self._head)
        rows, head = self._embeddings_of(images, progress=progress), self._embedded_head()
        return self._learning(standardization=fit_standardization(head.cosines(rows)))

    def calibrated(
        self,
        images: Pictures,
        truth: Iterable[Any],
        *,
        target: Literal["f1", "precision"] | None = None,
        precision: float | None = None,
        seed: int = 0,
        progress: Progress = False,
    ) -> Self:
        """A classifier whose scores say how often it is right, and that gives prediction sets.

        Half of the pictures give one temperature, by which all logits are divided (Guo et al. 2017,
        §4.2); the best label stays the best. The other half tells how strange the truth can be
        (`Prediction.prediction_set`). Four pictures are the fewest, and fifty in all a start,
        however many labels there are, some of which may have none: the temperature is one number. A
        weak prior holds it near 1, so that fewer pictures change little, for better or worse. Where
        each label is scored by itself, as by a sigmoid, it makes each label's own score a
        probability.

        Where a picture may have several labels (`multi_label=True`), log-odds become probabilities
        by a temperature and a bias that all labels share (Platt 1999, §2), and each label has a
        threshold, which `Prediction.above` goes by: its own, or that of all labels together where
        too few pictures have it (fewer than 10 for F1, than 30 for a precision of 0.9).
        `thresholds` tells how good they are, cross-validated.

        What was calibrated before is fitted anew; a `linear_probe` is calibrated as it is, and on
        pictures that it was not fitted on.

        Args:
            images: Pictures like those to come, or their embeddings: float (n, d).
            truth: The label of each, by its name, an alias, its id or its position; of several
                labels a collection of them for each picture, which may be empty, or bool (n,
                labels).
            target: Of several labels, what thresholds are chosen for: the highest F1, or a
                precision. ``"f1"`` unless `precision` is given.
            precision: The part of what is said that is to be true; 0.9 if only the target is given.
            seed: Which pictures are in which half, or of several labels in which fold.
            progress: Show a bar over the pictures, as in `classify_many`.

        Warns:
            CalibrationWarning: No picture was mistaken, or scores know the truth no better than
                chance, so that only the prior bounds the temperature; `Calibration.bound` says
                which.

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
        from zsclip.fitting.calibrating import (
            calibrate,
            require_before_rejecting,
            require_one_label,
            warn_of_bound,
        )

        require_before_rejecting(self._head.learnt)
        seed = whole_number("seed", seed, least=0)
        if self._head.multi_label:
            from zsclip.fitting.several import Target, fit_several

            goal = Target.of(target, precision)
            rows, true = self._labelled(images, truth, several=True, progress=progress)
            return self._learning(thresholds=fit_several(self._logits(rows), true, goal, seed=seed))
        require_one_label(target, precision)
        rows, true = self._labelled(images, truth, progress=progress)
        alone = self._head.scores_alone(self._model.info)
        made = calibrate(self._logits(rows), true, alone=alone, seed=seed)
        warn_of_bound(made)
        return self._learning(calibration=made)
