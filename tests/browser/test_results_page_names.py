"""A page of results: unusual names of files, the way back to it, on paper and without scripts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browsing import new_tab
from playwright.sync_api import Browser, Page, expect
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


def test_all_that_was_found_goes_on_paper_and_paper_is_light(page: Page, tmp_path: Path) -> None:
    sources = [f"{i}.png" for i in range(700)]
    write_report(predicted([[0.5, 0.3, 0.2]] * 700, sources), tmp_path / "r.html")
    page.goto((tmp_path / "r.html").as_uri())
    page.get_by_role("button", name="Dark").click()
    assert page.locator("#pictures .card").count() < 700
    page.pdf()
    assert page.locator("#pictures .card").count() == 700
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator("#controls")).to_be_hidden()
    expect(page.get_by_role("status")).to_be_visible()


def test_without_scripts_nothing_is_offered_that_needs_them(
    browser: Browser, tmp_path: Path
) -> None:
    write_report(predicted([[0.5, 0.3, 0.2]], ["a.png"]), tmp_path / "r.html")
    with new_tab(browser, java_script_enabled=False) as page:
        page.goto((tmp_path / "r.html").as_uri())
        expect(page.locator("noscript p")).to_be_visible()
        assert page.get_by_role("button").count() == 0
        assert page.get_by_role("combobox").count() == 0
