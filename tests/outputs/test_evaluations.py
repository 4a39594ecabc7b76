from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from evaluations import made
from report_pages import data_of

from zsclip.errors import ParameterError, WouldReplaceError
from zsclip.outputs import (
    EVALUATIONS,
    check_output,
    choose_format,
    evaluation_lines,
    write_evaluation_file,
)

EVALUATION = made([0, 1, 1], ["a", "b", "a"], "abc")


@pytest.mark.parametrize("form", EVALUATIONS)
def test_a_file_of_an_evaluation_is_known_again_and_no_other_is(form: str, tmp_path: Path) -> None:
    target = tmp_path / f"{form}.out"
    for _ in range(2):  # what zsclip wrote is replaced
        write_evaluation_file(
            form, EVALUATION, check_output(form, str(target), formats=EVALUATIONS)
        )
    assert [name for name, one in EVALUATIONS.items() if _knows(one.is_ours, target)] == [form]
    target.write_text("somebody's notes\n")
    with pytest.raises(WouldReplaceError):
        check_output(form, str(target), formats=EVALUATIONS)


def _knows(is_ours: object, target: Path) -> bool:
    assert callable(is_ours)
    try:
        return bool(is_ours(target))
    except ValueError:
        return False


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_file_of_an_evaluation_holds_the_lines_that_are_printed(
    form: str, tmp_path: Path
) -> None:
    write_evaluation_file(form, EVALUATION, tmp_path / "out")
    assert (tmp_path / "out").read_text("utf-8").splitlines() == evaluation_lines(form, EVALUATION)


def test_lines_of_an_evaluation_tell_what_it_tells() -> None:
    assert json.loads("".join(evaluation_lines("json", EVALUATION))) == EVALUATION.to_dict()
    rows = {
        (r["metric"], r["label_id"]): r for r in csv.DictReader(evaluation_lines("csv", EVALUATION))
    }
    assert float(rows["accuracy", ""]["value"]) == pytest.approx(2 / 3, abs=1e-5)
    assert rows["recall", "a"]["value"] == "0.5"
    assert evaluation_lines("table", EVALUATION) == str(EVALUATION).splitlines()


def test_a_page_of_an_evaluation_shows_its_pictures(tmp_path: Path) -> None:
    write_evaluation_file("html", EVALUATION, tmp_path / "e.html")
    assert [row["right"] for row in data_of(tmp_path / "e.html")[0]] == [True, True, False]


def test_the_formats_of_an_evaluation_are_told_by_names() -> None:
    names = ("e.html", "e.json", "e.csv")
    told = [choose_format(None, name, EVALUATIONS) for name in names]
    assert told == ["html", "json", "csv"]
    with pytest.raises(ParameterError, match=r"End it in one of \.json \.csv \.html"):
        choose_format(None, "e.jsonl", EVALUATIONS)
