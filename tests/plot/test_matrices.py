"""Pictures beside words, and labels beside labels."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from evaluations import made
from matplotlib.figure import Figure
from PIL import Image

from zsclip import LabelSet, ZeroShotClassifier, plot
from zsclip.errors import ImageError, ParameterError, ParameterTypeError

PICTURE = Image.new("RGB", (30, 20), "red")


def confused(n: int) -> Figure:
    names = [f"label number {i}" for i in range(n)]
    said = [i if i % 3 else (i + 1) % n for i in range(n)]
    return plot.confusion(made(said, names, LabelSet.from_names(names)))


def cells(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def numbers(figure: Figure) -> Any:
    return np.asarray(figure.axes[0].images[0].get_array())


def labels(figure: Figure, side: str) -> list[str]:
    axes = figure.axes[0]
    ticks = axes.get_yticklabels() if side == "y" else axes.get_xticklabels()
    return [text.get_text() for text in ticks]


def test_a_similarity_is_computed_by_the_classifier(
    colors: ZeroShotClassifier, solid: Callable[[str], Image.Image]
) -> None:
    pictures, words = [solid("red"), solid("blue")], ["a red thing.", "a green thing.", "blue"]
    figure = plot.similarity(iter(pictures), iter(words), classifier=colors)
    matrix = colors.similarity(pictures, words)
    assert np.allclose(numbers(figure), matrix.T)
    assert cells(figure) == [f"{x:.2f}" for x in matrix.T.ravel()]
    assert labels(figure, "y") == words
    assert "picture 1: a red thing. " in plot.alt_text(figure)


def test_a_similarity_may_be_given_and_shows_the_pictures_above() -> None:
    values = [[0.1, -0.001, 0.3], [0.4, 0.5, 0.6]]
    figure = plot.similarity([PICTURE, PICTURE], ["a", "b", "c"], values=values)
    assert cells(figure) == ["0.10", "0.40", "0.00", "0.50", "0.30", "0.60"]
    shown = [image.get_extent() for image in figure.axes[0].images[1:]]
    assert [(e[0], e[1]) for e in shown] == [(-0.5, 0.5), (0.5, 1.5)]
    assert all(e[2] <= -0.5 and e[3] >= -1.62 for e in shown)


def test_pictures_are_not_distorted() -> None:
    figure = plot.similarity([PICTURE], ["a"], values=[[1]])
    left, right, bottom, top = figure.axes[0].images[1].get_extent()
    assert (right - left) / (bottom - top) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ParameterError, "needs either `classifier`.* got neither"),
        ({"values": [[1]], "classifier": 1}, ParameterError, "got both"),
        ({"values": [[1, 2]]}, ParameterError, r"shape \(1, 1\).* got \(1, 2\)"),
        ({"values": [[float("nan")]]}, ParameterError, "must be finite"),
        ({"values": [["x"]]}, ParameterTypeError, "`values` must be numbers"),
        ({"values": [[1]], "images": []}, ParameterError, "one picture and one text"),
        ({"values": [[1]], "texts": []}, ParameterError, "one picture and one text"),
        ({"values": [[1]], "texts": "word"}, ParameterTypeError, "`texts`"),
        ({"values": [[1]], "images": b"one"}, ParameterTypeError, "`images`"),
        ({"values": [[1]], "images": [b"none"]}, ImageError, "bytes"),
        ({"values": [[1]], "ax": 3}, ParameterTypeError, "`ax` must be axes"),
    ],
)
def test_a_similarity_that_cannot_be_drawn_says_why(
    given: dict[str, Any], error: type[Exception], message: str
) -> None:
    parts = {"images": [PICTURE], "texts": ["a"], **given}
    with pytest.raises(error, match=message):
        plot.similarity(parts.pop("images"), parts.pop("texts"), **parts)


@pytest.mark.parametrize("n", [2, 8, 80])
def test_a_matrix_of_any_size_can_be_read(n: int) -> None:
    figure = confused(n)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    cell = axes.get_window_extent().width / figure.dpi / n  # inches
    ticks = [*axes.get_yticklabels(), *axes.get_xticklabels()]
    sizes = {float(text.get_fontsize()) for text in [*ticks, *axes.texts]}
    assert min(sizes) >= 5
    assert max(sizes) <= cell * 72  # no two lines on each other
    assert len(ticks) == 2 * n
    assert bool(axes.texts) == (n <= 8) == (len(figure.axes) == 1)  # a key stands for the numbers
    assert max(figure.get_size_inches()) < 60
    assert all(f"label number {i}" in plot.alt_text(figure) for i in range(n))


def test_where_letters_would_be_too_small_not_every_label_is_written() -> None:
    names = [f"label number {i}" for i in range(100)]
    ax = Figure(figsize=(2, 2)).add_subplot()
    plot.confusion(made([1, 2], names[:2], LabelSet.from_names(names)), ax=ax)
    cell = ax.get_window_extent().width / 100 / 100  # inches, at 100 dots in each
    shown = ax.get_yticklabels()
    places = [text.get_position()[1] for text in shown]
    assert [text.get_text() for text in shown] == [f"label number {i:.0f}" for i in places]
    assert float(shown[0].get_fontsize()) == 5
    assert 5 / 72 <= (places[1] - places[0]) * cell < 10 / 72
    assert all(name in plot.alt_text(ax) for name in names)


@pytest.mark.parametrize("n", [8, 40])
def test_nothing_of_a_matrix_lies_outside_of_its_figure(n: int) -> None:
    rows = [f"a rather long description of a thing, number {i}" for i in range(n)]
    values = np.random.default_rng(0).random((n, n))
    for figure in (confused(n), plot.similarity([PICTURE] * n, rows, values=values)):
        figure.savefig(io.BytesIO(), format="png")
        box, whole = figure.axes[0].get_tightbbox(), figure.bbox
        assert box is not None
        assert box.x0 >= 0 <= box.y0
        assert box.x1 <= whole.x1 + 0.5
        assert box.y1 <= whole.y1 + 0.5


def test_long_labels_are_shortened_and_stand_whole_in_the_alternative_text() -> None:
    names = ["x" * 60 + "yz", "$a_1$ & 100%"]
    figure = plot.confusion(made([0, 1], names, LabelSet.from_names(names)))
    assert (
        labels(figure, "y") == labels(figure, "x") == ["x" * 16 + "…" + "x" * 13 + "yz", names[1]]
    )
    assert all(name in plot.alt_text(figure) for name in names)
    assert not any(text.get_parse_math() for text in figure.axes[0].get_xticklabels())


def test_a_row_of_a_confusion_is_the_truth() -> None:
    figure = plot.confusion(made([1, 1, 1, 0], ["a", "a", "b", "a"], "ab"))
    assert np.allclose(numbers(figure), [[1 / 3, 2 / 3], [0.0, 1.0]])
    assert cells(figure) == ["1", "2", "1"]  # a cell without a picture is empty


def test_numbers_are_dark_on_light_and_light_on_dark() -> None:
    figure = plot.similarity([PICTURE, PICTURE], ["a"], values=[[0], [1]])
    assert [text.get_color() for text in figure.axes[0].texts] == ["white", "black"]


def test_in_axes_that_are_there_their_size_decides_what_fits() -> None:
    evaluation = made([0, 1], ["a", "b"], "ab")
    for side, there in ((6, True), (0.8, False)):
        figure = Figure(figsize=(side, side))
        assert plot.confusion(evaluation, ax=figure.add_subplot()) is figure
        assert bool(figure.axes[0].texts) is there
