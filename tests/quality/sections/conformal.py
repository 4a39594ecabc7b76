"""Do prediction sets hold the truth as often as was asked for?"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tests.quality.embedded import Pictures
from tests.quality.tasks import all_animals, four_kinds
from tests.quality.trials import halves, mean, percent, table

TITLE = "Do prediction sets hold the truth?"
SPLITS = 200
SEED = 6
COVERAGES = (0.8, 0.9, 0.95)
METHODS = ("lac", "aps")
ALLOWED = 0.02


def measure(pictures: Pictures) -> dict[str, Any]:
    """Coverage and size of the sets on the other half, over random halves."""
    rows: list[dict[str, Any]] = []
    for task in (all_animals(pictures), four_kinds(pictures)):
        name_of = dict(zip(task.rows.tolist(), task.truth, strict=True))
        held: dict[tuple[str, float], list[float]] = {}
        sizes: dict[tuple[str, float], list[float]] = {}
        for seed, (fit, test) in enumerate(halves(task.rows, SPLITS, SEED)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                clf = task.clf.calibrated(
                    pictures.embeddings[fit], [name_of[i] for i in fit], seed=seed
                )
            predictions = clf.classify_embeddings(pictures.embeddings[test])
            truth = [name_of[i] for i in test]
            for method in METHODS:
                for coverage in COVERAGES:
                    sets = [
                        {
                            score.label
                            for score in prediction.prediction_set(coverage, method=method)
                        }
                        for prediction in predictions
                    ]
                    holds = [name in some for name, some in zip(truth, sets, strict=True)]
                    held.setdefault((method, coverage), []).append(float(np.mean(holds)))
                    sizes.setdefault((method, coverage), []).append(
                        float(np.mean([len(some) for some in sets]))
                    )
        for (method, coverage), values in held.items():
            rows.append(
                {
                    "task": task.name,
                    "labels": len(task.clf.labelset),
                    "fitted": len(task.rows) // 2,
                    "method": method,
                    "asked": coverage,
                    "coverage": mean(values),
                    "low": round(float(np.quantile(values, 0.025)), 4),
                    "high": round(float(np.quantile(values, 0.975)), 4),
                    "size": mean(sizes[method, coverage]),
                }
            )
            print(f"  {rows[-1]}", flush=True)
    return {"splits": SPLITS, "rows": rows}


def render(found: dict[str, Any]) -> str:
    """The table, and whether all is within two points."""
    rows = [
        [
            row["task"],
            row["method"].upper(),
            f"{100 * row['asked']:.0f} %",
            percent(row["coverage"]),
            f"{100 * row['low']:.0f} to {100 * row['high']:.0f}",
            f"{row['size']:.1f}",
        ]
        for row in found["rows"]
    ]
    off = max(abs(row["coverage"] - row["asked"]) for row in found["rows"])
    beyond = [
        f"{row['method'].upper()} at {100 * row['asked']:.0f} % of {row['task']}"
        for row in found["rows"]
        if abs(row["coverage"] - row["asked"]) > ALLOWED
    ]
    within = f"not within two for {', '.join(beyond)}" if beyond else "two were allowed"
    ninety = {
        (row["task"], row["method"]): row["size"] for row in found["rows"] if row["asked"] == 0.9
    }
    sizes = ", ".join(
        f"{size:.1f} labels of {task} by {method.upper()}"
        for (task, method), size in ninety.items()
    )
    smaller = all(
        ninety[task, "lac"] <= size for (task, method), size in ninety.items() if method == "aps"
    )
    return (
        f"Calibrated on a random half of the animals' drawings, tried on the other; means over "
        f"{found['splits']} splits.\n\n"
        + table(
            ["labels", "method", "asked for", "held", "middle 95 %", "labels in a set"], rows, 2
        )
        + f"\n**For you:** the promise is kept on average within {100 * off:.1f} points "
        f"({within}). What it costs is size: for 90 % a "
        f"set holds {sizes}. {'LAC is the smaller one.' if smaller else ''} A set of dozens of "
        "labels says truly that the model does not know.\n"
    )
