"""What a browser sees of a fragment: an HTML parser that lets pass our own markup alone."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from zsclip.markup import text

VOID = {"img"}
ATTRIBUTES = {
    "div": {"class", "style"},
    "style": set[str](),
    "table": {"class", "aria-label"},
    "thead": set[str](),
    "tbody": set[str](),
    "tr": {"class"},
    "th": {"scope"},
    "td": {"class", "aria-hidden"},
    "span": {"class", "style"},
    "img": {"src", "alt"},
    "p": {"class"},
    "b": set[str](),
    "details": set[str](),
    "summary": set[str](),
    "ul": set[str](),
    "li": set[str](),
}
VALUES = {
    "class": re.compile(r"zsclip|zs-[a-z]+"),
    "style": re.compile(
        r"(width|left):[0-9.]+%|grid-template-columns:repeat\([0-9]+,minmax\(0,1fr\)\)"
    ),
    "src": re.compile(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+"),
    "scope": re.compile(r"row|col"),
    "aria-hidden": re.compile(r"true"),
    "aria-label": re.compile(
        r"(The best [0-9]+ of [0-9,]+ labels|The labels), with their scores"
        r"|Metrics|Recall of each label|Labels with the lowest recall|About the label set"
        r"|The model|What it learnt from pictures"
    ),
    "alt": re.compile(r"The picture .*", re.DOTALL),
}


class Seen(HTMLParser):
    """A fragment, taken apart; fails where anything is not our own.

    Attributes:
        words: The text that people see, in order.
        tags: How many elements of each kind there are.
        pictures: The texts of pictures.
        styles: The styles of elements.
    """

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words = ""
        self.tags: dict[str, int] = {}
        self.pictures: list[str] = []
        self.styles: list[str] = []
        self._open: list[str] = []
        self._style: str | None = None
        self.feed(markup)
        self.close()
        assert self._open == []
        assert self.tags["style"] == 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert self._open or self.tags == {}, "more than one root"
        assert tag in ATTRIBUTES, tag
        self.tags[tag] = self.tags.get(tag, 0) + 1
        for name, value in attrs:
            assert name in ATTRIBUTES[tag], (tag, name)
            assert value is not None
            assert VALUES[name].fullmatch(value), (tag, name, value)
        found = dict(attrs)
        if tag == "img":
            self.pictures.append(found["alt"] or "")
        if found.get("style"):
            self.styles.append(found["style"] or "")
        if tag not in VOID:
            self._open.append(tag)
            self.words += " "

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1] == "style":
            assert self._style is None
            self._style = data
            assert "<" not in data
            assert "url(" not in data
            assert "@import" not in data
        else:
            self.words += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


def seen(shown: Any) -> Seen:
    """What is seen of an object that shows itself in a notebook."""
    return Seen(shown._repr_html_())


HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "' onmouseover='alert(1)",
    "<!--",
    "]]><![CDATA[",
    "&lt;b&gt;&#60;b>",
    "<?php",
    "javascript:alert(1)",
    "a\u202egnp.exe",
    "caf\udce9.png",
    "</details></div>",
)


def plainly(value: str) -> str:
    """A text as `markup.text` lets it be seen."""
    import html

    return html.unescape(text(value))
