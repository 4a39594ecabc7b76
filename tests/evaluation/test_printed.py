"""An evaluation as people read it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from evaluations import made

from zsclip import Evaluation, Failure, LabelSet, UnknownTruth
from zsclip.errors import ImageError
from zsclip.labels import Expected


def test_the_table_names_each_metric_and_label() -> None:
    found = made([0] * 8 + [0, 1], ["a"] * 8 + ["b", "b"], "abc")
    low, high = (100 * end for end in found.interval("accuracy"))
    assert str(found) == (
        "10 pictures, 3 labels, 1 template, colors\n"
        "\n"
        f"accuracy (top-1)          90.0 %   95 % interval {low:.1f} % to {high:.1f} %\n"
        "top-5                    100.0 %   95 % interval 100.0 % to 100.0 %\n"
        "mean per-class recall     75.0 %   95 % interval 50.0 % to 100.0 %\n"
        f"ECE (15 bins)              0.000   {_ends(found, 'ece')}\n"
        f"Brier                      {found.brier:.3f}   {_ends(found, 'brier')}\n"
        f"log loss                   {found.log_loss:.3f}   {_ends(found, 'log_loss')}\n"
        "\n"
        "label  pictures   recall  precision  taken for\n"
        "a             8  100.0 %     88.9 %\n"
        "b             2   50.0 %    100.0 %  a\n"
        "1 label has no picture."
    )


def _ends(found: Evaluation, metric: str) -> str:
    low, high = found.interval(metric)
    return f"95 % interval {low:.3f} to {high:.3f}"


def test_of_many_labels_those_that_fare_worst_are_shown() -> None:
    answers = list(range(26))
    answers[17] = 3
    lines = str(made(answers, list(range(26)))).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("label"))
    assert lines[at + 1].split() == ["r", "1", "0.0", "%", "-", "d"]
    assert lines[at + 21] == "and 6 labels with a higher recall."


def test_published_figures_stand_below_with_the_difference() -> None:
    labels = replace(
        LabelSet.from_names(["a", "b"]),
        expected=(Expected("colors", "top-1", 0.75, "a paper"),),
    )
    assert "published accuracy (top-1) 75.0 % (a paper); here +25.0 %" in str(
        made([0, 1], [0, 1], labels)
    )


def left_out() -> Evaluation:
    return made(
        [0, 1],
        [0, 1],
        "ab",
        failures=tuple(Failure(f"{i}.jpg", ImageError(f"{i}.jpg", "no.")) for i in range(25)),
        unknown=(UnknownTruth("x\x1b[2J.png", "cow"), UnknownTruth("y\udce9.png", None)),
    )


def test_what_counts_in_no_metric_is_counted_and_listed() -> None:
    told = str(left_out())
    assert "25 could not be read, and count in no metric:\n  0.jpg\n  1.jpg\n" in told
    assert "2 have a truth that is no label, and count in no metric:" in told
    assert "  x\\x1b[2J.png: cow\n" in told
    assert ".png: nothing" in told
    assert "... and more, in `failures` and `unknown`" in told
    assert "\x1b" not in told


def test_what_counts_in_no_metric_is_all_in_the_plain_values() -> None:
    plain = json.loads(json.dumps(left_out().to_dict()))
    assert len(plain["failures"]) == 25
    assert plain["failures"][0]["source"] == "0.jpg"
    assert plain["unknown"][1] == {"source": "y\\udce9.png", "truth": None}
    numbered = made([0], [0], "ab", unknown=(UnknownTruth("z", np.int64(7)),))
    assert json.loads(json.dumps(numbered.to_dict()))["unknown"][0]["truth"] == 7


def test_hints_stand_at_the_end() -> None:
    found = made([0, 1], [0, 1], "ab", templates=("{}",))
    assert str(found).endswith(f"\n\nNote: {found.hints[0]}")
    assert found.to_dict()["hints"] == list(found.hints)


def test_pictures_of_no_label_at_all_are_printed() -> None:
    several = np.zeros((3, 2), bool)
    found = made([0, 1, 0], ["a"] * 3, "ab")
    found = Evaluation(found.labelset, found.origin, found.sources, several, found.scores)
    assert str(found).endswith("2 labels have no picture.")
    assert "mean average precision" in str(found)
