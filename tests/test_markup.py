"""Pieces of HTML."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.markup import Markup, data_uri, element, text


class Reader(HTMLParser):
    """What a browser would see: tags, attributes and texts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts += data


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"])))
def test_a_text_is_seen_as_it_is_and_never_as_markup(value: str) -> None:
    seen = read(element("p", value, title=value))
    assert seen.texts == value
    assert seen.tags == [("p", {"title": value})]


@pytest.mark.parametrize("unfit", ["\x00", "\x1b", "\udce9", "\u202e", "\u2066", "\x85"])
def test_what_cannot_stand_in_html_is_shown_in_its_place(unfit: str) -> None:
    assert text(f"a{unfit}b") == "a�b"


def test_what_is_markup_is_not_escaped_again() -> None:
    inner = element("b", "&")
    assert isinstance(inner, Markup)
    assert element("p", inner, None) == "<p><b>&amp;</b></p>"
    assert inner._repr_html_() == inner


def test_attributes_are_left_out_or_bare_by_their_value() -> None:
    assert element("img", alt="", hidden=True, title=None, lang=False) == '<img alt="" hidden>'


@pytest.mark.parametrize("name", ["", "a b", "x>", "1a", "onclick=1"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of an element"):
        element(name)


def test_bytes_stand_in_an_address() -> None:
    assert data_uri(b"\xff") == "data:image/jpeg;base64,/w=="
