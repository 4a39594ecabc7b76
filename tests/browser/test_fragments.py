"""What shows itself in a notebook, as a browser shows it: in every theme, and without running."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from browsing import new_tab
from evaluations import made
from fragments_seen import HOSTILE
from playwright.sync_api import Browser, Page, expect

from zsclip import Failure, LabelSet, Prediction, show_grid

LIGHT, DARK = "rgb(47, 111, 208)", "rgb(122, 176, 255)"
# What JupyterLab's own style does to tables.
TABLES = """
table{table-layout:fixed;margin:auto;color:#fff}
td,th,tr{text-align:right;padding:.5em} tbody tr:nth-child(odd){background:#333}
"""


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[[str, str], str]:
    """Writes a page with a fragment in it, whose body has an attribute; gives its address."""

    def write(shown: str, attribute: str) -> str:
        file = tmp_path / "notebook.html"
        file.write_text(
            f"<!doctype html><meta charset=utf-8><style>{TABLES}</style>"
            f"<body {attribute}>{shown}</body>",
            "utf-8",
        )
        return file.as_uri()

    return write


def results(name: str = "cat") -> list[Prediction | Failure]:
    labels, origin = LabelSet.from_names([name, "dog"]), made([0], ["a"]).origin
    scores = np.array([0.75, 0.25], np.float32)
    return [
        Prediction(f"{name}.png", scores, labels, origin),
        Failure(f"{name}.png", ValueError(name)),
    ]


@pytest.mark.parametrize(
    ("attribute", "system", "color"),
    [
        ("", "light", LIGHT),
        ("", "dark", DARK),
        ('data-jp-theme-light="true"', "dark", LIGHT),
        ('data-jp-theme-light="false"', "light", DARK),
        ('class="vscode-light"', "dark", LIGHT),
        ('class="vscode-dark"', "light", DARK),
        ('data-theme="dark"', "light", DARK),
    ],
)
def test_bars_have_the_color_of_the_notebook_before_that_of_the_system(
    browser: Browser,
    notebook: Callable[[str, str], str],
    attribute: str,
    system: str,
    color: str,
) -> None:
    with new_tab(browser, color_scheme=system) as tab:
        tab.goto(notebook(show_grid(results())._repr_html_(), attribute))
        bar = tab.locator(".zs-track span").first
        expect(bar).to_have_css("background-color", color)
        row = tab.locator(".zs-table tbody tr").first
        expect(row).to_have_css("background-color", "rgba(0, 0, 0, 0)")
        share = bar.evaluate("bar => bar.clientWidth / bar.parentElement.clientWidth")
        assert share == pytest.approx(0.75, abs=0.01)


def test_no_text_of_a_stranger_runs_in_a_notebook(
    page: Page, notebook: Callable[[str, str], str]
) -> None:
    fit = [text for text in HOSTILE if text.isprintable()]
    shown = "".join(show_grid(results(text))._repr_html_() for text in fit)
    page.goto(notebook(shown, ""))
    expect(page.locator(".zsclip")).to_have_count(len(fit))
    assert page.locator("script, svg, img, iframe, a").count() == 0
    for text in fit:
        expect(page.get_by_role("rowheader", name=text, exact=True).first).to_be_visible()


def test_a_screen_reader_is_told_what_the_bars_say(
    page: Page, notebook: Callable[[str, str], str]
) -> None:
    page.goto(notebook(show_grid(results())._repr_html_(), ""))
    table = page.get_by_role("table", name="The labels, with their scores")
    expect(table.get_by_role("row", name="cat 0.750")).to_be_visible()
