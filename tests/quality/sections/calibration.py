"""How sure is it? ECE and Brier score before and after calibrating on a few drawings a class."""

from __future__ import annotations

import warnings
from typing import Any

from tests.quality.embedded import Pictures
from tests.quality.tasks import Task, all_animals, four_kinds, often_drawn
from tests.quality.trials import draws, interval, mean, table
from zsclip.evaluation import indices_of
from zsclip.evaluation.metrics import accuracy, brier, ece

TITLE = "How sure is it?"
DRAWS = 100
SEED = 5


def measure(pictures: Pictures) -> dict[str, Any]:
    """Of each task, with two and with five drawings a class."""
    every, often, kinds = all_animals(pictures), often_drawn(pictures, 6), four_kinds(pictures)
    tasks = [(every, 2), (often, 2), (often, 5), (kinds, 2), (kinds, 5)]
    return {"draws": DRAWS, "rows": [_calibrated(pictures, task, each) for task, each in tasks]}


def _calibrated(pictures: Pictures, task: Task, each: int) -> dict[str, Any]:
    name_of = dict(zip(task.rows.tolist(), task.truth, strict=True))
    found: dict[str, list[float]] = {}
    fitted = tested = 0
    for fit, test in draws(task.rows, task.truth, each, DRAWS, SEED):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that no drawing of a few was mistaken
            after = task.clf.calibrated(pictures.embeddings[fit], [name_of[i] for i in fit])
        truth = indices_of(task.clf.labelset, [name_of[i] for i in test]).indices
        for when, clf in (("before", task.clf), ("after", after)):
            scores = clf.score_embeddings(pictures.embeddings[test])
            for name, metric in (("ece", ece), ("brier", brier), ("accuracy", accuracy)):
                found.setdefault(f"{name}_{when}", []).append(metric(scores, truth))
            found.setdefault(f"mean_{when}", []).append(float(scores.max(axis=1).mean()))
        assert after.calibration is not None
        found.setdefault("temperature", []).append(after.calibration.temperature)
        found.setdefault("better", []).append(found["ece_after"][-1] < found["ece_before"][-1])
        own = after.calibration
        assert own.brier_before is not None
        assert own.brier_after is not None
        kept = "after" if own.brier_after < own.brier_before else "before"
        found.setdefault("brier_chosen", []).append(found[f"brier_{kept}"][-1])
        fitted, tested = len(fit), len(test)
    means = {key: mean(values) for key, values in found.items()}
    row = {"task": task.name, "each": each, "fitted": fitted, "tested": tested, **means}
    row["ece_after_interval"] = interval(found["ece_after"])
    print(f"  {row}", flush=True)
    return row


def render(found: dict[str, Any]) -> str:
    """The table, and where it helps."""
    rows = [
        [
            row["task"],
            row["each"],
            row["fitted"],
            row["tested"],
            f"{100 * row['accuracy_before']:.0f}",
            f"{100 * row['mean_before']:.0f}",
            f"{100 * row['ece_before']:.1f}",
            f"**{100 * row['ece_after']:.1f}** ({100 * row['ece_after_interval'][0]:.0f} to "
            f"{100 * row['ece_after_interval'][1]:.0f})",
            f"{row['brier_before']:.3f}",
            f"**{row['brier_after']:.3f}**",
            f"{row['brier_chosen']:.3f}",
            f"{100 * row['better']:.0f} %",
        ]
        for row in found["rows"]
    ]
    titles = [
        "what is told apart",
        "drawings a class",
        "in all",
        "tested on",
        "right, %",
        "mean score, %",
        "ECE, % before",
        "after (middle 95 %)",
        "Brier before",
        "after",
        "kept if its own fell",
        "ECE is lower in",
    ]
    helps = [row for row in found["rows"] if row["brier_after"] < row["brier_before"] - 0.001]
    hurts = [row for row in found["rows"] if row["brier_after"] > row["brier_before"] + 0.001]
    return (
        f"`calibrated` on a few random drawings of each class that has more of them, tested on all "
        f"others; means over {found['draws']} draws.\n\n"
        + table(titles, rows)
        + f"\n**For you:** {_said(helps, hurts)}\n"
    )


def _said(helps: list[dict[str, Any]], hurts: list[dict[str, Any]]) -> str:
    def those(rows: list[dict[str, Any]]) -> str:
        return ", ".join(f"{row['task']} with {row['each']} a class" for row in rows)

    parts = [
        f"it makes scores better probabilities (Brier) for {those(helps)}."
        if helps
        else "tiny-cartoon's scores are nearly probabilities as they are, and calibrating does not "
        "make them better here by their Brier score; where classes are many, ECE falls a little."
    ]
    if hurts:
        saved = [row for row in hurts if row["brier_chosen"] < row["brier_after"] - 0.001]
        parts.append(
            f"It makes them worse on average for {those(hurts)}: so few do not tell one "
            "temperature from another. Take more pictures, look at `clf.calibration`, and keep "
            f"what it says is better, which saved something in {len(saved)} of these {len(hurts)}."
        )
    return " ".join(parts)
