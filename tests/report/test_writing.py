from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from report_pages import data_of, failure, picture, predicted

from zsclip import ZeroShotClassifier
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.images import plain_file
from zsclip.report import Report, write_report


def test_a_folder_becomes_a_page(tmp_path: Path, drawings: Path) -> None:
    clf = ZeroShotClassifier(["frog", "rat"], model="tiny-cartoon", device="cpu")
    files = [drawings / "frog.png", drawings / "rat.png", tmp_path / "none.png"]
    write_report(clf.stream(files, on_error="record"), tmp_path / "report.html", top=1)
    rows, facts = data_of(tmp_path / "report.html")
    names = [facts["labels"][row["labels"][0]]["name"] for row in rows[:2]]
    assert names == ["frog", "rat"]
    assert [row["source"] for row in rows] == list(map(str, files))
    assert ["thumb" in row for row in rows] == [True, True, False]
    assert [row["state"] for row in rows] == ["accepted", "accepted", "failed"]
    assert "none.png" in rows[2]["error"]


def test_the_same_results_make_the_same_bytes(tmp_path: Path) -> None:
    results = predicted([[0.2, 0.7, 0.1]] * 2, ["a.png", "b.png"])
    for name in ("one.html", "two.html"):
        write_report(results, tmp_path / name, images=[picture("red"), picture("blue")])
    write_report(results, tmp_path / "three.html", images=[picture("red"), picture("green")])
    one, two, three = (tmp_path.joinpath(f"{n}.html").read_bytes() for n in ("one", "two", "three"))
    assert one == two
    assert data_of(one)[1]["id"] != data_of(three)[1]["id"]


@pytest.mark.parametrize("n", [1, 3])
def test_as_many_pictures_as_results_are_asked_for(tmp_path: Path, n: int) -> None:
    results = predicted([[0.2, 0.7, 0.1]] * 2, ["a.png", "b.png"])
    with pytest.raises(ParameterError, match="one picture for each result"):
        write_report(results, tmp_path / "report.html", images=[picture()] * n)
    assert not list(tmp_path.iterdir())


def test_a_report_takes_results_alone(tmp_path: Path) -> None:
    [result] = predicted([[0.2, 0.7, 0.1]], ["a.png"])
    with pytest.raises(ParameterTypeError, match="Put a single one into a list"):
        write_report(result, tmp_path / "report.html")  # type: ignore[arg-type]
    with (
        pytest.raises(ParameterTypeError, match="must be a Prediction or a Failure"),
        Report(tmp_path / "report.html") as report,
    ):
        report.add("fox")  # type: ignore[arg-type]


def test_a_result_has_the_name_that_it_is_given(tmp_path: Path) -> None:
    [result] = predicted([[0.2, 0.7, 0.1]], ["<bytes, 3 kB>"])
    with Report(tmp_path / "report.html") as report:
        report.add(result, source="upload.png", image=picture())
        report.add(failure(), source="other.png")
    rows, _ = data_of(tmp_path / "report.html")
    assert [row["source"] for row in rows] == ["upload.png", "other.png"]


def test_a_name_that_a_picture_was_given_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture())
    [result] = predicted([[0.2, 0.7, 0.1]], [str(secret)])
    [other] = predicted([[0.2, 0.7, 0.1]], ["<bytes, 3 kB>"])
    with Report(tmp_path / "report.html") as report:
        report.add(dataclasses.replace(result, named=True))
        report.add(other, source=str(secret))
        report.add(result)
    rows, _ = data_of(tmp_path / "report.html")
    assert ["thumb" in row for row in rows] == [False, False, True]


def test_texts_of_strangers_are_data(tmp_path: Path) -> None:
    hostile = "</script><script>alert(1)</script>"
    results = predicted([[0.6, 0.4]], [f"{hostile}.png"], [hostile, "dog"])
    write_report(results, tmp_path / "report.html", title=hostile)
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "alert(1)" in text
    assert "<script>alert" not in text
    rows, facts = data_of(tmp_path / "report.html")
    assert (rows[0]["source"], facts["labels"][0]["name"]) == (f"{hostile}.png", hostile)


def test_only_files_are_read_again(tmp_path: Path) -> None:
    file, pipe = tmp_path / "a.png", tmp_path / "pipe"
    file.write_bytes(picture())
    os.mkfifo(pipe)
    places = [str(file), str(pipe), str(tmp_path), "https://example.org/a.png", "a\0b", "<bytes>"]
    assert [plain_file(place) for place in places] == [str(file), None, None, None, None, None]


@pytest.mark.parametrize(("option", "value"), [("top", 0), ("side", -1)])
def test_numbers_that_make_no_page_are_refused(tmp_path: Path, option: str, value: int) -> None:
    with pytest.raises(ParameterError, match=f"`{option}` must be"):
        write_report([], tmp_path / "report.html", **{option: value})  # type: ignore[arg-type]


def test_a_page_of_nothing_is_a_page(tmp_path: Path) -> None:
    write_report([], tmp_path / "report.html")
    assert data_of(tmp_path / "report.html")[0] == []
