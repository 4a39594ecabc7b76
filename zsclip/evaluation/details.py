"""What an evaluation tells of single labels, of single pictures, and beside what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zsclip.evaluation.measures import metric_published_as, said_of
from zsclip.evaluation.parts import ClassResult, Mistake, Published

if TYPE_CHECKING:
    from zsclip.evaluation.measured import Measured

__all__ = ["class_results", "mistakes", "published_figures"]


def class_results(evaluation: Measured) -> tuple[ClassResult, ...]:
    """How each label fared, in the order of the label set."""
    labelset, truth, taken = evaluation.labelset, evaluation.truth, dict[int, int]()
    if evaluation.multi_label:
        said = said_of(evaluation)
        pictures, answered, rights = (x.sum(axis=0).tolist() for x in (truth, said, truth & said))
    else:
        n, answers = len(labelset), evaluation.scores.argmax(axis=1)
        right = answers == truth
        pictures, answered, rights = (
            np.bincount(x, minlength=n).tolist() for x in (truth, answers, truth[right])
        )
        # pairs of truth and answer, most frequent first: a table of all pairs may be too large
        pairs, sizes = np.unique(truth[~right] * n + answers[~right], return_counts=True)
        for pair in pairs[np.argsort(-sizes, kind="stable")].tolist():
            taken.setdefault(pair // n, pair % n)
    return tuple(
        ClassResult(
            label.name,
            label.id,
            pictures[i],
            answered[i],
            rights[i] / pictures[i] if pictures[i] else None,
            rights[i] / answered[i] if answered[i] else None,
            labelset[taken[i]].name if i in taken else None,
        )
        for i, label in enumerate(labelset)
    )


def mistakes(evaluation: Measured, k: int) -> list[Mistake]:
    """The most confident mistakes, the most confident first."""
    scores, labelset = evaluation.scores, evaluation.labelset
    wrong = np.flatnonzero(evaluation.ranks > 0)
    best = scores[wrong].argmax(axis=1)
    sure = scores[wrong, best]
    found = []
    for i in np.argsort(-sure, kind="stable")[:k].tolist():
        truth, answer = labelset[int(evaluation.truth[wrong[i]])], labelset[int(best[i])]
        source, score = evaluation.sources[wrong[i]], float(sure[i])
        found.append(Mistake(source, truth.name, truth.id, answer.name, answer.id, score))
    return found


def published_figures(evaluation: Measured) -> tuple[Published, ...]:
    """What the label set publishes for this model, beside what was measured."""
    rows = evaluation.labelset.expected
    model = evaluation.origin.model.name
    known = [(row, metric_published_as(row.metric)) for row in rows if row.model == model]
    measured = evaluation.metrics() if known else {}
    return tuple(
        Published(metric, row.value, measured[metric], model, row.source)
        for row, metric in known
        if metric in measured
    )
