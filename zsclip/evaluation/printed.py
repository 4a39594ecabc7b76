"""An evaluation as a table for people, and as plain values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from zsclip.evaluation.details import class_results, published_figures
from zsclip.evaluation.measures import MEASURES, measure_of
from zsclip.results import plain_json
from zsclip.wording import counted, shown

if TYPE_CHECKING:
    from zsclip.evaluation.measured import Measured
    from zsclip.evaluation.parts import ClassResult

__all__ = ["as_plain", "as_table", "in_figures", "metric_rows"]

LISTED = 20  # labels, pictures; what is longer is in the attributes
NAME = 32  # characters of a label


def as_plain(evaluation: Measured, hints: Sequence[str]) -> dict[str, Any]:
    """See `Evaluation.to_dict`."""
    plain: dict[str, Any] = plain_json(_told(evaluation, hints))
    return {**plain, "origin": evaluation.origin.to_dict()}


def _told(evaluation: Measured, hints: Sequence[str]) -> dict[str, Any]:
    metrics = {}
    for name, value in evaluation.metrics().items():
        low, high = evaluation.interval(name)
        metrics[name] = {"value": value, "low": low, "high": high}
    return {
        "pictures": len(evaluation.sources),
        "metrics": metrics,
        "published": [
            {**asdict(row), "difference": row.difference} for row in published_figures(evaluation)
        ],
        "hints": list(hints),
        "failures": [failure.to_dict() for failure in evaluation.failures],
        "unknown": [
            {"source": one.source, "truth": _truth(one.truth)} for one in evaluation.unknown
        ],
        "per_class": [asdict(row) for row in class_results(evaluation)],
    }


def _truth(value: Any) -> Any:
    """What was said to be true: a text, None, or a number, of NumPy's as Python's."""
    return value if value is None or isinstance(value, str) else int(value)


def as_table(evaluation: Measured, hints: Sequence[str]) -> str:
    """See `Evaluation`."""
    return "\n".join(_lines(evaluation, hints))


def _lines(evaluation: Measured, hints: Sequence[str]) -> Iterator[str]:
    origin, n = evaluation.origin, len(evaluation.sources)
    labels, templates = len(evaluation.labelset), len(origin.templates)
    yield (
        f"{counted(n, 'picture')}, {counted(labels, 'label')}, "
        f"{counted(templates, 'template')}, {shown(origin.model.name)}"
    )
    yield ""
    for title, value, interval in metric_rows(evaluation):
        yield f"{title:24}{value:>8}   95 % interval {interval}"
    if evaluation.multi_label:
        own = evaluation.learnt.thresholds is not None
        yield f"F1 and recall are by {'the fitted thresholds' if own else 'a threshold of 0.5'}."
    for row in published_figures(evaluation):
        share = MEASURES[row.metric].is_share
        yield (
            f"published {MEASURES[row.metric].title} {in_figures(row.published, share)} "
            f"({shown(row.source, 60)}); here {in_figures(row.difference, share, sign='+')}"
        )
    yield ""
    yield from _labels(class_results(evaluation))
    if evaluation.failures or evaluation.unknown:
        yield ""
        yield from _left_out(evaluation)
    for hint in hints:
        yield ""
        yield f"Note: {hint}"


def metric_rows(evaluation: Measured) -> Iterator[tuple[str, str, str]]:
    """Each metric as people read it: its title, its value, and the ends of its interval."""
    for name, value in evaluation.metrics().items():
        measure = measure_of(name, several=evaluation.multi_label)
        low, high = (in_figures(end, measure.is_share) for end in evaluation.interval(name))
        yield measure.title, in_figures(value, measure.is_share), f"{low} to {high}"


def in_figures(value: float, is_share: bool, *, sign: str = "") -> str:
    """A metric as people read it: a share in percent, anything else as it is."""
    if not math.isfinite(value):
        return "-"
    return f"{100 * value:{sign}.1f} %" if is_share else f"{value:{sign}.3f}"


def _labels(rows: tuple[ClassResult, ...]) -> Iterator[str]:
    """The labels that fare worst; all of them, in their order, if they are few."""
    there = [row for row in rows if row.pictures]
    few = there
    if len(there) > LISTED:
        few = sorted(there, key=lambda row: row.recall or 0)[:LISTED]
    width = max([5, *(len(shown(row.label, NAME)) for row in few)])
    yield f"{'label':{width}}  pictures   recall  precision  taken for"
    for row in few:
        recall, precision = (
            "-" if part is None else f"{100 * part:.1f} %" for part in (row.recall, row.precision)
        )
        taken = shown(row.taken_for, NAME) if row.taken_for else ""
        line = f"{shown(row.label, NAME):{width}}  {row.pictures:8,}  {recall:>7}  {precision:>9}"
        yield f"{line}  {taken}".rstrip()
    if len(few) < len(there):
        yield f"and {len(there) - len(few):,} labels with a higher recall."
    if without := len(rows) - len(there):
        yield f"{without:,} label{'s have' if without > 1 else ' has'} no picture."


def _left_out(evaluation: Measured) -> Iterator[str]:
    if evaluation.failures:
        yield f"{len(evaluation.failures):,} could not be read, and count in no metric:"
        yield from (f"  {shown(f.source)}" for f in evaluation.failures[:LISTED])
    if evaluation.unknown:
        yield f"{len(evaluation.unknown):,} have a truth that is no label, and count in no metric:"
        yield from (
            f"  {shown(one.source)}: {'nothing' if one.truth is None else shown(str(one.truth))}"
            for one in evaluation.unknown[:LISTED]
        )
    most = max(len(evaluation.failures), len(evaluation.unknown))
    if most > LISTED:
        yield "  ... and more, in `failures` and `unknown`"
