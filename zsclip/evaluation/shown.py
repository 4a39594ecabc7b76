"""An evaluation as it shows itself in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zsclip.evaluation.details import class_results, mistakes
from zsclip.evaluation.printed import in_figures, metric_rows
from zsclip.fragments import Bar, bars, facts, folded, fragment, listing, note, picture
from zsclip.images import is_path, thumbnail_if_readable
from zsclip.markup import Markup, element
from zsclip.wording import counted, shown

if TYPE_CHECKING:
    from zsclip.evaluation.measured import Measured
    from zsclip.evaluation.parts import Mistake

__all__ = ["shown_evaluation"]

WORST = 8  # labels, mistakes
LISTED = 100  # pictures that were left out


def shown_evaluation(evaluation: Measured, hints: Sequence[str]) -> str:
    """An evaluation by itself, as a fragment."""
    n, labels = len(evaluation.sources), len(evaluation.labelset)
    what = f"{counted(n, 'picture')}, {counted(labels, 'label')}"
    model = shown(evaluation.origin.model.name)
    return str(
        fragment(
            element("p", element("b", "Evaluation"), f" · {what}, {model}"),
            _metrics(evaluation),
            *(note(f"Note: {shown(hint, 600)}") for hint in hints),
            _worst_labels(evaluation),
            None if evaluation.multi_label else _mistakes(evaluation),
            *_left_out(evaluation),
        )
    )


def _metrics(evaluation: Measured) -> Markup:
    rows = metric_rows(evaluation)
    return facts(rows, "Metrics", titles=("metric", "value", "95 % interval"))


def _worst_labels(evaluation: Measured) -> Markup:
    there = [row for row in class_results(evaluation) if row.pictures]
    worst = sorted(there, key=lambda row: row.recall or 0)[:WORST]
    rows = [
        Bar(
            row.label,
            row.recall or 0,
            in_figures(row.recall or 0, True),
            more=(f"{row.pictures:,}", f"taken for {row.taken_for}" if row.taken_for else ""),
        )
        for row in worst
    ]
    what = "Labels with the lowest recall" if len(there) > WORST else "Recall of each label"
    titles = ("label", "", "recall", "pictures", "")
    return element("div", element("p", what), bars(rows, what, titles=titles))


def _mistakes(evaluation: Measured) -> Markup | None:
    found = mistakes(evaluation, WORST)
    if not found:
        return note("No picture is mistaken.")
    cards = element("div", *map(_card, found), class_="zs-grid")
    return element("div", element("p", "Most confident mistakes"), cards)


def _card(mistake: Mistake) -> Markup:
    source = mistake.source
    jpeg = thumbnail_if_readable(source) if is_path(source) else None
    said = element("p", element("b", shown(mistake.answer)), f" {mistake.score:.3f}")
    true = element("p", "it is ", element("b", shown(mistake.truth)))
    about = element("div", said, true, note(shown(source)))
    return element("div", picture(jpeg, source), about, class_="zs-card")


def _left_out(evaluation: Measured) -> list[Markup]:
    found = []
    failed, unknown = evaluation.failures, evaluation.unknown
    if failed:
        lines = listing(
            (str(f.error) for f in failed), most=LISTED, of=len(failed), what="pictures"
        )
        found.append(folded(f"{len(failed):,} could not be read, and count in no metric", lines))
    if unknown:
        told = (f"{one.source}: {'nothing' if one.truth is None else one.truth}" for one in unknown)
        lines = listing(told, most=LISTED, of=len(unknown), what="pictures")
        what = "have a truth that is no label, and count in no metric"
        found.append(folded(f"{len(unknown):,} {what}", lines))
    return found
