#!/usr/bin/env python3
"""Write docs/tutorial.ipynb, which is docs/tutorial.md as a notebook, and the page's figures.

A ``python`` block of the page is a cell of code. What it prints (a ``text`` block) and draws (an
image) comes when the cell runs, and is left out; so is what stands between ``<!-- page only -->``
and ``<!-- /page only -->``. All else is text. A block that ends in ``figure`` draws the image that
follows it.

usage: python docs/notebook.py            # the notebook
       python docs/notebook.py --figures  # and the figures, for which the page is run
"""

import contextlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
PAGE, NOTEBOOK = DOCS / "tutorial.md", DOCS / "tutorial.ipynb"

_PART = re.compile(
    r"^<!-- page only -->$.*?^<!-- /page only -->$"
    r"|^!\[[^\]]*\]\((?P<image>images/[^)]+)\)$"
    r"|^```text\n(?P<printed>.*?)^```$"
    r"|(?:^<!-- not run: [^\n]*-->\n+)(?P<shown>^```python\n.*?^```$)"
    r"|^```python\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_PAGE_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]+\)")


@dataclass
class Step:
    """A piece of the page: words, or code with what it prints and draws."""

    words: str = ""
    code: str = ""
    printed: str = ""
    image: str = ""


def steps(page: str) -> list[Step]:
    """The page in its order."""
    found: list[Step] = []
    place = 0
    for part in _PART.finditer(page):
        found.append(Step(words=page[place : part.start()]))
        place = part.end()
        if part["code"]:
            found.append(Step(code=part["code"]))
        elif part["shown"]:
            found.append(Step(words=part["shown"]))
        elif part["printed"] or part["image"]:
            last = next(step for step in reversed(found) if step.code)
            last.printed, last.image = part["printed"] or last.printed, part["image"] or last.image
    return [*found, Step(words=page[place:])]


def cells(page: str) -> Iterator[tuple[str, str]]:
    """The cells of the notebook: their kind, and what is in them."""
    words: list[str] = []
    told_how_to_draw = False
    for step in steps(page):
        if not step.code:
            words.append(_PAGE_LINK.sub(r"\1", step.words).strip())  # other pages are not there
            continue
        if text := "\n\n".join(filter(None, words)):
            yield "markdown", text
        words.clear()
        if not told_how_to_draw:
            yield "code", "%matplotlib inline"
            told_how_to_draw = True
        yield "code", step.code.strip()
    if text := "\n\n".join(filter(None, words)):
        yield "markdown", text


def make_notebook(page: str) -> str:
    """The notebook, in version 4.5 of its format, with nothing run."""
    made = []
    for n, (kind, source) in enumerate(cells(page), start=1):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{n}", "metadata": {}}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        made.append({**cell, "source": source.splitlines(keepends=True)})
    notebook = {
        "cells": made,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def run(step: Step, names: dict[str, Any], folder: Path) -> None:
    """Run a step of the page, and write what it draws.

    Args:
        step: The step.
        names: What the steps before defined, and what this one does.
        folder: Where ``images/`` is or will be.
    """
    exec(compile(step.code, str(PAGE), "exec"), names)
    if step.image:
        target = folder / step.image
        target.parent.mkdir(parents=True, exist_ok=True)
        names["figure"].savefig(target, dpi=80)


def draw(page: str) -> None:
    """Run the page, in a folder of its own, and write its figures."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for step in steps(page):
            run(step, names, DOCS)


if __name__ == "__main__":
    text = PAGE.read_text("utf-8")
    if "--figures" in sys.argv[1:]:
        draw(text)
    NOTEBOOK.write_text(make_notebook(text), "utf-8")
