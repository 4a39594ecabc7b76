"""Why a number may not be the one that was hoped for: what can be seen without more pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from zsclip.errors import ZsclipError
from zsclip.evaluation.measures import MEASURES, metric_published_as
from zsclip.evaluation.orders import find_better_order
from zsclip.labels import DEFAULT_TEMPLATES, LabelSet, load_labelset
from zsclip.labels.values import PLACEHOLDER
from zsclip.wording import brief, in_a_row

if TYPE_CHECKING:
    from zsclip.evaluation.measured import Measured

__all__ = ["hints_of"]

_NUMBERED = re.compile(r"[a-z]{0,3}[0-9]+", re.IGNORECASE)  # n01440764


def hints_of(evaluation: Measured) -> Iterator[str]:
    """See `Evaluation.hints`."""
    if not evaluation.multi_label:
        yield from _of_order(evaluation)
    probe = evaluation.learnt.probe
    if probe is None or probe.start == "text":  # one from zero saw no prompt
        yield from _of_names(evaluation)
    if evaluation.labelset.expected:
        yield from _of_published(evaluation)


# ------------------------------------------------------------------------------ order and names


def _of_order(evaluation: Measured) -> Iterator[str]:
    labelset, truth = evaluation.labelset, evaluation.truth
    numbers = [one.truth for one in evaluation.unknown if not isinstance(one.truth, str | None)]
    if len(labelset) in numbers and not (truth == 0).any():
        yield (
            f"The truth holds the position {len(labelset)} and no 0: positions count from 0, and "
            "these seem to count from 1. Subtract 1, or say labels by their names."
        )
    answers = evaluation.scores.argmax(axis=1)
    if better := find_better_order(truth, answers, labelset):
        yield better


def _of_names(evaluation: Measured) -> Iterator[str]:
    labels = [label for label in evaluation.labelset if not label.prompts]
    odd = [label.name for label in labels if _is_identifier(label.name)]
    if odd and 2 * len(odd) >= len(labels):
        yield (
            f"{len(odd):,} labels have names that are no words, such as {brief(odd[0])}; a model "
            "knows words. Give the labels names that people use, and keep these as ids."
        )
    if labels and evaluation.origin.templates == (PLACEHOLDER,):
        yield (
            "The prompts are the bare names. Models were trained on captions: leave `templates` "
            "out, or use ones such as 'a photo of a {}.'."
        )


def _is_identifier(name: str) -> bool:
    return _NUMBERED.fullmatch(name) is not None or ("_" in name and " " not in name)


# ------------------------------------------------------------------------------------ published


def _of_published(evaluation: Measured) -> Iterator[str]:
    """What differs from that with which the label set's figures were published."""
    model, rows = evaluation.origin.model.name, evaluation.labelset.expected
    own = [row for row in rows if row.model == model]
    if not own:
        models = in_a_row([brief(name) for name in dict.fromkeys(row.model for row in rows)])
        yield f"The label set publishes no figure for {brief(model)}. Those that it has: {models}."
    for row in own:
        metric = metric_published_as(row.metric)
        if metric is None:
            yield f"The published {row.value:.4g} is {brief(row.metric)}, which is not known here."
        elif MEASURES[metric].several != evaluation.multi_label:
            kind = "one label" if evaluation.multi_label else "several labels"
            yield (
                f"The published {row.value:.4g} is {MEASURES[metric].title}, of classifiers that "
                f"give {kind} for each picture: no metric here is that."
            )
        elif metric != "accuracy":
            yield (
                f"The published {row.value:.4g} is {MEASURES[metric].title}: compare "
                f"`{metric}` with it, and not another metric of the same answers."
            )
    if evaluation.learnt.probe is not None:
        yield "Figures are published of zero shots, and these numbers are those of a probe."
    elif (published := _as_published(evaluation.labelset)) is not None:
        yield from _of_prompts(evaluation, published)


def _of_prompts(evaluation: Measured, published: LabelSet) -> Iterator[str]:
    labelset, used = evaluation.labelset, evaluation.origin.templates
    if labelset.ids != published.ids:
        yield (
            f"The figures were published over {len(published):,} labels, and here are "
            f"{len(labelset):,}, or these in another order."
        )
    its = published.templates or DEFAULT_TEMPLATES
    filled = {label.id for label in labelset if not label.prompts}
    if used != its and filled and filled <= set(published.ids):
        ours = f"{len(used)} others" if len(used) > 1 else f"one, {brief(used[0])}"
        yield (
            f"The figures were published with {len(its)} templates, and these numbers come of "
            f"{ours}. Leave `templates` out to use the label set's own."
        )


def _as_published(labelset: LabelSet) -> LabelSet | None:
    """The label set as its package or file has it; None if that is not there any more."""
    if len(labelset.provenance) != 1:
        return None
    [origin] = labelset.provenance
    try:
        if origin.distribution:
            name = labelset.name.partition("/")[0]
            found = load_labelset(f"{origin.distribution}:{name}")
        else:
            found = LabelSet.from_toml(origin.file)
    except ZsclipError:
        return None
    return found if found.provenance == labelset.provenance else None
