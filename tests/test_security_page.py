"""The page on security: every promise has a test, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from zsclip import Reading

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")


def promises() -> list[list[str]]:
    """The cells of each row that promises something, without the heads of the tables."""
    promised = PAGE.partition("## Fuzzing")[0]  # below are figures
    rows = [line for line in promised.splitlines() if line.startswith("| ")]
    cells = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip("|").strip())] for row in rows
    ]
    return [row for row in cells if len(row) == 5 and row[0] != "What is read"]


@pytest.mark.parametrize("row", promises(), ids=lambda row: row[0][:40])
def test_a_promise_is_held_by_tests_that_are_there(row: list[str]) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row[3])
    assert named or row[1] == "", "a promise without a test"
    for path, function in named:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert any(name.startswith("test_") for name in there)
        assert not function or function in there


def test_the_page_has_its_promises() -> None:
    assert len(promises()) > 50
    assert {"Pictures", "Addresses on the web", "Checkpoints", "Shared folders"} <= set(
        re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    )


def test_every_limit_of_a_reading_stands_there() -> None:
    limits = {"max_pixels", "max_bytes", "max_memory", "timeout", "urls", "isolate"}
    assert limits <= set(Reading.__dataclass_fields__)
    assert all(f"`{limit}" in PAGE for limit in limits)
    assert f"{Reading().max_pixels:,}" in PAGE
    assert f"{Reading().timeout:g} s" in PAGE
    assert f"{Reading().max_bytes // 2**20} MiB" in PAGE
