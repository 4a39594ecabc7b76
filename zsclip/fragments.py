"""What shows itself in a notebook: a piece of HTML that stands alone, and the parts it is made of.

A fragment brings its own style, which reaches nothing outside of it, and no script. Text and
background are those of the notebook, whatever its theme; only the few colors of bars and marks are
told apart for dark and light, by what Jupyter, VS Code, Colab and Sphinx say, or else by what the
system prefers. Without the style it still reads in order: names, numbers, and texts for pictures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from zsclip.markup import Markup, data_uri, element
from zsclip.wording import shown

__all__ = ["Bar", "bars", "facts", "folded", "fragment", "listing", "note", "picture"]

NAME = 120  # characters of a name or a path
PROSE = 600  # characters of a description

_LIGHT = "--zs-bar:#2f6fd0;--zs-off:#8a8f98;--zs-mark:#b3470a"
_DARK = "--zs-bar:#7ab0ff;--zs-off:#8f959e;--zs-mark:#ffab66"
_IS_LIGHT = ('[data-jp-theme-light="true"]', ".vscode-light", '[data-theme="light"]')
_IS_DARK = (
    '[data-jp-theme-light="false"]', ".vscode-dark", ".vscode-high-contrast",
    '[data-theme="dark"]', "html[theme=dark]",
)  # fmt: skip
_STYLE = Markup(
    f".zsclip{{{_LIGHT};--zs-line:rgba(128,128,128,.4);text-align:left;line-height:1.4;"
    "font-family:system-ui,sans-serif;font-size:14px;overflow-wrap:anywhere}"
    f"@media (prefers-color-scheme:dark){{.zsclip{{{_DARK}}}}}"
    f"{','.join(f'{theme} .zsclip' for theme in _IS_LIGHT)}{{{_LIGHT}}}"
    f"{','.join(f'{theme} .zsclip' for theme in _IS_DARK)}{{{_DARK}}}"
    ".zsclip p{margin:.15em 0}"
    ".zsclip .zs-note{font-size:12px;opacity:.8}"
    ".zsclip .zs-mark{color:var(--zs-mark);font-weight:600}"
    ".zsclip .zs-card{display:flex;flex-wrap:wrap;gap:.8em;align-items:flex-start;margin:.3em 0}"
    ".zsclip .zs-card>div{flex:1 1 14em;min-width:0;max-width:30em}"
    ".zsclip img{display:block;margin:0;max-width:160px;max-height:160px;border-radius:4px}"
    ".zsclip .zs-grid{display:grid;gap:.8em;grid-template-columns:"
    "repeat(auto-fill,minmax(min(15em,100%),1fr))}"
    ".zsclip .zs-grid>.zs-card{border:1px solid var(--zs-line);border-radius:6px;padding:.5em;"
    "margin:0;flex-direction:column;flex-wrap:nowrap;min-width:0}"
    ".zsclip .zs-grid>.zs-card>div{flex:none;width:100%}"
    ".zsclip table.zs-table{border-collapse:collapse;table-layout:auto;margin:.3em 0;border:0;"
    "font-size:13px;color:inherit}"
    ".zsclip table.zs-table :is(thead,tr){background:none;border:0}"
    ".zsclip table.zs-table :is(th,td){background:none;border:0;padding:.1em .6em .1em 0;"
    "text-align:left;vertical-align:baseline;font-weight:normal;white-space:normal}"
    ".zsclip table.zs-table th{overflow-wrap:break-word;max-width:16em}"
    ".zsclip .zs-card table.zs-table{width:100%}"
    ".zsclip table.zs-table td.zs-number{text-align:right;font-variant-numeric:tabular-nums;"
    "white-space:nowrap}"
    ".zsclip table.zs-table thead th{font-size:12px;opacity:.8}"
    ".zsclip table.zs-table td.zs-track{width:45%;min-width:5em;vertical-align:middle}"
    ".zsclip .zs-track div{position:relative;height:.7em;border-radius:2px;"
    "background:rgba(128,128,128,.18)}"
    ".zsclip .zs-track span{position:absolute;top:0;bottom:0;left:0;border-radius:2px;"
    "background:var(--zs-bar)}"
    ".zsclip .zs-off .zs-track span{background:var(--zs-off)}"
    ".zsclip .zs-track .zs-limit{width:2px;border-radius:0;background:var(--zs-mark)}"
    ".zsclip summary{cursor:pointer}"
    ".zsclip ul{margin:.2em 0;padding-left:1.4em;max-height:20em;overflow:auto}"
)


def fragment(*children: object) -> Markup:
    """Children as a piece of HTML that stands alone."""
    return element("div", element("style", _STYLE), *children, class_="zsclip")


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of `bars`.

    Attributes:
        name: What it is of.
        share: Its length, from 0 to 1.
        told: The number in figures.
        limit: Where a threshold is marked, from 0 to 1; None for none.
        more: What else there is to say of it.
        is_on: Whether it is one of those that count.
    """

    name: str
    share: float
    told: str
    limit: float | None = None
    more: tuple[str, ...] = ()
    is_on: bool = True


