"""Reliability diagrams, and accuracy against coverage."""

from __future__ import annotations

import numpy as np
import pytest
from evaluations import made
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from zsclip import plot
from zsclip.errors import ParameterError, ParameterTypeError

# Best scores 0.95, 0.9, 0.7 and 0.6, the third of them wrong.
ROWS = [[0.95, 0.05], [0.1, 0.9], [0.7, 0.3], [0.6, 0.4]]
EVALUATION = made(ROWS, ["a", "b", "b", "a"], "ab")


def points(line: Line2D) -> list[tuple[float, float]]:
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    return list(zip(x.tolist(), y.tolist(), strict=True))


def test_a_bar_of_a_reliability_diagram_is_the_part_that_is_right() -> None:
    ax = plot.reliability(EVALUATION, bins=2).axes[0]
    [bar] = ax.containers[0]
    assert (bar.get_x() + bar.get_width() / 2, bar.get_height()) == (pytest.approx(0.75), 0.75)
    assert [text.get_text() for text in ax.texts] == ["4"]
    assert np.allclose(points(ax.lines[1]), [(0.7875, 0.75)])


def test_the_error_in_its_title_is_that_of_the_evaluation() -> None:
    ax = plot.reliability(EVALUATION).axes[0]
    assert ax.get_title() == f"Reliability: ECE {EVALUATION.ece:.3f}"
    assert sum(int(text.get_text()) for text in ax.texts) == 4


def test_numbers_over_bars_are_left_out_where_bars_are_thin() -> None:
    assert not plot.reliability(EVALUATION, bins=80).axes[0].texts


def test_the_alternative_text_of_a_reliability_diagram_tells_every_bin() -> None:
    assert plot.alt_text(plot.reliability(EVALUATION, bins=4)) == (
        "Reliability of the scores of colors on 4 pictures: expected calibration error 0.113. "
        "Right by best score: 0.50 to 0.75: 50% of 2, 0.75 to 1.00: 100% of 2."
    )


def test_bins_are_a_number_of_them() -> None:
    with pytest.raises(ParameterError, match="`bins`"):
        plot.reliability(EVALUATION, bins=0)
    with pytest.raises(ParameterTypeError, match="`bins`"):
        plot.reliability(EVALUATION, bins=1.5)  # type: ignore[arg-type]


def test_accuracy_against_coverage_takes_the_surest_first() -> None:
    [line] = plot.coverage(EVALUATION).axes[0].lines
    assert np.allclose(points(line), [(0.25, 1), (0.5, 1), (0.75, 2 / 3), (1, 3 / 4)])
    assert points(line)[-1] == (1, EVALUATION.accuracy)


def test_pictures_of_one_score_are_taken_together() -> None:
    evaluation = made([0, 0, 0, 1], ["a", "b", "a", "b"], "ab")
    [line] = plot.coverage(evaluation).axes[0].lines
    assert points(line) == [(1.0, 0.75)]


def test_a_dot_tells_where_a_classifier_that_rejects_stands() -> None:
    accepted = np.array([True, True, False, False])
    evaluation = made(ROWS, ["a", "b", "b", "a"], "ab", accepted=accepted)
    figure = plot.coverage(evaluation)
    dot = figure.axes[0].lines[1]
    assert points(dot) == [(0.5, 1.0)]
    assert "accepts 50%, and 100% of these are right" in plot.alt_text(figure)


def test_a_classifier_that_accepts_nothing_has_no_dot() -> None:
    none = made(ROWS, ["a", "b", "b", "a"], "ab", accepted=np.zeros(4, bool))
    assert len(plot.coverage(none).axes[0].lines) == 1


def test_lines_of_several_go_into_one_under_their_names() -> None:
    ax = Figure().add_subplot()
    plot.coverage(EVALUATION, ax=ax)
    plot.coverage(made(ROWS, ["a", "b", "b", "a"], "ab", model="_$x$"), ax=ax)
    ax.legend()
    assert ax.get_legend_handles_labels()[1] == ["colors", r"\$x\$"]
    assert plot.alt_text(ax).count("Accuracy against coverage of") == 2
