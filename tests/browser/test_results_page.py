"""A page of results, as people use it."""

from __future__ import annotations

import csv
import dataclasses
import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from browsing import new_tab
from playwright.sync_api import Browser, Locator, Page, expect
from report_pages import failure, picture, predicted

from zsclip import Learnt, Rejection
from zsclip.demo import load_drawings
from zsclip.report import Report

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
LABELS = ("cat", "dog", HOSTILE)
FORMULA = "=1+1.png"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """150 pictures of cats, dogs and a label that tries to be a script; one rejected, one failed.

    Returns:
        Its address.
    """
    file = tmp_path_factory.mktemp("report") / "report.html"
    shares = [0.34 + 0.004 * i for i in range(150)]  # the later, the surer
    scores = [
        [share, 0.98 - share, 0.02] if i % 3 else [0.01, 0.99 - share, share]
        for i, share in enumerate(shares)
    ]
    sources = [f"folder {i % 2}/picture {i}.png" for i in range(150)]
    sources[3], sources[4] = f"a/{HOSTILE}.png", FORMULA
    results = predicted(scores, sources, LABELS)
    rejection = Learnt(rejection=Rejection(method="probability", threshold=0.5))
    results[5] = dataclasses.replace(results[5], learnt=rejection, confidence=0.1)
    small = [picture(color) for color in ("red", "blue")]
    with Report(file, title="Cats & dogs", side=64) as page:
        for i, result in enumerate(results):
            page.add(result, image=small[i % 2])
        page.add(failure("folder 0/broken.png"))
    return file.as_uri()


def names(page: Page, first: int = 100) -> list[str]:
    """The names of the first pictures that are shown."""
    return list(page.locator("#pictures .name").all_text_contents()[:first])


def combo(page: Page, name: str) -> Locator:
    """What one of several is chosen from."""
    return page.get_by_role("combobox", name=name, exact=True)


def count(page: Page) -> str:
    """What is told of how many there are."""
    return str(page.get_by_role("status").inner_text())