def bars(rows: Iterable[Bar], about: str, *, titles: tuple[str, ...] = ()) -> Markup:
    """A table of bars.

    Args:
        rows: The bars.
        about: What they show, for screen readers.
        titles: Of the columns: name, bar, number and what else there is; none if they speak for
            themselves.
    """
    body = [
        element(
            "tr",
            element("th", shown(row.name, NAME), scope="row"),
            element("td", _track(row), class_="zs-track", aria_hidden="true"),
            element("td", row.told, class_="zs-number"),
            *(element("td", shown(text, NAME)) for text in row.more),
            class_=None if row.is_on else "zs-off",
        )
        for row in rows
    ]
    return _table(body, about, titles)


def _track(row: Bar) -> Markup:
    limit = None
    if row.limit is not None and math.isfinite(row.limit):
        limit = element("span", class_="zs-limit", style=f"left:{_percent(row.limit)}")
    return element("div", element("span", style=f"width:{_percent(row.share)}"), limit)


def _percent(share: float) -> str:
    return f"{100 * min(max(0.0, share), 1.0) if math.isfinite(share) else 0:.1f}%"


def facts(rows: Iterable[tuple[str, ...]], about: str, *, titles: tuple[str, ...] = ()) -> Markup:
    """A table of titles and values."""
    body = [
        element(
            "tr",
            element("th", shown(title, NAME), scope="row"),
            *(element("td", shown(value, PROSE)) for value in values),
        )
        for title, *values in rows
    ]
    return _table(body, about, titles)


def _table(body: list[Markup], about: str, titles: tuple[str, ...]) -> Markup:
    head = None
    if titles:
        cells = (element("th", title, scope="col") for title in titles)
        head = element("thead", element("tr", *cells))
    return element("table", head, element("tbody", *body), class_="zs-table", aria_label=about)


def folded(summary: str, *children: object) -> Markup:
    """What is shown when its summary is clicked."""
    return element("details", element("summary", summary), *children)


def listing(texts: Iterable[str], *, most: int, of: int, what: str) -> Markup:
    """A list of the first of some texts.

    Args:
        texts: The texts; no more than `most` are taken.
        most: How many are shown.
        of: How many there are.
        what: What they are, in the plural.
    """
    items = [element("li", shown(text, NAME)) for _, text in zip(range(most), texts, strict=False)]
    more = f"and {of - len(items):,} more {what}" if of > len(items) else None
    return element("ul", *items, None if more is None else element("li", more))


def note(*children: object) -> Markup:
    """A small line."""
    return element("p", *children, class_="zs-note")


def picture(jpeg: bytes | None, name: str) -> Markup | None:
    """A small picture with its name as its text; None where there is none."""
    if jpeg is None:
        return None
    return element("img", src=data_uri(jpeg), alt=f"The picture {shown(name, NAME)}")
