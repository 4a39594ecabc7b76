"""The page of a service, as people use it: Chromium, and `zsclip serve` with tiny-cartoon."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import new_tab
from playwright.sync_api import Browser, Locator, Page, expect
from served import serving

from zsclip import Label, LabelSet, ZeroShotClassifier
from zsclip.demo import copy_drawings, load_drawings
from zsclip.labels import Group

HOSTILE = "<img src=x onerror=alert(1)></textarea><script>alert(2)</script>"
ANIMALS = ("chicken", "fish", "frog", "octopus", "rat")
PLAIN = ("--labels", ",".join(ANIMALS), "--model", "tiny-cartoon", "--precision", "fp32")
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's drawings, and one that is broken."""
    folder = tmp_path_factory.mktemp("drawings")
    copy_drawings(folder / "all")
    (folder / "all" / "broken.png").write_bytes(load_drawings()[0].data[:40])
    return folder / "all"


@pytest.fixture(scope="module")
def plain() -> Iterator[str]:
    """A service of five labels."""
    with serving(PLAIN) as service:
        yield service.url


@pytest.fixture(scope="module")
def learned_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier whose labels have groups, and that rejects."""
    labels = tuple(
        Label(name, name, parent="water" if name in ("fish", "octopus") else "land")
        for name in ANIMALS
    )
    groups = (Group("water", "water animal"), Group("land", "land animal"))
    animals = LabelSet("animals", labels, groups=groups)
    file = tmp_path_factory.mktemp("learned") / "animals.zsclip"
    clf = ZeroShotClassifier(animals, model="tiny-cartoon", precision="fp32")
    clf.rejecting(threshold=0.6).save(file)
    return file


@pytest.fixture(scope="module")
def learned(learned_file: Path) -> Iterator[str]:
    """A service of it."""
    with serving(["--classifier", str(learned_file)]) as service:
        yield service.url


@contextlib.contextmanager
def opened(browser: Browser, url: str, **options: object) -> Iterator[Page]:
    """The page of a service in a tab that asks nobody else."""
    with new_tab(browser, home=url, **{"viewport": DESK, **options}) as tab:
        tab.goto(url)
        yield tab


@pytest.fixture
def tab(browser: Browser, plain: str) -> Iterator[Page]:
    """The page of the plain service."""
    with opened(browser, plain) as found:
        expect(found.get_by_role("button", name="Download this classifier")).to_be_visible()
        yield found


def choose(tab: Page, *files: Path) -> None:
    """Choose pictures, and wait until the page has an answer to each."""
    tab.get_by_label("choose pictures").set_input_files(list(files))
    answered(tab)


def answered(tab: Page) -> None:
    """Wait until no picture waits."""
    expect(tab.locator(".card.waiting")).to_have_count(0)
    expect(tab.get_by_role("status").first).not_to_contain_text("Asking")


def card(tab: Page, name: str) -> Locator:
    """The card of a picture."""
    return tab.locator(".card").filter(has=tab.get_by_text(name, exact=True))


def best(tab: Page, name: str) -> str:
    """The best label of a picture."""
    label: str = card(tab, name).locator(".scores li span").first.inner_text()
    return label


def scores(tab: Page, name: str) -> dict[str, float]:
    """What the bars of a picture say."""
    items = card(tab, name).locator(".scores:not(.levels) li").all()
    pairs = [item.locator("span").all_text_contents() for item in items]
    return {label: float(score) for label, score in pairs}


def words(tab: Page, place: str) -> Locator:
    """Where labels or templates stand."""
    return tab.get_by_role("textbox", name=place)


def put_words(tab: Page, place: str, *texts: str) -> None:
    """Type labels or templates, and wait for the answers."""
    with tab.expect_response("**/classify"):
        words(tab, place).fill("\n".join(texts))
    answered(tab)


def test_chosen_pictures_get_bars(tab: Page, drawings: Path) -> None:
    choose(tab, drawings / "frog.png", drawings / "octopus.png")
    assert best(tab, "frog.png") == "frog"
    assert best(tab, "octopus.png") == "octopus"
    assert sum(scores(tab, "frog.png").values()) == pytest.approx(1, abs=0.01)
    expect(tab.locator("#status")).to_have_text("2 pictures")
    assert card(tab, "frog.png").locator("img").evaluate("image => image.naturalWidth") > 0


def test_a_dropped_picture_and_a_pasted_one_are_taken(tab: Page, drawings: Path) -> None:
    for event, held, name in (
        ("drop", "dataTransfer", "rat"),
        ("paste", "clipboardData", "octopus"),
    ):
        data = tab.evaluate_handle(
            """([bytes, name]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
                return data;
            }""",
            [list((drawings / f"{name}.png").read_bytes()), f"{name}.png"],
        )
        tab.evaluate(
            """([event, held, data]) => {
                const init = { bubbles: true, cancelable: true, [held]: data };
                const made = event === "drop"
                    ? new DragEvent(event, init) : new ClipboardEvent(event, init);
                document.body.dispatchEvent(made);
            }""",
            [event, held, data],
        )
        expect(card(tab, f"{name}.png")).to_be_visible()
        answered(tab)
        assert best(tab, f"{name}.png") == name


def test_bars_move_with_the_labels_and_the_templates(tab: Page, drawings: Path) -> None:
    choose(tab, drawings / "frog.png")
    before = scores(tab, "frog.png")
    put_words(tab, "Templates", "a photo of a {}.")
    other = scores(tab, "frog.png")
    assert other.keys() == before.keys()
    assert other != before
    put_words(tab, "Labels", "toad", "tree")
    assert scores(tab, "frog.png").keys() == {"toad", "tree"}
    with tab.expect_response("**/classify"):
        tab.get_by_role("button", name="Back to the words of the service").click()
    answered(tab)
    assert scores(tab, "frog.png") == before
    expect(tab.get_by_role("button", name="Back to the words of the service")).to_be_disabled()


def test_typing_asks_once_the_typing_ends(tab: Page, drawings: Path) -> None:
    choose(tab, drawings / "frog.png")
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    with tab.expect_response("**/classify"):
        words(tab, "Labels").press_sequentially("\nnewt\ntree", delay=5)
    answered(tab)
    assert asked == [f"{tab.url}classify"]  # and the picture is not sent again
    expect(tab.locator("#python")).to_contain_text('"newt", "tree"')


def test_no_label_at_all_is_told_beside_them(tab: Page, drawings: Path) -> None:
    choose(tab, drawings / "frog.png")
    words(tab, "Labels").fill("")
    expect(tab.locator("#labels-error")).to_contain_text("are missing")
    put_words(tab, "Labels", "frog", "tree")
    expect(tab.locator("#labels-error")).to_be_hidden()


def test_answers_are_those_of_the_library(tab: Page, drawings: Path) -> None:
    names = ["frog.png", "rat.png", "octopus.png"]
    choose(tab, *(drawings / name for name in names))
    clf = ZeroShotClassifier(ANIMALS, model="tiny-cartoon", precision="fp32")
    for name, result in zip(names, clf.stream([drawings / name for name in names]), strict=True):
        assert scores(tab, name) == pytest.approx(result.as_dict(), abs=0.002)


def test_other_labels_are_asked_about_in_the_templates_on_the_screen(
    browser: Browser, drawings: Path
) -> None:
    template = "a drawing of a {}, in color"
    with serving([*PLAIN, "--template", template]) as service, opened(browser, service.url) as tab:
        choose(tab, drawings / "frog.png")
        put_words(tab, "Labels", "cat", "dog")
        clf = ZeroShotClassifier(
            ["cat", "dog"], templates=[template], model="tiny-cartoon", precision="fp32"
        )
        result = clf.classify(drawings / "frog.png")
        assert scores(tab, "frog.png") == pytest.approx(result.as_dict(), abs=0.002)


def test_several_labels_are_a_switch(tab: Page, drawings: Path) -> None:
    choose(tab, drawings / "frog.png")
    switch = tab.get_by_role("switch", name="Several labels a picture")
    expect(switch).not_to_be_checked()
    with tab.expect_response("**/classify"):
        switch.press("Space")
    answered(tab)
    clf = ZeroShotClassifier(ANIMALS, model="tiny-cartoon", precision="fp32", multi_label=True)
    result = clf.classify(drawings / "frog.png")
    assert scores(tab, "frog.png") == pytest.approx(result.as_dict(), abs=0.002)
    said = card(tab, "frog.png").locator(".said span:first-child").all_text_contents()
    assert said == [score.label for score in result.above(0.5)]


def test_what_is_rejected_and_what_is_accepted_is_shown_with_the_levels(
    browser: Browser, learned: str, learned_file: Path, drawings: Path
) -> None:
    clf = ZeroShotClassifier.load(learned_file)
    results = {name: clf.classify(drawings / name) for name in ("frog.png", "crocodile.png")}
    with opened(browser, learned) as tab:
        choose(tab, *(drawings / name for name in results))
        for name, result in results.items():
            shown = card(tab, name)
            expect(shown.get_by_text("accepted")).to_have_count(int(result.accepted))
            expect(shown.get_by_text("none of these")).to_have_count(int(not result.accepted))
            levels = shown.locator(".levels li").all()
            pairs = [level.locator("span").all_text_contents() for level in levels]
            assert [name for name, _ in pairs] == [level.name for level in result.ranks()]
            assert [float(score) for _, score in pairs] == pytest.approx(
                [level.score for level in result.ranks()], abs=0.002
            )
        assert {result.accepted for result in results.values()} == {True, False}
        put_words(tab, "Labels", "frog", "fish")
        expect(tab.get_by_text("have groups and what was learnt (rejection)")).to_be_visible()
        expect(tab.locator(".levels")).to_have_count(0)
        expect(tab.get_by_text("none of these")).to_have_count(0)


def test_an_error_of_a_picture_stands_in_its_place(tab: Page, drawings: Path) -> None:
    choose(tab, drawings / "broken.png", drawings / "fish.png")
    expect(card(tab, "broken.png").locator(".bad")).to_contain_text("broken.png")
    assert best(tab, "fish.png") == "fish"


def test_an_error_of_the_words_stands_beside_them(tab: Page, drawings: Path) -> None:
    choose(tab, drawings / "fish.png")
    put_words(tab, "Labels", "fish", "fish")
    wrong = tab.locator("#labels-error")
    expect(wrong).to_contain_text("fish")
    expect(words(tab, "Labels")).to_have_attribute("aria-invalid", "true")
    put_words(tab, "Labels", "fish", "octopus")
    expect(wrong).to_be_hidden()
    put_words(tab, "Templates", "no place for it")
    expect(tab.locator("#templates-error")).to_contain_text("{}")
    put_words(tab, "Templates", "a {}")
    expect(tab.locator("#templates-error")).to_be_hidden()
    assert best(tab, "fish.png") == "fish"


def test_what_strangers_wrote_is_text(tab: Page, drawings: Path, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(3)>.png"
    shutil.copy(drawings / "fish.png", tmp_path / name)
    (tmp_path / "<svg onload=alert(4)>.png").write_bytes(b"none")
    choose(tab, tmp_path / name, tmp_path / "<svg onload=alert(4)>.png")
    put_words(tab, "Labels", HOSTILE, "tree")
    assert HOSTILE in scores(tab, name)
    put_words(tab, "Labels", HOSTILE, HOSTILE)
    expect(tab.locator("#labels-error")).to_contain_text("<img src=x")
    assert tab.locator("script").count() == 1
    assert tab.locator("img").count() <= 2  # the pictures' own; alerts would fail in `new_tab`


def test_the_python_on_the_screen_gives_what_the_screen_shows(
    tab: Page, drawings: Path, tmp_path: Path
) -> None:
    for name in ("frog.png", "octopus.png"):
        shutil.copy(drawings / name, tmp_path)
    choose(tab, tmp_path / "frog.png", tmp_path / "octopus.png")
    put_words(tab, "Labels", "frog", "octopus", HOSTILE, 'say "\\n" it\xa0s', "smile \U0001f600")
    lines = run(tab, tmp_path).splitlines()
    for name, line in zip(("frog.png", "octopus.png"), lines, strict=True):
        source, label, score = line.split(" ")
        assert (source, label) == (name, best(tab, name))
        assert float(score) == pytest.approx(scores(tab, name)[label], abs=0.002)


def test_the_python_of_several_labels_runs(tab: Page, drawings: Path, tmp_path: Path) -> None:
    shutil.copy(drawings / "frog.png", tmp_path)
    choose(tab, tmp_path / "frog.png")
    tab.get_by_label("Several labels a picture").check()
    expect(tab.locator("#python")).to_contain_text("multi_label=True")
    assert run(tab, tmp_path).startswith("frog.png [")


def test_the_python_of_a_service_of_several_labels_loads_what_it_gives(
    browser: Browser, drawings: Path, tmp_path: Path
) -> None:
    """Its null prompts are its own, and in the file alone."""
    shutil.copy(drawings / "frog.png", tmp_path)
    clf = ZeroShotClassifier(
        ANIMALS,
        model="tiny-cartoon",
        precision="fp32",
        multi_label=True,
        null_prompts=["a drawing of a house."],
    )
    clf.save(tmp_path / "several.zsclip")
    options = ["--classifier", str(tmp_path / "several.zsclip")]
    with serving(options) as service, opened(browser, service.url) as tab:
        expect(tab.get_by_label("Several labels a picture")).to_be_checked()
        choose(tab, tmp_path / "frog.png")
        result = clf.classify(drawings / "frog.png")
        assert scores(tab, "frog.png") == pytest.approx(result.as_dict(), abs=0.002)
        download(tab, tmp_path)
        printed = run(tab, tmp_path)
    assert printed == f"frog.png {[score.label for score in result.above(0.5)]}\n"


def test_the_classifier_on_the_screen_is_a_file_and_its_python_loads_it(
    browser: Browser, learned: str, drawings: Path, tmp_path: Path
) -> None:
    shutil.copy(drawings / "frog.png", tmp_path)
    with opened(browser, learned) as tab:
        choose(tab, tmp_path / "frog.png")
        own = ZeroShotClassifier.load(download(tab, tmp_path))
        assert list(own.learnt.parts()) == ["rejection"]
        assert len(own.labelset.groups) == 2
        first, second = run(tab, tmp_path).splitlines()
        assert first.startswith("frog.png frog ")
        assert "land animal" in second
        put_words(tab, "Labels", "frog", "tree")
        other = ZeroShotClassifier.load(download(tab, tmp_path))
        assert other.labelset.names == ("frog", "tree")
        result = other.classify(drawings / "frog.png")
        assert scores(tab, "frog.png") == pytest.approx(result.as_dict(), abs=0.002)


def test_the_curl_line_on_the_screen_gives_the_same(
    tab: Page, drawings: Path, tmp_path: Path
) -> None:
    name = "it's; a $frog, type=none.png"
    shutil.copy(drawings / "frog.png", tmp_path / name)
    choose(tab, tmp_path / name)
    put_words(tab, "Labels", "frog", "it's; type=none")
    line = tab.locator("#curl").inner_text()
    done = subprocess.run(
        ["bash", "-c", f"{line} -sS"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    told = {score["label"]: score["score"] for score in answer["scores"]}
    assert told == pytest.approx(scores(tab, name), abs=0.002)
    assert answer["source"] == name


def test_the_python_is_copied(browser: Browser, plain: str) -> None:
    with opened(browser, plain, permissions=["clipboard-read", "clipboard-write"]) as tab:
        tab.get_by_role("button", name="Copy the Python").click()
        expect(tab.get_by_role("button", name="Copied the Python")).to_be_visible()
        copied = tab.evaluate("navigator.clipboard.readText()")
        assert copied == tab.locator("#python").text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_scrolls_sideways(
    browser: Browser, plain: str, drawings: Path, scheme: str, tmp_path: Path
) -> None:
    long = tmp_path / f"{'long' * 40}.png"
    shutil.copy(drawings / "frog.png", long)
    with opened(browser, plain, viewport=PHONE, color_scheme=scheme) as tab:
        choose(tab, drawings / "broken.png", long)
        put_words(tab, "Labels", "frog", "w" * 120)
        assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        light = (
            tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        )
        assert light == (scheme == "light")
        tab.goto(f"{plain}/docs")
        assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_everything_is_reached_and_used_by_keys_alone(tab: Page, drawings: Path) -> None:
    choose(tab, drawings / "frog.png", drawings / "rat.png")
    tab.evaluate("document.activeElement.blur()")
    reached: list[tuple[str, str]] = []
    for _ in range(20):
        tab.keyboard.press("Tab")
        told = tab.evaluate(
            """() => {
                const at = document.activeElement;
                const marked = at.type === "file" ? at.parentNode : at;
                const { outlineStyle } = getComputedStyle(marked);
                return [at.ariaLabel || at.id || at.textContent, outlineStyle];
            }"""
        )
        if told[0] in [name for name, _ in reached] or "zsclip" in told[0]:
            break
        reached.append(tuple(told))
    assert all(outline == "solid" for _, outline in reached), reached
    wanted = ["theme", "labels", "templates", "several", "files", "clear"]
    assert [name for name, _ in reached][: len(wanted)] == wanted
    assert {"Remove frog.png", "Remove rat.png", "download", "python", "curl"} <= dict(
        reached
    ).keys()
    tab.get_by_role("button", name="Remove frog.png").focus()
    tab.keyboard.press("Delete")
    expect(card(tab, "frog.png")).to_have_count(0)
    expect(tab.get_by_role("button", name="Remove rat.png")).to_be_focused()
    expect(tab.locator("#status")).to_have_text("rat.png: rat")
    tab.keyboard.press("Enter")
    expect(tab.locator("#files")).to_be_focused()


def test_a_token_is_asked_for_and_kept_as_long_as_the_tab_is_open(
    browser: Browser, drawings: Path
) -> None:
    with serving([*PLAIN, "--token", "s3cret"]) as service:
        with opened(browser, service.url) as tab:
            field = tab.get_by_label("This service wants a token")
            expect(field).to_be_focused()
            field.fill("wrong")
            field.press("Enter")
            expect(tab.get_by_text("does not know this token")).to_be_visible()
            field.fill("s3cret")
            field.press("Enter")
            expect(field).to_be_hidden()
            choose(tab, drawings / "frog.png")
            assert best(tab, "frog.png") == "frog"
            expect(tab.locator("#curl")).to_contain_text("Bearer $ZSCLIP_TOKEN")
            assert "s3cret" not in tab.content()
            tab.reload()
            expect(words(tab, "Labels")).to_be_visible()
        with opened(browser, service.url) as other:
            expect(other.get_by_label("This service wants a token")).to_be_visible()


def test_a_service_that_goes_away_is_told_of_and_found_again(
    browser: Browser, drawings: Path
) -> None:
    with serving(PLAIN) as service, opened(browser, service.url) as tab:
        choose(tab, drawings / "frog.png")
        service.terminate()
        assert service.ended() == 0
        words(tab, "Labels").fill("frog\ntree")
        trouble = tab.get_by_text("The service does not answer")
        expect(trouble).to_be_visible()
        command = [sys.executable, "-m", "zsclip", "serve", *PLAIN, "--port", str(service.port)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as again:
            expect(trouble).to_be_hidden(timeout=60_000)  # it is asked every few seconds
            answered(tab)
            assert scores(tab, "frog.png").keys() == {"frog", "tree"}
            again.terminate()


def test_another_site_cannot_show_the_page_in_a_frame(browser: Browser, plain: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_content(f'<iframe src="{plain}"></iframe>')
    page.wait_for_timeout(500)
    [frame] = [frame for frame in page.frames if frame != page.main_frame]
    assert frame.url == "chrome-error://chromewebdata/"
    context.close()


def test_every_line_of_the_page_of_the_api_runs(
    browser: Browser, plain: str, drawings: Path, tmp_path: Path
) -> None:
    shutil.copy(drawings / "frog.png", tmp_path)
    with new_tab(browser, home=plain) as tab:
        tab.goto(f"{plain}/docs")
        lines = tab.locator("pre").all_text_contents()
    assert len(lines) >= 10
    for line in lines:
        command = ["bash", "-c", line.replace("curl ", "curl -sS --fail-with-body ", 1)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert ZeroShotClassifier.load(tmp_path / "classifier.zsclip").labelset.names == (
        "frog",
        "fish",
    )


def run(tab: Page, folder: Path) -> str:
    """What the Python on the screen prints, in a folder."""
    code = tab.locator("#python").inner_text()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (code, done.stderr)
    return str(done.stdout)


def download(tab: Page, folder: Path) -> Path:
    """The classifier on the screen as a file."""
    with tab.expect_download() as downloaded:
        tab.get_by_role("button", name="Download this classifier").click()
    assert downloaded.value.suggested_filename == "classifier.zsclip"
    downloaded.value.save_as(folder / "classifier.zsclip")
    return folder / "classifier.zsclip"
