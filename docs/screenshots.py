"""Make the pictures of pages and figures that the documentation shows, from the demo's drawings.

usage: python docs/screenshots.py

Writes docs/images/report*.png and service.png, by Playwright and Chromium, and
docs/images/figure*.png, by matplotlib. Run it again when a page or a figure looks otherwise;
nothing in them is set by hand.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from zsclip import ZeroShotClassifier, plot
from zsclip.demo import MODEL, Drawing, copy_drawings, load_drawings, load_labels
from zsclip.report import write_evaluation, write_report

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
sys.path.append(str(ROOT / "tests" / "support"))

from browsing import find_chromium  # noqa: E402 - of the tests
from served import serving  # noqa: E402

DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 780}
MOST_BYTES = 200_000
FEW = ("frog", "fish", "whale", "tiger", "crocodile")


def main() -> None:
    """Make all of them."""
    drawings = load_drawings()
    clf = ZeroShotClassifier(load_labels(), model=MODEL, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # so that paths are short, and the same everywhere
        copy_drawings("drawings")
        paths = [f"drawings/{drawing.file}" for drawing in drawings]
        Path("drawings/broken.png").write_bytes(drawings[0].data[:40])
        sure = clf.rejecting(threshold=0.3)
        results = sure.classify_many([*paths, "drawings/broken.png"], on_error="record")
        write_report(results, "report.html", title="What is in my folder?")
        truth = [drawing.animal for drawing in drawings]
        few = ZeroShotClassifier(sorted(set(truth)), model=MODEL, device="cpu")
        write_evaluation(few.evaluate(paths, truth), "evaluation.html")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=["--no-sandbox"]
            )
            shots(browser)
            service(browser, paths)
            browser.close()
    figures(clf, drawings)


def shots(browser: Browser) -> None:
    """The pages, at a desk and on a phone, light and dark."""
    shot(browser, "report", "report.html", DESK)
    shot(browser, "report-dark", "report.html", DESK, color_scheme="dark")
    shot(browser, "report-phone", "report.html", PHONE, device_scale_factor=2)
    shot(browser, "report-evaluation", "evaluation.html", DESK)


def shot(browser: Browser, name: str, file: str, viewport: dict[str, int], **options: Any) -> None:
    """One page, with two pictures selected."""
    context = browser.new_context(viewport=viewport, **options)
    page = context.new_page()
    page.goto(Path(file).resolve().as_uri())
    select(page)
    page.wait_for_timeout(300)  # until the small pictures are decoded
    keep(name, page.screenshot())
    context.close()


def service(browser: Browser, paths: list[str]) -> None:
    """The page of a service whose labels have groups, and which rejects, with four pictures."""
    groups = ZeroShotClassifier("cartoon-animals", model=MODEL, device="cpu")
    groups.rejecting(threshold=0.3).save("animals.zsclip")
    some = [path for path in paths if Path(path).stem in ("fish", "frog", "octopus", "poodle")]
    with serving(["--classifier", "animals.zsclip"]) as served:
        page = browser.new_page(viewport=DESK)
        page.goto(served.url)
        page.get_by_label("choose pictures").set_input_files(some)
        page.get_by_role("status").get_by_text("4 pictures", exact=True).wait_for()
        page.wait_for_timeout(500)  # until the bars have moved
        keep("service", page.screenshot())
        page.close()


def select(page: Page) -> None:
    """Select two pictures."""
    for drawing in ("frog.png", "octopus.png"):
        page.locator(f"#pictures input[aria-label='Select {drawing}']").check()
    page.evaluate("scrollTo(0, 0)")


def figures(clf: ZeroShotClassifier, drawings: tuple[Drawing, ...]) -> None:
    """Predictions, and similarities of pictures and words."""
    few = [drawing for drawing in drawings if drawing.animal in FEW]
    pictures = [drawing.data for drawing in few]
    texts = [f"a drawing of a {drawing.animal}" for drawing in few]
    results = clf.classify_many(pictures, sources=[drawing.file for drawing in few])
    draw("figure-predictions", plot.predictions(results, pictures, 4))
    draw("figure-similarity", plot.similarity(pictures, texts, classifier=clf))


def draw(name: str, figure: Any) -> None:
    """One figure."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, bbox_inches="tight")
    keep(name, out.getvalue())


def keep(name: str, data: bytes) -> None:
    """A picture with as many colors as it needs, and no larger than a page should load."""
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").quantize(255).save(out, "PNG", optimize=True)
    if len(out.getvalue()) > MOST_BYTES:
        raise SystemExit(f"{name}.png has {len(out.getvalue()):,} bytes; {MOST_BYTES:,} at most.")
    (IMAGES / f"{name}.png").write_bytes(out.getvalue())
    print(f"{name}.png: {len(out.getvalue()):,} bytes")


if __name__ == "__main__":
    main()
