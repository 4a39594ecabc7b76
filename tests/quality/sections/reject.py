"""Can it say none of these? Every way to reject, where what is foreign is near and where it is far.

Far: food, objects and signs in the same styles. Near: animals that are no label, since half of the
labels are taken away at random.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.quality.embedded import Pictures
from tests.quality.sources import STYLES
from tests.quality.trials import auroc, fpr95, mean, table
from zsclip import LabelSet, ZeroShotClassifier

TITLE = "Can it say none of these?"
SPLITS = 10
SEED = 3
FOREIGN = ("food", "object", "sign")
THINGS = ("a person", "a plant", "a vehicle", "a building", "a tool", "a toy", "clothes", "weather")
WAYS: dict[str, dict[str, Any]] = {
    "probability": {"method": "probability"},
    "margin": {"method": "margin"},
    "mcm": {"method": "mcm"},
    "energy": {"method": "energy"},
    "null, of what is to come": {
        "method": "null",
        "null_prompts": [f"a drawing of {thing}." for thing in ("food", "an object", "a sign")],
    },
    "null, of other things": {
        "method": "null",
        "null_prompts": [f"a drawing of {thing}." for thing in THINGS],
    },
    "null, by default": {"method": "null"},
    "neglabel": {"method": "neglabel"},
}


def measure(pictures: Pictures) -> dict[str, Any]:
    """AUROC and FPR95 of each way, far and near, whole and by style."""
    animals, foreign = pictures.animals, pictures.of_kind(*FOREIGN)
    known, unknown = pictures.embeddings[animals], pictures.embeddings[foreign]
    styles, foreign_styles = pictures.styles(animals), pictures.styles(foreign)
    rng = np.random.default_rng(SEED)
    names = [label.name for label in pictures.labelset]
    shown = np.array(pictures.names(animals))
    kept = [sorted(rng.choice(names, len(names) // 2, replace=False)) for _ in range(SPLITS)]
    halves = [
        pictures.clf.with_labels(LabelSet.from_names(some, templates=pictures.labelset.templates))
        for some in kept
    ]
    found: dict[str, Any] = {}
    for way, options in WAYS.items():
        sure, unsure = (confidence(pictures.clf, rows, options) for rows in (known, unknown))
        row: dict[str, Any] = {
            "far": {"auroc": auroc(sure, unsure), "fpr95": fpr95(sure, unsure)},
            "kinds": {
                kind: auroc(
                    sure, unsure[np.array([pictures.drawings[i].kind for i in foreign]) == kind]
                )
                for kind in FOREIGN
            },
            "styles": {
                style.name: {
                    "far": auroc(sure[styles == style.name], unsure[foreign_styles == style.name])
                }
                for style in STYLES
            },
        }
        near: dict[str, list[float]] = {"auroc": [], "fpr95": []}
        by_style: dict[str, list[float]] = {style.name: [] for style in STYLES}
        for some, half in zip(kept, halves, strict=True):
            inside = np.isin(shown, some)
            values = confidence(half, known, options)
            near["auroc"].append(auroc(values[inside], values[~inside]))
            near["fpr95"].append(fpr95(values[inside], values[~inside]))
            for style, list_of_it in by_style.items():
                mine = styles == style
                list_of_it.append(auroc(values[inside & mine], values[~inside & mine]))
        row["near"] = {key: mean(values) for key, values in near.items()}
        for style, values_of_it in by_style.items():
            row["styles"][style]["near"] = mean(values_of_it)
        found[way] = _rounded(row)
        print(f"  {way}: far {found[way]['far']}, near {found[way]['near']}", flush=True)
    return {"known": len(animals), "foreign": len(foreign), "splits": SPLITS, "ways": found}


def confidence(
    clf: ZeroShotClassifier, embeddings: NDArray[np.float32], options: dict[str, Any]
) -> NDArray[np.float64]:
    """How sure a way to reject is of each drawing."""
    threshold = 0.0  # that nobody asks for
    rejecting = clf.rejecting(threshold=threshold, **options)
    found = [prediction.confidence for prediction in rejecting.classify_embeddings(embeddings)]
    return np.array(found, np.float64)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, 4)


def render(found: dict[str, Any]) -> str:
    """The tables, and what they say."""
    ways = found["ways"]
    names = [style.name for style in STYLES]
    rows = [
        [
            way,
            *(f"{100 * row[place][key]:.1f}" for place in ("far", "near") for key in row[place]),
            *(
                f"{100 * row['styles'][name]['far']:.0f} / {100 * row['styles'][name]['near']:.0f}"
                for name in names
            ),
        ]
        for way, row in ways.items()
    ]
    titles = ["way", "far: AUROC", "FPR95", "near: AUROC", "FPR95"]
    best = {
        place: max(ways, key=lambda way: ways[way][place]["auroc"]) for place in ("far", "near")
    }
    worst = max(row["near"]["fpr95"] for row in ways.values())
    least = min(row["near"]["fpr95"] for row in ways.values())
    return (
        f"{found['known']} drawings of animals against {found['foreign']:,} of food, objects and "
        "signs in the same styles (far), and against animals that are no label, as half of the "
        f"labels are taken away (near, mean of {found['splits']} choices). AUROC: how often the "
        "known one of two has the higher confidence (50 is chance). FPR95: how many of the foreign "
        "are accepted where 95 % of the known are.\n\n"
        + table(titles + [f"{name}, far / near AUROC" for name in names], rows)
        + f"\n**For you:** far, take {best['far']}; near, {best['near']}. What is foreign and near "
        f"is hardly told apart by anything here: {100 * least:.0f} to {100 * worst:.0f} % of it is "
        f"accepted. {_verdicts(ways)}\n"
    )


def _verdicts(ways: dict[str, Any]) -> str:
    """Which ways are worse than the plain probability, and whether words helped."""
    lines = []
    plain = ways["probability"]
    worse = [
        way
        for way, row in ways.items()
        if row["far"]["auroc"] < plain["far"]["auroc"]
        and row["near"]["auroc"] < plain["near"]["auroc"]
    ]
    if worse:
        lines.append(f"Worse than the plain probability: {', '.join(worse)}; leave it.")
    if "neglabel" in ways:
        words, without = ways["neglabel"], ways["energy"]
        for place in ("far", "near"):
            change = 100 * (words[place]["auroc"] - without[place]["auroc"])
            verb = "helps" if change > 0.5 else "hurts" if change < -0.5 else "changes nothing"
            lines.append(f"NegLabel {verb} {place} ({change:+.1f} points of AUROC beside energy).")
    return " ".join(lines)
