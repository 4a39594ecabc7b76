"""One template or several, and what a wrong one does."""

from __future__ import annotations

from typing import Any

from tests.quality.embedded import Pictures
from tests.quality.tasks import all_animals
from tests.quality.trials import mean, table

TITLE = "Which template?"
SINGLE = ("{}", "a photo of a {}.", "a drawing of a {}.", "a satellite photo of {}.")


def measure(pictures: Pictures) -> dict[str, Any]:
    """Each template by itself, the label set's own one by one, and these together."""
    task, own = all_animals(pictures), pictures.labelset.templates
    together = task.clf.evaluate(pictures.embeddings[task.rows], task.truth)
    rows = []
    for templates in (*((template,) for template in SINGLE), own):
        clf = task.clf.with_labels(pictures.labelset, templates=templates)
        judged = clf.evaluate(pictures.embeddings[task.rows], task.truth)
        rows.append(
            {
                "templates": list(templates),
                "accuracy": [mean([judged.accuracy]), list(judged.interval("accuracy"))],
                "top_5": mean([judged.top_k(5)]),
                "p_value": together.compare(judged).p_value,
            }
        )
        print(f"  {rows[-1]}", flush=True)
    alone = [
        task.clf.with_labels(pictures.labelset, templates=[template])
        .evaluate(pictures.embeddings[task.rows], task.truth)
        .accuracy
        for template in own
    ]
    return {
        "drawings": len(task.rows),
        "labels": len(task.clf.labelset),
        "rows": rows,
        "alone": [mean([accuracy]) for accuracy in alone],
    }


def render(found: dict[str, Any]) -> str:
    """The table, and what a template is worth."""
    rows = [
        [
            f"`{row['templates'][0]}`"
            if len(row["templates"]) == 1
            else f"the label set's {len(row['templates'])} together",
            f"{100 * row['accuracy'][0]:.1f}",
            " to ".join(f"{100 * end:.0f}" for end in row["accuracy"][1]),
            f"{100 * row['top_5']:.1f}",
            f"{row['p_value']:.2g}",
        ]
        for row in found["rows"]
    ]
    titles = ["template", "top-1", "95 %", "top-5", "p, beside all together"]
    low, high = min(found["alone"]), max(found["alone"])
    *_, wrong, together = found["rows"]
    alike = [row for row in found["rows"][:-1] if row["p_value"] > 0.05]
    return (
        f"{found['drawings']} drawings of animals among {found['labels']} labels, in percent; p is "
        "McNemar's.\n\n"
        + table(titles, rows)
        + f"\n**For you:** leave `templates` out where the label set has its own. Here "
        f"{len(alike)} of {len(found['rows']) - 1} single templates cannot be told apart from the "
        f"{len(together['templates'])} together, of which each alone has {100 * low:.1f} to "
        f"{100 * high:.1f}; the text tower is a small one. A template that says what is not so, "
        f"`{wrong['templates'][0]}`, costs "
        f"{100 * (together['accuracy'][0] - wrong['accuracy'][0]):.0f} points.\n"
    )
