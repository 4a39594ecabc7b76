"""Each figure beside the picture of it that was looked at and stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib.style
import numpy as np
import pytest
from baselines import distance, drawn, stored, texts
from evaluations import made
from matplotlib.figure import Figure
from numpy.typing import NDArray

from zsclip import Evaluation, LabelSet, Prediction, plot
from zsclip.demo import load_drawings

STORED = Path(__file__).parent / "baseline"
# How far from it a figure may be: somewhat more than 3.10 is from 3.11, which place cells and
# pictures by one pixel apart; what is wrong is three times as far at least.
MOST = {"predictions": 4, "similarity": 8, "confusion": 5, "reliability": 1, "coverage": 1}

ANIMALS = ["rat", "tiger", "crocodile", "ram", "chicken"]
LABELS = LabelSet.from_names(ANIMALS)
PICTURES = [drawing.data for drawing in load_drawings()[:5]]
SAID = [f"a drawing of a {animal}" for animal in ANIMALS]
COSINES = np.random.default_rng(1).random((5, 5)) * 0.1 + np.eye(5) * 0.2 + 0.1


@pytest.fixture(autouse=True)
def _usual_style() -> Iterator[None]:
    with matplotlib.style.context("default"):
        yield


def scores(wrong: range) -> NDArray[np.float32]:
    """Of 25 pictures, surer and surer, all of them right but these."""
    rows = np.empty((25, 5), np.float32)
    for i in range(25):
        sure = 0.3 + 0.7 * i / 25
        rows[i] = (1 - sure) / 4
        rows[i, (i + (i in wrong)) % 5] = sure
    return rows


def evaluated(wrong: range) -> Evaluation:
    return made(scores(wrong), [ANIMALS[i % 5] for i in range(25)], LABELS)


def predicted(wrong: range) -> list[Prediction]:
    origin = evaluated(wrong).origin
    return [
        Prediction(f"{animal}.png", row, LABELS, origin)
        for animal, row in zip(ANIMALS, scores(wrong)[10:15], strict=True)
    ]


FEW, MANY = range(0, 17, 3), range(5, 24)

# Of each figure, as it should be and as it should not.
FIGURES: dict[str, tuple[Callable[[], Figure], Callable[[], Figure]]] = {
    "predictions": (
        lambda: plot.predictions(predicted(FEW), PICTURES, 3),
        lambda: plot.predictions(predicted(MANY)[::-1], PICTURES[::-1], 3),
    ),
    "similarity": (
        lambda: plot.similarity(PICTURES, SAID, values=COSINES),
        lambda: plot.similarity(PICTURES, SAID, values=COSINES[::-1]),
    ),
    "confusion": (
        lambda: plot.confusion(evaluated(FEW)),
        lambda: plot.confusion(evaluated(MANY)),
    ),
    "reliability": (
        lambda: plot.reliability(evaluated(FEW)),
        lambda: plot.reliability(evaluated(MANY)),
    ),
    "coverage": (
        lambda: plot.coverage(evaluated(FEW)),
        lambda: plot.coverage(evaluated(MANY)),
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_looks_and_reads_as_the_stored_one(name: str) -> None:
    right = FIGURES[name][0]
    picture, words = stored(STORED / f"{name}.png", right())
    figure = right()
    assert texts(figure) == words
    assert distance(picture, drawn(figure)) < MOST[name]


@pytest.mark.parametrize("name", FIGURES)
def test_a_wrong_figure_is_far_from_the_stored_picture(name: str) -> None:
    picture, words = stored(STORED / f"{name}.png", FIGURES[name][0]())
    figure = FIGURES[name][1]()
    assert name == "coverage" or texts(figure) != words  # whose texts tell no number
    assert distance(picture, drawn(figure)) > 3 * MOST[name]


def test_every_figure_has_a_stored_picture() -> None:
    assert {path.stem for path in STORED.glob("*.png")} == FIGURES.keys()
    assert FIGURES.keys() == {*plot.__all__} - {"alt_text"}
