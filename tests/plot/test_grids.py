"""Pictures with the bars of their best labels beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_made import some_parts
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from zsclip import Failure, Learnt, Prediction, ZeroShotClassifier, plot
from zsclip.errors import ImageError, ParameterError, ParameterTypeError


@pytest.fixture
def results(colors: ZeroShotClassifier, swatches: Path) -> list[Prediction]:
    return colors.classify_many(swatches)


def panels(figure: Figure) -> list[Axes]:
    return [ax for ax in figure.axes[0].child_axes if isinstance(ax, Axes)]


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_each_picture_stands_beside_its_best_labels(results: list[Prediction]) -> None:
    figure = plot.predictions(results, k=2)
    shown = panels(figure)
    assert len(shown) == 6
    for result, picture, bars in zip(results, shown[::2], shown[1::2], strict=True):
        assert picture.get_title("left") == Path(result.source).name
        assert len(picture.images) == 1
        best = result.top(2)
        assert texts(bars) == [x for s in best for x in (s.label, f"{s.score:.2f}")]
        assert [bar.get_width() for bar in bars.containers[1]] == [s.score for s in best]


def test_one_prediction_is_a_figure_too(results: list[Prediction]) -> None:
    assert len(panels(plot.predictions(results[0]))) == 2


def test_pictures_may_be_given(
    colors: ZeroShotClassifier, solid: Callable[[str], Image.Image]
) -> None:
    pictures = [solid("red"), solid("blue")]
    found = colors.classify_many(pictures)
    shown = panels(plot.predictions(found, iter(pictures)))
    assert [tuple(np.asarray(p.images[0].get_array())[0, 0]) for p in shown[::2]] == [
        (254, 0, 0),
        (0, 0, 254),
    ]
    with pytest.raises(ParameterError, match="as many as `results`, got 1 and 2"):
        plot.predictions(found, pictures[:1])
    with pytest.raises(ParameterTypeError, match="`images`"):
        plot.predictions(found, b"one")  # type: ignore[arg-type]


def test_a_picture_that_is_not_at_hand_leaves_its_place_empty(
    results: list[Prediction], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket.connect", pytest.fail)
    web = dataclasses.replace(results[0], source="https://example.org/fox.png?token=***")
    gone = dataclasses.replace(results[0], source="<bytes, 3 kB>")
    named = dataclasses.replace(results[0], named=True)  # which a stranger may have chosen
    lost = dataclasses.replace(results[0], source=f"{results[0].source}.gone")
    shown = panels(plot.predictions([web, gone, named, lost]))
    assert [texts(p) for p in shown[::2]] == [["not at hand"]] * 4


def test_labels_below_their_thresholds_have_gray_bars(results: list[Prediction]) -> None:
    learnt = Learnt(thresholds=some_parts(3, 8)["thresholds"])  # type: ignore[arg-type]
    scores = np.array([0.9, 0.1, 0.99], np.float32)  # with thresholds 0.2, 0.8 and none to reach
    several = dataclasses.replace(results[0], learnt=learnt, scores=scores)
    bars = panels(plot.predictions(several))[1].containers[1]
    assert [score.label for score in several.above()] == ["red"]
    gray = [bar.get_facecolor()[0] == bar.get_facecolor()[1] for bar in bars]
    assert gray == [True, False, True]


def test_a_failure_and_a_rejection_are_told(results: list[Prediction], tmp_path: Path) -> None:
    rejection = some_parts(3, 8)["rejection"]
    learnt = Learnt(rejection=rejection)  # type: ignore[arg-type]
    out = dataclasses.replace(results[0], learnt=learnt, confidence=-9.0)
    failure = Failure(str(tmp_path / "gone.png"), ImageError("gone.png", "it is gone."))
    figure = plot.predictions([out, failure], k=1)
    shown = panels(figure)
    assert shown[1].get_title("left") == "none of these"
    assert texts(shown[2]) == ["cannot be read"]
    told = plot.alt_text(figure)
    assert "pictures: 1-red.png: none of these; the best guess is red" in told
    assert told.endswith("gone.png: cannot be read.")


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (2, 2), (8, 2), (9, 3), (80, 3)])
def test_a_figure_grows_with_its_results(results: list[Prediction], n: int, columns: int) -> None:
    figure = plot.predictions((results * 27)[:n])
    first = panels(figure)[0].get_position()
    width, height = figure.get_size_inches()
    assert height / -(-n // columns) == pytest.approx(2.1, abs=0.1)
    assert width / columns == pytest.approx(4.3)
    assert len(panels(figure)) == 2 * n
    assert first.width > 0
    assert plot.alt_text(figure).count("-red.png: red") == -(-n // 3)


def test_columns_may_be_chosen(results: list[Prediction]) -> None:
    assert plot.predictions(results, columns=1).get_figwidth() == pytest.approx(4.3)
    assert plot.predictions(results, columns=9).get_figwidth() == pytest.approx(3 * 4.3)


def test_labels_that_are_long_or_formulas_are_texts(results: list[Prediction]) -> None:
    from zsclip import LabelSet

    names = ["$x_1$", "y" * 60, "東京タワー" * 20]
    odd = dataclasses.replace(results[0], labelset=LabelSet.from_names(names))
    figure = plot.predictions(odd)
    figure.draw_without_rendering()
    bars = panels(figure)[1]
    assert "$x_1$" in texts(bars)
    assert max(map(len, texts(bars))) == 26
    assert all(name in plot.alt_text(figure) for name in names)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([], ParameterError, "one prediction or more, got none"),
        (3, ParameterTypeError, "`results` must be predictions, got 3"),
        (["fox"], ParameterTypeError, "must hold what .* got 'fox'"),
    ],
)
def test_what_are_no_results_is_named(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        plot.predictions(given)


def test_more_results_than_one_figure_shows_are_refused(results: list[Prediction]) -> None:
    with pytest.raises(ParameterError, match=r"at most 400 .* got 402.* results\[:400\]"):
        plot.predictions(results * 134)
    with pytest.raises(ParameterError, match="`k`"):
        plot.predictions(results, k=0)
    with pytest.raises(ParameterError, match="`columns`"):
        plot.predictions(results, columns=0)


def test_a_grid_may_go_into_axes_that_are_there(results: list[Prediction]) -> None:
    figure = Figure()
    ax = figure.add_subplot(1, 2, 1)
    assert plot.predictions(results, ax=ax) is figure
    assert len(ax.child_axes) == 6
