"""Several labels at once? Pasted pairs of drawings, by both ways to compare and by raw cosines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.quality.embedded import OFTEN, Pictures, drawn_often
from tests.quality.sections.reject import THINGS
from tests.quality.trials import table
from zsclip import LabelSet, ZeroShotClassifier
from zsclip.evaluation.several import average_precisions, f1_scores, mean_average_precision

TITLE = "Several labels at once?"
SEED = 9
RESAMPLES = 200


def measure(pictures: Pictures) -> dict[str, Any]:
    """Of each way: mAP, micro AP, and F1 at 0.5, at fitted thresholds, and at the best one."""
    names = drawn_often(pictures.drawings, OFTEN)
    labelset = LabelSet.from_names(names, templates=pictures.labelset.templates)
    null = [f"a drawing of {thing}." for thing in THINGS]
    single = pictures.clf.with_labels(labelset)
    plain = ZeroShotClassifier(
        labelset,
        model="tiny-cartoon",
        device="cpu",
        precision="fp32",
        cache=False,
        multi_label=True,
        null_prompts=null,
    )
    fitting = np.array([pair.fitting for pair in pictures.pairs])
    truth = _truth(pictures, names)
    fit, test = pictures.pair_embeddings[fitting], pictures.pair_embeddings[~fitting]
    alone = pictures.embeddings[pictures.animals]
    texts = single.encode_texts([t.format(n) for n in names for t in labelset.templates])
    class_matrix = texts.reshape(len(names), len(labelset.templates), -1).mean(axis=1)
    class_matrix /= np.linalg.norm(class_matrix, axis=1, keepdims=True)
    ways: dict[str, NDArray[np.float32] | ZeroShotClassifier] = {
        "raw cosines": test @ class_matrix.T,
        "softmax (one label)": single.score_embeddings(test),
        "null prompts": plain,
        "standardized on pairs": plain.standardized(fit),
        "standardized on single drawings": plain.standardized(alone),
    }
    found = {}
    for way, scored in ways.items():
        row: dict[str, Any] = {}
        if isinstance(scored, ZeroShotClassifier):
            scores = scored.score_embeddings(test)
            row["f1 at 0.5"] = f1_scores(scores >= 0.5, truth[~fitting])
            fitted = scored.calibrated(fit, truth[fitting])
            said = np.zeros(scores.shape, bool)
            at = {name: i for i, name in enumerate(fitted.classes_)}
            for i, prediction in enumerate(fitted.classify_embeddings(test)):
                said[i, [at[score.label] for score in prediction.above()]] = True
            row["f1 fitted"] = f1_scores(said, truth[~fitting])
        else:
            scores = scored
        row["map"] = mean_average_precision(scores, truth[~fitting])
        row["micro"] = float(
            average_precisions(scores.reshape(-1, 1), truth[~fitting].reshape(-1, 1))[0]
        )
        row["two best"] = _two_best(scores, truth[~fitting])
        row["f1 best"] = _best_f1(scores, truth[~fitting])
        found[way] = _rounded(row)
        print(f"  {way}: {found[way]}", flush=True)
    chance = float(truth[~fitting].mean())
    return {
        "labels": len(names),
        "fitted": int(fitting.sum()),
        "tested": int((~fitting).sum()),
        "chance": round(chance, 4),
        "ways": found,
    }


def _truth(pictures: Pictures, names: list[str]) -> NDArray[np.bool_]:
    truth = np.zeros((len(pictures.pairs), len(names)), bool)
    for row, pair in zip(truth, pictures.pairs, strict=True):
        row[[names.index(pictures.drawings[i].animal) for i in pair.drawings]] = True
    return truth


def _two_best(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Which part of what is there is among the two best labels."""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :2]
    return float(np.take_along_axis(truth, best, axis=1).sum() / truth.sum())


def _best_f1(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """The highest micro F1 that any one threshold for all labels has; seen from the truth."""
    order = np.argsort(-scores, axis=None, kind="stable")
    hits = np.cumsum(truth.ravel()[order])
    said = np.arange(1, len(hits) + 1)
    return float((2 * hits / (said + truth.sum())).max())


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [round(inner, 4) for inner in value]
    return round(value, 4)


def render(found: dict[str, Any]) -> str:
    """The table, and which way is better."""
    keys = ("map", "micro", "two best", "f1 best")
    rows = [
        [
            way,
            *(f"{100 * row[key]:.1f}" for key in keys),
            *(
                " / ".join(f"{100 * x:.1f}" for x in row[key]) if key in row else ""
                for key in ("f1 at 0.5", "f1 fitted")
            ),
        ]
        for way, row in found["ways"].items()
    ]
    titles = ["scores", "mAP", "micro AP", "found among the two best, %"]
    titles += ["micro F1, best threshold", "micro / macro F1 at 0.5", "at fitted thresholds"]
    ways = found["ways"]
    raw, null, pairs = (ways[w] for w in ("raw cosines", "null prompts", "standardized on pairs"))
    alone = ways["standardized on single drawings"]
    better = "better" if pairs["micro"] > null["micro"] else "NOT better"
    return (
        f"Two drawings of different animals in one style pasted on one picture, {found['labels']} "
        f"labels; {found['tested']} pairs tested, {found['fitted']} others, of other drawings, for "
        f"fitting. A guess would have a micro AP of {100 * found['chance']:.1f}.\n\n"
        + table(titles, rows)
        + "\n**For you:** tiny-cartoon never saw two things on a picture, and finds few: this "
        "compares the ways, and says nothing of a CLIP trained on photographs. mAP looks at each "
        "label by itself, so standardizing cannot change it; what compares labels with each other "
        f"can: standardized on pictures of the same kind is {better} than null prompts (micro AP "
        f"{100 * pairs['micro']:.1f} against {100 * null['micro']:.1f}, raw cosines "
        f"{100 * raw['micro']:.1f}). Null prompts "
        + ("help" if null["micro"] > raw["micro"] else "do not help")
        + " over raw cosines here. Standardized on other pictures (one animal on each) it is "
        f"{100 * alone['micro']:.1f}"
        + (
            ", worse than raw: fit on what is to come.\n"
            if alone["micro"] < raw["micro"]
            else ".\n"
        )
    )
