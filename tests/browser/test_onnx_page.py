"""The page of docs/browser: an exported classifier, computed in Chromium as zsclip has it."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
from browsing import new_tab
from playwright.sync_api import Browser, Page, expect

from zsclip import ZeroShotClassifier
from zsclip.demo import load_drawings

PAGE = Path(__file__).parents[2] / "docs" / "browser"
RUNTIME = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")

CLOSE = 1e-3
"""How far a score may be from zsclip's: resizing may differ by a level of 255, here and there."""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def classifier() -> ZeroShotClassifier:
    names = [drawing.animal for drawing in load_drawings()]
    return ZeroShotClassifier(names, model="tiny-cartoon", precision="fp32", cache=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, classifier: ZeroShotClassifier) -> Path:
    """The page as its reader has it: with the runtime and a classifier beside it."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("index.html", "page.css", "page.js"):
        shutil.copy(PAGE / name, folder)
    if kept := os.environ.get("ZSCLIP_ONNXRUNTIME_WEB"):
        for name in RUNTIME:
            shutil.copy(Path(kept) / name, folder)
    else:
        subprocess.run(["bash", PAGE / "get-runtime", folder], check=True)
    classifier.export(folder / "animals.onnx")
    classifier.export(folder / "resizes.onnx", with_resize=True)
    return folder


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[str]:
    """The address of the folder, served as Python serves files."""
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def tab(browser: Browser, home: str) -> Iterator[Page]:
    """The page, once its classifier is loaded."""
    with new_tab(browser, home=home, viewport={"width": 900, "height": 900}) as tab:
        tab.goto(home)
        expect(tab.locator("#files")).to_be_enabled(timeout=60_000)
        yield tab


def _files() -> list[Any]:
    return [
        {"name": one.file, "mimeType": "image/png", "buffer": one.data} for one in load_drawings()
    ]


def _shown(tab: Page) -> dict[str, list[tuple[str, float]]]:
    """The bars of each picture, by its name."""
    expect(tab.locator("figure")).to_have_count(len(load_drawings()), timeout=60_000)
    found = {}
    for figure in tab.locator("figure").all():
        rows = [row.locator("span").all_inner_texts() for row in figure.locator("li").all()]
        found[figure.locator("b").inner_text()] = [(name, float(score)) for name, score in rows]
    return found


def test_the_page_gives_zsclips_answers_for_the_drawings_that_are_chosen(
    tab: Page, classifier: ZeroShotClassifier
) -> None:
    expect(tab.locator("#about")).to_contain_text("13 labels, tiny-cartoon in fp32.")
    tab.set_input_files("#files", _files())
    for drawing in load_drawings():
        bars = _shown(tab)[drawing.file]
        best = classifier.classify(drawing.data).top(5)
        assert [name for name, _ in bars] == [score.label for score in best]
        for (_, score), expected in zip(bars, best, strict=True):
            assert abs(score - expected.score) < CLOSE


@pytest.mark.parametrize("name", ["animals.onnx", "resizes.onnx"])
def test_every_score_is_zsclips_whoever_resizes(
    tab: Page, classifier: ZeroShotClassifier, name: str
) -> None:
    tab.evaluate(
        "async (name) => { const page = await import('./page.js');"
        " globalThis.classifier = await page.load(name); }",
        name,
    )
    for drawing in load_drawings():
        rows = tab.evaluate(
            "(bytes) => classifier.classify(new File([new Uint8Array(bytes)], 'x.png'))",
            list(drawing.data),
        )
        scores = {row["label"]: row["score"] for row in rows}
        told = classifier.classify(drawing.data).scores
        for label, score in zip(classifier.labelset.names, told, strict=True):
            assert abs(scores[label] - score) < CLOSE


def test_pictures_are_dropped_and_pasted(tab: Page) -> None:
    drawing = load_drawings()[0]
    given = [list(drawing.data), drawing.file]
    transfer = (
        "([bytes, name]) => { const data = new DataTransfer();"
        " data.items.add(new File([new Uint8Array(bytes)], name, {type: 'image/png'}));"
        " return data; }"
    )
    tab.dispatch_event("#drop", "drop", {"dataTransfer": tab.evaluate_handle(transfer, given)})
    expect(tab.locator("figure")).to_have_count(1)
    tab.evaluate(
        f"(given) => dispatchEvent(new ClipboardEvent('paste',"
        f" {{clipboardData: ({transfer})(given)}}))",
        given,
    )
    expect(tab.locator("figure")).to_have_count(2)
    both = tab.locator("figcaption").all_inner_texts()
    assert both[0] == both[1]


def test_what_is_no_picture_is_named_and_stops_nobody(tab: Page) -> None:
    nothing = {"name": "<b>no.png", "mimeType": "image/png", "buffer": b"no picture"}
    tab.set_input_files("#files", [nothing, *_files()])
    assert len(_shown(tab)) == len(load_drawings())
    expect(tab.locator(".failed")).to_contain_text("<b>no.png cannot be classified: ")


def test_a_way_to_make_pictures_square_that_the_page_does_not_know_is_named(
    tab: Page, folder: Path
) -> None:
    model = onnx.load(folder / "animals.onnx")
    [about] = [one for one in model.metadata_props if one.key == "zsclip.about"]
    about.value = json.dumps({**json.loads(about.value), "square": None})
    onnx.save(model, folder / "pads.onnx")
    load = "import('./page.js').then((page) => page.load('pads.onnx')).catch((e) => e.message)"
    said = "pictures for tiny-cartoon become square in a way that this page does not know"
    assert tab.evaluate(load) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("animals.onnx", 'there is no animals.onnx beside this page; `clf.export("animals.onnx")`'),
        (RUNTIME[0], "there is no runtime beside this page; `bash get-runtime` brings it."),
    ],
)
def test_what_is_missing_beside_the_page_is_named(
    browser: Browser, home: str, folder: Path, name: str, said: str
) -> None:
    (folder / name).rename(folder / "hidden")
    try:
        with new_tab(browser, home=home) as tab:
            tab.goto(home)
            expect(tab.locator("#status")).to_contain_text(said, timeout=60_000)
            expect(tab.locator("#files")).to_be_disabled()
    finally:
        (folder / "hidden").rename(folder / name)
