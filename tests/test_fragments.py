"""Pieces that show themselves: their parts, and their colors in every theme."""

from __future__ import annotations

import math
import re

import pytest
from fragments_seen import HOSTILE, Seen, plainly
from hypothesis import given
from hypothesis import strategies as st

from zsclip.fragments import Bar, bars, facts, folded, fragment, listing, note, picture
from zsclip.wording import shown

LABEL = "The labels, with their scores"


@given(st.floats(), st.floats())
def test_a_bar_is_never_longer_than_its_track(share: float, limit: float) -> None:
    found = Seen(fragment(bars([Bar("a", share, "x", limit)], LABEL)))
    for style in found.styles:
        assert 0 <= float(re.sub("[^0-9.]", "", style)) <= 100
    assert len(found.styles) == 1 + math.isfinite(limit)


@pytest.mark.parametrize("value", HOSTILE)
def test_every_part_shows_texts_as_texts(value: str) -> None:
    found = Seen(
        fragment(
            bars([Bar(value, 0.5, value, more=(value,))], LABEL, titles=(value, value)),
            facts([(value, value)], "The model"),
            folded(value, listing([value], most=1, of=1, what="texts")),
            note(value),
            picture(b"\xff\xd8", value),
        )
    )
    assert found.words.count(plainly(shown(value))) >= 5
    assert found.pictures == [f"The picture {plainly(shown(value))}"]


def test_a_list_shows_the_first_and_how_many_there_are_more() -> None:
    found = Seen(fragment(listing(iter("abcdef"), most=2, of=6, what="labels")))
    assert found.words.split() == ["a", "b", "and", "4", "more", "labels"]


def test_without_its_style_a_fragment_reads_in_order() -> None:
    found = Seen(fragment(bars([Bar("fox", 0.5, "0.500"), Bar("cat", 0.25, "0.250")], LABEL)))
    assert found.words.split() == ["fox", "0.500", "cat", "0.250"]


def test_a_picture_that_is_not_there_leaves_nothing() -> None:
    assert picture(None, "a.png") is None


def test_the_style_reaches_nothing_outside_and_knows_every_theme() -> None:
    [style] = re.findall("<style>(.*)</style>", fragment())
    assert style.count("{") == style.count("}")
    assert "@import" not in style
    assert "url(" not in style
    flat = re.sub(r"@media [^{]*\{(.*?\})\}", r"\1", style)
    selectors = [
        selector
        for group in re.findall(r"([^{}]+)\{", flat)
        for selector in re.split(r",(?![^(]*\))", group)
    ]
    assert all(re.search(r"(^| )\.zsclip( |$)", selector) for selector in selectors), selectors
    for theme in (
        "prefers-color-scheme:dark", 'data-jp-theme-light="true"', 'data-jp-theme-light="false"',
        ".vscode-light", ".vscode-dark", ".vscode-high-contrast", 'data-theme="dark"',
        "html[theme=dark]",
    ):  # fmt: skip
        assert theme in style
