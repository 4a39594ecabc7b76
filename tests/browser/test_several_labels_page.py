"""A page of results where a picture may have several labels."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect
from report_pages import predicted

from zsclip.report import write_report


def test_a_picture_counts_for_each_label_that_is_said_of_it(page: Page, tmp_path: Path) -> None:
    scores = [[0.9, 0.6, 0.1], [0.2, 0.51, 0.1], [0.1, 0.1, 0.1]]
    results = predicted(scores, ["a.png", "b.png", "c.png"], multi_label=True)
    write_report(results, tmp_path / "report.html")
    page.goto((tmp_path / "report.html").as_uri())
    counts = page.locator("#counts button")
    assert [text.split() for text in counts.all_inner_texts()] == [["dog", "2"], ["cat", "1"]]
    expect(page.locator("#pictures > li").nth(2)).to_contain_text("no label is sure enough")
    counts.first.click()
    expect(page.get_by_role("status")).to_have_text("2 of 3 pictures, 0 selected")
    page.get_by_role("combobox", name="Order", exact=True).select_option("Most doubtful first")
    assert page.locator("#pictures .name").all_text_contents() == ["b.png", "a.png"]
