"""Zero shots beside a probe that learnt from 1 to 16 drawings a class."""

from __future__ import annotations

from typing import Any

from tests.quality.embedded import Pictures
from tests.quality.tasks import Task, four_kinds, often_drawn
from tests.quality.trials import cell, draws, interval, mean, table
from zsclip.evaluation import indices_of
from zsclip.evaluation.metrics import mean_per_class_recall

TITLE = "Zero shots, or a probe?"
DRAWS = 20
SEED = 8
STARTS = ("zero", "text")


def measure(pictures: Pictures) -> dict[str, Any]:
    """Mean per-class recall of each, over random draws of the drawings that are learnt from."""
    tasks = (
        (often_drawn(pictures, 3), (1, 2)),
        (often_drawn(pictures, 6), (1, 2, 4)),
        (four_kinds(pictures), (1, 2, 4, 8, 16)),
    )
    return {
        "draws": DRAWS,
        "rows": [_one(pictures, task, each) for task, counts in tasks for each in counts],
    }


def _one(pictures: Pictures, task: Task, each: int) -> dict[str, Any]:
    name_of = dict(zip(task.rows.tolist(), task.truth, strict=True))
    found: dict[str, list[float]] = {"zero shots": [], **{start: [] for start in STARTS}}
    tested = 0
    for fit, test in draws(task.rows, task.truth, each, DRAWS, SEED):
        truth = indices_of(task.clf.labelset, [name_of[i] for i in test]).indices
        names = [name_of[i] for i in fit]
        probes = {
            start: task.clf.linear_probe(pictures.embeddings[fit], names, start=start)
            for start in STARTS
        }
        for way, clf in {"zero shots": task.clf, **probes}.items():
            scores = clf.score_embeddings(pictures.embeddings[test])
            found[way].append(mean_per_class_recall(scores, truth))
        tested = len(test)
    row = {
        "task": task.name,
        "each": each,
        "tested": tested,
        "ways": {way: [mean(values), interval(values)] for way, values in found.items()},
        "gains": {start: _gain(found[start], found["zero shots"]) for start in STARTS},
    }
    print(f"  {row}", flush=True)
    return row


def _gain(probe: list[float], zero_shots: list[float]) -> list[Any]:
    """How far a probe is ahead, draw by draw: the mean and the middle 95 %."""
    gains = [one - other for one, other in zip(probe, zero_shots, strict=True)]
    return [mean(gains), interval(gains)]


def render(found: dict[str, Any]) -> str:
    """The table, and what a probe gains."""
    rows = [
        [
            row["task"],
            row["each"],
            row["tested"],
            *(cell(tuple(row["ways"][way])) for way in ("zero shots", *STARTS)),
            *(_signed(row["gains"][start]) for start in STARTS),
        ]
        for row in found["rows"]
    ]
    titles = ["what is told apart", "drawings a class", "tested on", "zero shots"]
    titles += [f'probe, `start="{start}"`' for start in STARTS]
    titles += [f"{start}, gain" for start in STARTS]
    return (
        "Mean per-class recall in percent, tested on every drawing not learnt from; mean and "
        f"the middle 95 % of {found['draws']} draws. Only kinds of animals have enough drawings "
        "for 8 and 16 of each; their prompts are the names of their animals.\n\n"
        + table(titles, rows)
        + f"\n**For you:** {_said(found['rows'])}\n"
    )


def _signed(gain: list[Any]) -> str:
    middle, (low, high) = gain
    return f"{100 * middle:+.1f} ({100 * low:+.0f} to {100 * high:+.0f})"


def _said(rows: list[dict[str, Any]]) -> str:
    zero = [100 * row["gains"]["zero"][0] for row in rows]
    text = [100 * row["gains"]["text"][0] for row in rows]
    ahead = [row for row, gain in zip(rows, zero, strict=True) if gain > 0]
    most = max(row["each"] for row in rows)
    first = (
        f"a probe from zero is ahead only of {ahead[0]['task']} from {ahead[0]['each']} a class on"
        if ahead
        else f"up to {most} a class a probe from zero is behind zero shots in every row"
    )
    sure = [row for row in rows if row["gains"]["text"][1][0] > 0]
    verdict = (
        "in no row is that more than the draws differ by: so few drawings do not help it."
        if not sure
        else f"in {len(sure)} of {len(rows)} rows by more than the draws differ by."
    )
    return (
        f"{first} ({min(zero):+.0f} to {max(zero):+.0f} points): do not learn from nothing with "
        f"so few. One that begins at the texts differs by {min(text):+.1f} to "
        f"{max(text):+.1f} points; {verdict}"
    )
