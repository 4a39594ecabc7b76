"""An evaluation as it shows itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluations import made
from fragments_seen import HOSTILE, plainly, seen

from zsclip import Failure, LabelSet, UnknownTruth, ZeroShotClassifier
from zsclip.errors import ImageError
from zsclip.wording import shown


def test_metrics_come_with_their_intervals() -> None:
    evaluation = made([0, 1, 2, 2], ["a", "b", "c", "a"], "abcd")
    words = " ".join(seen(evaluation).words.split())
    assert words.startswith("Evaluation · 4 pictures, 4 labels, colors metric value 95 % interval")
    low, high = evaluation.interval("accuracy")
    assert f"accuracy (top-1) 75.0 % {100 * low:.1f} % to {100 * high:.1f} %" in words


def test_the_labels_that_fare_worst_and_the_surest_mistakes_are_shown(
    colors: ZeroShotClassifier, swatches: Path
) -> None:
    evaluation = colors.evaluate(swatches, ["red", "green", "green"])
    found = seen(evaluation)
    words = " ".join(found.words.split())
    assert "green 50.0 % 2 taken for blue" in words
    assert "Most confident mistakes" in words
    assert "it is green" in words
    assert found.pictures == [f"The picture {swatches / '3-blue.png'}"]


def test_of_many_labels_the_worst_eight_are_shown() -> None:
    truth = [i % 26 for i in range(52)]
    found = seen(made(truth, truth))
    assert "Labels with the lowest recall" in found.words
    assert found.tags["tr"] - 8 < 12  # the metrics, and two rows of titles
    assert "No picture is mistaken." in found.words


def test_several_labels_a_picture_have_no_mistakes_to_show() -> None:
    one = made([0, 1, 2, 2], ["a", "b", "c", "a"], "abcd")
    several = dataclasses.replace(one, truth=np.eye(4, dtype=bool)[one.truth])
    words = seen(several).words
    assert "mean average precision" in words
    assert "mistake" not in words


def test_what_was_left_out_is_folded() -> None:
    one = made([0, 1], ["a", "b"], "abc")
    failures = tuple(Failure(f"{i}.png", ImageError(f"{i}.png", "no.")) for i in range(150))
    unknown = (UnknownTruth("c.png", None), UnknownTruth("d.png", "zebra"))
    words = seen(dataclasses.replace(one, failures=failures, unknown=unknown)).words
    assert "150 could not be read, and count in no metric" in words
    assert "and 50 more pictures" in words
    assert "c.png: nothing" in words
    assert "d.png: zebra" in words


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.isprintable()])
def test_nothing_in_an_evaluation_becomes_markup(text: str) -> None:
    labels = LabelSet.from_names([text, f"b{text}", "c"])
    said: list[Any] = [0, 1, 0]
    one = made(said, [0, 0, 2], labels, model=text, sources=[text] * 3)
    one = dataclasses.replace(
        one,
        failures=(Failure(text, ImageError(text, text)),),
        unknown=(UnknownTruth(text, text),),
    )
    assert seen(one).words.count(plainly(shown(text))) >= 8


def test_the_short_repr_shows_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    one = made([0, 1], ["a", "b"], "abc")
    monkeypatch.setattr(type(one), "interval", lambda *a, **k: pytest.fail("drawn"))
    assert repr(one).startswith("<Evaluation of 2 pictures")
