"""A page of results of many pictures: how large it is, and how fast in Chromium."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks import ours
from tests.benchmarks.files import Work
from tests.benchmarks.pictures import make_small
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.timing import say

NAME = "zsclip, a page of results"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = """\
{count:,} results over {labels} labels on one page, {size:.1f} MB, with {different} different small
pictures; Chromium {version} without a window, a new profile for each round. Opened is from the
start of the navigation to the frame after the first card; filtered is from the change of a field to
the frame after the new cards."""
# When the first card has been painted, in milliseconds of the page.
WATCH = """
const frames = (then) => requestAnimationFrame(() => requestAnimationFrame(then));
new MutationObserver((_, observer) => {
  if (!document.querySelector("#pictures > li")) return;
  observer.disconnect();
  frames(() => { window.firstCard = performance.now(); });
}).observe(document, { childList: true, subtree: true });
"""
CHANGE = """([id, value]) => new Promise((done) => {
  const field = document.getElementById(id), start = performance.now();
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""
CHANGES = {  # what is done, in this order: the field, and its value
    "search for a name": ("search", "0017"),
    "search for nothing": ("search", ""),
    "one label": ("label", "3"),
    "all labels": ("label", ""),
    "the most doubtful first": ("order", "doubt"),
    "by name": ("order", "name"),
}


def run(work: Work, machine: Mapping[str, Any]) -> Section:
    """Measure it."""
    del machine
    gap = _missing()
    if gap:
        say(f"{NAME}: not measured ({gap})")
        return Section(
            "A page of results", gap, [Table("", "s", False, [System(NAME, [], gap=gap)])]
        )
    pictures = make_small(work.folder / "page", work.size(250, 10))
    count, labels, file = work.size(5000, 100), 80, work.folder / "report.html"
    seconds = ours.write_page(file, pictures, count, labels)
    size = file.stat().st_size / 1e6
    say(f"written in {seconds:.1f} s, {size:.1f} MB")
    version, opened, changed = _measure(file, work.turns(7))
    systems = [System("opened", opened)]
    systems += [System(name, values) for name, values in changed.items()]
    how = HOW.format(
        count=count, labels=labels, size=size, different=len(pictures), version=version
    )
    written = f"Written in {seconds:.1f} s, of which most is reading pictures to make them small."
    return Section("A page of results", how, [Table("", "s", False, systems)], [written])


def _chromium() -> str | None:
    """The system's Chromium; None if there is none."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def _missing() -> str:
    """What is not there for it; empty if all is."""
    if importlib.util.find_spec("playwright") is None:
        return "not installed: playwright"
    return "" if _chromium() else "not installed: Chromium"


def _measure(file: Path, rounds: int) -> tuple[str, list[float], dict[str, list[float]]]:
    """Chromium's version, and seconds of each round."""
    from playwright.sync_api import sync_playwright

    opened: list[float] = []
    changed: dict[str, list[float]] = {name: [] for name in CHANGES}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        version = str(browser.version)
        for i in range(-1, rounds):  # the first one has the file read into memory
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(WATCH)
            page.goto(file.as_uri())
            page.wait_for_function("window.firstCard")
            took = float(page.evaluate("window.firstCard")) / 1000
            times = {
                name: float(page.evaluate(CHANGE, list(change))) / 1000
                for name, change in CHANGES.items()
            }
            page.close()
            if i < 0:
                continue
            opened.append(took)
            for name, time in times.items():
                changed[name].append(time)
            say(f"opened in {took:.2f} s, filtered in {max(times.values()):.2f} s at most")
        browser.close()
    return version, opened, changed
