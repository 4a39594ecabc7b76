from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from evaluations import made
from report_pages import data_of, failure, picture

from zsclip import UnknownTruth
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.report import write_evaluation


def test_each_picture_tells_its_truth_and_whether_it_was_right(tmp_path: Path) -> None:
    evaluation = made([0, 1, 1], ["a", "b", "a"], "abc")
    write_evaluation(evaluation, tmp_path / "e.html", images=[picture()] * 3)
    rows, facts = data_of(tmp_path / "e.html")
    assert [row["right"] for row in rows] == [True, True, False]
    assert [row["truth"] for row in rows] == [[0], [1], [0]]
    assert [label["name"] for label in facts["labels"]] == ["a", "b", "c"]
    assert facts["judged"]
    assert all("thumb" in row for row in rows)


def test_what_could_not_be_judged_stands_there_with_the_reason(tmp_path: Path) -> None:
    for name in ("broken.png", "dodo.png"):
        (tmp_path / name).write_bytes(picture())
    broken, dodo = str(tmp_path / "broken.png"), str(tmp_path / "dodo.png")
    evaluation = dataclasses.replace(
        made([0, 1], ["a", "b"], "abc"),
        failures=(failure(broken),),
        unknown=(UnknownTruth(dodo, "dodo"), UnknownTruth("what.png", None)),
    )
    write_evaluation(evaluation, tmp_path / "e.html")
    rows, _ = data_of(tmp_path / "e.html")
    assert [row["source"] for row in rows[2:]] == [broken, dodo, "what.png"]
    assert ["thumb" in row for row in rows[2:]] == [False, True, False]  # no failure is tried again
    assert [row["state"] for row in rows[2:]] == ["failed"] * 3
    assert rows[3]["error"].endswith("dodo")
    assert "right" not in rows[3]


def test_what_was_rejected_is_told_as_the_evaluation_has_it(tmp_path: Path) -> None:
    evaluation = dataclasses.replace(
        made([0, 1], ["a", "b"], "abc"), accepted=np.array([True, False])
    )
    write_evaluation(evaluation, tmp_path / "e.html")
    rows, _ = data_of(tmp_path / "e.html")
    assert [row["state"] for row in rows] == ["accepted", "rejected"]
    assert [row["labels"] for row in rows] == [[0], [1]]  # as the confusions count them


def test_a_number_of_confusions_counts_what_it_leads_to_the_rejected_among_them(
    tmp_path: Path,
) -> None:
    evaluation = dataclasses.replace(
        made([0, 1, 1, 2], ["a", "a", "a", "c"], "abc"),
        accepted=np.array([True, True, False, False]),
    )
    write_evaluation(evaluation, tmp_path / "e.html")
    rows, _ = data_of(tmp_path / "e.html")
    for truth, answers in enumerate(evaluation.confusion.tolist()):
        for answer, count in enumerate(answers):
            assert count == sum(row["truth"] == [truth] and answer in row["labels"] for row in rows)


def test_of_several_labels_right_is_what_says_just_the_true_ones(tmp_path: Path) -> None:
    one = made([[0.9, 0.8, 0.1], [0.9, 0.8, 0.1]], ["a", "b"], "abc")
    evaluation = dataclasses.replace(
        one,
        truth=np.array([[True, True, False], [True, False, False]]),
        origin=dataclasses.replace(one.origin, multi_label=True),
    )
    write_evaluation(evaluation, tmp_path / "e.html")
    rows, facts = data_of(tmp_path / "e.html")
    assert [row["right"] for row in rows] == [True, False]
    assert [row["truth"] for row in rows] == [[0, 1], [0]]
    assert facts["several"]
    assert "What was taken for what" not in (tmp_path / "e.html").read_text("utf-8")


def test_a_page_of_an_evaluation_takes_one(tmp_path: Path) -> None:
    with pytest.raises(ParameterTypeError, match="`write_report` takes"):
        write_evaluation([], tmp_path / "e.html")  # type: ignore[arg-type]
    evaluation = made([0, 1], ["a", "b"], "abc")
    with pytest.raises(ParameterError, match="one picture for each result"):
        write_evaluation(evaluation, tmp_path / "e.html", images=[picture()])
