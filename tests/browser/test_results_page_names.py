"""A page of results: names of files that are no usual ones, and the way back to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from report_pages import predicted

from zsclip.report import write_report


@pytest.mark.skipif(os.sep == "\\", reason="there, backslashes part folders")
def test_a_backslash_in_a_name_parts_no_folders(page: Page, tmp_path: Path) -> None:
    sources = ["photos/caf\udce9.png", "photos/back\\slash.png"]
    write_report(predicted([[0.5, 0.3, 0.2]] * 2, sources), tmp_path / "r.html")
    page.goto((tmp_path / "r.html").as_uri())
    expect(page.locator("#pictures .name")).to_have_text(["caf\\udce9.png", "back\\slash.png"])


def test_who_comes_back_sees_the_filters_that_hold(page: Page, tmp_path: Path) -> None:
    scores = [[0.5, 0.3, 0.2], [0.2, 0.5, 0.3]]
    write_report(predicted(scores, ["a.png", "b.png"]), tmp_path / "r.html")
    page.goto((tmp_path / "r.html").as_uri())
    page.get_by_role("combobox", name="Label", exact=True).select_option("dog (1)")
    page.get_by_role("combobox", name="Order", exact=True).select_option("By name")
    told = page.get_by_role("status")
    expect(told).to_have_text("1 of 2 pictures, 0 selected")
    page.goto("about:blank")
    page.go_back()
    expect(told).to_have_text("2 of 2 pictures, 0 selected")
    page.wait_for_timeout(300)  # Chromium fills in fields after the script has run
    values = (
        page.locator("#controls")
        .locator("input, select")
        .evaluate_all("all => all.map((field) => field.value)")
    )
    assert values == ["", "all", "", "", "", "", "given"]
