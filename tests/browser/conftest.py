"""Chromium for all tests here, and for each a tab that has no network and wants none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import NAMES, find_chromium, new_tab
from playwright.sync_api import Browser, Page, sync_playwright


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a window; `browsing.new_tab` opens tabs of other sizes and colors."""
    path = find_chromium()
    assert path, f"no Chromium: none of {', '.join(NAMES)} is in PATH. Run .ci/browser."
    with sync_playwright() as playwright:
        # root, as CI often is, may not have a sandbox; the pages are our own
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab as wide as a desk's."""
    with new_tab(browser, viewport={"width": 1280, "height": 900}) as tab:
        yield tab
