"""The tables in docs/pictures.md and the tests tell the same: one test to each row."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "pictures.md"
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| \S.* \| \S.* \|$")


def rows_on_the_page() -> list[str]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    matches = [ROW.match(line) for line in lines]
    assert None not in matches, lines[matches.index(None)]
    return [match[1] for match in matches if match]


def rows_in_the_tests() -> list[str]:
    return [
        node.name.removeprefix("test_row_").replace("_", "-")
        for file in sorted(Path(__file__).parent.glob("test_*.py"))
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_row_")
    ]


def test_each_row_has_its_test() -> None:
    page, tests = rows_on_the_page(), rows_in_the_tests()
    assert len(page) > 60
    assert [name for name, times in Counter(page).items() if times > 1] == []
    assert [name for name, times in Counter(tests).items() if times > 1] == []
    assert sorted(page) == sorted(tests)
