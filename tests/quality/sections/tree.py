"""A bird of some kind? How often the kind is right where the animal is not."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.quality.embedded import Pictures
from tests.quality.tasks import Task, all_animals
from tests.quality.trials import halves, mean, table
from zsclip import LabelSet, Prediction

TITLE = "A bird of some kind?"
SPLITS = 20
SEED = 7
THRESHOLDS = (0.5, 0.8, 0.9)

Ways = Mapping[str, Sequence[str]]  # of each label's id the ids from the top down to it


def measure(pictures: Pictures) -> dict[str, Any]:
    """Accuracy at each depth, and what `deepest` says, before and after calibrating."""
    task = all_animals(pictures)
    ways = _ways(pictures.labelset)
    found: dict[tuple[str, float], dict[str, list[float]]] = {}
    id_of = {label.name: label.id for label in pictures.labelset}
    of = {row: id_of[name] for row, name in zip(task.rows, task.truth, strict=True)}
    for fit, test in halves(task.rows, SPLITS, SEED):
        names = pictures.names(fit)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sure = task.clf.calibrated(pictures.embeddings[fit], names)
        truth = [of[row] for row in test]
        for when, clf in (("as it is", task.clf), ("calibrated", sure)):
            predictions = clf.classify_embeddings(pictures.embeddings[test])
            for threshold in THRESHOLDS:
                row = found.setdefault((when, threshold), {})
                for key, value in _answers(predictions, truth, ways, threshold).items():
                    row.setdefault(key, []).append(value)
    deepest = [
        {"when": when, "threshold": threshold, **{key: mean(values) for key, values in row.items()}}
        for (when, threshold), row in found.items()
    ]
    for row_of_it in deepest:
        print(f"  {row_of_it}", flush=True)
    depths = _depths(pictures, task, ways, of)
    return {"splits": SPLITS, "drawings": len(task.rows), "depths": depths, "deepest": deepest}


def _ways(labelset: LabelSet) -> Ways:
    parents = {group.id: group.parent for group in labelset.groups}
    found: dict[str, list[str]] = {}
    for label in labelset:
        way, above = [label.id], label.parent
        while above:
            way.insert(0, above)
            above = parents.get(above)
        found[label.id] = way
    return found


def _depths(
    pictures: Pictures, task: Task, ways: Ways, of: Mapping[int, str]
) -> list[dict[str, float]]:
    """At each depth: the best sum, and the node above the best label, beside the truth."""
    predictions = task.clf.classify_embeddings(pictures.embeddings[task.rows])
    summed: list[list[bool]] = []
    above: list[list[bool]] = []
    for prediction, row in zip(predictions, task.rows, strict=True):
        way, guess = ways[of[row]], ways[prediction.label_id]
        best = prediction.ranks()
        summed.append([node.id == _at(way, depth) for depth, node in enumerate(best)])
        above.append([_at(guess, depth) == _at(way, depth) for depth in range(len(best))])
    both = zip(np.mean(summed, axis=0), np.mean(above, axis=0), strict=True)
    return [{"summed": round(one, 4), "above": round(two, 4)} for one, two in both]


def _at(way: Sequence[str], depth: int) -> str:
    return way[min(depth, len(way) - 1)]


def _answers(
    predictions: Sequence[Prediction], truth: Sequence[str], ways: Ways, threshold: float
) -> dict[str, float]:
    """What `deepest` answers, and beside it the best label alone where it is sure enough."""
    nodes = [prediction.deepest(threshold) for prediction in predictions]
    said = [(node, true) for node, true in zip(nodes, truth, strict=True) if node is not None]
    labels = [
        prediction.label_id == true
        for prediction, true in zip(predictions, truth, strict=True)
        if prediction.score >= threshold
    ]
    n = len(predictions)
    return {
        "answered": len(said) / n,
        "right": float(np.mean([node.id in ways[true] for node, true in said])) if said else np.nan,
        "an animal": float(np.mean([node.id in ways for node, _ in said])) if said else np.nan,
        "depth": float(np.mean([node.depth for node, _ in said])) if said else np.nan,
        "labels answered": len(labels) / n,
        "labels right": float(np.mean(labels)) if labels else np.nan,
    }


def render(found: dict[str, Any]) -> str:
    """Both tables, and what they say."""
    depths = [
        [depth, f"{100 * row['summed']:.1f}", f"{100 * row['above']:.1f}"]
        for depth, row in enumerate(found["depths"])
    ]
    rows = [
        [
            row["when"],
            row["threshold"],
            *(f"{100 * row[key]:.1f}" for key in ("answered", "right", "an animal")),
            f"{row['depth']:.2f}",
            *(f"{100 * row[key]:.1f}" for key in ("labels answered", "labels right")),
        ]
        for row in found["deepest"]
    ]
    titles = ["scores", "threshold", "answers, %", "of these right, %", "name an animal, %"]
    titles += ["mean depth", "best label alone: answers, %", "of these right, %"]
    first, last = found["depths"][0], found["depths"][-1]
    gain = 100 * (first["summed"] - first["above"])
    summing = "more" if gain > 0.5 else "less" if gain < -0.5 else "no more"
    plain, sure = (
        next(r for r in found["deepest"] if r["threshold"] == 0.8 and r["when"] == when)
        for when in ("as it is", "calibrated")
    )
    return (
        f"{found['drawings']} drawings of animals; depth 0 is the kind (mammal, bird...), the "
        "last depth the animal. `ranks` sums the scores of a kind; beside it, the kind of the best "
        "label.\n\n"
        + table(["depth", "`ranks`, % right", "above the best label, % right"], depths)
        + f"\n`deepest(threshold)`, means over {found['splits']} splits; calibrated on the other "
        "half.\n\n"
        + table(titles, rows)
        + f"\n**For you:** the kind is right in {100 * first['summed']:.0f} %, the animal in "
        f"{100 * last['summed']:.0f} %. Summing is {summing} often right than looking up the kind "
        f"of the best label ({gain:+.1f} points). `deepest(0.8)` answers "
        f"{100 * plain['answered']:.0f} % and is right in {100 * plain['right']:.0f} % of these, "
        f"calibrated {100 * sure['answered']:.0f} % and {100 * sure['right']:.0f} %; the best "
        f"label alone is that sure in only {100 * sure['labels answered']:.0f} %.\n"
    )
