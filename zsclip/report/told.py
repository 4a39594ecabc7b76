"""What a page tells of an evaluation as a whole: metrics, confusions, and how each label fared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from zsclip.evaluation import ClassResult, Evaluation, in_figures, measure_of, metric_rows
from zsclip.markup import Markup, element
from zsclip.wording import shown

__all__ = ["told_of"]

OPEN = 20  # labels, from which on the table of them is folded
CELLS = 30  # labels, up to which the table of confusions is open,
MOST_CELLS = 100  # and up to which it is there; beyond, the most frequent pairs are
PAIRS = 30


def told_of(evaluation: Evaluation) -> Markup:
    """All of it, as sections of a page."""
    sections = [_section("metrics", "In numbers", _metrics(evaluation))]
    if not evaluation.multi_label:
        sections.append(_section("confusion", "What was taken for what", _confusions(evaluation)))
    sections.append(_section("labels", "Label by label", _labels(evaluation.per_class)))
    mistakes = element("ul", class_="cards", id="worst")
    sections.append(_section("mistakes", "The most confident mistakes", [mistakes], hidden=True))
    return Markup("\n".join(sections))


def _section(name: str, title: str, children: Iterable[Markup], *, hidden: bool = False) -> Markup:
    heading = element("h2", title, id=f"{name}-title")
    return element(
        "section",
        heading,
        *children,
        id=name,
        aria_labelledby=f"{name}-title",
        hidden=hidden,
    )


def _metrics(evaluation: Evaluation) -> Iterator[Markup]:
    rows = map(list, metric_rows(evaluation))
    yield _table(["metric", "value", "95 % interval"], rows, numbers=(1, 2))
    notes = [
        f"Published for this model: {row.metric} {_share(row.published)} ({shown(row.source)}); "
        f"here {_share(row.measured)}."
        for row in evaluation.published
        if measure_of(row.metric, several=evaluation.multi_label).is_share
    ]
    left_out = len(evaluation.failures) + len(evaluation.unknown)
    if left_out:
        notes.append(f"{left_out:,} could not be judged, and count in no number above.")
    yield from (element("p", note) for note in [*notes, *evaluation.hints])


def _confusions(evaluation: Evaluation) -> Iterator[Markup]:
    n = len(evaluation.labelset)
    if n > CELLS:
        yield _pairs(evaluation)
    if n <= MOST_CELLS:
        cells = _cells(evaluation)
        yield cells if n <= CELLS else _folded(f"All {n:,} labels as a table", cells)


def _cells(evaluation: Evaluation) -> Markup:
    """Truth down, answers across; a cell shows its pictures."""
    names = evaluation.labelset.names
    counts = evaluation.confusion.tolist()
    heads = [element("td"), *(element("th", _short(name), scope="col") for name in names)]
    rows = [
        element(
            "tr",
            element("th", _short(name), scope="row"),
            *(_cell(names, i, j, count) for j, count in enumerate(counts[i])),
        )
        for i, name in enumerate(names)
    ]
    table = element(
        "table",
        element("caption", "Each row is a true label, each column an answer."),
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
        class_="confusion",
    )
    return _scrolling("Confusions", table)


def _cell(names: tuple[str, ...], truth: int, answer: int, count: int) -> Markup:
    if not count:
        return element("td")
    return element("td", _button(names, truth, answer, count))


def _button(names: tuple[str, ...], truth: int, answer: int, count: int) -> Markup:
    """A number of pictures, which shows them."""
    told = f"{_short(names[truth])} taken for {_short(names[answer])}: {count:,}"
    return element(
        "button",
        f"{count:,}",
        type="button",
        class_="right" if truth == answer else "wrong",
        aria_label=told,
        title=told,
        data_truth=truth,
        data_answer=answer,
    )


def _pairs(evaluation: Evaluation) -> Markup:
    """The most frequent confusions; of any number of labels, no table of all pairs is made."""
    names, n = evaluation.labelset.names, len(evaluation.labelset)
    answers = evaluation.scores.argmax(axis=1)
    wrong = answers != evaluation.truth
    pairs, counts = np.unique(evaluation.truth[wrong] * n + answers[wrong], return_counts=True)
    most = np.argsort(-counts, kind="stable")[:PAIRS].tolist()
    rows = [
        [
            _short(names[pairs[k] // n]),
            _short(names[pairs[k] % n]),
            _button(names, int(pairs[k] // n), int(pairs[k] % n), int(counts[k])),
        ]
        for k in most
    ]
    return _table(["truth", "answer", "pictures"], rows, numbers=(2,))


def _labels(results: tuple[ClassResult, ...]) -> Iterator[Markup]:
    """A row for each label, the worst first; those without a picture last."""
    ordered = sorted(results, key=lambda row: 2.0 if row.recall is None else row.recall)
    rows = [
        [
            _short(row.label),
            f"{row.pictures:,}",
            f"{row.answers:,}",
            _share(row.recall),
            _share(row.precision),
            _short(row.taken_for or ""),
        ]
        for row in ordered
    ]
    heads = ["label", "pictures", "answers", "recall", "precision", "mostly taken for"]
    table = _table(heads, rows, numbers=(1, 2, 3, 4))
    yield table if len(rows) <= OPEN else _folded(f"All {len(rows):,} labels, worst first", table)


def _table(
    heads: list[str], rows: Iterable[list[str] | list[Markup]], *, numbers: tuple[int, ...]
) -> Markup:
    """A table whose first column names its rows."""

    def kind(column: int) -> str | None:
        return "number" if column in numbers else None

    head = [element("th", h, scope="col", class_=kind(i)) for i, h in enumerate(heads)]
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", cell, class_=kind(i)) for i, cell in enumerate(row) if i),
        )
        for row in rows
    ]
    table = element("table", element("thead", element("tr", *head)), element("tbody", *body))
    return _scrolling(heads[0], table)


def _scrolling(name: str, table: Markup) -> Markup:
    """Scrolls by itself, by keys as well."""
    return element(
        "div", table, class_="scroll", tabindex=0, role="region", aria_label=f"Table: {name}"
    )


def _folded(summary: str, inner: Markup) -> Markup:
    return element("details", element("summary", summary), inner)


def _short(name: str) -> str:
    return shown(name, 40)


def _share(value: float | None) -> str:
    return in_figures(math.nan if value is None else value, True)
