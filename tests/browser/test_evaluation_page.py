"""A page of an evaluation, as people use it."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from browsing import new_tab
from evaluations import made
from playwright.sync_api import Browser, Page, expect
from report_pages import picture

from zsclip import LabelSet
from zsclip.report import write_evaluation

HOSTILE = "<img src=x onerror=alert(1)>"
NAMES = ["cat", "dog", "fox"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Ten pictures of each of three labels; of the second, four were taken for the third."""
    file = tmp_path_factory.mktemp("evaluation") / "evaluation.html"
    names = ["cat", "dog", HOSTILE]
    answers = [0] * 10 + [1] * 6 + [2] * 14
    truth = [name for name in names for _ in range(10)]
    evaluation = made(answers, truth, LabelSet.from_names(names))
    write_evaluation(evaluation, file, images=[picture()] * 30)
    return file.as_uri()


def test_a_page_begins_with_numbers_and_their_intervals(page: Page, report: str) -> None:
    page.goto(report)
    accuracy = page.get_by_role("row", name="accuracy (top-1)")
    assert accuracy.inner_text().split("\t")[1] == "86.7 %"
    assert " to " in accuracy.inner_text()
    expect(page.get_by_role("region", name="Table: metric")).to_be_visible()


def test_a_number_of_confusions_shows_its_pictures(page: Page, report: str) -> None:
    page.goto(report)
    page.get_by_role("button", name=f"dog taken for {HOSTILE}: 4").click()
    expect(page.get_by_role("status")).to_have_text("4 of 30 pictures, 0 selected")
    expect(page.locator("#pictures")).to_be_in_viewport()
    assert page.locator("#pictures .bad").all_inner_texts() == ["truth: dog"] * 4
    page.get_by_role("button", name="cat taken for cat: 10").click()
    expect(page.get_by_role("status")).to_have_text("10 of 30 pictures, 0 selected")


def test_a_number_of_confusions_shows_what_was_rejected_too(page: Page, tmp_path: Path) -> None:
    evaluation = made([0, 1, 2, 2], ["cat", "dog", "dog", "fox"], LabelSet.from_names(NAMES))
    accepted = np.array([True, True, False, False])  # of those taken for a fox, none
    file = tmp_path / "evaluation.html"
    write_evaluation(dataclasses.replace(evaluation, accepted=accepted), file)
    page.goto(file.as_uri())
    page.get_by_role("button", name="dog taken for fox: 1").click()
    expect(page.get_by_role("status")).to_have_text("1 of 4 pictures, 0 selected")
    expect(page.locator("#pictures .name")).to_have_text(["2.png"])


def test_pictures_are_shown_by_right_wrong_and_truth(page: Page, report: str) -> None:
    page.goto(report)
    show = page.get_by_role("combobox", name="Show", exact=True)
    told = page.get_by_role("status")
    show.select_option("Right")
    expect(told).to_have_text("26 of 30 pictures, 0 selected")
    show.select_option("Wrong")
    expect(told).to_have_text("4 of 30 pictures, 0 selected")
    page.get_by_role("combobox", name="Truth", exact=True).select_option("cat (10)")
    expect(told).to_have_text("0 of 30 pictures, 0 selected")


def test_the_most_confident_mistakes_stand_above(page: Page, report: str) -> None:
    page.goto(report)
    section = page.get_by_role("region", name="The most confident mistakes")
    expect(section.locator("li.card")).to_have_count(4)
    assert section.locator(".bad").all_inner_texts() == ["truth: dog"] * 4
    expect(section.locator("img").first).to_be_visible()


def test_the_selection_tells_what_was_true(page: Page, report: str) -> None:
    page.goto(report)
    page.get_by_role("combobox", name="Show", exact=True).select_option("Wrong")
    page.get_by_role("button", name="Select these").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    text = Path(download.value.path()).read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {(row["truth"], row["right"], row["label"]) for row in rows} == {
        ("dog", "false", HOSTILE)
    }


def test_on_a_phone_tables_scroll_by_themselves(browser: Browser, report: str) -> None:
    with new_tab(browser, viewport={"width": 360, "height": 740}, color_scheme="dark") as page:
        page.goto(report)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
