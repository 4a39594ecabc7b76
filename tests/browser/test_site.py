"""The documentation as a site: on a phone no page is wider than its screen, and all of it shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
PHONE = {"width": 360, "height": 740}
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DARK = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages: those in the folder that ZSCLIP_SITE names, or built for this."""
    built = os.environ.get("ZSCLIP_SITE")
    if built:
        return Path(built).resolve()
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", str(ROOT / "docs"), str(folder)]
    subprocess.run(command, check=True)
    return folder


def test_no_page_of_the_site_is_wider_than_a_phone(page: Page, site: Path) -> None:
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    wide = []
    for path in pages:
        page.goto(path.as_uri())
        if page.evaluate(WIDER) > 0:
            wide.append(path.name)
    assert wide == []


def test_the_start_page_shows_all_of_it_on_one_screen(page: Page, site: Path) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto((site / "index.html").as_uri())
    doors = page.locator(".door")
    assert doors.count() == 4
    for part in (page.locator("article img"), page.get_by_text("pip install"), doors.nth(3)):
        box = part.first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 800
    assert page.locator("article img").evaluate("image => image.naturalWidth") > 0


def test_the_site_is_dark_where_the_system_is(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    light = page.evaluate(DARK)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(DARK) != light
