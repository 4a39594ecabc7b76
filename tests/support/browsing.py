"""The system's Chromium for tests, and a tab of it that has no network and wants none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

__all__ = ["NAMES", "find_chromium", "new_tab"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The path of the system's Chromium; None if there is none. ZSCLIP_CHROMIUM names another."""
    named = os.environ.get("ZSCLIP_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def new_tab(browser: Browser, *, home: str | None = None, **options: Any) -> Iterator[Page]:
    """A tab without a network, at whose end nothing was asked of one and no script has failed.

    Args:
        browser: The browser.
        home: The address of a service, which alone may be asked, and may refuse.
        options: As of Playwright's ``browser.new_context``, such as ``viewport``, ``color_scheme``.
    """
    own = ("file:", "data:", "blob:") if home is None else ("data:", f"blob:{home}", home)
    asked: list[str] = []
    failed: list[str] = []
    context = browser.new_context(offline=home is None, accept_downloads=True, **options)
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    # what a policy refuses, and what a script complains of
    page.on("console", lambda said: failed.append(said.text) if _is_fault(said, home) else None)
    page.on("dialog", lambda dialog: failed.append(dialog.message))
    try:
        yield page
    finally:
        context.close()
    assert [url for url in asked if not url.startswith(own)] == []
    assert failed == []


def _is_fault(said: ConsoleMessage, home: str | None) -> bool:
    answered = home is not None and said.text.startswith("Failed to load resource: ")
    return said.type == "error" and not answered