def rows_of(page: Page) -> list[dict[str, str]]:
    """The selection as it is downloaded."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download selection as CSV").click()
    assert download.value.suggested_filename == "selection.csv"
    text = Path(download.value.path()).read_text("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_page_shows_pictures_with_their_labels(page: Page, report: str) -> None:
    page.goto(report)
    expect(page).to_have_title("Cats & dogs")
    assert count(page) == "151 of 151 pictures, 0 selected"
    card = page.locator("#pictures > li").nth(1)
    assert card.locator(".scores li").all_inner_texts()[0].split() == ["dog", "0.636"]
    image = card.locator("img")
    expect(image).to_have_attribute("alt", "picture 1.png")
    image.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelectorAll('#pictures img')[1].naturalWidth === 40")
    assert "3 labels" in page.locator("#about").inner_text()


def test_texts_of_strangers_are_shown_and_do_nothing(page: Page, report: str) -> None:
    page.goto(report)  # a dialog, a request or an error would fail this test at its end
    card = page.locator("#pictures > li").nth(3)
    expect(card.locator(".name")).to_have_text(f"{HOSTILE}.png".split("/")[-1])
    expect(card.locator(".scores")).to_contain_text(HOSTILE)
    combo(page, "Label").select_option(index=2)
    assert page.locator("img[src='x'], body script:not([type])").count() == 1  # the page's own


def test_the_policy_of_a_page_lets_no_other_script_run(browser: Browser, report: str) -> None:
    page = browser.new_page()  # no `new_tab`, which fails for what is refused
    page.goto(report)
    refused = page.evaluate(
        """() => {
          const refused = new Promise((done) => document.addEventListener(
            "securitypolicyviolation", (event) => done(event.effectiveDirective)));
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          return refused;
        }"""
    )
    assert (refused, page.evaluate("window.ran === true")) == ("script-src-elem", False)
    page.close()


def test_search_looks_at_paths_and_labels(page: Page, report: str) -> None:
    page.goto(report)
    search = page.get_by_label("Search")
    search.fill("PICTURE 77")
    assert names(page) == ["picture 77.png"]
    search.fill("folder 0 dog")
    assert count(page).startswith("18 of 151")
    search.fill("no such thing")
    assert (names(page), count(page)) == ([], "0 of 151 pictures, 0 selected")
    page.get_by_role("button", name="All pictures").click()
    expect(page.get_by_role("status")).to_have_text("151 of 151 pictures, 0 selected")


@pytest.mark.parametrize(
    ("state", "told"),
    [("Failed", ["broken.png"]), ("None of the labels", ["picture 5.png"]), ("Selected", [])],
)
def test_pictures_are_shown_by_what_became_of_them(
    page: Page, report: str, state: str, told: Sequence[str]
) -> None:
    page.goto(report)
    combo(page, "Show").select_option(state)
    assert names(page) == told


def test_pictures_are_shown_by_label_and_score(page: Page, report: str) -> None:
    page.goto(report)
    page.get_by_role("button", name="cat").click()
    of_label = int(count(page).split()[0])
    assert of_label == sum(0.34 + 0.004 * i >= 0.49 for i in range(150) if i % 3)
    assert page.locator("#pictures .scores li:first-child").all_inner_texts()[0].startswith("cat")
    page.get_by_label("Score from").fill("0.9")
    assert names(page) == [f"picture {i}.png" for i in range(140, 150) if i % 3]
    page.get_by_label("to", exact=True).fill("0.91")
    assert names(page) == ["picture 140.png", "picture 142.png"]
    page.get_by_label("Score from").fill("")
    page.get_by_label("to", exact=True).fill("")
    page.get_by_role("button", name="cat").click()
    assert count(page).startswith("151 of 151")


def test_pictures_come_in_the_order_that_is_asked_for(page: Page, report: str) -> None:
    page.goto(report)
    order = combo(page, "Order")
    order.select_option("Surest first")
    assert names(page, 2) == ["picture 149.png", "picture 148.png"]
    order.select_option("Most doubtful first")
    assert names(page, 1) == ["picture 39.png"]  # 0.496 and 0.494
    order.select_option("By name")
    assert names(page, 2) == [FORMULA, f"{HOSTILE}.png".split("/")[-1]]
    assert names(page, 4)[2:] == ["broken.png", "picture 0.png"]
    order.select_option("As given")
    assert names(page, 2) == ["picture 0.png", "picture 1.png"]


def test_more_pictures_come_when_they_are_scrolled_to(page: Page, report: str) -> None:
    page.goto(report)
    cards = page.locator("#pictures > li")
    assert cards.count() < 151
    for _ in range(10):
        page.keyboard.press("End")
        page.wait_for_timeout(50)
    expect(cards).to_have_count(151)


def test_keys_go_from_picture_to_picture_and_select(page: Page, report: str) -> None:
    page.goto(report)
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("picture 77")
    assert names(page) == ["picture 77.png"]
    page.keyboard.press("Escape")
    expect(page.get_by_label("Search")).to_have_value("")
    focused = page.locator("#pictures input:focus")
    expect(focused).to_have_attribute("aria-label", "Select picture 0.png")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(focused).to_have_attribute("aria-label", "Select picture 1.png")
    expect(focused).to_be_checked()
    across = "getComputedStyle(document.getElementById('pictures')).gridTemplateColumns"
    columns = page.evaluate(f"{across}.split(' ').length")
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_attribute("aria-label", f"Select picture {1 + columns}.png")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")  # there is nothing before the first one
    expect(focused).to_have_attribute("aria-label", "Select picture 0.png")
    page.keyboard.press("End")
    expect(focused).to_have_attribute("aria-label", "Select broken.png")
    expect(focused).to_be_in_viewport()
    page.keyboard.press("Home")
    expect(focused).to_have_attribute("aria-label", "Select picture 0.png")
    assert count(page).endswith("1 selected")


def test_a_selection_is_downloaded_as_rows_without_formulas(page: Page, report: str) -> None:
    page.goto(report)
    expect(page.get_by_role("button", name="Download")).to_be_disabled()
    for name in (FORMULA, "picture 1.png"):
        page.get_by_label(f"Select {name}", exact=True).check()
    combo(page, "Show").select_option("Failed")
    page.get_by_role("button", name="Select these").click()
    rows = rows_of(page)
    assert [row["source"] for row in rows] == [
        "folder 1/picture 1.png",
        f"./{FORMULA}",
        "folder 0/broken.png",
    ]
    assert [row["label"] for row in rows] == ["dog", "dog", ""]
    assert rows[0]["score"] == "0.636"
    assert "it is broken" in rows[2]["error"]


def test_a_selection_is_there_again_when_the_page_is(page: Page, report: str) -> None:
    page.goto(report)
    page.get_by_label("Search").fill("picture 14")
    page.get_by_role("button", name="Select these").click()
    page.goto("about:blank")
    page.goto(report)
    assert count(page) == "151 of 151 pictures, 12 selected"  # 114 has both words
    combo(page, "Show").select_option("Selected")
    assert names(page)[:3] == ["picture 14.png", "picture 114.png", "picture 140.png"]
    page.get_by_role("button", name="Deselect all").click()
    page.reload()
    assert count(page).endswith(" 0 selected")


def test_where_nothing_may_be_stored_the_address_keeps_the_selection(
    browser: Browser, report: str
) -> None:
    refused = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})"
    with new_tab(browser) as page:
        page.add_init_script(refused)
        page.goto(report)
        for i in (0, 1, 2, 7):
            page.get_by_label(f"Select picture {i}.png").check()
        assert page.url.endswith("#selected=0-2,7")
        page.reload()
        assert count(page).endswith("4 selected")
        page.get_by_role("button", name="Dark").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_follows_the_system_and_its_switch(
    browser: Browser, report: str, scheme: str
) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(255, 255, 255)", "rgb(22, 24, 29)"
    with new_tab(browser, color_scheme=scheme) as page:
        page.goto(report)
        assert page.evaluate(ground) == (light if scheme == "light" else dark)
        does, undoes = ("Dark", "Light") if scheme == "light" else ("Light", "Dark")
        page.get_by_role("button", name=does, exact=True).click()
        assert page.evaluate(ground) == (dark if scheme == "light" else light)
        page.reload()
        assert page.evaluate(ground) == (dark if scheme == "light" else light)
        expect(page.get_by_role("button", name=undoes, exact=True)).to_be_visible()


def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Browser, report: str) -> None:
    with new_tab(browser, viewport={"width": 360, "height": 740}, has_touch=True) as page:
        page.goto(report)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        first, second = (page.locator("#pictures > li").nth(i).bounding_box() for i in (0, 1))
        assert first
        assert second
        assert first["y"] == second["y"]  # two side by side
        page.get_by_label("Select picture 0.png").tap()
        assert count(page).endswith("1 selected")


def test_a_screen_reader_finds_names_and_what_has_changed(page: Page, report: str) -> None:
    page.goto(report)
    expect(page.get_by_role("main", name="Pictures")).to_be_visible()
    expect(page.get_by_role("search", name="Which pictures to show")).to_be_visible()
    listed = page.get_by_role("list", name="Pictures", exact=True)
    item = listed.get_by_role("listitem").filter(has_text="picture 1.png").first
    expect(item).to_have_attribute("aria-posinset", "2")
    expect(item).to_have_attribute("aria-setsize", "151")
    tree = item.aria_snapshot()
    assert 'img "picture 1.png"' in tree
    assert 'checkbox "Select picture 1.png"' in tree
    assert "dog 0.636" in " ".join(tree.split())
    assert page.get_by_role("status").get_attribute("aria-live") == "polite"
    unnamed = page.locator("button, input, select").evaluate_all(
        "all => all.filter(e => !(e.innerText || e.ariaLabel || e.labels?.length)).length"
    )
    assert unnamed == 0


def test_tab_enters_the_list_once(page: Page, report: str) -> None:
    page.goto(report)
    assert page.locator("#pictures input[tabindex='0']").count() == 1
    page.get_by_role("button", name="Select these").focus()
    page.keyboard.press("Tab")  # what nothing is selected for is left out
    expect(page.get_by_label("Select picture 0.png")).to_be_focused()


def test_a_page_that_the_command_line_wrote_of_a_strangers_folder(
    page: Page, tmp_path: Path
) -> None:
    strange = "<img src=x onerror=alert(1)> & \u202egnp.png"
    (tmp_path / "pictures").mkdir()
    drawing = load_drawings()[0]
    (tmp_path / "pictures" / strange).write_bytes(drawing.data)
    (tmp_path / "pictures" / "notes.png").write_bytes(b"<script>alert(3)</script>")
    (tmp_path / "labels.txt").write_text(f"{drawing.animal}\n{HOSTILE}\n")
    command = [
        "classify",
        "pictures",
        "-l",
        "labels.txt",
        "-m",
        "tiny-cartoon",
        "--no-cache",
        "-o",
        "report.html",
    ]
    done = subprocess.run([sys.executable, "-m", "zsclip", *command], check=False, cwd=tmp_path)
    assert done.returncode == 1  # of what could not be read
    page.goto((tmp_path / "report.html").as_uri())
    assert sorted(names(page)) == [strange.replace("\u202e", "\ufffd"), "notes.png"]
    expect(page.locator("#pictures img")).to_have_count(1)
    expect(page.locator("#pictures .scores")).to_contain_text(HOSTILE)
    page.get_by_role("button", name="Select these").click()
    assert [row["state"] for row in rows_of(page)] == ["accepted", "failed"]
