"""From where on a picture is accepted: thresholds that keep what was asked for on new pictures."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import ModelInfo
from zsclip.errors import ParameterError
from zsclip.fitting.asked import Asked
from zsclip.head import Head
from zsclip.learnt import AGAINST, Rejection, lowest
from zsclip.logs import logger_for

__all__ = ["fit_rejection", "threshold_of_coverage", "threshold_of_error"]

log = logger_for("zsclip")

BLOCK = 4096  # pictures at a time
TINY = 1e-9  # less than what rounding makes of a product such as 0.9 * 10


def fit_rejection(
    asked: Asked,
    head: Head,
    model: ModelInfo,
    *,
    negatives: NDArray[np.float32] | None = None,
    words: str = "",
    embeddings: NDArray[np.float32] | None = None,
    right: NDArray[np.int64] | None = None,
) -> Rejection:
    """The rejection that was asked for, with what it does to the pictures it was fitted on.

    Args:
        asked: What was.
        head: The classifier's, with its embeddings.
        model: Its model.
        negatives: What the method compares with, if it does: float32 (m, d), L2-normalized.
        words: The name of the list that they were chosen from.
        embeddings: Those of the pictures: float32 (n, d), L2-normalized; None for a threshold by
            hand.
        right: The positions of their labels, for an error: int64 (n,), -1 for a picture of none.

    Raises:
        ParameterError: The error that was asked for cannot be had; or there are no pictures.
    """
    rejection = Rejection(
        method=asked.method,
        threshold=lowest(asked.method) if asked.threshold is None else asked.threshold,
        coverage=asked.coverage,
        max_error=asked.max_error,
        words=words,
        null_prompts=asked.null_prompts,
        negatives=negatives if asked.method in AGAINST else None,
    )
    if embeddings is None:
        return rejection
    if not (n := len(embeddings)):
        raise ParameterError("`images` must hold one picture or more, got none.")
    judging = replace(head, learnt=replace(head.learnt, rejection=rejection))
    confidence, answers = _judged(judging, model, embeddings)
    error = None
    if right is None:
        assert asked.coverage is not None
        threshold = threshold_of_coverage(confidence, asked.coverage)
        if threshold is None:
            log.warning(
                "%d pictures are too few for a coverage of %g, which takes %d of them: every "
                "picture is accepted.",
                n,
                asked.coverage,
                math.ceil(asked.coverage / (1 - asked.coverage) - TINY),
            )
            threshold = rejection.threshold
    else:
        assert asked.max_error is not None
        wrong = answers != right
        threshold = threshold_of_error(confidence, wrong, asked.max_error)
        error = float(wrong[confidence >= threshold].mean())
    accepted = float((confidence >= threshold).mean())
    threshold = max(_just_below(confidence, threshold), rejection.threshold)
    return replace(rejection, threshold=threshold, pictures=n, accepted=accepted, error=error)


def threshold_of_coverage(confidence: NDArray[np.floating[Any]], coverage: float) -> float | None:
    """From where on at least a part of the pictures of this kind is accepted.

    The conformal quantile (Angelopoulos & Bates 2021, §1): of n pictures the confidence that the
    ``ceil((n + 1) * coverage)`` highest reach. One more of the same kind reaches it with at least
    the probability `coverage`, over draws of all n + 1.

    Args:
        confidence: Of the pictures: (n,).
        coverage: The part, between 0 and 1.

    Returns:
        One of the values; None if there are fewer pictures than that takes, 19 for 0.95, and only
        one that accepts everything would do.

    Examples:
        >>> threshold_of_coverage(np.arange(19) / 100, 0.9)
        0.01
        >>> threshold_of_coverage(np.arange(8) / 100, 0.9) is None
        True
    """
    n = len(confidence)
    kept = math.ceil((n + 1) * coverage - TINY)
    return None if kept > n else float(np.sort(confidence)[n - kept])


def threshold_of_error(
    confidence: NDArray[np.floating[Any]], wrong: NDArray[np.bool_], max_error: float
) -> float:
    """The lowest confidence from which on no more than a part of the answers is wrong.

    Selective classification by a confidence (Geifman & El-Yaniv 2017, §2), with the correction of
    conformal risk control (Angelopoulos et al. 2024, §2) in the place of a bound: of k accepted
    pictures with w wrong answers the error is taken to be ``(w + 1) / (k + 1)``, because the next
    one may be wrong. What was asked for is then kept on average over draws of the pictures, those
    included that cannot show it; with w / k, the lowest of so many thresholds would be a lucky one.
    Of few pictures those draws that can show it are lucky as well.

    Args:
        confidence: Of the pictures: (n,).
        wrong: Whether the answer for each is wrong: bool (n,).
        max_error: The part, between 0 and 1.

    Returns:
        One of the values.

    Raises:
        ParameterError: No threshold keeps it; the message tells what can be had.

    Examples:
        >>> confidence = np.arange(40) / 100
        >>> threshold_of_error(confidence, confidence < 0.2, 0.1)
        0.19
    """
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    accepted = np.arange(1, len(order) + 1)
    error = (np.cumsum(wrong[order]) + 1) / (accepted + 1)
    ends = np.append(ordered[1:] < ordered[:-1], True)  # equal ones are accepted together
    kept = np.flatnonzero(ends & (error <= max_error + TINY))
    if not len(kept):
        if wrong.all():
            raise ParameterError(
                f"`max_error` cannot be had of these {len(order):,} pictures: no answer is right. "
                "Look whether `truth` is in their order, and whether the model knows them at all."
            )
        best = int(np.where(ends, error, np.inf).argmin())
        lowest_error = _up(float(error[best]))
        count, mistakes = int(accepted[best]), int(wrong[order[: accepted[best]]].sum())
        raise ParameterError(
            f"`max_error` must be one that these {len(order):,} pictures can show, got "
            f"{max_error:g}: the lowest is {lowest_error:.3g}, with {count / len(order):.1%} of "
            f"them accepted, {mistakes:,} of {count:,} wrong and one more taken for wrong. Ask for "
            "that, give more pictures, or use another `method`."
        )
    return float(ordered[kept[-1]])


def _up(part: float) -> float:
    """Rounded up to three digits, so that what is told can be asked for."""
    places = 2 - math.floor(math.log10(part))
    return math.ceil(part * 10.0**places - TINY) / 10.0**places


def _just_below(confidence: NDArray[np.float32], threshold: float) -> float:
    """A little below one of the confidences, so that its picture is accepted in any batch.

    The same picture in another batch has another last digit. A tenth of the way to the next
    confidence keeps it, and lets in a tenth of a picture more; below the lowest there is none, and
    it is as far as a tenth of the way up.
    """
    values = np.unique(confidence).astype(np.float64)
    if len(values) < 2:
        return threshold
    at = max(int(np.searchsorted(values, threshold)), 1)
    return threshold - float(values[at] - values[at - 1]) / 10


def _judged(
    head: Head, model: ModelInfo, embeddings: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The confidence of each picture, and the position of the label that is answered."""
    confidence = np.empty(len(embeddings), np.float32)
    answers = np.empty(len(embeddings), np.intp)
    for start in range(0, len(embeddings), BLOCK):
        part = slice(start, start + BLOCK)
        scores, sure = head.judged(embeddings[part], model)
        assert sure is not None
        confidence[part], answers[part] = sure, scores.argmax(axis=1)
    return confidence, answers
