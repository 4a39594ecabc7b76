"""Tags out of a list of hundreds, and what each is set against."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.quality.drawings import words
from tests.quality.embedded import Pictures
from tests.quality.trials import table
from zsclip import LabelSet, ZeroShotClassifier
from zsclip.evaluation.several import average_precisions

TITLE = "Which tags?"
FILE = Path(__file__).parents[3] / "labelsets/everyday/zsclip_labels_everyday/everyday.toml"
OFTEN = 0.9  # a score from which on a tag would be said


def measure(pictures: Pictures) -> dict[str, Any]:
    """The label set `everyday` on all drawings that are called as one of its tags is."""
    labelset = LabelSet.from_toml(FILE)
    rows, tags = _shown(pictures, labelset)
    truth = np.zeros((len(rows), len(labelset)), bool)
    truth[np.arange(len(rows)), tags] = True
    found: dict[str, Any] = {}
    nulls = {
        "the label set's own": labelset.null_prompts,
        "zsclip's, for sets without": (),
        "something, alone": ("a photo of something.", "a picture of something."),
    }
    for way, null_prompts in nulls.items():
        clf = ZeroShotClassifier(
            replace(labelset, null_prompts=null_prompts),
            model="tiny-cartoon",
            device="cpu",
            precision="fp32",
            cache=False,
            multi_label=True,
        )
        scores = clf.score_embeddings(pictures.embeddings[rows])
        micro = average_precisions(scores.reshape(-1, 1), truth.reshape(-1, 1))[0]
        found[way] = {
            "prompts": len(null_prompts),
            "first": round(float((_places(scores, tags) < 1).mean()), 4),
            "first five": round(float((_places(scores, tags) < 5).mean()), 4),
            "micro": round(float(micro), 4),
            "said": round(float((scores > OFTEN).sum(axis=1).mean()), 2),
        }
        print(f"  {way}: {found[way]}", flush=True)
    return {
        "drawings": len(rows),
        "shown": len(set(tags.tolist())),
        "labels": len(labelset),
        "ways": found,
    }


def _shown(pictures: Pictures, labelset: LabelSet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The drawings of a tag, and the position of the tag."""
    tags = {words(text): i for i, label in enumerate(labelset) for text in label.texts}
    pairs = [
        (row, tag)
        for row, drawing in enumerate(pictures.drawings)
        if (tag := tags.get(drawing.animal or words(drawing.key))) is not None
    ]
    rows, positions = np.array(pairs, np.int64).T
    return rows, positions


def _places(scores: NDArray[np.float32], tags: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many tags have a higher score than the right one."""
    right = np.take_along_axis(scores, tags[:, None], axis=1)
    return np.asarray((scores > right).sum(axis=1), np.int64)


def render(found: dict[str, Any]) -> str:
    """The table, and what null prompts are worth."""
    rows = [
        [
            way,
            *(f"{100 * row[key]:.1f}" for key in ("first", "first five", "micro")),
            f"{row['said']:.1f}",
        ]
        for way, row in found["ways"].items()
    ]
    titles = ["null prompts", "the right tag first, %", "among the first five, %", "micro AP"]
    titles += [f"tags above {OFTEN} a drawing"]
    own, usual, alone = found["ways"].values()
    return (
        f"The label set `everyday` ({found['labels']} tags, each asked by itself) on the "
        f"{found['drawings']} drawings of animals, food, objects and signs that are called as one "
        f"of its tags is; they show {found['shown']} of these. A drawing counts as showing that "
        "one alone, though another tag may fit as well.\n\n"
        + table(titles, rows)
        + "\n**For you:** take the first tags, not all above a score. Null prompts change no order "
        "within a picture; between pictures many everyday words tell better than one "
        f"(micro AP {100 * own['micro']:.1f} against {100 * alone['micro']:.1f}), and those of the "
        f"list are {'no worse than' if own['micro'] >= usual['micro'] - 0.01 else 'worse than'} "
        "zsclip's. On photographs nothing was measured.\n"
    )
