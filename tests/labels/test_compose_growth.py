"""Parts and sums of large label sets, and licenses of much nesting: time by their length."""

from __future__ import annotations

from pathlib import Path

from growth import run_limited

from zsclip.labels.compose import both_licenses


def test_a_part_of_many_names_is_found_in_one_go(tmp_path: Path) -> None:
    program = """
from zsclip.labels import LabelSet
names = [f"n{i}" for i in range(100_000)]
whole = LabelSet.from_names(names)
print(len(whole.only(*names[::2])), len(whole.without(*names[::2])))
"""
    assert run_limited(program, folder=tmp_path) == "50000 50000\n"


def test_licenses_of_many_parentheses_are_left_as_they_are(tmp_path: Path) -> None:
    program = """
from zsclip.labels.compose import both_licenses
for text in ("(" * 30_000 + "MIT" + ")" * 30_000, "( " * 30_000 + "A AND B" + " )" * 30_000):
    print(both_licenses(text, "CC0-1.0") == f"{text} AND CC0-1.0")
"""
    assert run_limited(program, folder=tmp_path) == "True\nTrue\n"


def test_parentheses_of_some_depth_are_still_read() -> None:
    assert both_licenses("(" * 19 + "MIT AND A" + ")" * 19, "MIT") == "MIT AND A"
