"""The tutorial prints and draws what its page shows, and its notebook is the page."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from docs_scripts import DOCS, load_script
from PIL import Image

script = load_script("notebook")
PAGE = (DOCS / "tutorial.md").read_text("utf-8")
NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
NEAR = 0.03  # of scores and cosines, from one precision and processor to another


def alike(shown: str, printed: str) -> bool:
    """Whether two lines have the same words, and numbers near each other; "..." is anything."""
    start, dots, _ = shown.partition("...")
    words, found = (re.sub(r"\s+", " ", NUMBER.sub("0", line)).strip() for line in (start, printed))
    if not (found.startswith(words) if dots else found == words):
        return False
    pairs = zip(NUMBER.findall(start), NUMBER.findall(printed), strict=False)
    return all(abs(float(a) - float(b)) <= max(NEAR, 0.05 * abs(float(a))) for a, b in pairs)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[Any, str]], Path]:
    """The page run once: each step of code with what it printed, and the folder of its figures."""
    folder = tmp_path_factory.mktemp("tutorial")
    names: dict[str, Any] = {"__name__": "__main__"}
    found = []
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder):
        patch.setenv("ZSCLIP_OFFLINE", "1")
        patch.setenv("ZSCLIP_CACHE", str(folder / "cache"))
        for step in script.steps(PAGE):
            with contextlib.redirect_stdout(io.StringIO()) as stream:
                script.run(step, names, folder)
            found.append((step, stream.getvalue()))
    return [(step, printed) for step, printed in found if step.code], folder


def test_the_page_shows_what_its_code_prints(ran: tuple[list[tuple[Any, str]], Path]) -> None:
    steps, _ = ran
    assert sum(bool(step.printed) for step, _ in steps) > 10
    for step, printed in steps:
        assert bool(step.printed) == bool(printed), step.code
        lines = printed.splitlines()
        for shown in step.printed.splitlines():
            if shown == "...":
                continue
            while lines and not alike(shown, lines[0]):
                lines.pop(0)
            assert lines, (shown, printed)
            lines.pop(0)
        assert not lines or step.printed.endswith("...\n"), lines


def test_the_page_shows_what_its_code_draws(ran: tuple[list[tuple[Any, str]], Path]) -> None:
    steps, folder = ran
    images = [step.image for step, _ in steps if step.image]
    assert len(images) == 3
    assert images == [step.image for step, _ in steps if step.code.endswith("\nfigure\n")]
    for image in images:
        stored, drawn = (Image.open(place / image).convert("RGB") for place in (DOCS, folder))
        apart = [abs(a - b) / b for a, b in zip(stored.size, drawn.size, strict=True)]
        assert max(apart) < 0.05, f"{image}: run python docs/notebook.py --figures"
        a, b = (np.asarray(picture.resize((200, 200))).astype(int) for picture in (stored, drawn))
        assert np.abs(a - b).mean() < 8, f"{image}: run python docs/notebook.py --figures"


def test_the_notebook_is_the_page() -> None:
    written = (DOCS / "tutorial.ipynb").read_text("utf-8")
    assert written == script.make_notebook(PAGE), "run python docs/notebook.py"
    cells = json.loads(written)["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert code[0] == "%matplotlib inline"
    assert code[1:] == [step.code.strip() for step in script.steps(PAGE) if step.code]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    assert "{download}" not in text
    assert "](" not in text.replace("](http", "")  # no page or image that is not there
    assert "```text" not in text


def test_a_page_is_cut_into_its_steps() -> None:
    page = (
        "# Title\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n\nWords, [a page](other.md).\n\n"
        "<!-- page only -->\nHidden.\n<!-- /page only -->\n\n```python\nfigure\n```\n\n"
        "![What it shows](images/x.png)\n\n<!-- not run: it fetches -->\n```python\nno\n```\n"
        "\n```console\n$ ls\n```\n"
    )
    code = [step for step in script.steps(page) if step.code]
    assert [(step.code, step.printed, step.image) for step in code] == [
        ("print(1)\n", "1\n", ""),
        ("figure\n", "", "images/x.png"),
    ]
    assert list(script.cells(page)) == [
        ("markdown", "# Title"),
        ("code", "%matplotlib inline"),
        ("code", "print(1)"),
        ("markdown", "Words, a page."),
        ("code", "figure"),
        ("markdown", "```python\nno\n```\n\n```console\n$ ls\n```"),
    ]


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("cow 0.43", "cow        0.42", True),
        ("cow 0.43", "cow        0.53", False),
        ("cow 0.43", "pig 0.43", False),
        ("13,877,553 in all, ...", "13,877,553 in all, which is much", True),
    ],
)
def test_lines_are_alike_whose_numbers_are_near(shown: str, printed: str, same: bool) -> None:
    assert alike(shown, printed) is same
