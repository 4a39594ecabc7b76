"""A grid of results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluations import made
from fragments_seen import HOSTILE, seen
from PIL import Image

from zsclip import Failure, LabelSet, Prediction, Rejection, ZeroShotClassifier, show_grid
from zsclip.errors import ImageError, ParameterError, ParameterTypeError
from zsclip.learnt import Learnt
from zsclip.results import Grid, grid

ORIGIN = made([0], ["a"]).origin
LABELS = LabelSet.from_names(["cat", "dog"])


def result(source: str = "a.png", **parts: Any) -> Prediction:
    return Prediction(source, np.array([0.25, 0.75], np.float32), LABELS, ORIGIN, **parts)


def picture(color: str = "red") -> Image.Image:
    return Image.new("RGB", (300, 200), color)


def test_each_result_is_a_card_with_its_picture(colors: ZeroShotClassifier, swatches: Path) -> None:
    results = colors.classify_many([*sorted(swatches.iterdir()), b"x"], on_error="record")
    made_one = show_grid(results)
    assert isinstance(made_one, Grid)
    found = seen(made_one)
    assert [text[-9:] for text in found.pictures] == ["1-red.png", "green.png", "-blue.png"]
    assert found.words.split()[0] == "red"
    assert "could not be classified" in found.words
    assert found.tags["table"] == 3


def test_a_grid_is_told_in_one_line() -> None:
    learnt = Learnt(rejection=Rejection(method="mcm", threshold=0.5))
    results: list[Prediction | Failure] = [
        result(),
        result(confidence=0.25, learnt=learnt),
        Failure("b.png", ImageError("b.png", "no.")),
    ]
    assert repr(show_grid(results)) == "<Grid of 3 results, 1 rejected, 1 failed>"
    assert repr(show_grid([result()])) == "<Grid of 1 result>"
    assert repr(show_grid([])) == "<Grid of 0 results>"
    assert seen(show_grid([])).words.strip() == ""


def test_pictures_are_given_where_results_have_no_path() -> None:
    results = [result("<PIL.Image RGB 300x200>"), result("upload.png", named=True)]
    assert seen(show_grid(results)).pictures == []
    given: list[Any] = [picture(), np.zeros((30, 20, 3), np.uint8)]
    for images in (given, iter(given)):
        shown = show_grid(results, images=images)
        assert seen(shown).pictures == [
            "The picture <PIL.Image RGB 300x200>", "The picture upload.png",
        ]  # fmt: skip
        assert seen(shown).pictures  # and the second time as well


def test_a_picture_from_the_web_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *a, **k: pytest.fail("asked"))
    monkeypatch.setattr("socket.socket", lambda *a, **k: pytest.fail("connected"))
    shown = show_grid([result("http://example.org/a.png")], images=["http://example.org/a.png"])
    assert seen(shown).pictures == []
    assert "http://example.org/a.png" in seen(shown).words


@pytest.mark.parametrize("n", [0, 1, 3])
def test_there_is_one_picture_for_each_result(n: int) -> None:
    def pictures() -> Iterator[Image.Image]:
        for _ in range(n):
            yield picture()

    with pytest.raises(ParameterError, match=r"there are 2 results, and (0|1|more) pictures"):
        show_grid([result(), result()], images=pictures())


@pytest.mark.parametrize("results", [result(), 7, None])
def test_results_are_several(results: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`results` must be several results"):
        show_grid(results)


def test_what_is_no_result_is_named_by_its_place() -> None:
    wrong: list[Any] = [result(), "a.png"]
    with pytest.raises(ParameterTypeError, match=r"`results\[1\]` must be a Prediction"):
        show_grid(wrong)


@pytest.mark.parametrize(("columns", "error"), [(0, ParameterError), ("4", ParameterTypeError)])
def test_columns_are_a_number(columns: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="`columns` must be"):
        show_grid([result()], columns=columns)


def test_as_many_columns_as_are_wanted() -> None:
    [style] = [s for s in seen(show_grid([result()], columns=3)).styles if "grid" in s]
    assert style == "grid-template-columns:repeat(3,minmax(0,1fr))"
    assert not [s for s in seen(show_grid([result()])).styles if "grid" in s]


def test_of_many_results_the_first_are_shown_and_the_others_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grid, "MOST", 4)
    found = seen(show_grid([result(f"{i}.png") for i in range(10)]))
    assert found.tags["table"] == 4
    assert "The first 4 of 10 results are shown." in found.words
    assert "results[4:]" in found.words
    assert "results are shown" not in seen(show_grid([result()] * 4)).words


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_in_a_grid_becomes_markup(text: str) -> None:
    results: list[Any] = [result(text), result(text, named=True), Failure(text, ValueError(text))]
    seen(show_grid(results, images=[picture()] * 3))
