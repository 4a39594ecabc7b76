"""The guides: what they tell to type first works in a clone, where nothing is published yet."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for form in ("README.md", "docs/**/*.md", "labelsets/*/README.md")
    for page in ROOT.glob(form)
    if "_build" not in page.parts
)

FENCE = re.compile(r"^ *```(?:console|sh|bash)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INSTALL = re.compile(r"pip install (.*?)(?:&&|$)", re.MULTILINE)


def commands(text: str) -> list[str]:
    """What is typed in the blocks of a page, in its order; output is no command."""
    lines = [line.strip() for block in FENCE.findall(text) for line in block.splitlines()]
    is_console = any(line.startswith("$ ") for line in lines)
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ") or not is_console]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_installs_of_zsclip_is_in_the_clone(page: Path) -> None:
    for command in commands(page.read_text("utf-8")):
        for words in INSTALL.findall(command):
            for word in shlex.split(words):
                assert not re.match(r"zsclip\b", word), f"{word} is published nowhere: {command}"
                if word.startswith("./labelsets/"):
                    assert (ROOT / word / "pyproject.toml").is_file(), command


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("labelsets/*/README.md")), ids=lambda page: page.parent.name
)
def test_the_readme_of_a_set_begins_with_its_installation(page: Path) -> None:
    assert commands(page.read_text("utf-8"))[0] == f"pip install . ./labelsets/{page.parent.name}"


def test_the_readme_begins_with_setting_up_and_with_the_tests() -> None:
    """`.ci/run` takes its first two commands, and runs them as written."""
    blocks = re.findall(r"^```console\n\$ (.*)\n```", (ROOT / "README.md").read_text("utf-8"), re.M)
    assert blocks[0].endswith("&& .venv/bin/zsclip demo")
    assert blocks[1].endswith("&& .venv/bin/pytest")
